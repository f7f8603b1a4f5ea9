//! The steps of a range query.

use std::time::Duration;

use crowsnest_api::Timestamp;

use super::QueryError;

/// The largest number of steps, as in Prometheus.
const MAX_STEPS: i64 = 11_000;

/// A checked range query: a positive step, an end that is not before the start, at most 11,000 steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RangeParams {
    start: Timestamp,
    end: Timestamp,
    step_ms: i64,
}

impl RangeParams {
    /// Checks the parameters of a range query.
    ///
    /// # Errors
    /// With Prometheus's texts, when the step is shorter than a millisecond, the end lies before the start, or there
    /// would be too many steps.
    pub fn new(start: Timestamp, end: Timestamp, step: Duration) -> Result<Self, QueryError> {
        let refused = |message: &str| Err(QueryError::Parameter(message.to_owned()));
        if end < start {
            return refused("invalid parameter \"end\": end timestamp must not be before start time");
        }
        let step_ms = i64::try_from(step.as_millis()).unwrap_or(i64::MAX);
        if step_ms == 0 {
            return refused(
                "invalid parameter \"step\": zero or negative query resolution step widths are not accepted. \
                 Try a positive integer",
            );
        }
        let steps = end.millis().checked_sub(start.millis()).map(|length| length / step_ms);
        if steps.is_none_or(|steps| steps > MAX_STEPS) {
            return refused(
                "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution \
                 (?step=XX)",
            );
        }
        Ok(Self { start, end, step_ms })
    }

    /// The same steps from `start` on, which is one of them.
    pub(crate) fn from(self, start: Timestamp) -> Self {
        Self { start, ..self }
    }

    /// The last step.
    pub(crate) fn last(&self) -> Timestamp {
        self.end.plus_millis(-((self.end.millis() - self.start.millis()) % self.step_ms))
    }

    /// The first step.
    pub fn start(&self) -> Timestamp {
        self.start
    }

    /// The last step lies at or before it.
    pub fn end(&self) -> Timestamp {
        self.end
    }

    /// Milliseconds between steps.
    pub fn step_ms(&self) -> i64 {
        self.step_ms
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(end_ms: i64, step: Duration, expected: &str) {
        let params = RangeParams::new(Timestamp::from_millis(0), Timestamp::from_millis(end_ms), step);
        match params {
            Ok(_) => assert_eq!(expected, ""),
            Err(error) => {
                assert!(error.to_string().contains(expected) && !expected.is_empty(), "{error}");
                assert_eq!(error.error_type(), "bad_data");
            }
        }
    }

    #[test]
    fn a_range_needs_a_direction_and_a_step() {
        check(-1, Duration::from_secs(1), "end timestamp must not be before start time");
        check(0, Duration::ZERO, "zero or negative query resolution step");
        check(0, Duration::from_secs(1), "");
    }

    #[test]
    fn a_range_has_at_most_eleven_thousand_steps() {
        check(11_000_000, Duration::from_secs(1), "");
        check(11_001_000, Duration::from_secs(1), "exceeded maximum resolution of 11,000 points");
        check(i64::MAX, Duration::from_millis(1), "exceeded maximum resolution");
    }
}
