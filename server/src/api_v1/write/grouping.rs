//! One push may carry several sources; the store and the watch over sources want them apart.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::time::Duration;

use crowsnest_api::{INSTANCE, JOB, Labels, Sample, Timestamp, is_stale};
use crowsnest_tsdb::{Batch, Metadata, Origin, SeriesBatch};
use smol_str::SmolStr;

use crate::sources::{Push, SourceId, UP};

/// How far ahead of the server's clock a sample may be to count as a push's newest: as far as the store lets it.
const MAX_AHEAD: Duration = Duration::from_secs(600);

/// Longer values of `job` and `instance` make no source: who pushes may not fill the memory of those who watch.
const MAX_NAME_BYTES: usize = 1024;

/// The part of a push that is about one source.
pub(super) struct Group {
    pub(super) batch: Batch,
    /// How many series the sender pushed, before the server adds its own.
    pub(super) pushed_series: usize,
    /// What to tell the watch over sources; `None` for series whose `job` or `instance` is missing or absurdly long, and
    /// for pushes that say nothing about the present.
    pub(super) push: Option<(SourceId, Push)>,
}

/// Sorts series by source. Metadata goes with the first; a push of nothing else makes a group of its own.
pub(super) fn group(
    pusher: &SmolStr,
    series: Vec<SeriesBatch>,
    metadata: Vec<Metadata>,
    received: Timestamp,
    retention: Duration,
) -> Vec<Group> {
    let present = received.minus(retention)..=received.plus(MAX_AHEAD);
    let mut by_source: BTreeMap<SourceId, Vec<SeriesBatch>> = BTreeMap::new();
    for series in series {
        let label = |name| series.labels.get(name).cloned().unwrap_or_default();
        let source = SourceId { pusher: pusher.clone(), job: label(JOB), instance: label(INSTANCE) };
        by_source.entry(source).or_default().push(series);
    }
    if by_source.is_empty() && !metadata.is_empty() {
        let nobody =
            SourceId { pusher: pusher.clone(), job: SmolStr::default(), instance: SmolStr::default() };
        by_source.insert(nobody, Vec::new());
    }
    let mut metadata = Some(metadata);
    by_source
        .into_iter()
        .map(|(source, series)| {
            let push = summarise(&source, &series, &present);
            let pushed_series = series.len();
            let origin = Origin::Source(source.key().into());
            let metadata = metadata.take().unwrap_or_default();
            Group {
                batch: Batch { origin, received, series, metadata },
                pushed_series,
                push: push.map(|push| (source, push)),
            }
        })
        .collect()
}

fn summarise(source: &SourceId, series: &[SeriesBatch], present: &RangeInclusive<Timestamp>) -> Option<Push> {
    if [&source.job, &source.instance].iter().any(|name| !(1..=MAX_NAME_BYTES).contains(&name.len())) {
        return None;
    }
    let counts = |sample: &&Sample| !is_stale(sample.value) && present.contains(&sample.timestamp);
    let newest = series
        .iter()
        .filter_map(|series| series.samples.iter().rev().find(counts))
        .map(|sample| sample.timestamp)
        .max()?;
    let own_up = series.iter().map(|series| &series.labels).find(|labels| labels.metric_name() == UP);
    Some(Push {
        newest,
        node: common_node(series.iter().map(|series| &series.labels)),
        own_up: own_up.cloned(),
    })
}

/// The label `node`, when all series that have one agree on it.
fn common_node<'a>(series: impl Iterator<Item = &'a Labels>) -> Option<SmolStr> {
    let mut nodes = series.filter_map(|labels| labels.get("node"));
    let first = nodes.next()?;
    nodes.all(|node| node == first).then(|| first.clone())
}

#[cfg(test)]
mod tests {
    use crowsnest_api::stale_nan;

    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_000_000);
    const RETENTION: Duration = Duration::from_secs(3600);

    fn series(labels: &[(&str, &str)], samples: &[(i64, f64)]) -> SeriesBatch {
        SeriesBatch {
            labels: Labels::from_pairs(labels.iter().copied()),
            samples: samples.iter().map(|(at, value)| Sample::new(*at, *value)).collect(),
        }
    }

    fn groups(series: Vec<SeriesBatch>) -> Vec<Group> {
        group(&"p".into(), series, vec![], NOW, RETENTION)
    }

    #[test]
    fn each_source_gets_a_batch_of_its_own() {
        let groups = groups(vec![
            series(
                &[("__name__", "a"), ("job", "j"), ("instance", "1"), ("node", "n")],
                &[(1, 0.0), (5, 0.0)],
            ),
            series(&[("__name__", "a"), ("job", "j"), ("instance", "2")], &[(7, 0.0)]),
            series(&[("__name__", "b"), ("job", "j"), ("instance", "1"), ("node", "n")], &[(3, 0.0)]),
            series(&[("__name__", "c")], &[(9, 0.0)]),
        ]);
        assert_eq!(groups.len(), 3);
        assert!(groups[0].push.is_none(), "no job, no instance");
        let (source, push) = groups[1].push.clone().unwrap();
        assert_eq!((source.instance.as_str(), push.newest.millis()), ("1", 5));
        assert_eq!(push.node.as_deref(), Some("n"));
        assert_eq!(groups[1].pushed_series, 2);
    }

    #[test]
    fn markers_the_far_future_and_what_is_past_keeping_are_not_a_sources_newest_moment() {
        let labels = [("__name__", "a"), ("job", "j"), ("instance", "1")];
        let groups_of = |samples: &[(i64, f64)]| groups(vec![series(&labels, samples)]).remove(0).push;
        assert_eq!(groups_of(&[(5, 1.0), (6, stale_nan())]).unwrap().1.newest.millis(), 5);
        assert_eq!(groups_of(&[(5, 1.0), (i64::MAX, 1.0)]).unwrap().1.newest.millis(), 5);
        assert!(groups_of(&[(6, stale_nan())]).is_none());
        assert!(groups_of(&[(i64::MIN, 1.0), (-3_000_000, 1.0)]).is_none(), "before retention");
    }

    #[test]
    fn absurdly_long_names_make_no_source() {
        let of = |job: &str, instance: &str| {
            let labels = [("__name__", "a"), ("job", job), ("instance", instance)];
            groups(vec![series(&labels, &[(5, 1.0)])]).remove(0).push
        };
        let (long, too_long) = ("x".repeat(MAX_NAME_BYTES), "x".repeat(MAX_NAME_BYTES + 1));
        assert!(of(&long, &long).is_some());
        assert!(of(&too_long, "i").is_none() && of("j", &too_long).is_none());
    }

    #[test]
    fn metadata_alone_is_a_group() {
        let metadata =
            Metadata { family: "up".into(), kind: "gauge".into(), help: String::new(), unit: "".into() };
        let groups = group(&"p".into(), vec![], vec![metadata], NOW, RETENTION);
        assert_eq!(groups.len(), 1);
        assert!(groups[0].push.is_none());
    }
}
