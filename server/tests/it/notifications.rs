//! Notifications as receivers meet them, and the Alertmanager API as its clients do.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::server::ADMIN;
use crate::support::tools::{free_port, is_there};
use crate::support::{Server, now_ms, series, wait_for};

/// An answer that is none: the connection ends before it, in the midst of it, or it takes some seconds.
const HANGS_UP: u16 = 0;
const BREAKS_OFF: u16 = 1;
const SLOW: u16 = 2;

/// Takes webhooks on a port of its own, and answers each with the next of `answers`, then with 200.
pub(crate) fn webhook(answers: &'static [u16]) -> (u16, Receiver<Value>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    (port, webhook_at(listener, answers))
}

fn webhook_at(listener: TcpListener, answers: &'static [u16]) -> Receiver<Value> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        let mut answers = answers.iter();
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let mut length = 0;
            loop {
                let mut line = String::new();
                reader.read_line(&mut line).unwrap();
                if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
                    length = value.trim().parse().unwrap();
                }
                if line.trim().is_empty() {
                    break;
                }
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body).unwrap();
            let status = match answers.next().copied().unwrap_or(200) {
                HANGS_UP => continue,
                BREAKS_OFF => {
                    stream.write_all(b"HTTP/1.1 200 O").unwrap();
                    continue;
                }
                SLOW => {
                    std::thread::sleep(Duration::from_secs(4));
                    200
                }
                status => status,
            };
            let answer = format!("HTTP/1.1 {status} X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            stream.write_all(answer.as_bytes()).unwrap();
            if status == 200 && sender.send(serde_json::from_slice(&body).unwrap()).is_err() {
                return;
            }
        }
    });
    receiver
}

fn server(port: u16, rules: &str) -> (Server, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("rules")).unwrap();
    std::fs::write(folder.path().join("rules/r.yml"), rules).unwrap();
    let config = format!(
        "route:\n  receiver: hook\n  group_by: [alertname]\n  group_wait: 100ms\n  group_interval: 1s\n  repeat_interval: 1h\nreceivers:\n- name: hook\n  webhook_configs: [{{url: 'http://127.0.0.1:{port}/hook'}}]\n"
    );
    std::fs::write(folder.path().join("alertmanager.yml"), config).unwrap();
    let folder_text = folder.path().to_str().unwrap().to_owned();
    let arguments = ["--provisioning", &folder_text, "--external-label", "cluster=c1"];
    (Server::start_with(&arguments), folder)
}

fn get(server: &Server, path: &str) -> Value {
    server.get(path).bearer_auth(ADMIN).send().unwrap().json().unwrap()
}

fn next(hooks: &Receiver<Value>) -> Value {
    hooks.recv_timeout(Duration::from_secs(60)).unwrap()
}

const DOWN: &str = "groups: [{name: g, interval: 1s, rules: [{alert: Silent, expr: 'up == 0', labels: {severity: page}, annotations: {summary: '{{ $labels.instance }}'}}]}]\n";

#[test]
fn a_webhook_comes_when_a_source_falls_silent_and_again_when_it_returns() {
    // The first attempts fail.
    let (port, hooks) = webhook(&[500, 503]);
    let (server, _folder) = server(port, DOWN);
    let now = now_ms();
    for at in [now - 2000, now - 1000, now] {
        server.push(vec![series("heartbeat", &[(at, 1.0)])]);
    }
    let firing = next(&hooks);
    assert_eq!(
        (&firing["status"], &firing["receiver"], &firing["version"]),
        (&json!("firing"), &json!("hook"), &json!("4"))
    );
    let alert = &firing["alerts"][0];
    assert_eq!(alert["labels"]["alertname"], "Silent");
    assert_eq!((&alert["labels"]["severity"], &alert["labels"]["cluster"]), (&json!("page"), &json!("c1")));
    assert_eq!(alert["annotations"]["summary"], "i");
    assert_eq!(alert["endsAt"], "0001-01-01T00:00:00Z");
    assert_eq!(firing["groupLabels"], json!({"alertname": "Silent"}));
    assert_eq!(firing["groupKey"], "{}:{alertname=\"Silent\"}");

    let resolved = wait_for("the end", || {
        server.push(vec![series("heartbeat", &[(now_ms(), 1.0)])]);
        hooks.recv_timeout(Duration::from_millis(500)).ok()
    });
    assert_eq!(resolved["status"], "resolved");
    // What was told and answered is at hand, with the secret part of the address left out.
    let told = get(&server, "api/crowsnest/v1/notifications");
    let told = told["notifications"].as_array().unwrap().clone();
    let first = told.last().unwrap();
    assert_eq!(
        (&first["tries"], &first["status"], &first["result"]),
        (&json!(3), &json!(200), &json!("sent"))
    );
    assert_eq!(first["target"], format!("http://127.0.0.1:{port}"));
    assert!(first["payload"].as_str().unwrap().contains("\"groupKey\""), "{first}");
    assert_ne!(resolved["alerts"][0]["endsAt"], "0001-01-01T00:00:00Z");
}

#[test]
fn what_was_told_is_not_told_again_after_a_crash() {
    let (port, hooks) = webhook(&[]);
    let rules = "groups: [{name: g, interval: 1s, rules: [{alert: Always, expr: vector(1)}]}]\n";
    let (mut server, folder) = server(port, rules);
    next(&hooks);
    // Told, and noted a moment later.
    std::thread::sleep(Duration::from_millis(500));
    server.crash_and_restart();
    let more = rules.replace("rules: [", "rules: [{alert: Another, expr: vector(1)}, ");
    std::fs::write(folder.path().join("rules/r.yml"), more).unwrap();
    assert_eq!(server.post("-/reload").bearer_auth(ADMIN).send().unwrap().status(), 200);
    assert_eq!(next(&hooks)["groupLabels"]["alertname"], "Another");
}

#[test]
fn it_is_told_why_a_receiver_heard_nothing() {
    // Whatever it is told, it refuses.
    let (port, _hooks) = webhook(&[403; 100]);
    let rules =
        "groups: [{name: g, interval: 1s, rules: [{alert: Always, expr: up > 5 or vector(7) > 5}]}]\n";
    let (server, _folder) = server(port, rules);
    let failed = wait_for("the refusal", || {
        let alerts = get(&server, "api/crowsnest/v1/alerts");
        let alert = alerts["alerts"].as_array()?.first()?.clone();
        let path = format!("api/crowsnest/v1/alerts/one/{}", alert["fingerprint"].as_str()?);
        let why = get(&server, &path);
        (why["ways"][0]["told"][0]["last"]["result"] == "failed").then_some(why)
    });
    assert_eq!(failed["alert"]["state"], "firing");
    assert_eq!(failed["alert"]["value"], "7");
    let outcome = &failed["ways"][0]["told"][0];
    assert_eq!((&outcome["kind"], &outcome["has_alert"]), (&json!("webhook"), &json!(false)));
    assert_eq!(outcome["last"]["status"], 403);
    assert_eq!(failed["steps"][0]["is_taken"], true);
    assert_eq!(get(&server, "api/crowsnest/v1/alerts/summary")["firing"], 1);
}

#[test]
fn alerts_go_to_an_alertmanager_that_routes_them_in_our_stead() {
    // It is away at first.
    let (port, posted) = webhook(&[503]);
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("rules")).unwrap();
    std::fs::write(folder.path().join("rules/r.yml"), DOWN).unwrap();
    let provisioning = folder.path().to_str().unwrap().to_owned();
    let to = format!("http://127.0.0.1:{port}/am/");
    let server = Server::start_with(&[
        "--provisioning",
        &provisioning,
        "--forward-alerts",
        &to,
        "--external-label",
        "cluster=c1",
        "--curated-rules",
        "none",
    ]);
    let now = now_ms();
    for at in [now - 2000, now - 1000, now] {
        server.push(vec![series("heartbeat", &[(at, 1.0)])]);
    }
    let alerts = next(&posted);
    let [alert] = alerts.as_array().unwrap().as_slice() else { panic!("{alerts}") };
    assert_eq!(
        (&alert["labels"]["alertname"], &alert["labels"]["cluster"], &alert["annotations"]["summary"]),
        (&json!("Silent"), &json!("c1"), &json!("i"))
    );
    assert!(alert["endsAt"].as_str().unwrap() > alert["startsAt"].as_str().unwrap(), "{alert}");
    let url = format!("{to}api/v2/alerts");
    let managers = get(&server, "api/v1/alertmanagers");
    assert_eq!(managers["data"]["activeAlertmanagers"], json!([{"url": url}]));
    // The page shows what fires, and that somebody is told.
    let listed = get(&server, "api/crowsnest/v1/alerts");
    assert_eq!((&listed["is_routed"], &listed["alerts"][0]["state"]), (&json!(true), &json!("firing")));
    wait_for("the end", || {
        server.push(vec![series("heartbeat", &[(now_ms(), 1.0)])]);
        let alerts = posted.recv_timeout(Duration::from_millis(500)).ok()?;
        let ends = alerts[0]["endsAt"].as_str()?.parse::<jiff::Timestamp>().ok()?;
        (ends.as_millisecond() <= now_ms()).then_some(())
    });
}

#[test]
fn receivers_that_are_down_slow_or_break_off_hold_nobody_up_and_hear_of_it_in_the_end() {
    let faults: [&'static [u16]; 6] = [&[], &[429], &[500, 503], &[HANGS_UP], &[BREAKS_OFF], &[SLOW]];
    let hooks = faults.map(webhook);
    let down = free_port();
    let urls = hooks.iter().map(|(port, _)| *port).chain([down]);
    let urls: Vec<String> = urls.map(|port| format!("{{url: 'http://127.0.0.1:{port}/'}}")).collect();
    let folder = tempfile::tempdir().unwrap();
    let config = format!(
        "route: {{receiver: all, group_wait: 100ms, group_interval: 2m}}\nreceivers: [{{name: all, webhook_configs: [{}]}}]\n",
        urls.join(", ")
    );
    std::fs::write(folder.path().join("alertmanager.yml"), config).unwrap();
    let provisioning = folder.path().to_str().unwrap();
    let server = Server::start_with(&["--provisioning", provisioning, "--curated-rules", "none"]);
    let alert = json!([{"labels": {"alertname": "Here"}}]);
    let posted = server.post("alertmanager/api/v2/alerts").bearer_auth(ADMIN).json(&alert).send().unwrap();
    assert!(posted.status().is_success());
    for ((_, hooks), fault) in hooks.iter().zip(faults) {
        let told = hooks.recv_timeout(Duration::from_secs(30));
        let told = told.unwrap_or_else(|_| panic!("nobody was told after {fault:?}"));
        assert_eq!(told["alerts"][0]["labels"]["alertname"], "Here", "{fault:?}");
    }
    // Who was down all the time is told once it is back.
    let back = webhook_at(TcpListener::bind(("127.0.0.1", down)).unwrap(), &[]);
    assert_eq!(next(&back)["alerts"][0]["labels"]["alertname"], "Here");
    for (_, hooks) in &hooks {
        assert!(hooks.try_recv().is_err(), "nobody is told twice");
    }
}

/// amtool, with a file that has the token.
fn amtool(server: &Server, folder: &Path, arguments: &[&str]) -> String {
    let http = folder.join("http.yml");
    let ca = server.ca();
    let token =
        format!("authorization: {{credentials: {}}}\ntls_config: {{ca_file: {}}}\n", ADMIN, ca.display());
    std::fs::write(&http, token).unwrap();
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/tools/bin/amtool");
    let program = if program.exists() { program } else { "amtool".into() };
    let url = format!("--alertmanager.url={}alertmanager", server.url);
    let config = format!("--http.config.file={}", http.display());
    let output = Command::new(program).args(arguments).args([url, config]).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn amtool_adds_lists_and_silences() {
    if !is_there("amtool")
        && !Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/tools/bin/amtool").exists()
    {
        return;
    }
    let (port, hooks) = webhook(&[]);
    let (server, folder) = server(port, "");
    let amtool = |arguments: &[&str]| amtool(&server, folder.path(), arguments);
    amtool(&["alert", "add", "DiskFull", "instance=n1", "--annotation=summary=full"]);
    assert_eq!(next(&hooks)["alerts"][0]["annotations"]["summary"], "full");
    assert!(amtool(&["alert", "query", "-o", "extended"]).contains("DiskFull"));
    let id = amtool(&["silence", "add", "alertname=DiskFull", "--comment=why", "--author=ann"]);
    assert!(amtool(&["silence", "query"]).contains("DiskFull"));
    assert!(!amtool(&["alert", "query"]).contains("DiskFull"));
    amtool(&["silence", "expire", id.trim()]);
    assert!(amtool(&["alert", "query"]).contains("DiskFull"));
}
