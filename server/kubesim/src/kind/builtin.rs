//! The kinds that every cluster has, one row each.
//!
//! Groups are in the order in which discovery shows them, resources in that of their names.

use super::{ALL_VERBS, Kind, Subresource, group_version};

const READ_WRITE: &[&str] = &["get", "patch", "update"];
const CREATE: &[&str] = &["create"];
const PROXY: &[&str] = &["create", "delete", "get", "patch", "update"];
const STREAM: &[&str] = &["create", "get"];
/// Namespaces are not deleted in bulk.
const NO_COLLECTION: &[&str] = &["create", "delete", "get", "list", "patch", "update", "watch"];

/// Kinds whose `metadata.generation` counts changes of what is wanted.
pub(super) const WITH_GENERATION: &[&str] = &[
    "pods",
    "daemonsets",
    "deployments",
    "replicasets",
    "statefulsets",
    "replicationcontrollers",
    "cronjobs",
    "jobs",
    "horizontalpodautoscalers",
    "ingresses",
    "ingressclasses",
    "networkpolicies",
    "poddisruptionbudgets",
    "customresourcedefinitions",
    "endpointslices",
    "priorityclasses",
    "flowschemas",
    "prioritylevelconfigurations",
    "validatingwebhookconfigurations",
    "mutatingwebhookconfigurations",
    "validatingadmissionpolicies",
    "validatingadmissionpolicybindings",
    "mutatingadmissionpolicies",
    "mutatingadmissionpolicybindings",
];

#[derive(Clone, Copy)]
enum Scope {
    Cluster,
    Namespaced,
}
use Scope::{Cluster, Namespaced};

/// One row: kind, plural, scope, short names and `+categories`, subresources, fields beside spec and status.
struct Row(&'static str, &'static str, Scope, &'static str, &'static [Sub], &'static [&'static str]);

/// A subresource: name, kind (empty = the parent's), group and version of that kind (empty = the parent's), verbs.
struct Sub(&'static str, &'static str, &'static str, &'static [&'static str]);

const STATUS: Sub = Sub("status", "", "", READ_WRITE);
const SCALE: Sub = Sub("scale", "Scale", "autoscaling/v1", READ_WRITE);
const ONLY_STATUS: &[Sub] = &[STATUS];
const SCALE_AND_STATUS: &[Sub] = &[SCALE, STATUS];
/// The two fields that most kinds have.
const SPEC: &[&str] = &["spec", "status"];

const CORE: &[Row] = &[
    Row("Binding", "bindings", Namespaced, "", &[], &["target"]),
    Row("ComponentStatus", "componentstatuses", Cluster, "cs", &[], &["conditions"]),
    Row("ConfigMap", "configmaps", Namespaced, "cm", &[], &["data", "binaryData", "immutable"]),
    Row("Endpoints", "endpoints", Namespaced, "ep", &[], &["subsets"]),
    Row(
        "Event",
        "events",
        Namespaced,
        "ev",
        &[],
        &[
            "involvedObject",
            "reason",
            "message",
            "source",
            "firstTimestamp",
            "lastTimestamp",
            "count",
            "type",
            "eventTime",
            "series",
            "action",
            "related",
            "reportingComponent",
            "reportingInstance",
        ],
    ),
    Row("LimitRange", "limitranges", Namespaced, "limits", &[], SPEC),
    Row("Namespace", "namespaces", Cluster, "ns", &[Sub("finalize", "", "", &["update"]), STATUS], SPEC),
    Row("Node", "nodes", Cluster, "no", &[Sub("proxy", "NodeProxyOptions", "", PROXY), STATUS], SPEC),
    Row("PersistentVolumeClaim", "persistentvolumeclaims", Namespaced, "pvc", ONLY_STATUS, SPEC),
    Row("PersistentVolume", "persistentvolumes", Cluster, "pv", ONLY_STATUS, SPEC),
    Row(
        "Pod",
        "pods",
        Namespaced,
        "po +all",
        &[
            Sub("attach", "PodAttachOptions", "", STREAM),
            Sub("binding", "Binding", "", CREATE),
            Sub("ephemeralcontainers", "", "", READ_WRITE),
            Sub("eviction", "Eviction", "policy/v1", CREATE),
            Sub("exec", "PodExecOptions", "", STREAM),
            Sub("log", "", "", &["get"]),
            Sub("portforward", "PodPortForwardOptions", "", STREAM),
            Sub("proxy", "PodProxyOptions", "", PROXY),
            Sub("resize", "", "", READ_WRITE),
            STATUS,
        ],
        SPEC,
    ),
    Row("PodTemplate", "podtemplates", Namespaced, "", &[], &["template"]),
    Row("ReplicationController", "replicationcontrollers", Namespaced, "rc +all", SCALE_AND_STATUS, SPEC),
    Row("ResourceQuota", "resourcequotas", Namespaced, "quota", ONLY_STATUS, SPEC),
    Row("Secret", "secrets", Namespaced, "", &[], &["data", "stringData", "type", "immutable"]),
    Row(
        "ServiceAccount",
        "serviceaccounts",
        Namespaced,
        "sa",
        &[Sub("token", "TokenRequest", "authentication.k8s.io/v1", CREATE)],
        &["secrets", "imagePullSecrets", "automountServiceAccountToken"],
    ),
    Row(
        "Service",
        "services",
        Namespaced,
        "svc +all",
        &[Sub("proxy", "ServiceProxyOptions", "", PROXY), STATUS],
        SPEC,
    ),
];

const APISERVICES: &[Row] =
    &[Row("APIService", "apiservices", Cluster, "+api-extensions", ONLY_STATUS, SPEC)];

const APPS: &[Row] = &[
    Row("ControllerRevision", "controllerrevisions", Namespaced, "", &[], &["data", "revision"]),
    Row("DaemonSet", "daemonsets", Namespaced, "ds +all", ONLY_STATUS, SPEC),
    Row("Deployment", "deployments", Namespaced, "deploy +all", SCALE_AND_STATUS, SPEC),
    Row("ReplicaSet", "replicasets", Namespaced, "rs +all", SCALE_AND_STATUS, SPEC),
    Row("StatefulSet", "statefulsets", Namespaced, "sts +all", SCALE_AND_STATUS, SPEC),
];

const EVENTS: &[Row] = &[Row("Event", "events", Namespaced, "ev", &[], &[])];

const AUTHENTICATION: &[Row] = &[
    Row("SelfSubjectReview", "selfsubjectreviews", Cluster, "", &[], SPEC),
    Row("TokenReview", "tokenreviews", Cluster, "", &[], SPEC),
];

const AUTHORIZATION: &[Row] = &[
    Row("LocalSubjectAccessReview", "localsubjectaccessreviews", Namespaced, "", &[], SPEC),
    Row("SelfSubjectAccessReview", "selfsubjectaccessreviews", Cluster, "", &[], SPEC),
    Row("SelfSubjectRulesReview", "selfsubjectrulesreviews", Cluster, "", &[], SPEC),
    Row("SubjectAccessReview", "subjectaccessreviews", Cluster, "", &[], SPEC),
];

const AUTOSCALING: &[Row] =
    &[Row("HorizontalPodAutoscaler", "horizontalpodautoscalers", Namespaced, "hpa +all", ONLY_STATUS, SPEC)];

const BATCH: &[Row] = &[
    Row("CronJob", "cronjobs", Namespaced, "cj +all", ONLY_STATUS, SPEC),
    Row("Job", "jobs", Namespaced, "+all", ONLY_STATUS, SPEC),
];

const CERTIFICATES: &[Row] = &[Row(
    "CertificateSigningRequest",
    "certificatesigningrequests",
    Cluster,
    "csr",
    &[Sub("approval", "", "", READ_WRITE), STATUS],
    SPEC,
)];

const NETWORKING: &[Row] = &[
    Row("IngressClass", "ingressclasses", Cluster, "", &[], SPEC),
    Row("Ingress", "ingresses", Namespaced, "ing", ONLY_STATUS, SPEC),
    Row("IPAddress", "ipaddresses", Cluster, "ip", &[], SPEC),
    Row("NetworkPolicy", "networkpolicies", Namespaced, "netpol", &[], SPEC),
    Row("ServiceCIDR", "servicecidrs", Cluster, "", ONLY_STATUS, SPEC),
];

const POLICY: &[Row] =
    &[Row("PodDisruptionBudget", "poddisruptionbudgets", Namespaced, "pdb", ONLY_STATUS, SPEC)];

const RBAC: &[Row] = &[
    Row("ClusterRoleBinding", "clusterrolebindings", Cluster, "", &[], &["subjects", "roleRef"]),
    Row("ClusterRole", "clusterroles", Cluster, "", &[], &["rules", "aggregationRule"]),
    Row("RoleBinding", "rolebindings", Namespaced, "", &[], &["subjects", "roleRef"]),
    Row("Role", "roles", Namespaced, "", &[], &["rules"]),
];

const STORAGE: &[Row] = &[
    Row("CSIDriver", "csidrivers", Cluster, "", &[], SPEC),
    Row("CSINode", "csinodes", Cluster, "", &[], SPEC),
    Row(
        "CSIStorageCapacity",
        "csistoragecapacities",
        Namespaced,
        "",
        &[],
        &["nodeTopology", "storageClassName", "capacity", "maximumVolumeSize"],
    ),
    Row(
        "StorageClass",
        "storageclasses",
        Cluster,
        "sc",
        &[],
        &[
            "provisioner",
            "parameters",
            "reclaimPolicy",
            "mountOptions",
            "allowVolumeExpansion",
            "volumeBindingMode",
            "allowedTopologies",
        ],
    ),
    Row("VolumeAttachment", "volumeattachments", Cluster, "", ONLY_STATUS, SPEC),
    Row(
        "VolumeAttributesClass",
        "volumeattributesclasses",
        Cluster,
        "vac",
        &[],
        &["driverName", "parameters"],
    ),
];

const ADMISSION: &[Row] = &[
    Row("MutatingAdmissionPolicy", "mutatingadmissionpolicies", Cluster, "+api-extensions", &[], SPEC),
    Row(
        "MutatingAdmissionPolicyBinding",
        "mutatingadmissionpolicybindings",
        Cluster,
        "+api-extensions",
        &[],
        SPEC,
    ),
    Row(
        "MutatingWebhookConfiguration",
        "mutatingwebhookconfigurations",
        Cluster,
        "+api-extensions",
        &[],
        &["webhooks"],
    ),
    Row(
        "ValidatingAdmissionPolicy",
        "validatingadmissionpolicies",
        Cluster,
        "+api-extensions",
        ONLY_STATUS,
        SPEC,
    ),
    Row(
        "ValidatingAdmissionPolicyBinding",
        "validatingadmissionpolicybindings",
        Cluster,
        "+api-extensions",
        &[],
        SPEC,
    ),
    Row(
        "ValidatingWebhookConfiguration",
        "validatingwebhookconfigurations",
        Cluster,
        "+api-extensions",
        &[],
        &["webhooks"],
    ),
];

const CUSTOM_RESOURCES: &[Row] = &[Row(
    "CustomResourceDefinition",
    "customresourcedefinitions",
    Cluster,
    "crd crds +api-extensions",
    ONLY_STATUS,
    SPEC,
)];

const SCHEDULING: &[Row] = &[Row(
    "PriorityClass",
    "priorityclasses",
    Cluster,
    "pc",
    &[],
    &["value", "globalDefault", "description", "preemptionPolicy"],
)];

const COORDINATION: &[Row] = &[Row("Lease", "leases", Namespaced, "", &[], SPEC)];

const NODE: &[Row] =
    &[Row("RuntimeClass", "runtimeclasses", Cluster, "", &[], &["handler", "overhead", "scheduling"])];

const DISCOVERY: &[Row] =
    &[Row("EndpointSlice", "endpointslices", Namespaced, "", &[], &["addressType", "endpoints", "ports"])];

const RESOURCE: &[Row] = &[
    Row("DeviceClass", "deviceclasses", Cluster, "", &[], SPEC),
    Row("ResourceClaim", "resourceclaims", Namespaced, "", ONLY_STATUS, SPEC),
    Row("ResourceClaimTemplate", "resourceclaimtemplates", Namespaced, "", &[], SPEC),
    Row("ResourceSlice", "resourceslices", Cluster, "", &[], SPEC),
];

const FLOW_CONTROL: &[Row] = &[
    Row("FlowSchema", "flowschemas", Cluster, "", ONLY_STATUS, SPEC),
    Row("PriorityLevelConfiguration", "prioritylevelconfigurations", Cluster, "", ONLY_STATUS, SPEC),
];

/// Groups and versions, preferred version first.
const GROUPS: &[(&str, &str, &[Row])] = &[
    ("", "v1", CORE),
    ("apiregistration.k8s.io", "v1", APISERVICES),
    ("apps", "v1", APPS),
    ("events.k8s.io", "v1", EVENTS),
    ("authentication.k8s.io", "v1", AUTHENTICATION),
    ("authorization.k8s.io", "v1", AUTHORIZATION),
    ("autoscaling", "v2", AUTOSCALING),
    ("autoscaling", "v1", AUTOSCALING),
    ("batch", "v1", BATCH),
    ("certificates.k8s.io", "v1", CERTIFICATES),
    ("networking.k8s.io", "v1", NETWORKING),
    ("policy", "v1", POLICY),
    ("rbac.authorization.k8s.io", "v1", RBAC),
    ("storage.k8s.io", "v1", STORAGE),
    ("admissionregistration.k8s.io", "v1", ADMISSION),
    ("apiextensions.k8s.io", "v1", CUSTOM_RESOURCES),
    ("scheduling.k8s.io", "v1", SCHEDULING),
    ("coordination.k8s.io", "v1", COORDINATION),
    ("node.k8s.io", "v1", NODE),
    ("discovery.k8s.io", "v1", DISCOVERY),
    ("resource.k8s.io", "v1", RESOURCE),
    ("flowcontrol.apiserver.k8s.io", "v1", FLOW_CONTROL),
];

/// Every built-in kind, in the order of discovery.
pub(super) fn kinds() -> impl Iterator<Item = Kind> {
    GROUPS.iter().flat_map(|(group, version, rows)| rows.iter().map(|row| kind(group, version, row)))
}

fn kind(group: &str, version: &str, row: &Row) -> Kind {
    let Row(kind, plural, scope, names, subresources, fields) = row;
    let (categories, short_names): (Vec<&str>, Vec<&str>) =
        names.split_whitespace().partition(|name| name.starts_with('+'));
    let verbs = match *plural {
        "bindings" => CREATE,
        "componentstatuses" => &["get", "list"],
        "namespaces" => NO_COLLECTION,
        _ if matches!(group, "authentication.k8s.io" | "authorization.k8s.io") => CREATE,
        _ => ALL_VERBS,
    };
    // Events are one table under two groups, and autoscalers one under two versions.
    let (table, stored_as) = match (*plural, group) {
        ("events", _) => ("events".to_owned(), "v1".to_owned()),
        ("horizontalpodautoscalers", _) => {
            ("horizontalpodautoscalers.autoscaling".to_owned(), "autoscaling/v2".into())
        }
        _ => (crate::status::qualified(plural, group), group_version(group, version)),
    };
    Kind {
        group: group.to_owned(),
        version: version.to_owned(),
        kind: (*kind).to_owned(),
        list_kind: format!("{kind}List"),
        plural: (*plural).to_owned(),
        singular: kind.to_lowercase(),
        short_names: short_names.into_iter().map(str::to_owned).collect(),
        categories: categories
            .into_iter()
            .map(|category| category.trim_start_matches('+').to_owned())
            .collect(),
        namespaced: matches!(scope, Namespaced),
        verbs: verbs.to_vec(),
        subresources: subresources.iter().map(|sub| subresource(kind, sub)).collect(),
        table,
        stored_as,
        fields: fields.to_vec(),
        custom: None,
    }
}

fn subresource(parent: &str, Sub(name, kind, group_version, verbs): &Sub) -> Subresource {
    Subresource {
        name: (*name).to_owned(),
        kind: if kind.is_empty() { parent } else { kind }.to_owned(),
        group_version: group_version
            .split_once('/')
            .map(|(group, version)| (group.to_owned(), version.to_owned())),
        verbs: verbs.to_vec(),
    }
}
