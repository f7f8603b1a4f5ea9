//! The query API: shapes, parameters, errors.

use serde_json::Value;

use crate::support::server::VIEWER;
use crate::support::{Server, now_ms, series};

/// A server with `requests_total` at ten-second steps: 0, 1, 2, … 6; and the time of the first sample.
fn with_data() -> (Server, i64) {
    let server = Server::start();
    let start = (now_ms() / 10_000 - 12) * 10_000;
    let samples: Vec<(i64, f64)> = (0..7).map(|n| (start + n * 10_000, n as f64)).collect();
    server.push(vec![series("requests_total", &samples), series("temperature", &[(start, -0.5)])]);
    (server, start)
}

fn seconds(ms: i64) -> String {
    format!("{}", ms / 1000)
}

/// The body with times counted from `start`, so that it is the same in each run.
fn relative(mut body: Value, start: i64) -> Value {
    fn walk(value: &mut Value, start: f64) {
        match value {
            Value::Array(list) => {
                if let [Value::Number(at), Value::String(_)] = list.as_slice() {
                    let at = at.as_f64().unwrap() - start;
                    list[0] = Value::String(format!("start + {at}"));
                } else {
                    list.iter_mut().for_each(|value| walk(value, start));
                }
            }
            Value::Object(map) => map.values_mut().for_each(|value| walk(value, start)),
            _ => {}
        }
    }
    walk(&mut body, start as f64 / 1000.0);
    body
}

#[test]
fn answers_have_prometheus_shapes() {
    let (server, start) = with_data();
    let at = seconds(start + 60_000);
    let instant =
        |query: &str| relative(server.ask("api/v1/query", &[("query", query), ("time", &at)]).1, start);
    insta::assert_json_snapshot!("vector", instant("requests_total"));
    insta::assert_json_snapshot!("matrix", instant("requests_total[25s]"));
    insta::assert_json_snapshot!("scalar", instant("1 + 1"));
    insta::assert_json_snapshot!("string", instant("\"text\""));
    insta::assert_json_snapshot!("empty", instant("absent_metric"));
    let range =
        [("query", "rate(requests_total[20s])"), ("start", &seconds(start)), ("end", &at), ("step", "20")];
    insta::assert_json_snapshot!("range", relative(server.ask("api/v1/query_range", &range).1, start));
}

#[test]
fn index_questions_have_prometheus_shapes() {
    let (server, _) = with_data();
    insta::assert_json_snapshot!("series", server.ask("api/v1/series", &[("match[]", "temperature")]).1);
    insta::assert_json_snapshot!("labels", server.ask("api/v1/labels", &[]).1);
    insta::assert_json_snapshot!("values", server.ask("api/v1/label/__name__/values", &[]).1);
    insta::assert_json_snapshot!(
        "values_cut",
        server.ask("api/v1/label/__name__/values", &[("limit", "1")]).1
    );
    insta::assert_json_snapshot!(
        "values_matched",
        server.ask("api/v1/label/node/values", &[("match[]", "up")]).1
    );
    let mut build = server.ask("api/v1/status/buildinfo", &[]).1;
    assert_eq!(build["data"]["crowsnest"].take(), env!("CARGO_PKG_VERSION"));
    insta::assert_json_snapshot!("buildinfo", build);
    let (status, body) = server.ask("api/v1/status/tsdb", &[]);
    assert_eq!((status, body["data"]["headStats"]["numSeries"].as_u64()), (200, Some(3)));
}

#[track_caller]
fn check_refused(
    server: &Server,
    path: &str,
    params: &[(&str, &str)],
    status: u16,
    error_type: &str,
    error: &str,
) {
    let (found, body) = server.ask(path, params);
    assert_eq!((found, body["errorType"].as_str()), (status, Some(error_type)), "{params:?}: {body}");
    assert!(body["error"].as_str().unwrap().contains(error), "{params:?}: {body}");
}

#[test]
fn bad_parameters_are_refused_in_prometheus_words() {
    let server = Server::start();
    let instant = |params: &[(&str, &str)], error: &str| {
        check_refused(&server, "api/v1/query", params, 400, "bad_data", error);
    };
    instant(&[("query", "up{")], "invalid parameter \"query\": 1:4: parse error");
    instant(&[], "invalid parameter \"query\": 1:1: parse error: no expression found in input");
    instant(
        &[("query", "up"), ("time", "noon")],
        "invalid parameter \"time\": invalid time value for 'time': cannot parse \"noon\" to a valid timestamp",
    );
    instant(&[("query", "up"), ("timeout", "x")], "invalid parameter \"timeout\": cannot parse \"x\"");
    let range = |params: &[(&str, &str)], error: &str| {
        check_refused(&server, "api/v1/query_range", params, 400, "bad_data", error);
    };
    range(&[("query", "up")], "invalid parameter \"start\"");
    range(
        &[("query", "up"), ("start", "2"), ("end", "1"), ("step", "1")],
        "end timestamp must not be before start time",
    );
    range(
        &[("query", "up"), ("start", "1"), ("end", "2"), ("step", "0")],
        "zero or negative query resolution step",
    );
    range(
        &[("query", "up"), ("start", "0"), ("end", "90000"), ("step", "1")],
        "exceeded maximum resolution of 11,000 points",
    );
    check_refused(&server, "api/v1/series", &[], 400, "bad_data", "no match[] parameter provided");
    let empty = [("match[]", "{a=~\".*\"}")];
    check_refused(&server, "api/v1/series", &empty, 400, "bad_data", "at least one non-empty matcher");
}

#[test]
fn queries_may_be_posted_as_a_form() {
    let (server, start) = with_data();
    let form = [("query", "requests_total"), ("time", &seconds(start + 60_000))];
    let response = server.post("api/v1/query").bearer_auth(VIEWER).form(&form).send().unwrap();
    let body: Value = response.json().unwrap();
    assert_eq!(body["data"]["result"][0]["value"][1], "6");
}

#[test]
fn answers_are_compressed_when_the_client_can_read_that() {
    let (server, _) = with_data();
    let request = server.get("metrics").bearer_auth(VIEWER).header("accept-encoding", "br");
    assert_eq!(request.send().unwrap().headers()["content-encoding"], "br");
}

#[test]
fn the_servers_own_metrics_need_a_token_and_count_what_was_pushed() {
    let (server, _) = with_data();
    assert_eq!(server.get("metrics").send().unwrap().status().as_u16(), 401);
    let page = server.get("metrics").bearer_auth(VIEWER).send().unwrap().text().unwrap();
    assert!(page.contains("crowsnest_ingest_samples_total{way=\"remote_write\"} 8\n"), "{page}");
    assert!(page.contains("crowsnest_sources_pushing 1\n"), "{page}");
}

#[test]
fn a_query_tells_what_it_cost_when_asked() {
    let (server, start) = with_data();
    let at = seconds(start + 60_000);
    let ask = |stats: &str| {
        let query = [("query", "sum(rate(requests_total[25s]))"), ("time", &at), ("stats", stats)];
        server.ask("api/v1/query", &query).1["data"]["stats"].clone()
    };
    assert_eq!(ask(""), Value::Null);
    let totals = ask("1");
    assert_eq!(totals["samples"]["totalQueryableSamples"], 3);
    assert_eq!(totals["samples"]["totalQueryableSamplesPerStep"], Value::Null);
    assert!(totals["timings"]["execTotalTime"].as_f64() >= totals["timings"]["innerEvalTime"].as_f64());
    let all = ask("all");
    assert_eq!(all["samples"]["totalQueryableSamplesPerStep"][0][1], 3);
    let part = &all["root"]["parts"][0];
    assert_eq!((&part["start"], &part["end"], &part["series"]), (&4.into(), &29.into(), &1.into()));
}

#[test]
fn queries_are_listed_and_only_those_there_are_can_be_ended() {
    let server = Server::start();
    let (status, listed) = server.ask("api/crowsnest/v1/queries", &[]);
    assert_eq!((status, listed), (200, serde_json::json!({"active": [], "slow": []})));
    let (status, refused) = server.delete("api/crowsnest/v1/queries/7");
    assert_eq!((status, &refused["title"]), (404, &"Not found".into()));
}
