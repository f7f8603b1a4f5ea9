//! What a dashboard's sources of marks say, for all its charts at once.

use std::collections::BTreeMap;

use crowsnest_dashboards::marks::{EventsAsked, Marked, events_asked, marks, of_events, query};
use crowsnest_dashboards::model::Annotation;
use crowsnest_dashboards::query::Query;
use leptos::prelude::*;
use web_sys::AbortSignal;

use super::asking::{Asker, use_asker};
use super::board::{Board, PanelData};
use crate::api::{ApiError, fetch_events, use_client};
use crate::poll::{Cadence, poll};

/// What is asked: the time range, and what each source wants of the store or of the cluster.
#[derive(Clone, PartialEq)]
struct Asked {
    window: (i64, i64),
    queries: Vec<(Annotation, Query)>,
    events: Vec<(Annotation, EventsAsked)>,
    matchers: Vec<String>,
}

impl Board {
    /// Sources that ask our store, or the cluster; tracked.
    pub(crate) fn mark_sources(&self) -> Vec<Annotation> {
        let is_ours = |source: &Annotation| source.events.is_some() || !source.expr.trim().is_empty();
        self.dashboard.with(|dashboard| dashboard.annotations().into_iter().filter(is_ours).collect())
    }

    /// Whether a source is on; tracked.
    pub(crate) fn is_marking(&self, source: &Annotation) -> bool {
        self.marking.with(|chosen| chosen.get(&source.name).copied()).unwrap_or(source.enabled)
    }
}

/// Keeps the marks of `board` what its sources say of its time range.
pub(crate) fn keep_marked(board: Board) {
    let (asker, client) = (use_asker(), use_client());
    let asked = Memo::new(move |_| {
        let on: Vec<Annotation> =
            board.mark_sources().into_iter().filter(|source| board.is_marking(source)).collect();
        if on.is_empty() || !board.loading.with(|loading| loading.is_done()) {
            return None;
        }
        let window = board.window.get();
        let matchers = board.loading.with(|loading| loading.adhoc_matchers());
        let asked = board.asking(
            &BTreeMap::new(),
            1,
            |_| window,
            |context| {
                let of = |source: &Annotation| query(source, context).map(|query| (source.clone(), query));
                let happened =
                    |source: &Annotation| events_asked(source, context).map(|asked| (source.clone(), asked));
                let queries = on.iter().filter_map(of).collect();
                Asked { window, queries, events: on.iter().filter_map(happened).collect(), matchers }
            },
        );
        Some(asked)
    });
    let feed = poll(
        move || match asked.get() {
            Some(asked) => (Some(asked), Cadence::Once),
            None => (None, Cadence::Never),
        },
        move |asked: Option<Asked>, abort| async move {
            let Some(asked) = asked else { return Ok(Vec::new()) };
            let mut marked = queried(asker, &asked, abort.clone()).await?;
            for (source, asked) in asked.events {
                // Where there is no cluster, or it cannot be read, nothing is marked.
                let happened = fetch_events(client, &asked, &abort).await.unwrap_or_default();
                marked.push(Marked { marks: of_events(&source, &asked, &happened), source });
            }
            Ok(marked)
        },
    );
    Effect::new(move || {
        // Whatever is switched off is gone at once.
        let is_on = asked.with(Option::is_some);
        let marked = if is_on { feed.value.get().unwrap_or_default() } else { Vec::new() };
        board.marked.set(marked);
    });
}

/// What the store's answers mark.
async fn queried(asker: Asker, asked: &Asked, abort: AbortSignal) -> Result<Vec<Marked>, ApiError> {
    // Two sources may have one name: answers are told apart by their place.
    let numbered = |(at, (_, query)): (usize, &(Annotation, Query))| {
        let ref_id = at.to_string();
        Query { ref_id, ..query.clone() }
    };
    let questions = asked.queries.iter().enumerate().map(numbered).collect();
    let none = PanelData::default();
    let data = Board::answers(asker, asked.window, questions, asked.matchers.clone(), none, abort).await?;
    let marked = |(at, (source, _)): (usize, &(Annotation, Query))| {
        let answer = data.answers.iter().find(|answer| answer.query.ref_id == at.to_string())?;
        let step = answer.query.step_ms.unwrap_or(1);
        Some(Marked { marks: marks(source, step, &answer.series), source: source.clone() })
    };
    Ok(asked.queries.iter().enumerate().filter_map(marked).collect())
}
