//! Services that lead nowhere, and what those are that do not look like the others.

use crate::json::Value;

use super::object::{at, holds, list, text};
use super::pod;
use crate::i18n::{Lang, Msg, fill};
use crate::verdict::Severity;

/// A Service that leads nowhere, or not yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ServiceTrouble {
    /// No pod has the labels that it asks for.
    SelectsNone,
    /// So many pods have them, and none of those is ready.
    NoneReady(usize),
    /// No container of its pods has a port of that name.
    NoPort(String),
    /// It is to be reached from outside, and nobody has given it an address.
    NoAddress,
}

impl ServiceTrouble {
    pub(crate) fn severity(&self) -> Severity {
        match self {
            Self::NoneReady(_) | Self::NoPort(_) => Severity::Critical,
            Self::SelectsNone | Self::NoAddress => Severity::Warning,
        }
    }

    /// What is wrong, in a few words.
    pub(crate) fn title(&self, lang: Lang) -> String {
        let (msg, value) = match self {
            Self::SelectsNone => (Msg::ServiceSelectsNone, String::new()),
            Self::NoneReady(all) => (Msg::ServiceNoneReady, all.to_string()),
            Self::NoPort(port) => (Msg::ServiceNoPort, port.clone()),
            Self::NoAddress => (Msg::ServiceNoAddress, String::new()),
        };
        fill(msg.text(lang), &[("n", &value), ("port", &value)])
    }

    /// What that means, and what to look at.
    pub(crate) fn why(&self) -> Msg {
        match self {
            Self::SelectsNone => Msg::ServiceSelectsNoneWhy,
            Self::NoneReady(_) => Msg::ServiceNoneReadyWhy,
            Self::NoPort(_) => Msg::ServiceNoPortWhy,
            Self::NoAddress => Msg::ServiceNoAddressWhy,
        }
    }
}

/// A Service that does something else than to share connections out among pods.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ServiceSort {
    /// Its name leads straight to the pods.
    Headless,
    /// Another name for a host elsewhere.
    External(String),
    /// Somebody else writes its endpoints.
    ByHand,
}

impl ServiceSort {
    /// What it is, in a few words.
    pub(crate) fn title(&self, lang: Lang) -> String {
        match self {
            Self::Headless => Msg::ServiceHeadless.text(lang).to_owned(),
            Self::External(host) => fill(Msg::ServiceExternal.text(lang), &[("host", host)]),
            Self::ByHand => Msg::ServiceByHand.text(lang).to_owned(),
        }
    }

    /// What that means.
    pub(crate) fn why(&self) -> Msg {
        match self {
            Self::Headless => Msg::ServiceHeadlessWhy,
            Self::External(_) => Msg::ServiceExternalWhy,
            Self::ByHand => Msg::ServiceByHandWhy,
        }
    }
}

/// Which sort a Service is of, where it is an uncommon one.
pub(crate) fn sort(service: &Value) -> Option<ServiceSort> {
    let has_selector = at(service, &["spec", "selector"])
        .and_then(Value::as_object)
        .is_some_and(|selector| !selector.is_empty());
    match (text(service, &["spec", "type"]), text(service, &["spec", "clusterIP"])) {
        ("ExternalName", _) => {
            Some(ServiceSort::External(text(service, &["spec", "externalName"]).to_owned()))
        }
        _ if !has_selector => Some(ServiceSort::ByHand),
        (_, "None") => Some(ServiceSort::Headless),
        _ => None,
    }
}

/// What is wrong with a Service, the worst first. `selected` must be all pods that it selects.
pub(crate) fn troubles(service: &Value, selected: &[&Value]) -> Vec<ServiceTrouble> {
    let mut found = Vec::new();
    if !matches!(sort(service), Some(ServiceSort::External(_) | ServiceSort::ByHand)) {
        let alive: Vec<&&Value> = selected.iter().filter(|pod| !pod::is_over(pod)).collect();
        let is_ready = |pod: &&&Value| holds(pod, "Ready") && !pod::is_terminating(pod);
        if alive.is_empty() {
            found.push(ServiceTrouble::SelectsNone);
        } else if !alive.iter().any(is_ready) && !publishes_all(service) {
            found.push(ServiceTrouble::NoneReady(alive.len()));
        } else {
            let ports = list(service, &["spec", "ports"]).iter().map(|port| text(port, &["targetPort"]));
            let is_missing = |port: &&str| !port.is_empty() && !alive.iter().any(|pod| has_port(pod, port));
            found
                .extend(ports.filter(is_missing).take(1).map(|port| ServiceTrouble::NoPort(port.to_owned())));
        }
    }
    let is_balanced = text(service, &["spec", "type"]) == "LoadBalancer";
    if is_balanced && list(service, &["status", "loadBalancer", "ingress"]).is_empty() {
        found.push(ServiceTrouble::NoAddress);
    }
    found
}

fn publishes_all(service: &Value) -> bool {
    super::object::is_true(service, &["spec", "publishNotReadyAddresses"])
}

/// Whether a container of the pod, also one of those that start first and go on, has a port of that name.
fn has_port(pod: &Value, name: &str) -> bool {
    let lists = [["spec", "containers"], ["spec", "initContainers"]];
    let containers = lists.iter().flat_map(|path| list(pod, path));
    containers.flat_map(|container| list(container, &["ports"])).any(|port| text(port, &["name"]) == name)
}

#[cfg(test)]
mod tests {
    use crate::json::json;

    use super::*;

    fn service(spec: Value) -> Value {
        json!({"metadata": {"name": "web", "namespace": "shop"}, "spec": spec})
    }

    fn pod(ready: bool) -> Value {
        let ready = if ready { "True" } else { "False" };
        json!({"spec": {"containers": [{"ports": [{"name": "http", "containerPort": 8080}]}]},
            "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": ready}]}})
    }

    #[track_caller]
    fn check(spec: Value, pods: &[Value], expected: &[ServiceTrouble]) {
        let pods: Vec<&Value> = pods.iter().collect();
        assert_eq!(troubles(&service(spec), &pods), expected);
    }

    #[test]
    fn a_service_needs_a_ready_pod_that_it_selects() {
        let spec = json!({"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": "http"}]});
        check(spec.clone(), &[pod(true), pod(false)], &[]);
        check(spec.clone(), &[], &[ServiceTrouble::SelectsNone]);
        check(spec.clone(), &[pod(false), pod(false)], &[ServiceTrouble::NoneReady(2)]);
        let mut over = pod(true);
        over["status"]["phase"] = "Succeeded".into();
        check(spec, &[over], &[ServiceTrouble::SelectsNone]);
        let all = json!({"selector": {"app": "web"}, "publishNotReadyAddresses": true});
        check(all, &[pod(false)], &[]);
    }

    #[test]
    fn a_port_that_is_named_must_be_one_of_a_container() {
        let spec =
            |port: Value| json!({"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": port}]});
        check(spec(json!("https")), &[pod(true)], &[ServiceTrouble::NoPort("https".into())]);
        check(spec(json!(9)), &[pod(true)], &[]);
    }

    #[test]
    fn a_load_balancer_without_an_address_waits_for_somebody() {
        let spec = json!({"type": "LoadBalancer", "selector": {"app": "web"}});
        check(spec.clone(), &[pod(true)], &[ServiceTrouble::NoAddress]);
        let mut there = service(spec);
        there["status"] = json!({"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}});
        assert_eq!(troubles(&there, &[&pod(true)]), []);
    }

    #[test]
    fn uncommon_services_are_told_apart_and_not_blamed() {
        let of = |spec: Value| sort(&service(spec));
        assert_eq!(of(json!({"selector": {"app": "web"}, "clusterIP": "10.0.0.1"})), None);
        assert_eq!(of(json!({"selector": {"app": "web"}, "clusterIP": "None"})), Some(ServiceSort::Headless));
        assert_eq!(of(json!({"clusterIP": "None"})), Some(ServiceSort::ByHand));
        let external = json!({"type": "ExternalName", "externalName": "smtp.example.org"});
        assert_eq!(of(external.clone()), Some(ServiceSort::External("smtp.example.org".into())));
        check(external, &[], &[]);
        check(json!({}), &[], &[]);
    }
}
