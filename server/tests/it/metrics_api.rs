//! `metrics.k8s.io` behind the API server's aggregation layer, and kubectl's `top`.

use std::path::Path;
use std::process::Command;

use crowsnest_kubesim::Options;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::cluster::Sim;
use crate::support::installed::{SERVER, assert_rights_fit, cluster, lead_to, serve};
use crate::support::push::labelled;
use crate::support::{Server, now_ms, wait_for};

const METRICS_API: &str = "metrics-api.yaml";
const ROOT: &str = "/apis/metrics.k8s.io/v1beta1";

/// Two pods and a node, and what they use.
fn scene() -> (Sim, Server) {
    let sim = cluster(&[METRICS_API], Options { life: crowsnest_kubesim::Life::Still, ..Options::default() });
    let server = serve(&sim, &[METRICS_API], &[]);
    lead_to(&sim, &server);
    for name in ["web-1", "web-2", "idle"] {
        sim.create_pod("shop", name);
    }
    let now = now_ms();
    let mut series = Vec::new();
    let mut push = |name: &str, labels: &[(&str, &str)], values: [f64; 2]| {
        let mut all =
            vec![("__name__", name), ("job", "kubelet"), ("instance", "node-1"), ("node", "node-1")];
        all.extend(labels);
        all.sort_unstable();
        series.push(labelled(&all, &[(now - 30_000, values[0]), (now - 15_000, values[1])]));
    };
    for (pod, cpu) in [("web-1", [100.0, 103.0]), ("web-2", [5.0, 5.15])] {
        // The same from two of the kubelet's pages does not count twice.
        for page in ["/metrics/cadvisor", "/metrics/resource"] {
            let labels = [("namespace", "shop"), ("pod", pod), ("container", "main"), ("metrics_path", page)];
            push("container_cpu_usage_seconds_total", &labels, cpu);
            push("container_memory_working_set_bytes", &labels, [0.0, 64.0 * 1024.0 * 1024.0]);
        }
    }
    push(
        "container_cpu_usage_seconds_total",
        &[("id", "/"), ("metrics_path", "/metrics/cadvisor")],
        [10.0, 17.5],
    );
    push(
        "container_memory_working_set_bytes",
        &[("id", "/"), ("metrics_path", "/metrics/cadvisor")],
        [0.0, 1_073_741_824.0],
    );
    server.push(series);
    wait_for("the API server's way to the server", || {
        let service = sim.ask(
            Method::GET,
            "/apis/apiregistration.k8s.io/v1/apiservices/v1beta1.metrics.k8s.io",
            &Value::Null,
        );
        service["spec"]["caBundle"].is_string().then_some(())
    });
    (sim, server)
}

fn names(list: &Value) -> Vec<&str> {
    list["items"].as_array().unwrap().iter().map(|item| item["metadata"]["name"].as_str().unwrap()).collect()
}

#[test]
fn nodes_and_pods_have_what_they_use_and_selectors_pick_among_them() {
    let (sim, _server) = scene();
    let get = |path: &str| sim.ask(Method::GET, &format!("{ROOT}/{path}"), &Value::Null);
    let nodes = get("nodes");
    assert_eq!((nodes["kind"].as_str(), names(&nodes)), (Some("NodeMetricsList"), vec!["node-1"]));
    assert_eq!(nodes["items"][0]["usage"], json!({"cpu": "500000000n", "memory": "1048576Ki"}));
    let pods = get("namespaces/shop/pods");
    // A pod of which nothing is known is left out.
    assert_eq!(names(&pods), ["web-1", "web-2"]);
    let containers = json!([{"name": "main", "usage": {"cpu": "200000000n", "memory": "65536Ki"}}]);
    assert_eq!(pods["items"][0]["containers"], containers);
    assert_eq!(pods["items"][0]["metadata"]["labels"], json!({"app": "web-1"}));
    assert_eq!(names(&get("pods")), ["web-1", "web-2"]);
    assert_eq!(names(&get("pods?labelSelector=app%3Dweb-2")), ["web-2"]);
    assert_eq!(names(&get("namespaces/data/pods")), [] as [&str; 0]);
    let one = get("namespaces/shop/pods/web-2");
    assert_eq!(
        (one["kind"].as_str(), one["containers"][0]["usage"]["cpu"].as_str()),
        (Some("PodMetrics"), Some("10000000n"))
    );
    assert_eq!(get("nodes/node-1")["kind"], "NodeMetrics");
    let kinds = sim.ask(Method::GET, ROOT, &Value::Null);
    assert_eq!(kinds["resources"][1]["kind"], "PodMetrics");
    assert_rights_fit(&sim, SERVER, METRICS_API, "crowsnest-metrics-api");
}

#[test]
fn only_the_api_server_is_answered_and_it_asks_for_whom_it_lets() {
    let (sim, server) = scene();
    let pods = format!("{ROOT}/namespaces/shop/pods");
    let direct = server.get(pods.trim_start_matches('/')).bearer_auth(sim.admin()).send().unwrap();
    assert_eq!(direct.status().as_u16(), 403);
    let ca = reqwest::Certificate::from_pem(sim.running.ca_pem().as_bytes()).unwrap();
    let client = reqwest::blocking::Client::builder().tls_certs_only([ca]).build().unwrap();
    let get = |path: &str, token: &str| {
        let response = client.get(format!("{}{path}", sim.running.url())).bearer_auth(token).send().unwrap();
        (response.status().as_u16(), response.json::<Value>().unwrap())
    };
    let missing = get(&format!("{pods}/none"), &sim.admin());
    assert_eq!(
        (missing.0, &missing.1["reason"], &missing.1["details"]["kind"]),
        (404, &json!("NotFound"), &json!("pods"))
    );
    let nobody = sim.running.token("shop", "default", 600);
    if let Ok(nobody) = nobody {
        assert_eq!(get(&pods, &nobody).0, 403, "by the API server");
    }
}

#[test]
fn kubectl_top_shows_nodes_and_pods() {
    let folder = tempfile::tempdir().unwrap();
    let unpacked = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/tools/bin/kubectl");
    let programs = [unpacked.to_str().unwrap(), "kubectl"];
    let works = |program: &&str| Command::new(program).args(["version", "--client"]).output().is_ok();
    let programs: Vec<&str> = programs.into_iter().filter(works).collect();
    if programs.is_empty() {
        println!("no kubectl here: `deploy/setup.sh test` unpacks Debian's");
        return;
    }
    let (sim, _server) = scene();
    let kubeconfig = folder.path().join("kubeconfig");
    std::fs::write(&kubeconfig, sim.running.admin_kubeconfig().unwrap()).unwrap();
    for program in programs {
        let top = |arguments: &[&str]| {
            let mut command = Command::new(program);
            command
                .env("HOME", folder.path())
                .arg("--kubeconfig")
                .arg(&kubeconfig)
                .arg("top")
                .args(arguments);
            let output = command.output().unwrap();
            let error = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(output.status.success(), "{program} top {arguments:?}: {error}");
            String::from_utf8_lossy(&output.stdout).into_owned()
        };
        let words = |text: &str, name: &str| -> Vec<String> {
            let line = text.lines().find(|line| line.contains(name)).unwrap_or_else(|| panic!("{text}"));
            line.split_whitespace().map(str::to_owned).collect()
        };
        assert_eq!(words(&top(&["pods", "-n", "shop"]), "web-1"), ["web-1", "200m", "64Mi"]);
        let containers = top(&["pods", "-n", "shop", "-l", "app=web-2", "--containers"]);
        assert_eq!(words(&containers, "web-2"), ["web-2", "main", "10m", "64Mi"]);
        assert_eq!(words(&top(&["nodes"]), "node-1")[..2], ["node-1", "500m"]);
    }
}
