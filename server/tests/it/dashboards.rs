//! Dashboards over HTTP: who sees which, what becomes of a file, and what is never lost.

use crowsnest_api::answers::{Answer, Held, Question, Questions, read};
use serde_json::{Value, json};

use crate::support::cluster::Sim;
use crate::support::push::labelled;
use crate::support::{Server, now_ms, wait_for};

const PATH: &str = "api/crowsnest/v1/dashboards";

fn board(uid: &str, title: &str) -> String {
    json!({"uid": uid, "title": title, "panels": [{"type": "graph", "title": "old", "targets": [{"expr": "up"}]}]}).to_string()
}

#[track_caller]
fn send(server: &Server, method: &str, path: &str, token: &str, body: &Value) -> (u16, Value) {
    let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
    let request = server.http.request(method, format!("{}{path}", server.url));
    let answer = request.bearer_auth(token).json(body).send().unwrap();
    let status = answer.status().as_u16();
    (status, answer.json().unwrap_or_default())
}

#[track_caller]
fn titles(server: &Server, token: &str) -> Vec<String> {
    let answer = server.get(PATH).bearer_auth(token).send().unwrap();
    let listing: Value = answer.json().unwrap();
    let own = listing["dashboards"].as_array().unwrap().iter().filter(|one| one["source"] != "built_in");
    own.map(|one| one["title"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_user_of_the_cluster_sees_and_makes_dashboards_where_kubernetes_gives_the_right() {
    let sim = Sim::still();
    let server = Server::of(&sim);
    let (admin, viewer) = (sim.admin(), sim.viewer());
    for (uid, title, folder) in [("a", "Of shop", "shop"), ("b", "Of data", "data"), ("c", "Of all", "")] {
        let making = json!({"text": board(uid, title), "folder": folder});
        let (status, made) = send(&server, "POST", PATH, &admin, &making);
        assert_eq!((status, &made["version"]), (200, &json!(1)), "{made}");
        assert_eq!(made["report"]["panels"][0]["outcome"], "converted");
    }
    assert_eq!(titles(&server, &admin), ["Of all", "Of data", "Of shop"]);
    let seen = titles(&server, &viewer);
    assert!(!seen.contains(&"Of data".to_owned()), "{seen:?}");
    let path = format!("{PATH}/b");
    assert_eq!(server.get(&path).bearer_auth(&viewer).send().unwrap().status().as_u16(), 404);
    let (status, refused) =
        send(&server, "POST", PATH, &viewer, &json!({"text": board("d", "Mine"), "folder": "data"}));
    assert_eq!(status, 403, "{refused}");
    assert!(
        refused["detail"].as_str().unwrap().contains("create dashboards.crowsnest.dev in namespace data")
    );
    let (status, _) = send(&server, "DELETE", &path, &viewer, &Value::Null);
    assert_eq!(status, 404);
}

#[test]
fn a_save_over_somebody_elses_version_is_refused_and_nothing_is_lost() {
    let sim = Sim::still();
    let server = Server::of(&sim);
    let admin = sim.admin();
    let (_, made) = send(&server, "POST", PATH, &admin, &json!({"text": board("a", "First")}));
    assert_eq!(made["version"], 1);
    let (status, taken) = send(&server, "POST", PATH, &admin, &json!({"text": board("a", "Other")}));
    assert_eq!(status, 409, "{taken}");
    let path = format!("{PATH}/a");
    let saving = |title: &str, version: u64| json!({"dashboard": serde_json::from_str::<Value>(&board("a", title)).unwrap(), "version": version, "message": title});
    assert_eq!(send(&server, "PUT", &path, &admin, &saving("Second", 1)).0, 200);
    let (status, late) = send(&server, "PUT", &path, &admin, &saving("Late", 1));
    assert_eq!(status, 409);
    assert!(late["detail"].as_str().unwrap().contains("saved version 2 meanwhile"), "{late}");
    let versions: Value =
        server.get(&format!("{path}/versions")).bearer_auth(&admin).send().unwrap().json().unwrap();
    assert_eq!(versions.as_array().unwrap().len(), 2);
    let first: Value =
        server.get(&format!("{path}?version=1")).bearer_auth(&admin).send().unwrap().json().unwrap();
    assert_eq!(first["dashboard"]["title"], "First");
    let (status, broken) = send(&server, "POST", PATH, &admin, &json!({"text": "{\n \"title\": x}"}));
    assert_eq!(status, 400);
    assert!(broken["detail"].as_str().unwrap().starts_with("line 2, column"), "{broken}");
    let (status, built_in) = send(&server, "DELETE", &format!("{PATH}/crowsnest-node"), &admin, &Value::Null);
    assert_eq!(status, 403, "{built_in}");
}

#[test]
fn dashboards_of_config_maps_are_seen_by_who_may_read_dashboards_in_their_namespace() {
    let sim = Sim::still();
    for (namespace, label) in [("shop", "1"), ("data", "1"), ("shop", "0")] {
        let title = format!("{namespace} {label}");
        let map = json!({
            "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {"name": format!("boards-{label}"), "labels": {"grafana_dashboard": label}, "annotations": {"grafana_folder": "Teams"}},
            "data": {"board.json": board(&format!("{namespace}-{label}"), &title)},
        });
        sim.create(&format!("/api/v1/namespaces/{namespace}/configmaps"), &map);
    }
    let server = Server::of_with(&sim, &["--dashboard-config-maps"]);
    let (admin, viewer) = (sim.admin(), sim.viewer());
    wait_for("the dashboards of ConfigMaps", || {
        (titles(&server, &admin) == ["data 1", "shop 1"]).then_some(())
    });
    assert!(!titles(&server, &viewer).contains(&"data 1".to_owned()));
    let opened: Value =
        server.get(&format!("{PATH}/shop-1")).bearer_auth(&admin).send().unwrap().json().unwrap();
    assert_eq!((&opened["source"], &opened["tags"]), (&json!("config_map"), &json!(["Teams"])));
    let (status, refused) = send(&server, "DELETE", &format!("{PATH}/shop-1"), &admin, &Value::Null);
    assert_eq!(status, 403, "{refused}");
}

#[test]
fn a_snapshot_is_read_by_who_may_read_its_folder_and_by_nobody_else() {
    const SNAPSHOTS: &str = "api/crowsnest/v1/snapshots";
    let sim = Sim::still();
    let server = Server::of(&sim);
    let (admin, viewer) = (sim.admin(), sim.viewer());
    let making = json!({"folder": "data", "hours": 1, "snapshot": {
        "dashboard": {"title": "Numbers", "panels": [{"id": 1, "type": "stat", "gridPos": {"x": 0, "y": 0, "w": 6, "h": 4}}]},
        "panels": [{"name": "1", "window": [0, 10], "answers": [{"refId": "A", "expr": "up", "series": [
            {"labels": {"node": "a"}, "times": [10], "values": ["42"]}]}]}]}});
    let (status, made) = send(&server, "POST", SNAPSHOTS, &admin, &making);
    assert_eq!((status, &made["title"]), (200, &json!("Numbers")), "{made}");
    let path = format!("{SNAPSHOTS}/{}", made["id"].as_str().unwrap());
    let opened: Value = server.get(&path).bearer_auth(&admin).send().unwrap().json().unwrap();
    assert_eq!(opened["snapshot"]["panels"][0]["answers"][0]["series"][0]["values"], json!(["42"]));
    let list =
        |token: &str| -> Value { server.get(SNAPSHOTS).bearer_auth(token).send().unwrap().json().unwrap() };
    assert_eq!(list(&admin)[0]["mayDelete"], true);
    assert_eq!(list(&viewer), json!([]));
    assert_eq!(server.get(&path).bearer_auth(&viewer).send().unwrap().status().as_u16(), 404);
    assert_eq!(send(&server, "DELETE", &path, &viewer, &Value::Null).0, 404);
    assert_eq!(send(&server, "POST", SNAPSHOTS, &viewer, &making).0, 403);
    let (status, late) = send(
        &server,
        "POST",
        SNAPSHOTS,
        &admin,
        &json!({"hours": 0, "snapshot": {"dashboard": {"title": "x"}}}),
    );
    assert_eq!(status, 400, "{late}");
    assert_eq!(send(&server, "DELETE", &path, &admin, &Value::Null).0, 204);
    assert_eq!(list(&admin), json!([]));
}

/// A query every 15 seconds.
fn question(expr: &str, from: i64, to: i64) -> Question {
    Question { expr: expr.into(), from, to, step: Some(15_000), ..Question::default() }
}

/// What the server says to `queries`, in their order.
fn answers(server: &Server, token: &str, queries: Vec<Question>) -> Vec<Answer> {
    let questions = Questions { queries };
    let answer = server.post("api/crowsnest/v1/answers").bearer_auth(token).json(&questions).send().unwrap();
    assert_eq!(answer.status().as_u16(), 200);
    let mut answers = read(&answer.bytes().unwrap()).unwrap();
    answers.sort_by_key(|answer| answer.index);
    answers
}

#[test]
fn whoever_shows_what_he_has_is_told_the_steps_alone_that_may_differ() {
    let sim = Sim::still();
    let server = Server::of(&sim);
    let now = now_ms() / 15_000 * 15_000;
    let push = |at: i64, value: f64| {
        let labels = [("__name__", "m"), ("instance", "i"), ("job", "j"), ("namespace", "shop")];
        server.push(vec![labelled(&labels, &[(at, value)])]);
    };
    (1..=20).rev().for_each(|back| push(now - back * 15_000, back as f64));
    let (from, to) = (now - 300_000, now - 15_000);
    let first = answers(&server, &sim.admin(), vec![question("m", from, to)]).remove(0);
    assert_eq!((first.start, first.outcome.unwrap()[0].samples.len()), (from, 20));
    let held = |from, to| Some(Held { receipt: first.receipt.clone().unwrap(), from, to });
    let again = |token: &str, question: Question, held| {
        let answer = answers(&server, token, vec![Question { held, ..question }]).remove(0);
        let samples = answer.outcome.unwrap().into_iter().flat_map(|series| series.samples).count();
        ((answer.start - from) / 15_000, samples)
    };
    let same = || question("m", from, to);
    assert_eq!(again(&sim.admin(), same(), held(from, to)), (20, 0), "all of it holds");
    push(now, 0.0);
    let next = || question("m", from + 15_000, now);
    assert_eq!(again(&sim.admin(), next(), held(from, to)), (20, 1), "the new sample alone");
    // Changes are known to ten seconds.
    push(now - 55_000, 7.0);
    let (start, samples) = again(&sim.admin(), next(), held(from, to));
    let from_there = (16..=17).contains(&start) && samples == 21 - usize::try_from(start).unwrap();
    assert!(from_there, "from the late sample on: {start}, {samples}");
    for (other, why) in [
        (question("m", from - 15_000, now), "begins before what is held"),
        (question("m + 0", from + 15_000, now), "is another query"),
        (question("m offset -1m", from + 15_000, now), "looks ahead"),
        (Question { matchers: vec!["a=\"\"".into()], ..next() }, "has other conditions"),
        (question("m", from + 20_000, now), "has its steps at other moments"),
    ] {
        let all = again(&sim.admin(), other.clone(), None);
        assert_eq!(again(&sim.admin(), other, held(from, to)), all, "{why}");
    }
    // Who sees something else has nothing of it.
    assert_eq!(again(&sim.viewer(), next(), held(from, to)), again(&sim.viewer(), next(), None));
    let forged = Some(Held { receipt: "1.2".into(), from, to });
    assert_eq!(again(&sim.admin(), next(), forged).1, 20);
}

#[test]
fn many_queries_are_answered_at_once_each_with_its_own_error_and_within_what_one_may_see() {
    let sim = Sim::still();
    let server = Server::of(&sim);
    let now = now_ms() / 15_000 * 15_000;
    for namespace in ["shop", "data"] {
        let labels = [("__name__", "m"), ("instance", "i"), ("job", "j"), ("namespace", namespace)];
        server.push(vec![labelled(&labels, &[(now - 15_000, 1.0), (now, 2.0)])]);
    }
    let ask = |token: &str, matchers: Vec<String>| {
        let range = Question { matchers, ..question("m", now - 30_000, now) };
        let wrong = Question { expr: "sum(".into(), to: now, ..Question::default() };
        answers(&server, token, vec![range, wrong])
    };
    let [all, wrong] = ask(&sim.admin(), Vec::new()).try_into().unwrap();
    let series = all.outcome.unwrap();
    assert_eq!(series.len(), 2);
    assert_eq!(series[0].samples, [(now - 15_000, 1.0), (now, 2.0)]);
    assert!(wrong.outcome.unwrap_err().contains("parse error"));
    let own = ask(&sim.viewer(), Vec::new()).remove(0).outcome.unwrap();
    assert_eq!(
        own.iter().map(|one| one.labels.get("namespace").unwrap().to_string()).collect::<Vec<_>>(),
        ["shop"]
    );
    let filtered = ask(&sim.admin(), vec![r#"namespace="data""#.into()]).remove(0).outcome.unwrap();
    assert_eq!(filtered.len(), 1);
    let around = ask(&sim.viewer(), vec![r#"namespace="data""#.into()]).remove(0).outcome.unwrap();
    assert!(around.is_empty(), "a filter is added to what one may see, never put in its place");
}

#[test]
fn events_are_told_within_a_stretch_of_time_as_far_as_one_may_read_them() {
    let sim = Sim::still();
    let server = Server::of(&sim);
    let now = now_ms();
    let iso = |ms: i64| jiff::Timestamp::from_millisecond(ms).unwrap().to_string();
    for (namespace, reason, kind, ago) in [
        ("shop", "BackOff", "Warning", 60_000),
        ("shop", "Pulled", "Normal", 30_000),
        ("data", "Evicted", "Warning", 10_000),
        ("shop", "Old", "Warning", 9_000_000),
    ] {
        let event = json!({"apiVersion": "v1", "kind": "Event", "metadata": {"name": format!("e-{ago}"), "namespace": namespace},
            "involvedObject": {"kind": "Pod", "name": "web", "namespace": namespace}, "reason": reason, "type": kind,
            "message": "it happened", "firstTimestamp": iso(now - ago), "lastTimestamp": iso(now - ago), "count": 1});
        sim.create(&format!("/api/v1/namespaces/{namespace}/events"), &event);
    }
    let ask = |token: &str, more: &str| {
        let path = format!("api/crowsnest/v1/events?from={}&to={now}{more}", now - 3_600_000);
        let (status, told) = send(&server, "GET", &path, token, &Value::Null);
        let reasons = told["events"].as_array().into_iter().flatten();
        let reasons: Vec<String> =
            reasons.map(|event| event["reason"].as_str().unwrap().to_owned()).collect();
        (status, reasons, told["unread"].as_array().map_or(0, Vec::len))
    };
    let reasons = |all: &[&str]| all.iter().map(|reason| (*reason).to_owned()).collect::<Vec<_>>();
    assert_eq!(ask(&sim.admin(), ""), (200, reasons(&["BackOff", "Pulled", "Evicted"]), 0));
    assert_eq!(ask(&sim.admin(), "&in=shop&type=Warning"), (200, reasons(&["BackOff"]), 0));
    assert_eq!(ask(&sim.viewer(), "&in=shop"), (200, reasons(&["BackOff", "Pulled"]), 0));
    assert_eq!(ask(&sim.viewer(), "&in=data"), (200, Vec::new(), 1), "what may not be read is said");
    assert_eq!(ask(&sim.viewer(), ""), (200, Vec::new(), 1));
    assert_eq!(ask(&sim.admin(), "&type=Bad").0, 400);
    assert_eq!(ask(&sim.admin(), "&in=a/b").0, 400);
    assert_eq!(ask("nobody", "").0, 401);
}

#[test]
fn an_opened_dashboard_comes_with_the_intervals_of_its_metrics() {
    let sim = Sim::still();
    let server = Server::of(&sim);
    let now = now_ms();
    for (name, interval) in [("slow_total", 60_000), ("fast_total", 5_000)] {
        let labels = [("__name__", name), ("instance", "i"), ("job", "j"), ("namespace", "shop")];
        let samples: Vec<_> = (0..10).rev().map(|back| (now - back * interval, 1.0)).collect();
        server.push(vec![labelled(&labels, &samples)]);
    }
    let open = |uid: &str, expr: &str| {
        let text =
            json!({"uid": uid, "panels": [{"type": "timeseries", "targets": [{"expr": expr}]}]}).to_string();
        let (status, made) = send(&server, "POST", PATH, &sim.admin(), &json!({"text": text}));
        assert_eq!(status, 200, "{made}");
        let (_, opened) = send(&server, "GET", &format!("{PATH}/{uid}"), &sim.admin(), &Value::Null);
        (opened["scrapeIntervalMs"].clone(), opened["metricIntervalsMs"].clone())
    };
    assert_eq!(open("one", "rate(slow_total[$__rate_interval])"), (json!(60_000), Value::Null));
    assert_eq!(
        open("two", "rate(slow_total[$__rate_interval]) / rate(fast_total[$__rate_interval])").1,
        json!({"slow_total": 60_000, "fast_total": 5_000})
    );
    assert_eq!(open("none", "unknown_total"), (json!(15_000), Value::Null));
}
