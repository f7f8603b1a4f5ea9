//! One terminal: its screen, its socket, and what is said when it has ended.

use crowsnest_api::logs::LogTarget;
use crowsnest_api::terminal::{Hello, Size, TerminalEnd, TerminalKind, Told};
use leptos::html;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::emulator::{Emulator, load};
use super::socket::{Heard, Socket};
use crate::api::use_session;
use crate::components::{Icon, IconName};
use crate::i18n::{Lang, Msg, fill, tr, use_lang};

/// How a terminal is doing.
#[derive(Clone, Debug, PartialEq)]
enum State {
    Beginning,
    Open,
    /// It has ended, or never began.
    Over(Over),
}

#[derive(Clone, Debug, PartialEq)]
enum Over {
    Told(Told),
    /// The connection broke, or was refused.
    Cut,
    /// The terminal itself cannot be loaded.
    NotLoaded,
}

/// One terminal.
#[component]
pub(super) fn Screen(
    of: LogTarget,
    container: String,
    kind: TerminalKind,
    is_current: Signal<bool>,
) -> impl IntoView {
    let lang = use_lang();
    let session = use_session();
    let place = NodeRef::<html::Div>::new();
    let emulator = StoredValue::new_local(None::<Emulator>);
    let socket = StoredValue::new_local(None::<Socket>);
    let state = RwSignal::new(State::Beginning);
    let name = format!("{} {container}", of.name.as_str());
    let target = StoredValue::new((of, container));
    let hear = move |heard: Heard| match heard {
        Heard::Output(bytes) => {
            emulator.try_with_value(|emulator| emulator.as_ref().map(|emulator| emulator.write(&bytes)));
        }
        Heard::Told(Told::Open { .. }) => {
            state.try_set(State::Open);
        }
        Heard::Told(told) => {
            state.try_set(State::Over(Over::Told(told)));
        }
        Heard::Closed => {
            state.try_update(|state| {
                if !matches!(state, State::Over(_)) {
                    *state = State::Over(Over::Cut);
                }
            });
        }
    };
    let connect = move || {
        state.set(State::Beginning);
        let size = emulator.with_value(|emulator| emulator.as_ref().map_or((80, 24), Emulator::size));
        let hello =
            Hello { csrf: session.csrf().unwrap_or_default(), size: Size { columns: size.0, rows: size.1 } };
        let opened = target.with_value(|(of, container)| Socket::open(of, container, kind, &hello, hear));
        if opened.is_none() {
            state.set(State::Over(Over::Cut));
        }
        socket.set_value(opened);
        emulator.with_value(|emulator| emulator.as_ref().map(Emulator::focus));
    };
    Effect::new(move || {
        let Some(element) = place.get() else { return };
        spawn_local(async move {
            if !load().await {
                state.try_set(State::Over(Over::NotLoaded));
                return;
            }
            let typed = move |bytes: Vec<u8>| {
                let is_over = state.with_untracked(|state| matches!(state, State::Over(_)));
                if is_over && bytes == b"\r" {
                    connect();
                    return;
                }
                socket.try_with_value(|socket| socket.as_ref().map(|socket| socket.typed(&bytes)));
            };
            let resized = move |columns, rows| {
                socket.try_with_value(|socket| socket.as_ref().map(|socket| socket.resize(columns, rows)));
            };
            // The page may have gone on meanwhile.
            if emulator.try_with_value(|_| ()).is_some() {
                emulator.set_value(Emulator::open(&element, typed, resized));
                connect();
            }
        });
    });
    on_cleanup(move || {
        socket.try_set_value(None);
        emulator.try_set_value(None);
    });
    Effect::new(move || {
        if is_current.get() {
            emulator.with_value(|emulator| emulator.as_ref().map(Emulator::focus));
        }
    });
    let over = move || match state.get() {
        State::Over(over) => Some(over),
        _ => None,
    };
    let told = move |over: Over| {
        view! {
            <div class="terminals__over" role="status">
                <Icon name=IconName::Unplugged/>
                <span>{move || words(lang.get(), &over)}</span>
                <button type="button" class="btn btn--sm" on:click=move |_| connect()>{tr(Msg::TerminalAgain)}</button>
            </div>
        }
    };
    view! {
        <section class="terminals__screen" hidden=move || !is_current.get() aria-label=name>
            <div class="terminals__place" node_ref=place></div>
            {move || over().map(told)}
        </section>
    }
}

/// How a terminal ended.
fn words(lang: Lang, over: &Over) -> String {
    let end = |reason: TerminalEnd| match reason {
        TerminalEnd::SignedOut | TerminalEnd::Expired => Msg::TerminalSignedOut,
        TerminalEnd::Denied => Msg::TerminalDenied,
        TerminalEnd::Silent => Msg::TerminalCut,
        TerminalEnd::Stopped => Msg::TerminalStopped,
    };
    match over {
        Over::Cut => Msg::TerminalCut.text(lang).to_owned(),
        Over::NotLoaded => Msg::TerminalNotLoaded.text(lang).to_owned(),
        Over::Told(Told::Exit { code: Some(code), .. }) => {
            fill(Msg::TerminalExit.text(lang), &[("code", &code.to_string())])
        }
        Over::Told(Told::Exit { message, .. } | Told::Failed { message }) => message.clone(),
        Over::Told(Told::End { reason }) => end(*reason).text(lang).to_owned(),
        Over::Told(Told::Open { .. }) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_says_how_it_ended() {
        let exit = Over::Told(Told::Exit { code: Some(3), message: "x".into() });
        assert_eq!(words(Lang::English, &exit), "The process has ended with exit code 3.");
        let failed = Over::Told(Told::Failed { message: "no shell".into() });
        assert_eq!(words(Lang::English, &failed), "no shell");
    }
}
