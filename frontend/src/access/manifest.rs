//! A Role that gives what is missing, ready for an administrator to apply.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crowsnest_api::access::Right;

const SERVICE_ACCOUNT: &str = "system:serviceaccount:";

/// Roles with these rights and their bindings to a user, YAML. One pair for each namespace, and one for the whole cluster.
pub(crate) fn role_manifest(user: &str, rights: &[Right]) -> String {
    let mut places: BTreeMap<&str, Vec<&Right>> = BTreeMap::new();
    for right in rights {
        places.entry(&right.namespace).or_default().push(right);
    }
    let documents: Vec<String> =
        places.iter().map(|(namespace, rights)| pair(user, namespace, rights)).collect();
    documents.join("---\n")
}

/// A role and its binding.
fn pair(user: &str, namespace: &str, rights: &[&Right]) -> String {
    let (role, binding) = match namespace {
        "" => ("ClusterRole", "ClusterRoleBinding"),
        _ => ("Role", "RoleBinding"),
    };
    let name = role_name(rights);
    let mut out = String::new();
    // Writing to a String cannot fail.
    let _ = head(&mut out, role, namespace, &name);
    out.push_str("rules:\n");
    for right in rights {
        let _ = rule(&mut out, right);
    }
    out.push_str("---\n");
    let _ = head(&mut out, binding, namespace, &name);
    let _ = write!(
        out,
        "roleRef:\n  apiGroup: rbac.authorization.k8s.io\n  kind: {role}\n  name: {}\nsubjects:\n{}",
        quoted(&name),
        subject(user)
    );
    out
}

fn head(out: &mut String, kind: &str, namespace: &str, name: &str) -> std::fmt::Result {
    write!(
        out,
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: {kind}\nmetadata:\n  name: {}\n",
        quoted(name)
    )?;
    if namespace.is_empty() { Ok(()) } else { writeln!(out, "  namespace: {}", quoted(namespace)) }
}

fn rule(out: &mut String, right: &Right) -> std::fmt::Result {
    let resource = right.full_resource();
    writeln!(
        out,
        "- apiGroups: [{}]\n  resources: [{}]\n  verbs: [{}]",
        quoted(&right.group),
        quoted(&resource),
        quoted(&right.verb)
    )?;
    if right.name.is_empty() { Ok(()) } else { writeln!(out, "  resourceNames: [{}]", quoted(&right.name)) }
}

fn subject(user: &str) -> String {
    let account = user.strip_prefix(SERVICE_ACCOUNT).and_then(|account| account.split_once(':'));
    match account {
        Some((namespace, name)) => {
            format!("- kind: ServiceAccount\n  name: {}\n  namespace: {}\n", quoted(name), quoted(namespace))
        }
        None => {
            format!("- kind: User\n  apiGroup: rbac.authorization.k8s.io\n  name: {}\n", quoted(user))
        }
    }
}

/// A name that says what the role is for: `crowsnest-create-pods-exec`.
fn role_name(rights: &[&Right]) -> String {
    let Some(first) = rights.first() else { return "crowsnest".to_owned() };
    let words = format!("crowsnest-{}-{}", first.verb, first.full_resource());
    let more = if rights.len() > 1 { "-and-more" } else { "" };
    let name: String = words
        .chars()
        .map(|letter| if letter.is_ascii_alphanumeric() { letter.to_ascii_lowercase() } else { '-' })
        .collect();
    format!("{}{more}", name.trim_end_matches('-'))
}

/// A YAML string whatever it holds: JSON's are YAML's, too.
fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_and_its_binding_give_what_is_missing_in_a_namespace() {
        let exec = Right::to("create", "", "pods", "shop").below("exec");
        let expected = r#"apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata:
  name: "crowsnest-create-pods-exec"
  namespace: "shop"
rules:
- apiGroups: [""]
  resources: ["pods/exec"]
  verbs: ["create"]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata:
  name: "crowsnest-create-pods-exec"
  namespace: "shop"
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: Role
  name: "crowsnest-create-pods-exec"
subjects:
- kind: ServiceAccount
  name: "viewer"
  namespace: "shop"
"#;
        assert_eq!(role_manifest("system:serviceaccount:shop:viewer", &[exec]), expected);
    }

    #[test]
    fn what_is_missing_in_the_cluster_and_in_a_namespace_takes_two_pairs() {
        let rights = [
            Right::to("get", "", "nodes", ""),
            Right::to("update", "apps", "deployments", "shop").named("web"),
            Right::to("list", "", "pods", ""),
        ];
        let text = role_manifest("o'neil \"x\"", &rights);
        assert_eq!(text.matches("\n---\n").count(), 3, "{text}");
        assert_eq!(text.matches("kind: ClusterRoleBinding").count(), 1);
        assert!(text.contains(r#"resourceNames: ["web"]"#), "{text}");
        assert!(text.contains(r#"name: "o'neil \"x\"""#), "{text}");
        assert!(text.contains(r#"name: "crowsnest-get-nodes-and-more""#), "{text}");
    }
}
