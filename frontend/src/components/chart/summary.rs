//! A chart in one sentence.

use crowsnest_chart::{TimeRange, instant_text};
use crowsnest_dashboards::Unit;

use super::legend::LegendEntry;
use crate::i18n::{Lang, Msg, fill};

/// A sentence with more series than this is not listened to.
const MOST_SERIES: usize = 4;

/// "CPU, 13:32 to 14:32: user is 17.4 %, between 12 % and 20 %; …".
pub(super) fn summary(
    lang: Lang,
    title: &str,
    entries: &[LegendEntry],
    unit: &Unit,
    range: TimeRange,
    utc_offset_minutes: i32,
) -> String {
    let visible = || entries.iter().filter(|entry| !entry.hidden);
    let mut parts: Vec<String> = visible()
        .filter_map(|entry| Some((entry, entry.stats?)))
        .take(MOST_SERIES)
        .map(|(entry, stats)| {
            let text = |value: f64| unit.format(value).to_string();
            let (last, min, max) = (text(stats.last), text(stats.min), text(stats.max));
            let values = [("name", entry.name.as_str()), ("last", &last), ("min", &min), ("max", &max)];
            fill(Msg::ChartSummarySeries.text(lang), &values)
        })
        .collect();
    let left_out = visible().count().saturating_sub(MOST_SERIES);
    if parts.is_empty() {
        parts.push(Msg::NoSamples.text(lang).to_owned());
    } else if left_out > 0 {
        parts.push(fill(Msg::MoreSeries.text(lang), &[("n", &left_out.to_string())]));
    }
    let (from, to) =
        (instant_text(range.start_ms, utc_offset_minutes), instant_text(range.end_ms, utc_offset_minutes));
    let series = parts.join("; ");
    fill(Msg::ChartSummary.text(lang), &[("title", title), ("from", &from), ("to", &to), ("series", &series)])
}

#[cfg(test)]
mod tests {
    use crowsnest_chart::{Ink, SeriesStats, Stroke};

    use super::*;

    #[test]
    fn the_sentence_names_the_series_with_their_unit() {
        let stats = SeriesStats { min: 0.12, max: 0.2, mean: 0.15, last: 0.174, last_ms: 0 };
        let entry = LegendEntry {
            key: "user".to_owned(),
            name: "user".to_owned(),
            ink: Ink { color: 0, stroke: Stroke::Solid },
            stats: Some(stats),
            mean: String::new(),
            max: String::new(),
            last: String::new(),
            hidden: false,
        };
        let range = TimeRange { start_ms: 0, end_ms: 3_600_000 };
        let unit = Unit::parse("percentunit");
        assert_eq!(
            summary(Lang::English, "CPU", &[entry], &unit, range, 0),
            "CPU, 1970-01-01 00:00:00 to 1970-01-01 01:00:00: user is 17.4 %, between 12 % and 20 %"
        );
        let empty = summary(Lang::English, "CPU", &[], &unit, range, 0);
        assert!(empty.ends_with("No samples in this range"), "{empty}");
    }
}
