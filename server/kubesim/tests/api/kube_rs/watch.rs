//! watch.

use std::time::Duration;

use crowsnest_kubesim::{DemoSize, Life, Options};
use futures_util::{Stream, StreamExt};
use k8s_openapi::api::core::v1::ConfigMap;
use kube::{
    Api,
    api::{DeleteParams, ListParams, Patch, PatchParams, WatchEvent, WatchParams},
};
use serde_json::json;

use super::{Cluster, create_all};

/// Longer than any event takes.
const PATIENCE: Duration = Duration::from_secs(10);

/// An event in a word and the name of its object.
fn told(event: &WatchEvent<ConfigMap>) -> String {
    let name = |object: &ConfigMap| object.metadata.name.clone().unwrap_or_default();
    match event {
        WatchEvent::Added(object) => format!("added {}", name(object)),
        WatchEvent::Modified(object) => format!("modified {}", name(object)),
        WatchEvent::Deleted(object) => format!("deleted {}", name(object)),
        WatchEvent::Bookmark(bookmark) => {
            let end = bookmark.metadata.annotations.get("k8s.io/initial-events-end").map(String::as_str);
            format!("bookmark {}", end.unwrap_or_default())
        }
        WatchEvent::Error(status) => format!("error {}", status.code),
    }
}

/// The next events of a watch.
async fn next(
    events: &mut (impl Stream<Item = kube::Result<WatchEvent<ConfigMap>>> + Unpin),
    count: usize,
) -> Vec<String> {
    let mut all = Vec::new();
    while all.len() < count {
        let event = tokio::time::timeout(PATIENCE, events.next()).await.unwrap();
        match event {
            Some(event) => all.push(told(&event.unwrap())),
            None => break,
        }
    }
    all
}

async fn revision(api: &Api<ConfigMap>) -> String {
    api.list(&ListParams::default().limit(1)).await.unwrap().metadata.resource_version.unwrap()
}

#[tokio::test]
async fn a_watch_from_a_revision_tells_what_came_after_it() {
    let cluster = Cluster::start().await;
    let api = cluster.config_maps();
    let start = revision(&api).await;
    create_all(&api, &[("a", "x")]).await;
    let events = api.watch(&WatchParams::default(), &start).await.unwrap();
    let mut events = std::pin::pin!(events);
    assert_eq!(next(&mut events, 1).await, ["added a"]);
    let patch = Patch::Merge(json!({"data": {"key": "2"}}));
    api.patch("a", &PatchParams::default(), &patch).await.unwrap();
    assert_eq!(next(&mut events, 1).await, ["modified a"]);
    api.delete("a", &DeleteParams::default()).await.unwrap();
    assert_eq!(next(&mut events, 1).await, ["deleted a"]);
}

#[tokio::test]
async fn an_object_that_leaves_the_selection_is_deleted_for_the_watcher() {
    let cluster = Cluster::start().await;
    let api = cluster.config_maps();
    let start = revision(&api).await;
    let events = api.watch(&WatchParams::default().labels("tier=x"), &start).await.unwrap();
    let mut events = std::pin::pin!(events);
    create_all(&api, &[("a", "x"), ("b", "y")]).await;
    for label in ["y", "x"] {
        let patch = Patch::Merge(json!({"metadata": {"labels": {"tier": label}}}));
        api.patch("a", &PatchParams::default(), &patch).await.unwrap();
    }
    assert_eq!(next(&mut events, 3).await, ["added a", "deleted a", "added a"]);
}

#[tokio::test]
async fn a_streaming_list_ends_with_a_marked_bookmark() {
    let cluster = Cluster::start().await;
    let api = cluster.config_maps();
    create_all(&api, &[("a", "x"), ("b", "x")]).await;
    let params = WatchParams::streaming_lists().labels("tier");
    let events = api.watch(&params, "0").await.unwrap();
    let mut events = std::pin::pin!(events);
    let mut first = next(&mut events, 3).await;
    assert_eq!(first.pop().as_deref(), Some("bookmark true"));
    assert_eq!(first, ["added a", "added b"]);
    create_all(&api, &[("c", "x")]).await;
    assert_eq!(next(&mut events, 1).await, ["added c"]);
}

#[tokio::test]
async fn a_watch_ends_after_a_bookmark_when_its_time_is_over() {
    let cluster = Cluster::start().await;
    let api = cluster.config_maps();
    let start = revision(&api).await;
    let events = api.watch(&WatchParams::default().timeout(3), &start).await.unwrap();
    let mut events = std::pin::pin!(events);
    assert_eq!(next(&mut events, 2).await, ["bookmark "]);
}

#[tokio::test]
async fn a_watch_from_before_the_history_is_gone() {
    let options = Options { history: 3, life: Life::Still, ..Options::demo(DemoSize::default()) };
    let cluster = Cluster::start_with(options).await;
    let api = cluster.config_maps();
    create_all(&api, &[("a", "x"), ("b", "x"), ("c", "x"), ("d", "x"), ("e", "x")]).await;
    let events = api.watch(&WatchParams::default(), "1").await.unwrap();
    let mut events = std::pin::pin!(events);
    assert_eq!(next(&mut events, 2).await, ["error 410"]);
}

#[tokio::test]
async fn a_watch_of_metadata_has_no_data() {
    let cluster = Cluster::start().await;
    let api = cluster.config_maps();
    let start = revision(&api).await;
    create_all(&api, &[("a", "x")]).await;
    let events = api.watch_metadata(&WatchParams::default(), &start).await.unwrap();
    let mut events = std::pin::pin!(events);
    let event = tokio::time::timeout(PATIENCE, events.next()).await.unwrap().unwrap().unwrap();
    let WatchEvent::Added(object) = event else { panic!("{event:?}") };
    assert_eq!(object.metadata.name.as_deref(), Some("a"));
}
