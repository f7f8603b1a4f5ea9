//! What a legend says about a series.

use crate::data::TimeRange;
use crate::spec::NegativeLabels;

/// Aggregates of the finite samples of one series within the range.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SeriesStats {
    /// The smallest.
    pub min: f64,
    /// The largest.
    pub max: f64,
    /// Their mean.
    pub mean: f64,
    /// The newest.
    pub last: f64,
    /// When the newest was taken (ms).
    pub last_ms: i64,
}

impl SeriesStats {
    /// The aggregates of `points` within `range`; `None` when there is no finite sample.
    pub fn of(points: &[(i64, f64)], range: TimeRange) -> Option<Self> {
        let within = points.iter().filter(|point| range.contains(point.0) && point.1.is_finite());
        let mut stats: Option<(Self, f64)> = None;
        for &(ms, value) in within {
            stats = Some(match stats {
                None => (Self { min: value, max: value, mean: value, last: value, last_ms: ms }, 1.0),
                Some((so_far, count)) => {
                    let count = count + 1.0;
                    // A running mean: a sum of large values would overflow.
                    let mean = so_far.mean + (value / count - so_far.mean / count);
                    let (min, max) = (so_far.min.min(value), so_far.max.max(value));
                    (Self { min, max, mean, last: value, last_ms: ms }, count)
                }
            });
        }
        stats.map(|(stats, _)| stats)
    }

    /// The aggregates as they are to be written: a series that lies below zero for show has those of its opposite.
    pub fn labelled(self, negative: NegativeLabels) -> Self {
        let flipped = negative == NegativeLabels::Absolute && self.max <= 0.0;
        if flipped {
            Self { min: -self.max, max: -self.min, mean: -self.mean, last: -self.last, ..self }
        } else {
            self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_finite_samples_in_the_range_count() {
        let points = [(0, 99.0), (10, 1.0), (20, f64::NAN), (30, 3.0), (40, f64::INFINITY)];
        let stats = SeriesStats::of(&points, TimeRange { start_ms: 5, end_ms: 50 });
        assert_eq!(stats, Some(SeriesStats { min: 1.0, max: 3.0, mean: 2.0, last: 3.0, last_ms: 30 }));
        let below = SeriesStats::of(&[(0, -5.0), (1, -1.0)], TimeRange { start_ms: 0, end_ms: 1 });
        let written = below.map(|stats| stats.labelled(NegativeLabels::Absolute));
        assert_eq!(written.map(|stats| (stats.min, stats.max, stats.last)), Some((1.0, 5.0, 1.0)));
        assert_eq!(SeriesStats::of(&[(0, f64::NAN)], TimeRange { start_ms: 0, end_ms: 1 }), None);
    }
}
