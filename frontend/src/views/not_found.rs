//! An address that no page answers to.

use leptos::prelude::*;

use crate::components::{Blank, IconName, Panel};
use crate::i18n::{Msg, fill, tr, use_lang};
use crate::router::{Page, Route};

/// Says so, and offers the way home.
#[component]
pub(crate) fn NotFound(path: String) -> impl IntoView {
    let lang = use_lang();
    let title = tr(Msg::PageUnknown);
    let why = move || fill(Msg::PageUnknownWhy.text(lang.get()), &[("path", &path)]);
    let actions = || view! { <a class="btn btn--sm" href=Route::to(Page::Overview).to_string()>{tr(Msg::GoToOverview)}</a> };
    view! {
        <div class="page">
            <h1 class="visually-hidden">{title}</h1>
            <Panel title="404">
                <Blank
                    icon=IconName::Compass
                    title=Signal::derive(move || title().to_owned())
                    why=Signal::derive(why)
                    actions=actions
                />
            </Panel>
        </div>
    }
}
