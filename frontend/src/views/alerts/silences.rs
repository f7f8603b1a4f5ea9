//! Silences: those that mute, those to come, those that are over.

use std::time::Duration;

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::AlertsPage;
use super::silence::Draft;
use crate::alerts::Condition;
use crate::api::{Refusal, Silence, expire_silence, fetch_silences, use_client};
use crate::cluster::object::moment;
use crate::components::{Blank, BoneRows, Faced, IconName, Status, Tone};
use crate::i18n::{Msg, fill, tr, use_lang};
use crate::moment::local_text;
use crate::notices::use_notices;
use crate::poll::{Cadence, poll};
use crate::views::act::RefusalFace;

/// How often they are asked for.
const AGAIN: Duration = Duration::from_secs(15);
const COLUMNS: [(Msg, &str); 5] = [
    (Msg::ColumnStatus, ""),
    (Msg::Matchers, ""),
    (Msg::SilenceWhy, ""),
    (Msg::ColumnEnds, ""),
    (Msg::ColumnActions, ""),
];

/// What a state is called, and how it looks.
fn state_of(silence: &Silence) -> (Msg, Tone) {
    match silence.status.state.as_str() {
        "active" => (Msg::SilenceActive, Tone::Ok),
        "pending" => (Msg::SilencePending, Tone::Progress),
        _ => (Msg::SilenceExpired, Tone::Done),
    }
}

/// The table.
#[component]
pub(super) fn SilenceList(page: AlertsPage) -> impl IntoView {
    let (client, lang) = (use_client(), use_lang());
    let feed = poll(
        move || (page.changed.get(), Cadence::Every(AGAIN)),
        move |_, abort| fetch_silences(client, abort),
    );
    let refusal = RwSignal::new(None::<Refusal>);
    let all = Memo::new(move |_| feed.value.get().unwrap_or_default());
    let head = |(title, class): (Msg, &'static str)| view! { <th scope="col" class=class>{tr(title)}</th> };
    let word = move |msg: Msg| Signal::derive(move || msg.text(lang.get()).to_owned());
    let nothing = move || {
        view! { <Blank icon=IconName::Mute title=word(Msg::NoSilences) why=word(Msg::NoSilencesWhy)/> }
    };
    let content = move || {
        view! {
            {move || refusal.get().map(|refusal| view! { <RefusalFace refusal=refusal/> })}
            <Show when=move || !all.with(Vec::is_empty) fallback=nothing>
                <div class="table-wrap nodes__table alerts__table">
                    <table class="table">
                        <caption class="visually-hidden">{tr(Msg::Silences)}</caption>
                        <thead><tr>{COLUMNS.map(head).collect_view()}</tr></thead>
                        <tbody>
                            {move || all.get().into_iter().map(|one| view! { <Row page=page silence=one refusal=refusal/> }).collect_view()}
                        </tbody>
                    </table>
                </div>
            </Show>
        }
    };
    view! { <Faced feed=feed what=Msg::Silences bones=|| view! { <BoneRows rows=4/> } content=content/> }
}

#[component]
fn Row(page: AlertsPage, silence: Silence, refusal: RwSignal<Option<Refusal>>) -> impl IntoView {
    let (client, lang, notices) = (use_client(), use_lang(), use_notices());
    let (state, tone) = state_of(&silence);
    let is_over = state == Msg::SilenceExpired;
    let matchers = silence.matchers.iter().map(Condition::to_string).collect::<Vec<_>>().join(" ");
    let span = (moment(&silence.starts_at).unwrap_or_default(), moment(&silence.ends_at).unwrap_or_default());
    let by = silence.created_by.clone();
    let by = move || fill(Msg::SilenceBy.text(lang.get()), &[("user", &by)]);
    let draft = StoredValue::new(Draft {
        // One that is over is made anew.
        id: if is_over { String::new() } else { silence.id.clone() },
        conditions: silence.matchers.clone(),
        comment: silence.comment.clone(),
        span: if is_over { (0, 0) } else { span },
    });
    let id = StoredValue::new(silence.id);
    let expire = move |_| {
        spawn_local(async move {
            match expire_silence(client, &id.get_value()).await {
                Ok(()) => {
                    notices.tell(Tone::Ok, Msg::SilenceEnded.text(lang.get_untracked()).to_owned());
                    page.changed.try_update(|n| *n += 1);
                    page.feed.refresh();
                    refusal.try_set(None);
                }
                Err(why) => drop(refusal.try_set(Some(why))),
            }
        });
    };
    let edit = move |_| page.draft.set(Some(draft.get_value()));
    let edit_word = if is_over { Msg::SilenceAgain } else { Msg::EditYaml };
    view! {
        <tr>
            <td><Status tone=tone>{tr(state)}</Status></td>
            <th scope="row" class="mono alerts__wrap">{matchers}</th>
            <td class="alerts__wrap">{silence.comment}<span class="sources__about">{by}</span></td>
            <td>{local_text(span.1)}</td>
            <td>
                <button type="button" class="btn btn--sm" on:click=edit>{tr(edit_word)}</button>
                {(!is_over).then(|| view! { <button type="button" class="btn btn--sm" on:click=expire>{tr(Msg::EndSilence)}</button> })}
            </td>
        </tr>
    }
}
