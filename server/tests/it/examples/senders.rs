//! Senders that the examples configure: each program that is here runs with its example, pointed at a server of the test.

use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use super::{Access, path, text, yaml};
use crate::support::manifests;
use crate::support::server::{ADMIN, PUSHER, json as status_and_body};
use crate::support::tools::{self, Peer};
use crate::support::{Server, now_ms, wait_for};

/// Whether a query has an answer.
fn has(server: &Server, query: &str) -> bool {
    !server.query(query).is_empty()
}

#[test]
fn prometheus_writes_to_us_what_our_agents_do_not_have_and_sends_its_alerts() {
    if !tools::is_there("prometheus") {
        return;
    }
    let server = Server::start();
    let access = Access::new(&server, PUSHER);
    let rules = access.folder.path().join("rules.yml");
    let rule = "groups: [{name: g, interval: 1s, rules: [{alert: FromPrometheus, expr: vector(1)}]}]";
    std::fs::write(&rules, rule).unwrap();
    let example = access.here(&text("prometheus.yml"), &server);
    // An alert that fires before Prometheus has found whom to tell is sent again, else only after a minute.
    let _peer = Peer::start_with(&["--rules.alert.resend-delay=1s"], |port| {
        let fast = example.replace("scrape_interval: 30s", "scrape_interval: 1s");
        let target = format!("localhost:{port}");
        let config = fast.replace("localhost:9090", &target).replace(
            "remote_write:\n",
            &format!(
                "  - {{job_name: kubelet, static_configs: [{{targets: ['{target}']}}]}}\n\
                 rule_files: ['{}']\nremote_write:\n",
                rules.display()
            ),
        );
        let file = access.folder.path().join("prometheus.yml");
        std::fs::write(&file, &config).unwrap();
        let checked = tools::command("promtool").args(["check", "config"]).arg(&file).output().unwrap();
        assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
        config
    });
    wait_for("samples", || {
        has(&server, "up{job=\"prometheus\", prometheus=\"monitoring/main\"} == 1").then_some(())
    });
    wait_for("the alert", || {
        let told = server.get("alertmanager/api/v2/alerts").bearer_auth(ADMIN).send().unwrap();
        let told = status_and_body(told).1;
        told.as_array()?.iter().any(|alert| alert["labels"]["alertname"] == "FromPrometheus").then_some(())
    });
    assert!(!has(&server, "up{job=\"kubelet\"}"), "agents have the kubelet's");
}

/// A program of others that runs until the end of a test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

#[test]
fn vmagent_writes_to_us() {
    if !tools::is_there("vmagent") {
        return;
    }
    let server = Server::start();
    let access = Access::new(&server, PUSHER);
    let objects = manifests::objects_of(&text("vmagent.yaml"));
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let scrape = objects[0]["data"]["scrape.yml"].as_str().unwrap();
    let scrape = scrape.replace("localhost:8429", &format!("localhost:{port}")).replace("30s", "1s");
    std::fs::write(access.folder.path().join("scrape.yml"), scrape).unwrap();
    let folder = access.folder.path().to_str().unwrap();
    let flags = manifests::arguments(&objects[1]["spec"]["template"]["spec"]).into_iter().map(|flag| {
        let flag = access.here(&flag, &server);
        flag.replace("/etc/vmagent", folder).replace("/var/lib/vmagent", &format!("{folder}/queue"))
    });
    let child = tools::command("vmagent")
        .args(flags)
        .arg(format!("-httpListenAddr=127.0.0.1:{port}"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let _vmagent = Running(child.unwrap());
    wait_for("samples", || has(&server, "up{job=\"vmagent\"} == 1").then_some(()));
}

#[test]
fn the_job_tells_how_it_went() {
    if !tools::is_there("curl") {
        return;
    }
    let server = Server::start();
    let access = Access::new(&server, PUSHER);
    let job = yaml("push-job.yaml");
    let container = &job["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"][0];
    let mut command = Command::new("sh");
    for word in
        container["command"].as_array().unwrap().iter().skip(1).chain(container["args"].as_array().unwrap())
    {
        command.arg(word.as_str().unwrap());
    }
    for variable in container["env"].as_array().unwrap() {
        let value = access.here(variable["value"].as_str().unwrap(), &server);
        command.env(variable["name"].as_str().unwrap(), value);
    }
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(has(&server, "backup_bytes{job=\"backup\"} == 17"));
    assert!(has(&server, "backup_duration_seconds{job=\"backup\"}"));
    // As the comment above the job has it.
    assert!(has(&server, "time() - push_time_seconds{job=\"backup\"} < 86400"));
}

/// The collector is not here. Read is what its documentation says of these fields, and what it would send is sent.
#[test]
fn the_collectors_pipeline_is_whole_and_its_way_in_is_ours() {
    let server = Server::start();
    let access = Access::new(&server, PUSHER);
    let config: Value = serde_saphyr::from_str(&access.here(&text("otel-collector.yaml"), &server)).unwrap();
    let service = &config["service"];
    for kind in ["receivers", "processors", "exporters"] {
        for name in service["pipelines"]["metrics"][kind].as_array().unwrap() {
            assert!(config[kind].get(name.as_str().unwrap()).is_some(), "{kind}: {name}");
        }
    }
    let exporter = &config["exporters"]["otlphttp/crowsnest"];
    let authenticator = &exporter["auth"]["authenticator"];
    assert_eq!(service["extensions"], json!([authenticator]));
    let token = config["extensions"][authenticator.as_str().unwrap()]["filename"].as_str().unwrap();
    assert!(std::path::Path::new(exporter["tls"]["ca_file"].as_str().unwrap()).is_file());
    let point = json!({"asDouble": 3, "timeUnixNano": (now_ms() * 1_000_000).to_string()});
    let metric = json!({"name": "queue.length", "gauge": {"dataPoints": [point]}});
    let service_name = json!({"key": "service.name", "value": {"stringValue": "shop"}});
    let request = json!({"resourceMetrics": [
        {"resource": {"attributes": [service_name]}, "scopeMetrics": [{"metrics": [metric]}]}]});
    let sent = server
        .http
        .post(exporter["metrics_endpoint"].as_str().unwrap())
        .bearer_auth(std::fs::read_to_string(token).unwrap())
        .json(&request)
        .send()
        .unwrap();
    assert_eq!(sent.status().as_u16(), 200);
    assert!(has(&server, "queue_length{job=\"shop\"} == 3"));
}

/// Telegraf is not here. What its output `influxdb_v2` sends is sent.
#[test]
fn telegrafs_output_is_a_way_in_of_ours() {
    let server = Server::start();
    let access = Access::new(&server, PUSHER);
    let config: toml::Table = access.here(&text("telegraf.conf"), &server).parse().unwrap();
    let output = &config["outputs"]["influxdb_v2"][0];
    let setting = |name: &str| output[name].as_str().unwrap();
    assert_eq!(setting("token"), "${CROWSNEST_TOKEN}");
    assert!(std::path::Path::new(setting("tls_ca")).is_file());
    let sent = server
        .http
        .post(format!("{}/api/v2/write", output["urls"][0].as_str().unwrap()))
        .query(&[("org", setting("organization")), ("bucket", setting("bucket"))])
        .header("authorization", format!("Token {PUSHER}"))
        .body(format!("cpu,cpu=cpu-total,host=a usage_idle=97.5 {}000000\n", now_ms()))
        .send()
        .unwrap();
    assert_eq!(sent.status().as_u16(), 204);
    assert!(has(&server, "cpu_usage_idle{cpu=\"cpu-total\", host=\"a\", db=\"telegraf\"} == 97.5"));
}

/// Alloy is not here, nor anything else that reads its language: only that the blocks are whole, and where it would write, is looked at.
#[test]
fn alloys_file_is_whole_and_writes_where_prometheus_does() {
    let config = text("config.alloy");
    let count = |letter: char| config.chars().filter(|c| *c == letter).count();
    assert_eq!((count('{'), count('[')), (count('}'), count(']')));
    let url = yaml("prometheus.yml")["remote_write"][0]["url"].as_str().unwrap().to_owned();
    assert!(config.contains(&format!("= \"{url}\"\n")));
    for component in ["prometheus.remote_write.crowsnest.receiver", "prometheus.exporter.self.alloy.targets"]
    {
        let (kind, rest) = component.rsplit_once('.').unwrap().0.rsplit_once('.').unwrap();
        assert!(config.contains(&format!("\n{kind} \"{rest}\" {{")), "{component}");
    }
    assert!(path("config.alloy").is_file());
}
