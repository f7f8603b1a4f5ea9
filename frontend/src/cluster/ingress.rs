//! Ingresses that lead nowhere: to Services that are not there, or to ports that these do not have.

use std::collections::BTreeMap;

use crate::json::Value;

use super::object::{at, list, name, namespace, text};
use crate::arrange::Arrange as _;
use crate::i18n::{Lang, Msg, fill};

/// What is behind an Ingress.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Backend {
    pub(crate) service: String,
    /// A number or a name.
    pub(crate) port: String,
}

/// An Ingress that leads nowhere, at least in part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct IngressTrouble {
    pub(crate) namespace: String,
    pub(crate) name: String,
    pub(crate) hosts: Vec<String>,
    pub(crate) lack: Lack,
}

/// What it lacks; the first thing, for one is enough to look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Lack {
    /// There is no Service of that name.
    Service(String),
    /// The Service has no such port.
    Port(Backend),
}

impl Lack {
    /// What it is, in a few words.
    pub(crate) fn words(&self, lang: Lang) -> String {
        let (msg, service, port) = match self {
            Self::Service(service) => (Msg::BackendNotFound, service.as_str(), ""),
            Self::Port(Backend { service, port }) => (Msg::BackendNoPort, service.as_str(), port.as_str()),
        };
        fill(msg.text(lang), &[("service", service), ("port", port)])
    }
}

impl IngressTrouble {
    /// Why it leads nowhere, and whom that hits.
    pub(crate) fn why(&self, lang: Lang) -> String {
        let hosts = match self.hosts.as_slice() {
            [] => "*".to_owned(),
            hosts => hosts.join(", "),
        };
        let (msg, service, port) = match &self.lack {
            Lack::Service(service) => (Msg::WhyNoService, service.as_str(), ""),
            Lack::Port(Backend { service, port }) => (Msg::WhyNoPort, service.as_str(), port.as_str()),
        };
        let values =
            [("service", service), ("port", port), ("namespace", self.namespace.as_str()), ("hosts", &hosts)];
        fill(msg.text(lang), &values)
    }
}

/// The backends that an Ingress names, each once. Backends that are no Services are somebody else's business.
pub(crate) fn backends(ingress: &Value) -> Vec<Backend> {
    let rules = list(ingress, &["spec", "rules"]).iter();
    let paths = rules.flat_map(|rule| list(rule, &["http", "paths"]));
    let named = paths.filter_map(|path| at(path, &["backend", "service"]));
    let mut found: Vec<Backend> =
        named.chain(at(ingress, &["spec", "defaultBackend", "service"])).map(backend).collect();
    found.arrange();
    found.dedup();
    found
}

fn backend(service: &Value) -> Backend {
    let port = match at(service, &["port", "number"]).and_then(Value::as_i64) {
        Some(number) => number.to_string(),
        None => text(service, &["port", "name"]).to_owned(),
    };
    Backend { service: text(service, &["name"]).to_owned(), port }
}

/// The hosts that an Ingress answers to; `*` for any.
pub(crate) fn hosts(ingress: &Value) -> Vec<String> {
    let host = |rule: &Value| match text(rule, &["host"]) {
        "" => "*".to_owned(),
        host => host.to_owned(),
    };
    list(ingress, &["spec", "rules"]).iter().map(host).collect()
}

/// The Ingresses that lead nowhere. `services` must be all there are in the same namespaces.
pub(crate) fn troubles<'v>(
    ingresses: impl Iterator<Item = &'v Value>,
    services: impl Iterator<Item = &'v Value>,
) -> Vec<IngressTrouble> {
    let services: BTreeMap<(&str, &str), &Value> =
        services.map(|service| ((namespace(service), name(service)), service)).collect();
    let lack = |space: &str, backend: Backend| match services.get(&(space, backend.service.as_str())) {
        None => Some(Lack::Service(backend.service)),
        Some(service) if !has_port(service, &backend.port) => Some(Lack::Port(backend)),
        Some(_) => None,
    };
    ingresses
        .filter_map(|ingress| {
            let space = namespace(ingress);
            let lack = backends(ingress).into_iter().find_map(|backend| lack(space, backend))?;
            let (namespace, name, hosts) = (space.to_owned(), name(ingress).to_owned(), hosts(ingress));
            Some(IngressTrouble { namespace, name, hosts, lack })
        })
        .collect()
}

/// An external name has the ports that it has, which nobody here knows.
fn has_port(service: &Value, port: &str) -> bool {
    let is_it = |one: &Value| {
        at(one, &["port"]).and_then(Value::as_i64).is_some_and(|number| number.to_string() == port)
            || (!port.is_empty() && text(one, &["name"]) == port)
    };
    text(service, &["spec", "type"]) == "ExternalName" || list(service, &["spec", "ports"]).iter().any(is_it)
}

#[cfg(test)]
mod tests {
    use crate::json::json;

    use super::*;

    fn ingress(service: &str, port: Value) -> Value {
        json!({"metadata": {"name": "i", "namespace": "shop"}, "spec": {"rules": [{"host": "a.example.org",
            "http": {"paths": [{"backend": {"service": {"name": service, "port": port}}}]}}]}})
    }

    fn service(namespace: &str, name: &str) -> Value {
        json!({"metadata": {"name": name, "namespace": namespace},
            "spec": {"ports": [{"name": "http", "port": 80}]}})
    }

    #[track_caller]
    fn check(ingress: &Value, expected: Option<Lack>) {
        let services = [service("shop", "web"), service("data", "db")];
        let found = troubles([ingress].into_iter(), services.iter());
        assert_eq!(found.into_iter().map(|one| one.lack).next(), expected);
    }

    #[test]
    fn a_backend_must_be_there_with_its_port_in_the_same_namespace() {
        let port = |port: &str| Backend { service: "web".into(), port: port.into() };
        check(&ingress("web", json!({"number": 80})), None);
        check(&ingress("web", json!({"name": "http"})), None);
        check(&ingress("db", json!({"number": 80})), Some(Lack::Service("db".into())));
        check(&ingress("web", json!({"number": 81})), Some(Lack::Port(port("81"))));
        check(&ingress("web", json!({"name": "https"})), Some(Lack::Port(port("https"))));
    }

    #[test]
    fn the_default_backend_counts_and_other_kinds_of_backends_do_not() {
        let default = json!({"metadata": {"namespace": "shop"},
            "spec": {"defaultBackend": {"service": {"name": "gone", "port": {"number": 1}}}}});
        check(&default, Some(Lack::Service("gone".into())));
        let bucket = json!({"metadata": {"namespace": "shop"},
            "spec": {"defaultBackend": {"resource": {"kind": "Bucket", "name": "b"}}}});
        check(&bucket, None);
        check(&json!({}), None);
    }

    #[test]
    fn rules_without_a_host_answer_to_any() {
        assert_eq!(hosts(&json!({"spec": {"rules": [{}, {"host": "a"}]}})), ["*", "a"]);
    }
}
