//! What is drawn: series of samples, and the stretch of time to show them in.

use crowsnest_api::Labels;

/// One series of a chart.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ChartSeries {
    /// What the legend calls it.
    pub name: String,
    /// Its identity, which its colour follows.
    pub labels: Labels,
    /// Milliseconds since the Unix epoch and value, in ascending order of time. A NaN is a sample that says that
    /// there is no value; the infinities are drawn at the edge of the picture.
    pub points: Vec<(i64, f64)>,
}

/// All series of a chart, in the order in which legend and stack show them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ChartData {
    /// The series.
    pub series: Vec<ChartSeries>,
}

impl ChartData {
    /// Whether no series has a single sample.
    pub fn is_empty(&self) -> bool {
        self.series.iter().all(|series| series.points.is_empty())
    }
}

/// A stretch of time, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeRange {
    /// Milliseconds since the Unix epoch.
    pub start_ms: i64,
    /// Milliseconds since the Unix epoch; not before `start_ms`.
    pub end_ms: i64,
}

impl TimeRange {
    /// Milliseconds from start to end, at least 1 so that nothing divides by zero.
    pub fn span_ms(self) -> i64 {
        self.end_ms.saturating_sub(self.start_ms).max(1)
    }

    /// Whether the instant lies within.
    pub fn contains(self, ms: i64) -> bool {
        (self.start_ms..=self.end_ms).contains(&ms)
    }
}
