//! What an object must be like before it is stored: the checks that clients run into.

use serde_json::{Value, json};

use crate::{kind::Kind, object, status::Cause};

const SUBDOMAIN: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', \
     and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is \
     '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const LABEL: &str = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must \
     start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is \
     '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";

/// Kinds whose names are one DNS label.
const LABEL_NAMES: &[&str] = &["namespaces", "services"];
/// Kinds whose names may hold anything that fits into a path.
const PATH_NAMES: &[&str] = &[
    "roles",
    "rolebindings",
    "clusterroles",
    "clusterrolebindings",
    "apiservices",
    "certificatesigningrequests",
];

/// What is wrong with a new or changed object.
pub(crate) fn check(kind: &Kind, object: &Value) -> Vec<Cause> {
    let mut causes = name(kind, object::name(object));
    match kind.qualified().as_str() {
        "pods" => pod_spec(object.get("spec").unwrap_or(&Value::Null), "spec", &mut causes),
        "deployments.apps" | "daemonsets.apps" | "statefulsets.apps" | "replicasets.apps" => {
            workload(object, &mut causes);
        }
        "jobs.batch" => pod_template(object, &["spec", "template"], "spec.template", &mut causes),
        "cronjobs.batch" if object::text(object, &["spec", "schedule"]).is_empty() => {
            causes.push(Cause::required("spec.schedule", ""));
        }
        "certificatesigningrequests.certificates.k8s.io" => signing_request(object, &mut causes),
        _ => {}
    }
    if let Some(custom) = &kind.custom {
        causes.extend(crate::crd::schema::check(&custom.schema, object, ""));
    }
    causes
}

fn name(kind: &Kind, name: &str) -> Vec<Cause> {
    if name.is_empty() {
        return vec![Cause::required("metadata.name", "name or generateName is required")];
    }
    if PATH_NAMES.contains(&kind.plural.as_str()) {
        return if name.contains(['/', '%']) {
            vec![Cause::invalid("metadata.name", &json!(name), "may not contain '/' or '%'")]
        } else {
            Vec::new()
        };
    }
    let one_label = LABEL_NAMES.contains(&kind.plural.as_str());
    let valid = if one_label { is_label(name) && name.len() <= 63 } else { name.split('.').all(is_label) };
    if valid && name.len() <= 253 {
        return Vec::new();
    }
    vec![Cause::invalid("metadata.name", &json!(name), if one_label { LABEL } else { SUBDOMAIN })]
}

fn is_label(text: &str) -> bool {
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    !text.is_empty() && text.chars().all(inner) && !text.starts_with('-') && !text.ends_with('-')
}

fn workload(object: &Value, causes: &mut Vec<Cause>) {
    let selector = object::string_map(object, &["spec", "selector", "matchLabels"]);
    if object::at(object, &["spec", "selector"]).is_none_or(Value::is_null) {
        causes.push(Cause::required("spec.selector", ""));
    }
    let labels = object::string_map(object, &["spec", "template", "metadata", "labels"]);
    if selector.iter().any(|(key, value)| labels.get(key) != Some(value)) {
        let detail = "`selector` does not match template `labels`";
        causes.push(Cause::invalid("spec.template.metadata.labels", &json!(labels), detail));
    }
    pod_template(object, &["spec", "template"], "spec.template", causes);
}

fn pod_template(object: &Value, path: &[&str], field: &str, causes: &mut Vec<Cause>) {
    let template = object::at(object, path).unwrap_or(&Value::Null);
    pod_spec(template.get("spec").unwrap_or(&Value::Null), &format!("{field}.spec"), causes);
}

fn pod_spec(spec: &Value, field: &str, causes: &mut Vec<Cause>) {
    let containers = object::list(spec, &["containers"]);
    if containers.is_empty() {
        causes.push(Cause::required(format!("{field}.containers"), ""));
    }
    for (index, container) in containers.iter().enumerate() {
        let field = format!("{field}.containers[{index}]");
        if object::text(container, &["name"]).is_empty() {
            causes.push(Cause::required(format!("{field}.name"), ""));
        }
        if object::text(container, &["image"]).is_empty() {
            causes.push(Cause::required(format!("{field}.image"), ""));
        }
        resources(container, &field, causes);
    }
}

/// What is wrong with containers that are added to a running pod: they stay once they are there, and none is another's namesake.
pub(crate) fn added_containers(before: &Value, after: &Value) -> Vec<Cause> {
    const FIELD: &str = "spec.ephemeralContainers";
    let added = |pod| object::list(pod, &["spec", "ephemeralContainers"]);
    let mut causes = Vec::new();
    for old in added(before) {
        let name = object::text(old, &["name"]);
        match added(after).iter().find(|new| object::text(new, &["name"]) == name) {
            Some(new) if new == old => {}
            Some(_) => {
                let detail = format!("existing ephemeral containers {name:?} may not be changed\n");
                causes.push(Cause::forbidden(FIELD, &detail));
            }
            None => {
                let detail = format!("existing ephemeral containers {name:?} may not be removed\n");
                causes.push(Cause::forbidden(FIELD, &detail));
            }
        }
    }
    for (index, container) in added(after).iter().enumerate() {
        let field = |name: &str| format!("{FIELD}[{index}].{name}");
        let text = |name: &str| object::text(container, &[name]);
        for name in ["name", "image"].into_iter().filter(|name| text(name).is_empty()) {
            causes.push(Cause::required(field(name), ""));
        }
        let namesakes =
            object::containers(after).filter(|other| object::text(other, &["name"]) == text("name"));
        if namesakes.count() > 1 {
            causes.push(Cause::duplicate(field("name"), &json!(text("name"))));
        }
        let target = text("targetContainerName");
        let is_there = |list: &str| {
            object::list(after, &["spec", list]).iter().any(|other| object::text(other, &["name"]) == target)
        };
        if !target.is_empty() && !is_there("containers") && !is_there("initContainers") {
            causes.push(Cause::not_found(field("targetContainerName"), &json!(target)));
        }
        for name in ["ports", "livenessProbe", "readinessProbe", "startupProbe", "lifecycle"] {
            if container.get(name).is_some() {
                causes.push(Cause::forbidden(field(name), "cannot be set for an Ephemeral Container"));
            }
        }
    }
    causes
}

/// No container may ask for more than it is limited to.
fn resources(container: &Value, field: &str, causes: &mut Vec<Cause>) {
    let limits = object::string_map(container, &["resources", "limits"]);
    for (resource, request) in object::string_map(container, &["resources", "requests"]) {
        let Some(limit) = limits.get(&resource) else { continue };
        let (asked, allowed) = (crate::quantity::parse_milli(&request), crate::quantity::parse_milli(limit));
        if let (Some(asked), Some(allowed)) = (asked, allowed)
            && asked > allowed
        {
            let detail = format!("must be less than or equal to {resource} limit of {limit}");
            causes.push(Cause::invalid(format!("{field}.resources.requests"), &json!(request), &detail));
        }
    }
}

fn signing_request(object: &Value, causes: &mut Vec<Cause>) {
    if let Some(seconds) = object::integer(object, &["spec", "expirationSeconds"])
        && seconds < 600
    {
        let detail = "may not specify a duration less than 600 seconds (10 minutes)";
        causes.push(Cause::invalid("spec.expirationSeconds", &json!(seconds), detail));
    }
    if object::text(object, &["spec", "signerName"]).is_empty() {
        causes.push(Cause::required("spec.signerName", ""));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::Registry;

    #[track_caller]
    fn check_name(plural: &str, name: &str, valid: bool) {
        let registry = Registry::new();
        let kind = registry.kinds().find(|kind| kind.plural == plural).unwrap();
        assert_eq!(super::name(kind, name).is_empty(), valid, "{plural} {name}");
    }

    #[test]
    fn names_are_as_their_kind_wants_them() {
        check_name("pods", "web-1.a", true);
        check_name("pods", "Bad_Name", false);
        check_name("pods", "-a", false);
        check_name("services", "a.b", false);
        check_name("roles", "system::a", true);
        check_name("roles", "a/b", false);
    }

    #[test]
    fn a_request_above_its_limit_is_refused() {
        let pods = Registry::new().find("", "v1", "pods").unwrap();
        let pod = json!({"metadata": {"name": "big"}, "spec": {"containers": [{"name": "c", "image": "x",
            "resources": {"requests": {"cpu": "40"}, "limits": {"cpu": "500m"}}}]}});
        let causes = check(&pods, &pod);
        assert_eq!(causes[0].field, "spec.containers[0].resources.requests");
        assert_eq!(
            causes[0].message,
            "Invalid value: \"40\": must be less than or equal to cpu limit of 500m"
        );
    }
}
