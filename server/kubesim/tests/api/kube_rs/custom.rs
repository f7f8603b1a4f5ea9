//! Kinds that are defined by an object, used without a type of their own.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::{
    Api,
    api::{DeleteParams, DynamicObject, ListParams, Patch, PatchParams, PostParams},
    core::{ApiResource, GroupVersionKind},
    discovery,
};
use serde_json::json;

use super::{Cluster, check_refusal, names, refusal, typed};

#[tokio::test]
async fn a_kind_is_defined_used_and_taken_away() {
    let cluster = Cluster::start().await;
    let definitions: Api<CustomResourceDefinition> = Api::all(cluster.admin.clone());
    let definition: CustomResourceDefinition = typed(json!({
        "metadata": {"name": "gadgets.example.com"},
        "spec": {"group": "example.com", "scope": "Namespaced",
            "names": {"plural": "gadgets", "singular": "gadget", "kind": "Gadget"},
            "versions": [{"name": "v1", "served": true, "storage": true,
                "subresources": {"status": {}},
                "schema": {"openAPIV3Schema": {"type": "object", "properties": {
                    "spec": {"type": "object", "required": ["level"], "properties": {
                        "level": {"type": "integer", "minimum": 1, "maximum": 3},
                        "mode": {"type": "string", "enum": ["on", "off"], "default": "on"}}},
                    "status": {"type": "object", "properties": {"phase": {"type": "string"}}}}}}}]},
    }));
    definitions.create(&PostParams::default(), &definition).await.unwrap();
    let kind = GroupVersionKind::gvk("example.com", "v1", "Gadget");
    let (resource, _) = discovery::pinned_kind(&cluster.admin, &kind).await.unwrap();
    let api: Api<DynamicObject> = Api::namespaced_with(cluster.admin.clone(), "shop", &resource);

    let gadget = DynamicObject::new("g", &resource).data(json!({"spec": {"level": 1}}));
    let made = api.create(&PostParams::default(), &gadget).await.unwrap();
    assert_eq!(made.data["spec"], json!({"level": 1, "mode": "on"}));
    let wrong = DynamicObject::new("h", &resource).data(json!({"spec": {"level": 9, "mode": "maybe"}}));
    let status = refusal(api.create(&PostParams::default(), &wrong).await);
    assert_eq!((status.code, status.reason.as_str()), (422, "Invalid"));
    let mut fields: Vec<_> = status.details.unwrap().causes.into_iter().map(|cause| cause.field).collect();
    fields.sort_unstable();
    assert_eq!(fields, ["spec.level", "spec.mode"]);

    let phase = Patch::Merge(json!({"spec": {"level": 2}, "status": {"phase": "Ready"}}));
    let patched = api.patch_status("g", &PatchParams::default(), &phase).await.unwrap();
    assert_eq!(
        (&patched.data["spec"]["level"], &patched.data["status"]["phase"]),
        (&json!(1), &json!("Ready"))
    );
    let strategic = Patch::Strategic(json!({"spec": {"level": 2}}));
    assert_eq!(refusal(api.patch("g", &PatchParams::default(), &strategic).await).code, 415);

    definitions.delete("gadgets.example.com", &DeleteParams::default()).await.unwrap();
    assert_eq!(refusal(api.list(&ListParams::default()).await).code, 404);
}

#[tokio::test]
async fn an_aggregate_of_view_reaches_custom_kinds_only_where_a_role_says_so() {
    let cluster = Cluster::start().await;
    let widgets = ApiResource::from_gvk(&GroupVersionKind::gvk("example.org", "v1", "Widget"));
    let seen_by = |client| Api::<DynamicObject>::namespaced_with(client, "shop", &widgets);
    let list = seen_by(cluster.admin.clone()).list(&ListParams::default()).await.unwrap();
    assert_eq!(names(list.items.iter().map(|item| &item.metadata)), ["gear"]);
    let viewer = cluster.viewer().await;
    check_refusal(seen_by(viewer.clone()).list(&ListParams::default()).await, 403, "Forbidden");
    let roles: Api<k8s_openapi::api::rbac::v1::ClusterRole> = Api::all(cluster.admin.clone());
    let role = typed(json!({
        "metadata": {"name": "widgets-view", "labels": {"rbac.authorization.k8s.io/aggregate-to-view": "true"}},
        "rules": [{"apiGroups": ["example.org"], "resources": ["widgets"], "verbs": ["get", "list", "watch"]}],
    }));
    roles.create(&PostParams::default(), &role).await.unwrap();
    assert_eq!(seen_by(viewer).list(&ListParams::default()).await.unwrap().items.len(), 1);
}
