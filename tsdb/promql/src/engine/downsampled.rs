//! Where windows lie in series of which a part is down-sampled, and what is said of that.

use crowsnest_api::Timestamp;

use super::annotations::Annotations;
use crate::{Resolution, Series};

/// The window of one step in one series.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Placed {
    /// Where it begins, exclusive, in milliseconds.
    pub(crate) start: i64,
    /// Where it ends, inclusive.
    pub(crate) end: i64,
    /// How many more samples there were in it than are given.
    pub(crate) more: u64,
    /// The part of it that was asked for: amounts that grow with its length are taken to be spread evenly.
    pub(crate) share: f64,
}

impl Placed {
    /// The window `(end - range, end]` of a series, or that of whole buckets in its place.
    pub(crate) fn of(series: &Series, end: i64, range: i64) -> Self {
        let Some(downsampled) = &series.downsampled else {
            return Self { start: end.saturating_sub(range), end, more: 0, share: 1.0 };
        };
        let (start, end) = downsampled.window(end, range);
        let length = end.saturating_sub(start);
        let share = if length == range { 1.0 } else { range as f64 / length as f64 };
        Self { start, end, more: downsampled.more_in(start, end), share }
    }
}

impl Series {
    /// How long a sample of it counts after it was taken, when nothing newer comes.
    pub(crate) fn lookback(&self, taken: Timestamp, lookback: i64) -> i64 {
        self.downsampled.as_ref().map_or(lookback, |downsampled| downsampled.lookback(taken, lookback))
    }
}

impl Annotations {
    /// Says up to which instants samples are down-sampled how far.
    pub(crate) fn inform_of_buckets(&mut self, spans: &[(Timestamp, Resolution)]) {
        for (until, resolution) in spans {
            let until = match jiff::Timestamp::from_millisecond(until.millis()) {
                Ok(until) => format!("samples up to {until} are"),
                // As asked for.
                Err(_) => "samples are".to_owned(),
            };
            self.inform_of_store(format!(
                "PromQL info: {until} down-sampled to {resolution}: windows there are moved and widened to whole buckets"
            ));
        }
    }
}
