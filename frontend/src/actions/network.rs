//! A Service for a workload.

use serde_json::{Value as Json, json};

use super::{Change, Given, ObjectRef, Wrong, kubectl_name, shell};
use crate::cluster::object::{at, integer, list, text};
use crate::i18n::Msg;
use crate::json::Value;

/// Types of Services that need nothing else to be said.
pub(super) fn types(_: &Value) -> Vec<String> {
    ["ClusterIP", "NodePort", "LoadBalancer"].map(str::to_owned).to_vec()
}

pub(super) fn own_name(object: &Value) -> String {
    text(object, &["metadata", "name"]).to_owned()
}

/// The first port that its containers name.
pub(super) fn first_port(object: &Value) -> String {
    let pod = at(object, &["spec", "template"]).unwrap_or(object);
    let ports = list(pod, &["spec", "containers"]).iter().flat_map(|container| list(container, &["ports"]));
    ports
        .filter_map(|port| integer(port, &["containerPort"]))
        .next()
        .map(|port| port.to_string())
        .unwrap_or_default()
}

/// The labels that pick the pods.
fn selector(object: &Value) -> Option<Json> {
    let labels = at(object, &["spec", "selector", "matchLabels"])
        .or_else(|| {
            at(object, &["spec", "selector"]).filter(|selector| selector.get("matchExpressions").is_none())
        })
        .or_else(|| at(object, &["metadata", "labels"]))?;
    (!labels.as_object()?.is_empty()).then(|| labels.to_json())
}

pub(super) fn expose(target: &ObjectRef, object: &Value, given: &Given<'_>) -> Result<Vec<Change>, Wrong> {
    let port = |at: usize| given.text(at).parse::<u16>().ok().filter(|port| *port > 0).ok_or(Msg::WrongPort);
    let (name, kind) = (given.text(0), given.text(3));
    if name.is_empty() {
        return Err(Msg::WrongName);
    }
    let object = json!({
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": name},
        "spec": {
            "selector": selector(object).ok_or(Msg::WrongSelector)?,
            "ports": [{"port": port(1)?, "targetPort": port(2)?, "protocol": "TCP"}],
            "type": if kind.is_empty() { "ClusterIP" } else { kind },
        },
    });
    let kind = crowsnest_api::cluster::Kind::new("", "v1", "services").map_err(|_| Msg::WrongObject)?;
    Ok(vec![Change::Create { kind, namespace: target.namespace.clone(), object }])
}

pub(super) fn kubectl_expose(target: &ObjectRef, given: &Given<'_>) -> String {
    format!(
        "kubectl expose {} --name={} --port={} --target-port={} --type={}",
        kubectl_name(target),
        shell(given.text(0)),
        shell(given.text(1)),
        shell(given.text(2)),
        shell(given.text(3))
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::actions::target_of;

    #[test]
    fn a_service_picks_the_pods_of_its_workload() {
        let object: Value = json!({"metadata": {"name": "web", "namespace": "shop"}, "spec": {
            "selector": {"matchLabels": {"app": "web"}}, "template": {"spec": {"containers": [{"ports": [{"containerPort": 8080}]}]}}}}).into();
        let target = target_of(("apps", "v1", "deployments"), &object).unwrap();
        assert_eq!(first_port(&object), "8080");
        let given = ["web", "80", "8080", "NodePort"].map(str::to_owned);
        let changes = expose(&target, &object, &Given { values: &given, now: "" }).unwrap();
        let Change::Create { object: service, .. } = &changes[0] else { panic!("{changes:?}") };
        assert_eq!(
            service["spec"],
            json!({"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": 8080, "protocol": "TCP"}], "type": "NodePort"})
        );
        let wrong = ["web", "80", "x", ""].map(str::to_owned);
        assert_eq!(expose(&target, &object, &Given { values: &wrong, now: "" }), Err(Msg::WrongPort));
    }
}
