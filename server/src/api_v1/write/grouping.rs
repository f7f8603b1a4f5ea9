//! One push may carry several sources; the store and the watch over sources want them apart.

use std::collections::HashMap;
use std::ops::RangeInclusive;
use std::time::Duration;

use crowsnest_api::{INSTANCE, JOB, Labels, METRIC_NAME, Sample, Timestamp, is_stale};
use crowsnest_tsdb::{HistogramSample, PushedLabels, PushedSeries};
use smol_str::SmolStr;

use crate::sources::{Push, SourceId, UP};

/// How far ahead of the server's clock a sample may be to count as a push's newest: as far as the store lets it.
const MAX_AHEAD: Duration = Duration::from_secs(600);

/// Series `up` of one source in one push that are told.
const MAX_UPS: usize = 16;

/// Longer values of `job` and `instance` make no source: who pushes may not fill the memory of those who watch.
const MAX_NAME_BYTES: usize = 1024;

/// The part of a push that is about one source.
#[derive(Debug)]
pub(super) struct Group<'a> {
    pub(super) source: SourceId,
    pub(super) series: Vec<PushedSeries<'a>>,
    /// What to tell the watch over sources; `None` for series whose `job` or `instance` is missing or absurdly long, and
    /// for pushes that say nothing about the present.
    pub(super) push: Option<Push>,
    /// Series `up` of the source's own that end in this push.
    pub(super) ended: Vec<Labels>,
}

/// The labels of a series that tell where it comes from; empty where it has none.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
struct Identity<'a> {
    job: &'a [u8],
    instance: &'a [u8],
}

/// What the series of one source have in common.
struct Gathered<'a> {
    identity: Identity<'a>,
    series: Vec<PushedSeries<'a>>,
    node: Node<'a>,
    newest: Option<Timestamp>,
    own_up: Vec<Labels>,
    ended: Vec<Labels>,
}

/// The label `node` of several series.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Node<'a> {
    Absent,
    One(&'a [u8]),
    Several,
}

/// Sorts series by source, in the order in which the push first names each. A push of no series is one group about
/// nobody.
pub(super) fn group<'a>(
    pusher: &SmolStr,
    series: impl ExactSizeIterator<Item = PushedSeries<'a>>,
    received: Timestamp,
    retention: Duration,
) -> Vec<Group<'a>> {
    let present = received.minus(retention)..=received.plus(MAX_AHEAD);
    let mut groups: Vec<Gathered<'a>> = Vec::new();
    let mut known: HashMap<Identity<'a>, usize> = HashMap::new();
    let (mut last, count) = (0, series.len());
    for series in series {
        let (identity, node, is_up) = read(series.labels);
        // Hardly ever do two sources share a push, and then each sends its series in one run.
        if groups.get(last).is_none_or(|group| group.identity != identity) {
            last = *known.entry(identity).or_insert(groups.len());
            if last == groups.len() {
                groups.push(Gathered::new(identity, if last == 0 { count } else { 0 }));
            }
        }
        if let Some(group) = groups.get_mut(last) {
            group.add(series, node, is_up, &present);
        }
    }
    if groups.is_empty() {
        groups.push(Gathered::new(Identity::default(), 0));
    }
    groups.into_iter().map(|group| group.finish(pusher)).collect()
}

/// Who a series is about, its label `node`, and whether it is called `up`.
fn read<'a>(labels: PushedLabels<'a>) -> (Identity<'a>, Node<'a>, bool) {
    let (mut identity, mut node, mut is_up) = (Identity::default(), Node::Absent, false);
    let mut take = |name: &[u8], value: &'a [u8]| {
        if name == JOB.as_bytes() {
            identity.job = value;
        } else if name == INSTANCE.as_bytes() {
            identity.instance = value;
        } else if name == b"node" {
            node = Node::One(value);
        } else if name == METRIC_NAME.as_bytes() {
            is_up = value == UP.as_bytes();
        }
    };
    match labels {
        PushedLabels::Set(labels) => labels.iter().for_each(|l| take(l.name.as_bytes(), l.value.as_bytes())),
        PushedLabels::Wire(labels) => labels.iter().for_each(|label| take(label.name, label.value)),
    }
    (identity, node, is_up)
}

impl<'a> Gathered<'a> {
    fn new(identity: Identity<'a>, series: usize) -> Self {
        Self {
            identity,
            series: Vec::with_capacity(series + 1),
            node: Node::Absent,
            newest: None,
            own_up: Vec::new(),
            ended: Vec::new(),
        }
    }

    fn add(
        &mut self,
        series: PushedSeries<'a>,
        node: Node<'a>,
        is_up: bool,
        present: &RangeInclusive<Timestamp>,
    ) {
        let counts = |sample: &&Sample| !is_stale(sample.value) && present.contains(&sample.timestamp);
        let newest = series.samples.iter().rev().find(counts).map(|sample| sample.timestamp);
        let histograms = series.extras.map(|extras| extras.histograms.as_slice()).unwrap_or_default();
        let counts = |of: &&HistogramSample| !of.1.is_stale() && present.contains(&of.0);
        let newest = newest.max(histograms.iter().rev().find(counts).map(|(at, _)| *at));
        self.newest = self.newest.max(newest);
        self.node = match (self.node, node) {
            (Node::Absent, node) | (node, Node::Absent) => node,
            (known, node) if known == node => known,
            _ => Node::Several,
        };
        if is_up && let Ok(labels) = series.labels.to_labels() {
            let ends = series.samples.last().is_some_and(|last| is_stale(last.value));
            let ups = if ends { &mut self.ended } else { &mut self.own_up };
            if ups.len() < MAX_UPS {
                ups.push(labels);
            }
        }
        self.series.push(series);
    }

    fn finish(self, pusher: &SmolStr) -> Group<'a> {
        let text = |bytes: &[u8]| SmolStr::new(String::from_utf8_lossy(bytes));
        let Identity { job, instance } = self.identity;
        let named = [job, instance].iter().all(|name| (1..=MAX_NAME_BYTES).contains(&name.len()));
        let node = match self.node {
            Node::One(node) => Some(text(node)),
            Node::Absent | Node::Several => None,
        };
        let own_up = self.own_up;
        let push = self.newest.filter(|_| named).map(|newest| Push { newest, node, own_up });
        let source = SourceId { pusher: pusher.clone(), job: text(job), instance: text(instance) };
        Group { source, series: self.series, push, ended: self.ended }
    }
}

#[cfg(test)]
mod tests {
    use crowsnest_api::stale_nan;
    use crowsnest_tsdb::SeriesBatch;

    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_000_000);
    const RETENTION: Duration = Duration::from_secs(3600);

    fn series(labels: &[(&str, &str)], samples: &[(i64, f64)]) -> SeriesBatch {
        let samples = samples.iter().map(|(at, value)| Sample::new(*at, *value)).collect();
        SeriesBatch::of_floats(Labels::from_pairs(labels.iter().copied()), samples)
    }

    fn groups(series: &[SeriesBatch]) -> Vec<Group<'_>> {
        group(&"p".into(), series.iter().map(SeriesBatch::as_pushed), NOW, RETENTION)
    }

    #[test]
    fn each_source_gets_a_batch_of_its_own() {
        let pushed = [
            series(
                &[("__name__", "a"), ("job", "j"), ("instance", "1"), ("node", "n")],
                &[(1, 0.0), (5, 0.0)],
            ),
            series(&[("__name__", "a"), ("job", "j"), ("instance", "2")], &[(7, 0.0)]),
            series(&[("__name__", "b"), ("job", "j"), ("instance", "1"), ("node", "n")], &[(3, 0.0)]),
            series(&[("__name__", "c")], &[(9, 0.0)]),
        ];
        let groups = groups(&pushed);
        assert_eq!(groups.len(), 3);
        let (source, push) = (&groups[0].source, groups[0].push.clone().unwrap());
        assert_eq!((source.instance.as_str(), push.newest.millis()), ("1", 5));
        assert_eq!(push.node.as_deref(), Some("n"));
        assert_eq!(groups[0].series.len(), 2);
        assert!(groups[2].push.is_none(), "no job, no instance");
    }

    #[test]
    fn markers_the_far_future_and_what_is_past_keeping_are_not_a_sources_newest_moment() {
        let labels = [("__name__", "a"), ("job", "j"), ("instance", "1")];
        let groups_of = |samples: &[(i64, f64)]| groups(&[series(&labels, samples)]).remove(0).push;
        assert_eq!(groups_of(&[(5, 1.0), (6, stale_nan())]).unwrap().newest.millis(), 5);
        assert_eq!(groups_of(&[(5, 1.0), (i64::MAX, 1.0)]).unwrap().newest.millis(), 5);
        assert!(groups_of(&[(6, stale_nan())]).is_none());
        assert!(groups_of(&[(i64::MIN, 1.0), (-3_000_000, 1.0)]).is_none(), "before retention");
    }

    #[test]
    fn a_targets_own_up_is_told_and_so_is_its_end() {
        let up = |path: &str, value: f64| {
            series(
                &[("__name__", "up"), ("job", "j"), ("instance", "1"), ("metrics_path", path)],
                &[(5, value)],
            )
        };
        let (a, b) = (up("a", 0.0), up("b", stale_nan()));
        let pushed = [a, b];
        let group = groups(&pushed).remove(0);
        let [a, b] = pushed.clone().map(|series| series.labels);
        assert_eq!((group.push.unwrap().own_up, group.ended), (vec![a], vec![b]));
    }

    #[test]
    fn absurdly_long_names_make_no_source() {
        let of = |job: &str, instance: &str| {
            let labels = [("__name__", "a"), ("job", job), ("instance", instance)];
            groups(&[series(&labels, &[(5, 1.0)])]).remove(0).push
        };
        let (long, too_long) = ("x".repeat(MAX_NAME_BYTES), "x".repeat(MAX_NAME_BYTES + 1));
        assert!(of(&long, &long).is_some());
        assert!(of(&too_long, "i").is_none() && of("j", &too_long).is_none());
    }

    #[test]
    fn a_push_without_series_is_a_group_about_nobody() {
        let groups = groups(&[]);
        assert_eq!(groups.len(), 1);
        assert!(groups[0].push.is_none() && groups[0].source.job.is_empty());
    }

    #[test]
    fn nodes_that_differ_are_no_common_node() {
        let of = |nodes: [&str; 2]| {
            let pushed = nodes.map(|node| {
                series(&[("__name__", node), ("job", "j"), ("instance", "1"), ("node", node)], &[(5, 1.0)])
            });
            groups(&pushed).remove(0).push.unwrap().node
        };
        assert_eq!(of(["a", "a"]).as_deref(), Some("a"));
        assert_eq!(of(["a", "b"]), None);
    }
}
