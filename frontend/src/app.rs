//! The application: what every part of it shares, and whether the visitor sees it or the sign-in page.

use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::api::{SessionState, provide_client, provide_session};
use crate::clock::provide_clock;
use crate::components::{FailureFace, Panel};
use crate::i18n::Msg;
use crate::poll::Failure;
use crate::prefs::provide_prefs;
use crate::router::provide_router;
use crate::shortcuts::provide_shortcuts;
use crate::views::{KeyList, Shell, SignIn};

/// Which of the three faces the application has.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Asking,
    Failed,
    Out,
    In,
}

/// The whole interface.
#[component]
pub(crate) fn App() -> impl IntoView {
    provide_prefs();
    let clock = provide_clock();
    let router = provide_router();
    let session = provide_session();
    let client = provide_client(session, clock);
    let help = RwSignal::new(false);
    provide_shortcuts(router, help);

    let ask = move || spawn_local(async move { session.ask(client).await });
    ask();

    // A new CSRF value or a longer session does not draw the page anew.
    let stage = Memo::new(move |_| match session.state() {
        SessionState::Asking => Stage::Asking,
        SessionState::Failed(_) => Stage::Failed,
        SessionState::Out(_) => Stage::Out,
        SessionState::In(_) => Stage::In,
    });
    let failure = Signal::derive(move || match session.state() {
        SessionState::Failed(error) => Failure { error, retry_at: None },
        _ => Failure { error: crate::api::ApiError::Aborted, retry_at: None },
    });
    let face = move || match stage.get() {
        // The answer takes a moment: a page that appears and goes would only flicker.
        Stage::Asking => ().into_any(),
        Stage::Failed => view! {
            <main class="app-failure">
                <Panel title="Crowsnest">
                    <FailureFace failure=failure what=Msg::ThisServer on_retry=move |()| ask()/>
                </Panel>
            </main>
        }
        .into_any(),
        Stage::Out => view! { <SignIn/> }.into_any(),
        Stage::In => view! { <Shell help=help/> }.into_any(),
    };
    view! {
        {face}
        <KeyList open=help/>
    }
}
