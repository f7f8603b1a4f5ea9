//! Who one is and what one may.

use k8s_openapi::api::{
    authentication::v1::{SelfSubjectReview, TokenReview},
    authorization::v1::{SelfSubjectAccessReview, SelfSubjectRulesReview, SubjectAccessReview},
    core::v1::{Node, Pod, Secret},
};
use kube::{
    Api, Client,
    api::{ListParams, PostParams},
    config::Kubeconfig,
};
use serde_json::{Value, json};

use super::{Cluster, check_refusal, client_of, typed};

async fn create<K>(client: &Client, object: Value) -> kube::Result<K>
where
    K: kube::Resource<DynamicType = (), Scope = k8s_openapi::ClusterResourceScope>
        + Clone
        + std::fmt::Debug
        + serde::Serialize
        + serde::de::DeserializeOwned,
{
    Api::<K>::all(client.clone()).create(&PostParams::default(), &typed(object)).await
}

/// Whether someone may do something.
async fn may(client: &Client, attributes: Value) -> bool {
    let review: SelfSubjectAccessReview =
        create(client, json!({"spec": {"resourceAttributes": attributes}})).await.unwrap();
    review.status.unwrap().allowed
}

#[tokio::test]
async fn everyone_may_ask_who_they_are() {
    let cluster = Cluster::start().await;
    let viewer: SelfSubjectReview = create(&cluster.viewer().await, json!({})).await.unwrap();
    let info = viewer.status.unwrap().user_info.unwrap();
    assert_eq!(info.username.as_deref(), Some("system:serviceaccount:shop:viewer"));
    assert!(info.groups.unwrap().contains(&"system:serviceaccounts:shop".to_owned()));
    let admin: SelfSubjectReview = create(&cluster.admin, json!({})).await.unwrap();
    assert_eq!(admin.status.unwrap().user_info.unwrap().username.as_deref(), Some("kubernetes-admin"));
}

#[tokio::test]
async fn a_token_review_knows_its_own_tokens() {
    let cluster = Cluster::start().await;
    let token = cluster.running.token("shop", "viewer", 600).unwrap();
    let review: TokenReview = create(&cluster.admin, json!({"spec": {"token": token}})).await.unwrap();
    let status = review.status.unwrap();
    assert_eq!(status.authenticated, Some(true));
    assert_eq!(status.user.unwrap().username.as_deref(), Some("system:serviceaccount:shop:viewer"));
    let review: TokenReview = create(&cluster.admin, json!({"spec": {"token": "x.y.z"}})).await.unwrap();
    assert_ne!(review.status.unwrap().authenticated, Some(true));
    check_refusal(
        create::<TokenReview>(&cluster.viewer().await, json!({"spec": {"token": token}})).await,
        403,
        "Forbidden",
    );
}

#[tokio::test]
async fn access_reviews_say_what_happens() {
    let cluster = Cluster::start().await;
    let viewer = cluster.viewer().await;
    assert!(may(&viewer, json!({"verb": "list", "resource": "pods", "namespace": "shop"})).await);
    assert!(!may(&viewer, json!({"verb": "list", "resource": "pods"})).await);
    assert!(!may(&viewer, json!({"verb": "get", "resource": "secrets", "namespace": "shop"})).await);
    let pods: Api<Pod> = Api::namespaced(viewer.clone(), "shop");
    pods.list(&ListParams::default()).await.unwrap();
    check_refusal(Api::<Pod>::all(viewer.clone()).list(&ListParams::default()).await, 403, "Forbidden");
    let secrets: Api<Secret> = Api::namespaced(viewer.clone(), "shop");
    check_refusal(secrets.get("db-credentials").await, 403, "Forbidden");

    let about = json!({"spec": {"user": "system:serviceaccount:shop:viewer",
        "groups": ["system:serviceaccounts", "system:serviceaccounts:shop", "system:authenticated"],
        "resourceAttributes": {"verb": "list", "resource": "pods", "namespace": "shop"}}});
    let review: SubjectAccessReview = create(&cluster.admin, about.clone()).await.unwrap();
    let status = review.status.unwrap();
    assert!(status.allowed && status.reason.unwrap().contains("viewer/shop"));
    check_refusal(create::<SubjectAccessReview>(&viewer, about).await, 403, "Forbidden");

    let rules: SelfSubjectRulesReview =
        create(&viewer, json!({"spec": {"namespace": "shop"}})).await.unwrap();
    let has_pods = rules.status.unwrap().resource_rules.iter().any(|rule| {
        rule.verbs.contains(&"watch".to_owned())
            && rule.resources.as_ref().is_some_and(|resources| resources.contains(&"pods".to_owned()))
    });
    assert!(has_pods);
}

#[tokio::test]
async fn an_impersonator_has_the_rights_of_whom_he_plays() {
    let cluster = Cluster::start().await;
    let playing = |kubeconfig: &str, user: &str| {
        let mut kubeconfig = Kubeconfig::from_yaml(kubeconfig).unwrap();
        let auth = kubeconfig.auth_infos[0].auth_info.as_mut().unwrap();
        auth.impersonate = Some(user.to_owned());
        client_of(kubeconfig)
    };
    let admin = cluster.running.admin_kubeconfig().unwrap();
    let played = playing(&admin, "system:serviceaccount:shop:viewer").await;
    let who: SelfSubjectReview = create(&played, json!({})).await.unwrap();
    let info = who.status.unwrap().user_info.unwrap();
    assert_eq!(info.username.as_deref(), Some("system:serviceaccount:shop:viewer"));
    check_refusal(Api::<Node>::all(played).list(&ListParams::default()).await, 403, "Forbidden");
    let viewer = cluster.running.kubeconfig("shop", "viewer", 600).unwrap();
    let played = playing(&viewer, "kubernetes-admin").await;
    check_refusal(Api::<Node>::all(played).list(&ListParams::default()).await, 403, "Forbidden");
}

#[tokio::test]
async fn a_token_ends() {
    let cluster = Cluster::start().await;
    let expired = cluster.running.kubeconfig("shop", "viewer", -1).unwrap();
    let client = super::client(&expired).await;
    check_refusal(
        Api::<Pod>::namespaced(client, "shop").list(&ListParams::default()).await,
        401,
        "Unauthorized",
    );
}
