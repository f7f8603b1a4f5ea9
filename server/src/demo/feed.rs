//! What the demo pushes in place of agents: the containers of the simulated cluster, and nodes that are not there.

mod variation;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use crowsnest_api::{INSTANCE, JOB, Labels, METRIC_NAME, Sample, Timestamp};
use crowsnest_kubesim::Running;
use crowsnest_promql::{Matcher, Selection};
use crowsnest_scrape::Family;
use crowsnest_scrape::text::{Limits, parse};
use crowsnest_tsdb::{Metadata, SeriesBatch};
use smol_str::SmolStr;
use tokio::sync::watch;
use tokio::time::MissedTickBehavior;
use tracing::warn;

use super::agent;
use crate::api_v1::write;
use crate::clock;
use crate::http::AppState;
use variation::NODES;

/// As often as the demo's agent.
const INTERVAL: Duration = Duration::from_secs(5);
/// Older samples of this machine are not varied: its agent is away, and so are the nodes that follow it.
const RECENT: Duration = Duration::from_secs(12);
/// Whom the samples are from.
const PUSHER: SmolStr = SmolStr::new_static("demo");
/// Where a kubelet tells what its containers use.
const CADVISOR: &str = "/metrics/cadvisor";
/// Where it tells of itself and, among much else, of its volumes.
const METRICS: &str = "/metrics";
const VOLUMES: &str = "kubelet_volume_stats_";
const NODE_EXPORTER: &str = "node-exporter";

/// Pushes every few seconds until the server stops.
pub(super) async fn run(app: AppState, cluster: Arc<Running>) {
    let mut stopped: watch::Receiver<bool> = app.stop.subscribe();
    let mut ticks = tokio::time::interval(INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut told = Timestamp::MIN;
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            _ = stopped.wait_for(|stop| *stop) => return,
        }
        let (app, cluster) = (AppState::clone(&app), Arc::clone(&cluster));
        let pushed = tokio::task::spawn_blocking(move || push(&app, &cluster, told)).await;
        match pushed {
            Ok(Ok(newest)) => told = newest,
            Ok(Err(error)) => warn!(err = &*error as &dyn std::error::Error, "cannot push for the demo"),
            Err(error) => warn!(err = &error as &dyn std::error::Error, "cannot push for the demo"),
        }
    }
}

/// Pushes once. Samples of this machine up to `told` have been varied before; says up to when they have been now.
fn push(app: &AppState, cluster: &Running, told: Timestamp) -> anyhow::Result<Timestamp> {
    let now = clock::now();
    let mut described = BTreeMap::new();
    let mut series = Vec::new();
    for node in std::iter::once(agent::NODE).chain(NODES.iter().map(|node| node.name)) {
        for path in [CADVISOR, METRICS] {
            let Some(page) = cluster.kubelet_page(node, path) else { continue };
            let mut families =
                parse(page.as_bytes(), Limits::default()).context("a kubelet's page is no exposition")?;
            families.retain(|family| path == CADVISOR || family.name.starts_with(VOLUMES));
            for family in &families {
                described.entry(family.name.clone()).or_insert_with(|| describe(family));
            }
            series.extend(of_kubelet(node, path, families, now));
        }
    }
    let machine = recent(app, told, now)?;
    let newest = machine.iter().map(|(_, sample)| sample.timestamp).max().unwrap_or(told);
    // A node whose kubelet is silent is away altogether.
    let there = NODES.iter().filter(|node| cluster.kubelet_page(node.name, "healthz").is_some());
    series.extend(there.flat_map(|node| node.vary(&machine)));
    let metadata = described.into_values().collect();
    write::keep(app, &PUSHER, &series, metadata, now).context("cannot store samples")?;
    Ok(newest)
}

/// The newest samples of this machine's agent that are after `told`.
fn recent(app: &AppState, told: Timestamp, now: Timestamp) -> anyhow::Result<Vec<(Labels, Sample)>> {
    let matchers = [Matcher::equal(JOB, NODE_EXPORTER), Matcher::equal("node", agent::NODE)];
    let start = now.minus(RECENT).max(told.plus_millis(1));
    let selection = Selection { matchers: &matchers, start, end: now };
    let mut found = Vec::new();
    for series in app.storage.queryable.select(&selection)?.series {
        let series = series?;
        // `up` the server writes by itself, for each node.
        let newest = series.samples.last().filter(|sample| !crowsnest_api::is_stale(sample.value));
        if let Some(newest) = newest.filter(|_| series.labels.metric_name() != "up") {
            found.push((series.labels, *newest));
        }
    }
    Ok(found)
}

/// The series of a kubelet's page as an agent would push them, and that the page could be read.
fn of_kubelet(node: &str, path: &str, families: Vec<Family>, now: Timestamp) -> Vec<SeriesBatch> {
    let one = |labels: Labels, value: f64| {
        let mut labels = labels.to_builder();
        labels.set(JOB, "kubelet").set("metrics_path", path).set(INSTANCE, node).set("node", node);
        SeriesBatch { labels: labels.build(), samples: vec![Sample { timestamp: now, value }] }
    };
    let up = one(Labels::from_pairs([(METRIC_NAME, "up")]), 1.0);
    let samples = families.into_iter().flat_map(|family| family.samples);
    std::iter::once(up).chain(samples.map(|sample| one(sample.labels, sample.value))).collect()
}

fn describe(family: &Family) -> Metadata {
    Metadata {
        family: family.name.clone(),
        kind: family.kind.as_str().into(),
        help: family.help.to_string(),
        unit: SmolStr::default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn series_of_a_kubelet_are_labelled_as_an_agent_would() {
        let page = b"# TYPE container_memory_rss gauge\n\
            container_memory_rss{container=\"nginx\",namespace=\"shop\",pod=\"web-1\"} 7\n";
        let families = parse(page, Limits::default()).unwrap();
        let series = of_kubelet("demo-2", CADVISOR, families, Timestamp::from_millis(5));
        assert_eq!(series[0].labels.metric_name(), "up");
        let expected = Labels::from_pairs([
            ("__name__", "container_memory_rss"),
            ("container", "nginx"),
            ("instance", "demo-2"),
            ("job", "kubelet"),
            ("metrics_path", "/metrics/cadvisor"),
            ("namespace", "shop"),
            ("node", "demo-2"),
            ("pod", "web-1"),
        ]);
        assert_eq!((&series[1].labels, series[1].samples[0].value), (&expected, 7.0));
    }
}
