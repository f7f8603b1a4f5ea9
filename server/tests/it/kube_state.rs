//! kube-state-metrics' families, made by the server of what it watches.

mod mixin;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::cluster::Sim;
use crate::support::{Server, wait_for};

/// A server that makes metrics of a cluster every second.
fn server(sim: &Sim, flags: &[&str]) -> Server {
    let kubeconfig = sim.kubeconfig();
    let kubeconfig = kubeconfig.to_str().unwrap();
    let mut all = vec!["--kubeconfig", kubeconfig, "--cluster-metrics-interval", "1s"];
    all.extend(flags);
    Server::start_with(&all)
}

/// Waits until a question has an answer, or has none.
fn wait_until(server: &Server, expr: &str, answered: bool) -> Vec<Value> {
    wait_for(expr, || Some(server.query(expr)).filter(|found| found.is_empty() != answered))
}

#[test]
fn an_object_has_its_series_for_as_long_as_it_is_there() {
    let sim = Sim::still();
    let server = server(&sim, &["--metric-labels-allowlist", "pods=[app]"]);
    let pod = sim.create_pod("shop", "web-1");
    let uid = pod["metadata"]["uid"].as_str().unwrap();
    let found = wait_until(&server, "kube_pod_info{pod=\"web-1\"}", true);
    let labels = json!({"__name__": "kube_pod_info", "job": "kube-state-metrics", "namespace": "shop", "pod": "web-1",
        "uid": uid, "host_network": "false"});
    assert_eq!(found[0]["metric"], labels);
    wait_until(&server, "kube_pod_labels{pod=\"web-1\", label_app=\"web-1\"}", true);

    // The old label's series ends when another takes its place; at no time is there both.
    sim.label_pod("shop", "web-1", "app", "other");
    wait_until(&server, "kube_pod_labels{label_app=\"other\"}", true);
    assert_eq!(server.query("kube_pod_labels{pod=\"web-1\"}").len(), 1);

    sim.delete("/api/v1/namespaces/shop/pods/web-1");
    wait_until(&server, "{job=\"kube-state-metrics\", pod=\"web-1\"}", false);
    let (_, metadata) = server.ask("api/v1/metadata", &[("metric", "kube_pod_info")]);
    let told = json!([{"type": "gauge", "help": "[STABLE] Information about pod.", "unit": ""}]);
    assert_eq!(metadata["data"]["kube_pod_info"], told);
}

#[test]
fn samples_are_on_the_clock_and_the_writer_counts_its_lists() {
    let sim = Sim::still();
    let server = server(&sim, &[]);
    let replicas = "kube_deployment_spec_replicas{deployment=\"web\", namespace=\"shop\"}";
    wait_until(&server, &format!("count_over_time({replicas}[1m]) > 2"), true);
    for (at, value) in server.samples(replicas) {
        assert_eq!((at % 1000, value.as_str()), (0, "0"));
    }
    let lists = "kube_state_metrics_list_total{resource=\"*v1.Pod\", result=\"success\"} == 1";
    wait_until(&server, lists, true);
    wait_until(
        &server,
        "kube_state_metrics_watch_total{resource=\"*v1.Node\", result=\"success\"} >= 1",
        true,
    );
    wait_until(&server, "up{job=\"kube-state-metrics\"} == 1", true);
    assert!(server.query("kube_state_metrics_list_total{resource=\"*v1.Secret\"}").is_empty());
}

#[test]
fn what_went_while_the_server_was_away_has_ended_when_it_is_back() {
    let sim = Sim::still();
    let mut server = server(&sim, &[]);
    sim.create_pod("shop", "web-1");
    sim.create_pod("shop", "web-2");
    wait_until(&server, "kube_pod_info{pod=\"web-1\"} and on() kube_pod_info{pod=\"web-2\"}", true);
    server.kill();
    sim.delete("/api/v1/namespaces/shop/pods/web-1");
    server.restart();
    wait_until(&server, "kube_pod_info{pod=\"web-1\"}", false);
    wait_until(&server, "kube_pod_info{pod=\"web-2\"}", true);
}

#[test]
fn a_kind_that_may_not_be_listed_has_no_series_and_that_is_said_once() {
    let sim = Sim::still();
    let viewer = sim.running.kubeconfig("shop", "viewer", 3600).unwrap();
    std::fs::write(sim.kubeconfig(), viewer).unwrap();
    let server = server(&sim, &["--cluster-metrics", "pods,nodes"]);
    let refused = "kube_state_metrics_list_total{resource=\"*v1.Pod\", result=\"error\"} == 1";
    wait_until(&server, refused, true);
    let log = server.log();
    let lines: Vec<&str> =
        log.lines().filter(|line| line.contains("no metrics are made of this kind")).collect();
    assert_eq!(lines.len(), 2, "{log}");
    assert!(server.query("{__name__=~\"kube_(pod|node)_.+\"}").is_empty());
}

#[test]
fn a_watch_goes_on_after_the_api_server_was_away_or_has_hung_up() {
    let sim = Sim::still();
    let server = server(&sim, &["--cluster-metrics", "pods"]);
    sim.create_pod("shop", "before");
    wait_until(&server, "kube_pod_info{pod=\"before\"}", true);
    sim.running.drop_watches();
    sim.create_pod("shop", "between");
    wait_until(&server, "kube_pod_info{pod=\"between\"}", true);
    sim.cut(true);
    sim.cut(false);
    sim.create_pod("shop", "after");
    wait_until(&server, "kube_pod_info{pod=\"after\"}", true);
    assert_eq!(server.query("kube_pod_info").len(), 3);
}

#[test]
fn secrets_show_their_types_and_nothing_of_what_is_in_them_is_asked_for() {
    let sim = Sim::still();
    let server = server(&sim, &["--cluster-metrics", "secrets"]);
    wait_until(&server, "kube_secret_info{secret=\"db-credentials\"}", true);
    let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "late"}, "type": "example.org/odd",
        "data": {"key": "dmFsdWU="}});
    sim.create("/api/v1/namespaces/shop/secrets", &secret);
    wait_until(&server, "kube_secret_type{secret=\"late\", type=\"example.org/odd\"}", true);
    sim.delete("/api/v1/namespaces/shop/secrets/late");
    wait_until(&server, "kube_secret_type{secret=\"late\"}", false);
}

/// Installs a kind of custom resources.
fn define(sim: &Sim, plural: &str, kind: &str) {
    let anything = json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true});
    let definition = json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": format!("{plural}.example.org")},
        "spec": {"group": "example.org", "scope": "Namespaced",
            "names": {"plural": plural, "singular": kind.to_lowercase(), "kind": kind, "listKind": format!("{kind}List")},
            "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": anything}}]},
    });
    sim.create("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", &definition);
}

#[test]
fn custom_resources_have_the_families_that_a_file_says() {
    let sim = Sim::still();
    let file = sim.kubeconfig().with_file_name("custom-resources.yaml");
    let text = "\
kind: CustomResourceStateMetrics
spec:
  resources:
    - groupVersionKind: {group: example.org, version: '*', kind: '*'}
      metricNamePrefix: kube
      labelsFromPath: {namespace: [metadata, namespace], name: [metadata, name]}
      metrics:
        - name: size
          help: How large it is.
          each: {type: Gauge, gauge: {path: [spec, size]}}
        - name: phase
          help: How it is.
          each: {type: StateSet, stateSet: {path: [status, phase], labelName: phase, list: [Ready, Broken]}}
";
    std::fs::write(&file, text).unwrap();
    define(&sim, "widgets", "Widget");
    let gear = json!({"apiVersion": "example.org/v1", "kind": "Widget", "metadata": {"name": "gear"}, "spec": {"size": 3},
        "status": {"phase": "Ready"}});
    sim.create("/apis/example.org/v1/namespaces/shop/widgets", &gear);
    let server = server(
        &sim,
        &["--cluster-metrics", "none", "--custom-resource-state-config-file", file.to_str().unwrap()],
    );
    let found = wait_until(&server, "kube_size == 3", true);
    let labels = json!({"__name__": "kube_size", "job": "kube-state-metrics", "namespace": "shop", "name": "gear",
        "customresource_group": "example.org", "customresource_version": "v1", "customresource_kind": "Widget"});
    assert_eq!(found[0]["metric"], labels);
    assert_eq!(server.query("kube_phase{phase=\"Ready\"} == 1").len(), 1);
    assert_eq!(server.query("kube_phase{phase=\"Broken\"} == 0").len(), 1);
    let (_, metadata) = server.ask("api/v1/metadata", &[("metric", "kube_size")]);
    assert_eq!(metadata["data"]["kube_size"][0]["help"], "How large it is.");

    // A kind that is installed later is found, and its objects have series as long as they are there.
    define(&sim, "gadgets", "Gadget");
    let gadget = json!({"apiVersion": "example.org/v1", "kind": "Gadget", "metadata": {"name": "late"}, "spec": {"size": 8}});
    sim.create("/apis/example.org/v1/namespaces/shop/gadgets", &gadget);
    wait_until(&server, "kube_size{customresource_kind=\"Gadget\"} == 8", true);
    sim.delete("/apis/example.org/v1/namespaces/shop/gadgets/late");
    wait_until(&server, "kube_size{customresource_kind=\"Gadget\"}", false);
}

#[test]
fn of_two_servers_one_writes_and_the_other_takes_over_when_it_goes() {
    let sim = Sim::still();
    let lease = ["--cluster-metrics", "namespaces", "--cluster-metrics-lease", "crowsnest/metrics"];
    let mut first = server(&sim, &lease);
    let phases = "kube_namespace_status_phase{namespace=\"shop\", phase=\"Active\"}";
    wait_until(&first, phases, true);
    let path = "/apis/coordination.k8s.io/v1/namespaces/crowsnest/leases/metrics";
    let holder =
        || sim.ask(Method::GET, path, &Value::Null)["spec"]["holderIdentity"].as_str().unwrap().to_owned();
    let held = holder();
    let second = server(&sim, &lease);
    std::thread::sleep(std::time::Duration::from_secs(5));
    assert!(second.query(phases).is_empty(), "two write at once");
    assert_eq!(holder(), held);
    // Nobody knows whose turn it is while the API server is away; who wrote goes on.
    sim.cut(true);
    std::thread::sleep(std::time::Duration::from_secs(3));
    let fresh = format!("timestamp({phases}) > time() - 2");
    assert_eq!((first.query(&fresh).len(), second.query(phases).len()), (1, 0));
    sim.cut(false);
    assert!(first.terminate());
    wait_until(&second, phases, true);
    let spec = sim.ask(Method::GET, path, &Value::Null)["spec"].clone();
    assert!(spec["holderIdentity"] != json!(held) && spec["leaseTransitions"] == 1, "{spec}");
}

#[test]
fn settings_that_make_no_sense_are_refused() {
    let check = |flags: &[&str], told: &str| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_crowsnest"));
        let output = command.arg("serve").args(["--auth", "none"]).args(flags).output().unwrap();
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && error.contains(told), "{error}");
    };
    check(&["--cluster-metrics", "pods,events"], "there are no metrics of \"events\"");
    check(&["--metric-labels-allowlist", "pods"], "no list such as pods=[app");
    check(&["--metric-labels-allowlist", "pod=[app]"], "there are no metrics of \"pod\"");
    check(&["--cluster-metrics-lease", "name"], "is not NAMESPACE/NAME");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("custom.yaml");
    std::fs::write(
        &file,
        "spec:\n  resources:\n    - groupVersionKind: {group: a.io, version: v1, kind: A}\n",
    )
    .unwrap();
    let file = file.to_str().unwrap();
    check(&["--custom-resource-state-config-file", file], &format!("{file}:3:7: a resource has no metrics"));
}
