//! Rules that are made here, and rules that come with the server.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::server::ADMIN;
use crate::support::{Server, now_ms, series, wait_for};

const RULES: &str = "api/crowsnest/v1/rules";
const MINUTE: i64 = 60_000;

fn server(more: &[&str]) -> Server {
    let arguments = [&["--evaluation-interval", "1s"], more].concat();
    Server::start_with(&arguments)
}

fn send(request: reqwest::blocking::RequestBuilder, body: &Value) -> (u16, Value) {
    let response = request.bearer_auth(ADMIN).json(body).send().unwrap();
    let (status, text) = (response.status().as_u16(), response.text().unwrap());
    (status, serde_json::from_str(&text).unwrap_or(Value::Null))
}

fn alerts(server: &Server) -> Vec<Value> {
    let answer: Value = server.get("api/v1/alerts").bearer_auth(ADMIN).send().unwrap().json().unwrap();
    answer["data"]["alerts"].as_array().unwrap().clone()
}

fn saving(expr: &str, version: u64) -> Value {
    let rule = json!({"alert": "TooMuch", "expr": expr, "labels": {"severity": "page"}, "annotations": {"summary": "{{ $value }} of {{ $labels.pod }}"}});
    json!({"folder": "shop", "version": version, "rule": rule})
}

fn load(
    namespace: &str,
    values: impl Iterator<Item = (i64, f64)>,
) -> crowsnest_api::remote_write::TimeSeries {
    let samples: Vec<_> = values.collect();
    let mut series = series("load", &samples);
    let label = |name: &str, value: &str| crowsnest_api::remote_write::LabelPair {
        name: name.into(),
        value: value.into(),
    };
    series.labels.push(label("namespace", namespace));
    series.labels.push(label("pod", "web"));
    series.labels.sort_by(|a, b| a.name.cmp(&b.name));
    series
}

#[test]
fn a_rule_that_somebody_makes_sees_its_namespace_fires_is_changed_and_goes() {
    let mut server = server(&[]);
    let now = now_ms();
    server.push(vec![load("shop", [(now, 9.0)].into_iter()), load("data", [(now, 9.0)].into_iter())]);
    let (status, made) = send(server.post(RULES), &saving("load > 5", 0));
    assert_eq!(status, 200, "{made}");
    let firing = wait_for("the rule's alert", || alerts(&server).pop());
    assert_eq!(alerts(&server).len(), 1, "other namespaces are none of its business");
    assert_eq!(firing["labels"]["namespace"], "shop");
    assert_eq!(firing["annotations"]["summary"], "9 of web");
    assert_eq!(send(server.post(RULES), &saving("load > 5", 0)).0, 409, "its name is taken");
    assert_eq!(send(server.post(RULES), &saving("load >", 0)).0, 400);

    let path = format!("{RULES}/{}", made["id"].as_str().unwrap());
    assert_eq!(send(server.request(Method::PUT, &path), &saving("load > 50", 7)).0, 409);
    assert_eq!(send(server.request(Method::PUT, &path), &saving("load > 50", 1)).0, 200);
    wait_for("the end of the alert", || alerts(&server).is_empty().then_some(()));
    server.crash_and_restart();
    let kept: Value = server.get(RULES).bearer_auth(ADMIN).send().unwrap().json().unwrap();
    assert_eq!(
        (&kept["rules"][0]["version"], &kept["rules"][0]["rule"]["expr"]),
        (&json!(2), &json!("load > 50"))
    );
    assert_eq!(server.request(Method::DELETE, &path).bearer_auth(ADMIN).send().unwrap().status(), 204);
    let rules: Value = server.get("api/v1/rules").bearer_auth(ADMIN).send().unwrap().json().unwrap();
    assert_eq!(rules["data"]["groups"], json!([]));
    let audit = std::fs::read_to_string(server.data_dir().join("audit.log")).unwrap();
    for line in ["save-rule", "delete-rule", "shop/TooMuch"] {
        assert!(audit.contains(line), "{line}: {audit}");
    }
}

#[test]
fn a_preview_tells_when_a_rule_would_have_fired_what_is_odd_about_it_and_who_would_be_told() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("rules")).unwrap();
    let rules = "groups: [{name: g, rules: [{alert: Other, expr: load > 5}]}]\n";
    std::fs::write(folder.path().join("rules/r.yml"), rules).unwrap();
    // Nobody listens there; it would be told of otherwise.
    let config = "route: {receiver: ops, group_wait: 0s}\nreceivers: [{name: ops, slack_configs: [{api_url: 'http://127.0.0.1:1/secret', channel: '#a'}]}]\n";
    std::fs::write(folder.path().join("alertmanager.yml"), config).unwrap();
    let server = server(&["--provisioning", folder.path().to_str().unwrap()]);
    let now = now_ms();
    // High for five minutes, three times in the last half hour.
    let at = |minute: i64| (now - (30 - minute) * MINUTE, if minute % 10 < 5 { 9.0 } else { 1.0 });
    server.push(vec![load("shop", (0..=28).map(at))]);
    let asking = |expr: &str| {
        let rule = json!({"alert": "TooMuch", "expr": expr, "for": "2m", "annotations": {"summary": "{{ $value }} of {{ $labels.pod }}"}});
        json!({"folder": "shop", "hours": 1, "rule": rule})
    };
    let preview = format!("{RULES}/preview");
    let (status, past) = send(server.post(&preview), &asking("load > 5 unless missing{job=\"x\"}"));
    assert_eq!((status, &past["fired"]), (200, &json!(3)), "{past}");
    assert_eq!(past["never"], json!(["missing{job=\"x\"}"]));
    assert_eq!((&past["threshold"]["query"], &past["threshold"]["value"]), (&json!("load"), &json!(5.0)));
    assert_eq!(past["example"]["made_up"], false);
    let told = &past["told"][0];
    assert_eq!((&told["receiver"], &told["kind"]), (&json!("ops"), &json!("slack")));
    assert!(told["payload"].as_str().unwrap().contains("TooMuch"), "{told}");
    assert!(!told.to_string().contains("secret"), "{told}");

    let (_, same) = send(server.post(&preview), &asking("load > 5"));
    assert_eq!(
        (&same["duplicates"][0]["name"], &same["duplicates"][0]["same_query"]),
        (&json!("Other"), &json!(true))
    );
    let (_, never) = send(server.post(&preview), &asking("load > 50"));
    assert_eq!((&never["fired"], &never["example"]["made_up"]), (&json!(0), &json!(true)));
    let (status, wrong) = send(server.post(&preview), &asking("load >"));
    assert_eq!(status, 400);
    assert!(wrong["detail"].as_str().unwrap().contains("could not parse expression"), "{wrong}");
    // Nothing of it was told, and nothing is kept.
    let log: Value =
        server.get("api/crowsnest/v1/notifications").bearer_auth(ADMIN).send().unwrap().json().unwrap();
    assert_eq!(log["notifications"], json!([]));
    let kept: Value = server.get(RULES).bearer_auth(ADMIN).send().unwrap().json().unwrap();
    assert_eq!(kept["rules"], json!([]));
}

/// Selectors that match nothing in the demo, and why.
const EXPLAINED: &[(&str, &str)] = &[
    ("probe_ssl_earliest_cert_expiry", "there are no probes"),
    (
        "kube_pod_container_status_waiting_reason{reason=~\"CreateContainerConfigError|CreateContainerError|RunContainerError\"}",
        "nothing is broken in this way",
    ),
    ("kube_state_metrics_list_total{result=\"error\"}", "nothing has failed"),
];
/// What is broken in the demo on purpose, now and then or always.
const FINDS: &[&str] = &[
    "KubeContainerKilledForMemory",
    "KubeDeploymentReplicasMissing",
    "KubeImagePullFails",
    "KubeJobFailed",
    "KubeNodeLongCordoned",
    "KubeNodeNotReady",
    "KubePodCrashLooping",
    "KubePodNotReady",
    "KubePodUnschedulable",
    "KubeVolumeAlmostFull",
    "Watchdog",
];

#[test]
fn every_selector_of_the_rules_that_come_with_the_server_finds_series_and_only_what_is_broken_is_found() {
    let dir = tempfile::tempdir().unwrap();
    let (_demo, file) = crate::demo::start_with(
        dir.path(),
        &["--curated-rules", "certificates,kubernetes,nodes,stack,storage"],
    );
    let token = file["token"].as_str().unwrap();
    let ask = |expr: &str| {
        let query: String = expr.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let answer = crate::demo::ask(&file, token, &format!("api/v1/query?query={query}"));
        answer["data"]["result"].as_array().unwrap_or_else(|| panic!("{expr}: {answer}")).len()
    };
    for metric in
        ["kube_pod_info", "node_load1", "kubelet_volume_stats_used_bytes", "container_cpu_cfs_periods_total"]
    {
        wait_for(metric, || (ask(metric) > 0).then_some(()));
    }
    let groups = crate::demo::ask(&file, token, "api/v1/rules?type=alert");
    let groups = groups["data"]["groups"].as_array().unwrap().clone();
    let curated = groups.iter().filter(|group| group["file"].as_str().unwrap().starts_with("curated/"));
    let mut rules = 0;
    for rule in curated.flat_map(|group| group["rules"].as_array().unwrap()) {
        rules += 1;
        let (name, query) = (rule["name"].as_str().unwrap(), rule["query"].as_str().unwrap());
        crowsnest_promql::parse(query).unwrap().walk(&mut |node| {
            let crowsnest_promql::ast::ExprKind::Selector(selector) = &node.kind else { return };
            let mut bare = selector.clone();
            (bare.range, bare.modifiers) = (None, Default::default());
            let text = bare.to_string();
            if EXPLAINED.iter().all(|(known, _)| *known != text) {
                // Pods that crash run in between.
                let ever = format!("present_over_time({text}[1h])");
                wait_for(&format!("{name}: {text}"), || (ask(&ever) > 0).then_some(()));
            }
        });
        // Nodes are this machine, whose state is none of the test's business.
        if !name.starts_with("Node") && !FINDS.contains(&name) {
            // What passes soon is none of what it alerts of.
            wait_for(&format!("{name} to find nothing"), || (ask(query) == 0).then_some(()));
        }
    }
    assert!(rules > 50, "{rules}");
    for name in ["KubePodCrashLooping", "KubeJobFailed", "KubeVolumeAlmostFull"] {
        let rule = groups
            .iter()
            .flat_map(|group| group["rules"].as_array().unwrap())
            .find(|rule| rule["name"] == *name);
        let query = rule.unwrap()["query"].as_str().unwrap();
        wait_for(&format!("what is broken for {name}"), || (ask(query) > 0).then_some(()));
    }
}
