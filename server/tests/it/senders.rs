//! Ways in beside remote write, each with a client that others wrote.

use reqwest::header::CONTENT_TYPE;
use serde_json::Value;

use crate::clients::run_script_as;
use crate::support::server::{PUSHER, VIEWER};
use crate::support::tools::{self, Program, free_port};
use crate::support::{Server, now_ms, wait_for};

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

#[test]
fn whoever_may_end_stands_among_the_sources_with_how_it_came_and_what_was_refused() {
    let server = Server::start();
    let put = server.client().put(format!("{}metrics/job/nightly/instance/n1", server.url));
    assert_eq!(put.bearer_auth(PUSHER).body("backup_bytes 1\n").send().unwrap().status().as_u16(), 200);
    let now = now_ms();
    let lines =
        format!("cpu,job=x,instance=i user=1 {now}\ncpu,job=x,instance=i user=1 {}\n", now + 3_600_000);
    let push = |body: String| {
        let request = server.post("write?precision=ms").bearer_auth(PUSHER);
        request.body(body).send().unwrap().status().as_u16()
    };
    assert_eq!((push(lines), push("no line".to_owned())), (400, 400));
    let (_, all) = server.ask("api/crowsnest/v1/sources", &[]);
    let sources = all["sources"].as_array().unwrap();
    let of = |way: &str| sources.iter().find(|source| source["way"] == way).unwrap();
    let group = of("pushgateway");
    assert_eq!((&group["job"], &group["instance"]), (&"nightly".into(), &"n1".into()));
    let influx = of("influx");
    assert_eq!((&influx["job"], &influx["instance"]), (&"x".into(), &"i".into()));
    assert_eq!((&influx["samples"], &influx["refused"]), (&1.into(), &1.into()));
    assert_eq!(influx["refused_by"][0]["reason"], "too_new");
    assert!(influx["interval_seconds"].is_null() && influx["silent"] == false, "{influx}");
    let refused = &all["refused"][0];
    assert_eq!((&refused["way"], &refused["last"]["reason"]), (&"influx".into(), &"push".into()));
    let metrics = server.get("metrics").bearer_auth(VIEWER).send().unwrap().text().unwrap();
    assert!(
        metrics.contains("crowsnest_ingest_refused_pushes_total{status=\"400\",way=\"influx\"} 1"),
        "{metrics}"
    );
}

#[test]
fn whoever_pushes_faster_than_allowed_is_told_when_to_come_back_whatever_the_way_in() {
    let server = Server::start_with(&["--max-push-rate", "10"]);
    let page: String = (0..150).map(|number| format!("a{{n=\"{number}\"}} 1\n")).collect();
    let import = || {
        let request = server.post("api/v1/import/prometheus").bearer_auth(PUSHER);
        request.body(page.clone()).send().unwrap()
    };
    assert_eq!(
        import().status().as_u16(),
        204,
        "ten seconds of the rate may come at once, and more is a debt"
    );
    let refused = import();
    assert_eq!(refused.status().as_u16(), 429);
    let wait: u64 = refused.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=5).contains(&wait), "50 samples of debt at 10 a second: {wait}");
    let told = refused.text().unwrap();
    assert!(told.contains("more than 10 samples a second"), "{told}");
    for path in ["api/v1/write", "api/v1/otlp/v1/metrics", "write", "metrics/job/x"] {
        let request = server.post(path).bearer_auth(PUSHER);
        let request = request.header(CONTENT_TYPE, "application/x-protobuf").header(
            "content-encoding",
            match path {
                "api/v1/write" => "snappy",
                _ => "identity",
            },
        );
        assert_eq!(request.body("").send().unwrap().status().as_u16(), 429, "{path}");
    }
    let (_, all) = server.ask("api/crowsnest/v1/sources", &[]);
    assert_eq!(all["limits"]["samples_per_second"], 10);
    assert_eq!(all["refused"][0]["last"]["reason"], "rate", "{all}");
}

#[test]
fn vmagent_scrapes_and_writes_to_us() {
    if !tools::is_there("vmagent") {
        return;
    }
    let server = Server::start();
    let folder = tempfile::tempdir().unwrap();
    let (config, listen) = (folder.path().join("scrape.yml"), format!("127.0.0.1:{}", free_port()));
    let scrape =
        format!("{{job_name: vmagent, scrape_interval: 1s, static_configs: [{{targets: ['{listen}']}}]}}");
    std::fs::write(&config, format!("scrape_configs: [{scrape}]\n")).unwrap();
    let mut command = tools::command("vmagent");
    command
        .arg(format!("-promscrape.config={}", config.display()))
        .arg(format!("-httpListenAddr={listen}"))
        .arg(format!("-remoteWrite.tmpDataPath={}", folder.path().join("queue").display()))
        .arg(format!("-remoteWrite.url={}api/v1/write", server.url))
        .arg(format!("-remoteWrite.tlsCAFile={}", server.ca().display()))
        .arg(format!("-remoteWrite.bearerTokenFile={}", server.ingest_file().display()));
    let _vmagent = Program::start(&mut command);
    let up = || (values(&server, "up{job=\"vmagent\"}") == ["1"]).then_some(());
    wait_for("vmagent's samples to arrive", up);
    let written = || {
        let seen =
            values(&server, "vmagent_remotewrite_requests_total{job=\"vmagent\", status_code=\"2XX\"} > 0");
        (!seen.is_empty()).then_some(())
    };
    wait_for("vmagent to say that its writes were taken", written);
    assert!(values(&server, "sum(vmagent_remotewrite_packets_dropped_total) > 0").is_empty());
}
