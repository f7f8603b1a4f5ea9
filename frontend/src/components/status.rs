//! The status vocabulary: shape, word and colour always together.

use leptos::prelude::*;

use super::{Icon, IconName};

/// The words of the status vocabulary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    Ok,
    Progress,
    Warning,
    Critical,
    Unknown,
    /// Over, or set aside on purpose: nothing to do.
    Done,
}

impl Tone {
    /// The state class that sets its colours.
    pub(crate) fn class(self) -> &'static str {
        match self {
            Self::Ok => "is-ok",
            Self::Progress => "is-progress",
            Self::Warning => "is-warning",
            Self::Critical => "is-critical",
            Self::Unknown => "is-unknown",
            Self::Done => "is-done",
        }
    }

    /// Its silhouette.
    pub(crate) fn icon(self) -> IconName {
        match self {
            Self::Ok => IconName::Ok,
            Self::Progress => IconName::Progress,
            Self::Warning => IconName::Warning,
            Self::Critical => IconName::Critical,
            Self::Unknown => IconName::Unknown,
            Self::Done => IconName::Done,
        }
    }
}

/// An icon and a word.
#[component]
pub(crate) fn Status(#[prop(into)] tone: Signal<Tone>, children: Children) -> impl IntoView {
    view! {
        <span class=move || format!("status {}", tone.get().class())>
            <Icon name=Signal::derive(move || tone.get().icon())/>
            <span class="status__word">{children()}</span>
        </span>
    }
}

/// A word on a tinted ground, beside a name.
#[component]
pub(crate) fn Badge(tone: Tone, children: Children) -> impl IntoView {
    view! { <span class=format!("badge {}", tone.class())>{children()}</span> }
}
