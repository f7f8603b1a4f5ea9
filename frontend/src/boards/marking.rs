//! What a dashboard's sources of marks say, for all its charts at once.

use std::collections::BTreeMap;

use crowsnest_dashboards::marks::{Marked, marks, query};
use crowsnest_dashboards::model::Annotation;
use crowsnest_dashboards::query::Query;
use leptos::prelude::*;

use super::asking::use_asker;
use super::board::Board;
use crate::poll::{Cadence, poll};

/// What is asked: the time range, and each source's question.
#[derive(Clone, PartialEq)]
struct Asked {
    window: (i64, i64),
    questions: Vec<Query>,
    sources: Vec<Annotation>,
    matchers: Vec<String>,
}

impl Board {
    /// Sources that ask our store; tracked.
    pub(crate) fn mark_sources(&self) -> Vec<Annotation> {
        let is_ours = |source: &Annotation| !source.built_in && !source.expr.trim().is_empty();
        self.dashboard.with(|dashboard| dashboard.annotations().into_iter().filter(is_ours).collect())
    }

    /// Whether a source is on; tracked.
    pub(crate) fn is_marking(&self, source: &Annotation) -> bool {
        self.marking.with(|chosen| chosen.get(&source.name).copied()).unwrap_or(source.enabled)
    }
}

/// Keeps the marks of `board` what its sources say of its time range.
pub(crate) fn keep_marked(board: Board) {
    let asker = use_asker();
    let asked = Memo::new(move |_| {
        let on: Vec<Annotation> =
            board.mark_sources().into_iter().filter(|source| board.is_marking(source)).collect();
        if on.is_empty() || !board.loading.with(|loading| loading.is_done()) {
            return None;
        }
        let window = board.window.get();
        let (sources, questions) = board.asking(
            &BTreeMap::new(),
            1,
            |_| window,
            |context| {
                on.into_iter()
                    .filter_map(|source| query(&source, context).map(|query| (source, query)))
                    .unzip()
            },
        );
        let matchers = board.loading.with(|loading| loading.adhoc_matchers());
        Some(Asked { window, questions, sources, matchers })
    });
    let feed = poll(
        move || match asked.get() {
            Some(asked) => (Some(asked), Cadence::Once),
            None => (None, Cadence::Never),
        },
        move |asked: Option<Asked>, abort| async move {
            let Some(Asked { window, mut questions, sources, matchers }) = asked else {
                return Ok(Vec::new());
            };
            // Two sources may have one name: answers are told apart by their place.
            for (at, question) in questions.iter_mut().enumerate() {
                question.ref_id = at.to_string();
            }
            let data = Board::answers(asker, window, questions, matchers, abort).await?;
            let marked = |(at, source): (usize, Annotation)| {
                let answer = data.answers.iter().find(|answer| answer.query.ref_id == at.to_string())?;
                let step = answer.query.step_ms.unwrap_or(1);
                Some(Marked { marks: marks(&source, step, &answer.series), source })
            };
            Ok(sources.into_iter().enumerate().filter_map(marked).collect::<Vec<_>>())
        },
    );
    Effect::new(move || {
        // Whatever is switched off is gone at once.
        let is_on = asked.with(Option::is_some);
        let marked = if is_on { feed.value.get().unwrap_or_default() } else { Vec::new() };
        board.marked.set(marked);
    });
}
