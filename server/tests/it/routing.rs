//! Who is told of alerts, typed where no file says it.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::mpsc::channel;
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::cluster::Sim;
use crate::support::server::{ADMIN, VIEWER, json as status_and_body};
use crate::support::{Server, wait_for};

const ROUTING: &str = "api/crowsnest/v1/routing";

fn put(server: &Server, token: &str, text: &str, version: u64) -> (u16, Value) {
    let request = server.request(Method::PUT, ROUTING).bearer_auth(token);
    status_and_body(request.json(&json!({"text": text, "version": version})).send().unwrap())
}

fn get(server: &Server, token: &str) -> Value {
    status_and_body(server.get(ROUTING).bearer_auth(token).send().unwrap()).1
}

#[test]
fn what_an_administrator_types_counts_at_once_and_after_a_crash_and_gives_way_to_a_file() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (sender, told) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut read = [0; 65536];
            let length = stream.read(&mut read).unwrap();
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").unwrap();
            if sender.send(String::from_utf8_lossy(&read[..length]).into_owned()).is_err() {
                return;
            }
        }
    });
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(folder.path().join("rules")).unwrap();
    std::fs::create_dir_all(folder.path().join("secrets")).unwrap();
    std::fs::write(folder.path().join("secrets/hook"), format!("http://127.0.0.1:{port}/secret\n")).unwrap();
    let rules = "groups: [{name: g, interval: 1s, rules: [{alert: Always, expr: vector(1)}]}]\n";
    std::fs::write(folder.path().join("rules/r.yml"), rules).unwrap();
    let provisioning = folder.path().to_str().unwrap();
    let mut server = Server::start_with(&["--provisioning", provisioning, "--curated-rules", "none"]);
    assert_eq!(get(&server, ADMIN)["source"], "nobody");
    let text = "route: {receiver: hook, group_wait: 100ms}\nreceivers: [{name: hook, webhook_configs: [{url_file: hook}]}]\n";
    assert_eq!(put(&server, ADMIN, text, 0).0, 200);
    let request = told.recv_timeout(Duration::from_secs(60)).unwrap();
    assert!(request.starts_with("POST /secret"), "{request}");

    // What is wrong changes nothing.
    for (wrong, expected) in [
        ("route: {receiver: other}\nreceivers: [{name: hook}]\n", "undefined receiver"),
        (
            "route: {receiver: a}\nreceivers: [{name: a, webhook_configs: [{url_file: ../users.yaml}]}]\n",
            "is not the name of a file",
        ),
        (
            "route: {receiver: a}\nreceivers: [{name: a, pushover_configs: [{user_key: u, token: t}]}]\n",
            "is a secret",
        ),
    ] {
        let (status, answer) = put(&server, ADMIN, wrong, 1);
        assert_eq!(status, 400, "{answer}");
        assert!(answer["detail"].as_str().unwrap().contains(expected), "{answer}");
    }
    assert_eq!(put(&server, ADMIN, text, 0).0, 409, "somebody has saved one meanwhile");
    server.crash_and_restart();
    let kept = get(&server, ADMIN);
    assert_eq!((&kept["source"], &kept["text"], &kept["by"]), (&json!("typed"), &json!(text), &json!("ann")));

    // Others see that there is one, and change nothing.
    let others = get(&server, VIEWER);
    assert_eq!(
        (&others["source"], &others["text"], &others["may_change"]),
        (&json!("typed"), &json!(""), &json!(false))
    );
    assert_eq!(put(&server, VIEWER, text, 1).0, 403);

    std::fs::write(folder.path().join("alertmanager.yml"), "route: {receiver: x}\nreceivers: [{name: x}]\n")
        .unwrap();
    wait_for("the file", || (get(&server, ADMIN)["source"] == "file").then_some(()));
    assert_eq!(put(&server, ADMIN, "", 1).0, 409);
    std::fs::remove_file(folder.path().join("alertmanager.yml")).unwrap();
    wait_for("the end of the file", || (get(&server, ADMIN)["source"] == "typed").then_some(()));
    assert_eq!(put(&server, ADMIN, "", 1).0, 200);
    assert_eq!(get(&server, ADMIN)["source"], "nobody");
    let audit = std::fs::read_to_string(server.data_dir().join("audit.log")).unwrap();
    assert!(audit.contains("save-routing"), "{audit}");
}

#[test]
fn in_a_cluster_the_right_to_notification_policies_decides() {
    let sim = Sim::still();
    let server = Server::of(&sim);
    let text = "route: {receiver: a}\nreceivers: [{name: a}]\n";
    assert_eq!(put(&server, &sim.viewer(), text, 0).0, 403);
    assert_eq!(get(&server, &sim.viewer())["may_change"], false);
    assert_eq!(put(&server, &sim.admin(), text, 0).0, 200);
}
