//! Which pod and port are meant.

use crowsnest_api::access::Right;
use crowsnest_api::cluster::{Kind, NotAName, ObjectName, Scope};
use crowsnest_rbac::Credential;
use serde_json::Value;

use crate::cluster::{As, Cluster, ClusterError, Form, Path, PortConnection};

/// A port of a pod or a Service.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    of: Of,
    scope: Scope,
    name: ObjectName,
    port: u16,
    /// Whether TLS is spoken there.
    pub(crate) tls: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Of {
    Pod,
    Service,
}

/// Why a port cannot be reached.
#[derive(Debug)]
pub(crate) enum TargetError {
    Cluster(ClusterError),
    /// In words for the user.
    Nothing(String),
}

impl From<ClusterError> for TargetError {
    fn from(error: ClusterError) -> Self {
        Self::Cluster(error)
    }
}

impl Target {
    /// The target that a question names.
    ///
    /// # Errors
    /// What of it is no name, or `None` where it is no port of a pod or a Service.
    pub(crate) fn of(
        kind: &Kind,
        namespace: &str,
        name: &str,
        port: u16,
        tls: bool,
    ) -> Result<Self, Option<NotAName>> {
        let of = match (kind.group(), kind.version(), kind.resource()) {
            ("", "v1", "pods") => Of::Pod,
            ("", "v1", "services") => Of::Service,
            _ => return Err(None),
        };
        let (scope, name): (Scope, ObjectName) = (namespace.parse()?, name.parse()?);
        if scope == Scope::CLUSTER || port == 0 {
            return Err(None);
        }
        Ok(Self { of, scope, name, port, tls })
    }

    /// What is needed: a Service's pod is known later, and asked about then by the API server.
    pub(crate) fn right(&self) -> Right {
        let right = Right::to("create", "", "pods", "")
            .below("portforward")
            .within(self.scope.namespace().unwrap_or_default().to_owned());
        match self.of {
            Of::Pod => right.named(self.name.as_str().to_owned()),
            Of::Service => right,
        }
    }

    /// `services shop/web:80`, for the audit log.
    pub(crate) fn told(&self) -> String {
        let kind = match self.of {
            Of::Pod => "pods",
            Of::Service => "services",
        };
        format!("{kind} {}/{}:{}", self.scope, self.name.as_str(), self.port)
    }

    /// What a program there thinks that it is called, as with `kubectl port-forward`.
    pub(crate) fn host(&self) -> String {
        format!("localhost:{}", self.port)
    }

    /// A connection, as the user.
    pub(crate) async fn connect(
        &self,
        cluster: &Cluster,
        credential: &Credential,
    ) -> Result<PortConnection, TargetError> {
        let who = As::User(credential);
        let (pod, port) = match self.of {
            Of::Pod => (self.name.clone(), self.port),
            Of::Service => self.behind(cluster, who).await?,
        };
        let pods = Kind::new("", "v1", "pods").map_err(|error| ClusterError::Answer(error.to_string()))?;
        Ok(cluster.port(who, Path::object(&pods, &self.scope, &pod), port).await?)
    }

    /// The pod of a ready endpoint of a Service, and the port there.
    async fn behind(&self, cluster: &Cluster, who: As<'_>) -> Result<(ObjectName, u16), TargetError> {
        let wrong = |error: NotAName| ClusterError::Answer(error.to_string());
        let services = Kind::new("", "v1", "services").map_err(wrong)?;
        let service: Value =
            cluster.get(who, &Path::object(&services, &self.scope, &self.name), Form::Whole).await?;
        let ports = list(&service, "/spec/ports");
        let port = ports.iter().find(|port| number(port, "port") == Some(self.port));
        let port =
            port.ok_or_else(|| TargetError::Nothing(format!("the Service has no port {}", self.port)))?;
        let port_name = text(port, "name").to_owned();
        let slices = Kind::new("discovery.k8s.io", "v1", "endpointslices").map_err(wrong)?;
        let path = Path::list(&slices, &self.scope)
            .with("labelSelector", &format!("kubernetes.io/service-name={}", self.name.as_str()));
        let slices: Value = cluster.get(who, &path, Form::Whole).await?;
        let found = list(&slices, "/items").iter().find_map(|slice| {
            let port = list(slice, "/ports").iter().find(|port| text(port, "name") == port_name)?;
            let port = number(port, "port").filter(|port| *port > 0)?;
            let ready = list(slice, "/endpoints").iter().find_map(|endpoint| {
                let is_ready = endpoint.pointer("/conditions/ready") != Some(&Value::Bool(false));
                let target = endpoint.get("targetRef").filter(|target| text(target, "kind") == "Pod");
                target.filter(|_| is_ready).map(|target| text(target, "name"))
            })?;
            Some((ready.parse::<ObjectName>().ok()?, port))
        });
        found.ok_or_else(|| TargetError::Nothing("no pod of the Service is ready".to_owned()))
    }
}

fn list<'v>(object: &'v Value, pointer: &str) -> &'v [Value] {
    object.pointer(pointer).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn text<'v>(object: &'v Value, field: &str) -> &'v str {
    object.get(field).and_then(Value::as_str).unwrap_or_default()
}

fn number(object: &Value, field: &str) -> Option<u16> {
    object.get(field)?.as_u64()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_a_port_of_a_pod_or_a_service() {
        let of = |kind: &str, namespace, name, port| {
            Target::of(&kind.parse().unwrap(), namespace, name, port, false)
        };
        let pod = of("core.v1.pods", "shop", "web-1", 80).unwrap();
        assert_eq!(pod.right().to_string(), "create,,pods/portforward,shop,web-1");
        let service = of("core.v1.services", "shop", "web", 80).unwrap();
        assert_eq!(service.right().to_string(), "create,,pods/portforward,shop,");
        assert_eq!(service.told(), "services shop/web:80");
        for (kind, namespace, name, port) in [
            ("core.v1.nodes", "shop", "demo-1", 10250),
            ("apps.v1.pods", "shop", "web", 80),
            ("core.v1.pods", "-", "web-1", 80),
            ("core.v1.pods", "shop", "../nodes/demo-1", 80),
            ("core.v1.pods", "shop", "web-1", 0),
        ] {
            assert!(of(kind, namespace, name, port).is_err(), "{kind} {namespace}/{name}:{port}");
        }
    }
}
