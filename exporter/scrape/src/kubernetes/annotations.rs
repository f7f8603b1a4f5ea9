//! Pods that ask to be scraped by annotations: `prometheus.io/scrape: "true"`, with `port`, `path`, `scheme` and `param_…`.

use crowsnest_api::Labels;

use super::pod::{Pod, pod_labels};
use crate::job::Job;
use crate::relabel::{Action, Rule, RuleError, RuleText};
use crate::target::ADDRESS;

const PORT_NUMBER: &str = "__meta_kubernetes_pod_container_port_number";

/// A rule as a row: action, source labels, expression, target label, replacement. What is empty has its default.
type Row = (Action, &'static [&'static str], &'static str, &'static str, &'static str);

/// As in the configuration that comes with Prometheus's chart, but for the labels of the pod, which would make a series of each
/// version that is rolled out.
const RULES: &[Row] = &[
    (Action::Keep, &["__meta_kubernetes_pod_annotation_prometheus_io_scrape"], "true", "", ""),
    (Action::Drop, &["__meta_kubernetes_pod_phase"], "Pending|Succeeded|Failed|Completed", "", ""),
    (
        Action::Replace,
        &["__meta_kubernetes_pod_annotation_prometheus_io_scheme"],
        "(https?)",
        "__scheme__",
        "",
    ),
    (
        Action::Replace,
        &["__meta_kubernetes_pod_annotation_prometheus_io_path"],
        "(.+)",
        "__metrics_path__",
        "",
    ),
    (Action::LabelMap, &[], "__meta_kubernetes_pod_annotation_prometheus_io_param_(.+)", "", "__param_$1"),
    (Action::Replace, &["__meta_kubernetes_namespace"], "", "namespace", ""),
    (Action::Replace, &["__meta_kubernetes_pod_name"], "", "pod", ""),
    (Action::Replace, &["__meta_kubernetes_pod_container_name"], "", "container", ""),
    (Action::Replace, &["__meta_kubernetes_pod_node_name"], "", "node", ""),
];

/// The job of pods that ask for it; everything but its rules is Prometheus's default.
///
/// # Errors
/// Never, but for a mistake in this file.
pub fn annotated_job() -> Result<Job, RuleError> {
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let rule = |(action, source, regex, target, replacement): &Row| {
        Rule::new(&RuleText {
            source_labels: source.iter().map(|name| (*name).to_owned()).collect(),
            regex: some(regex),
            target_label: (*target).to_owned(),
            replacement: some(replacement),
            action: *action,
            ..RuleText::default()
        })
    };
    let relabel = RULES.iter().map(rule).collect::<Result<_, _>>()?;
    Ok(Job { relabel, ..Job::new("kubernetes-pods") })
}

/// The label sets of a pod that are worth a look: those of ports by TCP, one where the annotation names the port, none where the pod
/// does not ask to be scraped.
pub fn annotated(pod: &Pod) -> Vec<Labels> {
    let annotation = |name: &str| pod.metadata.annotations.get(&format!("prometheus.io/{name}"));
    if annotation("scrape").is_none_or(|asks| asks != "true") {
        return Vec::new();
    }
    let all = pod_labels(pod).into_iter().filter(|labels| {
        let is = |name: &str, value: &str| labels.get(name).is_some_and(|found| found == value);
        !is("__meta_kubernetes_pod_container_init", "true")
            && !is("__meta_kubernetes_pod_container_port_protocol", "UDP")
            && !is("__meta_kubernetes_pod_container_port_protocol", "SCTP")
    });
    let mut all: Vec<Labels> = all.collect();
    let Some(port) = annotation("port").and_then(|port| port.trim().parse::<u16>().ok()) else {
        return all;
    };
    // The container that has this port, else the first one.
    let port = port.to_string();
    let owner = all.iter().position(|labels| labels.get(PORT_NUMBER).is_some_and(|number| *number == port));
    let chosen = owner.unwrap_or(0);
    if chosen >= all.len() {
        return Vec::new();
    }
    let chosen = all.swap_remove(chosen);
    let ip = chosen.get("__meta_kubernetes_pod_ip").map_or("", |ip| ip.as_str());
    let host = if ip.contains(':') { format!("[{ip}]") } else { ip.to_owned() };
    let mut labels = chosen.to_builder();
    labels.set(ADDRESS, format!("{host}:{port}"));
    vec![labels.build()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Target;

    fn targets(annotations: &str, ports: &str, phase: &str) -> Vec<String> {
        let pod = format!(
            r#"{{"metadata": {{"name": "p", "namespace": "n", "annotations": {annotations}, "labels": {{"app": "x"}}}},
              "spec": {{"nodeName": "node", "initContainers": [{{"name": "i"}}],
                "containers": [{{"name": "a", "ports": {ports}}}, {{"name": "b", "ports": [{{"containerPort": 9}}]}}]}},
              "status": {{"podIP": "10.0.0.1", "phase": {phase:?}}}}}"#
        );
        let (pod, job): (Pod, Job) = (serde_json::from_str(&pod).unwrap(), annotated_job().unwrap());
        let made = annotated(&pod).into_iter().filter_map(|labels| Target::new(&job, &labels).unwrap());
        made.map(|target| format!("{} {}", target.url(), target.labels)).collect()
    }

    const PORTS: &str = r#"[{"containerPort": 80}, {"containerPort": 53, "protocol": "UDP"}]"#;

    #[test]
    fn a_pod_that_does_not_ask_or_does_not_run_is_left_alone() {
        assert!(targets("{}", PORTS, "Running").is_empty());
        assert!(targets(r#"{"prometheus.io/scrape": "false"}"#, PORTS, "Running").is_empty());
        assert!(targets(r#"{"prometheus.io/scrape": "true"}"#, PORTS, "Succeeded").is_empty());
    }

    #[test]
    fn without_a_port_every_port_by_tcp_is_asked() {
        let found = targets(r#"{"prometheus.io/scrape": "true"}"#, PORTS, "Running");
        let labels = |container: &str, port: u16| {
            format!(
                r#"http://10.0.0.1:{port}/metrics {{container="{container}", instance="10.0.0.1:{port}", job="kubernetes-pods", namespace="n", node="node", pod="p"}}"#
            )
        };
        assert_eq!(found, [labels("a", 80), labels("b", 9)]);
    }

    #[test]
    fn annotations_name_port_path_scheme_and_parameters() {
        let all = r#"{"prometheus.io/scrape": "true", "prometheus.io/port": "9", "prometheus.io/path": "/x",
            "prometheus.io/scheme": "https", "prometheus.io/param_module": "m"}"#;
        let found = targets(all, PORTS, "Running");
        assert!(found[0].starts_with(r#"https://10.0.0.1:9/x?module=m {container="b","#), "{found:?}");
        let undeclared = r#"{"prometheus.io/scrape": "true", "prometheus.io/port": "1234"}"#;
        let found = targets(undeclared, PORTS, "Running");
        assert_eq!(found.len(), 1);
        assert!(found[0].starts_with(r#"http://10.0.0.1:1234/metrics {container="a","#), "{found:?}");
    }
}
