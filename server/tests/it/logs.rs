//! Logs of containers over one stream, and as a file.

use crowsnest_kubesim::{Life, Options};
use serde_json::{Value, json};

use crate::support::cluster::Sim;
use crate::support::stream::{Event, Stream};
use crate::support::{Server, wait_for};

const WEB_1: &str = "of=core.v1.pods/shop/web-1";
const WEB: &str = "of=apps.v1.deployments/shop/web";
const SESSION: &str = "api/crowsnest/v1/session";
const BINDING: &str = "/apis/rbac.authorization.k8s.io/v1/namespaces/shop/rolebindings/viewer";

/// A pod that runs, for five minutes already.
pub(crate) fn pod(name: &str, containers: &[&str], burst: usize) -> Value {
    let started = jiff::Timestamp::now() - jiff::SignedDuration::from_secs(300);
    let started = jiff::Timestamp::from_second(started.as_second()).unwrap().to_string();
    let status = |name: &&str| {
        json!({
            "name": name, "ready": true, "restartCount": 1, "image": "x", "imageID": "x",
            "state": {"running": {"startedAt": started}},
            "lastState": {"terminated": {"exitCode": 1, "reason": "Error", "startedAt": "2026-11-21T08:00:00Z",
                "finishedAt": "2026-11-21T08:00:20Z"}},
        })
    };
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": name, "namespace": "shop", "labels": {"app": "web"},
            "annotations": {"kubesim.crowsnest.dev/log-burst": burst.to_string()}},
        "spec": {
            "nodeName": "demo-1", "restartPolicy": "Always",
            "containers": containers.iter().map(|name| json!({"name": name, "image": "x"})).collect::<Vec<_>>(),
        },
        "status": {
            "phase": "Running", "startTime": started, "conditions": [{"type": "Ready", "status": "True"}],
            "containerStatuses": containers.iter().map(status).collect::<Vec<_>>(),
        },
    })
}

/// A cluster in which containers run.
pub(crate) fn running(pods: Vec<Value>) -> Sim {
    let mut objects = Sim::options().objects;
    for object in objects.iter_mut().filter(|object| object["kind"] == "Deployment") {
        object["spec"] = json!({
            "replicas": 0, "selector": {"matchLabels": {"app": "web"}},
            "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "main", "image": "x"}]}},
        });
    }
    objects.extend(pods);
    Sim::start(Options { objects, life: Life::Running, ..Options::default() })
}

fn open(server: &Server, cookie: &str, query: &str) -> Stream {
    Stream::open(server.get(&format!("stream/log?kind=logs&{query}")).header("cookie", cookie))
}

/// What a stream tells to its end, but for states.
#[track_caller]
fn lines(stream: &mut Stream) -> Vec<Value> {
    let mut all = Vec::new();
    while let Some(event) = stream.next() {
        match event.name.as_str() {
            "lines" => all.extend(event.data["lines"].as_array().unwrap().iter().cloned()),
            "done" => return all,
            _ => {}
        }
    }
    panic!("the stream ended before it was done")
}

fn times(lines: &[Value]) -> Vec<String> {
    lines.iter().map(|line| line["t"].as_str().unwrap().to_owned()).collect()
}

fn is_state<'a>(pod: &'a str, state: &'a str) -> impl Fn(&Event) -> bool + 'a {
    move |event| event.name == "source" && event.data["pod"] == pod && event.data["state"] == state
}

#[test]
fn a_log_is_told_with_pod_container_and_times_as_far_as_it_is_wanted() {
    let sim = running(vec![pod("web-1", &["main", "proxy"], 0)]);
    let server = Server::of(&sim);
    let cookie = server.sign_in(&sim.viewer());
    // The other container may be told first, lines and all: each question has a stream of its own.
    let five = format!("{WEB_1}&tail=5");
    let of = open(&server, &cookie, &five).find("main", |event| event.data["container"] == "main");
    assert_eq!((&of.data["pod"], &of.data["state"]), (&json!("web-1"), &json!("open")));
    assert_eq!(lines(&mut open(&server, &cookie, &five)).len(), 10, "five of each container");
    let told = lines(&mut open(&server, &cookie, &format!("{WEB_1}&container=main&tail=3")));
    assert_eq!(told.len(), 3);
    assert!(told[0]["m"].as_str().unwrap().contains("component=main"), "{told:?}");
    assert!(told[0]["t"].as_str().unwrap().ends_with('Z'), "{told:?}");
    let recent = lines(&mut open(&server, &cookie, &format!("{WEB_1}&container=main&since_seconds=60")));
    assert!((28..=33).contains(&recent.len()), "{}", recent.len());
    let before = lines(&mut open(&server, &cookie, &format!("{WEB_1}&container=main&previous=1")));
    assert!(before.last().unwrap()["m"].as_str().unwrap().contains("cannot go on"), "{before:?}");
}

#[test]
fn all_pods_of_a_workload_are_followed_together_and_new_ones_join() {
    let sim = running(vec![pod("web-1", &["main"], 0), pod("web-2", &["main"], 0)]);
    let server = Server::of(&sim);
    let mut stream = open(&server, &server.sign_in(&sim.viewer()), &format!("{WEB}&follow=1&tail=1"));
    let mut pods = Vec::new();
    while pods.len() < 2 {
        let source = stream.find("source", |event| event.name == "source" && event.data["state"] == "open");
        pods.push(source.data["pod"].as_str().unwrap().to_owned());
    }
    pods.sort();
    assert_eq!(pods, ["web-1", "web-2"]);
    // Lines go on.
    for _ in 0..3 {
        stream.find("lines", |event| event.name == "lines");
    }
    sim.create(
        "/api/v1/namespaces/shop/pods",
        &json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web-3", "labels": {"app": "web"}},
            "spec": {"nodeName": "demo-1", "containers": [{"name": "main", "image": "x"}]},
        }),
    );
    stream.find("third pod", is_state("web-3", "waiting"));
    sim.delete("/api/v1/namespaces/shop/pods/web-2");
    stream.find("end of the second", is_state("web-2", "gone"));
    let watched = sim.running.asked().iter().any(|asked| asked.verb == "watch" && asked.resource == "pods");
    assert!(watched, "nobody asks again and again which pods there are");
}

#[test]
fn after_a_cut_no_line_is_lost_or_told_twice() {
    let sim = running(vec![pod("web-1", &["main"], 5000)]);
    let server = Server::of(&sim);
    let cookie = server.sign_in(&sim.viewer());
    let query = format!("stream/log?kind=logs&{WEB_1}");
    let mut told: Vec<Value> = Vec::new();
    let mut last = String::new();
    // Cut again and again, after a few parts each time.
    for cut in 0.. {
        let mut stream =
            Stream::open(server.get(&query).header("cookie", &cookie).header("last-event-id", &last));
        let mut parts = 0;
        let mut done = false;
        while parts < 3 && !done {
            let event = stream.next().unwrap();
            parts += u32::from(event.name == "lines");
            done = event.name == "done";
            told.extend(event.data["lines"].as_array().into_iter().flatten().cloned());
        }
        last.clone_from(&stream.last_id);
        if done {
            assert!(cut >= 2, "only {cut} cuts");
            break;
        }
    }
    let whole = lines(&mut open(&server, &cookie, WEB_1));
    assert!(told.len() >= 5000);
    // The log has grown meanwhile, at its end.
    assert_eq!(times(&told), times(&whole[..told.len()]));
}

#[test]
fn a_reader_who_takes_their_time_gets_every_line_of_a_large_log() {
    let sim = running(vec![pod("web-1", &["main"], 100_000)]);
    let server = Server::of(&sim);
    let mut stream = open(&server, &server.sign_in(&sim.viewer()), WEB_1);
    let first = stream.find("lines", |event| event.name == "lines");
    let mut told: Vec<Value> = first.data["lines"].as_array().unwrap().clone();
    assert!(told.len() <= 500);
    told.extend(lines(&mut stream));
    assert!(told.len() > 100_000, "{}", told.len());
    let times = times(&told);
    let parsed: Vec<jiff::Timestamp> = times.iter().map(|time| time.parse().unwrap()).collect();
    assert!(parsed.is_sorted(), "in order");
}

#[test]
fn logs_that_one_may_not_read_or_that_are_not_there_are_refused() {
    let sim = running(vec![pod("web-1", &["main"], 0)]);
    let server = Server::of(&sim);
    let cookie = server.sign_in(&sim.viewer());
    let status = |query: &str| server.get_as(&cookie, &format!("stream/log?kind=logs&{query}")).0;
    assert_eq!(status("of=core.v1.pods/data/postgres-0"), 403);
    assert_eq!(status("of=core.v1.pods/shop/none"), 404);
    assert_eq!(status("of=core.v1.secrets/shop/db-credentials"), 403);
    assert_eq!(status("of=core.v1.configmaps/shop/none"), 404);
    assert_eq!(status("of=core.v1.pods/shop/../../secrets"), 400);
    assert_eq!(server.get(&format!("stream/log?kind=logs&{WEB_1}")).send().unwrap().status().as_u16(), 401);
}

#[test]
fn a_followed_log_ends_with_the_session_and_with_the_right_to_read_it() {
    let sim = running(vec![pod("web-1", &["main"], 0)]);
    let server = Server::of(&sim);
    let token = sim.viewer();
    let cookie = server.sign_in(&token);
    let mut stream = open(&server, &cookie, &format!("{WEB_1}&follow=1"));
    stream.find("lines", |event| event.name == "lines");
    let csrf = server.get_as(&cookie, SESSION).1["csrf"].as_str().unwrap().to_owned();
    let out = server.http.delete(format!("{}{SESSION}", server.url)).header("cookie", &cookie);
    let out = out.header("x-crowsnest-csrf", csrf).header("sec-fetch-site", "same-origin").send().unwrap();
    assert_eq!(out.status().as_u16(), 204);
    let end = stream.find("end", |event| event.name == "end");
    assert_eq!(end.data["reason"], "signed-out");
    assert!(stream.next().is_none());

    let mut stream = open(&server, &server.sign_in(&token), &format!("{WEB_1}&follow=1"));
    stream.find("lines", |event| event.name == "lines");
    sim.delete(BINDING);
    stream.find("refusal", is_state("web-1", "denied"));
    while let Some(event) = stream.next() {
        assert_ne!(event.name, "lines", "a line after the right was gone");
    }
}

#[test]
fn a_download_is_a_file_of_text() {
    let sim = running(vec![pod("web-1", &["main"], 0), pod("web-2", &["main"], 0)]);
    let server = Server::of(&sim);
    let cookie = server.sign_in(&sim.viewer());
    let get = |query: &str| {
        let request =
            server.get(&format!("stream/log?kind=logs&download=1&{query}")).header("cookie", &cookie);
        let response = request.send().unwrap();
        assert_eq!(response.status().as_u16(), 200);
        let name = response.headers()["content-disposition"].to_str().unwrap().to_owned();
        (name, response.text().unwrap())
    };
    let (name, text) = get(&format!("{WEB_1}&tail=2&timestamps=1"));
    assert_eq!(name, "attachment; filename=\"web-1.log\"");
    assert_eq!(text.lines().count(), 2);
    assert!(text.lines().all(|line| line.starts_with("20") && line.contains("Z level=")), "{text}");
    let (_, both) = get(&format!("{WEB}&tail=1"));
    let pods: Vec<&str> = both.lines().filter_map(|line| line.split(' ').next()).collect();
    assert_eq!(pods, ["web-1/main", "web-2/main"]);
}

#[test]
fn a_log_goes_on_when_the_api_server_comes_back() {
    let sim = running(vec![pod("web-1", &["main"], 0)]);
    let server = Server::of(&sim);
    let mut stream = open(&server, &server.sign_in(&sim.viewer()), &format!("{WEB_1}&follow=1"));
    let mut told = Vec::new();
    let mut read = |event: &Event| {
        told.extend(
            event.data["lines"]
                .as_array()
                .into_iter()
                .flatten()
                .map(|line| line["t"].as_str().unwrap().to_owned()),
        );
        event.name == "lines"
    };
    while !read(&stream.next().unwrap()) {}
    sim.cut(true);
    while stream.next().is_some_and(|event| {
        read(&event);
        event.data["state"] != "failed"
    }) {}
    sim.cut(false);
    while !read(&stream.next().unwrap()) {}
    while !read(&stream.next().unwrap()) {}
    let mut unique = told.clone();
    unique.dedup();
    assert_eq!(told, unique, "no line twice");
    wait_for("all lines", || {
        let whole = server
            .get(&format!("stream/log?kind=logs&{WEB_1}"))
            .header("cookie", server.sign_in(&sim.viewer()));
        let whole = times(&lines(&mut Stream::open(whole)));
        (whole[..told.len()] == told[..]).then_some(())
    });
}
