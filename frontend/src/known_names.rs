//! The names that editors of PromQL complete, asked of the server for as long as an editor is on the page.

use std::time::Duration;

use leptos::prelude::*;

use crate::api::{fetch_labels, fetch_vocabulary, use_client};
use crate::assist::{LabelNames, LabelQuestion, Vocabulary};
use crate::components::EditorState;
use crate::poll::{Cadence, Feed, poll};

/// How often the names of metrics are read anew.
const VOCABULARY_EVERY: Duration = Duration::from_secs(300);

/// The metrics there are, as they come.
pub(crate) fn metrics() -> Feed<Vocabulary> {
    let client = use_client();
    poll(|| ((), Cadence::Every(VOCABULARY_EVERY)), move |(), abort| fetch_vocabulary(client, abort))
}

/// Those that have come.
pub(crate) fn vocabulary(metrics: Feed<Vocabulary>) -> Memo<Vocabulary> {
    Memo::new(move |_| metrics.value.get().unwrap_or_default())
}

/// The answers to what an editor asks about labels.
pub(crate) fn labels_for(editor: EditorState) -> Memo<LabelNames> {
    let client = use_client();
    let labels = poll(
        move || match editor.question.get() {
            Some(question) => (question, Cadence::Once),
            None => (LabelQuestion::default(), Cadence::Never),
        },
        move |question, abort| fetch_labels(client, question, abort),
    );
    Memo::new(move |_| labels.value.get().unwrap_or_default())
}
