//! What objects mean: which of what is discovered are targets, asked at which URL, with which labels.

use crowsnest_api::Labels;
use serde_json::{Value, json};

use super::*;
use crate::job::Honor;
use crate::kubernetes::{EndpointStyle, endpoint_labels};
use crate::kubernetes::{Endpoints, Pod, Service, pod_labels};
use crate::target::Target;

fn monitored(kind: MonitorKind, spec: &Value) -> Monitored {
    let object = json!({"metadata": {"name": "m", "namespace": "shop", "managedFields": []}, "spec": spec});
    serde_json::from_value::<Monitor>(object).unwrap().translate(kind)
}

/// The only job of an object that means one.
#[track_caller]
fn job(kind: MonitorKind, spec: &Value) -> ScrapeJob {
    let found = monitored(kind, spec);
    assert_eq!((found.jobs.len(), found.faults.as_slice()), (1, [].as_slice()), "{found:?}");
    found.jobs[0].clone()
}

fn pods() -> Vec<Pod> {
    let one = |name: &str, phase: &str| {
        json!({
            "metadata": {"name": name, "namespace": "shop", "labels": {"app": name, "version": "v1"}},
            "spec": {"containers": [{"name": "main", "ports": [{"name": "web", "containerPort": 8080}, {"name": "metrics", "containerPort": 9113}]}]},
            "status": {"podIP": "10.1.0.1", "phase": phase},
        })
    };
    [one("front", "Running"), one("back", "Running"), one("old", "Succeeded")]
        .map(|pod| serde_json::from_value(pod).unwrap())
        .into()
}

/// What discovery finds behind one Service with one pod, which has a port that the Service does not have.
fn behind_a_service() -> Vec<Labels> {
    let service = json!({"metadata": {"name": "web", "namespace": "shop", "labels": {"app.kubernetes.io/name": "shop", "tier": "front", "team": "a"}}});
    let endpoints = json!({
        "metadata": {"name": "web", "namespace": "shop"},
        "subsets": [{"ports": [{"name": "http", "port": 8080}],
            "addresses": [{"ip": "10.1.0.1", "targetRef": {"kind": "Pod", "name": "front", "namespace": "shop"}}]}],
    });
    let service: Service = serde_json::from_value(service).unwrap();
    let endpoints: Endpoints = serde_json::from_value(endpoints).unwrap();
    let services = [(service.key(), service)].into();
    let pods = pods().into_iter().map(|pod| (pod.key(), pod)).collect();
    let slices = endpoints.into_slices();
    slices
        .iter()
        .flat_map(|slice| endpoint_labels(slice, EndpointStyle::Endpoints, &services, &pods))
        .collect()
}

/// The targets of a job among what was discovered.
fn targets(job: &ScrapeJob, discovered: &[Labels]) -> Vec<String> {
    let shown = |target: Target| format!("{} {}", target.url(), target.labels);
    discovered.iter().filter_map(|labels| Target::new(&job.job, labels).unwrap()).map(shown).collect()
}

#[track_caller]
fn check_service(spec: &Value, expected: &[&str]) {
    assert_eq!(targets(&job(MonitorKind::Service, spec), &behind_a_service()), expected);
}

#[track_caller]
fn check_pod(spec: &Value, expected: &[&str]) {
    let discovered: Vec<Labels> = pods().iter().flat_map(pod_labels).collect();
    assert_eq!(targets(&job(MonitorKind::Pod, spec), &discovered), expected);
}

#[test]
fn a_service_monitor_has_a_job_for_each_endpoint_with_its_settings() {
    let found = monitored(
        MonitorKind::Service,
        &json!({
            "selector": {}, "sampleLimit": 5, "labelLimit": 6, "labelNameLengthLimit": 7, "labelValueLengthLimit": 8,
            "targetLimit": 9, "bodySizeLimit": "1KB", "scrapeProtocols": ["PrometheusProto"], "scrapeClassicHistograms": true,
            "namespaceSelector": {"matchNames": ["a", "b"]},
            "endpoints": [{"port": "http"}, {
                "interval": "1m", "scrapeTimeout": "15s", "path": "/m", "scheme": "HTTPS", "params": {"x": ["1", "2"]},
                "honorLabels": true, "honorTimestamps": false, "trackTimestampsStaleness": true,
                "tlsConfig": {"insecureSkipVerify": true, "caFile": "", "serverName": "any", "ca": {"secret": {"name": "s", "key": "k"}}},
                "bearerTokenSecret": {"key": ""}, "followRedirects": true,
                "metricRelabelings": [{"action": "drop", "sourceLabels": ["__name__"], "regex": "x"}],
            }],
        }),
    );
    assert_eq!(found.faults, []);
    let [plain, full] = found.jobs.as_slice() else { panic!("{found:?}") };
    let (plain, http, full) = (&plain.job, &full.http, &full.job);
    assert_eq!(
        (plain.name.as_str(), full.name.as_str()),
        ("serviceMonitor/shop/m/0", "serviceMonitor/shop/m/1")
    );
    assert_eq!((plain.interval, plain.timeout), (Duration::from_secs(30), Duration::from_secs(10)));
    assert_eq!((full.interval, full.timeout), (Duration::from_secs(60), Duration::from_secs(15)));
    assert_eq!((full.metrics_path.as_str(), full.scheme.as_str()), ("/m", "https"));
    assert_eq!(full.params, [("x".to_owned(), vec!["1".to_owned(), "2".to_owned()])]);
    assert_eq!((full.honor_labels, full.honor_timestamps), (Honor::Page, Honor::Target));
    assert!(full.track_timestamps_staleness && full.always_scrape_classic_histograms);
    assert!(http.tls.insecure_skip_verify && full.metric_relabel.len() == 1);
    let limits = Limits {
        body_bytes: 1024,
        samples: 5,
        labels: 6,
        label_name_bytes: 7,
        label_value_bytes: 8,
        targets: 9,
    };
    assert_eq!(full.limits, limits);
    assert_eq!(full.protocols, [Protocol::named("PrometheusProto").unwrap()]);
    assert_eq!(found.jobs[0].discoveries.kubernetes[0].namespaces, ["a", "b"]);
}

#[test]
fn namespaces_are_the_objects_own_unless_it_says_otherwise() {
    for (selector, expected) in
        [(json!({}), vec!["shop"]), (json!({"matchNames": ["x"]}), vec!["x"]), (json!({"any": true}), vec![])]
    {
        let spec = json!({"namespaceSelector": selector, "endpoints": [{}]});
        assert_eq!(job(MonitorKind::Service, &spec).discoveries.kubernetes[0].namespaces, expected);
    }
}

#[test]
fn what_is_behind_a_service_has_the_labels_of_prometheus_operator() {
    check_service(
        &json!({"selector": {"matchLabels": {"tier": "front"}}, "endpoints": [{"port": "http"}]}),
        &[
            r#"http://10.1.0.1:8080/metrics {container="main", endpoint="http", instance="10.1.0.1:8080", job="web", namespace="shop", pod="front", service="web"}"#,
        ],
    );
    // A port that only the container has, labels of both, and rules of its own.
    check_service(
        &json!({
            "jobLabel": "app.kubernetes.io/name", "targetLabels": ["team", "nothing"], "podTargetLabels": ["version"],
            "endpoints": [{"targetPort": "metrics", "relabelings": [
                {"sourceLabels": ["__tmp_prometheus_job_name"], "targetLabel": "from"},
                {"action": "LabelDrop", "regex": "container|pod"}]}],
        }),
        &[
            r#"http://10.1.0.1:9113/metrics {endpoint="metrics", from="serviceMonitor/shop/m/0", instance="10.1.0.1:9113", job="shop", namespace="shop", service="web", team="a", version="v1"}"#,
        ],
    );
    check_service(
        &json!({"jobLabel": "nothing", "endpoints": [{"targetPort": 9113, "relabelings": [{"action": "labelkeep", "regex": "__.*|job|endpoint"}]}]}),
        &[r#"http://10.1.0.1:9113/metrics {endpoint="9113", instance="10.1.0.1:9113", job="web"}"#],
    );
}

#[test]
fn an_endpoint_that_names_no_port_is_all_ports() {
    for endpoint in [json!({}), json!({"port": "", "targetPort": 0}), json!({"targetPort": ""})] {
        let found =
            targets(&job(MonitorKind::Service, &json!({"endpoints": [endpoint]})), &behind_a_service());
        assert!(found.len() == 2 && !found[0].contains("endpoint="), "{found:?}");
    }
}

#[test]
fn long_expressions_are_fine() {
    let names: Vec<String> = (0..500).map(|at| format!("some_(metric|series)_{at}_[a-z]+_total")).collect();
    let rule = json!({"action": "drop", "sourceLabels": ["__name__"], "regex": names.join("|")});
    job(MonitorKind::Service, &json!({"endpoints": [{"metricRelabelings": [rule]}]}));
}

#[test]
fn services_are_selected_by_their_labels() {
    let number = |selector: Value| {
        let spec = json!({"selector": selector, "endpoints": [{"port": "http"}]});
        targets(&job(MonitorKind::Service, &spec), &behind_a_service()).len()
    };
    let expression = |key: &str, operator: &str, values: &[&str]| json!({"matchExpressions": [{"key": key, "operator": operator, "values": values}]});
    for (selector, expected) in [
        (json!({}), 1),
        (json!({"matchLabels": {"tier": "back"}}), 0),
        (json!({"matchLabels": {"tier": "front", "app.kubernetes.io/name": "shop"}}), 1),
        (json!({"matchLabels": {"tier": "fron."}}), 0),
        (json!({"matchLabels": {"nothing": ""}}), 0),
        (expression("tier", "In", &["back", "front"]), 1),
        (expression("tier", "In", &["back"]), 0),
        (expression("tier", "NotIn", &["back"]), 1),
        (expression("tier", "NotIn", &["front"]), 0),
        (expression("nothing", "NotIn", &["front"]), 1),
        (expression("tier", "Exists", &[]), 1),
        (expression("nothing", "Exists", &[]), 0),
        (expression("tier", "DoesNotExist", &[]), 0),
        (expression("nothing", "DoesNotExist", &[]), 1),
    ] {
        assert_eq!(number(selector.clone()), expected, "{selector}");
    }
}

#[test]
fn pods_have_the_labels_of_prometheus_operator_and_those_that_have_ended_are_left_alone() {
    let front = r#"http://10.1.0.1:9113/metrics {container="main", endpoint="metrics", instance="10.1.0.1:9113", job="shop/m", namespace="shop", pod="front"}"#;
    let back = front.replace("front", "back");
    check_pod(&json!({"podMetricsEndpoints": [{"port": "metrics"}]}), &[front, &back]);
    check_pod(
        &json!({"selector": {"matchLabels": {"app": "front"}}, "podMetricsEndpoints": [{"targetPort": "metrics"}]}),
        &[front],
    );
    check_pod(
        &json!({"jobLabel": "app", "podTargetLabels": ["version"], "selector": {"matchLabels": {"app": "old"}},
            "podMetricsEndpoints": [{"portNumber": 8080, "filterRunning": false}]}),
        &[
            r#"http://10.1.0.1:8080/metrics {container="main", endpoint="8080", instance="10.1.0.1:8080", job="old", namespace="shop", pod="old", version="v1"}"#,
        ],
    );
}

#[test]
fn a_probe_asks_its_prober_about_each_target() {
    let spec = json!({
        "jobName": "pages", "interval": "5s", "module": "http_2xx", "prober": {"url": "blackbox:9115", "scheme": "https"},
        "targets": {"staticConfig": {"static": ["https://a.example.org/", "b"], "labels": {"team": "x"},
            "relabelingConfigs": [{"action": "drop", "sourceLabels": ["instance"], "regex": "b"}]}},
    });
    let probe = job(MonitorKind::Probe, &spec);
    assert_eq!((probe.job.name.as_str(), probe.job.timeout), ("probe/shop/m", Duration::from_secs(5)));
    assert_eq!(
        targets(&probe, &probe.discoveries.static_targets),
        [
            r#"https://blackbox:9115/probe?module=http_2xx&target=https%3A%2F%2Fa.example.org%2F {instance="https://a.example.org/", job="pages", namespace="shop", team="x"}"#
        ]
    );
    let spec = json!({
        "prober": {"url": "self", "path": "/p"}, "params": [{"name": "x", "values": ["y"]}],
        "targets": {"ingress": {"selector": {"matchLabels": {"probe": "yes"}}, "namespaceSelector": {"any": true}}},
    });
    let probe = job(MonitorKind::Probe, &spec);
    assert_eq!(probe.discoveries.kubernetes[0].role, crate::config::KubernetesRole::Ingress);
    let ingress = json!({"metadata": {"name": "i", "namespace": "n", "labels": {"probe": "yes"}},
        "spec": {"rules": [{"host": "a.example.org", "http": {"paths": [{"path": "/x"}]}}]}});
    let found = crate::kubernetes::ingress_labels(&serde_json::from_value(ingress).unwrap());
    assert_eq!(
        targets(&probe, &found),
        [
            r#"http://self/p?target=http%3A%2F%2Fa.example.org%2Fx&x=y {ingress="i", instance="http://a.example.org/x", job="probe/shop/m", namespace="n"}"#
        ]
    );
}

/// What is told of an endpoint, whose neighbour goes on.
#[track_caller]
fn check_refused(endpoint: &Value, expected: &str) {
    for (kind, field) in [(MonitorKind::Service, "endpoints"), (MonitorKind::Pod, "podMetricsEndpoints")] {
        let found = monitored(kind, &json!({field: [endpoint, {"port": "http"}]}));
        let names: Vec<&str> = found.jobs.iter().map(|job| job.job.name.as_str()).collect();
        assert_eq!(names, [format!("{}/shop/m/1", kind.prefix())]);
        let faults: Vec<String> = found.faults.iter().map(ToString::to_string).collect();
        assert!(faults.len() == 1 && faults[0].starts_with(&format!("{field}[0]")), "{faults:?}");
        assert!(faults[0].contains(expected), "{faults:?}");
    }
}

#[test]
fn an_object_cannot_have_the_server_read_secrets_or_files_and_only_that_endpoint_is_left_out() {
    let secret = json!({"name": "s", "key": "k"});
    let token = "/var/run/secrets/kubernetes.io/serviceaccount/token";
    for (endpoint, expected) in [
        (json!({"bearerTokenFile": token}), "[0].bearerTokenFile: an object cannot name files"),
        (json!({"bearerTokenSecret": secret}), "[0].bearerTokenSecret: the server does not read Secrets"),
        (json!({"basicAuth": {"username": secret}}), "[0].basicAuth: the server does not read Secrets"),
        (
            json!({"authorization": {"credentials": secret}}),
            "[0].authorization: the server does not read Secrets",
        ),
        (json!({"oauth2": {"tokenUrl": "http://x"}}), "[0].oauth2: "),
        (json!({"proxyUrl": "http://x"}), "[0].proxyUrl: targets are asked directly"),
        (
            json!({"tlsConfig": {"ca": {"secret": secret}}}),
            "[0].tlsConfig.ca: the server does not read Secrets",
        ),
        (json!({"tlsConfig": {"caFile": "/x"}}), "[0].tlsConfig.caFile: an object cannot name files"),
        (json!({"tlsConfig": {"keyFile": "/x", "insecureSkipVerify": true}}), "[0].tlsConfig.keyFile: "),
        (json!({"tlsConfig": {"serverName": "x"}}), "[0].tlsConfig.serverName: "),
    ] {
        check_refused(&endpoint, expected);
    }
    let spec = json!({"prober": {"url": "self"}, "targets": {"staticConfig": {"static": ["x"]}}, "bearerTokenSecret": secret});
    let found = monitored(MonitorKind::Probe, &spec);
    assert!(found.jobs.is_empty() && found.faults[0].field == "bearerTokenSecret", "{found:?}");
}

#[test]
fn what_is_wrong_is_told_by_its_field_and_spoils_nothing_else() {
    for (endpoint, expected) in [
        (json!("x"), "invalid type: string"),
        (json!({"port": 1}), "invalid type: integer"),
        (json!({"interval": "x"}), "[0].interval: "),
        (json!({"interval": "10ms"}), "[0].interval: it is 1s at least"),
        (
            json!({"interval": "5s", "scrapeTimeout": "6s"}),
            "[0].scrapeTimeout: it is more than nothing, and at most the interval of 5s",
        ),
        (json!({"scheme": "ftp"}), "[0].scheme: \"ftp\" is neither http nor https"),
        (json!({"relabelings": [{"action": "drop", "regex": "(.{50}){50}"}]}), "[0].relabelings[0].regex: "),
        (json!({"relabelings": [{"action": "drop", "regex": "a)(b"}]}), "[0].relabelings[0].regex: "),
        (
            json!({"relabelings": [{}]}),
            "[0].relabelings[0]: relabel configuration for replace action requires",
        ),
        (
            json!({"metricRelabelings": [{"action": "keep"}, {"action": "bang"}]}),
            "[0].metricRelabelings[1]: unknown relabel action",
        ),
        (
            json!({"relabelings": vec![json!({"action": "keep"}); 201]}),
            "[0].relabelings: more than 200 rules",
        ),
    ] {
        check_refused(&endpoint, expected);
    }
    for (kind, spec, expected) in [
        (MonitorKind::Service, Value::Null, "invalid type: null"),
        (
            MonitorKind::Service,
            json!({"endpoints": vec![json!({}); 101]}),
            "endpoints: more than 100 endpoints",
        ),
        (
            MonitorKind::Service,
            json!({"endpoints": [{}], "bodySizeLimit": "x"}),
            "endpoints[0].bodySizeLimit: ",
        ),
        (
            MonitorKind::Service,
            json!({"endpoints": [{}], "selector": {"matchExpressions": [{"key": "a", "operator": "Is"}]}}),
            "endpoints[0].selector.matchExpressions: \"Is\" is none of",
        ),
        (MonitorKind::Probe, json!({}), "prober.url: it is missing"),
        (MonitorKind::Probe, json!({"prober": {"url": "x"}}), "targets: neither staticConfig nor ingress"),
        (MonitorKind::Probe, json!({"prober": {"url": "x", "proxyUrl": "y"}}), "prober.proxyUrl: "),
    ] {
        let found = monitored(kind, &spec);
        let told = found.faults.first().map(ToString::to_string).unwrap_or_default();
        assert!(found.jobs.is_empty() && told.starts_with(expected), "{spec}: {told}");
    }
    let spec = json!({"endpoints": [{}], "attachMetadata": {"node": true}});
    let found = monitored(MonitorKind::Service, &spec);
    assert_eq!((found.jobs.len(), found.faults[0].field.as_str()), (1, "attachMetadata"));
}
