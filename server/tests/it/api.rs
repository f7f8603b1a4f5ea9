//! The endpoints of the Prometheus API beside queries: what they say, and what they refuse.

use serde_json::{Value, json};

use crate::support::server::{ADMIN, VIEWER};
use crate::support::{Server, now_ms, series};

fn data(server: &Server, path: &str, params: &[(&str, &str)]) -> Value {
    let (status, mut body) = server.ask(path, params);
    assert_eq!(status, 200, "{path} {params:?}: {body}");
    body["data"].take()
}

#[track_caller]
fn check_refused(server: &Server, path: &str, params: &[(&str, &str)], error: &str) {
    let (status, body) = server.ask(path, params);
    assert_eq!((status, &body["errorType"]), (400, &"bad_data".into()), "{path} {params:?}: {body}");
    assert!(body["error"].as_str().unwrap().contains(error), "{path} {params:?}: {body}");
}

/// Pushes what a family is, and nothing else.
fn push_metadata(server: &Server, family: &str, help: &str) {
    use crowsnest_api::remote_write::{MetricMetadata, MetricType, WriteRequest};
    use prost::Message as _;
    let metadata = MetricMetadata {
        r#type: MetricType::Counter as i32,
        metric_family_name: family.to_owned(),
        help: help.to_owned(),
        unit: String::new(),
    };
    let request = WriteRequest { timeseries: vec![], metadata: vec![metadata] };
    let body = crate::support::push::compress(&request.encode_to_vec());
    assert!(server.push_bytes(body).status().is_success());
}

#[test]
fn what_pushes_is_a_target() {
    let server = Server::start();
    server.push(vec![series("requests_total", &[(now_ms(), 1.0)])]);
    let targets = data(&server, "api/v1/targets", &[("state", "active"), ("scrapePool", "test")]);
    let target = &targets["activeTargets"][0];
    assert_eq!(target["labels"], json!({"instance": "i", "job": "test", "node": "n"}));
    assert_eq!((&target["health"], &target["scrapePool"]), (&"up".into(), &"test".into()));
    let none =
        |params: &[(&str, &str)]| data(&server, "api/v1/targets", params)["activeTargets"] == json!([]);
    assert!(none(&[("state", "dropped")]) && none(&[("scrapePool", "other")]) && none(&[("state", "odd")]));
    assert_eq!(data(&server, "api/v1/scrape_pools", &[]), json!({"scrapePools": ["test"]}));
    let metadata = |params: &[(&str, &str)]| data(&server, "api/v1/targets/metadata", params);
    assert_eq!(metadata(&[]), json!([]), "nobody has told anything yet");
    push_metadata(&server, "requests", "How often it was asked.");
    push_metadata(&server, "others", "Nobody has a series of it.");
    let labels = json!({"instance": "i", "job": "test", "node": "n"});
    let told = |metric: Option<&str>| {
        let mut told =
            json!({"target": labels, "type": "counter", "help": "How often it was asked.", "unit": ""});
        if let Some(metric) = metric {
            told["metric"] = metric.into();
        }
        json!([told])
    };
    assert_eq!(metadata(&[("match_target", "{job=\"test\"}")]), told(Some("requests")));
    assert_eq!(metadata(&[("metric", "requests"), ("match_target", "{}")]), told(None));
    for none in [("match_target", "{job=\"x\"}"), ("metric", "others"), ("limit", "0")] {
        assert_eq!(metadata(&[none]), json!([]), "{none:?}");
    }
    check_refused(&server, "api/v1/targets/metadata", &[("limit", "x")], "limit must be a number");
    check_refused(
        &server,
        "api/v1/targets/metadata",
        &[("match_target", "{")],
        "\"match_target\": 1:2: parse",
    );
    let steps = "api/v1/targets/relabel_steps";
    check_refused(&server, steps, &[], "no scrapePool parameter provided");
    check_refused(&server, steps, &[("scrapePool", "a"), ("labels", "x")], "error parsing labels");
    check_refused(&server, steps, &[("scrapePool", "a"), ("labels", "{}")], "scrape pool \"a\" not found");
}

#[test]
fn rules_and_alerts_are_empty_and_their_filters_checked() {
    let server = Server::start();
    let rules = "api/v1/rules";
    for params in [
        &[("type", "alert")][..],
        &[("match[]", "{a=\"b\"}")],
        &[("exclude_alerts", "true")],
        &[("group_limit", "5")],
    ] {
        assert_eq!(data(&server, rules, params), json!({"groups": []}));
    }
    check_refused(&server, rules, &[("type", "x")], "invalid parameter \"type\": not supported value \"x\"");
    check_refused(&server, rules, &[("match[]", "{")], "parse error");
    check_refused(&server, rules, &[("exclude_alerts", "maybe")], "invalid parameter \"exclude_alerts\"");
    check_refused(&server, rules, &[("group_limit", "0")], "group_limit needs to be greater than 0");
    check_refused(&server, rules, &[("group_limit", "x")], "group_limit needs to be a valid number");
    check_refused(&server, rules, &[("group_next_token", "x")], "group_limit needs to be present");
    let page = [("group_next_token", "x"), ("group_limit", "1")];
    check_refused(&server, rules, &page, "invalid group_next_token 'x'");
    assert_eq!(data(&server, "api/v1/alerts", &[]), json!({"alerts": []}));
    let managers = json!({"activeAlertmanagers": [], "droppedAlertmanagers": []});
    assert_eq!(data(&server, "api/v1/alertmanagers", &[]), managers);
}

#[test]
fn the_server_tells_about_itself() {
    let server = Server::start_with(&["--external-label", "cluster=demo"]);
    let status = |what: &str| data(&server, &format!("api/v1/status/{what}"), &[]);
    let yaml = status("config")["yaml"].take();
    assert!(yaml.as_str().unwrap().contains("\"cluster\": \"demo\""), "{yaml}");
    assert_eq!(status("flags")["retention"], "15d");
    assert_eq!(status("flags")["query-timeout"], "2m");
    assert_eq!(status("tsdb/blocks"), json!({"blocks": []}));
    let runtime = status("runtimeinfo");
    assert_eq!(
        (&runtime["storageRetention"], &runtime["reloadConfigSuccess"]),
        (&"15d".into(), &true.into())
    );
    assert!(status("walreplay")["max"].is_u64());
    check_refused(&server, "api/v1/status/tsdb", &[("limit", "0")], "limit must be a positive number");
    check_refused(&server, "api/v1/status/tsdb", &[("limit", "10001")], "limit must not exceed 10000");
    assert_eq!(data(&server, "api/v1/features", &[])["promql_functions"]["rate"], true);
    assert_eq!(data(&server, "api/v1/metadata", &[("limit", "0")]), json!({}));
    check_refused(&server, "api/v1/metadata", &[("limit", "x")], "limit must be a number");
}

#[test]
fn a_failed_reload_is_a_notification_until_it_is_mended() {
    let server = Server::start();
    let reload = || server.post("-/reload").bearer_auth(ADMIN).send().unwrap().status().as_u16();
    let good = std::fs::read_to_string(server.users_file()).unwrap();
    assert_eq!(data(&server, "api/v1/notifications", &[]), json!([]));
    std::fs::write(server.users_file(), "- broken").unwrap();
    assert_eq!(reload(), 400);
    let notifications = data(&server, "api/v1/notifications", &[]);
    assert_eq!(notifications[0]["text"], "Configuration reload has failed.");
    let live = server.get("api/v1/notifications/live").bearer_auth(VIEWER).send().unwrap();
    assert_eq!(live.headers()["content-type"], "text/event-stream");
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(live));
    let first = lines.next().unwrap().unwrap();
    assert!(first.starts_with("data: {\"text\":\"Configuration reload has failed.\""), "{first}");
    std::fs::write(server.users_file(), good).unwrap();
    assert_eq!(reload(), 200);
    assert_eq!(data(&server, "api/v1/notifications", &[]), json!([]));
    let ended = lines.map(Result::unwrap).find(|line| line.contains("\"active\":false"));
    assert!(ended.is_some());
}

#[test]
fn expressions_are_parsed_without_looking_at_data() {
    let server = Server::start();
    let tree = data(&server, "api/v1/parse_query", &[("query", "-up")]);
    assert_eq!((&tree["type"], &tree["expr"]["name"]), (&"unaryExpr".into(), &"up".into()));
    check_refused(
        &server,
        "api/v1/parse_query",
        &[("query", "up{")],
        "invalid parameter \"query\": 1:4: parse",
    );
    check_refused(&server, "api/v1/parse_query", &[], "no expression found in input");
    assert_eq!(data(&server, "api/v1/query_exemplars", &[("query", "up")]), json!([]));
    let nothing = server.get("api/v1/query_exemplars?query=1").bearer_auth(VIEWER).send().unwrap();
    assert_eq!(nothing.status().as_u16(), 204);
    let swapped = [("query", "up"), ("start", "2"), ("end", "1")];
    check_refused(
        &server,
        "api/v1/query_exemplars",
        &swapped,
        "end timestamp must not be before start timestamp",
    );
}

#[test]
fn admin_endpoints_are_off_as_in_prometheus_without_its_flag() {
    let server = Server::start();
    for name in ["delete_series", "clean_tombstones", "snapshot"] {
        let path = format!("api/v1/admin/tsdb/{name}");
        let answer = server.post(&path).bearer_auth(ADMIN).send().unwrap();
        assert_eq!(answer.status().as_u16(), 500);
        let body: Value = answer.json().unwrap();
        let expected = json!({"status": "error", "errorType": "unavailable", "error": "admin APIs disabled"});
        assert_eq!(body, expected);
        assert_eq!(server.post(&path).bearer_auth(VIEWER).send().unwrap().status().as_u16(), 403);
    }
}

#[test]
fn no_other_site_may_read_answers() {
    let server = Server::start();
    let request =
        server.get("api/v1/query?query=1").bearer_auth(VIEWER).header("origin", "https://other.example");
    let answer = request.send().unwrap();
    let cors = answer.headers().keys().find(|name| name.as_str().starts_with("access-control"));
    assert_eq!((answer.status().as_u16(), cors), (200, None));
}

#[test]
fn values_and_times_have_prometheus_number_formats() {
    let server = Server::start();
    let text = |query: &str, time: &str| {
        let params = [("query", query), ("time", time)];
        server.get("api/v1/query").query(&params).bearer_auth(VIEWER).send().unwrap().text().unwrap()
    };
    let vector = text("vector(1e21)", "1500");
    assert!(vector.contains("[1500,\"1e+21\"]"), "{vector}");
    assert!(text("vector(1.5e-7)", "1500.25").contains("[1500.25,\"1.5e-07\"]"));
    assert!(text("1e21", "1500.25").contains("[1500.25,\"1000000000000000000000\"]"));
    assert!(text("0/0", "0").contains("[0,\"NaN\"]"));
}

#[test]
fn queries_tell_what_they_cost_when_asked() {
    let server = Server::start();
    let now = now_ms();
    server.push(vec![series("requests_total", &[(now - 2000, 1.0), (now - 1000, 2.0)])]);
    let stats = |stats: &str| {
        let at = format!("{:.3}", now as f64 / 1000.0);
        let params = [("query", "rate(requests_total[1m])"), ("stats", stats), ("time", at.as_str())];
        data(&server, "api/v1/query", &params)["stats"].take()
    };
    assert_eq!(stats(""), Value::Null);
    let totals = stats("true");
    assert_eq!(totals["samples"]["totalQueryableSamples"], 2);
    assert!(totals["timings"]["execTotalTime"].as_f64().unwrap() > 0.0);
    assert_eq!(
        (&totals["root"], &totals["samples"]["totalQueryableSamplesPerStep"]),
        (&Value::Null, &Value::Null)
    );
    let all = stats("all");
    assert_eq!(all["samples"]["totalQueryableSamplesPerStep"][0][1], 2);
    assert_eq!((&all["root"]["start"], &all["root"]["end"]), (&0.into(), &24.into()));
    let short = [("query", "requests_total"), ("lookback_delta", "1ms")];
    assert_eq!(data(&server, "api/v1/query", &short)["result"], json!([]));
    check_refused(
        &server,
        "api/v1/query",
        &[("query", "1"), ("lookback_delta", "x")],
        "error parsing lookback delta",
    );
}

#[test]
fn down_sampled_answers_are_given_on_request_and_say_so() {
    let server = Server::start();
    let bucket = now_ms() / 300_000 * 300_000;
    server.push(vec![series("load", &[(bucket - 120_000, 3.0), (bucket - 60_000, 5.0), (bucket, 2.0)])]);
    let at = (bucket / 1000 + 10).to_string();
    let ask = |resolution: &str| {
        let params = [("query", "sum_over_time(load[1m])"), ("time", &at), ("resolution", resolution)];
        let answer = server.get("api/v1/query").query(&params).bearer_auth(VIEWER).send().unwrap();
        let answer: Value = answer.json().unwrap();
        (answer["data"]["result"][0]["value"][1].clone(), answer["infos"][0].clone())
    };
    assert_eq!(ask(""), ("2".into(), Value::Null));
    let (value, info) = ask("5m");
    assert_eq!(value, "2", "a fifth of what the bucket holds");
    assert!(info.as_str().unwrap().contains("samples are down-sampled to 5m"), "{info}");
    let wrong = [("query", "1"), ("resolution", "1m")];
    check_refused(&server, "api/v1/query", &wrong, "\"1m\" is not 5m or 1h");
}

#[test]
fn federation_gives_the_newest_samples_and_nothing_that_has_ended() {
    let server = Server::start_with(&["--external-label", "cluster=demo"]);
    let now = now_ms();
    let ended = [(now - 2000, 1.0), (now - 1000, f64::from_bits(0x7ff0_0000_0000_0002))];
    server.push(vec![
        series("ended", &ended),
        series("requests_total", &[(now - 2000, 1.0), (now - 1000, 2.5)]),
        series("old", &[(now - 400_000, 1.0)]),
    ]);
    let page = |params: &[(&str, &str)]| {
        let answer = server.get("federate").query(params).bearer_auth(VIEWER).send().unwrap();
        (
            answer.status().as_u16(),
            answer.headers()["content-type"].to_str().unwrap().to_owned(),
            answer.text().unwrap(),
        )
    };
    let (status, kind, text) = page(&[("match[]", "{job=\"test\"}"), ("match[]", "requests_total")]);
    let at = now - 1000;
    let line =
        format!("requests_total{{instance=\"i\",job=\"test\",node=\"n\",cluster=\"demo\"}} 2.5 {at}\n");
    assert!(text.contains(&format!("# TYPE requests_total untyped\n{line}")), "{text}");
    assert!(!text.contains("ended") && !text.contains("old"), "{text}");
    assert_eq!(
        (status, kind.as_str()),
        (200, "text/plain; version=0.0.4; charset=utf-8; escaping=underscores")
    );
    assert_eq!(page(&[]).2, "");
    assert_eq!(page(&[("match[]", "{")]).0, 400);
}

mod reading {
    use crowsnest_api::remote_read::{LabelMatcher, Query, ReadRequest, ReadResponse};
    use prost::Message as _;

    use super::*;
    use crate::support::push::compress;

    fn ask(server: &Server, accepted: Vec<i32>) -> (String, Vec<u8>) {
        let matcher =
            |name: &str, value: &str| LabelMatcher { r#type: 0, name: name.into(), value: value.into() };
        let matchers = vec![matcher("__name__", "requests_total"), matcher("cluster", "demo")];
        let query = Query { start_timestamp_ms: 0, end_timestamp_ms: i64::MAX, matchers };
        let request = ReadRequest { queries: vec![query], accepted_response_types: accepted };
        let body = compress(&request.encode_to_vec());
        let answer = server.post("api/v1/read").bearer_auth(VIEWER).body(body).send().unwrap();
        assert_eq!(answer.status().as_u16(), 200);
        let kind = answer.headers()["content-type"].to_str().unwrap().to_owned();
        (kind, answer.bytes().unwrap().to_vec())
    }

    #[test]
    fn samples_come_in_one_message_or_in_frames() {
        let server = Server::start_with(&["--external-label", "cluster=demo"]);
        let now = now_ms();
        let samples: Vec<(i64, f64)> = (0..300).map(|n| (now - 300_000 + n * 1000, n as f64)).collect();
        server.push(vec![series("requests_total", &samples)]);
        let (kind, body) = ask(&server, vec![]);
        assert_eq!(kind, "application/x-protobuf");
        let message = snap::raw::Decoder::new().decompress_vec(&body).unwrap();
        let response = ReadResponse::decode(message.as_slice()).unwrap();
        let read = &response.results[0].timeseries[0];
        assert_eq!(
            read.labels.iter().map(|label| label.name.as_str()).collect::<Vec<_>>(),
            ["__name__", "cluster", "instance", "job", "node"]
        );
        assert_eq!((read.samples.len(), read.samples[299].value), (300, 299.0));
        let (kind, body) = ask(&server, vec![1, 0]);
        assert_eq!(kind, "application/x-streamed-protobuf; proto=prometheus.ChunkedReadResponse");
        // Prometheus itself reads such frames in `clients.rs`.
        assert!(body.len() > 100);
        let refused = server.post("api/v1/read").bearer_auth(VIEWER).body("x").send().unwrap();
        assert_eq!(refused.status().as_u16(), 400);
    }
}
