//! Down-sampled samples against the raw ones: over whole buckets they answer alike.

use std::sync::Arc;

use crowsnest_api::{Labels, Sample, Timestamp, is_stale, stale_nan};
use crowsnest_promql::engine::{extreme, sum};
use crowsnest_promql::{FloatHistogram, Fold, Resolution};
use proptest::prelude::*;

use super::*;
use crate::samples::Samples;

const WIDTHS: [Resolution; 2] = Resolution::ALL;
const SPAN: i64 = 4 * 3_600_000;

/// A series of a counter or a gauge with restarts, gaps and staleness markers; some of its samples are at the very ends of
/// buckets.
fn samples() -> impl Strategy<Value = Samples> {
    let step = (prop_oneof![6 => Just(15_000i64), 2 => 1i64..100_000, 1 => Just(300_000)], 0u8..40, 0u32..50);
    (prop::collection::vec(step, 1..400), any::<bool>(), 0i64..3_600_000).prop_map(|(steps, gauge, start)| {
        let (mut at, mut value) = (start / 15_000 * 15_000, 0.0);
        let mut floats = Vec::new();
        for (after, event, by) in steps {
            at += after;
            value = match event {
                0 => f64::from(by / 10),
                _ if gauge => f64::from(by),
                _ => value + f64::from(by / 20),
            };
            floats.push(Sample::new(at, if event == 1 { stale_nan() } else { value }));
        }
        Samples::of_floats(floats)
    })
}

fn counter() -> Nature {
    Nature::of(&Labels::from_pairs([("__name__", "requests_total")]))
}

fn live(samples: &[Sample], start: i64, end: i64) -> Vec<Sample> {
    let within = |sample: &&Sample| sample.timestamp.millis() > start && sample.timestamp.millis() <= end;
    samples.iter().filter(within).filter(|sample| !is_stale(sample.value)).copied().collect()
}

/// What counters are asked for: first and last sample, and the growth in between.
fn growth(samples: &[Sample]) -> Option<(Sample, Sample, f64)> {
    let (first, last) = (*samples.first()?, *samples.last()?);
    let restarts = samples.windows(2).filter(|pair| pair[1].value < pair[0].value);
    Some((first, last, last.value - first.value + restarts.map(|pair| pair[0].value).sum::<f64>()))
}

/// Compares the answers of every window of one and of three buckets.
fn check(raw: &Samples, rest: &Samples, tiers: &[Buckets], width: i64) {
    let ask = |fold| answer(rest.clone(), tiers, fold);
    let (kept, told) = ask(Fold::Samples);
    let [min, max, sums] = [Fold::Min, Fold::Max, Fold::Sum].map(ask);
    assert!(kept.is_in_order() && sums.0.is_in_order());
    for (buckets, start) in [1, 3].into_iter().flat_map(|n| (-1..SPAN / width).map(move |at| (n, at * width)))
    {
        let end = start + buckets * width;
        let raw = live(&raw.floats, start, end);
        let values = || raw.iter().map(|sample| sample.value);
        let of = |samples: &Samples| live(&samples.floats, start, end).into_iter().map(|sample| sample.value);
        let own = live(&kept.floats, start, end);
        assert_eq!(extreme(of(&min.0), f64::lt), extreme(values(), f64::lt));
        assert_eq!(extreme(of(&max.0), f64::gt), extreme(values(), f64::gt));
        assert_eq!(sum(of(&sums.0)), sum(values()));
        for (given, told) in
            [(own.len(), &told), (of(&sums.0).count(), &sums.1), (of(&min.0).count(), &min.1)]
        {
            assert_eq!(given as u64 + told.more_in(start, end), raw.len() as u64);
        }
        let ends = |samples: &[Sample]| growth(samples).map(|(first, last, _)| (first, last));
        assert_eq!(ends(&own), ends(&raw));
        let restarts = |at: i64| {
            let within = live(&raw, at, at + width);
            within.windows(2).filter(|two| two[1].value < two[0].value).count()
        };
        if (0..buckets).all(|n| restarts(start + n * width) <= 4) {
            assert_eq!(growth(&own), growth(&raw));
        }
    }
}

proptest! {
    #[test]
    fn whole_buckets_answer_as_the_raw_samples(raw in samples(), split in 0usize..400) {
        for resolution in WIDTHS {
            let tier = Buckets::of_samples(&raw, resolution, counter());
            check(&raw, &Samples::default(), &[tier], resolution.millis());
            // The newer samples are raw still, and both share a bucket.
            let (old, new) = raw.floats.split_at(split.min(raw.floats.len()));
            let (old, new) = (Samples::of_floats(old.to_vec()), Samples::of_floats(new.to_vec()));
            let tier = Buckets::of_samples(&old, resolution, counter());
            check(&raw, &new, &[tier], resolution.millis());
        }
    }

    #[test]
    fn columns_come_back(raw in samples(), named: bool) {
        for resolution in WIDTHS {
            let nature = if named { counter() } else { Nature::Unknown };
            let buckets = Buckets::of_samples(&raw, resolution, nature);
            let back = Buckets::of_lanes(buckets.lanes(), resolution).unwrap();
            let bits = |buckets: &Buckets| -> Vec<(Timestamp, u64)> {
                buckets.kept.floats.iter().map(|sample| (sample.timestamp, sample.value.to_bits())).collect()
            };
            prop_assert_eq!((bits(&back), back.list), (bits(&buckets), buckets.list));
        }
    }

    #[test]
    fn parts_of_a_series_make_the_buckets_of_the_whole(raw in samples(), split in 0usize..400, odd: bool) {
        let parts: (Vec<_>, Vec<_>) = raw.floats.iter().enumerate().partition(|(index, _)| match odd {
            true => index % 2 == 0,
            false => *index < split,
        });
        let [first, second] = [parts.0, parts.1].map(|part| {
            Samples::of_floats(part.into_iter().map(|(_, sample)| *sample).collect())
        });
        for resolution in WIDTHS {
            let mut both = Buckets::of_samples(&first, resolution, counter());
            both.add(Buckets::of_samples(&second, resolution, counter()));
            let whole = Buckets::of_samples(&raw, resolution, counter());
            prop_assert_eq!(&both.list, &whole.list);
            if !odd {
                check(&raw, &Samples::default(), &[both.widened(resolution, counter())], resolution.millis());
            }
        }
    }

    #[test]
    fn wide_buckets_are_the_same_of_narrow_ones_as_of_raw_samples(raw in samples()) {
        let [narrow, wide] = WIDTHS.map(|resolution| Buckets::of_samples(&raw, resolution, counter()));
        let widened = narrow.widened(Resolution::OneHour, counter());
        prop_assert_eq!(&widened.list, &wide.list);
        check(&raw, &Samples::default(), &[widened], Resolution::OneHour.millis());
    }

    #[test]
    fn any_columns_are_read_or_refused(
        columns in prop::collection::btree_map("kept|count|min|max|sum|x", prop::collection::btree_map(-9i64..9, -2.0f64..9.0, 1..9), 0..6),
        odd: bool,
    ) {
        let unit = if odd { 100_000 } else { 300_000 };
        let lane = |samples: std::collections::BTreeMap<i64, f64>| {
            Samples::of_floats(samples.into_iter().map(|(at, value)| Sample::new(at * unit, value.round())).collect())
        };
        let lanes: Lanes = columns.into_iter().map(|(name, samples)| (name.into(), lane(samples))).collect();
        if let Ok(buckets) = Buckets::of_lanes(lanes, Resolution::FiveMinutes) {
            let _ = answer(Samples::default(), &[buckets.widened(Resolution::OneHour, counter())], Fold::Sum);
        }
    }
}

fn floats(samples: &[(i64, f64)]) -> Samples {
    Samples::of_floats(samples.iter().map(|&(seconds, value)| Sample::new(seconds * 1000, value)).collect())
}

#[track_caller]
fn check_kept(name: &str, samples: &[(i64, f64)], expected: &[i64]) {
    let nature = Nature::of(&Labels::from_pairs([("__name__", name)]));
    let kept = Buckets::of_samples(&floats(samples), Resolution::FiveMinutes, nature).kept;
    let kept: Vec<i64> = kept.floats.iter().map(|sample| sample.timestamp.millis() / 1000).collect();
    assert_eq!(kept, expected);
}

#[test]
fn a_bucket_keeps_its_ends_the_samples_around_restarts_and_staleness_markers() {
    check_kept("up", &[(1, 1.0), (2, 1.0), (300, 1.0), (301, 1.0)], &[1, 300, 301]);
    check_kept("a_total", &[(1, 5.0), (2, 6.0), (3, 5.0), (4, 7.0), (5, 8.0)], &[1, 2, 3, 5]);
    check_kept("gauge", &[(1, 5.0), (2, 6.0), (3, 5.0), (4, 7.0), (5, 8.0)], &[1, 5]);
    check_kept("falls_like_a_counter", &[(1, 5.0), (2, 60.0), (3, 5.0), (4, 7.0), (5, 8.0)], &[1, 2, 3, 5]);
    let stale = stale_nan();
    check_kept(
        "up",
        &[(1, 1.0), (2, 1.0), (3, stale), (4, stale), (5, 1.0), (6, 1.0), (7, 1.0)],
        &[1, 3, 5, 7],
    );
    check_kept("up", &[(1, 1.0), (2, 1.0), (3, f64::NAN), (4, f64::NAN), (5, f64::NAN)], &[1, 2, 3, 5]);
}

#[test]
fn what_falls_all_the_time_is_no_counter_whatever_its_name() {
    let samples: Vec<(i64, f64)> = (1..=20).map(|at| (at * 15, (at % 2) as f64)).collect();
    check_kept("flaps_total", &samples, &[15, 300]);
}

#[test]
fn the_first_and_the_last_histogram_of_a_bucket_stay_and_those_around_a_restart() {
    let histogram = |(seconds, count): (i64, f64)| {
        let mut histogram = FloatHistogram::default();
        histogram.count = count;
        (Timestamp::from_millis(seconds * 1000), Arc::new(histogram.with_buckets([(0, count)], [])))
    };
    let raw = [(1, 1.0), (2, 2.0), (3, 3.0), (4, 1.0), (5, 1.0), (6, 2.0)].map(histogram).to_vec();
    let raw = Samples { histograms: raw, ..Samples::default() };
    let buckets = Buckets::of_samples(&raw, Resolution::FiveMinutes, Nature::Unknown);
    assert_eq!(Buckets::of_lanes(buckets.lanes(), Resolution::FiveMinutes), Ok(buckets.clone()));
    let kept: Vec<i64> = buckets.kept.histograms.iter().map(|(at, _)| at.millis() / 1000).collect();
    assert_eq!(kept, [1, 3, 4, 6]);
    let (samples, told) = answer(Samples::default(), &[buckets], Fold::Sum);
    assert_eq!((samples.len(), told.more_in(0, 300_000)), (4, 2));
}

#[test]
fn a_bucket_that_reaches_into_what_is_removed_goes_as_a_whole() {
    let mut buckets = Buckets::of_samples(
        &floats(&[(1, 1.0), (300, 1.0), (301, 1.0), (600, 1.0), (601, 1.0)]),
        Resolution::FiveMinutes,
        Nature::Unknown,
    );
    let at = Timestamp::from_millis;
    buckets.remove(&(at(600_000)..=at(600_000)));
    assert_eq!(buckets.list.iter().map(|bucket| bucket.end.millis()).collect::<Vec<_>>(), [300_000, 900_000]);
    assert_eq!(buckets.kept.floats.len(), 3);
    buckets.remove(&(at(0)..=at(601_000)));
    assert!(buckets.is_empty());
}
