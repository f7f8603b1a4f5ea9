//! Objects of the cluster, as their users see them.

use crowsnest_kubesim::{Chaos, Options};
use serde_json::{Value, json};

use crate::support::Server;
use crate::support::cluster::Sim;
use crate::support::server::VIEWER;

const OBJECTS: &str = "api/crowsnest/v1/objects";
const NAMESPACES: &str = "api/crowsnest/v1/namespaces";

fn objects(path: &str) -> String {
    format!("{OBJECTS}/{path}")
}

/// The names of a list's objects.
#[track_caller]
fn names(list: &Value) -> Vec<&str> {
    let items = list["items"].as_array().unwrap_or_else(|| panic!("no list: {list}"));
    items.iter().map(|item| item["metadata"]["name"].as_str().unwrap()).collect()
}

#[test]
fn a_user_sees_what_kubernetes_lets_that_user_see() {
    let sim = Sim::still();
    for (namespace, name) in [("shop", "web-1"), ("shop", "web-2"), ("data", "postgres-0")] {
        sim.create_pod(namespace, name);
    }
    let server = Server::of(&sim);
    let (admin, viewer) = (server.sign_in(&sim.admin()), server.sign_in(&sim.viewer()));

    let (_, everywhere) = server.get_as(&admin, &objects("core.v1.pods/-"));
    assert_eq!(names(&everywhere), ["postgres-0", "web-1", "web-2"]);
    let (_, namespaces) = server.get_as(&admin, NAMESPACES);
    assert_eq!(namespaces["all"], true);
    assert!(namespaces["names"].as_array().unwrap().contains(&json!("kube-system")), "{namespaces}");

    let (_, own) = server.get_as(&viewer, &objects("core.v1.pods/shop"));
    assert_eq!(names(&own), ["web-1", "web-2"]);
    assert_eq!(server.get_as(&viewer, NAMESPACES), (200, json!({"all": false, "names": ["shop"]})));
    for (forbidden, what) in [
        ("core.v1.pods/-", "cannot list resource \"pods\" in API group \"\" at the cluster scope"),
        ("core.v1.pods/data", "in the namespace \"data\""),
        ("core.v1.nodes/-", "cannot list resource \"nodes\""),
        ("core.v1.secrets/shop/db-credentials", "cannot get resource \"secrets\""),
    ] {
        let (status, problem) = server.get_as(&viewer, &objects(forbidden));
        assert_eq!((status, &problem["status"]), (403, &json!(403)), "{problem}");
        assert!(problem["detail"].as_str().unwrap().contains(what), "{problem}");
    }
}

#[test]
fn lists_come_in_pages_and_can_be_selected_from() {
    let sim = Sim::still();
    for n in 0..5 {
        sim.create_pod("shop", &format!("web-{n}"));
    }
    let server = Server::of(&sim);
    let admin = server.sign_in(&sim.admin());
    let (_, first) = server.get_as(&admin, &objects("core.v1.pods/shop?limit=3"));
    assert_eq!(names(&first), ["web-0", "web-1", "web-2"]);
    let next = first["metadata"]["continue"].as_str().unwrap();
    let (_, second) = server.get_as(&admin, &objects(&format!("core.v1.pods/shop?limit=3&continue={next}")));
    assert_eq!(names(&second), ["web-3", "web-4"]);
    let (_, selected) =
        server.get_as(&admin, &objects("core.v1.pods/-?labelSelector=app%20in%20(web-1,web-4)"));
    assert_eq!(names(&selected), ["web-1", "web-4"]);
    let (_, selected) = server.get_as(&admin, &objects("core.v1.pods/-?fieldSelector=metadata.name%3Dweb-2"));
    assert_eq!(names(&selected), ["web-2"]);
    let (_, deployments) = server.get_as(&admin, &objects("apps.v1.deployments/shop"));
    assert!(names(&deployments).contains(&"web"), "{deployments}");
}

#[test]
fn objects_are_trimmed_and_secrets_are_not_seen_in_passing() {
    let sim = Sim::still();
    sim.create_pod("shop", "web-1");
    let server = Server::of(&sim);
    let admin = server.sign_in(&sim.admin());
    let (_, pods) = server.get_as(&admin, &objects("core.v1.pods/shop"));
    let (_, pod) = server.get_as(&admin, &objects("core.v1.pods/shop/web-1"));
    for metadata in [&pods["items"][0]["metadata"], &pod["metadata"]] {
        assert_eq!((&metadata["name"], &metadata["managedFields"]), (&json!("web-1"), &Value::Null));
    }
    assert_eq!(pods["items"][0]["metadata"]["annotations"], Value::Null);

    let (_, secrets) = server.get_as(&admin, &objects("core.v1.secrets/shop"));
    assert_eq!(names(&secrets), ["db-credentials"]);
    assert_eq!(secrets["items"][0]["data"], Value::Null);
    let (_, secret) = server.get_as(&admin, &objects("core.v1.secrets/shop/db-credentials"));
    assert_eq!(secret["data"], json!({"user": "••••••"}));
}

#[test]
fn what_the_api_server_refuses_is_passed_on_in_its_words() {
    let sim = Sim::start(Options { history: 4, ..Sim::options() });
    for n in 0..3 {
        sim.create_pod("shop", &format!("web-{n}"));
    }
    let server = Server::of(&sim);
    let admin = server.sign_in(&sim.admin());
    let (_, first) = server.get_as(&admin, &objects("core.v1.pods/shop?limit=1"));
    let next = first["metadata"]["continue"].as_str().unwrap();
    for n in 3..20 {
        sim.create_pod("shop", &format!("web-{n}"));
    }
    for (path, expected, words) in [
        ("core.v1.pods/shop/none".to_owned(), 404, "pods \"none\" not found"),
        ("core.v1.gadgets/shop".to_owned(), 404, "could not find the requested resource"),
        ("core.v1.pods/-?labelSelector=a%3D%3D%3D".to_owned(), 400, "parse"),
        (format!("core.v1.pods/shop?limit=1&continue={next}"), 410, "too old"),
        ("pods/shop".to_owned(), 400, "core.v1.pods"),
        ("core.v1.pods/Shop".to_owned(), 400, "namespace"),
        ("core.v1.pods/shop/..%2fx".to_owned(), 400, "name of an object"),
        ("core.v1.pods/shop?watch=1".to_owned(), 400, "labelSelector"),
    ] {
        let (status, problem) = server.get_as(&admin, &objects(&path));
        let detail = problem["detail"].as_str().unwrap_or_default();
        assert!(status == expected && detail.contains(words), "{path}: {status} {problem}");
    }
    sim.running.set_chaos(Chaos { errors_per_thousand: 1000, ..Chaos::default() });
    let (status, problem) = server.get_as(&admin, &objects("core.v1.pods/shop"));
    assert_eq!(status, 500, "{problem}");
    sim.cut(true);
    let (status, problem) = server.get_as(&admin, &objects("core.v1.pods/shop"));
    let detail = problem["detail"].as_str().unwrap();
    assert!(status == 503 && detail.contains("cannot reach the Kubernetes API server"), "{status} {detail}");
    sim.cut(false);
    assert_eq!(server.get_as(&admin, &objects("core.v1.pods/shop")).0, 200);
}

#[test]
fn a_credential_that_the_api_server_refuses_ends_the_session() {
    let sim = Sim::still();
    let server = Server::of(&sim);
    let (viewer, admin) = (server.sign_in(&sim.viewer()), server.sign_in(&sim.admin()));
    sim.delete("/api/v1/namespaces/shop/serviceaccounts/viewer");
    let (status, problem) = server.get_as(&viewer, &objects("core.v1.pods/shop"));
    assert_eq!(status, 401);
    assert!(problem["detail"].as_str().unwrap().contains("sign in again"), "{problem}");
    assert_eq!(server.get_as(&viewer, "api/crowsnest/v1/session").0, 401);
    assert_eq!(server.get_as(&admin, "api/crowsnest/v1/session").0, 200);
}

#[test]
fn a_server_without_a_cluster_says_that_it_shows_none() {
    let server = Server::start();
    for path in [&objects("core.v1.pods/-"), NAMESPACES] {
        let (status, problem) = server.ask(path, &[]);
        assert!(status == 404 && problem["detail"].as_str().unwrap().contains("--auth kube"), "{problem}");
    }
    assert_eq!(server.get(NAMESPACES).send().unwrap().status().as_u16(), 401);
    assert_eq!(server.get(NAMESPACES).bearer_auth(VIEWER).send().unwrap().status().as_u16(), 404);
}
