//! A new client certificate: for whom and how long, and then the file with its password, once.

use crowsnest_api::credentials::{MintRequest, Minted};
use leptos::ev;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::credentials::why;
use crate::api::{ApiError, mint, use_client};
use crate::components::{CopyButton, Icon, IconName, Select, TextInput};
use crate::download::{download, from_base64};
use crate::i18n::{Msg, fill, tr, use_lang};

/// Days that are offered.
const DAYS: &[u32] = &[1, 7, 30, 90, 365];
const DEFAULT_DAYS: u32 = 90;

/// The form; after it, what came of it. What is left goes with the dialog.
#[component]
pub(super) fn MintForm() -> impl IntoView {
    let minted = RwSignal::new(None::<Minted>);
    move || match minted.get() {
        None => view! { <Ask minted=minted/> }.into_any(),
        Some(minted) => view! { <Take minted=minted/> }.into_any(),
    }
}

#[component]
fn Ask(minted: RwSignal<Option<Minted>>) -> impl IntoView {
    let lang = use_lang();
    let client = use_client();
    let (user, groups) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let days = RwSignal::new(DEFAULT_DAYS);
    let busy = RwSignal::new(false);
    let failure = RwSignal::new(None::<ApiError>);
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        let asked = request(&user.get_untracked(), &groups.get_untracked(), days.get_untracked());
        if asked.user.is_empty() || busy.get_untracked() {
            return;
        }
        busy.set(true);
        failure.set(None);
        spawn_local(async move {
            match mint(client, &asked).await {
                Ok(made) => _ = minted.try_set(Some(made)),
                Err(error) => _ = failure.try_set(Some(error)),
            }
            busy.try_set(false);
        });
    };
    let lengths = move || {
        let lang = lang.get();
        DAYS.iter()
            .map(|days| {
                (days.to_string(), crate::i18n::count(lang, *days as usize, Msg::DaysOne, Msg::DaysMany))
            })
            .collect::<Vec<_>>()
    };
    let choose = move |chosen: String| days.set(chosen.parse().unwrap_or(DEFAULT_DAYS));
    let text = move |label: Msg, hint: Msg, value: RwSignal<String>| {
        view! {
            <label class="field">
                <span class="field__label">{tr(label)}</span>
                <TextInput value=value/>
                <span class="field__hint">{tr(hint)}</span>
            </label>
        }
    };
    let words = move || if busy.get() { Msg::Signing } else { Msg::MakeCertificate }.text(lang.get());
    view! {
        <form class="mint" on:submit=submit novalidate>
            <p>{tr(Msg::MintWhat)}</p>
            {text(Msg::User, Msg::MintUserHint, user)}
            {text(Msg::Groups, Msg::MintGroupsHint, groups)}
            <Select
                label=Signal::derive(move || Msg::GoodFor.text(lang.get()).to_owned())
                options=Signal::derive(lengths)
                value=Signal::derive(move || days.get().to_string())
                on_change=choose
            />
            <p class="mint__complaint" role="alert">
                {move || failure.get().map(|error| why(lang.get(), &error))}
            </p>
            <button type="submit" class="btn btn--primary" aria-busy=move || busy.get().to_string()>
                <Icon name=IconName::Certificate/>
                {words}
            </button>
        </form>
    }
}

/// Names as they were typed; groups stand between commas.
fn request(user: &str, groups: &str, days: u32) -> MintRequest {
    let groups =
        groups.split(',').map(str::trim).filter(|group| !group.is_empty()).map(str::to_owned).collect();
    MintRequest { user: user.trim().to_owned(), groups, days }
}

#[component]
fn Take(minted: Minted) -> impl IntoView {
    let lang = use_lang();
    let Minted { user, ends, p12, password, ca } = minted;
    let title = {
        let (user, ends) = (user.clone(), ends);
        move || fill(Msg::MintedFor.text(lang.get()), &[("user", &user), ("time", &ends)])
    };
    // Names of users hold colons and slashes, which names of files do not.
    let stem: String =
        user.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '-' }).collect();
    let file = format!("{stem}.p12");
    let authority = ca.map(|ca| {
        let name = format!("{stem}.ca.crt");
        view! {
            <button type="button" class="btn" on:click=move |_| download(&name, ca.as_bytes())>
                <Icon name=IconName::Download/>
                {tr(Msg::DownloadCa)}
            </button>
        }
    });
    let to_copy = password.clone();
    view! {
        <div class="mint">
            <p class="note is-ok"><Icon name=IconName::Ok/><span>{title}</span></p>
            <div class="field">
                <span class="field__label">{tr(Msg::FilePassword)}</span>
                <code class="mint__password">{password}</code>
                <span class="field__hint">{tr(Msg::ShownOnce)}</span>
            </div>
            <div class="mint__files">
                <CopyButton label=Msg::CopyPassword text=move |()| to_copy.clone()/>
                <button
                    type="button"
                    class="btn btn--primary"
                    on:click=move |_| {
                        if let Some(bytes) = from_base64(&p12) {
                            download(&file, &bytes);
                        }
                    }
                >
                    <Icon name=IconName::Download/>
                    {tr(Msg::DownloadP12)}
                </button>
                {authority}
            </div>
            <p class="field__hint">{tr(Msg::MintNext)}</p>
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_what_stands_between_commas() {
        let asked = request(" bob ", "devs, ops ,,", 30);
        assert_eq!((asked.user.as_str(), asked.groups), ("bob", vec!["devs".to_owned(), "ops".to_owned()]));
    }
}
