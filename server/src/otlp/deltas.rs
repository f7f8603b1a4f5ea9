//! From deltas to cumulative values: what senders of deltas have told so far, added up.
//!
//! What a push changes counts once it is stored: a sender that repeats a push which failed is not counted twice.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use crowsnest_api::{Labels, Timestamp};
use crowsnest_promql::SampleValue;

/// Series that are added up at most.
const MAX_SERIES: usize = 200_000;
/// A series of which nothing has come for so long begins anew.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(3600);

/// All series that come as deltas.
#[derive(Default)]
pub(crate) struct Deltas {
    series: HashMap<Labels, Running>,
}

/// One of them.
#[derive(Clone)]
struct Running {
    start: Timestamp,
    at: Timestamp,
    value: SampleValue,
}

/// What one push adds.
pub(super) struct Adding<'a> {
    /// `None` in a push without deltas.
    deltas: Option<&'a mut Deltas>,
    changed: HashMap<Labels, Running>,
}

/// Why a delta is not added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotAdded {
    /// What it tells has been told.
    Late,
    TooMany,
    /// It is no value of the same kind as before.
    Incompatible,
}

impl<'a> Adding<'a> {
    pub(super) fn to(deltas: Option<&'a mut Deltas>) -> Self {
        Self { deltas, changed: HashMap::new() }
    }

    /// Adds to a series; gives the sum and since when it counts.
    pub(super) fn add(
        &mut self,
        labels: &Labels,
        start: Timestamp,
        at: Timestamp,
        value: SampleValue,
    ) -> Result<(SampleValue, Timestamp), NotAdded> {
        let deltas = self.deltas.as_ref().ok_or(NotAdded::TooMany)?;
        let known = self.changed.get(labels).or_else(|| deltas.series.get(labels));
        let known = known.filter(|known| at.minus(FORGOTTEN_AFTER) <= known.at);
        let running = match known {
            Some(known) if at <= known.at => return Err(NotAdded::Late),
            Some(known) => {
                let value = sum(&known.value, &value).ok_or(NotAdded::Incompatible)?;
                Running { at, value, start: known.start }
            }
            None if deltas.series.len() + self.changed.len() >= MAX_SERIES => return Err(NotAdded::TooMany),
            None => Running { start: if start < at { start } else { at }, at, value },
        };
        let sum = (running.value.clone(), running.start);
        self.changed.insert(labels.clone(), running);
        Ok(sum)
    }

    /// Remembers what was added.
    pub(super) fn keep(self) {
        let Some(deltas) = self.deltas else { return };
        let newest = self.changed.values().map(|running| running.at).max();
        deltas.series.extend(self.changed);
        if let Some(oldest) = newest.map(|newest| newest.minus(FORGOTTEN_AFTER))
            && deltas.series.len() > MAX_SERIES / 2
        {
            deltas.series.retain(|_, running| running.at >= oldest);
        }
    }
}

fn sum(a: &SampleValue, b: &SampleValue) -> Option<SampleValue> {
    match (a, b) {
        (SampleValue::Float(a), SampleValue::Float(b)) => Some(SampleValue::Float(a + b)),
        (SampleValue::Histogram(a), SampleValue::Histogram(b)) => {
            let mut sum = a.as_ref().clone();
            sum.add(b).ok()?;
            Some(SampleValue::Histogram(Arc::new(sum)))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1000)
    }

    fn add(adding: &mut Adding<'_>, seconds: i64, value: f64) -> Result<f64, NotAdded> {
        let labels = Labels::from_pairs([("__name__", "a")]);
        let sum = adding.add(&labels, at(seconds - 10), at(seconds), SampleValue::Float(value))?;
        match sum {
            (SampleValue::Float(sum), start) => {
                assert_eq!(start, at(0));
                Ok(sum)
            }
            (SampleValue::Histogram(_), _) => panic!("a histogram"),
        }
    }

    #[test]
    fn deltas_add_up_once_they_are_kept_and_what_was_told_does_not_count_again() {
        let mut deltas = Deltas::default();
        let mut first = Adding::to(Some(&mut deltas));
        assert_eq!(add(&mut first, 10, 2.0), Ok(2.0));
        assert_eq!(add(&mut first, 20, 3.0), Ok(5.0));
        drop(first);
        let mut again = Adding::to(Some(&mut deltas));
        assert_eq!(add(&mut again, 10, 2.0), Ok(2.0));
        again.keep();
        let mut third = Adding::to(Some(&mut deltas));
        assert_eq!(add(&mut third, 10, 2.0), Err(NotAdded::Late));
        assert_eq!(add(&mut third, 30, 4.0), Ok(6.0));
    }

    #[test]
    fn a_series_that_was_silent_for_long_begins_anew() {
        let mut deltas = Deltas::default();
        let labels = Labels::from_pairs([("__name__", "a")]);
        let mut adding = Adding::to(Some(&mut deltas));
        let mut add =
            |seconds| adding.add(&labels, at(seconds - 1), at(seconds), SampleValue::Float(1.0)).unwrap();
        assert_eq!(add(10).1, at(9));
        assert_eq!(add(4000).1, at(3999));
    }
}
