//! What a query cost: series and samples read, samples held, and time, of the whole and of each part.

use std::time::Duration;

use crowsnest_api::Timestamp;

use super::SampleValue;
use super::column::{Column, Computed, RangeVector};
use super::grid::Grid;
use crate::Span;

/// How much is kept of what a query cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum StatsDetail {
    /// What costs nothing to know: series read, samples held, times.
    #[default]
    Least,
    /// Samples looked at, too.
    Totals,
    /// Also each step and each part of the query by itself.
    All,
}

/// What a query cost. A native histogram counts as the floats that take as much memory.
#[derive(Clone, Debug, Default)]
pub struct QueryStats {
    /// Series that selectors read from the store; one that is read by two selectors counts twice.
    pub series: usize,
    /// Samples that the query looked at, step by step: one for each series at each step, and the whole of each window.
    /// Prometheus's `totalQueryableSamples`.
    pub samples: u64,
    /// The same for each step.
    pub samples_per_step: Vec<(Timestamp, u64)>,
    /// The most samples that were held at any time.
    pub peak_samples: usize,
    /// Time until evaluation began.
    pub preparation: Duration,
    /// Time of the evaluation itself.
    pub evaluation: Duration,
    /// Time to sort the answer.
    pub sorting: Duration,
    /// What each part cost.
    pub root: Option<NodeStats>,
}

/// What a part of a query cost, and what came of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NodeStats {
    /// Where the part stands.
    pub span: Span,
    /// How many series it has.
    pub series: usize,
    /// How many samples they have together, over all steps.
    pub samples: usize,
    /// Time that it took, with all its parts.
    pub elapsed: Duration,
    /// Its parts, in the order in which they were evaluated.
    pub children: Vec<NodeStats>,
}

/// Counts while a query runs.
#[derive(Debug)]
pub(crate) struct Recorder {
    detail: StatsDetail,
    /// Samples looked at at each step of the grid at hand.
    steps: Vec<u64>,
    /// Samples that the newest subquery looked at.
    of_subquery: u64,
    /// The finished parts of each node that is being evaluated, outermost first.
    open: Vec<Vec<NodeStats>>,
    pub(crate) series: usize,
    pub(crate) peak_samples: usize,
}

impl Recorder {
    pub(crate) fn new(detail: StatsDetail, grid: &Grid) -> Self {
        let mut recorder =
            Self { detail, steps: Vec::new(), of_subquery: 0, open: Vec::new(), series: 0, peak_samples: 0 };
        recorder.steps = recorder.counters(grid);
        recorder
    }

    fn counters(&self, grid: &Grid) -> Vec<u64> {
        if self.detail >= StatsDetail::Totals { vec![0; grid.len()] } else { Vec::new() }
    }

    /// Whether parts are recorded one by one.
    pub(crate) fn records_nodes(&self) -> bool {
        self.detail == StatsDetail::All
    }

    /// Counts the samples of an instant vector that was read.
    pub(crate) fn looked_at(&mut self, column: &Column) {
        for (count, value) in self.steps.iter_mut().zip(&column.values) {
            *count += value.as_ref().map_or(0, weight);
        }
    }

    /// Counts the samples of every window of a range vector.
    pub(crate) fn looked_at_windows(&mut self, range: &RangeVector) {
        if self.steps.is_empty() {
            return;
        }
        for series in range.series.iter().map(|series| &series.series) {
            let mut samples =
                series.merged().into_iter().map(|(time, value)| (time.millis(), weight(&value)));
            // What lies at or before each sample, itself included.
            let mut sum = 0;
            let sums: Vec<(i64, u64)> = samples
                .by_ref()
                .map(|(time, weight)| {
                    sum += weight;
                    (time, sum)
                })
                .collect();
            let until = |edge: i64| {
                let after = sums.partition_point(|(time, _)| *time <= edge);
                after.checked_sub(1).and_then(|newest| sums.get(newest)).map_or(0, |(_, sum)| *sum)
            };
            for (count, &end) in self.steps.iter_mut().zip(&range.ends) {
                *count += until(end) - until(end.saturating_sub(range.range));
            }
        }
    }

    /// Counts for a subquery from now on, on its own grid; gives the counters to go on with afterwards.
    pub(crate) fn enter_subquery(&mut self, grid: &Grid) -> Vec<u64> {
        let inner = self.counters(grid);
        std::mem::replace(&mut self.steps, inner)
    }

    /// The subquery has ended. What it looked at is not counted by those who look at its result.
    pub(crate) fn leave_subquery(&mut self, outer: Vec<u64>) {
        self.of_subquery = self.steps.iter().sum();
        self.steps = outer;
    }

    pub(crate) fn enter_node(&mut self) {
        self.open.push(Vec::new());
    }

    pub(crate) fn leave_node(&mut self, span: Span, computed: &Computed, elapsed: Duration) {
        let children = self.open.pop().unwrap_or_default();
        let (series, samples) = size(computed);
        let node = NodeStats { span, series, samples, elapsed, children };
        match self.open.last_mut() {
            Some(siblings) => siblings.push(node),
            None => self.open.push(vec![node]),
        }
    }

    /// What was counted. A query that is a subquery has looked at what that looked at.
    pub(crate) fn finish(self, grid: &Grid, is_subquery: bool) -> QueryStats {
        let steps = if is_subquery && !self.steps.is_empty() { vec![self.of_subquery] } else { self.steps };
        let times = grid.times().map(Timestamp::from_millis);
        let per_step = self.detail == StatsDetail::All;
        QueryStats {
            series: self.series,
            samples: steps.iter().sum(),
            samples_per_step: if per_step { times.zip(steps).collect() } else { Vec::new() },
            peak_samples: self.peak_samples,
            root: self.open.into_iter().flatten().next(),
            ..QueryStats::default()
        }
    }
}

fn weight(value: &SampleValue) -> u64 {
    value.histogram().map_or(1, |histogram| histogram.weight() as u64)
}

/// Series and samples of a result.
fn size(computed: &Computed) -> (usize, usize) {
    match computed {
        Computed::Scalar(values) => (0, values.len()),
        Computed::String(_) => (0, 0),
        Computed::Vector(columns) => {
            (columns.len(), columns.iter().map(|column| column.values.iter().flatten().count()).sum())
        }
        Computed::Range(range) => {
            (range.series.len(), range.series.iter().map(|series| series.series.len()).sum())
        }
    }
}
