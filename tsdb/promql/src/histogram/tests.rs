//! Laws that hold for all histograms.

use proptest::prelude::*;

use super::*;

/// Counts are whole, so that sums are exact in any order.
fn exponential() -> impl Strategy<Value = FloatHistogram> {
    let buckets = || prop::collection::vec((-20_i32..20, 0_u32..100), 0..6);
    let zero = prop::sample::select(vec![(0.0, 0), (0.0, 3), (0.25, 7), (1.5, 2)]);
    (-4_i8..=8, zero, buckets(), buckets(), -1000_i32..1000).prop_map(
        |(schema, (zero_threshold, zero), positive, negative, sum)| {
            // What lies within the zero bucket is counted there.
            let scheme = Scheme::Exponential(schema);
            let outside = |buckets: Vec<(i32, u32)>| -> Vec<(i32, f64)> {
                let lower = |index: i32| scheme.lower(index);
                let buckets = buckets.into_iter().filter(|(index, _)| lower(*index) >= zero_threshold);
                buckets.map(|(index, count)| (index, f64::from(count))).collect()
            };
            let (positive, negative) = (outside(positive), outside(negative));
            let counts = positive.iter().chain(&negative).map(|(_, count)| count);
            FloatHistogram {
                zero_threshold,
                zero_count: f64::from(zero),
                count: f64::from(zero) + counts.sum::<f64>(),
                sum: f64::from(sum),
                ..FloatHistogram::new(scheme.clone())
            }
            .with_buckets(positive, negative)
        },
    )
}

fn custom() -> impl Strategy<Value = FloatHistogram> {
    let bounds = prop::collection::btree_set(-5_i32..5, 0..5);
    (bounds, prop::collection::vec(0_u32..100, 6)).prop_map(|(bounds, counts)| {
        let bounds: Vec<f64> = bounds.into_iter().map(f64::from).collect();
        let counts: Vec<f64> = counts.into_iter().take(bounds.len() + 1).map(f64::from).collect();
        let count = counts.iter().sum();
        FloatHistogram { count, sum: count, ..FloatHistogram::new(Scheme::Custom(bounds.into())) }
            .with_buckets((0..).zip(counts), [])
    })
}

/// Two histograms that can be combined.
fn pair() -> impl Strategy<Value = (FloatHistogram, FloatHistogram)> {
    prop_oneof![(exponential(), exponential()), (custom(), custom())]
}

fn any() -> impl Strategy<Value = FloatHistogram> {
    prop_oneof![exponential(), custom()]
}

fn in_buckets(histogram: &FloatHistogram) -> f64 {
    histogram.buckets().map(|bucket| bucket.count).sum()
}

proptest! {
    #[test]
    fn addition_loses_no_observation_and_knows_no_order((a, b) in pair()) {
        let (mut ab, mut ba) = (a.clone(), b.clone());
        ab.add(&b).unwrap();
        ba.add(&a).unwrap();
        prop_assert!(ab.holds_same(&ba), "{} and {}", ab, ba);
        prop_assert_eq!(ab.count, a.count + b.count);
        prop_assert_eq!(in_buckets(&ab), in_buckets(&a) + in_buckets(&b));
    }

    #[test]
    fn what_is_added_can_be_subtracted((a, b) in pair()) {
        let mut result = a.clone();
        result.add(&b).unwrap();
        result.subtract(&b).unwrap();
        // As coarse as the sum, but otherwise as before.
        let mut expected = a.clone();
        let nothing = b.scaled(0.0);
        expected.add(&nothing).unwrap();
        prop_assert_eq!(result.count, expected.count);
        prop_assert_eq!(in_buckets(&result), in_buckets(&a));
        prop_assert_eq!(result.hint, ResetHint::Gauge);
    }

    #[test]
    fn a_counter_that_grows_has_not_restarted((a, b) in pair()) {
        let mut later = a.clone();
        later.add(&b).unwrap();
        // A coarser resolution or a wider zero bucket is no restart either.
        prop_assert!(!later.is_reset_since(&a));
        prop_assert!(b.count == 0.0 || a.is_reset_since(&later));
    }

    #[test]
    fn quantiles_grow_with_their_rank(histogram in any(), phi in 0.0..1.0_f64, more in 0.0..1.0_f64) {
        let quantile = |phi| match histogram.quantile(phi) {
            Quantile::Exact(value) | Quantile::Skewed(value) => value,
            Quantile::Lost => f64::NAN,
        };
        let (low, high) = (quantile(phi.min(more)), quantile(phi.max(more)));
        let close = (low - high).abs() <= 1e-9 * low.abs().max(high.abs());
        prop_assert!(low <= high || close || histogram.count == 0.0, "{} then {} of {}", low, high, histogram);
    }

    #[test]
    fn both_sides_of_a_cut_make_up_an_exponential_histogram(histogram in exponential(), at in -50.0..50.0_f64) {
        let below = histogram.trimmed(Keep::Below, at);
        let above = histogram.trimmed(Keep::Above, at);
        prop_assert!((below.count + above.count - histogram.count).abs() <= 1e-9 * histogram.count);
        if histogram.count > 0.0 {
            let fraction = histogram.fraction(f64::NEG_INFINITY, at) * histogram.count;
            prop_assert!((below.count - fraction).abs() <= 1e-9 * histogram.count);
        }
    }

    #[test]
    fn a_total_is_a_sum_and_a_mean(histograms in prop::collection::vec(exponential(), 1..5)) {
        let (first, rest) = histograms.split_first().unwrap();
        let (mut sum, mut mean) = (Total::new(Goal::Sum, first), Total::new(Goal::Mean, first));
        let mut plain = first.clone();
        for histogram in rest {
            sum.add(histogram).unwrap();
            mean.add(histogram).unwrap();
            plain.add(histogram).unwrap();
        }
        let (sum, mean) = (sum.finish(), mean.finish());
        prop_assert!(sum.holds_same(&plain), "{} and {}", sum, plain);
        prop_assert!(mean.holds_same(&plain.divided(histograms.len() as f64)), "{} of {}", mean, plain);
    }
}

#[test]
fn custom_and_exponential_bounds_do_not_mix() {
    let mut custom = FloatHistogram::new(Scheme::Custom([1.0].into()));
    assert_eq!(custom.add(&FloatHistogram::default()), Err(Incompatible));
}

#[test]
fn custom_bounds_are_reconciled_to_those_that_both_have() {
    let histogram = |bounds: &[f64], counts: &[f64]| {
        FloatHistogram::new(Scheme::Custom(bounds.into())).with_buckets((0..).zip(counts.iter().copied()), [])
    };
    let mut sum = histogram(&[1.0, 2.0, 4.0], &[1.0, 2.0, 3.0, 4.0]);
    let added = sum.add(&histogram(&[1.0, 3.0, 4.0], &[10.0, 20.0, 30.0, 40.0])).unwrap();
    assert!(added.reconciled);
    assert!(sum.holds_same(&histogram(&[1.0, 4.0], &[11.0, 55.0, 44.0])), "{sum}");
}

#[test]
fn a_zero_bucket_that_grows_into_a_bucket_swallows_it() {
    let mut histogram = FloatHistogram { count: 6.0, ..FloatHistogram::default() }
        .with_buckets([(-3, 1.0), (0, 2.0)], [(1, 3.0)]);
    histogram.widen_zero(0.75);
    assert_eq!((histogram.zero_threshold, histogram.zero_count), (1.0, 3.0));
    assert_eq!(histogram.negative_buckets().collect::<Vec<_>>(), [(1, 3.0)]);
}

#[test]
fn a_histogram_is_written_with_its_buckets() {
    let histogram = FloatHistogram {
        count: 6.0,
        sum: 1e6,
        zero_threshold: 0.001,
        zero_count: 1.0,
        ..FloatHistogram::default()
    };
    let histogram = histogram.with_buckets([(0, 2.0), (1, 1.0)], [(0, 1.0), (1, 1.0)]);
    assert_eq!(
        histogram.to_string(),
        "{count:6, sum:1e+06, [-2,-1):1, [-1,-0.5):1, [-0.001,0.001]:1, (0.5,1]:2, (1,2]:1}"
    );
}

#[test]
fn a_histogram_with_many_buckets_weighs_more_than_one_with_few() {
    let weight = |buckets: i32| {
        FloatHistogram::default().with_buckets((0..buckets).map(|index| (index, 1.0)), []).weight()
    };
    assert!(weight(0) > 1);
    assert_eq!(weight(160) - weight(0), 160);
}
