//! Live lists: watches of the cluster over one stream.

use crowsnest_kubesim::Options;
use serde_json::{Value, json};

use crate::support::cluster::Sim;
use crate::support::server::json as status_and_body;
use crate::support::stream::Stream;
use crate::support::{Server, wait_for};

const SESSION: &str = "api/crowsnest/v1/session";

/// The path of a stream of watches.
fn path(of: &[&str]) -> String {
    let of: Vec<String> = of.iter().map(|of| format!("&of={}", of.replace('=', "%3D"))).collect();
    format!("stream/log?kind=watch{}", of.concat())
}

fn open(server: &Server, cookie: &str, of: &[&str]) -> Stream {
    Stream::open(server.get(&path(of)).header("cookie", cookie))
}

/// The same stream once more, after a cut.
fn reopen(server: &Server, cookie: &str, of: &[&str], last: &Stream) -> Stream {
    Stream::open(server.get(&path(of)).header("cookie", cookie).header("last-event-id", &last.last_id))
}

/// Reads the list of the only watch, and gives the names in it.
#[track_caller]
fn list(stream: &mut Stream) -> Vec<String> {
    let mut names = Vec::new();
    for n in 0.. {
        let part = stream.next().unwrap();
        assert_eq!((part.name.as_str(), &part.data["first"]), ("sync", &json!(n == 0)), "{part:?}");
        let objects = part.data["objects"].as_array().unwrap();
        assert!(objects.len() <= 500);
        names.extend(objects.iter().map(|object| object["metadata"]["name"].as_str().unwrap().to_owned()));
        if part.data["last"] == true {
            break;
        }
    }
    stream.find_state(0, "live");
    names
}

const PODS: &[&str] = &["core.v1.pods/shop"];

#[test]
fn a_stream_begins_with_the_lists_and_goes_on_with_what_changes() {
    let sim = Sim::still();
    sim.create_pod("shop", "web-1");
    sim.create_pod("data", "postgres-0");
    let server = Server::of(&sim);
    let cookie = server.sign_in(&sim.admin());
    let mut stream = open(
        &server,
        &cookie,
        &["core.v1.pods/-/fieldSelector=metadata.name=web-2", "core.v1.pods/shop", "core.v1.secrets/shop"],
    );
    let mut lists = vec![Value::Null; 3];
    for _ in 0..3 {
        let part = stream.find("list", |event| event.name == "sync").data;
        assert_eq!((&part["first"], &part["last"]), (&json!(true), &json!(true)));
        let watch = part["watch"].as_u64().unwrap();
        lists[watch as usize] = part["objects"].clone();
    }
    assert_eq!(lists[0], json!([]));
    let pod = &lists[1][0]["metadata"];
    assert_eq!((&pod["name"], &pod["annotations"]), (&json!("web-1"), &Value::Null));
    assert_eq!(pod["managedFields"], Value::Null);
    assert_eq!(lists[2][0]["metadata"]["name"], "db-credentials");
    assert_eq!(lists[2][0]["data"], Value::Null);

    let mut watched = open(&server, &cookie, PODS);
    assert_eq!(list(&mut watched), ["web-1"]);
    sim.create_pod("data", "postgres-1");
    sim.create_pod("shop", "web-2");
    assert_eq!(watched.next_changes(), ["ADDED web-2"]);
    sim.label_pod("shop", "web-1", "seen", "yes");
    assert_eq!(watched.next_changes(), ["MODIFIED web-1"]);
    sim.delete("/api/v1/namespaces/shop/pods/web-2");
    let gone = watched.find("deletion", |event| event.data["changes"][0]["type"] == "DELETED");
    assert_eq!(gone.data["changes"][0]["object"]["metadata"]["name"], "web-2");
    // The watch by name has seen it come and go; that it was in another order with the other watches is of no account.
    let change = stream.find("change", |event| event.name == "change" && event.data["watch"] == 0);
    assert_eq!(change.data["changes"][0]["object"]["metadata"]["name"], "web-2");
}

#[test]
fn a_watch_of_rows_tells_what_the_api_server_prints_and_no_value() {
    let sim = Sim::still();
    let server = Server::of(&sim);
    let cookie = server.sign_in(&sim.admin());
    let mut stream = open(&server, &cookie, &["core.v1.secrets/shop/as=table"]);
    let first = stream.find("list", |event| event.name == "sync").data;
    let secret = &first["objects"][0];
    assert_eq!(secret["metadata"]["name"], "db-credentials");
    assert!(secret["cells"]["Type"].is_string() && secret["data"].is_null(), "{secret}");
    assert!(secret["cells"]["Data"].as_u64().is_some_and(|keys| keys > 0), "{secret}");

    let table = "api/crowsnest/v1/objects/core.v1.secrets/shop?as=table";
    let (status, page) = status_and_body(server.get(table).header("cookie", &cookie).send().unwrap());
    assert_eq!((status, &page["columns"][1]["name"]), (200, &json!("Type")));
    assert_eq!(page["items"][0]["data"], Value::Null);
}

#[test]
fn what_the_api_server_serves_is_told_with_its_preferred_versions() {
    let sim = Sim::still();
    let server = Server::of(&sim);
    let cookie = server.sign_in(&sim.admin());
    let (status, served) =
        status_and_body(server.get("api/crowsnest/v1/kinds").header("cookie", &cookie).send().unwrap());
    assert_eq!(status, 200);
    let kinds = served["kinds"].as_array().unwrap();
    let of = |resource: &str| kinds.iter().find(|kind| kind["resource"] == resource).unwrap();
    let deployments = of("deployments");
    assert_eq!((&deployments["group"], &deployments["version"]), (&json!("apps"), &json!("v1")));
    assert_eq!((&deployments["kind"], &deployments["namespaced"]), (&json!("Deployment"), &json!(true)));
    assert_eq!(deployments["shortNames"], json!(["deploy"]));
    assert!(deployments["subresources"].as_array().unwrap().contains(&json!("scale")));
}

#[test]
fn a_large_list_comes_in_parts() {
    let secret = |n: usize| {
        json!({
            "apiVersion": "v1", "kind": "Secret", "metadata": {"name": format!("s-{n:03}"), "namespace": "shop"},
            "data": {"key": "dmFsdWU="},
        })
    };
    let mut options = Sim::options();
    options.objects.extend((0..1200).map(secret));
    let sim = Sim::start(options);
    let server = Server::of(&sim);
    let mut stream = open(&server, &server.sign_in(&sim.admin()), &["core.v1.secrets/shop"]);
    assert_eq!(list(&mut stream).len(), 1201);
    assert!(
        stream.last_id.split_once('-').is_some_and(|(_, version)| !version.is_empty()),
        "{}",
        stream.last_id
    );
}

#[test]
fn after_a_cut_the_stream_goes_on_where_it_was() {
    let sim = Sim::still();
    sim.create_pod("shop", "web-1");
    let server = Server::of(&sim);
    let cookie = server.sign_in(&sim.viewer());
    let mut first = open(&server, &cookie, PODS);
    assert_eq!(list(&mut first), ["web-1"]);
    sim.create_pod("shop", "web-2");
    sim.delete("/api/v1/namespaces/shop/pods/web-1");
    let mut second = reopen(&server, &cookie, PODS, &first);
    let mut told = second.next_changes();
    while !told.iter().any(|change| change == "DELETED web-1") {
        told.extend(second.next_changes());
    }
    assert_eq!(told.first().unwrap(), "ADDED web-2", "no list, and nothing left out");
    let as_parameter = format!("{}&last_event_id={}", path(PODS), second.last_id);
    let mut third = Stream::open(server.get(&as_parameter).header("cookie", &cookie));
    sim.create_pod("shop", "web-3");
    assert_eq!(third.next_changes(), ["ADDED web-3"]);
    let mut other = reopen(&server, &cookie, &["core.v1.services/shop"], &third);
    assert!(!list(&mut other).is_empty(), "an id of other watches counts for nothing");
}

#[test]
fn a_stream_with_one_watch_more_lists_that_one_alone() {
    let sim = Sim::still();
    sim.create_pod("shop", "web-1");
    let server = Server::of(&sim);
    let cookie = server.sign_in(&sim.admin());
    let mut first = open(&server, &cookie, PODS);
    assert_eq!(list(&mut first), ["web-1"]);
    let both = ["core.v1.namespaces/-", "core.v1.pods/shop"];
    let mut second = reopen(&server, &cookie, &both, &first);
    assert_eq!(second.find("list", |event| event.name == "sync").data["watch"], 0);
    sim.create_pod("shop", "web-2");
    let told = second.find("list or change", |event| ["sync", "change"].contains(&event.name.as_str()));
    assert_eq!(
        (told.name.as_str(), &told.data["watch"]),
        ("change", &json!(1)),
        "the pods are not listed again"
    );
    let anew = format!("{}&last_event_id={}&anew=1", path(&both), second.last_id);
    let mut third = Stream::open(server.get(&anew).header("cookie", &cookie));
    let list = third.find("list", |event| event.name == "sync").data;
    assert_eq!(
        (&list["watch"], list["objects"].as_array().map(Vec::len)),
        (&json!(1), Some(2)),
        "but where that is asked for"
    );
}

#[test]
fn a_position_that_is_too_old_leads_to_a_new_list() {
    let options = Options { history: 4, ..Sim::options() };
    let sim = Sim::start(options);
    let server = Server::of(&sim);
    let cookie = server.sign_in(&sim.admin());
    let mut first = open(&server, &cookie, PODS);
    assert!(list(&mut first).is_empty());
    for n in 0..20 {
        sim.create_pod("shop", &format!("web-{n:02}"));
    }
    let mut second = reopen(&server, &cookie, PODS, &first);
    second.find_state(0, "live");
    assert_eq!(list(&mut second).len(), 20);
}

#[test]
fn a_watch_that_the_api_server_drops_is_taken_up_again_and_nobody_notices() {
    let sim = Sim::still();
    let server = Server::of(&sim);
    let mut stream = open(&server, &server.sign_in(&sim.viewer()), PODS);
    assert!(list(&mut stream).is_empty());
    for n in 0..3 {
        sim.running.drop_watches();
        sim.create_pod("shop", &format!("web-{n}"));
        let change = stream.next().unwrap();
        assert_eq!(change.name, "change", "{change:?}");
        assert_eq!(change.data["changes"][0]["object"]["metadata"]["name"], format!("web-{n}"));
    }
}

#[test]
fn an_api_server_that_is_away_is_told_and_so_is_its_return() {
    let sim = Sim::still();
    sim.create_pod("shop", "web-0");
    let server = Server::of(&sim);
    let cookie = server.sign_in(&sim.viewer());
    let mut stream = open(&server, &cookie, PODS);
    assert_eq!(list(&mut stream), ["web-0"]);
    sim.cut(true);
    let stale = stream.next().unwrap();
    assert_eq!((&stale.data["state"], &stale.data["watch"]), (&json!("stale"), &json!(0)));
    let message = stale.data["message"].as_str().unwrap();
    assert!(message.contains("cannot reach the Kubernetes API server"), "{message}");
    assert!(stale.data["retry_in_ms"].as_u64().unwrap() > 0);
    // Whoever comes now is told the same.
    let mut late = open(&server, &cookie, PODS);
    late.find_state(0, "stale");
    sim.cut(false);
    sim.create_pod("shop", "web-1");
    stream.find_state(0, "live");
    assert_eq!(stream.next_changes(), ["ADDED web-1"]);
    let listed = late.find("list", |event| event.name == "sync");
    assert_eq!(listed.data["objects"][0]["metadata"]["name"], "web-0");
}

#[test]
fn what_a_user_may_not_see_is_denied_and_the_rest_of_the_stream_goes_on() {
    let sim = Sim::still();
    sim.create_pod("shop", "web-1");
    let server = Server::of(&sim);
    let cookie = server.sign_in(&sim.viewer());
    let mut stream = open(
        &server,
        &cookie,
        &["core.v1.nodes/-", "apps.v1.deployments/data", "core.v1.gadgets/shop", "core.v1.pods/shop"],
    );
    let mut states = vec![Value::Null; 4];
    while states.contains(&Value::Null) {
        let event = stream.find("state", |event| event.name == "state");
        let watch = event.data["watch"].as_u64().unwrap();
        states[watch as usize] = event.data;
    }
    let missing =
        |state: &Value| ["state", "verb", "group", "resource", "namespace"].map(|field| state[field].clone());
    assert_eq!(
        missing(&states[0]),
        [json!("denied"), json!("list"), Value::Null, json!("nodes"), Value::Null]
    );
    assert_eq!(
        missing(&states[1]),
        [json!("denied"), json!("list"), json!("apps"), json!("deployments"), json!("data")]
    );
    assert!(states[0]["message"].as_str().unwrap().contains("cannot list resource"), "{}", states[0]);
    assert!(["failed", "denied"].contains(&states[2]["state"].as_str().unwrap()), "{}", states[2]);
    assert_eq!(states[3]["state"], "live");
    let mut admin = open(&server, &server.sign_in(&sim.admin()), &["core.v1.gadgets/shop"]);
    admin.find_state(0, "failed");
}

#[test]
fn a_stream_ends_within_seconds_of_its_session() {
    let sim = Sim::still();
    let server = Server::of(&sim);
    let sign_in = server.post(SESSION).json(&json!({"token": sim.viewer()})).send().unwrap();
    let cookie = sign_in.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    let (_, session) = status_and_body(sign_in);
    let mut stream = open(&server, &cookie, PODS);
    assert!(list(&mut stream).is_empty());
    let sign_out = server.http.delete(format!("{}{SESSION}", server.url)).header("cookie", &cookie);
    let sign_out = sign_out.header("sec-fetch-site", "same-origin");
    let sign_out = sign_out.header("x-crowsnest-csrf", session["csrf"].as_str().unwrap());
    assert_eq!(sign_out.send().unwrap().status().as_u16(), 204);
    let end = stream.next().unwrap();
    assert_eq!((end.name.as_str(), end.data), ("end", json!({"reason": "signed-out"})));
    assert!(stream.next().is_none());
    assert_eq!(server.get_as(&cookie, &path(PODS)).0, 401);

    let mut short = open(&server, &server.sign_in(&sim.running.token("shop", "viewer", 3).unwrap()), PODS);
    let end = short.find("end", |event| event.name == "end");
    assert_eq!(end.data, json!({"reason": "expired"}));
}

#[test]
fn a_right_that_is_withdrawn_ends_its_watch_within_a_minute() {
    let sim = Sim::still();
    let server = Server::of(&sim);
    let cookie = server.sign_in(&sim.viewer());
    let mut stream = open(&server, &cookie, &["core.v1.pods/shop"]);
    stream.find_state(0, "live");
    let began = std::time::Instant::now();
    sim.delete("/apis/rbac.authorization.k8s.io/v1/namespaces/shop/rolebindings/viewer");
    stream.find_state(0, "denied");
    assert!(began.elapsed() < std::time::Duration::from_secs(60), "{:?}", began.elapsed());
    // What happens after that nobody is told.
    sim.create_pod("shop", "secret");
    assert_eq!(server.get_as(&cookie, "api/crowsnest/v1/objects/core.v1.pods/shop").0, 403);
}

#[test]
fn a_token_that_is_revoked_ends_stream_and_session() {
    let sim = Sim::still();
    let server = Server::of(&sim);
    let cookie = server.sign_in(&sim.viewer());
    let mut stream = open(&server, &cookie, PODS);
    assert!(list(&mut stream).is_empty());
    sim.delete("/api/v1/namespaces/shop/serviceaccounts/viewer");
    sim.running.drop_watches();
    let end = stream.find("end", |event| event.name == "end");
    assert_eq!(end.data, json!({"reason": "expired"}));
    wait_for("the end of the session", || (server.get_as(&cookie, SESSION).0 == 401).then_some(()));
}

#[test]
fn open_streams_do_not_hold_up_a_server_that_stops() {
    let sim = Sim::still();
    let mut server = Server::of(&sim);
    let mut stream = open(&server, &server.sign_in(&sim.viewer()), PODS);
    assert!(list(&mut stream).is_empty());
    assert!(server.terminate());
    assert!(stream.next().is_none());
    assert!(!server.log().contains("still running at the end"), "{}", server.log());
}

#[test]
fn nobody_can_open_streams_without_end() {
    let sim = Sim::still();
    let server = Server::of(&sim);
    let cookie = server.sign_in(&sim.viewer());
    let open: Vec<Stream> = (0..32).map(|_| open(&server, &cookie, PODS)).collect();
    let (status, problem) = server.get_as(&cookie, &path(PODS));
    assert_eq!(status, 429, "{problem}");
    Stream::open(server.get(&path(PODS)).bearer_auth(sim.admin()));
    drop(open);
}
