//! delete and deletecollection.

use k8s_openapi::api::core::v1::ConfigMap;
use kube::{
    Api,
    api::{DeleteParams, ListParams, Patch, PatchParams, PostParams, Preconditions},
};
use serde_json::json;

use super::{Cluster, check_refusal, create_all, typed};

#[tokio::test]
async fn delete_answers_with_what_it_was_about() {
    let cluster = Cluster::start().await;
    let api = cluster.config_maps();
    create_all(&api, &[("a", "x")]).await;
    api.delete("a", &DeleteParams::default().dry_run()).await.unwrap();
    let status = api.delete("a", &DeleteParams::default()).await.unwrap().right().unwrap();
    assert!(status.is_success(), "{status:?}");
    assert!(api.get_opt("a").await.unwrap().is_none());
    check_refusal(api.delete("a", &DeleteParams::default()).await, 404, "NotFound");
}

#[tokio::test]
async fn preconditions_keep_a_newer_object() {
    let cluster = Cluster::start().await;
    let api = cluster.config_maps();
    let made = create_all(&api, &[("a", "x")]).await.remove(0).metadata;
    let only = |uid: Option<&str>, resource_version: Option<&str>| {
        DeleteParams::default().preconditions(Preconditions {
            uid: uid.map(str::to_owned),
            resource_version: resource_version.map(str::to_owned),
        })
    };
    check_refusal(api.delete("a", &only(Some("another"), None)).await, 409, "Conflict");
    check_refusal(api.delete("a", &only(None, Some("1"))).await, 409, "Conflict");
    let right = only(made.uid.as_deref(), made.resource_version.as_deref());
    api.delete("a", &right).await.unwrap();
}

#[tokio::test]
async fn a_finalizer_holds_an_object_until_it_is_taken_off() {
    let cluster = Cluster::start().await;
    let api = cluster.config_maps();
    let held: ConfigMap = typed(json!({"metadata": {"name": "held", "finalizers": ["example.org/hold"]}}));
    api.create(&PostParams::default(), &held).await.unwrap();
    let leaving = api.delete("held", &DeleteParams::default()).await.unwrap().left().unwrap();
    assert!(leaving.metadata.deletion_timestamp.is_some());
    assert!(api.get_opt("held").await.unwrap().is_some());
    let free = Patch::Merge(json!({"metadata": {"finalizers": null}}));
    api.patch("held", &PatchParams::default(), &free).await.unwrap();
    assert!(api.get_opt("held").await.unwrap().is_none());
}

#[tokio::test]
async fn propagation_decides_about_what_is_owned() {
    let cluster = Cluster::start().await;
    let api = cluster.config_maps();
    for (params, stays) in [
        (DeleteParams::background(), false),
        (DeleteParams::foreground(), false),
        (DeleteParams::orphan(), true),
    ] {
        let owner = create_all(&api, &[("owner", "x")]).await.remove(0).metadata;
        let owned: ConfigMap = typed(json!({"metadata": {"name": "owned", "ownerReferences": [{
            "apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": owner.uid}]}}));
        api.create(&PostParams::default(), &owned).await.unwrap();
        api.delete("owner", &params).await.unwrap();
        assert!(api.get_opt("owner").await.unwrap().is_none(), "{params:?}");
        let left = api.get_opt("owned").await.unwrap();
        assert_eq!(left.is_some(), stays, "{params:?}");
        assert!(left.is_none_or(|owned| owned.metadata.owner_references.is_none()), "{params:?}");
    }
}

#[tokio::test]
async fn deletecollection_deletes_what_is_selected() {
    let cluster = Cluster::start().await;
    let api = cluster.config_maps();
    create_all(&api, &[("a", "x"), ("b", "x"), ("c", "y")]).await;
    api.delete_collection(&DeleteParams::default(), &ListParams::default().labels("tier=x")).await.unwrap();
    let left = api.list(&ListParams::default().labels("tier")).await.unwrap();
    assert_eq!(super::names(left.items.iter().map(|item| &item.metadata)), ["c"]);
    let everywhere: Api<ConfigMap> = Api::all(cluster.viewer().await);
    let denied = everywhere.delete_collection(&DeleteParams::default(), &ListParams::default()).await;
    assert!(matches!(denied, Err(kube::Error::Api(status)) if matches!(status.code, 403 | 405)));
}
