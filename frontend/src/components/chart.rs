//! Time-series charts: a drawn plot, a crosshair over it, a legend, and the same numbers as a table.
//!
//! Two canvases lie on each other: the lower one holds the picture and is painted when data, range, size or theme
//! change; the upper one holds the crosshair and follows the pointer. All geometry comes from the `chart` crate; this
//! module turns events into moments and moments into words.

mod canvas;
mod data_table;
mod legend;
mod link;
mod slide;
mod stage;
mod summary;
mod theme;
mod tooltip;

use std::collections::BTreeSet;

use crowsnest_chart::{
    Annotation, Bounds, Chart, ChartSpec, Ink, NegativeLabels, SeriesStats, Stacking, Surface, Threshold,
};
pub(crate) use crowsnest_chart::{ChartData, ChartSeries, TimeRange};
use crowsnest_dashboards::{Formatted, Unit};
use leptos::html;
use leptos::prelude::*;

pub(crate) use canvas::{PageText, PlotCanvas};
use data_table::DataTable;
use legend::{Legend, LegendEntry};
pub(crate) use legend::{LegendForm, SeriesButton, swatch_class};
pub(crate) use link::{ChartLink, provide_chart_link, use_chart_link};
use slide::sliding;
use stage::{Gesture, Stage};
use summary::summary;
pub(crate) use theme::{element_size, use_chart_theme};
use tooltip::Tooltip;

use crate::i18n::{Lang, Msg, fill, use_lang};

/// How many series are drawn before somebody asks for more: the rest would be a thicket.
const MOST_SERIES: usize = 20;

/// How tall the plot is. The lengths are in the style sheet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum ChartHeight {
    /// Beside others on an overview.
    Small,
    /// A panel of its own.
    #[default]
    Medium,
    /// The main thing on a page.
    Tall,
}

impl ChartHeight {
    fn class(self) -> &'static str {
        match self {
            Self::Small => "chart--small",
            Self::Medium => "chart--medium",
            Self::Tall => "chart--tall",
        }
    }
}

/// A chart of series over time.
///
/// Charts below one [`provide_chart_link`] share their crosshair. A drag zooms in and a double click zooms out, both
/// by way of `on_zoom`; without it, neither does anything. A range that moves on by a little slides.
#[component]
pub(crate) fn TimeSeriesChart(
    #[prop(into)] data: Signal<ChartData>,
    #[prop(into)] range: Signal<TimeRange>,
    /// The unit of all series.
    unit: Unit,
    /// What the chart shows, for those who cannot see it.
    #[prop(into)]
    title: Signal<String>,
    /// Called with the range that somebody selected.
    #[prop(optional, into)]
    on_zoom: Option<Callback<TimeRange>>,
    #[prop(optional)] stacking: Stacking,
    /// Fixed ends of the value axis.
    #[prop(optional, into)]
    bounds: Signal<Bounds>,
    #[prop(optional)] negative: NegativeLabels,
    #[prop(optional, into)] thresholds: Signal<Vec<Threshold>>,
    #[prop(optional, into)] annotations: Signal<Vec<Annotation>>,
    /// Since when the data is known to be late (ms).
    #[prop(optional, into)]
    stale_since: Signal<Option<i64>>,
    /// Samples further apart than this (ms) have a gap between them; by default the data decides.
    #[prop(optional, into)]
    max_gap_ms: Signal<Option<i64>>,
    #[prop(optional)] height: ChartHeight,
    #[prop(optional)] legend: LegendForm,
) -> impl IntoView {
    let lang = use_lang();
    let theme = use_chart_theme();
    let link = use_chart_link();
    let stage_ref = NodeRef::<html::Div>::new();
    let size = element_size(stage_ref);
    let hidden = RwSignal::new(BTreeSet::<String>::new());
    let everything = RwSignal::new(false);
    let as_table = RwSignal::new(false);
    let gesture = RwSignal::new(Gesture::None);

    // No more series than can be told apart, unless somebody asked for all.
    let shown = Memo::new(move |_| {
        let mut shown = data.get();
        if !everything.get() {
            shown.series.truncate(MOST_SERIES);
        }
        shown.shorten_names();
        shown
    });
    let total = Memo::new(move |_| data.with(|data| data.series.len()));
    let visible_range = sliding(range);

    // What the lower canvas shows. Prepared once per change; drawing and hovering read it.
    let unit = StoredValue::new(unit);
    let chart: Memo<Option<Prepared>> = Memo::new_with_compare(
        move |_| {
            let surface = size.get()?;
            let text = canvas::PageText::new(&theme.read().font)?;
            let spec_range = visible_range.get();
            let prepared = shown.with(|data| {
                let hidden: Vec<bool> =
                    hidden.with(|hidden| data.series.iter().map(|one| hidden.contains(&key(one))).collect());
                unit.with_value(|unit| {
                    let spec = ChartSpec {
                        stacking,
                        bounds: bounds.get(),
                        negative,
                        thresholds: &thresholds.read(),
                        annotations: &annotations.read(),
                        max_gap_ms: max_gap_ms.get(),
                        stale_since_ms: stale_since.get(),
                        hidden: &hidden,
                        utc_offset_minutes: utc_offset_minutes(spec_range),
                        ..ChartSpec::new(data, spec_range, unit)
                    };
                    Chart::prepare(&spec, surface, &text)
                })
            });
            Some(Prepared { chart: prepared, surface })
        },
        // Every new input is a new picture; comparing two would cost more than drawing one.
        |_, _| true,
    );
    let inks = Memo::new(move |_| shown.with(|data| crowsnest_chart::assign_inks(&data.series)));
    let stats = Memo::new(move |_| {
        let range = range.get();
        let stats =
            |one: &ChartSeries| SeriesStats::of(&one.points, range).map(|stats| stats.labelled(negative));
        shown.with(|data| data.series.iter().map(stats).collect::<Vec<_>>())
    });
    let entries = Memo::new(move |_| {
        let (inks, stats) = (inks.read(), stats.read());
        let hidden = hidden.read();
        shown.with(|data| unit.with_value(|unit| legend_entries(data, &inks, &stats, &hidden, unit)))
    });

    let label = Memo::new(move |_| {
        let range = range.get();
        let offset = utc_offset_minutes(range);
        unit.with_value(|unit| summary(lang.get(), &title.read(), &entries.read(), unit, range, offset))
    });
    let blank = move || stats.with(|stats| stats.iter().all(Option::is_none));

    view! {
        <figure class=format!("chart {}", height.class()) class:is-dragging=move || gesture.get().is_dragging()>
            <div class="chart__body">
                <Stage node_ref=stage_ref label chart theme link gesture on_zoom />
                <Tooltip chart link shown unit negative gesture />
                <Show when=blank>
                    <p class="chart__blank">{move || no_data(lang.get(), &data.read(), range.get())}</p>
                </Show>
            </div>
            <Legend entries hidden form=legend />
            <div class="chart__foot">
                <Show when=move || MOST_SERIES < total.get()>
                    <span class="chart__count">
                        {move || {
                            let shown = if everything.get() { total.get() } else { MOST_SERIES };
                            let (shown, total) = (shown.to_string(), total.get().to_string());
                            fill(Msg::SeriesShown.text(lang.get()), &[("n", &shown), ("total", &total)])
                        }}
                        <button
                            type="button"
                            class="chart__link"
                            on:click=move |_| everything.update(|everything| *everything = !*everything)
                        >
                            {move || {
                                let word = if everything.get() { Msg::ShowFewerSeries } else { Msg::ShowAllSeries };
                                word.text(lang.get())
                            }}
                        </button>
                    </span>
                </Show>
                <button
                    type="button"
                    class="chart__link chart__table-toggle"
                    aria-expanded=move || as_table.get().to_string()
                    on:click=move |_| as_table.update(|as_table| *as_table = !*as_table)
                >
                    {move || {
                        let word = if as_table.get() { Msg::HideTable } else { Msg::ShowAsTable };
                        word.text(lang.get())
                    }}
                </button>
            </div>
            <Show when=move || as_table.get()>
                <DataTable shown range unit title />
            </Show>
        </figure>
    }
}

/// A chart and the surface it was prepared for.
#[derive(Clone)]
pub(crate) struct Prepared {
    chart: Chart,
    surface: Surface,
}

/// What tells a series from the others of its chart, also after a refresh.
fn key(series: &ChartSeries) -> String {
    format!("{}\u{0}{}", series.name, series.labels)
}

fn legend_entries(
    data: &ChartData,
    inks: &[Ink],
    stats: &[Option<SeriesStats>],
    hidden: &BTreeSet<String>,
    unit: &Unit,
) -> Vec<LegendEntry> {
    let column = |pick: fn(&SeriesStats) -> f64| {
        // Without a sample there is no number, and none to align the others with.
        let values: Vec<f64> = stats.iter().map(|stats| stats.as_ref().map_or(f64::NAN, pick)).collect();
        unit.format_column(&values)
    };
    let columns =
        column(|stats| stats.mean).into_iter().zip(column(|stats| stats.max)).zip(column(|stats| stats.last));
    let rows = data.series.iter().zip(inks).zip(stats).zip(columns);
    rows.map(|(((series, ink), stats), ((mean, max), last))| {
        let key = key(series);
        let text = |number: Formatted| stats.map_or_else(|| "–".to_owned(), |_| number.to_string());
        LegendEntry {
            hidden: hidden.contains(&key),
            name: series.name.clone(),
            key,
            ink: *ink,
            stats: *stats,
            mean: text(mean),
            max: text(max),
            last: text(last),
        }
    })
    .collect()
}

/// Why the plot is empty, with the time of the last sample where there is one.
fn no_data(lang: Lang, data: &ChartData, range: TimeRange) -> String {
    let before = |series: &ChartSeries| {
        let at = series.points.partition_point(|point| point.0 < range.start_ms);
        series.points.get(..at).and_then(<[_]>::last).map(|point| point.0)
    };
    match data.series.iter().filter_map(before).max() {
        Some(last) => {
            let time = crowsnest_chart::instant_text(last, utc_offset_minutes(range));
            fill(Msg::NoSamplesSince.text(lang), &[("time", &time)])
        }
        None => Msg::NoSamples.text(lang).to_owned(),
    }
}

/// The viewer's distance from UTC at the end of `range`, positive in the east.
fn utc_offset_minutes(range: TimeRange) -> i32 {
    let date = js_sys::Date::new(&(range.end_ms as f64).into());
    -(date.get_timezone_offset() as i32)
}
