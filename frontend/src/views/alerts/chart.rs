//! What the alert's rule compares, drawn with the number that it is compared with.

use std::time::Duration;

use crowsnest_api::alerts::{Alert, Threshold};
use crowsnest_chart::{Severity, Threshold as DrawnThreshold, alert_range, is_of_alert};
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

/// How often it is drawn anew.
const AGAIN: Duration = Duration::from_secs(30);
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
            let (window, step) = alert_range(since, clock.now());
            let ends = (window.start_ms, window.end_ms);
            let answer = range(client, &query.get_value(), ends, step, &abort).await?;
            Ok((window, answer.result.into_lines()))
        },
    );
    let data = Memo::new(move |_| {
        feed.value.with(|answer| {
            let lines = answer.as_ref().map(|(_, lines)| lines.as_slice()).unwrap_or_default();
            let own = lines.iter().filter(|line| labels.with(|labels| is_of_alert(&line.labels, labels)));
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
