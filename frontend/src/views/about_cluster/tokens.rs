//! Bootstrap tokens: with what a new machine joins. What is secret of them is asked for one by one, and noted.

use std::time::Duration;

use crowsnest_api::about::{
    BootstrapToken, BootstrapTokens, Join, MAX_DESCRIPTION, NewBootstrapToken, TOKEN_NAMESPACE, TOKEN_PREFIX,
    TOKEN_SECRET,
};
use crowsnest_api::access::Right;
use crowsnest_api::cluster::Kind;
use leptos::ev;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::{table, title, unread};
use crate::access::use_access;
use crate::api::{
    Change, ObjectRef, Refusal, change, fetch_tokens, make_token, reveal, use_client, use_session,
};
use crate::clock::use_clock;
use crate::cluster::expiry;
use crate::components::{
    BoneRows, CopyButton, Dialog, Faced, GatedButton, Icon, IconName, Panel, Select, Status, TextInput, Tone,
};
use crate::download::from_base64;
use crate::i18n::{Msg, count, fill, tr, use_lang};
use crate::poll::{Cadence, poll};
use crate::views::act::RefusalFace;

const AGAIN: Duration = Duration::from_secs(30);
const COLUMNS: [(Msg, &str); 4] = [
    (Msg::TokenId, ""),
    (Msg::ColumnDescription, "is-optional"),
    (Msg::ColumnEnds, ""),
    (Msg::ColumnActions, ""),
];
/// Hours that are offered.
const HOURS: &[u32] = &[1, 2, 6, 24, 72, 168];
const DEFAULT_HOURS: u32 = 24;

/// What a window of the panel is about.
#[derive(Clone, PartialEq)]
enum Asked {
    New,
    /// The line of a token that is there.
    Show(String),
    Delete(String),
}

fn right(verb: &'static str) -> Right {
    Right::to(verb, "", "secrets", TOKEN_NAMESPACE)
}

fn secret_of(id: &str) -> Option<ObjectRef> {
    let kind = Kind::new("", "v1", "secrets").ok()?;
    Some(ObjectRef { kind, namespace: TOKEN_NAMESPACE.to_owned(), name: format!("{TOKEN_PREFIX}{id}") })
}

/// The list, and what one can do with it.
#[component]
pub(super) fn TokensPanel() -> impl IntoView {
    let (client, lang, session) = (use_client(), use_lang(), use_session());
    let user = Signal::derive(move || session.user());
    let feed = poll(|| ((), Cadence::Every(AGAIN)), move |(), abort| fetch_tokens(client, abort));
    let found = Memo::new(move |_| feed.value.get().unwrap_or_default());
    let (asked, open) = (RwSignal::new(None::<Asked>), RwSignal::new(false));
    let ask = move |what: Asked| {
        asked.set(Some(what));
        open.set(true);
    };
    let may_create = use_access().missing(|| vec![right("create")]);
    let may_read = use_access().missing(|| vec![right("get")]);
    let may_delete = use_access().missing(|| vec![right("delete")]);
    let row = move |token: BootstrapToken| {
        let id = StoredValue::new(token.id.clone());
        let about = [token.description, token.usages.join(", ")];
        let about = about.into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join(" · ");
        view! {
            <tr>
                <th scope="row" class="table__name mono">{token.id}</th>
                <td class="is-optional table__dim">{about}</td>
                <td><Ends at=token.ends/></td>
                <td class="about__acts">
                    <GatedButton
                        label=Msg::JoinLine
                        icon=IconName::Eye
                        class="btn--sm"
                        missing=may_read
                        user=user
                        on_click=move |()| ask(Asked::Show(id.get_value()))
                    />
                    <GatedButton
                        label=Msg::DeleteToken
                        icon=IconName::Close
                        class="btn--sm"
                        missing=may_delete
                        user=user
                        on_click=move |()| ask(Asked::Delete(id.get_value()))
                    />
                </td>
            </tr>
        }
    };
    let content = move || {
        let rows = move || found.with(|found| found.tokens.clone()).into_iter().map(row).collect_view();
        let is_empty = move || found.with(|found| found.tokens.is_empty() && found.unread.is_none());
        view! {
            <Show when=move || found.with(|found| !found.tokens.is_empty())>
                {table(Msg::BootstrapTokens, &COLUMNS, rows)}
            </Show>
            <Show when=is_empty>
                <p class="panel__none panel__none--flush">{tr(Msg::NoBootstrapTokens)}</p>
            </Show>
            {move || unread(found.with(|found| found.unread.clone()).into_iter().collect())}
        }
    };
    let tools = move || {
        view! {
            <GatedButton
                label=Msg::NewBootstrapToken
                icon=IconName::Add
                class="btn--sm"
                missing=may_create
                user=user
                on_click=move |()| ask(Asked::New)
            />
        }
    };
    let heading = Signal::derive(move || {
        let lang = lang.get();
        match asked.get() {
            None | Some(Asked::New) => Msg::NewBootstrapToken.text(lang).to_owned(),
            Some(Asked::Show(id)) => format!("{} · {id}", Msg::JoinLine.text(lang)),
            Some(Asked::Delete(id)) => format!("{} · {id}", Msg::DeleteToken.text(lang)),
        }
    });
    let done = Callback::new(move |()| {
        open.set(false);
        feed.refresh();
    });
    let window = move || match asked.get() {
        Some(Asked::Show(id)) => view! { <Shown id=id found=found/> }.into_any(),
        Some(Asked::Delete(id)) => view! { <Delete id=id done=done/> }.into_any(),
        _ => view! { <Make found=found on_made=move |()| feed.refresh()/> }.into_any(),
    };
    view! {
        <Panel title=title(Msg::BootstrapTokens) note=title(Msg::BootstrapTokensNote) tools=tools flush=true class="grid__24">
            <Faced feed=feed what=Msg::BootstrapTokensWord bones=|| view! { <BoneRows rows=2/> } content=content/>
            <Dialog title=heading open=open>{window}</Dialog>
        </Panel>
    }
}

/// When a token ends.
#[component]
fn Ends(at: Option<f64>) -> impl IntoView {
    let (clock, lang) = (use_clock(), use_lang());
    let left = Memo::new(move |_| at.map(|at| (at * 1e3) as i64 - clock.ticking()));
    let tone = Signal::derive(move || match left.get() {
        Some(left) if left <= 0 => Tone::Done,
        Some(_) => Tone::Ok,
        // Whoever finds it years later still joins with it.
        None => Tone::Warning,
    });
    let words = move || {
        let lang = lang.get();
        left.get().map_or_else(|| Msg::NeverEnds.text(lang).to_owned(), |left| expiry::left_words(lang, left))
    };
    view! { <Status tone=tone>{words}</Status> }
}

/// How long, and what for; after it, the line.
#[component]
fn Make(found: Memo<BootstrapTokens>, #[prop(into)] on_made: Callback<()>) -> impl IntoView {
    let (client, lang) = (use_client(), use_lang());
    let (hours, description) = (RwSignal::new(DEFAULT_HOURS), RwSignal::new(String::new()));
    let made = RwSignal::new(None::<String>);
    let (busy, failure) = (RwSignal::new(false), RwSignal::new(None::<Refusal>));
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        failure.set(None);
        let description = description.get_untracked().trim().chars().take(MAX_DESCRIPTION).collect();
        let asked = NewBootstrapToken { hours: hours.get_untracked(), description };
        spawn_local(async move {
            match make_token(client, &asked).await {
                Ok(token) => {
                    made.try_set(Some(token.token));
                    on_made.run(());
                }
                Err(error) => _ = failure.try_set(Some(error.into())),
            }
            busy.try_set(false);
        });
    };
    let lengths = move || {
        let lang = lang.get();
        let words = |hours: &u32| match hours {
            1..=23 => count(lang, *hours as usize, Msg::HoursOne, Msg::HoursMany),
            hours => count(lang, (hours / 24) as usize, Msg::DaysOne, Msg::DaysMany),
        };
        HOURS.iter().map(|hours| (hours.to_string(), words(hours))).collect::<Vec<_>>()
    };
    move || match made.get() {
        Some(token) => view! {
            <div class="mint">
                <p class="note is-ok"><Icon name=IconName::Ok/><span>{tr(Msg::TokenMade)}</span></p>
                <Line join=Signal::derive(move || found.with(|found| found.join.clone())) token=token/>
            </div>
        }
        .into_any(),
        None => view! {
            <form class="mint" on:submit=submit novalidate>
                <p>{tr(Msg::BootstrapTokenWhat)}</p>
                <label class="field">
                    <span class="field__label">{tr(Msg::ColumnDescription)}</span>
                    <TextInput value=description/>
                    <span class="field__hint">{tr(Msg::TokenDescriptionHint)}</span>
                </label>
                <Select
                    label=Signal::derive(move || Msg::GoodFor.text(lang.get()).to_owned())
                    options=Signal::derive(lengths)
                    value=Signal::derive(move || hours.get().to_string())
                    on_change=move |chosen: String| hours.set(chosen.parse().unwrap_or(DEFAULT_HOURS))
                />
                {move || failure.get().map(|refusal| view! { <RefusalFace refusal=refusal/> })}
                <button type="submit" class="btn btn--primary" aria-busy=move || busy.get().to_string()>
                    <Icon name=IconName::Add/>
                    {tr(Msg::MakeToken)}
                </button>
            </form>
        }
        .into_any(),
    }
}

/// The line of a token that is there.
#[component]
fn Shown(id: String, found: Memo<BootstrapTokens>) -> impl IntoView {
    let client = use_client();
    let whole = RwSignal::new(None::<Result<String, Refusal>>);
    if let Some(secret) = secret_of(&id) {
        spawn_local(async move {
            let told = reveal(client, &secret, TOKEN_SECRET).await;
            let text = |value: String| {
                String::from_utf8(from_base64(&value).unwrap_or_default()).unwrap_or_default()
            };
            whole.try_set(Some(told.map(|value| format!("{id}.{}", text(value)))));
        });
    }
    move || match whole.get() {
        None => view! { <BoneRows rows=1/> }.into_any(),
        Some(Err(refusal)) => view! { <RefusalFace refusal=refusal/> }.into_any(),
        Some(Ok(token)) => view! {
            <div class="mint">
                <Line join=Signal::derive(move || found.with(|found| found.join.clone())) token=token/>
                <p class="field__hint">{tr(Msg::RevealNoted)}</p>
            </div>
        }
        .into_any(),
    }
}

/// What to type on the new machine.
#[component]
fn Line(#[prop(into)] join: Signal<Option<Join>>, token: String) -> impl IntoView {
    let line = Memo::new(move |_| join.get().map_or_else(|| token.clone(), |join| join.line(&token)));
    view! {
        <pre class="snippet about__line" tabindex="0" role="region" aria-label=tr(Msg::JoinLine)>{line}</pre>
        <CopyButton label=Msg::CopyLine text=move |()| line.get_untracked()/>
        <p class="field__hint">{tr(Msg::JoinHint)}</p>
        <Show when=move || join.with(Option::is_none)>
            <p class="note is-warning"><Icon name=IconName::Warning/><span>{tr(Msg::NoJoinLine)}</span></p>
        </Show>
    }
}

/// Asks before a token is deleted.
#[component]
fn Delete(id: String, done: Callback<()>) -> impl IntoView {
    let (client, lang) = (use_client(), use_lang());
    let failure = RwSignal::new(None::<Refusal>);
    let target = StoredValue::new(secret_of(&id));
    let delete = move |_| {
        let Some(target) = target.get_value() else { return };
        failure.set(None);
        spawn_local(async move {
            let change_of = Change::Delete { target, policy: "Background", uid: String::new() };
            match change(client, &change_of).await {
                Ok(_) => done.run(()),
                Err(refusal) => _ = failure.try_set(Some(refusal)),
            }
        });
    };
    let words = move || fill(Msg::DeleteTokenWhat.text(lang.get()), &[("id", &id)]);
    view! {
        <div class="mint">
            <p>{words}</p>
            {move || failure.get().map(|refusal| view! { <RefusalFace refusal=refusal/> })}
            <button type="button" class="btn btn--danger" on:click=delete>{tr(Msg::DeleteToken)}</button>
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_secret_of_a_token_is_called_as_kubeadm_calls_it() {
        let secret = secret_of("abcdef").unwrap();
        assert_eq!(
            (secret.namespace.as_str(), secret.name.as_str()),
            ("kube-system", "bootstrap-token-abcdef")
        );
    }

    #[test]
    fn every_length_that_is_offered_is_one_that_the_server_makes() {
        assert!(HOURS.iter().all(|hours| (1..=crowsnest_api::about::MAX_TOKEN_HOURS).contains(hours)));
        assert!(HOURS.contains(&DEFAULT_HOURS));
    }
}
