//! Metrics as users of a cluster may see them.

use crowsnest_api::remote_read::{LabelMatcher, Query, ReadRequest, ReadResponse};
use crowsnest_api::remote_write::{MetricMetadata, MetricType, WriteRequest};
use prost::Message as _;
use serde_json::{Value, json};

use crate::support::cluster::Sim;
use crate::support::push::{compress, labelled};
use crate::support::server::PUSHER;
use crate::support::{Server, now_ms};

/// The names of the series, sorted, that a question finds.
#[track_caller]
fn found(server: &Server, cookie: &str, path: &str) -> Vec<String> {
    let (status, body) = server.get_as(cookie, path);
    assert_eq!(status, 200, "{path}: {body}");
    let name = |series: &Value| {
        let labels = series.get("metric").unwrap_or(series);
        labels["__name__"].as_str().or(series.as_str()).unwrap().to_owned()
    };
    let data = &body["data"];
    let series = data.get("result").unwrap_or(data).as_array().unwrap();
    let mut names: Vec<String> = series.iter().map(name).filter(|name| name != "up").collect();
    names.sort();
    names
}

#[test]
fn a_user_sees_the_series_of_namespaces_whose_pods_that_user_may_list() {
    let sim = Sim::still();
    let server = Server::of(&sim);
    let push = |name: &str, namespace: &str| {
        let labels = [("__name__", name), ("instance", "i"), ("job", "j"), ("namespace", namespace)];
        let given = labels.into_iter().filter(|(_, value)| !value.is_empty());
        server.push(vec![labelled(&given.collect::<Vec<_>>(), &[(now_ms(), 1.0)])]);
    };
    for (name, namespace) in [("of_shop", "shop"), ("of_data", "data"), ("of_node", "")] {
        push(name, namespace);
    }
    let (admin, viewer) = (server.sign_in(&sim.admin()), server.sign_in(&sim.viewer()));
    let all = "query={job%3D%22j%22}";
    let range = format!("start={}&end={}&step=60", now_ms() / 1000 - 60, now_ms() / 1000 + 60);
    for path in [
        format!("api/v1/query?{all}"),
        // Nothing that is written gets around it.
        "api/v1/query?query={namespace!~%22shop%22,job%3D%22j%22}%20or%20{job%3D%22j%22}".to_owned(),
        format!("api/v1/query_range?{all}&{range}"),
        "api/v1/series?match[]={job%3D%22j%22}".to_owned(),
        "api/v1/label/__name__/values?match[]={job%3D%22j%22}".to_owned(),
        "api/v1/label/__name__/values".to_owned(),
    ] {
        assert_eq!(found(&server, &viewer, &path), ["of_shop"], "{path}");
        let seen = found(&server, &admin, &path);
        assert_eq!(seen, ["of_data", "of_node", "of_shop"], "{path}");
    }
    assert_eq!(found(&server, &viewer, "api/v1/label/namespace/values"), ["shop"]);
    let nothing = json!([]);
    let (_, other) = server.get_as(&viewer, "api/v1/query?query={namespace%3D%22data%22}");
    assert_eq!(other["data"]["result"], nothing);
    assert_eq!(server.get_as(&viewer, "api/v1/targets").0, 403, "targets are of all namespaces");
    sim.cut(true);
    let other_admin = server.get("api/v1/query?query=1").bearer_auth(sim.admin()).send().unwrap();
    assert_eq!(other_admin.status().as_u16(), 503, "nobody knows now what this caller may see");
}

/// The body of a remote read of every series, plain or as chunks.
fn read_everything(accepted: i32) -> Vec<u8> {
    let any = LabelMatcher { r#type: 2, name: "__name__".into(), value: ".+".into() };
    let query = Query { start_timestamp_ms: 0, end_timestamp_ms: i64::MAX, matchers: vec![any] };
    let request = ReadRequest { queries: vec![query], accepted_response_types: vec![accepted] };
    compress(&request.encode_to_vec())
}

/// The names of the series that a remote read finds, but for `up`.
#[track_caller]
fn read(server: &Server, cookie: &str) -> Vec<String> {
    let request = server.post("api/v1/read").header("cookie", cookie).body(read_everything(0));
    let answer = request.send().unwrap();
    assert_eq!(answer.status().as_u16(), 200);
    let message = snap::raw::Decoder::new().decompress_vec(&answer.bytes().unwrap()).unwrap();
    let response = ReadResponse::decode(message.as_slice()).unwrap();
    let series = response.results.into_iter().flat_map(|result| result.timeseries);
    let name = |pair: &crowsnest_api::remote_write::LabelPair| pair.name == "__name__";
    let names = series.filter_map(|series| Some(series.labels.into_iter().find(name)?.value));
    names.filter(|name| name != "up").collect()
}

#[test]
fn federation_and_remote_read_give_what_may_be_seen() {
    let sim = Sim::still();
    let server = Server::of(&sim);
    for (name, namespace) in [("of_data", "data"), ("of_shop", "shop")] {
        let labels = [("__name__", name), ("instance", "i"), ("job", "j"), ("namespace", namespace)];
        server.push(vec![labelled(&labels, &[(now_ms(), 1.0)])]);
    }
    let (admin, viewer) = (server.sign_in(&sim.admin()), server.sign_in(&sim.viewer()));
    let federated = |cookie: &str| {
        let request = server.get("federate?match[]={job%3D%22j%22}&match[]={}").header("cookie", cookie);
        let answer = request.send().unwrap();
        assert_eq!(answer.status().as_u16(), 200);
        let page = answer.text().unwrap();
        let names = page.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next());
        names.filter(|name| *name != "up").map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(federated(&viewer), ["of_shop"]);
    assert_eq!(read(&server, &viewer), ["of_shop"]);
    assert_eq!(federated(&admin), ["of_data", "of_shop"]);
    assert_eq!(read(&server, &admin), ["of_data", "of_shop"]);
}

/// Questions that would tell of everything, with nothing in them that the answer could only repeat.
const QUESTIONS: &[&str] = &[
    "metrics",
    "federate?match[]={}",
    "federate?match[]={namespace!=%22shop%22}",
    "api/v1/alertmanagers",
    "api/v1/alerts",
    "api/v1/features",
    "api/v1/label/__name__/values",
    "api/v1/label/job/values",
    "api/v1/label/namespace/values",
    "api/v1/label/namespace/values?match[]={namespace=~%22.*nar.*%22}",
    "api/v1/label/pod/values",
    "api/v1/labels",
    "api/v1/labels?match[]={namespace!=%22%22}",
    "api/v1/metadata",
    "api/v1/notifications",
    "api/v1/query?query={__name__!=%22%22}",
    "api/v1/query?query=count%20by%20(namespace,pod)({namespace!=%22shop%22})",
    "api/v1/query?query={namespace!=%22shop%22}%20or%20up&stats=all",
    "api/v1/query?query=count_values(%22x%22,{__name__!=%22%22})",
    // What fails tells of the series that it fails with.
    "api/v1/query?query={__name__!=%22%22}%20*%20on()%20{__name__!=%22%22}",
    "api/v1/query?query=label_replace({__name__!=%22%22},%22__name__%22,%22x%22,%22%22,%22%22)",
    "api/v1/query?query={__name__!=%22%22}[1h]",
    "api/v1/query?query=sum_over_time({namespace!=%22shop%22}[1h:1m]%20@%20end())",
    "api/v1/query?query=info(up,{namespace!=%22shop%22})",
    "api/v1/query_exemplars?query={__name__!=%22%22}",
    "api/v1/rules",
    "api/v1/scrape_pools",
    "api/v1/series?match[]={__name__!=%22%22}",
    "api/v1/series?match[]={namespace!=%22shop%22}&match[]={namespace=~%22.+%22}",
    "api/v1/status/config",
    "api/v1/status/flags",
    "api/v1/status/runtimeinfo",
    "api/v1/status/tsdb",
    "api/v1/status/tsdb/blocks",
    "api/v1/targets",
    "api/v1/targets/metadata",
    "api/crowsnest/v1/queries",
    "api/crowsnest/v1/namespaces",
    "readyz",
    "-/ready",
];

#[test]
fn nothing_tells_a_confined_user_or_a_stranger_of_what_they_may_not_see() {
    let sim = Sim::still();
    let server = Server::of(&sim);
    let labels = [
        ("__name__", "canary_total"),
        ("canary_label", "x"),
        ("instance", "canary-instance"),
        ("job", "canary-job"),
        ("namespace", "canary-space"),
        ("pod", "canary-pod"),
    ];
    let metadata = MetricMetadata {
        r#type: MetricType::Counter as i32,
        metric_family_name: "canary_total".to_owned(),
        help: "Songs of the canary.".to_owned(),
        unit: String::new(),
    };
    let timeseries = vec![labelled(&labels, &[(now_ms(), 1.0)])];
    let request = WriteRequest { timeseries, metadata: vec![metadata] };
    assert_eq!(server.push_bytes(compress(&request.encode_to_vec())).status().as_u16(), 204);
    let visible =
        [("__name__", "of_shop"), ("instance", "i"), ("job", "j"), ("namespace", "shop"), ("pod", "p")];
    server.push(vec![labelled(&visible, &[(now_ms(), 1.0)])]);
    let (admin, viewer) = (server.sign_in(&sim.admin()), server.sign_in(&sim.viewer()));
    let range = format!("start={}&end={}&step=60", now_ms() / 1000 - 60, now_ms() / 1000 + 60);
    let range = format!("api/v1/query_range?query={{__name__!=%22%22}}&{range}");
    let mut told_admin = 0;
    for path in QUESTIONS.iter().copied().chain([range.as_str()]) {
        let answer = |credential: (&str, &str)| {
            let request = server.get(path).header(credential.0, credential.1);
            let answer = request.send().unwrap();
            let headers = format!("{:?}", answer.headers());
            (answer.status().as_u16(), headers + &String::from_utf8_lossy(&answer.bytes().unwrap()))
        };
        told_admin += usize::from(answer(("cookie", &admin)).1.contains("anary"));
        let (status, text) = answer(("cookie", &viewer));
        assert!(status != 500 && !text.contains("anary"), "{path} tells the viewer ({status}): {text}");
        for stranger in ["", "Bearer x", &format!("Bearer {PUSHER}")] {
            let (status, text) = answer(("authorization", stranger));
            assert!(!text.contains("anary"), "{path} tells a stranger ({status}): {text}");
            let is_public = ["readyz", "-/ready"].contains(&path);
            assert!(is_public || matches!(status, 401 | 403), "{path} answers a stranger with {status}");
        }
    }
    assert!(told_admin >= 20, "the questions are not such that they would tell: {told_admin}");
    for accepted in [0, 1] {
        let request = server.post("api/v1/read").header("cookie", &viewer).body(read_everything(accepted));
        let answer = request.send().unwrap().bytes().unwrap();
        let plain = snap::raw::Decoder::new().decompress_vec(&answer).unwrap_or_else(|_| answer.to_vec());
        let text = String::from_utf8_lossy(&plain);
        assert!(text.contains("of_shop") && !text.contains("anary"), "{text}");
    }
    let (_, families) = server.get_as(&admin, "api/v1/metadata");
    assert_eq!(families["data"]["canary_total"][0]["help"], "Songs of the canary.");
}
