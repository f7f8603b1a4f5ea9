//! The answer: how much it is, its graph, its table, or why there is none.

use crowsnest_dashboards::Unit;
use leptos::prelude::*;

use super::answer::{Answered, View};
use super::raw::Raw;
use super::table::{Figures, SeriesTable};
use crate::api::{ApiError, Line, QueryResult};
use crate::components::{
    Blank, BoneLines, ChartData, ChartHeight, ChartSeries, FailureFace, Icon, IconName, LegendForm, Panel,
    Status, TimeRange, TimeSeriesChart, Tone,
};
use crate::format;
use crate::i18n::{Msg, count, tr, use_lang};
use crate::poll::{Failure, Feed};
use crate::query_text::Mistake;
use crate::range::{Range, write_duration};

/// Which face the panel has.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Face {
    Loading,
    /// The query itself is wrong, and its editor may already say where.
    Wrong,
    Failed,
    Empty,
    Text,
    Series,
    /// As the server wrote it.
    Raw,
}

/// The panel below the editor. An answer stays, dimmed, while the next one is on its way.
#[component]
pub(super) fn ResultPanel(
    feed: Feed<Answered>,
    mistake: Memo<Option<Mistake>>,
    view: Memo<View>,
    on_range: Callback<Range>,
) -> impl IntoView {
    let lang = use_lang();
    let over_range =
        Memo::new(move |_| lines(feed.value.with(|answered| answered.as_ref()?.over_range.clone())));
    let at_end = Memo::new(move |_| lines(feed.value.with(|answered| answered.as_ref()?.at_end.clone())));
    let text = Memo::new(move |_| {
        feed.value.with(|answered| {
            let answered = answered.as_ref()?;
            let mut results = answered.over_range.iter().chain(&answered.at_end);
            results.find_map(|result| match result {
                QueryResult::Text(text) => Some(text.clone()),
                _ => None,
            })
        })
    });
    let has_raw = Memo::new(move |_| {
        feed.value.with(|answered| answered.as_ref().is_some_and(|answered| answered.raw.is_some()))
    });
    let face = Memo::new(move |_| {
        let failure = feed.failure.get();
        match (failure.map(|failure| failure.error), feed.value.with(Option::is_some)) {
            (Some(ApiError::Query(_)), _) => Face::Wrong,
            (Some(_), _) => Face::Failed,
            (None, false) => Face::Loading,
            (None, true) if has_raw.get() && view.get() == View::Raw => Face::Raw,
            (None, true) if text.with(Option::is_some) => Face::Text,
            (None, true) if over_range.with(Vec::is_empty) && at_end.with(Vec::is_empty) => Face::Empty,
            (None, true) => Face::Series,
        }
    });
    let failure = Signal::derive(move || {
        feed.failure.get().unwrap_or(Failure { error: ApiError::Aborted, retry_at: None })
    });
    let window = Memo::new(move |_| {
        feed.value.with(|answered| {
            answered.as_ref().map_or(TimeRange { start_ms: 0, end_ms: 1 }, |answered| answered.window)
        })
    });
    let chart_data = Memo::new(move |_| {
        over_range.with(|lines| ChartData { series: lines.iter().map(series_of).collect() })
    });
    let on_zoom = move |zoomed: TimeRange| on_range.run(Range::between(zoomed.start_ms, zoomed.end_ms));
    let (result_title, empty_title, empty_why) =
        (tr(Msg::Result), tr(Msg::ResultEmpty), tr(Msg::ResultEmptyWhy));
    let title = Signal::derive(move || result_title().to_owned());

    let wrong = move || {
        let placed = mistake.with(Option::is_some);
        let title = if placed { Msg::QueryWrong } else { Msg::QueryFailed };
        let why = match failure.get().error {
            // Where it is shown in the editor, once is enough; the words are repeated without the position.
            ApiError::Query(message) => mistake.get().map_or(message, |mistake| mistake.message),
            _ => String::new(),
        };
        view! {
            <Blank icon=IconName::Critical tone=Tone::Critical title=title.text(lang.get()) why=why/>
        }
    };
    let content = move || match face.get() {
        Face::Loading => view! { <BoneLines/> }.into_any(),
        Face::Wrong => wrong().into_any(),
        Face::Failed => {
            view! { <FailureFace failure=failure what=Msg::ExploreWord on_retry=move |()| feed.refresh()/> }
                .into_any()
        }
        Face::Empty => view! {
            <Blank
                icon=IconName::Search
                title=Signal::derive(move || empty_title().to_owned())
                why=Signal::derive(move || empty_why().to_owned())
            />
        }
        .into_any(),
        Face::Raw => view! { <Raw feed=feed/> }.into_any(),
        Face::Text => view! { <pre class="explore__text">{move || text.get()}</pre> }.into_any(),
        Face::Series => view! {
            <Show when=move || view.get().has_graph()>
                <div class="explore__graph">
                    <TimeSeriesChart
                        data=chart_data
                        range=window
                        unit=Unit::parse("short")
                        title=title
                        on_zoom=Callback::new(on_zoom)
                        height=ChartHeight::Tall
                        legend=LegendForm::Hidden
                    />
                </div>
            </Show>
            <Show when=move || view.get() == View::Graph>
                <SeriesTable lines=over_range window=window figures=Figures::OverRange/>
            </Show>
            <Show when=move || view.get() != View::Graph>
                <SeriesTable lines=at_end window=window figures=Figures::AtEnd/>
            </Show>
        }
        .into_any(),
    };
    let is_stale = move || feed.pending.get() && feed.value.with(Option::is_some);
    view! {
        <Show when=move || matches!(face.get(), Face::Series | Face::Empty | Face::Text | Face::Raw)>
            <Summary feed=feed over_range=over_range at_end=at_end/>
        </Show>
        <Panel title=title flush=true class="explore__result">
            <div class="faced" class:is-stale=is_stale aria-busy=move || feed.pending.get().to_string()>
                {content}
            </div>
        </Panel>
    }
}

/// "6 series, 1446 points, 11 ms", and what the server remarked.
#[component]
fn Summary(feed: Feed<Answered>, over_range: Memo<Vec<Line>>, at_end: Memo<Vec<Line>>) -> impl IntoView {
    let lang = use_lang();
    let longest = move || {
        let (a, b) = (over_range.with(Vec::len), at_end.with(Vec::len));
        count(lang.get(), a.max(b), Msg::SeriesOne, Msg::SeriesMany)
    };
    let tone = move || if feed.pending.get() { Tone::Progress } else { Tone::Ok };
    let words = move || if feed.pending.get() { Msg::Running.text(lang.get()).to_owned() } else { longest() };
    let points = move || {
        let sum = |lines: &Vec<Line>| lines.iter().map(|line| line.points.len()).sum::<usize>();
        count(lang.get(), over_range.with(sum) + at_end.with(sum), Msg::PointsOne, Msg::PointsMany)
    };
    let took = move || {
        feed.value
            .with(|answered| answered.as_ref().map(|answered| format::latency(lang.get(), answered.took)))
    };
    let step = move || {
        let step = feed.value.with(|answered| answered.as_ref().map(|answered| answered.step));
        step.map(|step| format!("{} {}", Msg::Step.text(lang.get()), write_duration(step)))
    };
    let remarks = move || {
        let remarks = feed.value.with(|answered| answered.as_ref().map(|answered| answered.remarks.clone()));
        let histograms =
            feed.value.with(|answered| answered.as_ref().map_or(0, |answered| answered.histograms));
        let left_out =
            (histograms > 0).then(|| count(lang.get(), histograms, Msg::HistogramsOne, Msg::HistogramsMany));
        remarks
            .unwrap_or_default()
            .into_iter()
            .chain(left_out)
            .map(|remark| {
                view! {
                    <p class="note is-warning">
                        <Icon name=IconName::Warning/>
                        <span>{remark}</span>
                    </p>
                }
            })
            .collect_view()
    };
    view! {
        <div class="explore__summary" role="status">
            <Status tone=Signal::derive(tone)>{words}</Status>
            <span>{points}</span>
            <span>{took}</span>
            <span>{step}</span>
        </div>
        {remarks}
    }
}

fn lines(result: Option<QueryResult>) -> Vec<Line> {
    result.map(QueryResult::into_lines).unwrap_or_default()
}

/// A series under the name that the tooltip shows.
pub(super) fn series_of(line: &Line) -> ChartSeries {
    ChartSeries { name: line.labels.to_string(), labels: line.labels.clone(), points: line.points.clone() }
}
