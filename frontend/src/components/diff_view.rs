//! Two texts and what differs between them: lines that are gone in red with a minus, lines that came in green with a plus.

use leptos::prelude::*;

use crate::diff::{Fate, diff, hunks};
use crate::i18n::{Msg, tr};

/// The changes from one text to another, with a few lines around each.
#[component]
pub(crate) fn DiffView(before: String, after: String) -> impl IntoView {
    let lines = diff(&before, &after);
    if lines.iter().all(|(fate, _)| *fate == Fate::Same) {
        return view! { <p class="diff__none">{tr(Msg::NoDifference)}</p> }.into_any();
    }
    let line = |line: Option<(Fate, &str)>| match line {
        None => view! { <span class="diff__line diff__line--cut" aria-hidden="true">"⋯\n"</span> }.into_any(),
        Some((fate, text)) => {
            let (class, sign) = match fate {
                Fate::Same => ("", " "),
                Fate::Gone => ("is-gone", "-"),
                Fate::New => ("is-new", "+"),
            };
            view! { <span class=format!("diff__line {class}")>{format!("{sign} {text}\n")}</span> }.into_any()
        }
    };
    let lines = hunks(&lines).into_iter().map(line).collect_view();
    view! { <pre class="diff" tabindex="0" role="region" aria-label=tr(Msg::Difference)>{lines}</pre> }
        .into_any()
}
