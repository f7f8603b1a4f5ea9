//! Terminals in a pod's containers: several beside each other, each with its own WebSocket.

mod emulator;
mod screen;
mod socket;

use crowsnest_api::access::Right;
use crowsnest_api::logs::LogTarget;
use crowsnest_api::terminal::TerminalKind;
use leptos::prelude::*;

use self::screen::Screen;
use crate::access::use_access;
use crate::api::use_session;
use crate::components::{Icon, IconName, Missing, Select};
use crate::i18n::{Msg, tr, use_lang};
use crate::kinds::KindRow;
use crate::router::use_router;

/// The parameter that names a container at whose process the first terminal is.
pub(super) const ATTACH: &str = "attach";

/// Whether objects of a kind have terminals.
pub(super) fn has_terminals(row: &KindRow) -> bool {
    row.api == ("", "v1", "pods")
}

/// What one terminal talks to.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Session {
    id: u32,
    container: String,
    kind: TerminalKind,
}

/// The terminals of a pod, the first of which opens by itself.
#[component]
pub(super) fn TerminalsView(
    target: LogTarget,
    #[prop(into)] containers: Signal<Vec<String>>,
    /// Those that were added to the pod and run.
    #[prop(into)]
    running: Signal<Vec<String>>,
) -> impl IntoView {
    let lang = use_lang();
    let session = use_session();
    let (namespace, name) = (target.scope.to_string(), target.name.as_str().to_owned());
    let missing = use_access().missing(move || {
        let right = Right::to("create", "", "pods", "").below("exec");
        vec![right.within(namespace.clone()).named(name.clone())]
    });
    let lacking = Memo::new(move |_| missing.get().unwrap_or_default());
    let may = Memo::new(move |_| missing.with(|missing| missing.as_ref().map(Vec::is_empty)));
    let chosen = RwSignal::new(None::<String>);
    let container = Memo::new(move |_| {
        let all = containers.get();
        chosen.get().filter(|name| all.contains(name)).or_else(|| all.first().cloned()).unwrap_or_default()
    });
    let sessions = RwSignal::new(Vec::<Session>::new());
    let current = RwSignal::new(0_u32);
    let next = StoredValue::new(1_u32);
    let open_in = move |kind: TerminalKind, container: String| {
        let id = next.get_value();
        next.set_value(id + 1);
        sessions.update(|sessions| sessions.push(Session { id, container, kind }));
        current.set(id);
    };
    let open = move |kind: TerminalKind| open_in(kind, container.get_untracked());
    let attach = use_router().param(ATTACH);
    Effect::new(move || {
        let is_ready = may.get() == Some(true) && !container.with(String::is_empty);
        if !is_ready || next.get_value() != 1 {
            return;
        }
        match attach.get() {
            None => open(TerminalKind::Exec),
            // It has to be started first.
            Some(name) if running.with(|running| running.contains(&name)) => {
                open_in(TerminalKind::Attach, name);
            }
            Some(_) => {}
        }
    });
    let close = move |id: u32| {
        sessions.update(|sessions| sessions.retain(|session| session.id != id));
        if current.get_untracked() == id {
            current.set(sessions.with_untracked(|sessions| sessions.last().map_or(0, |session| session.id)));
        }
    };
    let options = Signal::derive(move || {
        containers.get().into_iter().map(|name| (name.clone(), name)).collect::<Vec<_>>()
    });
    let head = move |session: Session| {
        let Session { id, container, kind } = session;
        let words = move || match kind {
            TerminalKind::Exec => container.clone(),
            TerminalKind::Attach => format!("{container} · {}", Msg::TerminalAttach.text(lang.get())),
        };
        view! {
            <span class="terminals__tab" class:is-current=move || current.get() == id>
                <button type="button" class="terminals__name" aria-pressed=move || (current.get() == id).to_string() on:click=move |_| current.set(id)>
                    {id.to_string()}" "{words}
                </button>
                <button type="button" class="terminals__close" aria-label=tr(Msg::TerminalClose) title=tr(Msg::TerminalClose) on:click=move |_| close(id)>
                    <Icon name=IconName::Close/>
                </button>
            </span>
        }
    };
    let of = StoredValue::new(target);
    let user = Signal::derive(move || session.user());
    let several = Memo::new(move |_| containers.with(|all| all.len() > 1));
    let button = move |kind: TerminalKind, words: Msg| {
        view! {
            <button type="button" class="btn btn--sm" on:click=move |_| open(kind)>{tr(words)}</button>
        }
    };
    view! {
        <Show when=move || may.get() == Some(false)>
            <div class="terminals__denied" role="alert"><Missing rights=lacking user=user/></div>
        </Show>
        <Show when=move || may.get() == Some(true)>
            <div class="terminals">
                <div class="page__bar terminals__bar">
                    <div class="terminals__tabs" role="group" aria-label=tr(Msg::Terminals)>
                        <For each=move || sessions.get() key=|session| session.id let(session)>{head(session)}</For>
                    </div>
                    <Show when=move || several.get()>
                        <Select
                            label=Signal::derive(move || Msg::LogsContainer.text(lang.get()).to_owned())
                            options=options
                            value=container
                            on_change=move |name: String| chosen.set(Some(name))
                        />
                    </Show>
                    {button(TerminalKind::Exec, Msg::TerminalNew)}
                    {button(TerminalKind::Attach, Msg::TerminalAttach)}
                </div>
                <div class="terminals__screens">
                    <For each=move || sessions.get() key=|session| session.id let(session)>
                        <Screen of=of.get_value() container=session.container kind=session.kind is_current=Signal::derive(move || current.get() == session.id)/>
                    </For>
                </div>
            </div>
        </Show>
    }
}
