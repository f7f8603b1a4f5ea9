//! Groups, and what of them is stored.

use std::sync::Arc;

use crowsnest_api::{Timestamp, is_stale};
use crowsnest_tsdb::{Done, Push};
use parking_lot::Mutex;

use super::*;
use crate::control::MemoryStore;

/// Takes down what it is to store.
#[derive(Default)]
struct Store(Mutex<Vec<String>>);

impl Appender for Store {
    fn push(&self, push: &Push<'_>, done: Done) {
        for series in &push.series {
            let labels = series.labels.to_labels().unwrap();
            if labels.metric_name().starts_with("push_") {
                continue;
            }
            let sample = series.samples[0];
            let value = if is_stale(sample.value) { "ended".to_owned() } else { sample.value.to_string() };
            self.0.lock().push(format!("{labels} {value}@{}", sample.timestamp));
        }
        done(Ok(Appended::default()));
    }

    fn push_quickly(&self, push: &Push<'_>, done: Done) -> Option<Done> {
        self.push(push, done);
        None
    }
}

struct Scene {
    control: Arc<MemoryStore>,
    store: Arc<Store>,
    gateway: Gateway,
}

impl Scene {
    fn new() -> Self {
        let (control, store) = (Arc::new(MemoryStore::default()), Arc::new(Store::default()));
        let gateway = Gateway::open(control.clone(), store.clone()).unwrap();
        Self { control, store, gateway }
    }

    fn push(&self, path: &str, page: &str, replace: Replace, seconds: i64) -> Vec<String> {
        let key = Key::of_path(path).unwrap();
        self.gateway.push(key, read(page.as_bytes()).unwrap(), replace, at(seconds)).unwrap();
        self.stored()
    }

    fn stored(&self) -> Vec<String> {
        std::mem::take(&mut self.store.0.lock())
    }
}

const fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(seconds * 1000)
}

#[test]
fn a_group_is_stored_as_it_comes_again_and_again_until_it_is_deleted() {
    let scene = Scene::new();
    let series = "done{instance=\"a\", job=\"backup\"}";
    assert_eq!(
        scene.push("job/backup/instance/a", "done{job=\"x\"} 1\n", Replace::All, 1),
        [format!("{series} 1@1")]
    );
    scene.gateway.tell(at(16));
    assert_eq!(scene.stored(), [format!("{series} 1@16")]);
    scene.gateway.delete(&Key::of_path("job/backup/instance/a").unwrap(), at(20)).unwrap();
    assert_eq!(scene.stored(), [format!("{series} ended@20")]);
    scene.gateway.tell(at(31));
    assert!(scene.stored().is_empty());
}

#[test]
fn put_takes_the_place_of_a_group_and_post_of_its_metrics_of_the_same_names() {
    let scene = Scene::new();
    scene.push("job/j", "a 1\nb{x=\"1\"} 2\nb{x=\"2\"} 2\n", Replace::All, 1);
    assert_eq!(
        scene.push("job/j", "b{x=\"1\"} 3\n", Replace::OfTheSameName, 2),
        ["b{job=\"j\", x=\"2\"} ended@2", "a{job=\"j\"} 1@2", "b{job=\"j\", x=\"1\"} 3@2"]
    );
    assert_eq!(
        scene.push("job/j", "c 4\n", Replace::All, 3),
        ["a{job=\"j\"} ended@3", "b{job=\"j\", x=\"1\"} ended@3", "c{job=\"j\"} 4@3"]
    );
}

#[test]
fn groups_are_there_after_a_restart() {
    let scene = Scene::new();
    scene.push("job/j/path@base64/L2E", "# TYPE a counter\na 1\n", Replace::All, 1);
    let again = Gateway::open(scene.control.clone(), scene.store.clone()).unwrap();
    again.tell(at(5));
    assert_eq!(scene.stored(), ["a{job=\"j\", path=\"/a\"} 1@5"]);
}

#[test]
fn paths_are_keys_or_refused_with_a_reason() {
    let key = |path: &str| Key::of_path(path).map(|key| key.name());
    assert_eq!(key("job/a"), Ok("{job=\"a\"}".to_owned()));
    assert_eq!(key("job@base64/YS9i/x@base64/="), Ok("{job=\"a/b\"}".to_owned()));
    for (path, reason) in [
        ("jab/a", "the path must begin with /metrics/job/"),
        ("job/", "the job has no name"),
        ("job/a/0/b", "\"0\" is no name of a label"),
        ("job/a/x/1/x/2", "label x stands in the path twice"),
        ("job@base64/*", "\"*\" is not base64"),
    ] {
        assert_eq!(key(path), Err(reason.to_owned()), "{path}");
    }
}

#[test]
fn what_is_pushed_must_not_have_a_time() {
    assert_eq!(read(b"a 1 2\n"), Err("a has a timestamp; what is pushed must not have any".to_owned()));
    assert!(read(b"a{ 1\n").unwrap_err().contains("line 1"));
}
