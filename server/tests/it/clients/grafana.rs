//! The calls of Grafana's Prometheus data source, in its order and form: with a token in a custom header, queries as
//! forms, and answers compressed.

use reqwest::blocking::RequestBuilder;
use serde_json::{Value, json};

use super::push;
use crate::support::Server;
use crate::support::server::VIEWER;

/// What the data source's backend sends with every call.
fn as_grafana(request: RequestBuilder) -> RequestBuilder {
    request
        .bearer_auth(VIEWER)
        .header("user-agent", "Grafana/12.0.0")
        .header("x-datasource-uid", "crowsnest")
        .header("x-grafana-org-id", "1")
        .header("accept-encoding", "gzip")
}

fn data(request: RequestBuilder) -> Value {
    let answer = as_grafana(request).send().unwrap();
    let status = answer.status().as_u16();
    // The server compresses what is worth it; this client, unlike Grafana, has to be told to undo it.
    let compressed = answer.headers().get("content-encoding").is_some();
    let bytes = answer.bytes().unwrap();
    let plain = if compressed { gunzip(&bytes) } else { bytes.to_vec() };
    let mut body: Value = serde_json::from_slice(&plain).unwrap();
    assert_eq!((status, &body["status"]), (200, &"success".into()), "{body}");
    body["data"].take()
}

fn gunzip(bytes: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(bytes), &mut plain).unwrap();
    plain
}

#[test]
fn save_and_test_succeeds_with_a_token_and_says_what_is_wrong_without() {
    let server = Server::start();
    let test = || server.post("api/v1/query").form(&[("query", "1+1"), ("time", "4")]);
    let found = data(test());
    assert_eq!(found["result"], json!([4, "2"]));
    assert_eq!(found["resultType"], "scalar");
    let build = data(server.get("api/v1/status/buildinfo"));
    assert!(build["version"].as_str().unwrap().starts_with("3."), "{build}");
    // Without `features` of Mimir, Grafana takes us for Prometheus.
    assert_eq!(build.get("features"), None);
    let refused = test().send().unwrap();
    assert_eq!(refused.status().as_u16(), 401);
    let body: Value = refused.json().unwrap();
    assert!(body["error"].as_str().is_some_and(|error| !error.is_empty()), "{body}");
}

#[test]
fn explore_and_dashboards_get_their_lists_and_their_series() {
    let server = Server::start();
    let last = push(&server);
    let (start, end) = ((last / 1000 - 60).to_string(), (last / 1000 + 1).to_string());
    let time = [("start", start.as_str()), ("end", end.as_str())];
    let names = data(server.get("api/v1/label/__name__/values").query(&time));
    assert_eq!(names, json!(["requests_total", "temperature", "up"]));
    let labels = data(server.post("api/v1/labels").form(&time));
    assert_eq!(labels, json!(["__name__", "instance", "job", "node"]));
    let of_metric = [time[0], time[1], ("match[]", "requests_total"), ("limit", "40000")];
    assert_eq!(data(server.get("api/v1/label/job/values").query(&of_metric)), json!(["test"]));
    let series = data(server.post("api/v1/series").form(&of_metric));
    assert_eq!(series[0]["__name__"], "requests_total");
    assert!(data(server.get("api/v1/metadata").query(&[("limit", "20000")])).is_object());
    let panel =
        [("query", "rate(requests_total[30s])"), time[0], time[1], ("step", "15"), ("timeout", "60s")];
    let matrix = data(server.post("api/v1/query_range").form(&panel));
    assert_eq!(matrix["resultType"], "matrix");
    assert!(!matrix["result"][0]["values"].as_array().unwrap().is_empty(), "{matrix}");
    let exemplars = [("query", "requests_total"), time[0], time[1]];
    assert_eq!(data(server.post("api/v1/query_exemplars").form(&exemplars)), json!([]));
    assert_eq!(data(server.get("api/v1/rules")), json!({"groups": []}));
    assert!(data(server.get("api/v1/parse_query").query(&[("query", "up")]))["type"].is_string());
    // A variable: `label_values`, and `query_result`.
    let variable = [("query", "topk(1, requests_total)"), ("time", end.as_str())];
    assert_eq!(data(server.get("api/v1/query").query(&variable))["result"][0]["value"][1], "6");
}
