//! create, replace and patch.

use k8s_openapi::api::{apps::v1::Deployment, core::v1::ConfigMap};
use kube::{
    Api,
    api::{Patch, PatchParams, PostParams},
};
use serde_json::{Value, json};

use super::{Cluster, check_refusal, config_map, create_all, refusal, typed};

#[tokio::test]
async fn create_makes_up_a_name_and_stores_nothing_on_a_dry_run() {
    let cluster = Cluster::start().await;
    let api = cluster.config_maps();
    let dry = PostParams { dry_run: true, ..PostParams::default() };
    let made = api.create(&dry, &config_map("dry", "x", "1")).await.unwrap();
    assert!(made.metadata.uid.is_some(), "a dry run is answered as if it were none");
    assert!(api.get_opt("dry").await.unwrap().is_none());

    let generated: ConfigMap = typed(json!({"metadata": {"generateName": "made-"}}));
    let (first, second) = (
        api.create(&PostParams::default(), &generated).await.unwrap().metadata,
        api.create(&PostParams::default(), &generated).await.unwrap().metadata,
    );
    let name = first.name.unwrap();
    assert!(name.starts_with("made-") && name.len() == "made-".len() + 5, "{name}");
    assert_ne!(second.name.unwrap(), name);
    assert_eq!(first.namespace.as_deref(), Some("batch"));
    assert!(first.creation_timestamp.is_some() && first.resource_version.is_some());
}

#[tokio::test]
async fn create_refuses_what_exists_and_what_is_invalid() {
    let cluster = Cluster::start().await;
    let api = cluster.config_maps();
    create_all(&api, &[("a", "x")]).await;
    check_refusal(api.create(&PostParams::default(), &config_map("a", "x", "2")).await, 409, "AlreadyExists");
    let status = refusal(api.create(&PostParams::default(), &config_map("Not_A_Name", "x", "1")).await);
    assert_eq!((status.code, status.reason.as_str()), (422, "Invalid"));
    assert_eq!(status.details.unwrap().causes[0].field, "metadata.name");
    let elsewhere: Api<ConfigMap> = Api::namespaced(cluster.admin.clone(), "nowhere");
    check_refusal(
        elsewhere.create(&PostParams::default(), &config_map("a", "x", "1")).await,
        404,
        "NotFound",
    );
}

#[tokio::test]
async fn replace_needs_the_revision_that_is_there() {
    let cluster = Cluster::start().await;
    let api = cluster.config_maps();
    let first = create_all(&api, &[("a", "x")]).await.remove(0);
    let mut second = first.clone();
    second.data = typed(json!({"key": "2"}));
    let replaced = api.replace("a", &PostParams::default(), &second).await.unwrap();
    assert_ne!(replaced.metadata.resource_version, first.metadata.resource_version);
    let status = refusal(api.replace("a", &PostParams::default(), &first).await);
    assert_eq!((status.code, status.reason.as_str()), (409, "Conflict"));
    assert!(status.message.contains("the object has been modified"), "{}", status.message);
    // Without a revision the last writer wins.
    second.metadata.resource_version = None;
    second.data = typed(json!({"key": "3"}));
    assert_eq!(api.replace("a", &PostParams::default(), &second).await.unwrap().data.unwrap()["key"], "3");
    check_refusal(
        api.replace("b", &PostParams::default(), &config_map("b", "x", "1")).await,
        404,
        "NotFound",
    );
}

#[tokio::test]
async fn a_merge_patch_sets_and_removes() {
    let cluster = Cluster::start().await;
    let api = cluster.config_maps();
    create_all(&api, &[("a", "x")]).await;
    let patch = json!({"metadata": {"labels": {"tier": null, "new": "1"}}, "data": {"other": "2"}});
    let patched = api.patch("a", &PatchParams::default(), &Patch::Merge(&patch)).await.unwrap();
    assert_eq!(patched.metadata.labels, typed(json!({"new": "1"})));
    assert_eq!(patched.data, typed(json!({"key": "1", "other": "2"})));
    let stale = json!({"metadata": {"resourceVersion": "1"}, "data": {"other": "3"}});
    check_refusal(api.patch("a", &PatchParams::default(), &Patch::Merge(&stale)).await, 409, "Conflict");
}

#[tokio::test]
async fn a_json_patch_is_all_or_nothing() {
    let cluster = Cluster::start().await;
    let api = cluster.config_maps();
    create_all(&api, &[("a", "x")]).await;
    // kube's own type for this needs a second version of a crate.
    let patch = |operations: Value| {
        let request = http::Request::patch("/api/v1/namespaces/batch/configmaps/a")
            .header("Content-Type", "application/json-patch+json")
            .body(operations.to_string().into_bytes());
        cluster.admin.request::<ConfigMap>(request.unwrap())
    };
    let works = json!([
        {"op": "test", "path": "/data/key", "value": "1"},
        {"op": "add", "path": "/data/other", "value": "2"},
        {"op": "remove", "path": "/metadata/labels/tier"},
    ]);
    let patched = patch(works).await.unwrap();
    assert_eq!(patched.data, typed(json!({"key": "1", "other": "2"})));
    let fails = json!([
        {"op": "remove", "path": "/data/other"},
        {"op": "test", "path": "/data/key", "value": "wrong"},
    ]);
    assert_eq!(refusal(patch(fails).await).code, 422);
    assert_eq!(api.get("a").await.unwrap().data, patched.data);
}

#[tokio::test]
async fn a_strategic_merge_patch_knows_containers_by_their_name() {
    let cluster = Cluster::start().await;
    let api: Api<Deployment> = Api::namespaced(cluster.admin.clone(), "shop");
    let patch = json!({"spec": {"template": {"spec": {"containers": [
        {"name": "web", "image": "nginx:1.28"},
        {"name": "sidecar", "image": "envoy:1"},
    ]}}}});
    let patched = api.patch("web", &PatchParams::default(), &Patch::Strategic(&patch)).await.unwrap();
    let containers = patched.spec.unwrap().template.spec.unwrap().containers;
    let mut images: Vec<_> = containers
        .iter()
        .map(|container| (container.name.as_str(), container.image.as_deref().unwrap()))
        .collect();
    images.sort_unstable();
    assert_eq!(images, [("sidecar", "envoy:1"), ("web", "nginx:1.28")]);
    let web = containers.iter().find(|container| container.name == "web").unwrap();
    assert!(web.readiness_probe.is_some(), "what the patch does not name stays");
    assert_eq!(patched.metadata.generation, Some(2));
    let restarted = api.restart("web").await.unwrap();
    assert_eq!(restarted.metadata.generation, Some(3));
}

#[tokio::test]
async fn appliers_own_their_fields() {
    let cluster = Cluster::start().await;
    let api = cluster.config_maps();
    let apply = |data: Value| {
        Patch::Apply(
            json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": data}),
        )
    };
    let (alice, bob) = (PatchParams::apply("alice"), PatchParams::apply("bob"));
    let made = api.patch("a", &alice, &apply(json!({"x": "1", "y": "1"}))).await.unwrap();
    assert_eq!(made.data, typed(json!({"x": "1", "y": "1"})));
    // The same value can have two owners, another value cannot.
    api.patch("a", &bob, &apply(json!({"x": "1", "z": "1"}))).await.unwrap();
    let status = refusal(api.patch("a", &bob, &apply(json!({"x": "2", "z": "1"}))).await);
    assert_eq!((status.code, status.reason.as_str()), (409, "Conflict"));
    let causes = status.details.unwrap().causes;
    assert_eq!((causes[0].reason.as_str(), causes[0].field.as_str()), ("FieldManagerConflict", ".data.x"));
    let forced = api.patch("a", &bob.clone().force(), &apply(json!({"x": "2", "z": "1"}))).await.unwrap();
    assert_eq!(forced.data, typed(json!({"x": "2", "y": "1", "z": "1"})));
    // What an owner leaves out goes, if it was his alone.
    let left = api.patch("a", &alice, &apply(json!({}))).await.unwrap();
    assert_eq!(left.data, typed(json!({"x": "2", "z": "1"})));
    let managers: Vec<_> =
        left.metadata.managed_fields.unwrap().into_iter().filter_map(|entry| entry.manager).collect();
    assert!(managers.contains(&"bob".to_owned()), "{managers:?}");
}

#[tokio::test]
async fn field_validation_warns_or_refuses() {
    let cluster = Cluster::start().await;
    let api = cluster.config_maps();
    create_all(&api, &[("a", "x")]).await;
    let patch = Patch::Merge(json!({"dada": {"key": "2"}}));
    let strict = PatchParams::default().validation_strict();
    assert_eq!(refusal(api.patch("a", &strict, &patch).await).code, 422);
    let warned = api.patch("a", &PatchParams::default().validation_warn(), &patch).await.unwrap();
    assert_eq!(warned.data, typed(json!({"key": "1"})));
    let dry = PatchParams::default().dry_run();
    api.patch("a", &dry, &Patch::Merge(json!({"data": {"key": "9"}}))).await.unwrap();
    assert_eq!(api.get("a").await.unwrap().data, typed(json!({"key": "1"})));
}
