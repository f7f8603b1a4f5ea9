//! Where you are, and the way back up.

use leptos::prelude::*;

use crate::i18n::{Msg, tr};

/// One step of the way.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Crumb {
    pub(crate) label: String,
    /// Where it leads; nothing for a group without a page, and for the last one.
    pub(crate) href: Option<String>,
}

/// The way to the current page, its own name last. On narrow screens only that is shown.
#[component]
pub(crate) fn Crumbs(#[prop(into)] way: Signal<Vec<Crumb>>) -> impl IntoView {
    let steps = move || {
        let mut way = way.get();
        // A group that is called like its only page is no step.
        way.dedup_by(|page, group| page.label == group.label && group.href.is_none());
        let last = way.len().saturating_sub(1);
        way.into_iter()
            .enumerate()
            .map(|(at, Crumb { label, href })| match (at == last, href) {
                (true, _) => view! { <li class="crumbs__step" aria-current="page">{label}</li> }.into_any(),
                (false, Some(href)) => {
                    view! { <li class="crumbs__step is-above"><a href=href>{label}</a></li> }.into_any()
                }
                (false, None) => view! { <li class="crumbs__step is-above">{label}</li> }.into_any(),
            })
            .collect_view()
    };
    view! {
        <nav class="crumbs" aria-label=tr(Msg::Breadcrumb)>
            <ol class="crumbs__way">{steps}</ol>
        </nav>
    }
}
