//! Series at random: sane ones, and ones with all that real ones have when things go wrong.
//!
//! Samples lie half a second off the whole seconds at which everything else happens, so that no edge of a window and no
//! edge of the lookback meets one: whether edges are open or closed is what versions 2 and 3 differ in.

use crowsnest_api::{Labels, Sample, stale_nan};
use crowsnest_promql::MemoryStore;

use super::random::Random;

/// When the data begins, in milliseconds; a multiple of all steps in use.
pub(crate) const START: i64 = 1_600_000_200_000;
/// Samples of a series without gaps.
const SAMPLES: i64 = 120;
/// Milliseconds between them.
const INTERVAL: i64 = 15_000;
/// How far samples lie off whole seconds.
const OFF_GRID: i64 = 500;

pub(crate) struct Data {
    pub(crate) series: Vec<(Labels, Vec<Sample>)>,
}

/// How the values of a series go on.
#[derive(Clone, Copy)]
enum Course {
    /// Grows, and falls a little now and then, as if it had restarted. It stays far from zero: version 3 extrapolates
    /// otherwise towards zero than version 2.
    Counter,
    /// Up and down in steps that add up exactly.
    Gauge,
    /// Whole numbers of a few kinds, often the same.
    Steps,
    /// Anything that a float can be.
    Nasty,
}

impl Data {
    pub(crate) fn new(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let mut series = Vec::new();
        for (name, course) in
            [("c_total", Course::Counter), ("g", Course::Gauge), ("h", Course::Steps), ("n", Course::Nasty)]
        {
            for a in ["1", "2", "3"] {
                for b in ["x", "y"] {
                    if random.chance(80) {
                        let mut labels = vec![("__name__", name), ("a", a), ("b", b)];
                        if random.chance(30) {
                            labels.push(("c", random.pick(&["p", "q"])));
                        }
                        series.push((Labels::from_pairs(labels), samples(&mut random, course)));
                    }
                }
            }
        }
        histogram(&mut random, &mut series);
        Self { series }
    }

    pub(crate) fn store(&self) -> MemoryStore {
        let mut store = MemoryStore::default();
        for (labels, samples) in &self.series {
            for sample in samples {
                assert!(store.append(labels, *sample));
            }
        }
        store
    }
}

fn samples(random: &mut Random, course: Course) -> Vec<Sample> {
    let mut value = match course {
        Course::Counter => 1_000_000.0,
        _ => random.below(16) as f64,
    };
    let mut samples = Vec::new();
    let mut at = 0;
    while at < SAMPLES {
        if random.chance(2) {
            // A marker, and perhaps silence for longer than the lookback.
            samples.push(Sample::new(time(at), stale_nan()));
            at += 1 + random.below(30) as i64;
            continue;
        }
        if random.chance(3) {
            at += 1 + random.below(25) as i64;
        }
        value = next(random, course, value);
        samples.push(Sample::new(time(at), value));
        at += 1;
    }
    samples
}

fn time(at: i64) -> i64 {
    START + at * INTERVAL + OFF_GRID
}

fn next(random: &mut Random, course: Course, value: f64) -> f64 {
    match course {
        Course::Counter if random.chance(3) => value - random.below(100) as f64,
        Course::Counter => value + random.below(40) as f64 / 4.0,
        Course::Gauge => value + (random.below(65) as f64 - 32.0) / 8.0,
        Course::Steps if random.chance(60) => value,
        Course::Steps => random.below(6) as f64,
        Course::Nasty => nasty(random),
    }
}

fn nasty(random: &mut Random) -> f64 {
    match random.below(16) {
        0 => f64::NAN,
        1 => f64::INFINITY,
        2 => f64::NEG_INFINITY,
        // Minus zero would not arrive: protocol buffers leave out what is zero.
        3 | 4 => 0.0,
        5 => f64::MAX,
        6 => f64::MIN_POSITIVE,
        7 => -1e300,
        8 => 1e-300,
        9 => (random.below(1_000_000) as f64 - 500_000.0) * 1e9,
        _ => random.below(1000) as f64 / 10.0 - 50.0,
    }
}

/// A classic histogram: cumulative counts that grow together.
fn histogram(random: &mut Random, series: &mut Vec<(Labels, Vec<Sample>)>) {
    const BOUNDS: [&str; 5] = ["0.1", "0.5", "1", "5", "+Inf"];
    for b in ["x", "y"] {
        let mut counts = [1000.0, 2000.0, 3000.0, 4000.0, 5000.0];
        let mut buckets = BOUNDS.map(|_| Vec::new());
        for at in 0..SAMPLES {
            let mut more = 0.0;
            for (count, samples) in counts.iter_mut().zip(&mut buckets) {
                more += random.below(4) as f64;
                *count += more;
                samples.push(Sample::new(time(at), *count));
            }
        }
        for (le, samples) in BOUNDS.into_iter().zip(buckets) {
            let labels = Labels::from_pairs([("__name__", "d_bucket"), ("b", b), ("le", le)]);
            series.push((labels, samples));
        }
    }
}
