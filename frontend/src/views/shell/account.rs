//! Who is signed in, for how long, with the preferences and the way out.

use js_sys::Date;
use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::api::{ApiError, use_client, use_session};
use crate::clock::use_clock;
use crate::components::{Icon, IconName, Popover, Segmented, theme_name};
use crate::format;
use crate::i18n::{Lang, Msg, fill, tr, use_lang};
use crate::prefs::{Theme, use_prefs};
use crate::range::MINUTE;
use crate::views::parts::{self, Lazy};

/// The user's initials, and behind them the menu.
#[component]
pub(super) fn Account(help: RwSignal<bool>) -> impl IntoView {
    let session = use_session();
    let lang = use_lang();
    let open = RwSignal::new(false);
    let user = Memo::new(move |_| session.user());
    let label = move || fill(Msg::Account.text(lang.get()), &[("user", &user.get())]);
    view! {
        <Popover
            open=open
            label=Signal::derive(label)
            class="avatar"
            trigger=move || view! { <span class="avatar__initials" data-initials=move || format::initials(&user.get())></span> }
        >
            <AccountMenu user=user help=help open=open/>
        </Popover>
    }
}

#[component]
fn AccountMenu(user: Memo<String>, help: RwSignal<bool>, open: RwSignal<bool>) -> impl IntoView {
    let session = use_session();
    let client = use_client();
    let prefs = use_prefs();
    let clock = use_clock();
    let lang = use_lang();
    let failure = RwSignal::new(None::<ApiError>);
    let current = session.current();
    let groups = current.as_ref().map(|session| session.groups.join(", "));
    let expires = current.map_or(f64::NAN, |session| Date::parse(&session.expires));
    let ends = move || {
        let left = (expires - clock.ticking() as f64).max(0.0) as i64;
        let time = format::duration(lang.get(), left - left % MINUTE);
        expires.is_finite().then(|| fill(Msg::SessionEnds.text(lang.get()), &[("time", &time)]))
    };
    let sign_out = move |_| {
        spawn_local(async move {
            if let Err(error) = session.sign_out(client).await {
                failure.try_set(Some(error));
            }
        });
    };
    let complaint = move || {
        failure.get().map(|error| {
            let lang = lang.get();
            let why = match error {
                ApiError::Refused { message, .. } | ApiError::Denied(message) | ApiError::Query(message) => {
                    message
                }
                _ => Msg::CannotReachWhy.text(lang).to_owned(),
            };
            fill(Msg::SignOutFailed.text(lang), &[("why", &why)])
        })
    };
    let themes = move || {
        let lang = lang.get();
        Theme::ALL.iter().map(|theme| (*theme, theme_name(*theme, lang).to_owned())).collect::<Vec<_>>()
    };
    let languages: Vec<_> = Lang::ALL.iter().map(|lang| (*lang, lang.name().to_owned())).collect();
    let word = |msg: Msg| Signal::derive(move || msg.text(lang.get()).to_owned());
    view! {
        <div class="menu account">
            <div class="account__who">
                <p class="account__name">{move || user.get()}</p>
                <p class="account__note">{groups}</p>
                <p class="account__note">{ends}</p>
            </div>
            <div class="account__choices">
                <span class="menu__group" aria-hidden="true">{tr(Msg::Theme)}</span>
                <Segmented
                    label=word(Msg::Theme)
                    options=Signal::derive(themes)
                    value=prefs.theme
                    on_change=move |theme| prefs.theme.set(theme)
                    block=true
                />
                <span class="menu__group" aria-hidden="true">{tr(Msg::Language)}</span>
                <Segmented
                    label=word(Msg::Language)
                    options=Signal::stored(languages)
                    value=prefs.lang
                    on_change=move |lang| prefs.lang.set(lang)
                    block=true
                />
                <Lazy part=parts::browser_notices/>
            </div>
            <div class="account__actions">
                <button
                    type="button"
                    class="menu__item"
                    on:click=move |_| {
                        open.set(false);
                        help.set(true);
                    }
                >
                    <Icon name=IconName::Help/>
                    {tr(Msg::Keys)}
                </button>
                <button type="button" class="menu__item" on:click=sign_out>
                    <Icon name=IconName::Leave/>
                    {tr(Msg::SignOut)}
                </button>
                <p class="account__complaint" role="alert">{complaint}</p>
            </div>
        </div>
    }
}
