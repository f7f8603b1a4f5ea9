//! A question of the Explore page, and asking it.

use crowsnest_chart::TimeRange;
use web_sys::AbortSignal;

use crate::api::{Answer, ApiError, Client, QueryResult, instant, range as query_range};
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
}

impl View {
    /// In the order they are offered.
    pub(super) const ALL: &[Self] = &[Self::Graph, Self::Table, Self::Both];

    /// Its name in the URL; empty for the one that needs none.
    pub(super) fn id(self) -> &'static str {
        match self {
            Self::Graph => "",
            Self::Table => "table",
            Self::Both => "both",
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
        }
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
    pub(super) remarks: Vec<String>,
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
        remarks: Vec::new(),
        took: 0.0,
    };
    if ask.query.trim().is_empty() {
        return Ok(answered);
    }
    let before = js_sys::Date::now();
    if ask.view != View::Table {
        let Answer { result, remarks } = query_range(client, &ask.query, (start, end), step, &abort).await?;
        answered.over_range = Some(result);
        answered.remarks = remarks;
    }
    if ask.view != View::Graph {
        let Answer { result, remarks } = instant(client, &ask.query, Some(end), &abort).await?;
        answered.at_end = Some(result);
        for remark in remarks {
            if !answered.remarks.contains(&remark) {
                answered.remarks.push(remark);
            }
        }
    }
    answered.took = js_sys::Date::now() - before;
    Ok(answered)
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
