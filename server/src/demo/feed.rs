//! What the demo pushes in place of the agents of nodes that are not there: their own metrics, and those of their kubelets.

mod variation;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use crowsnest_api::{JOB, Labels, Sample, Timestamp};
use crowsnest_kubesim::Running;
use crowsnest_promql::{Matcher, Selection};
use crowsnest_scrape::kubernetes::{Drops, KUBELET, Kubelet, kubelet_jobs, kubelet_target};
use crowsnest_scrape::text::Dialect;
use crowsnest_scrape::{Facts, FamilyFacts, Format, Outcome, PageResult, Point, Scheme, Scraper};
use crowsnest_tsdb::{Metadata, SeriesBatch};
use parking_lot::Mutex;
use smol_str::SmolStr;
use tokio::sync::watch;
use tokio::time::MissedTickBehavior;
use tracing::warn;

use super::agent;
use crate::api_v1::write::{self, Sender};
use crate::clock;
use crate::http::AppState;
use crate::sources::Way;
use variation::NODES;

/// As often as the demo's agent.
const INTERVAL: Duration = Duration::from_secs(5);
/// Older samples of this machine are not varied: its agent is away, and so are the nodes that follow it.
const RECENT: Duration = Duration::from_secs(12);
/// Whom the samples are from.
const SENDER: Sender = Sender { pusher: SmolStr::new_static("demo"), way: Way::RemoteWrite };
const NODE_EXPORTER: &str = "node-exporter";

/// Pushes every few seconds until the server stops.
pub(super) async fn run(app: AppState, cluster: Arc<Running>) {
    let mut stopped: watch::Receiver<bool> = app.stop.subscribe();
    let mut ticks = tokio::time::interval(INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let feed = Arc::new(Mutex::new(Feed::new()));
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            _ = stopped.wait_for(|stop| *stop) => return,
        }
        let (app, cluster, feed) = (AppState::clone(&app), Arc::clone(&cluster), Arc::clone(&feed));
        match tokio::task::spawn_blocking(move || feed.lock().push(&app, &cluster)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => warn!(err = &*error as &dyn std::error::Error, "cannot push for the demo"),
            Err(error) => warn!(err = &error as &dyn std::error::Error, "cannot push for the demo"),
        }
    }
}

/// What is remembered from push to push.
struct Feed {
    /// Up to when samples of this machine have been varied.
    told: Timestamp,
    pages: Vec<KubeletPage>,
}

/// A page of the kubelet of a node that is not there.
struct KubeletPage {
    node: &'static str,
    path: &'static str,
    scraper: Scraper<Labels>,
}

impl Feed {
    fn new() -> Self {
        let jobs = kubelet_jobs(KUBELET, Drops::Usual).into_iter().map(|(path, job)| (path, Arc::new(job)));
        let jobs: Vec<_> = jobs.collect();
        let pages = NODES.iter().flat_map(|node| {
            let kubelet = Kubelet { node: node.name, scheme: Scheme::Https, address: node.name, base: "" };
            jobs.iter().filter_map(move |(path, job)| {
                let scraper = Scraper::new(Arc::clone(job), kubelet_target(job, kubelet, path)?);
                Some(KubeletPage { node: node.name, path, scraper })
            })
        });
        Self { told: Timestamp::MIN, pages: pages.collect() }
    }

    /// Pushes once.
    fn push(&mut self, app: &AppState, cluster: &Running) -> anyhow::Result<()> {
        let now = clock::now();
        let mut described = BTreeMap::new();
        let mut series = Vec::new();
        for page in &mut self.pages {
            let text = cluster.kubelet_page(page.node, page.path);
            for family in page.scrape(text.as_deref(), now, &mut series) {
                described.entry(family.name.clone()).or_insert_with(|| describe(family));
            }
        }
        let machine = recent(app, self.told, now)?;
        // A node whose kubelet is silent is away altogether.
        let there = NODES.iter().filter(|node| cluster.kubelet_page(node.name, "healthz").is_some());
        series.extend(there.flat_map(|node| node.vary(&machine)));
        let metadata = described.into_values().collect();
        write::keep(app, &SENDER, &series, metadata, now).context("cannot store samples")?;
        self.told = machine.iter().map(|(_, sample)| sample.timestamp).max().unwrap_or(self.told);
        Ok(())
    }
}

impl KubeletPage {
    /// Adds what an agent would push. A node that is away has no agent either: nothing at all is pushed of it.
    fn scrape(
        &mut self,
        page: Option<&str>,
        now: Timestamp,
        series: &mut Vec<SeriesBatch>,
    ) -> Vec<FamilyFacts> {
        let Some(page) = page else { return Vec::new() };
        let mut pass = self.scraper.begin(Format::Text(Dialect::Prometheus), Facts::Wanted);
        let read = pass.feed(page.as_bytes()).and_then(|()| pass.finish());
        let (result, outcome) = match read {
            Ok(()) => (pass.into_result(), Outcome::Good),
            Err(_) => (PageResult::nothing(), Outcome::Failed),
        };
        let scraped = self.scraper.end(result, outcome, now, Duration::from_millis(5), |sample| {
            // The pages are text, which has no native histograms.
            if let Point::Float(value) = sample.point {
                let sample_at = Sample { timestamp: sample.at, value };
                series.push(SeriesBatch::of_floats(sample.series.clone(), vec![sample_at]));
            }
        });
        scraped.facts
    }
}

/// The newest samples of this machine's agent that are after `told`.
fn recent(app: &AppState, told: Timestamp, now: Timestamp) -> anyhow::Result<Vec<(Labels, Sample)>> {
    let matchers = [Matcher::equal(JOB, NODE_EXPORTER), Matcher::equal("node", agent::NODE)];
    let start = now.minus(RECENT).max(told.plus_millis(1));
    let selection = Selection::new(&matchers, start, now);
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

fn describe(family: FamilyFacts) -> Metadata {
    Metadata {
        family: family.name,
        kind: family.kind.as_str().into(),
        help: family.help.to_string(),
        unit: family.unit,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn series_of_a_kubelet_are_labelled_as_an_agent_does() {
        let mut feed = Feed::new();
        let page = feed.pages.iter_mut().find(|page| page.path == "/metrics/cadvisor").unwrap();
        let node = page.node;
        let text = "# TYPE container_memory_rss gauge\n\
            container_memory_rss{container=\"nginx\",namespace=\"shop\",pod=\"web-1\"} 7\n";
        let mut series = Vec::new();
        let facts = page.scrape(Some(text), Timestamp::from_millis(5), &mut series);
        assert_eq!(facts[0].name, "container_memory_rss");
        assert_eq!(series[0].labels.metric_name(), "up");
        let expected = Labels::from_pairs([
            ("__name__", "container_memory_rss"),
            ("container", "nginx"),
            ("instance", node),
            ("job", "kubelet"),
            ("metrics_path", "/metrics/cadvisor"),
            ("namespace", "shop"),
            ("node", node),
            ("pod", "web-1"),
        ]);
        let found = series.iter().find(|series| series.labels == expected).unwrap();
        assert_eq!(found.samples[0].value, 7.0);
    }
}
