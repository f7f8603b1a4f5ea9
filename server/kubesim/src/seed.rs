//! What a cluster holds when it starts: what every cluster has, and the objects that it is given.

use serde_json::{Value, json};

use crate::{
    clock::{Random, seconds},
    cluster::{FRONT_PROXY, State},
    controllers::Seen,
    crd,
    kind::Registry,
    object,
    options::Options,
    rbac,
    running::StartError,
    store::Store,
};

const NAMESPACES: &[&str] = &["default", "kube-node-lease", "kube-public", "kube-system"];
/// The revision of what every cluster has.
const FIRST_REVISION: u64 = 1;

/// Who signs what, PEM, as the cluster tells servers behind it.
#[derive(Debug, Default)]
pub(crate) struct Believed {
    /// Client certificates.
    pub(crate) client_ca: String,
    /// The certificate that the API server shows them.
    pub(crate) proxy_ca: String,
}

/// Builds the starting state.
pub(crate) fn state(options: &Options, believed: &Believed) -> Result<State, StartError> {
    let mut state = State {
        store: Store::new(options.history),
        registry: Registry::new(),
        random: Random::new(options.seed.unwrap_or_else(random_seed)),
        seen: Seen::default(),
    };
    let now = seconds(options.clock.now());
    let mut given = options.objects.clone();
    given.sort_by_key(revision);
    // Definitions first: the kinds of other objects may be theirs.
    let definitions: Vec<_> = given
        .iter()
        .filter(|object| object::text(object, &["kind"]) == "CustomResourceDefinition")
        .flat_map(crd::kinds)
        .collect();
    state.registry.set_custom(definitions);
    for object in everywhere(&state.registry, &now).into_iter().chain(authentication(believed)) {
        let is_given = given.iter().any(|other| {
            ["apiVersion", "kind"].iter().all(|field| object.get(*field) == other.get(*field))
                && object::name(&object) == object::name(other)
                && object::namespace(&object) == object::namespace(other)
        });
        if !is_given {
            restore(&mut state, object, FIRST_REVISION, &now)?;
        }
    }
    for object in given {
        let revision = match revision(&object) {
            0 => state.store.revision() + 1,
            revision => revision,
        };
        restore(&mut state, object, revision, &now)?;
    }
    state.store.advance(options.resource_version);
    Ok(state)
}

/// Lets everybody, without a credential, read where the cluster is, as kubeadm does.
pub(crate) fn tell_address(state: &mut State, kubeconfig: &str, now: &str) {
    let (namespace, name) = ("kube-public", "kubeadm:bootstrap-signer-clusterinfo");
    let group = "rbac.authorization.k8s.io";
    let objects = [
        json!({
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "cluster-info", "namespace": namespace},
            "data": {"kubeconfig": kubeconfig},
        }),
        json!({
            "apiVersion": format!("{group}/v1"), "kind": "Role", "metadata": {"name": name, "namespace": namespace},
            "rules": [{"apiGroups": [""], "resources": ["configmaps"], "resourceNames": ["cluster-info"], "verbs": ["get"]}],
        }),
        json!({
            "apiVersion": format!("{group}/v1"), "kind": "RoleBinding", "metadata": {"name": name, "namespace": namespace},
            "roleRef": {"apiGroup": group, "kind": "Role", "name": name},
            "subjects": [{"apiGroup": group, "kind": "User", "name": "system:anonymous"}],
        }),
    ];
    for object in objects {
        let revision = state.store.revision() + 1;
        // These kinds are always served.
        restore(state, object, revision, now).ok();
    }
}

fn revision(object: &Value) -> u64 {
    object::text(object, &["metadata", "resourceVersion"]).parse().unwrap_or(0)
}

fn random_seed() -> u64 {
    let mut bytes = [0; 8];
    // A failing generator leaves zeroes, which is a seed too.
    let _ = openssl::rand::rand_bytes(&mut bytes);
    u64::from_le_bytes(bytes)
}

fn restore(state: &mut State, mut object: Value, revision: u64, now: &str) -> Result<(), StartError> {
    let (version, kind) = (object::text(&object, &["apiVersion"]), object::text(&object, &["kind"]));
    let Some(kind) = state.registry.find_kind(version, kind) else {
        return Err(StartError::UnknownKind {
            api_version: version.to_owned(),
            kind: kind.to_owned(),
            name: object::name(&object).to_owned(),
        });
    };
    let uid = state.random.uid();
    object::set_default(&mut object, &["metadata", "uid"], uid);
    object::set_default(&mut object, &["metadata", "creationTimestamp"], now);
    let key = kind.key(object::namespace(&object), object::name(&object));
    state.store.restore(&kind.table, &key, kind.to_stored(object), revision);
    Ok(())
}

/// The objects of an empty cluster.
fn everywhere(registry: &Registry, now: &str) -> Vec<Value> {
    let mut objects = roles();
    for name in NAMESPACES {
        objects.push(json!({
            "apiVersion": "v1", "kind": "Namespace",
            "metadata": {"name": name, "labels": {"kubernetes.io/metadata.name": name}},
            "spec": {"finalizers": ["kubernetes"]}, "status": {"phase": "Active"},
        }));
        objects.push(json!({
            "apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default", "namespace": name},
        }));
    }
    objects.push(json!({
        "apiVersion": "v1", "kind": "Service",
        "metadata": {"name": "kubernetes", "namespace": "default",
            "labels": {"component": "apiserver", "provider": "kubernetes"}},
        "spec": {"clusterIP": "10.96.0.1", "clusterIPs": ["10.96.0.1"], "type": "ClusterIP",
            "sessionAffinity": "None", "ipFamilies": ["IPv4"], "ipFamilyPolicy": "SingleStack",
            "internalTrafficPolicy": "Cluster",
            "ports": [{"name": "https", "protocol": "TCP", "port": 443, "targetPort": 6443}]},
        "status": {"loadBalancer": {}},
    }));
    for (name, value) in [("system-cluster-critical", 2_000_000_000), ("system-node-critical", 2_000_001_000)]
    {
        objects.push(json!({
            "apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": name},
            "value": value, "preemptionPolicy": "PreemptLowerPriority",
        }));
    }
    for (group, versions) in registry.groups() {
        // The group of APIServices is not registered with itself.
        for version in versions.into_iter().filter(|_| group != "apiregistration.k8s.io") {
            objects.push(api_service(group, version, now));
        }
    }
    objects
}

/// Whom the API server believes, and the right to read that.
fn authentication(believed: &Believed) -> [Value; 2] {
    let name = "extension-apiserver-authentication";
    [
        json!({
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "kube-system"},
            "data": {
                "client-ca-file": believed.client_ca,
                "requestheader-allowed-names": json!([FRONT_PROXY]).to_string(),
                "requestheader-client-ca-file": believed.proxy_ca,
                "requestheader-extra-headers-prefix": "[\"X-Remote-Extra-\"]",
                "requestheader-group-headers": "[\"X-Remote-Group\"]",
                "requestheader-username-headers": "[\"X-Remote-User\"]",
            },
        }),
        json!({
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role",
            "metadata": {"name": format!("{name}-reader"), "namespace": "kube-system",
                "annotations": {"rbac.authorization.kubernetes.io/autoupdate": "true"},
                "labels": {"kubernetes.io/bootstrapping": "rbac-defaults"}},
            "rules": [{
                "apiGroups": [""], "resources": ["configmaps"], "resourceNames": [name],
                "verbs": ["get", "list", "watch"],
            }],
        }),
    ]
}

/// The bootstrap roles, the aggregated ones filled.
fn roles() -> Vec<Value> {
    let mut store = Store::new(1000);
    for object in rbac::bootstrap::objects() {
        let table = object::text(&object, &["kind"]).to_lowercase() + "s.rbac.authorization.k8s.io";
        let name = object::name(&object).to_owned();
        store.put(&table, &name, object);
    }
    rbac::aggregate::update(&mut store);
    [rbac::CLUSTER_ROLES, "clusterrolebindings.rbac.authorization.k8s.io"]
        .into_iter()
        .flat_map(|table| {
            store.list(table, "").map(|(_, object)| object.as_ref().clone()).collect::<Vec<_>>()
        })
        .map(|mut object| {
            object::remove(&mut object, &["metadata", "resourceVersion"]);
            object
        })
        .collect()
}

/// The APIService of a group that this server serves itself.
fn api_service(group: &str, version: &str, now: &str) -> Value {
    json!({
        "apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService",
        "metadata": {"name": format!("{version}.{group}"),
            "labels": {"kube-aggregator.kubernetes.io/automanaged": "onstart"}},
        "spec": if group.is_empty() {
            json!({"version": version, "groupPriorityMinimum": 18000, "versionPriority": 1})
        } else {
            json!({"group": group, "version": version, "groupPriorityMinimum": 17000, "versionPriority": 15})
        },
        "status": {"conditions": [{
            "type": "Available", "status": "True", "lastTransitionTime": now, "reason": "Local",
            "message": "Local APIServices are always available",
        }]},
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_cluster_has_its_namespaces_and_roles() {
        let state = state(&Options { seed: Some(1), ..Options::default() }, &Believed::default()).unwrap();
        assert_eq!(state.store.list("namespaces", "").count(), 4);
        let view = state.store.get(rbac::CLUSTER_ROLES, "view").unwrap();
        assert!(object::list(&view, &["rules"]).len() > 5);
        assert_eq!(state.store.revision(), FIRST_REVISION);
    }

    #[test]
    fn an_object_of_an_unknown_kind_is_refused() {
        let objects = vec![json!({"apiVersion": "x/v1", "kind": "Y", "metadata": {"name": "z"}})];
        assert!(state(&Options { objects, ..Options::default() }, &Believed::default()).is_err());
    }
}
