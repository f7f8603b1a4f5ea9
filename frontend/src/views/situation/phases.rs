//! The pods by phase: a bar, and a row for each that leads to its pods.

use leptos::prelude::*;

use crate::cluster::pod::Phase;
use crate::components::{Icon, Panel};
use crate::i18n::{Msg, tr, use_lang};
use crate::router::{Page, Route, use_router};

fn words(phase: Phase) -> Msg {
    match phase {
        Phase::Ready => Msg::PhaseReady,
        Phase::NotReady => Msg::PhaseNotReady,
        Phase::Pending => Msg::PhasePending,
        Phase::Failed => Msg::PhaseFailed,
        Phase::Completed => Msg::PhaseCompleted,
    }
}

/// What the list of pods is filtered by.
fn filter(phase: Phase) -> &'static str {
    match phase {
        Phase::Ready => "ok",
        Phase::NotReady => "warning",
        Phase::Pending => "progress",
        Phase::Failed => "critical",
        Phase::Completed => "done",
    }
}

/// The panel.
#[component]
pub(super) fn Phases(phases: Memo<[usize; 5]>) -> impl IntoView {
    let router = use_router();
    let lang = use_lang();
    let of = move |at: usize| phases.with(|phases| phases.get(at).copied().unwrap_or(0));
    let total = Memo::new(move |_| phases.with(|phases| phases.iter().sum::<usize>()));
    let part = move |(at, phase): (usize, &'static Phase)| {
        let width = move || format!("{:.3}%", of(at) as f64 * 100.0 / total.get().max(1) as f64);
        view! { <span class=format!("phases__part {}", phase.tone().class()) style:width=width></span> }
    };
    let row = move |(at, phase): (usize, &'static Phase)| {
        let tone = phase.tone();
        let href = move || {
            let ns = router.route().params.get("ns").unwrap_or_default().to_owned();
            Route::to(Page::List("pods")).with("ns", &ns).with("state", filter(*phase)).to_string()
        };
        view! {
            <li class="phases__row" class:is-none=move || of(at) == 0>
                <a class=format!("status {}", tone.class()) href=href>
                    <Icon name=tone.icon()/>
                    <span class="status__word">{move || words(*phase).text(lang.get())}</span>
                </a>
                <span class="phases__count">{move || of(at)}</span>
            </li>
        }
    };
    let title = tr(Msg::PodsByPhase);
    let tools = move || view! { <span>{total}</span> };
    view! {
        <Panel title=Signal::derive(move || title().to_owned()) tools=tools class="phases">
            <div class="phases__bar" aria-hidden="true">{Phase::ALL.iter().enumerate().map(part).collect_view()}</div>
            <ul>{Phase::ALL.iter().enumerate().map(row).collect_view()}</ul>
        </Panel>
    }
}
