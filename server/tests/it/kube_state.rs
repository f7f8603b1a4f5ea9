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
}
