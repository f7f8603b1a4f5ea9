//! `crowsnest demo`, and `crowsnest query` against it.

use std::process::{Child, Command, Stdio};

use crate::agent::agent_program;
use crate::support::wait_for;

pub(crate) struct Demo(Child);

impl Drop for Demo {
    fn drop(&mut self) {
        // SIGKILL on purpose: the agent must not outlive even that.
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

pub(crate) fn start(dir: &std::path::Path) -> (Demo, serde_json::Value) {
    start_with(dir, &[])
}

/// The same with more flags.
pub(crate) fn start_with(dir: &std::path::Path, flags: &[&str]) -> (Demo, serde_json::Value) {
    agent_program();
    let demo = Command::new(env!("CARGO_BIN_EXE_crowsnest"))
        .args(["demo", "--listen", "127.0.0.1:0", "--data-dir"])
        .arg(dir)
        .args(flags)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let demo = Demo(demo);
    wait_for("the demo", || dir.join("listen.json").exists().then_some(()));
    let file =
        wait_for("demo.json", || serde_json::from_slice(&std::fs::read(dir.join("demo.json")).ok()?).ok());
    (demo, file)
}

/// What the demo answers the owner of a token.
pub(crate) fn ask(file: &serde_json::Value, token: &str, path: &str) -> serde_json::Value {
    let ca = std::fs::read(file["ca"].as_str().unwrap()).unwrap();
    let ca = reqwest::Certificate::from_pem(&ca).unwrap();
    let client = reqwest::blocking::Client::builder().tls_certs_only([ca]).build().unwrap();
    let url = format!("{}{path}", file["url"].as_str().unwrap());
    client.get(url).bearer_auth(token).send().unwrap().json().unwrap()
}

/// Whom the demo takes the owner of a token for.
fn session_of(file: &serde_json::Value, token: &str) -> serde_json::Value {
    ask(file, token, "api/crowsnest/v1/session")
}

/// As a parameter of a URL.
fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

#[test]
fn the_demo_shows_this_machine_and_a_cluster_and_its_tokens_outlive_a_restart() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = tempfile::tempdir().unwrap();
    let (mut demo, file) = start(dir.path());
    let mode = std::fs::metadata(dir.path().join("demo.json")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let token_file = dir.path().join("token-copy");
    std::fs::write(&token_file, file["token"].as_str().unwrap()).unwrap();
    let query = |expr: &str| {
        Command::new(env!("CARGO_BIN_EXE_crowsnest"))
            .args([
                "query",
                expr,
                "--url",
                file["url"].as_str().unwrap(),
                "--ca",
                file["ca"].as_str().unwrap(),
            ])
            .arg("--token-file")
            .arg(&token_file)
            .output()
            .unwrap()
    };
    wait_for("the agent", || {
        let output = query("up{job='node-exporter', node='demo-1'} == 1");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        (output.status.success() && text.contains("demo-1")).then_some(())
    });
    let expressions = [
        // Containers of the simulated cluster, labelled as an agent will label them.
        "count(container_memory_working_set_bytes{job=\"kubelet\", metrics_path=\"/metrics/cadvisor\", \
         namespace=\"shop\", pod=~\"web-.+\", container!=\"\", node=~\"demo-.\"}) > 2",
        // Nodes that follow this machine; the last one may be away.
        "count(up{job=\"node-exporter\", node=~\"demo-[234]\"} == 1) == 3",
        "count(node_memory_MemAvailable_bytes{node=\"demo-2\"}) == 1",
    ];
    let token = file["token"].as_str().unwrap();
    for expr in expressions {
        wait_for(expr, || {
            let answer = ask(&file, token, &format!("api/v1/query?query={}", encoded(expr)));
            let result = answer["data"]["result"].as_array().unwrap_or_else(|| panic!("{answer}"));
            (!result.is_empty()).then_some(())
        });
    }
    let wrong = query("rate(");
    assert!(!wrong.status.success());
    assert!(String::from_utf8_lossy(&wrong.stderr).contains("parse error"));

    let pid = nix::unistd::Pid::from_raw(i32::try_from(demo.0.id()).unwrap());
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM).unwrap();
    assert!(demo.0.wait().unwrap().success());
    std::fs::remove_file(dir.path().join("demo.json")).unwrap();
    let (_demo, again) = start(dir.path());
    for account in ["token", "viewer_token"] {
        assert_ne!(again[account], serde_json::Value::Null);
        assert_eq!(session_of(&again, file[account].as_str().unwrap())["cluster"], true, "{account}");
    }
    let user = session_of(&again, again["viewer_token"].as_str().unwrap())["user"].clone();
    assert_eq!(user, "system:serviceaccount:shop:viewer");
    assert!(
        std::fs::read_to_string(again["kubeconfig"].as_str().unwrap()).unwrap().contains("server: https://")
    );
}
