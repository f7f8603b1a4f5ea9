//! Whether what is on the screen is the present.

use leptos::prelude::*;

use crate::clock::use_clock;
use crate::format;
use crate::i18n::{Msg, fill, use_lang};
use crate::range::{MINUTE, SECOND};

/// From this age on, data is stale.
const STALE: i64 = MINUTE;

/// "Live, 4 s behind", "Paused", or "Seen 2 min 14 s ago".
#[component]
pub(crate) fn Live(
    /// When the newest sample was taken, in milliseconds on the server's clock; 0 while there is none.
    #[prop(into)]
    newest: Signal<i64>,
    #[prop(into)] paused: Signal<bool>,
    /// Whether the last request failed.
    #[prop(into)]
    failing: Signal<bool>,
) -> impl IntoView {
    let clock = use_clock();
    let lang = use_lang();
    let age = Memo::new(move |_| {
        (newest.get() > 0).then(|| (clock.ticking() - newest.get()).max(0) / SECOND * SECOND)
    });
    let is_stale = move || failing.get() || age.get().is_some_and(|age| age >= STALE);
    let words = move || {
        let lang = lang.get();
        let Some(age) = age.get() else { return String::new() };
        let time = format::age(lang, age);
        let time = [("time", time.as_str())];
        if paused.get() {
            Msg::Paused.text(lang).to_owned()
        } else if is_stale() {
            fill(Msg::SeenAgo.text(lang), &time)
        } else if age < 2 * SECOND {
            Msg::Live.text(lang).to_owned()
        } else {
            fill(Msg::LiveBehind.text(lang), &time)
        }
    };
    view! {
        <Show when=move || age.get().is_some()>
            <span class="live" class:is-stale=is_stale class:is-paused=move || paused.get()>{words}</span>
        </Show>
    }
}
