//! The parts of the API server, those that are not well first.

use crowsnest_api::about::{AboutCluster, Check, Health, HealthState};
use leptos::prelude::*;

use super::title;
use crate::components::{Icon, Panel, Status, Tone};
use crate::i18n::{Msg, fill, tr, use_lang};
use crate::poll::Feed;

/// What is said of a state, and how it looks.
pub(super) const fn words(state: HealthState) -> (Tone, Msg) {
    match state {
        HealthState::Good => (Tone::Ok, Msg::Healthy),
        HealthState::Bad => (Tone::Critical, Msg::Unhealthy),
        HealthState::Denied => (Tone::Unknown, Msg::MayNotAsk),
        HealthState::Unknown => (Tone::Warning, Msg::NoAnswer),
    }
}

/// Ready and alive, each with its parts.
#[component]
pub(super) fn HealthPanel(about: Feed<AboutCluster>) -> impl IntoView {
    let of = move |read: fn(&AboutCluster) -> &Health| {
        Memo::new(move |_| {
            about.value.with(|about| about.as_ref().map(|about| read(about).clone())).unwrap_or_default()
        })
    };
    let (ready, live) = (of(|about| &about.ready), of(|about| &about.live));
    view! {
        <Panel title=title(Msg::Components) class="grid__12">
            <Answer path="/readyz" health=ready/>
            <Answer path="/livez" health=live/>
        </Panel>
    }
}

#[component]
fn Answer(path: &'static str, health: Memo<Health>) -> impl IntoView {
    let lang = use_lang();
    let status = move || {
        let (tone, word) = words(health.with(|health| health.state));
        view! { <Status tone=tone>{move || word.text(lang.get())}</Status> }
    };
    let why = move || {
        let why = health.with(|health| health.why.clone());
        (!why.is_empty()).then(|| view! { <p class="about__why">{why}</p> })
    };
    let line = |check: Check| {
        let tone = if check.ok { Tone::Ok } else { Tone::Critical };
        view! { <li class=format!("about__check {}", tone.class())><Icon name=tone.icon()/><span>{check.name}</span></li> }
    };
    let part = move |ok: bool| {
        health.with(|health| health.checks.iter().filter(|check| check.ok == ok).cloned().collect::<Vec<_>>())
    };
    let good = Memo::new(move |_| part(true));
    let summary = move || fill(Msg::PartsWell.text(lang.get()), &[("n", &good.with(Vec::len).to_string())]);
    view! {
        <div class="about__answer">
            <h3 class="about__path"><code>{path}</code>{status}</h3>
            {why}
            <ul>{move || part(false).into_iter().map(line).collect_view()}</ul>
            <Show when=move || good.with(|good| !good.is_empty())>
                <details>
                    <summary class="link">{summary}</summary>
                    <ul class="about__checks" aria-label=tr(Msg::Components)>
                        {move || good.get().into_iter().map(line).collect_view()}
                    </ul>
                </details>
            </Show>
        </div>
    }
}
