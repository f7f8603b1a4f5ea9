//! A node: whether it is ready, what it is for, and what is wrong with it.

use crate::json::Value;

use super::object::{condition, is_true, list, moment, name, pairs, text};
use super::quantity;
use crate::arrange::Arrange as _;
use crate::components::Tone;
use crate::verdict::Severity;

const ROLE: &str = "node-role.kubernetes.io/";

/// The status as `kubectl get nodes` shows it: `Ready`, `NotReady`, `Ready,SchedulingDisabled`.
pub(crate) fn status(node: &Value) -> String {
    let ready = match condition(node, "Ready").map(|ready| text(ready, &["status"])) {
        Some("True") => "Ready",
        Some(_) => "NotReady",
        None => "Unknown",
    };
    if is_cordoned(node) { format!("{ready},SchedulingDisabled") } else { ready.to_owned() }
}

/// Whether new pods are kept away.
pub(crate) fn is_cordoned(node: &Value) -> bool {
    is_true(node, &["spec", "unschedulable"])
}

/// The tone of the status.
pub(crate) fn tone(node: &Value) -> Tone {
    let worst = troubles(node).into_iter().map(|trouble| trouble.severity).min();
    match (condition(node, "Ready").map(|ready| text(ready, &["status"])), worst) {
        (None, _) => Tone::Unknown,
        (_, Some(Severity::Critical)) => Tone::Critical,
        (_, Some(Severity::Warning)) => Tone::Warning,
        (_, None) if is_cordoned(node) => Tone::Done,
        (_, None) => Tone::Ok,
    }
}

/// What the node is for: the roles in its labels, in order.
pub(crate) fn roles(node: &Value) -> Vec<&str> {
    let mut roles: Vec<&str> = pairs(node, &["metadata", "labels"])
        .filter_map(|(label, value)| match label.strip_prefix(ROLE) {
            Some(role) => Some(role),
            None => (label == "kubernetes.io/role").then_some(value),
        })
        .filter(|role| !role.is_empty())
        .collect();
    roles.arrange();
    roles.dedup();
    roles
}

/// The address of that type, such as `InternalIP`.
pub(crate) fn address<'n>(node: &'n Value, kind: &str) -> &'n str {
    let addresses = list(node, &["status", "addresses"]).iter();
    addresses
        .filter(|one| text(one, &["type"]) == kind)
        .map(|one| text(one, &["address"]))
        .next()
        .unwrap_or_default()
}

/// What pods can get of a resource: cores, bytes or a number.
pub(crate) fn allocatable(node: &Value, resource: &str) -> Option<f64> {
    let of = |which| quantity::parse(text(node, &["status", which, resource]));
    of("allocatable").or_else(|| of("capacity"))
}

/// A condition that should not be as it is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct NodeTrouble {
    pub(crate) severity: Severity,
    pub(crate) node: String,
    /// The condition's type; `NotReady` for the missing `Ready`.
    pub(crate) reason: String,
    /// What the node says about it.
    pub(crate) message: String,
    pub(crate) since: Option<i64>,
}

/// The conditions that should not be as they are, worst first.
pub(crate) fn troubles(node: &Value) -> Vec<NodeTrouble> {
    let mut found: Vec<NodeTrouble> = list(node, &["status", "conditions"])
        .iter()
        .filter_map(|condition| {
            let (kind, status) = (text(condition, &["type"]), text(condition, &["status"]));
            let (severity, reason) = match (kind, status) {
                ("Ready", "True") => return None,
                ("Ready", _) => (Severity::Critical, "NotReady"),
                ("NetworkUnavailable", "True") => (Severity::Critical, kind),
                (_, "True") if is_trouble(kind) => (Severity::Warning, kind),
                _ => return None,
            };
            let message = match text(condition, &["message"]) {
                "" => text(condition, &["reason"]),
                message => message,
            };
            Some(NodeTrouble {
                severity,
                node: name(node).to_owned(),
                reason: reason.to_owned(),
                message: message.to_owned(),
                since: moment(text(condition, &["lastTransitionTime"])),
            })
        })
        .collect();
    found.arrange_by(|a, b| a.severity.cmp(&b.severity).then_with(|| a.reason.cmp(&b.reason)));
    found
}

/// What is in the names of conditions that are bad news when they are true: the kubelet's, the network's, and those of
/// the node problem detector. All others are good news.
const BAD_NEWS: &[&str] = &[
    "Pressure",
    "Unavailable",
    "Problem",
    "Deadlock",
    "Readonly",
    "Frequent",
    "Corrupt",
    "Unhealthy",
    "Fail",
    "Disruption",
];

/// Whether a condition of this type is bad news when it is true.
fn is_trouble(kind: &str) -> bool {
    BAD_NEWS.iter().any(|part| kind.contains(part))
}

/// Whether a condition of that type and status is as it should be.
pub(crate) fn is_well(kind: &str, status: &str) -> bool {
    match status {
        "True" => !is_trouble(kind),
        "False" => is_trouble(kind),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use crate::json::json;

    use super::*;

    fn node(conditions: Value, cordoned: bool) -> Value {
        json!({"metadata": {"name": "a", "labels": {"node-role.kubernetes.io/control-plane": "", "x": "y"}},
            "spec": {"unschedulable": cordoned},
            "status": {"conditions": conditions, "capacity": {"cpu": "8", "memory": "1Gi"}, "allocatable": {"cpu": "7500m"},
                "addresses": [{"type": "InternalIP", "address": "10.0.0.1"}]}})
    }

    #[track_caller]
    fn check(conditions: Value, cordoned: bool, word: &str, expected: Tone) {
        let node = node(conditions, cordoned);
        assert_eq!((status(&node).as_str(), tone(&node)), (word, expected));
    }

    #[test]
    fn the_status_is_the_word_that_kubectl_shows() {
        let ready = |status: &str| json!([{"type": "Ready", "status": status}]);
        check(ready("True"), false, "Ready", Tone::Ok);
        check(ready("True"), true, "Ready,SchedulingDisabled", Tone::Done);
        check(ready("False"), false, "NotReady", Tone::Critical);
        check(ready("Unknown"), true, "NotReady,SchedulingDisabled", Tone::Critical);
        check(json!([]), false, "Unknown", Tone::Unknown);
    }

    #[test]
    fn pressure_is_a_warning_and_a_lost_network_is_worse() {
        let conditions = json!([
            {"type": "DiskPressure", "status": "True", "message": "disk is full", "lastTransitionTime": "1970-01-01T00:00:01Z"},
            {"type": "MemoryPressure", "status": "False"},
            {"type": "NetworkUnavailable", "status": "True", "reason": "NoRoute"},
            {"type": "Ready", "status": "True"},
        ]);
        let found = troubles(&node(conditions, false));
        let told: Vec<_> =
            found.iter().map(|one| (one.reason.as_str(), one.message.as_str(), one.since)).collect();
        assert_eq!(
            told,
            [("NetworkUnavailable", "NoRoute", None), ("DiskPressure", "disk is full", Some(1_000))]
        );
    }

    #[test]
    fn roles_addresses_and_room_are_read() {
        let node = node(json!([]), false);
        assert_eq!(roles(&node), ["control-plane"]);
        assert_eq!(address(&node, "InternalIP"), "10.0.0.1");
        assert_eq!(allocatable(&node, "cpu"), Some(7.5));
        assert_eq!(allocatable(&node, "memory"), Some(1_073_741_824.0));
    }

    #[test]
    fn conditions_are_well_one_way_round() {
        assert!(
            is_well("Ready", "True")
                && is_well("DiskPressure", "False")
                && is_well("NetworkUnavailable", "False")
        );
        assert!(
            !is_well("Ready", "Unknown") && !is_well("MemoryPressure", "True") && !is_well("Ready", "False")
        );
    }
}
