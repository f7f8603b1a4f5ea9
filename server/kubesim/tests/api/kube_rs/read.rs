//! get, list, and discovery.

use k8s_openapi::api::core::v1::{Node, Pod, Secret};
use kube::{
    Api, Discovery,
    api::{GetParams, ListParams, VersionMatch},
    core::GroupVersionKind,
};

use super::{Cluster, check_refusal, create_all, names, refusal};

#[tokio::test]
async fn get_finds_an_object_or_says_which_is_missing() {
    let cluster = Cluster::start().await;
    let api = cluster.config_maps();
    create_all(&api, &[("a", "web")]).await;
    assert_eq!(api.get("a").await.unwrap().data.unwrap()["key"], "1");
    assert_eq!(api.get_with("a", &GetParams::any()).await.unwrap().metadata.name.as_deref(), Some("a"));
    assert_eq!(api.get_metadata("a").await.unwrap().metadata.labels.unwrap()["tier"], "web");
    assert!(api.get_opt("b").await.unwrap().is_none());
    let status = refusal(api.get("b").await);
    assert_eq!((status.code, status.reason.as_str()), (404, "NotFound"));
    let details = status.details.unwrap();
    assert_eq!((details.name.as_str(), details.kind.as_str()), ("b", "configmaps"));
}

#[tokio::test]
async fn a_list_is_read_page_by_page() {
    let cluster = Cluster::start().await;
    let api = cluster.config_maps();
    create_all(&api, &[("a", "x"), ("b", "x"), ("c", "x"), ("d", "x"), ("e", "x")]).await;
    let mut params = ListParams::default().limit(2).labels("tier");
    let (mut found, mut left, mut revisions) = (Vec::new(), Vec::new(), Vec::new());
    loop {
        let page = api.list(&params).await.unwrap();
        found.extend(names(page.items.iter().map(|item| &item.metadata)));
        left.push(page.metadata.remaining_item_count);
        revisions.push(page.metadata.resource_version.clone());
        match page.metadata.continue_.filter(|token| !token.is_empty()) {
            Some(token) => params = params.continue_token(&token),
            None => break,
        }
    }
    assert_eq!(found, ["a", "b", "c", "d", "e"]);
    // With a selector, nobody has counted what is left.
    assert_eq!(left, [None, None, None]);
    revisions.dedup();
    assert_eq!(revisions.len(), 1, "all pages are of one revision");
    let first = api.list(&ListParams::default().limit(2)).await.unwrap();
    assert!(first.metadata.remaining_item_count.unwrap() >= 3);
}

#[tokio::test]
async fn label_selectors_select() {
    let cluster = Cluster::start().await;
    let api = cluster.config_maps();
    create_all(&api, &[("a", "web"), ("b", "db"), ("c", "cache")]).await;
    for (selector, expected) in [
        ("tier=web", &["a"] as &[&str]),
        ("tier==web", &["a"]),
        ("tier!=web,tier", &["b", "c"]),
        ("tier in (web,db)", &["a", "b"]),
        ("tier notin (web,db),tier", &["c"]),
        ("tier", &["a", "b", "c"]),
        ("tier,!tier", &[]),
        ("tier=web,tier=db", &[]),
    ] {
        let list = api.list(&ListParams::default().labels(selector)).await.unwrap();
        assert_eq!(names(list.items.iter().map(|item| &item.metadata)), expected, "{selector}");
    }
    check_refusal(api.list(&ListParams::default().labels("tier in (")).await, 400, "BadRequest");
}

#[tokio::test]
async fn field_selectors_select() {
    let cluster = Cluster::start().await;
    let secrets: Api<Secret> = Api::all(cluster.admin.clone());
    let list = secrets.list(&ListParams::default().fields("type=Opaque")).await.unwrap();
    assert!(!list.items.is_empty());
    let nodes: Api<Node> = Api::all(cluster.admin.clone());
    let list = nodes.list(&ListParams::default().fields("metadata.name=demo-2")).await.unwrap();
    assert_eq!(names(list.items.iter().map(|item| &item.metadata)), ["demo-2"]);
    let pods: Api<Pod> = Api::all(cluster.admin.clone());
    let list = pods.list(&ListParams::default().fields("spec.nodeName=demo-2,status.phase!=Running")).await;
    assert!(list.unwrap().items.is_empty(), "nobody has made a pod");
    check_refusal(pods.list(&ListParams::default().fields("spec.hostname=x")).await, 400, "BadRequest");
}

#[tokio::test]
async fn a_list_of_metadata_has_no_data() {
    let cluster = Cluster::start().await;
    let api = cluster.config_maps();
    create_all(&api, &[("a", "web")]).await;
    let list = api.list_metadata(&ListParams::default().labels("tier")).await.unwrap();
    assert_eq!(list.items[0].types.as_ref().unwrap().kind, "PartialObjectMetadata");
    assert_eq!(names(list.items.iter().map(|item| &item.metadata)), ["a"]);
}

#[tokio::test]
async fn a_list_of_a_revision_is_that_revisions() {
    let cluster = Cluster::start().await;
    let api = cluster.config_maps();
    let made = create_all(&api, &[("a", "x"), ("b", "x")]).await;
    let old = made[0].metadata.resource_version.clone().unwrap();
    let exact = ListParams::default().labels("tier").at(&old).matching(VersionMatch::Exact);
    assert_eq!(names(api.list(&exact).await.unwrap().items.iter().map(|item| &item.metadata)), ["a"]);
    let newer = ListParams::default().labels("tier").at(&old).matching(VersionMatch::NotOlderThan);
    assert_eq!(api.list(&newer).await.unwrap().items.len(), 2);
}

#[tokio::test]
async fn discovery_knows_the_kinds() {
    let cluster = Cluster::start().await;
    let version = cluster.admin.apiserver_version().await.unwrap();
    assert_eq!((version.major.as_str(), version.minor.as_str()), ("1", "36"));
    let classic = Discovery::new(cluster.admin.clone()).run().await.unwrap();
    let aggregated = Discovery::new(cluster.admin.clone()).run_aggregated().await.unwrap();
    for discovery in [classic, aggregated] {
        for (group, kind, plural) in
            [("", "Pod", "pods"), ("apps", "Deployment", "deployments"), ("example.org", "Widget", "widgets")]
        {
            let (resource, capabilities) =
                discovery.resolve_gvk(&GroupVersionKind::gvk(group, "v1", kind)).unwrap();
            assert_eq!(resource.plural, plural);
            assert!(capabilities.supports_operation(kube::discovery::verbs::WATCH), "{kind}");
        }
    }
}
