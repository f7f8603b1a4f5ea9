//! Which stretch of time and which series a chart of an alert shows: on the page of alerts and in the picture that receivers get.

use crowsnest_api::{Labels, METRIC_NAME};

use crate::data::TimeRange;

const MINUTE: i64 = 60_000;
/// How long before the alert it begins.
const BEFORE: i64 = 60 * MINUTE;
/// The longest that is drawn.
const LONGEST: i64 = 24 * 60 * MINUTE;
/// The finest step, and how many there are at most.
const FINEST: i64 = 15_000;
const MOST_POINTS: i64 = 300;

/// The stretch for an alert that has been there since `since_ms`, and the distance of the samples in it (ms). Its ends are multiples of that.
pub fn alert_range(since_ms: i64, now_ms: i64) -> (TimeRange, i64) {
    let start = (since_ms.saturating_sub(BEFORE)).max(now_ms - LONGEST).min(now_ms - BEFORE);
    // Rounded up, or there would be more points.
    let step = ((now_ms - start) / MOST_POINTS + FINEST - 1).max(FINEST) / FINEST * FINEST;
    (TimeRange { start_ms: start / step * step, end_ms: now_ms / step * step }, step)
}

/// Whether a series is the one that an alert was made of: the alert has its labels, and more.
pub fn is_of_alert(series: &Labels, alert: &Labels) -> bool {
    series.iter().filter(|label| label.name != METRIC_NAME).all(|label| {
        // A rule may set a label anew; what tells series from each other it hardly does.
        alert.get(&label.name).is_none_or(|value| *value == label.value)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_series_of_an_alert_is_told_from_others() {
        let alert = Labels::from_pairs([("alertname", "A"), ("pod", "web-1"), ("severity", "page")]);
        let series = |pod: &str| Labels::from_pairs([("__name__", "x"), ("pod", pod)]);
        assert!(is_of_alert(&series("web-1"), &alert));
        assert!(!is_of_alert(&series("web-2"), &alert));
    }

    #[test]
    fn the_stretch_begins_before_the_alert_and_has_a_bound() {
        let now = 1_790_000_000_000;
        let hours = |since: i64| {
            let (range, step) = alert_range(since, now);
            assert!((range.end_ms - range.start_ms) / step <= MOST_POINTS + 1);
            assert_eq!((range.start_ms % step, range.end_ms % step), (0, 0));
            (range.end_ms - range.start_ms + step) / (60 * MINUTE)
        };
        assert_eq!(hours(now), 1);
        assert_eq!(hours(now - 3 * 60 * MINUTE), 4);
        assert_eq!((hours(0), hours(i64::MIN)), (24, 24));
        assert_eq!(hours(now + 60 * MINUTE), 1, "a clock that is ahead");
    }
}
