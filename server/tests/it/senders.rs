//! Ways in beside remote write, each with a client that others wrote.

use reqwest::header::CONTENT_TYPE;
use serde_json::Value;

use crate::clients::run_script_as;
use crate::support::server::{PUSHER, VIEWER};
use crate::support::{Server, now_ms};

/// Values of a selector's series, newest of each, with the labels that are named.
fn values(server: &Server, query: &str) -> Vec<String> {
    let found = server.query(query).into_iter();
    let mut found: Vec<String> =
        found.map(|series| series["value"][1].as_str().unwrap().to_owned()).collect();
    found.sort();
    found
}

#[test]
fn opentelemetrys_exporters_influxs_client_and_prometheus_client_push_to_us() {
    let server = Server::start();
    let Some(said) = run_script_as(&server, &server.url, PUSHER, "senders_test.py", &[]) else { return };
    assert!(said.ends_with("all senders were answered\n"), "{said}");
    for service in ["otlp-http", "otlp-http-deltas", "otlp-grpc"] {
        let of = |metric: &str| values(&server, &format!("{metric}{{job=\"{service}\"}}"));
        assert_eq!(of("http_requests_total"), ["5"], "{service}");
        assert_eq!(of("memory_used_bytes"), ["1024"], "{service}");
        let info = format!("target_info{{job=\"{service}\", instance=\"1\", host_name=\"n1\"}}");
        assert_eq!(values(&server, &info), ["1"], "{service}");
    }
    for service in ["otlp-http", "otlp-grpc"] {
        let count = format!("http_latency_seconds_count{{job=\"{service}\"}}");
        assert_eq!(values(&server, &count), ["2"]);
        let below = format!("http_latency_seconds_bucket{{job=\"{service}\", le=\"5\"}}");
        assert_eq!(values(&server, &below), ["2"]);
    }
    let native = "histogram_count(http_latency_seconds{job=\"otlp-http-deltas\"})";
    assert_eq!(values(&server, native), ["2"], "two deltas of a native histogram add up");
    assert_eq!(values(&server, "cpu_load_user{host=\"n1\", db=\"telegraf\"}"), ["1.5"]);
    assert_eq!(values(&server, "cpu_load_up"), ["1"]);
    let group = |metric: &str| values(&server, &format!("{metric}{{job=\"backup\", path=\"/data\"}}"));
    assert_eq!((group("backup_bytes"), group("backup_files")), (vec!["5".to_owned()], vec!["3".to_owned()]));
    assert_eq!(group("push_time_seconds").len(), 1);
    assert!(values(&server, "{job=\"gone\"}").is_empty(), "what was deleted has ended");
    let ups = values(&server, "up{job=~\"backup|otlp.*\"}");
    assert!(ups.is_empty(), "a process that has ended is not down: {ups:?}");
}

#[test]
fn a_script_pushes_a_page_with_curl_and_a_bad_one_is_refused_whole() {
    let server = Server::start();
    let push = |page: &'static str, token: &str| {
        let request = server.post("api/v1/import/prometheus?extra_label=job%3Dscript").bearer_auth(token);
        request.header(CONTENT_TYPE, "text/plain").body(page).send().unwrap()
    };
    assert_eq!(push("# TYPE a counter\na{b=\"c\"} 2\n", PUSHER).status().as_u16(), 204);
    assert_eq!(values(&server, "a{b=\"c\", job=\"script\"}"), ["2"]);
    let refused = push("good 1\nbad{ 1\n", PUSHER);
    assert_eq!(refused.status().as_u16(), 400);
    let told: Value = refused.json().unwrap();
    assert!(told["error"].as_str().unwrap().contains("line 2"), "{told}");
    assert!(values(&server, "good").is_empty(), "nothing of a bad page is stored");
    assert_eq!(push("a 1\n", VIEWER).status().as_u16(), 403);
}

#[test]
fn telegrafs_way_in_tells_line_and_column_of_what_it_cannot_read() {
    let server = Server::start();
    let push = |lines: String| {
        let request =
            server.post("write?db=x&precision=ms").header("authorization", format!("Token {PUSHER}"));
        request.body(lines).send().unwrap()
    };
    let now = now_ms();
    assert_eq!(push(format!("cpu,host=a user=1 {now}\n")).status().as_u16(), 204);
    assert_eq!(values(&server, "cpu_user{host=\"a\", db=\"x\"}"), ["1"]);
    let refused = push(format!("cpu user=2 {now}\ncpu user=x {now}\n"));
    assert_eq!(refused.status().as_u16(), 400);
    assert!(refused.text().unwrap().contains("line 2, column 10"));
    assert_eq!(values(&server, "cpu_user"), ["1"]);
}

#[test]
fn groups_of_the_pushgateway_outlive_a_restart() {
    let mut server = Server::start();
    let path = "metrics/job/nightly";
    let put = server.client().put(format!("{}{path}", server.url)).bearer_auth(PUSHER).body("nightly_ok 1\n");
    assert_eq!(put.send().unwrap().status().as_u16(), 200);
    server.crash_and_restart();
    assert_eq!(values(&server, "nightly_ok{job=\"nightly\"}"), ["1"]);
    let bad =
        server.client().put(format!("{}{path}", server.url)).bearer_auth(PUSHER).body("nightly_ok 1 5\n");
    let refused = bad.send().unwrap();
    assert_eq!(refused.status().as_u16(), 400);
    assert!(refused.text().unwrap().contains("must not have"));
}
