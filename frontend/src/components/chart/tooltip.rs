//! The values under the crosshair, beside the pointer.

use crowsnest_chart::{ChartData, Hover, HoverValue, NegativeLabels, clock_text, instant_text};
use crowsnest_dashboards::{Formatted, Unit};
use leptos::prelude::*;

use super::legend::swatch_class;
use super::link::ChartLink;
use super::stage::Gesture;
use super::{Prepared, utc_offset_minutes};
use crate::i18n::{Msg, fill, use_lang};

/// More rows than this hide the chart.
const MOST_ROWS: usize = 12;
/// From this range on (ms) the time of day alone is ambiguous.
const ONE_DAY: i64 = 86_400_000;

/// What the tooltip says, ready to show.
#[derive(Clone, PartialEq)]
struct Tip {
    x: f64,
    /// Whether it stands left of the crosshair, because there is no room to the right.
    left: bool,
    time: String,
    rows: Vec<Row>,
    /// How many rows did not fit.
    more: usize,
    note: Option<String>,
}

#[derive(Clone, PartialEq)]
struct Row {
    name: String,
    value: String,
    swatch: &'static str,
    nearest: bool,
}

impl Tip {
    /// `14:16:30: 2xx 404 req/s, 5xx 123 req/s`.
    fn spoken(&self) -> String {
        let values = self.rows.iter().map(|row| format!("{} {}", row.name, row.value));
        let parts: Vec<String> = values.chain(self.note.clone()).collect();
        format!("{}: {}", self.time, parts.join(", "))
    }
}

/// The tooltip of the chart that the pointer is over; nothing for the others.
#[component]
pub(super) fn Tooltip(
    chart: Memo<Option<Prepared>>,
    link: ChartLink,
    shown: Memo<ChartData>,
    unit: StoredValue<Unit>,
    negative: NegativeLabels,
    gesture: RwSignal<Gesture>,
) -> impl IntoView {
    let lang = use_lang();
    let tip = Memo::new(move |_| {
        let cursor = link.own_cursor().filter(|_| !gesture.get().is_dragging())?;
        chart.with(|prepared| {
            let chart = &prepared.as_ref()?.chart;
            let hover = chart.hover_at(cursor.at_ms, cursor.y);
            let layout = chart.layout();
            let offset = utc_offset_minutes(layout.range);
            let clock = if layout.range.span_ms() >= ONE_DAY { instant_text } else { clock_text };
            let note = hover.silence.map(|silence| {
                let (from, to) = (clock(silence.start_ms, offset), clock(silence.end_ms, offset));
                fill(Msg::NoSamplesBetween.text(lang.get()), &[("from", &from), ("to", &to)])
            });
            if hover.values.is_empty() && note.is_none() {
                return None;
            }
            let rows = shown.with(|data| unit.with_value(|unit| rows(&hover, data, unit, negative)));
            Some(Tip {
                x: hover.x,
                left: hover.x > layout.plot.left + layout.plot.width / 2.0,
                time: clock(hover.at_ms, offset),
                more: hover.values.len() - rows.len(),
                rows,
                note,
            })
        })
    });
    // The keyboard's crosshair is read out; the pointer's would never stop.
    let spoken = move || {
        let by_keys = link.own_cursor().is_some_and(|cursor| cursor.y.is_none());
        tip.get().filter(|_| by_keys).map(|tip| tip.spoken()).unwrap_or_default()
    };
    view! {
        <p class="visually-hidden" aria-live="polite">{spoken}</p>
        {move || {
            tip.get().map(|tip| view! {
                <div
                    class="chart__tip"
                    class:is-left=tip.left
                    style=("--tip-x", format!("{}px", tip.x))
                    aria-hidden="true"
                >
                    <div class="chart__tip-time">{tip.time}</div>
                    {tip.rows.into_iter().map(|row| view! {
                        <div class="chart__tip-row" class:is-nearest=row.nearest>
                            <i class=row.swatch></i>
                            <span class="chart__tip-name">{row.name}</span>
                            <span class="chart__tip-value">{row.value}</span>
                        </div>
                    }).collect_view()}
                    {(tip.more > 0).then(|| {
                        let more = fill(Msg::MoreSeries.text(lang.get()), &[("n", &tip.more.to_string())]);
                        view! { <div class="chart__tip-more">{more}</div> }
                    })}
                    {tip.note.map(|note| view! { <div class="chart__tip-note">{note}</div> })}
                </div>
            })
        }}
    }
}

/// The largest values, and the nearest one if it is not among them.
fn rows(hover: &Hover, data: &ChartData, unit: &Unit, negative: NegativeLabels) -> Vec<Row> {
    let mut chosen: Vec<_> = hover.values.iter().take(MOST_ROWS).collect();
    if let Some(nearest) = hover.values.iter().skip(MOST_ROWS).find(|value| value.nearest) {
        chosen.pop();
        chosen.push(nearest);
    }
    let values: Vec<f64> = chosen.iter().map(|value| negative.apply(value.value)).collect();
    let row = |(value, text): (&HoverValue, Formatted)| Row {
        name: data.series.get(value.series).map(|series| series.name.clone()).unwrap_or_default(),
        value: text.to_string(),
        swatch: swatch_class(value.ink),
        nearest: value.nearest,
    };
    chosen.into_iter().zip(unit.format_column(&values)).map(row).collect()
}
