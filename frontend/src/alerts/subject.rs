//! The object that an alert is about.

use crowsnest_api::Labels;

use super::label;
use crate::kinds;
use crate::router::Page;

/// Labels that name objects of namespaces, and their kinds; the most exact first.
const OBJECTS: &[(&str, &str)] = &[
    ("pod", "pods"),
    ("deployment", "deployments"),
    ("statefulset", "statefulsets"),
    ("daemonset", "daemonsets"),
    ("job_name", "jobs"),
    ("cronjob", "cronjobs"),
    ("persistentvolumeclaim", "persistentvolumeclaims"),
    ("horizontalpodautoscaler", "horizontalpodautoscalers"),
    ("service", "services"),
];

/// The page of the object that the labels name, and what it is called.
pub(crate) fn page_of(labels: &Labels) -> Option<(Page, String)> {
    let namespace = label(labels, "namespace");
    for (name, kind) in OBJECTS {
        let value = label(labels, name);
        if !value.is_empty() && !namespace.is_empty() {
            return Some((kinds::find(kind)?.object_page(namespace, value), value.to_owned()));
        }
    }
    let node = label(labels, "node");
    if !node.is_empty() {
        return Some((Page::Node(node.to_owned()), node.to_owned()));
    }
    let page = kinds::find("namespaces")?.object_page("", namespace);
    (!namespace.is_empty()).then(|| (page, namespace.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(labels: &[(&str, &str)], expected: Option<&str>) {
        let found = page_of(&Labels::from_pairs(labels.iter().copied()));
        let address = found.map(|(page, _)| crate::router::Route::to(page).to_string());
        assert_eq!(address.as_deref(), expected, "{labels:?}");
    }

    #[test]
    fn the_most_exact_object_is_found() {
        check(&[("namespace", "shop"), ("pod", "web-1"), ("node", "n")], Some("#/pods/shop/web-1"));
        check(&[("namespace", "shop"), ("deployment", "web")], Some("#/deployments/shop/web"));
        check(&[("node", "demo-1")], Some("#/nodes/demo-1"));
        check(&[("namespace", "shop")], Some("#/namespaces/shop"));
        check(&[("pod", "web-1")], None);
        check(&[], None);
    }
}
