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
    assert_eq!(data(&server, "api/v1/targets/metadata", &[("match_target", "{job=\"test\"}")]), json!([]));
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
    assert!(text("1e21", "1500").contains("[1500,\"1e+21\"]"), "{}", text("1e21", "1500"));
    assert!(text("1.5e-7", "1500.25").contains("[1500.25,\"1.5e-07\"]"));
    assert!(text("0/0", "0").contains("[0,\"NaN\"]"));
}
