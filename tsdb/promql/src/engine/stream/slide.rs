//! Functions of windows that need not look at the whole window again when it moves on.

use std::collections::VecDeque;
use std::ops::Range;

use crowsnest_api::Sample;

use crate::Series;
use crate::engine::functions::rate::{Extent, Kind};

/// What to keep while a window moves over a series of floats.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Sliding {
    /// Growth of a counter, extrapolated: for each second, or for the window.
    Counter { per_second: bool },
    /// Difference of a gauge, extrapolated.
    Gauge,
    /// How many samples there are.
    Count,
    /// The newest sample.
    Last,
    /// One.
    Present,
    /// The largest sample.
    Max,
    /// The smallest sample.
    Min,
}

impl Sliding {
    /// Whether it is faster than looking at every window by itself when a sample lies in `overlap` windows.
    pub(super) fn pays(self, overlap: i64) -> bool {
        // The candidates for an extreme cost about as much as four comparisons.
        !matches!(self, Self::Max | Self::Min) || overlap >= 4
    }
}

/// A window on its way over a series; it only moves forward.
pub(super) struct Slide<'a> {
    sliding: Sliding,
    samples: &'a [Sample],
    /// The samples after which a counter restarts.
    restarts: Vec<usize>,
    /// The first of the restarts that may lie in the window.
    from: usize,
    /// Samples that are, or may become, the best of the window: each better than all after it.
    best: VecDeque<usize>,
    /// How many samples have been weighed for that.
    weighed: usize,
}

impl<'a> Slide<'a> {
    pub(super) fn new(sliding: Sliding, series: &'a Series) -> Self {
        let samples = series.samples.as_slice();
        let restarts = match sliding {
            Sliding::Counter { .. } => {
                let pairs = samples.iter().zip(samples.iter().skip(1)).enumerate();
                pairs.filter(|(_, (before, after))| after.value < before.value).map(|(at, _)| at).collect()
            }
            _ => Vec::new(),
        };
        Self { sliding, samples, restarts, from: 0, best: VecDeque::new(), weighed: 0 }
    }

    /// The function of the samples in `window`, which is not empty and lies in `(edges.0, edges.1]`.
    pub(super) fn to(&mut self, window: Range<usize>, edges: (i64, i64)) -> Option<f64> {
        match self.sliding {
            Sliding::Counter { per_second } => {
                let seconds = edges.1.saturating_sub(edges.0) as f64 / 1000.0;
                self.growth(window, edges, Kind::Counter, if per_second { 1.0 / seconds } else { 1.0 })
            }
            Sliding::Gauge => self.growth(window, edges, Kind::Gauge, 1.0),
            Sliding::Count => Some(window.len() as f64),
            Sliding::Last => self.samples.get(window.end.checked_sub(1)?).map(|sample| sample.value),
            Sliding::Present => Some(1.0),
            Sliding::Max => self.extreme(window, f64::gt),
            Sliding::Min => self.extreme(window, f64::lt),
        }
    }

    fn growth(&mut self, window: Range<usize>, edges: (i64, i64), kind: Kind, scale: f64) -> Option<f64> {
        let (first, last) = (self.samples.get(window.start)?, self.samples.get(window.end.checked_sub(1)?)?);
        let gaps = window.len() - 1;
        if gaps == 0 {
            return None;
        }
        self.from += self.restarts.iter().skip(self.from).take_while(|at| **at < window.start).count();
        let restarts = self.restarts.iter().skip(self.from).take_while(|at| **at + 1 < window.end);
        let before = restarts.filter_map(|at| self.samples.get(*at)).map(|sample| sample.value);
        let growth = match kind {
            Kind::Counter => last.value - first.value + before.sum::<f64>(),
            Kind::Gauge => last.value - first.value,
        };
        let (begin, end) = (first.timestamp.millis(), last.timestamp.millis());
        let extent = Extent { begin, end, gaps, starts_here: false };
        Some(growth * extent.factor(edges, kind, first.value, growth, scale))
    }

    /// The earliest of the best samples; numbers win against NaN.
    fn extreme(&mut self, window: Range<usize>, better: fn(&f64, &f64) -> bool) -> Option<f64> {
        let value = |at: usize| self.samples.get(at).map_or(f64::NAN, |sample| sample.value);
        for at in self.weighed.max(window.start)..window.end {
            let new = value(at);
            if !new.is_nan() {
                while self.best.back().is_some_and(|&best| better(&new, &value(best))) {
                    self.best.pop_back();
                }
                self.best.push_back(at);
            }
        }
        self.weighed = window.end;
        while self.best.front().is_some_and(|&best| best < window.start) {
            self.best.pop_front();
        }
        Some(self.best.front().map_or(f64::NAN, |&best| value(best)))
    }
}
