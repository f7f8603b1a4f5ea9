//! `$__interval`, `$__rate_interval` and steps: how far apart samples are asked for.
//!
//! The rounding is that of Grafana 13 and the arithmetic that of its Prometheus data source, with one difference: the scrape interval is
//! known here, since we do the scraping, and no guess of 15 seconds.

use super::duration;

/// Up to the first number an interval becomes the second, both in milliseconds.
const ROUNDED: &[(i64, i64)] = &[
    (10, 1),
    (15, 10),
    (35, 20),
    (75, 50),
    (150, 100),
    (350, 200),
    (750, 500),
    (1_500, 1_000),
    (3_500, 2_000),
    (7_500, 5_000),
    (12_500, 10_000),
    (17_500, 15_000),
    (25_000, 20_000),
    (45_000, 30_000),
    (90_000, 60_000),
    (210_000, 120_000),
    (450_000, 300_000),
    (750_000, 600_000),
    (1_050_000, 900_000),
    (1_500_000, 1_200_000),
    (2_700_000, 1_800_000),
    (5_400_000, 3_600_000),
    (9_000_000, 7_200_000),
    (16_200_000, 10_800_000),
    (32_400_000, 21_600_000),
    (86_400_000, 43_200_000),
    (604_800_000, 86_400_000),
    (1_814_400_000, 604_800_000),
    (3_628_800_000, 2_592_000_000),
];
const YEAR: i64 = 31_536_000_000;
/// Units of the text form, largest first.
const UNITS: &[(&str, i64)] =
    &[("y", YEAR), ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];
/// Prometheus gives at most 11,000 samples a series.
const MOST_SAMPLES: i64 = 11_000;
/// The step of a store that is never asked more closely.
const LEAST: i64 = 1;

/// The round interval next to `ms`.
pub fn round(ms: i64) -> i64 {
    ROUNDED.iter().find(|(up_to, _)| ms <= *up_to).map_or(YEAR, |(_, rounded)| *rounded)
}

/// The round interval that is not below `ms`. Grafana rounds to the next one, which for years in days can be too short.
fn round_up(ms: i64) -> i64 {
    let rounded = ROUNDED.iter().map(|(_, rounded)| *rounded).find(|rounded| *rounded >= ms);
    rounded.unwrap_or_else(|| (ms / YEAR).saturating_add(1).saturating_mul(YEAR))
}

/// `ms` in the largest unit that is not above it, the rest cut: `90_000` is `1m`.
pub fn to_text(ms: i64) -> String {
    let ms = ms.max(LEAST);
    let (unit, size) = UNITS.iter().find(|(_, size)| ms >= *size).unwrap_or(&("ms", 1));
    format!("{}{unit}", ms / size)
}

/// What the intervals of a panel are computed from.
#[derive(Clone, Copy, Debug)]
pub struct Request {
    /// Length of the time range in milliseconds.
    pub range_ms: i64,
    /// Samples a series that can be seen.
    pub max_data_points: u32,
    /// The panel's least interval, if it has one.
    pub panel_interval_ms: Option<i64>,
    /// The query's own, if it has one.
    pub target_interval_ms: Option<i64>,
    /// How the query's own interval is written, when that is a variable of ours.
    pub target_interval: TargetInterval,
    /// The query's factor.
    pub interval_factor: u32,
    /// How often what is asked for is scraped.
    pub scrape_interval_ms: i64,
}

/// A query's own interval in terms of what is computed from it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TargetInterval {
    /// A duration, or none.
    #[default]
    Plain,
    /// `$__interval`
    Interval,
    /// `$__rate_interval`
    RateInterval,
}

/// The intervals of one query in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Intervals {
    /// `$__interval` of the panel: in titles and in the least interval of queries.
    pub panel: i64,
    /// The step of the query, which is also `$__interval` inside its expression.
    pub step: i64,
    /// `$__rate_interval`
    pub rate: i64,
}

impl TargetInterval {
    /// What the text of a query's interval is.
    pub fn of(text: &str) -> Self {
        match text.trim() {
            "$__interval" | "${__interval}" => Self::Interval,
            "$__rate_interval" | "${__rate_interval}" => Self::RateInterval,
            _ => Self::Plain,
        }
    }
}

/// Computes the intervals of a query.
pub fn intervals(request: &Request) -> Intervals {
    let range = request.range_ms.max(1);
    let points = i64::from(request.max_data_points.max(1));
    let scrape_known = request.scrape_interval_ms.max(LEAST);
    let least = request.panel_interval_ms.unwrap_or(scrape_known).max(LEAST);
    let panel = round(range / points).max(least);
    let scrape = request.target_interval_ms.unwrap_or(scrape_known).max(LEAST);
    let rate = |interval: i64, scrape: i64| interval.saturating_add(scrape).max(scrape.saturating_mul(4));
    let least_step = request.target_interval_ms.unwrap_or(panel).max(LEAST);
    let wanted = if range / points < least_step { least_step } else { round(range / points) };
    let safe = round_up(range / MOST_SAMPLES + 1);
    let plain = wanted.max(safe);
    let factor = i64::from(request.interval_factor.clamp(1, 100));
    match request.target_interval {
        TargetInterval::RateInterval => {
            let step = rate(plain, scrape_known);
            Intervals { panel, step, rate: step }
        }
        TargetInterval::Interval => {
            let step = plain.saturating_mul(factor);
            Intervals { panel, step, rate: rate(panel, plain) }
        }
        TargetInterval::Plain => {
            Intervals { panel, step: plain.saturating_mul(factor), rate: rate(panel, scrape) }
        }
    }
}

/// The step that is wanted, or a longer one where a range would have too many samples.
pub(crate) fn at_least(wanted_ms: i64, range_ms: i64) -> i64 {
    wanted_ms.max(round_up(range_ms.max(0) / MOST_SAMPLES + 1))
}

/// Begin and end of a query, both moved to a multiple of the step in the viewer's time, so that a refresh asks for the same
/// instants again.
pub fn align(from_ms: i64, to_ms: i64, step_ms: i64, offset_ms: i64) -> (i64, i64) {
    let step = step_ms.max(LEAST);
    let floor = |at: i64| {
        at.saturating_add(offset_ms).div_euclid(step).saturating_mul(step).saturating_sub(offset_ms)
    };
    (floor(from_ms), floor(to_ms))
}

/// The interval of a variable's `auto`: the range in `count` parts, rounded, at least `least`.
pub fn auto(range_ms: i64, count: i64, least: &str) -> i64 {
    round(range_ms / count.max(1)).max(duration::parse_ms(least).unwrap_or(10_000))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn request() -> Request {
        Request {
            range_ms: 3_600_000,
            max_data_points: 1000,
            panel_interval_ms: None,
            target_interval_ms: None,
            target_interval: TargetInterval::Plain,
            interval_factor: 1,
            scrape_interval_ms: 15_000,
        }
    }

    #[test]
    fn an_hour_at_a_thousand_points_is_asked_as_often_as_it_is_scraped() {
        assert_eq!(intervals(&request()), Intervals { panel: 15_000, step: 15_000, rate: 60_000 });
        let faster = Request { scrape_interval_ms: 5_000, ..request() };
        assert_eq!(intervals(&faster), Intervals { panel: 5_000, step: 5_000, rate: 20_000 });
    }

    #[test]
    fn a_day_is_asked_in_rounded_steps() {
        let day = Request { range_ms: 86_400_000, max_data_points: 800, ..request() };
        assert_eq!(intervals(&day), Intervals { panel: 120_000, step: 120_000, rate: 135_000 });
    }

    #[test]
    fn a_query_may_ask_more_closely_and_its_factor_counts() {
        let close = Request { target_interval_ms: Some(5_000), ..request() };
        assert_eq!(intervals(&close), Intervals { panel: 15_000, step: 5_000, rate: 20_000 });
        let coarse = Request { interval_factor: 4, ..request() };
        assert_eq!(intervals(&coarse).step, 60_000);
        let rate = Request { target_interval: TargetInterval::RateInterval, interval_factor: 4, ..request() };
        assert_eq!(intervals(&rate), Intervals { panel: 15_000, step: 60_000, rate: 60_000 });
    }

    #[test]
    fn the_text_keeps_the_largest_unit_only() {
        for (ms, text) in [(90_000, "1m"), (129_600_000, "1d"), (250, "250ms"), (0, "1ms"), (YEAR, "1y")] {
            assert_eq!(to_text(ms), text);
        }
    }

    #[test]
    fn queries_begin_and_end_at_multiples_of_the_step() {
        assert_eq!(align(61_234, 125_000, 30_000, 0), (60_000, 120_000));
        assert_eq!(align(0, 86_400_000, 86_400_000, 9 * 3_600_000), (-32_400_000, 54_000_000));
    }

    proptest! {
        #[test]
        fn no_range_asks_for_more_samples_than_a_server_gives(range in 1i64..100 * YEAR, points in 1u32..20_000, scrape in 1i64..600_000) {
            let found = intervals(&Request { range_ms: range, max_data_points: points, scrape_interval_ms: scrape, ..request() });
            prop_assert!(range / found.step <= 11_000, "{:?}", found);
            prop_assert!(found.rate >= 4 * scrape);
        }
    }
}
