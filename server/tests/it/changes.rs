//! Changing the cluster through the server, as its users.

use crowsnest_kubesim::Options;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::Server;
use crate::support::cluster::Sim;

const JSON: &str = "application/json";
const MERGE: &str = "application/merge-patch+json";
const APPLY: &str = "application/apply-patch+yaml";
const YAML: &str = "application/yaml";
const WEB: &str = "api/crowsnest/v1/objects/apps.v1.deployments/shop/front";

fn map(name: &str, data: &Value) -> String {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}).to_string()
}

fn maps(path: &str) -> String {
    format!("api/crowsnest/v1/objects/core.v1.configmaps/shop{path}")
}

/// A Deployment that the API server would take.
fn create_front(sim: &Sim) {
    let labels = json!({"app": "front"});
    let front = json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "front"},
        "spec": {"replicas": 1, "selector": {"matchLabels": labels}, "template": {
            "metadata": {"labels": labels}, "spec": {"containers": [{"name": "main", "image": "example.org/front:1"}]}}},
    });
    sim.create("/apis/apps/v1/namespaces/shop/deployments", &front);
}

/// The lines of the audit log that are about objects.
fn audited(server: &Server) -> Vec<(String, String, String)> {
    let log = std::fs::read_to_string(server.data_dir().join("audit.log")).unwrap();
    assert!(!log.contains("s3cret"), "{log}");
    let lines = log.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    lines
        .filter(|line| {
            line["action"].as_str().unwrap().contains("-object") || line["action"] == "reveal-secret"
        })
        .map(|line| (text(&line["action"]), text(&line["outcome"]), text(&line["detail"])))
        .collect()
}

#[test]
fn an_object_is_created_changed_and_deleted_as_its_user_and_the_audit_log_names_it() {
    let sim = Sim::still();
    let server = Server::of(&sim);
    let admin = sim.admin();
    let send = |method: Method, path: String, media_type: &str, body: String| {
        server.send_as(&admin, method, &path, (media_type, body))
    };
    let (status, made) = send(Method::POST, maps(""), JSON, map("a", &json!({"k": "s3cret"})));
    assert_eq!((status, &made["metadata"]["name"]), (201, &json!("a")), "{made}");
    assert_eq!(made["metadata"]["managedFields"], Value::Null);
    let (status, _) = send(Method::POST, maps("?dryRun=All"), JSON, map("b", &json!({})));
    assert_eq!(status, 201);
    assert_eq!(server.send_as(&admin, Method::GET, &maps("/b"), ("", "")).0, 404);

    let (status, patched) = send(Method::PATCH, maps("/a"), MERGE, json!({"data": {"k": "v"}}).to_string());
    assert_eq!((status, &patched["data"]["k"]), (200, &json!("v")), "{patched}");
    let (_, with_managers) = server.send_as(&admin, Method::GET, &maps("/a?managedFields=shown"), ("", ""));
    let managers = with_managers["metadata"]["managedFields"].as_array().unwrap();
    assert!(managers.iter().all(|entry| entry["manager"] == "crowsnest"), "{managers:?}");

    // Somebody else was there before.
    let (status, problem) = send(Method::PUT, maps("/a"), JSON, made.to_string());
    assert_eq!((status, &problem["reason"]), (409, &json!("Conflict")), "{problem}");
    let uid = made["metadata"]["uid"].as_str().unwrap();
    let (status, _) = send(Method::DELETE, maps("/a?uid=other"), "", String::new());
    assert_eq!(status, 409);
    let (status, _) =
        send(Method::DELETE, maps(&format!("/a?uid={uid}&propagationPolicy=Foreground")), "", String::new());
    assert_eq!(status, 200);
    let expected = [
        ("create-object", "done", "core.v1.configmaps/shop/a"),
        ("patch-object", "done", "core.v1.configmaps/shop/a"),
        ("replace-object", "refused", "core.v1.configmaps/shop/a"),
        ("delete-object", "refused", "core.v1.configmaps/shop/a"),
        ("delete-object", "done", "core.v1.configmaps/shop/a"),
    ]
    .map(|(action, outcome, detail)| (action.to_owned(), outcome.to_owned(), detail.to_owned()));
    assert_eq!(audited(&server), expected);
}

#[test]
fn a_conflict_names_the_fields_and_who_manages_them() {
    let sim = Sim::still();
    create_front(&sim);
    let server = Server::of(&sim);
    let admin = sim.admin();
    let apply = |manager: &str, replicas: u32, more: &str| {
        let object = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "front"}, "spec": {"replicas": replicas}});
        let path = format!("{WEB}?fieldManager={manager}{more}");
        server.send_as(&admin, Method::PATCH, &path, (APPLY, object.to_string()))
    };
    assert_eq!(apply("argocd", 2, "&force=true").0, 200);
    let (status, problem) = apply("crowsnest", 3, "");
    assert_eq!(status, 409, "{problem}");
    let cause = &problem["causes"][0];
    assert_eq!(
        (&cause["field"], &cause["manager"], &cause["reason"]),
        (&json!(".spec.replicas"), &json!("argocd"), &json!("FieldManagerConflict")),
        "{problem}"
    );
    assert_eq!(apply("crowsnest", 3, "&force=true").1["spec"]["replicas"], 3);
}

#[test]
fn what_lies_below_an_object_is_a_parameter_and_no_path() {
    let sim = Sim::still();
    sim.create_pod("shop", "web-1");
    create_front(&sim);
    let server = Server::of(&sim);
    let admin = sim.admin();
    let scale = json!({"spec": {"replicas": 4}}).to_string();
    let (status, scaled) =
        server.send_as(&admin, Method::PATCH, &format!("{WEB}?subresource=scale"), (MERGE, scale));
    assert_eq!((status, &scaled["spec"]["replicas"]), (200, &json!(4)), "{scaled}");
    let (_, read) = server.send_as(&admin, Method::GET, &format!("{WEB}?subresource=scale"), ("", ""));
    assert_eq!((&read["kind"], &read["spec"]["replicas"]), (&json!("Scale"), &json!(4)));

    let eviction = json!({"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "web-1", "namespace": "shop"}});
    let path = "api/crowsnest/v1/objects/core.v1.pods/shop/web-1?subresource=eviction";
    let (status, answer) = server.send_as(&admin, Method::POST, path, (JSON, eviction.to_string()));
    assert!((200..300).contains(&status), "{status} {answer}");
    let last = audited(&server).pop().unwrap();
    assert_eq!((&*last.0, &*last.2), ("create-object", "core.v1.pods/shop/web-1/eviction"));
}

#[test]
fn a_request_that_says_more_than_is_known_goes_nowhere() {
    let sim = Sim::still();
    let server = Server::of(&sim);
    let admin = sim.admin();
    for (method, path, media_type, body, expected) in [
        (Method::POST, maps("?pretty=1"), JSON, map("a", &json!({})), 400),
        (Method::POST, maps("?force=true"), JSON, map("a", &json!({})), 400),
        (Method::POST, maps(""), YAML, map("a", &json!({})), 415),
        (Method::POST, maps(""), JSON, "a: 1".to_owned(), 400),
        (Method::POST, maps("/a"), JSON, map("a", &json!({})), 400),
        (Method::PATCH, maps("/a"), JSON, "{}".to_owned(), 415),
        (Method::PUT, format!("{WEB}?subresource=status"), JSON, "{}".to_owned(), 400),
        (Method::POST, maps(""), JSON, map("a", &json!({"k": "x".repeat(4 << 20)})), 413),
        (Method::POST, maps(""), JSON, map("A_", &json!({})), 422),
    ] {
        let (status, problem) = server.send_as(&admin, method.clone(), &path, (media_type, body));
        assert_eq!(status, expected, "{method} {path}: {problem}");
    }
    // The API server's causes come along.
    let (_, problem) = server.send_as(&admin, Method::POST, &maps(""), (JSON, map("A_", &json!({}))));
    assert_eq!(problem["causes"][0]["field"], "metadata.name", "{problem}");
    assert_eq!(server.send_as(&sim.viewer(), Method::POST, &maps(""), (JSON, map("a", &json!({})))).0, 403);
}

#[test]
fn a_cookie_changes_nothing_without_its_token_against_forgery() {
    let sim = Sim::still();
    let server = Server::of(&sim);
    let cookie = server.sign_in(&sim.admin());
    for path in [
        maps(""),
        "api/crowsnest/v1/apply".to_owned(),
        "api/crowsnest/v1/reveal/shop/db-credentials?key=user".to_owned(),
    ] {
        let request = server
            .post(&path)
            .header("cookie", &cookie)
            .header("content-type", JSON)
            .body(map("a", &json!({})));
        assert_eq!(request.send().unwrap().status().as_u16(), 403, "{path}");
    }
}

#[test]
fn the_values_of_a_secret_are_told_one_by_one_and_the_telling_is_noted() {
    let sim = Sim::still();
    let server = Server::of(&sim);
    let (admin, viewer) = (sim.admin(), sim.viewer());
    let path = "api/crowsnest/v1/reveal/shop/db-credentials";
    let reveal =
        |token: &str, query: &str| server.send_as(token, Method::POST, &format!("{path}?{query}"), ("", ""));
    assert_eq!(reveal(&admin, "key=user"), (200, json!({"value": "c2hvcA=="})));
    assert_eq!(reveal(&admin, "key=none").0, 404);
    assert_eq!(reveal(&admin, "").0, 400);
    assert_eq!(reveal(&viewer, "key=user").0, 403);
    let lines = audited(&server);
    assert_eq!(
        lines[0],
        ("reveal-secret".into(), "done".into(), "core.v1.secrets/shop/db-credentials/user".into())
    );
    assert_eq!(lines.last().unwrap().1, "refused");

    // What is shown in place of a value never becomes one.
    let secret = "api/crowsnest/v1/objects/core.v1.secrets/shop/db-credentials";
    let (_, mut shown) = server.send_as(&admin, Method::GET, secret, ("", ""));
    assert_eq!(server.send_as(&admin, Method::PUT, secret, (JSON, shown.to_string())).0, 400);
    shown["metadata"]["labels"] = json!({"a": "b"});
    let (status, report) =
        server.send_as(&admin, Method::POST, "api/crowsnest/v1/apply", (YAML, shown.to_string()));
    assert_eq!((status, &report["extent"]), (200, &json!("all")), "{report}");
    assert_eq!(reveal(&admin, "key=user").1, json!({"value": "c2hvcA=="}));
    let (_, report) = server.send_as(
        &admin,
        Method::POST,
        "api/crowsnest/v1/apply?mode=replace",
        (YAML, shown.to_string()),
    );
    assert_eq!(report["results"][0]["problem"]["status"], 400, "{report}");
}

#[test]
fn a_text_of_many_objects_is_tried_as_a_whole_before_any_is_changed() {
    let sim = Sim::start(Options { objects: Sim::options().objects, ..Sim::options() });
    let server = Server::of(&sim);
    let admin = sim.admin();
    let apply = |query: &str, text: &str| {
        server.send_as(&admin, Method::POST, &format!("api/crowsnest/v1/apply{query}"), (YAML, text))
    };
    let outcomes = |report: &Value| -> Vec<String> {
        let results = report["results"].as_array().unwrap_or_else(|| panic!("{report}"));
        results.iter().map(|result| result["outcome"].as_str().unwrap().to_owned()).collect()
    };
    let good = "apiVersion: v1\nkind: Namespace\nmetadata: {name: fresh}\n---\n\
        apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: fresh}\ndata: {port: '80'}\n---\n\
        apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n";
    let bad = format!("{good}---\napiVersion: v1\nkind: Gadget\nmetadata: {{name: x}}\n");

    let (status, report) = apply("?namespace=shop", &bad);
    assert_eq!((status, &report["extent"]), (200, &json!("nothing")), "{report}");
    assert_eq!(outcomes(&report), ["created", "waits", "created", "failed"]);
    assert_eq!(server.send_as(&admin, Method::GET, &maps("/a"), ("", "")).0, 404);
    assert_eq!(audited(&server), []);

    let (_, report) = apply("?namespace=shop&dryRun=All", good);
    assert_eq!((&report["dry_run"], &report["extent"]), (&json!(true), &json!("nothing")));
    let (_, report) = apply("?namespace=shop", good);
    assert_eq!(
        (outcomes(&report), &report["extent"]),
        (vec!["created".to_owned(); 3], &json!("all")),
        "{report}"
    );
    assert_eq!(report["results"][2]["after"]["metadata"]["namespace"], "shop");
    let (_, report) = apply("?namespace=shop", &good.replace("'80'", "'81'"));
    assert_eq!(outcomes(&report), ["unchanged", "configured", "unchanged"]);
    assert_eq!(report["results"][1]["before"]["data"]["port"], "80");
    let (_, report) = apply("?namespace=shop&mode=create", good);
    assert_eq!(outcomes(&report), ["failed", "failed", "failed"]);

    // Nobody's change is overwritten.
    let (_, mine) = server.send_as(&admin, Method::GET, &maps("/a"), ("", ""));
    let theirs = json!({"data": {"x": "y"}}).to_string();
    assert_eq!(server.send_as(&admin, Method::PATCH, &maps("/a"), (MERGE, theirs)).0, 200);
    for mode in ["apply", "replace"] {
        let mut mine = mine.clone();
        mine["data"] = json!({"z": "1"});
        let (_, report) = apply(&format!("?mode={mode}"), &mine.to_string());
        assert_eq!(report["results"][0]["problem"]["status"], 409, "{mode} {report}");
    }
    let details: Vec<String> = audited(&server).into_iter().map(|(_, _, detail)| detail).collect();
    assert_eq!(details[..2], ["core.v1.namespaces/-/fresh", "core.v1.configmaps/fresh/a"]);
}
