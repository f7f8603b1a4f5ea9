//! A question of the Explore page, and asking it.

use crowsnest_api::query_stats::QueryStatistics;
use crowsnest_chart::TimeRange;
use web_sys::AbortSignal;

use crate::api::{
    Answer, ApiError, Client, Detail, QueryResult, ask as ask_query, instant_query, range_query,
};
use crate::clock::Clock;
use crate::i18n::Msg;
use crate::range::{Range, SECOND};

/// How the answer is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum View {
    /// Over the range, with figures of each series below.
    Graph,
    /// At the end of the range.
    Table,
    Both,
    /// The answer at the end of the range, as the server writes it.
    Raw,
}

impl View {
    /// In the order they are offered.
    pub(super) const ALL: &[Self] = &[Self::Graph, Self::Table, Self::Both, Self::Raw];

    /// Its name in the URL; empty for the one that needs none.
    pub(super) fn id(self) -> &'static str {
        match self {
            Self::Graph => "",
            Self::Table => "table",
            Self::Both => "both",
            Self::Raw => "raw",
        }
    }

    /// The view of that name.
    pub(super) fn from_id(id: &str) -> Self {
        Self::ALL.iter().copied().find(|view| view.id() == id).unwrap_or(Self::Graph)
    }

    pub(super) fn title(self) -> Msg {
        match self {
            Self::Graph => Msg::ViewGraph,
            Self::Table => Msg::ViewTable,
            Self::Both => Msg::ViewBoth,
            Self::Raw => Msg::ViewRaw,
        }
    }

    /// Whether it shows the range.
    pub(super) fn has_graph(self) -> bool {
        matches!(self, Self::Graph | Self::Both)
    }
}

/// A question.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Ask {
    pub(super) query: String,
    pub(super) range: Range,
    /// Milliseconds; chosen by the range where it is `None`.
    pub(super) step: Option<i64>,
    pub(super) view: View,
    /// Whether it is to be told what each part cost.
    pub(super) explain: bool,
}

/// What came back.
#[derive(Clone, PartialEq)]
pub(super) struct Answered {
    pub(super) ask: Ask,
    pub(super) window: TimeRange,
    pub(super) step: i64,
    /// Over the range, where the view has a graph.
    pub(super) over_range: Option<QueryResult>,
    /// At its end, where the view has a table.
    pub(super) at_end: Option<QueryResult>,
    /// Where to ask for what the raw view shows, and that.
    pub(super) raw: Option<(String, String)>,
    pub(super) remarks: Vec<String>,
    /// Series that are native histograms.
    pub(super) histograms: usize,
    /// What it cost, where that was asked for.
    pub(super) cost: Option<QueryStatistics>,
    /// Milliseconds that it took.
    pub(super) took: f64,
}

/// Asks the server what the view needs. An empty question has an empty answer.
pub(super) async fn fetch(
    client: Client,
    clock: Clock,
    ask: Ask,
    abort: AbortSignal,
) -> Result<Answered, ApiError> {
    let step = ask.step.unwrap_or_else(|| ask.range.step(SECOND));
    let (start, end) = ask.range.bounds(clock.now());
    // Live ranges end on a whole step, so that asking again soon gives the same points.
    let end = if ask.range.is_live() { end.div_euclid(step) * step } else { end };
    let start = if ask.range.is_live() { end - ask.range.length() } else { start };
    let window = TimeRange { start_ms: start, end_ms: end };
    let mut answered = Answered {
        ask: ask.clone(),
        window,
        step,
        over_range: None,
        at_end: None,
        raw: None,
        remarks: Vec::new(),
        histograms: 0,
        cost: None,
        took: 0.0,
    };
    if ask.query.trim().is_empty() {
        return Ok(answered);
    }
    let before = js_sys::Date::now();
    let (of_range, of_end) =
        (range_query(&ask.query, (start, end), step), instant_query(&ask.query, Some(end)));
    if ask.view.has_graph() {
        let detail = Detail { cost: ask.explain, text: false };
        let answer = ask_query(client, &of_range, detail, &abort).await?;
        answered.over_range = Some(answered.note(answer));
    }
    if ask.view != View::Graph {
        // What a question costs is told of one of its answers.
        let detail = Detail { cost: ask.explain && ask.view != View::Both, text: ask.view == View::Raw };
        let mut answer = ask_query(client, &of_end, detail, &abort).await?;
        let (path, query) = of_end;
        answered.raw = answer.text.take().map(|text| (format!("{path}?{query}"), text));
        answered.at_end = Some(answered.note(answer));
    }
    answered.took = js_sys::Date::now() - before;
    Ok(answered)
}

impl Answered {
    /// Keeps what was said beside a result.
    fn note(&mut self, answer: Answer) -> QueryResult {
        for remark in answer.remarks {
            if !self.remarks.contains(&remark) {
                self.remarks.push(remark);
            }
        }
        self.histograms = self.histograms.max(answer.histograms);
        self.cost = self.cost.take().or(answer.cost);
        answer.result
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn views_come_back_from_the_address() {
        for view in View::ALL {
            assert_eq!(View::from_id(view.id()), *view);
        }
        assert_eq!(View::from_id("pie"), View::Graph);
    }
}
