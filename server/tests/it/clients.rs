//! Clients that others wrote, as they are: what they ask, we answer.

mod grafana;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

use crate::support::server::{ADMIN, VIEWER};
use crate::support::tools::{self, Peer};
use crate::support::{Server, now_ms, series, wait_for};

/// Pushes `requests_total`, 0 to 6 at ten-second steps, and `temperature`; gives the time of the last sample.
fn push(server: &Server) -> i64 {
    let start = now_ms() - 61_000;
    let samples: Vec<(i64, f64)> = (0..7).map(|n| (start + n * 10_000, n as f64)).collect();
    server.push(vec![series("requests_total", &samples), series("temperature", &[(start, -0.5)])]);
    start + 60_000
}

/// Runs a program to its good end and gives what it printed.
#[track_caller]
fn run(command: &mut Command) -> String {
    let Output { status, stdout, stderr } = command.output().unwrap();
    let (stdout, stderr) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    assert!(status.success(), "{command:?} ended with {status}:\n{stdout}\n{stderr}");
    stdout.into_owned()
}

/// A file with a token, in the server's folder.
fn token_file(server: &Server, token: &str) -> PathBuf {
    let file = server.data_dir().join(format!("{token}.test"));
    std::fs::write(&file, token).unwrap();
    file
}

/// Debian's promtool cannot send a token, so it asks a server where nobody signs in.
#[test]
fn promtool_asks_us_what_it_asks_prometheus() {
    if !tools::is_there("promtool") {
        return;
    }
    let server = Server::start_with(&["--auth", "none", "--http-listen", "127.0.0.1:0"]);
    let last = push(&server);
    let url = format!("http://{}", server.listen_file()["http_listen"].as_str().unwrap());
    let query = |arguments: &[&str]| run(tools::command("promtool").arg("query").args(arguments));
    let seconds = |ms: i64| format!("{:.3}", ms as f64 / 1000.0);
    let (at, start) = (seconds(last), seconds(last - 20_000));
    let labels = "requests_total{instance=\"i\", job=\"test\", node=\"n\"}";
    let found = query(&["instant", "--time", &at, &url, "requests_total"]);
    assert_eq!(
        found,
        format!("{labels} => 6 @[{}]\n", seconds(last).trim_end_matches('0').trim_end_matches('.'))
    );
    let found = query(&["range", "--start", &start, "--end", &at, "--step", "10s", &url, "requests_total"]);
    assert!(found.starts_with(&format!("{labels} =>\n4 @[")) && found.lines().count() == 4, "{found}");
    let found = query(&["series", "--match", "temperature", &url]);
    assert_eq!(found, "{__name__=\"temperature\", instance=\"i\", job=\"test\", node=\"n\"}\n");
    assert_eq!(query(&["labels", &url, "job"]), "test\n");
    let wrong = tools::command("promtool").args(["query", "instant", &url, "up{"]).output().unwrap();
    let told = String::from_utf8_lossy(&wrong.stderr).into_owned();
    assert!(!wrong.status.success() && told.contains("1:4: parse error"), "{told}");
}

#[test]
fn promtool_finds_our_configuration_and_our_metrics_in_order() {
    if !tools::is_there("promtool") {
        return;
    }
    let server = Server::start_with(&["--external-label", "cluster=demo"]);
    let (_, body) = server.ask("api/v1/status/config", &[]);
    let file = server.data_dir().join("prometheus.yml");
    std::fs::write(&file, body["data"]["yaml"].as_str().unwrap()).unwrap();
    let checked = run(tools::command("promtool").args(["check", "config"]).arg(&file));
    assert!(checked.contains("SUCCESS"), "{checked}");
    push(&server);
    let page = server.get("metrics").bearer_auth(VIEWER).send().unwrap().text().unwrap();
    let file = server.data_dir().join("metrics");
    std::fs::write(&file, page).unwrap();
    run(tools::command("promtool").args(["check", "metrics"]).stdin(std::fs::File::open(&file).unwrap()));
}

#[test]
fn prometheus_federates_from_us_and_reads_from_us() {
    if !tools::is_there("prometheus") {
        return;
    }
    let server = Server::start_with(&["--external-label", "cluster=demo"]);
    let last = push(&server);
    let token = token_file(&server, VIEWER);
    let (address, ca) = (server.url.trim_start_matches("https://").trim_end_matches('/'), server.ca());
    let peer = Peer::start(|_| {
        format!(
            "global: {{scrape_interval: 1s, scrape_timeout: 900ms}}\n\
             scrape_configs:\n  - job_name: federate\n    honor_labels: true\n    scheme: https\n    \
             metrics_path: /federate\n    params: {{'match[]': ['requests_total']}}\n    \
             static_configs: [{{targets: ['{address}']}}]\n    {access}\n\
             remote_read:\n  - url: {url}api/v1/read\n    read_recent: true\n    {access}\n",
            url = server.url,
            access = format!(
                "tls_config: {{ca_file: '{}'}}\n    authorization: {{credentials_file: '{}'}}",
                ca.display(),
                token.display()
            ),
        )
    });
    let ask = |query: &str, at: i64| {
        let params = [("query", query.to_owned()), ("time", format!("{:.3}", at as f64 / 1000.0))];
        let body = peer.ask("api/v1/query", &params);
        assert_eq!(body["status"], "success", "{query}: {body}");
        body["data"]["result"].clone()
    };
    // Federated: the newest value, at its own time, with our labels and the external one.
    let federated = wait_for("prometheus to federate", || {
        let found = ask("requests_total{job=\"test\"} and on () up{job=\"federate\"} == 1", now_ms());
        (found != Value::Array(vec![])).then_some(found)
    });
    assert_eq!(federated[0]["metric"]["cluster"], "demo", "{federated}");
    assert_eq!(federated[0]["value"][1], "6");
    // Read: what was there before it came, and what it was never given.
    let whole = ask("requests_total{cluster=\"demo\"}[70s]", last + 1);
    let values: Vec<&Value> = whole[0]["values"].as_array().unwrap().iter().map(|point| &point[1]).collect();
    assert_eq!(values, ["0", "1", "2", "3", "4", "5", "6"], "{whole}");
    assert_eq!(ask("temperature", last)[0]["value"][1], "-0.5");
}

/// Runs a script of `tests/clients` with an address of the server, a token and the CA.
fn run_script(server: &Server, url: &str, script: &str, arguments: &[&str]) -> Option<String> {
    run_script_as(server, url, VIEWER, script, arguments)
}

pub(crate) fn run_script_as(
    server: &Server,
    url: &str,
    token: &str,
    script: &str,
    arguments: &[&str],
) -> Option<String> {
    let mut command = tools::python()?;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients").join(script);
    command.arg(script).args(arguments);
    command.env("CROWSNEST_URL", url).env("CROWSNEST_TOKEN", token);
    command.env("REQUESTS_CA_BUNDLE", server.ca()).env("SSL_CERT_FILE", server.ca());
    Some(run(&mut command))
}

#[test]
fn the_python_client_finds_what_was_pushed() {
    let server = Server::start();
    push(&server);
    if let Some(found) = run_script(&server, &server.url, "prometheus_api_client_test.py", &[]) {
        assert!(found.ends_with("all calls answered\n"), "{found}");
    }
}

/// Schemathesis makes requests from our own description and holds the answers to it. A thousand handshakes would take
/// longer than the requests, so it comes over plain HTTP.
#[test]
fn answers_are_what_the_openapi_description_says() {
    let server = Server::start_with(&["--http-listen", "127.0.0.1:0"]);
    push(&server);
    let url = format!("http://{}", server.listen_file()["http_listen"].as_str().unwrap());
    let document = server.get("api/v1/openapi.yaml").bearer_auth(VIEWER).send().unwrap().text().unwrap();
    let file = server.data_dir().join("openapi.json");
    std::fs::write(&file, document).unwrap();
    if let Some(report) = run_script(&server, &url, "schemathesis_test.py", &[file.to_str().unwrap()]) {
        println!("{report}");
    }
    // Whatever was sent, the server still is what it was.
    let ready = server.get("readyz").bearer_auth(ADMIN).send().unwrap();
    assert_eq!(ready.status().as_u16(), 200);
}
