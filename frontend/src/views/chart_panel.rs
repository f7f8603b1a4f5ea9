//! A chart of one subject, from its row in the table of charts.

use std::time::Duration;

use crowsnest_chart::{Bounds, Severity, Stacking, Threshold};
use crowsnest_dashboards::Unit;
use futures_util::future::try_join_all;
use leptos::prelude::*;
use web_sys::AbortSignal;

use crate::api::{ApiError, Client, Line, range as query_range, use_client};
use crate::arrange::Arrange as _;
use crate::charts::{ChartSpec, Legend, Subject};
use crate::clock::{Clock, use_clock};
use crate::components::{
    BoneLines, ChartData, ChartHeight, ChartSeries, Faced, Icon, IconName, LegendForm, Panel, TimeRange,
    TimeSeriesChart,
};
use crate::i18n::{Lang, Msg, fill, tr, use_lang};
use crate::poll::{Cadence, poll};
use crate::range::{MINUTE, Range, SECOND};
use crate::router::{Page, Route};

/// The finest step of a chart: agents do not push more often.
const FINEST_STEP: i64 = 5 * SECOND;
/// How many series a chart shows; the busiest by their mean.
const MOST_SERIES: usize = 12;

/// Processor modes in the order in which they are stacked: what people ask for first is at the bottom.
const MODES: &[&str] = &["user", "system", "iowait", "nice", "softirq", "irq", "steal"];

/// What the chart needs to know about its page.
#[derive(Clone, Copy)]
pub(super) struct ChartPlace {
    /// What the charts are about.
    pub(super) subject: Signal<Subject>,
    /// What time is shown, and how to show another.
    pub(super) range: Memo<Range>,
    pub(super) on_range: Callback<Range>,
    /// Whether the visitor holds the charts still.
    pub(super) paused: Signal<bool>,
    /// Since when nothing comes from the subject, where it is silent.
    pub(super) silent_since: Signal<Option<i64>>,
    pub(super) height: ChartHeight,
    pub(super) legend: LegendForm,
    /// Limits to show.
    pub(super) limits: Signal<Vec<Limit>>,
}

/// A line across a chart, with its words.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Limit {
    /// The title of the chart.
    pub(super) chart: Msg,
    pub(super) value: f64,
    /// Words with `{value}`.
    pub(super) words: Msg,
    pub(super) severity: Severity,
}

/// The answers to a chart's queries, and the time they are of.
#[derive(Clone, PartialEq)]
struct Drawn {
    window: TimeRange,
    /// In the order of the chart's targets.
    answers: Vec<Vec<Line>>,
}

/// A panel with the chart. While its range is live it asks again and again, and slides.
#[component]
pub(super) fn ChartPanel(
    spec: &'static ChartSpec,
    place: ChartPlace,
    #[prop(into)] class: String,
) -> impl IntoView {
    let client = use_client();
    let clock = use_clock();
    let lang = use_lang();
    let question = move || {
        let (subject, range) = (place.subject.get(), place.range.get());
        let step = range.step(FINEST_STEP);
        let cadence = if range.is_live() && !place.paused.get() {
            Cadence::Every(Duration::from_millis(step.clamp(5 * SECOND, MINUTE).unsigned_abs()))
        } else {
            Cadence::Once
        };
        ((subject, range), cadence)
    };
    let feed =
        poll(question, move |(subject, range), abort| fetch(client, clock, spec, subject, range, abort));
    let data = Memo::new(move |_| {
        let lang = lang.get();
        feed.value.with(|drawn| {
            drawn.as_ref().map(|drawn| chart_data(spec, &drawn.answers, lang)).unwrap_or_default()
        })
    });
    let bounds = Memo::new(move |_| data.with(|data| bounds_of(spec, data)));
    let window = Memo::new(move |_| {
        let asked = place.range.get();
        feed.value
            .with(|drawn| drawn.as_ref().map(|drawn| drawn.window))
            .unwrap_or_else(|| window_of(asked, clock))
    });
    let limit_unit = StoredValue::new(Unit::parse(spec.unit));
    let thresholds = Signal::derive(move || {
        let lang = lang.get();
        let threshold = |limit: &Limit| {
            let words = limit_unit.with_value(|unit| unit.format(limit.value).to_string());
            Threshold {
                value: limit.value,
                label: fill(limit.words.text(lang), &[("value", &words)]),
                severity: limit.severity,
            }
        };
        place.limits.with(|limits| {
            limits.iter().filter(|limit| limit.chart == spec.title).map(threshold).collect::<Vec<_>>()
        })
    });
    let on_zoom = move |zoomed: TimeRange| {
        place.on_range.run(Range::between(zoomed.start_ms, zoomed.end_ms));
    };
    let title = tr(spec.title);
    let note =
        Signal::derive(move || spec.note.map(|note| note.text(lang.get())).unwrap_or_default().to_owned());
    let explore = move || {
        let step = place.range.get().step(FINEST_STEP);
        let queries: Vec<_> = place
            .subject
            .with(|subject| spec.targets.iter().map(|target| target.of(subject, step)).collect());
        let range = place.range.get();
        let query = queries.first().cloned().unwrap_or_default();
        Route::to(Page::Explore).with("q", &query).with("range", &range.to_string()).to_string()
    };
    let open = tr(Msg::OpenInExplore);
    let tools = move || {
        view! {
            <a class="btn btn--quiet btn--icon btn--sm" href=explore aria-label=open title=open>
                <Icon name=IconName::Explore/>
            </a>
        }
    };
    let title = Signal::derive(move || title().to_owned());
    let unit = Unit::parse(spec.unit);
    let content = move || {
        view! {
            <TimeSeriesChart
                data=data
                range=window
                unit=unit.clone()
                title=title
                on_zoom=Callback::new(on_zoom)
                stacking=spec.stacking
                negative=spec.negative
                bounds=bounds
                thresholds=thresholds
                stale_since=place.silent_since
                height=place.height
                legend=place.legend
            />
        }
    };
    let bones = || view! { <BoneLines/> };
    view! {
        <Panel title=title note=note tools=tools class=class>
            <Faced feed=feed what=Msg::ChartsWord bones=bones content=content/>
        </Panel>
    }
}

/// Shares that come near to everything end at everything: an axis that goes on to 120 % would promise more.
fn bounds_of(spec: &ChartSpec, data: &ChartData) -> Bounds {
    let values = |series: &ChartSeries| series.points.iter().map(|(_, value)| *value).fold(0.0, f64::max);
    let tallest: f64 = match spec.stacking {
        Stacking::None => data.series.iter().map(values).fold(0.0, f64::max),
        Stacking::Stacked => data.series.iter().map(values).sum(),
    };
    let is_share = spec.unit == "percentunit";
    Bounds { min: None, max: (is_share && tallest > 0.6).then_some(1.0) }
}

/// The time that `range` means now, on whole steps, so that points keep their place as time goes on.
fn window_of(range: Range, clock: Clock) -> TimeRange {
    let step = range.step(FINEST_STEP);
    let (start, end) = range.bounds(clock.now());
    TimeRange { start_ms: start.div_euclid(step) * step, end_ms: end.div_euclid(step) * step }
}

async fn fetch(
    client: Client,
    clock: Clock,
    spec: &'static ChartSpec,
    subject: Subject,
    range: Range,
    abort: AbortSignal,
) -> Result<Drawn, ApiError> {
    let window = window_of(range, clock);
    let step = range.step(FINEST_STEP);
    let ask = async |query: String| {
        query_range(client, &query, (window.start_ms, window.end_ms), step, &abort).await
    };
    let queries = spec.targets.iter().map(|target| ask(target.of(&subject, step)));
    let answers = try_join_all(queries).await?.into_iter().map(|answer| answer.result.into_lines()).collect();
    Ok(Drawn { window, answers })
}

/// Names the series of each target, leaves out those that are always zero among many, and puts them in order.
fn chart_data(spec: &ChartSpec, answers: &[Vec<Line>], lang: Lang) -> ChartData {
    let mut series = Vec::new();
    for (target, lines) in spec.targets.iter().zip(answers) {
        match target.legend {
            Legend::Words(msg) => series.extend(lines.first().map(|line| ChartSeries {
                name: msg.text(lang).to_owned(),
                labels: line.labels.clone(),
                points: line.points.clone(),
            })),
            Legend::Label(label) => series.extend(busiest(lines).into_iter().map(|line| ChartSeries {
                name: line.labels.get(label).map(ToString::to_string).unwrap_or_default(),
                labels: line.labels.clone(),
                points: line.points.clone(),
            })),
        }
    }
    ChartData { series }
}

/// The lines that say something, at most [`MOST_SERIES`] of them, known modes first, then by name.
fn busiest(lines: &[Line]) -> Vec<&Line> {
    let mean = |line: &Line| {
        let values = line.points.iter().map(|(_, value)| value.abs()).filter(|value| value.is_finite());
        values.sum::<f64>() / line.points.len().max(1) as f64
    };
    let mut kept: Vec<(&Line, f64)> = lines.iter().map(|line| (line, mean(line))).collect();
    if kept.iter().any(|(_, mean)| *mean > 0.0) {
        kept.retain(|(_, mean)| *mean > 0.0);
    }
    kept.arrange_by(|a, b| b.1.total_cmp(&a.1));
    kept.truncate(MOST_SERIES);
    let place = |line: &Line| {
        let mode = line.labels.get("mode").map(ToString::to_string).unwrap_or_default();
        MODES.iter().position(|known| *known == mode).unwrap_or(MODES.len())
    };
    kept.arrange_by(|(a, _), (b, _)| place(a).cmp(&place(b)).then_with(|| a.labels.cmp(&b.labels)));
    kept.into_iter().map(|(line, _)| line).collect()
}

#[cfg(test)]
mod tests {
    use crowsnest_api::Labels;

    use super::*;
    use crate::charts;

    fn line(mode: &str, value: f64) -> Line {
        Line { labels: Labels::from_pairs([("mode", mode)]), points: vec![(0, value), (1, value)] }
    }

    #[test]
    fn modes_are_stacked_in_a_fixed_order_and_idle_ones_left_out() {
        let [cpu, ..] = charts::overview();
        let answers = [vec![line("steal", 0.0), line("system", 0.1), line("user", 0.2), line("other", 0.3)]];
        let names: Vec<_> =
            chart_data(cpu, &answers, Lang::English).series.into_iter().map(|one| one.name).collect();
        assert_eq!(names, ["user", "system", "other"]);
    }

    #[test]
    fn series_that_are_all_zero_are_shown_rather_than_nothing() {
        assert_eq!(busiest(&[line("a", 0.0), line("b", 0.0)]).len(), 2);
    }

    #[test]
    fn the_axis_of_a_busy_processor_ends_at_everything() {
        let [cpu, memory, ..] = charts::overview();
        let data = |spec, value| {
            chart_data(spec, &[vec![line("user", value), line("system", value)]], Lang::English)
        };
        assert_eq!(bounds_of(cpu, &data(cpu, 0.45)).max, Some(1.0));
        assert_eq!(bounds_of(cpu, &data(cpu, 0.1)).max, None);
        assert_eq!(bounds_of(memory, &data(memory, 5.0)).max, None);
    }

    #[test]
    fn a_crowd_is_cut_to_the_busiest() {
        let lines: Vec<_> = (0..40).map(|n| line(&format!("d{n:02}"), f64::from(n))).collect();
        let kept = busiest(&lines);
        assert_eq!(kept.len(), MOST_SERIES);
        assert!(kept.iter().all(|line| line.labels.get("mode").is_some_and(|mode| mode.as_str() >= "d28")));
    }

    #[test]
    fn fixed_words_are_in_the_readers_language() {
        let [_, _, _, network] = charts::overview();
        let answers = [vec![line("", 1.0)], vec![line("", -1.0)]];
        let names: Vec<_> =
            chart_data(network, &answers, Lang::Korean).series.into_iter().map(|one| one.name).collect();
        assert_eq!(names, ["받음", "보냄"]);
    }
}
