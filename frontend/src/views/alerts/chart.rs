//! What the alert's rule compares, drawn with the number that it is compared with.

use std::time::Duration;

use crowsnest_api::Labels;
use crowsnest_api::alerts::{Alert, Threshold};
use crowsnest_chart::{Severity, Threshold as DrawnThreshold};
use crowsnest_dashboards::Unit;
use leptos::prelude::*;

use crate::api::{range, use_client};
use crate::clock::use_clock;
use crate::components::{
    BoneLines, ChartData, ChartHeight, ChartSeries, Faced, LegendForm, TimeRange, TimeSeriesChart,
};
use crate::format;
use crate::i18n::{Msg, tr};
use crate::poll::{Cadence, poll};
use crate::range::{HOUR, MINUTE};

/// How often it is drawn anew.
const AGAIN: Duration = Duration::from_secs(30);
/// How long before the alert it begins.
const BEFORE: i64 = 30 * MINUTE;
/// The longest that is drawn.
const LONGEST: i64 = 24 * HOUR;
/// The finest step, and how many there are at most.
const FINEST: i64 = 15_000;
const MOST_POINTS: i64 = 300;

/// The chart; nothing where the rule compares nothing with a number.
#[component]
pub(super) fn AlertChart(now: Memo<Alert>) -> impl IntoView {
    let drawn = Memo::new(move |_| now.with(|alert| alert.rule.as_ref()?.threshold.clone()));
    move || drawn.get().map(|threshold| view! { <Drawn now=now threshold=threshold/> })
}

#[component]
fn Drawn(now: Memo<Alert>, threshold: Threshold) -> impl IntoView {
    let (client, clock) = (use_client(), use_clock());
    let since = Memo::new(move |_| now.with(|alert| (alert.since * 1e3) as i64));
    let labels = Memo::new(move |_| now.with(|alert| alert.labels.clone()));
    let query = StoredValue::new(threshold.query.clone());
    let feed = poll(
        move || (since.get(), Cadence::Every(AGAIN)),
        move |since, abort| async move {
            let end = clock.now();
            let start = (since - BEFORE).max(end - LONGEST).min(end - BEFORE);
            let step = ((end - start) / MOST_POINTS).max(FINEST) / FINEST * FINEST;
            let (start, end) = (start / step * step, end / step * step);
            let answer = range(client, &query.get_value(), (start, end), step, &abort).await?;
            Ok((TimeRange { start_ms: start, end_ms: end }, answer.result.into_lines()))
        },
    );
    let data = Memo::new(move |_| {
        feed.value.with(|answer| {
            let lines = answer.as_ref().map(|(_, lines)| lines.as_slice()).unwrap_or_default();
            let own = lines.iter().filter(|line| labels.with(|labels| is_of(&line.labels, labels)));
            let series = own.map(|line| ChartSeries {
                name: line.labels.to_string(),
                labels: line.labels.clone(),
                points: line.points.clone(),
            });
            ChartData { series: series.collect() }
        })
    });
    let window = Memo::new(move |_| {
        feed.value.with(|answer| {
            answer.as_ref().map_or(TimeRange { start_ms: 0, end_ms: 1 }, |(window, _)| *window)
        })
    });
    let line = DrawnThreshold {
        value: threshold.value,
        label: format!("{} {}", threshold.op, format::number(threshold.value)),
        severity: Severity::Critical,
    };
    let title = Signal::derive({
        let query = threshold.query;
        move || query.clone()
    });
    let content = move || {
        view! {
            <TimeSeriesChart
                data=data
                range=window
                unit=Unit::parse("short")
                title=title
                thresholds=Signal::stored(vec![line.clone()])
                height=ChartHeight::Small
                legend=LegendForm::Hidden
            />
        }
    };
    view! {
        <figure class="alert-more__chart">
            <figcaption class="section-title">{tr(Msg::WhatItCompares)}" "<code>{move || title.get()}</code></figcaption>
            <Faced feed=feed what=Msg::ChartsWord bones=|| view! { <BoneLines/> } content=content/>
        </figure>
    }
}

/// Whether a series is the one that an alert was made of: the alert has its labels, and more.
fn is_of(series: &Labels, alert: &Labels) -> bool {
    series.iter().filter(|label| label.name != "__name__").all(|label| {
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
        assert!(is_of(&series("web-1"), &alert));
        assert!(!is_of(&series("web-2"), &alert));
    }
}
