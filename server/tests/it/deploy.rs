//! The manifests under `deploy/`: taken by an API server, safe, and enough – but no more than enough – to run with.

use std::io::{BufRead as _, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crowsnest_kubesim::Options;
use reqwest::Method;
use serde_json::{Value, json};

use crate::agent::agent_program;
use crate::support::cluster::Sim;
use crate::support::installed::{MAIN, SERVER, assert_rights_fit, cluster, mount, serve};
use crate::support::manifests::{self, Schemas, administrator, arguments, of_kind, pods};
use crate::support::server::json as status_and_body;
use crate::support::{Server, wait_for};

const AGENT: &str = "system:serviceaccount:crowsnest:crowsnest-agent";

#[test]
fn every_object_is_one_that_an_api_server_takes() {
    let Some(schemas) = Schemas::recorded() else { return };
    for name in manifests::all() {
        for object in manifests::objects(&name) {
            let faults = schemas.faults(&object);
            assert!(
                faults.is_empty(),
                "{name}: {} {}: {faults:#?}",
                object["kind"],
                object["metadata"]["name"]
            );
        }
    }
    let wrong =
        json!({"apiVersion": "v1", "kind": "Service", "spec": {"port": [], "ports": [{"name": "x"}]}});
    let faults = schemas.faults(&wrong);
    assert_eq!(faults, [".spec.port is no field", ".spec.ports[0].port is missing"]);
}

#[test]
fn each_service_has_one_port_without_a_name() {
    for service in of_kind(MAIN, "Service") {
        let ports = service["spec"]["ports"].as_array().unwrap();
        assert!(ports.len() == 1 && ports[0].get("name").is_none(), "{service}");
    }
}

/// What the Pod Security Standard "restricted" asks of a pod, but for its volumes and its network.
fn assert_restricted(name: &str, pod: &Value) {
    let context = &pod["securityContext"];
    assert_eq!(context["runAsNonRoot"], true, "{name}");
    assert_eq!(context["seccompProfile"]["type"], "RuntimeDefault", "{name}");
    for container in pod["containers"].as_array().unwrap() {
        let context = &container["securityContext"];
        assert_eq!(context["allowPrivilegeEscalation"], false, "{name}");
        assert_eq!(context["readOnlyRootFilesystem"], true, "{name}");
        assert_eq!(context["capabilities"], json!({"drop": ["ALL"]}), "{name}");
        assert!(context.get("privileged").is_none(), "{name}");
        assert!(container["resources"]["limits"]["memory"].is_string(), "{name}");
        assert!(container.get("livenessProbe").is_some(), "{name}");
    }
}

#[test]
fn pods_run_without_rights_on_their_node() {
    for (name, pod) in pods(MAIN) {
        assert_restricted(&name, &pod);
        let volumes = pod["volumes"].as_array().cloned().unwrap_or_default();
        let from_host: Vec<&str> =
            volumes.iter().filter_map(|volume| volume["hostPath"]["path"].as_str()).collect();
        let expected: &[&str] = if name == "crowsnest-agent" { &["/proc", "/sys", "/"] } else { &[] };
        assert_eq!(from_host, expected, "{name}");
        let mounts = pod["containers"][0]["volumeMounts"].as_array().unwrap();
        let is_written = |mount: &&Value| mount["mountPath"].as_str().unwrap().starts_with("/host");
        assert!(mounts.iter().filter(is_written).all(|mount| mount["readOnly"] == true), "{name}");
    }
}

/// Incident 8: a chart that made its account an administrator.
#[test]
fn headlamp_4435_the_main_manifest_gives_no_right_that_is_more_than_it_looks() {
    for object in manifests::objects(MAIN) {
        assert_ne!(object["roleRef"]["name"], "cluster-admin", "{object}");
        for rule in object["rules"].as_array().into_iter().flatten() {
            let words = rule.as_object().unwrap().values().flat_map(|words| words.as_array().unwrap());
            for word in words {
                let dangerous =
                    ["*", "impersonate", "bind", "escalate", "secrets", "nodes/proxy", "pods/exec"];
                assert!(!dangerous.iter().any(|other| word == other), "{word} in {rule}");
            }
        }
    }
}

#[test]
fn the_variant_without_a_volume_differs_in_nothing_else() {
    let mut expected = manifests::objects(MAIN);
    let server = expected.iter_mut().find(|object| object["kind"] == "StatefulSet").unwrap();
    server["spec"].as_object_mut().unwrap().remove("volumeClaimTemplates").unwrap();
    let pod = &mut server["spec"]["template"]["spec"];
    pod["volumes"].as_array_mut().unwrap().push(json!({"name": "data", "emptyDir": {}}));
    pod["containers"][0]["args"].as_array_mut().unwrap().push(json!("--ephemeral"));
    assert_eq!(manifests::objects("crowsnest-emptydir.yaml"), expected);
}

#[test]
fn a_server_whose_data_is_not_kept_says_so() {
    let server = Server::start_with(&["--ephemeral"]);
    let (status, told) = server.ask("api/v1/notifications", &[]);
    assert!(status == 200 && told.to_string().contains("not kept"), "{told}");
}

struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// A kubelet on loopback. As a real one does, it asks the API server whether whoever comes with a token may see its metrics.
fn kubelet(sim: &Sim) -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (client, reviews) = (
        administrator(sim),
        format!(
            "{}/apis/authorization.k8s.io/v1/subjectaccessreviews",
            sim.running.url().trim_end_matches('/')
        ),
    );
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut lines = std::io::BufReader::new(&stream).lines().map_while(Result::ok);
            let head: Vec<String> = lines.by_ref().take_while(|line| !line.is_empty()).collect();
            let has_token = head.iter().any(|line| line.to_lowercase().starts_with("authorization: bearer "));
            let review = json!({"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview", "spec": {"user": AGENT,
                "resourceAttributes": {"verb": "get", "version": "v1", "resource": "nodes", "subresource": "metrics", "name": "node-1"}}});
            let (_, answer) =
                status_and_body(client.request(Method::POST, &reviews).json(&review).send().unwrap());
            let allowed = has_token && answer["status"]["allowed"] == true;
            let (status, body) = if allowed { ("200 OK", "kubelet_up 1\n") } else { ("403 Forbidden", "") };
            let page = format!(
                "HTTP/1.1 {status}\r\nContent-Type: text/plain\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
                body.len()
            );
            (&stream).write_all(page.as_bytes()).ok();
        }
    });
    url
}

/// The agent of the manifest, with what the kubelet would mount in `folder`.
fn agent(sim: &Sim, server: &Server, folder: &Path) -> Running {
    let (_, pod) = pods(MAIN).into_iter().find(|(name, _)| name == "crowsnest-agent").unwrap();
    let account = pod["serviceAccountName"].as_str().unwrap();
    std::fs::write(folder.join("token"), sim.running.token("crowsnest", account, 3600).unwrap()).unwrap();
    std::fs::write(folder.join("kube-ca.crt"), sim.running.ca_pem()).unwrap();
    let here = [
        "--server",
        "--token-file",
        "--ca",
        "--queue-dir",
        "--listen",
        "--kubelet",
        "--kube-token-file",
        "--kube-ca",
    ];
    let flags = arguments(&pod)
        .into_iter()
        .filter(|flag| !here.contains(&flag.split('=').next().unwrap()) && !flag.starts_with("--path."));
    let child = Command::new(agent_program())
        .args(flags)
        .args(["--server", &server.url, "--listen", "127.0.0.1:0", "--interval", "1s"])
        .arg("--token-file")
        .arg(folder.join("token"))
        .arg("--ca")
        .arg(folder.join("ca.crt"))
        .args(["--kubelet", &kubelet(sim), "--kube-api", sim.running.url().trim_end_matches('/')])
        .arg("--kube-token-file")
        .arg(folder.join("token"))
        .arg("--kube-ca")
        .arg(folder.join("kube-ca.crt"))
        .arg("--queue-dir")
        .arg(folder.join("queue"))
        .env("CROWSNEST_NODE_NAME", "node-1")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    Running(child.unwrap())
}

/// Waits until the ConfigMap names another authority than `before`, and puts it where the kubelet would.
fn mount_ca(sim: &Sim, before: &str, folder: &Path) -> String {
    let url = format!("{}/api/v1/namespaces/crowsnest/configmaps/crowsnest-ca", sim.running.url());
    let published = wait_for("the authority to be published", || {
        let (_, map) = status_and_body(administrator(sim).request(Method::GET, &url).send().unwrap());
        map["data"]["ca.crt"].as_str().filter(|pem| *pem != before).map(str::to_owned)
    });
    let new = folder.join("ca.crt.new");
    std::fs::write(&new, &published).unwrap();
    std::fs::rename(new, folder.join("ca.crt")).unwrap();
    published
}

/// Waits until the server answers, under this name, to somebody who trusts this authority.
fn wait_for_name(server: &Server, ca: &str, name: &str) {
    let address = server.listen_file()["listen"].as_str().unwrap().parse().unwrap();
    let ca = reqwest::Certificate::from_pem(ca.as_bytes()).unwrap();
    let client =
        reqwest::blocking::Client::builder().tls_certs_only([ca]).resolve(name, address).build().unwrap();
    wait_for(name, || {
        let answer = client.get(format!("https://{name}:{}/healthz", address.port())).send().ok()?;
        answer.status().is_success().then_some(())
    });
}

/// How many samples of the agent there are, asked for with the token of the administrator of the manifest.
fn samples(sim: &Sim, server: &Server) -> f64 {
    let question = [("query", r#"sum(count_over_time(node_time_seconds{node="node-1"}[10m]))"#)];
    let response = server.get("api/v1/query").query(&question).bearer_auth(sim.admin()).send().unwrap();
    let (status, answer) = status_and_body(response);
    assert_eq!(status, 200, "{answer}");
    let value = answer["data"]["result"][0]["value"][1].as_str();
    value.map_or(0.0, |text| text.parse().unwrap())
}

#[test]
fn server_and_agent_do_all_that_they_are_for_and_use_every_right_they_have() {
    let sim = cluster(&[], Options::default());
    let server = serve(&sim, &[], &[]);
    let folder = tempfile::tempdir().unwrap();
    let ca = mount_ca(&sim, "", folder.path());
    wait_for_name(&server, &ca, "crowsnest.crowsnest.svc");
    wait_for_name(&server, &ca, "node-1");
    let _agent = agent(&sim, &server, folder.path());
    wait_for("samples of the agent", || (samples(&sim, &server) > 0.0).then_some(()));
    wait_for("samples of the kubelet", || {
        let question = [("query", r#"sum(kubelet_up{job="kubelet",node="node-1"})"#)];
        let response = server.get("api/v1/query").query(&question).bearer_auth(sim.admin()).send().unwrap();
        (status_and_body(response).1["data"]["result"][0]["value"][1] == "4").then_some(())
    });

    // The authority ends; another takes over, and the agent follows once it is mounted.
    for file in ["ca.crt", "ca.key"] {
        std::fs::remove_file(server.data_dir().join("tls").join(file)).unwrap();
    }
    let ca = mount_ca(&sim, &ca, folder.path());
    wait_for_name(&server, &ca, "node-1");
    let mut server = server;
    server.http = server.client();
    let before = samples(&sim, &server);
    wait_for("samples under the new authority", || (samples(&sim, &server) > before + 2.0).then_some(()));

    // Whether the author of a rule may still see what it sees is asked when it is saved.
    let rule = json!({"folder": "shop", "rule": {"alert": "Gone", "expr": "up == 0"}});
    let made = server.post("api/crowsnest/v1/rules").bearer_auth(sim.admin()).json(&rule).send().unwrap();
    assert_eq!(status_and_body(made).0, 200);
    wait_for("the question about its author", || {
        let asked = sim.running.asked();
        asked
            .iter()
            .any(|asked| asked.user == SERVER && asked.resource == "subjectaccessreviews")
            .then_some(())
    });

    assert_rights_fit(&sim, SERVER, MAIN, "crowsnest-server");
    assert_rights_fit(&sim, AGENT, MAIN, "crowsnest-agent");
}

#[test]
fn the_api_server_is_scraped_with_what_the_manifest_for_that_gives() {
    const MANIFEST: &str = "control-plane.yaml";
    let sim = cluster(&[MANIFEST], Options::default());
    let address = reqwest::Url::parse(&sim.running.url()).unwrap();
    let endpoints = json!({
        "apiVersion": "v1", "kind": "Endpoints", "metadata": {"name": "kubernetes"},
        "subsets": [{"addresses": [{"ip": "127.0.0.1"}],
            "ports": [{"name": "https", "port": address.port(), "protocol": "TCP"}]}],
    });
    sim.create("/api/v1/namespaces/default/endpoints", &endpoints);
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("token"), sim.running.token("crowsnest", "crowsnest", 600).unwrap())
        .unwrap();
    std::fs::write(folder.path().join("ca.crt"), sim.running.ca_pem()).unwrap();
    let settings = folder.path().join("settings");
    mount(MANIFEST, "crowsnest-scrape", &settings, folder.path());
    let server = serve(&sim, &[], &[&format!("--provisioning={}", settings.display())]);
    wait_for("samples of the API server", || {
        let question = [("query", r#"up{job="apiserver"} and on (job) apiserver_request_total"#)];
        let response = server.get("api/v1/query").query(&question).bearer_auth(sim.admin()).send().unwrap();
        (status_and_body(response).1["data"]["result"][0]["value"][1] == "1").then_some(())
    });
    assert_rights_fit(&sim, SERVER, MANIFEST, "crowsnest-control-plane");
}

/// A kind of prometheus-operator's, whose objects may say anything.
fn monitor_kind(kind: &str) -> Value {
    let plural = format!("{}s", kind.to_lowercase());
    let schema = json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true});
    json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": format!("{plural}.monitoring.coreos.com")},
        "spec": {"group": "monitoring.coreos.com", "scope": "Namespaced",
            "names": {"plural": plural, "singular": kind.to_lowercase(), "kind": kind, "listKind": format!("{kind}List")},
            "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": schema}}]},
    })
}

/// A ServiceMonitor, and what it is about: a Service of the same name with one endpoint.
fn monitored_service(sim: &Sim, name: &str, address: std::net::SocketAddr) {
    let service = json!({
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "labels": {"app": name}},
        "spec": {"ports": [{"name": "http", "port": 80, "targetPort": address.port()}]},
    });
    sim.create("/api/v1/namespaces/shop/services", &service);
    let endpoints = json!({
        "apiVersion": "v1", "kind": "Endpoints", "metadata": {"name": name},
        "subsets": [{"addresses": [{"ip": address.ip()}], "ports": [{"name": "http", "port": address.port(), "protocol": "TCP"}]}],
    });
    sim.create("/api/v1/namespaces/shop/endpoints", &endpoints);
    let endpoint = json!({"port": "http", "interval": "1s"});
    let mut with_token = endpoint.clone();
    with_token["bearerTokenFile"] = "/var/run/secrets/kubernetes.io/serviceaccount/token".into();
    create_monitor(
        sim,
        "ServiceMonitor",
        name,
        &json!({
            "selector": {"matchLabels": {"app": name}}, "endpoints": [endpoint, with_token],
        }),
    );
}

fn create_monitor(sim: &Sim, kind: &str, name: &str, spec: &Value) {
    let path = format!("/apis/monitoring.coreos.com/v1/namespaces/shop/{}s", kind.to_lowercase());
    let object = json!({"apiVersion": "monitoring.coreos.com/v1", "kind": kind, "metadata": {"name": name}, "spec": spec});
    sim.create(&path, &object);
}

#[test]
fn monitors_say_what_is_scraped_with_what_the_manifest_for_that_gives() {
    const MANIFEST: &str = "scrape-monitors.yaml";
    let sim = cluster(&[MANIFEST], Options::default());
    // PodMonitors are not defined here, which does not matter to the others.
    for kind in ["ServiceMonitor", "Probe"] {
        sim.create("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", &monitor_kind(kind));
    }
    let was_shown = std::sync::Arc::new(std::sync::Mutex::new(String::new()));
    let shown = std::sync::Arc::clone(&was_shown);
    let site = crate::scraping::serve(move |_, authorization| {
        shown.lock().unwrap().push_str(authorization);
        (200, "t 7\n".to_owned())
    });
    monitored_service(&sim, "web", site);
    create_monitor(&sim, "ServiceMonitor", "odd", &json!({"endpoints": "none"}));
    let probe = json!({
        "jobName": "pages", "interval": "1s", "module": "http_2xx", "prober": {"url": "self"},
        "targets": {"staticConfig": {"static": [format!("http://{site}/page")]}},
    });
    create_monitor(&sim, "Probe", "pages", &probe);
    let server = serve(&sim, &[MANIFEST], &[]);
    let has = |expr: &str| {
        let response =
            server.get("api/v1/query").query(&[("query", expr)]).bearer_auth(sim.admin()).send().unwrap();
        status_and_body(response).1["data"]["result"].as_array().unwrap().clone()
    };
    let up = format!(r#"up{{job="web",namespace="shop",service="web",endpoint="http",instance="{site}"}}"#);
    let success = format!(r#"probe_success{{job="pages",namespace="shop",instance="http://{site}/page"}}"#);
    for series in [up, success] {
        wait_for(&series, || (has(&series).first()?["value"][1] == "1").then_some(()));
    }
    assert_eq!(has("t").len(), 1);
    assert_eq!(*was_shown.lock().unwrap(), "", "nobody is shown the server's token");
    let log = server.log();
    for told in ["endpoints[1].bearerTokenFile: an object cannot name files", "invalid type: string"] {
        assert!(log.contains(told), "{log}");
    }
    assert_rights_fit(&sim, SERVER, MANIFEST, "crowsnest-scrape-monitors");
}

#[test]
fn rules_of_objects_are_evaluated_with_what_the_manifest_for_that_gives() {
    const MANIFEST: &str = "rule-objects.yaml";
    let sim = cluster(&[MANIFEST], Options::default());
    sim.create("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", &monitor_kind("PrometheusRule"));
    let always = |expr: &str| json!({"groups": [{"name": "g", "interval": "1s", "rules": [{"alert": "Always", "expr": expr}]}]});
    create_monitor(&sim, "PrometheusRule", "web", &always("vector(1)"));
    create_monitor(&sim, "PrometheusRule", "odd", &always("rate("));
    let server = serve(&sim, &[MANIFEST], &[]);
    let alert = wait_for("the alert of an object", || {
        let response = server.get("api/v1/alerts").bearer_auth(sim.admin()).send().unwrap();
        let alerts = status_and_body(response).1["data"]["alerts"].as_array()?.clone();
        alerts.into_iter().find(|alert| alert["labels"]["alertname"] == "Always")
    });
    assert_eq!(alert["labels"]["namespace"], "shop");
    let rules = server.get("api/crowsnest/v1/rules").bearer_auth(sim.admin()).send().unwrap();
    let faults = status_and_body(rules).1["faults"].clone();
    assert_eq!(faults[0]["place"], "PrometheusRule shop/odd");
    assert!(faults[0]["message"].as_str().unwrap().contains("could not parse expression"), "{faults}");
    assert_rights_fit(&sim, SERVER, MANIFEST, "crowsnest-rule-objects");
}

#[test]
fn what_becomes_of_a_rule_object_counts_within_two_seconds() {
    const MANIFEST: &str = "rule-objects.yaml";
    const PATH: &str = "/apis/monitoring.coreos.com/v1/namespaces/shop/prometheusrules";
    let sim = cluster(&[MANIFEST], Options::default());
    sim.create("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", &monitor_kind("PrometheusRule"));
    let server = serve(&sim, &[MANIFEST], &["--curated-rules", "none"]);
    let spec = |expr: &str| json!({"groups": [{"name": "g", "rules": [{"alert": "A", "expr": expr}]}]});
    let ask = |path: &str| status_and_body(server.get(path).bearer_auth(sim.admin()).send().unwrap()).1;
    let query = || {
        let groups = ask("api/v1/rules")["data"]["groups"].clone();
        groups[0]["rules"][0]["query"].as_str().map(str::to_owned)
    };
    // The watch has begun when the first one is there.
    create_monitor(&sim, "PrometheusRule", "first", &spec("vector(0)"));
    wait_for("the first object", || query().filter(|query| query == "vector(0)"));
    let soon = |what: &str, is_so: &dyn Fn() -> bool| {
        let began = std::time::Instant::now();
        wait_for(what, || is_so().then_some(()));
        assert!(began.elapsed() < std::time::Duration::from_secs(2), "{what}: {:?}", began.elapsed());
    };
    let change = |expr: &str| {
        let path = format!("{PATH}/first");
        let mut object = sim.ask(reqwest::Method::GET, &path, &Value::Null);
        object["spec"] = spec(expr);
        sim.ask(reqwest::Method::PUT, &path, &object);
    };
    change("vector(1)");
    soon("the change", &|| query().is_some_and(|query| query == "vector(1)"));
    change("rate(");
    let faults = || ask("api/crowsnest/v1/rules")["faults"].clone();
    soon("the fault", &|| faults()[0]["place"] == "PrometheusRule shop/first");
    assert_eq!(query().as_deref(), Some("vector(1)"), "the last one that was right");
    change("vector(2)");
    soon("the end of the fault", &|| {
        faults() == json!([]) && query().is_some_and(|query| query == "vector(2)")
    });
    sim.delete(&format!("{PATH}/first"));
    soon("the end", &|| query().is_none());
}

#[test]
fn events_are_alerts_with_what_the_manifest_for_that_gives() {
    const MANIFEST: &str = "cluster-events.yaml";
    let sim = cluster(&[MANIFEST], Options::default());
    let folder = tempfile::tempdir().unwrap();
    let events =
        "events:\n- {alert: Evicted, reasons: [Evicted], kinds: [Pod], labels: {severity: warning}}\n";
    std::fs::write(folder.path().join("events.yml"), events).unwrap();
    let server = serve(&sim, &[MANIFEST], &["--provisioning", folder.path().to_str().unwrap()]);
    let mut made = 0;
    let alert = wait_for("the alert of an event", || {
        // What happened before the watch began is told to nobody.
        for reason in ["Evicted", "Killing"] {
            made += 1;
            let event = json!({
                "apiVersion": "v1", "kind": "Event", "metadata": {"name": format!("e{made}")},
                "involvedObject": {"kind": "Pod", "name": "web", "namespace": "shop"},
                "reason": reason, "type": "Warning", "message": "The node was low on memory.",
            });
            sim.create("/api/v1/namespaces/shop/events", &event);
        }
        let response = server.get("alertmanager/api/v2/alerts").bearer_auth(sim.admin()).send().unwrap();
        status_and_body(response).1.as_array()?.first().cloned()
    });
    assert_eq!(
        alert["labels"],
        json!({
            "alertname": "Evicted", "kind": "Pod", "namespace": "shop", "pod": "web", "reason": "Evicted", "severity": "warning",
        })
    );
    assert_eq!(alert["annotations"]["summary"], "The node was low on memory.");
    assert_rights_fit(&sim, SERVER, MANIFEST, "crowsnest-cluster-events");
}

#[test]
fn the_file_of_events_comes_changes_and_goes_while_the_server_runs() {
    const MANIFEST: &str = "cluster-events.yaml";
    let sim = cluster(&[MANIFEST], Options::default());
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("events.yml");
    let server = serve(&sim, &[MANIFEST], &["--provisioning", folder.path().to_str().unwrap()]);
    let mut made = 0;
    let mut happens = |reason: &str| {
        made += 1;
        let event = json!({
            "apiVersion": "v1", "kind": "Event", "metadata": {"name": format!("e{made}")},
            "involvedObject": {"kind": "Pod", "name": format!("web-{made}"), "namespace": "shop"},
            "reason": reason, "type": "Warning", "message": "It happened.",
        });
        sim.create("/api/v1/namespaces/shop/events", &event);
    };
    let names = || -> Vec<String> {
        let response = server.get("alertmanager/api/v2/alerts").bearer_auth(sim.admin()).send().unwrap();
        let alerts = status_and_body(response).1.as_array().unwrap().clone();
        let name = |alert: &Value| alert["labels"]["alertname"].as_str().unwrap().to_owned();
        alerts.iter().map(name).collect()
    };
    std::fs::write(&file, "events: [{alert: First, reasons: [Evicted]}]").unwrap();
    wait_for("the alert of a file that was not there", || {
        happens("Evicted");
        names().contains(&"First".to_owned()).then_some(())
    });
    std::fs::write(&file, "events: [{alert: Second, reasons: [Killing]}]").unwrap();
    wait_for("the alert of the file as it is now", || {
        happens("Killing");
        names().contains(&"Second".to_owned()).then_some(())
    });
    std::fs::remove_file(&file).unwrap();
    // Once the file is gone, what happens makes no more alerts.
    wait_for("the end", || {
        let before = names().len();
        happens("Killing");
        std::thread::sleep(std::time::Duration::from_secs(1));
        (names().len() == before).then_some(())
    });
}

#[test]
fn dashboards_of_config_maps_are_shown_with_what_the_manifest_for_that_gives() {
    const MANIFEST: &str = "dashboard-config-maps.yaml";
    let sim = cluster(&[MANIFEST], Options::default());
    let map = json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "boards", "labels": {"grafana_dashboard": "1"}},
        "data": {"board.json": json!({"uid": "given", "title": "Given", "panels": []}).to_string()},
    });
    sim.create("/api/v1/namespaces/shop/configmaps", &map);
    let server = serve(&sim, &[MANIFEST], &[]);
    wait_for("the dashboard of a ConfigMap", || {
        let response =
            server.get("api/crowsnest/v1/dashboards/given").bearer_auth(sim.admin()).send().unwrap();
        (status_and_body(response).1["title"] == "Given").then_some(())
    });
    assert_rights_fit(&sim, SERVER, MANIFEST, "crowsnest-dashboard-config-maps");
}

#[test]
fn who_may_push_is_for_kubernetes_to_say() {
    let sim = cluster(&[], Options::default());
    let server = serve(&sim, &[], &[]);
    let push = |token: &str| {
        let body =
            crate::support::body(vec![crate::support::series("pushed", &[(crate::support::now_ms(), 1.0)])]);
        let response = server.push_request(body).header("authorization", "").bearer_auth(token);
        let mut request = response.build().unwrap();
        let value = format!("Bearer {token}").parse().unwrap();
        request.headers_mut().insert("authorization", value);
        let (status, answer) = status_and_body(server.http.execute(request).unwrap());
        (status, answer.to_string())
    };
    let agent = sim.running.token("crowsnest", "crowsnest-agent", 600).unwrap();
    assert_eq!(push(&agent).0, 204);
    let other = sim.running.token("crowsnest", "crowsnest", 600).unwrap();
    let (status, answer) = push(&other);
    assert!(status == 403 && answer.contains("create metrics.crowsnest.dev"), "{status} {answer}");
    assert_eq!(push("nonsense").0, 401);
    let pods = server.get("api/v1/query").query(&[("query", "pushed")]).bearer_auth(&agent).send().unwrap();
    let (_, seen) = status_and_body(pods);
    assert_eq!(seen["data"]["result"], json!([]), "who may push does not see by that");
}
