//! The buttons: the common actions of an object side by side, the others in a menu; and what can be done to many.

use crate::json::Value;
use crowsnest_api::access::Right;
use leptos::prelude::*;

use super::{Acting, ActionWindow, begin};
use crate::access::{needs_words, use_access};
use crate::actions::{ACTIONS, Action, Place};
use crate::api::{ObjectRef, use_session};
use crate::components::{GatedButton, Icon, IconName, Popover};
use crate::i18n::{Msg, fill, tr, use_lang};

/// The actions of one object.
#[component]
pub(in crate::views) fn ActionBar(
    target: ObjectRef,
    /// The object as it is known; an action that makes no sense for it is not offered.
    #[prop(into)]
    object: Signal<Value>,
) -> impl IntoView {
    let acting = Acting::new(Callback::new(|()| {}));
    let begin = begin(acting);
    let kind = target.kind.clone();
    let of_kind = move |place: Place| {
        let kind = kind.clone();
        ACTIONS
            .iter()
            .filter(move |action| action.place == place && action.is_for((kind.group(), kind.resource())))
    };
    let menu: Vec<&'static Action> = of_kind(Place::Menu).collect();
    let target = StoredValue::new(target);
    let button = move |action: &'static Action| {
        let missing = use_access().missing(move || target.with_value(action.rights));
        let session = use_session();
        let applies = Memo::new(move |_| object.with(action.applies));
        view! {
            <Show when=move || applies.get()>
                <GatedButton
                    label=action.label
                    icon=action.icon
                    missing=missing
                    user=Signal::derive(move || session.user())
                    on_click=move |()| begin(action, vec![target.get_value()])
                />
            </Show>
        }
    };
    let open = RwSignal::new(false);
    let more = tr(Msg::MoreActions);
    let on_choose = Callback::new(move |action: &'static Action| {
        open.set(false);
        begin(action, vec![target.get_value()]);
    });
    view! {
        <div class="actions">
            {of_kind(Place::Button).map(button).collect_view()}
            <Popover
                open=open
                label=Signal::derive(move || more().to_owned())
                class="btn"
                trigger=move || view! { {more}<Icon name=IconName::Down/> }
            >
                <div class="menu">
                    {menu.iter().map(|action| view! { <Item action=action target=target object=object on_choose=on_choose/> }).collect_view()}
                </div>
            </Popover>
            <ActionWindow acting=acting/>
        </div>
    }
}

/// An action of the menu; one that is not allowed says what is missing.
#[component]
fn Item(
    action: &'static Action,
    target: StoredValue<ObjectRef>,
    object: Signal<Value>,
    on_choose: Callback<&'static Action>,
) -> impl IntoView {
    let lang = use_lang();
    let session = use_session();
    let missing = use_access().missing(move || target.with_value(action.rights));
    let lacking = Memo::new(move |_| missing.get().unwrap_or_default());
    let reason = move || {
        let (lang, user) = (lang.get(), session.user());
        lacking.with(|lacking| lacking.first().map(|right: &Right| needs_words(lang, &user, right)))
    };
    let is_off = move || missing.with(|missing| missing.as_ref().is_none_or(|lacking| !lacking.is_empty()));
    let applies = move || object.with(action.applies);
    view! {
        <Show when=applies>
            <button
                type="button"
                class="menu__item"
                class:is-critical=action.id == "delete"
                class:is-refused=is_off
                aria-disabled=move || is_off().to_string()
                title=reason
                on:click=move |_| {
                    if !is_off() {
                        on_choose.run(action);
                    }
                }
            >
                <Icon name=Signal::derive(move || if is_off() { IconName::Lock } else { action.icon })/>
                {tr(action.label)}
            </button>
        </Show>
    }
}

/// What can be done to the objects that somebody chose in a list.
#[component]
pub(in crate::views) fn Bulk(
    /// Group, version and plural.
    api: (&'static str, &'static str, &'static str),
    /// Namespaces and names.
    chosen: RwSignal<std::collections::BTreeSet<(String, String)>>,
) -> impl IntoView {
    let lang = use_lang();
    let session = use_session();
    let acting = Acting::new(Callback::new(move |()| chosen.update(std::collections::BTreeSet::clear)));
    let begin = begin(acting);
    let targets = move || -> Vec<ObjectRef> {
        let Ok(kind) = crowsnest_api::cluster::Kind::new(api.0, api.1, api.2) else { return Vec::new() };
        chosen.with(|chosen| {
            chosen
                .iter()
                .map(|(namespace, name)| ObjectRef {
                    kind: kind.clone(),
                    namespace: namespace.clone(),
                    name: name.clone(),
                })
                .collect()
        })
    };
    let rights = move |action: &'static Action| {
        let mut rights: Vec<Right> = targets().iter().flat_map(action.rights).collect();
        rights.sort();
        rights.dedup();
        rights
    };
    let button = move |action: &'static Action| {
        let missing = use_access().missing(move || rights(action));
        view! {
            <GatedButton
                label=action.label
                icon=action.icon
                class="btn--sm"
                missing=missing
                user=Signal::derive(move || session.user())
                on_click=move |()| begin(action, untrack(targets))
            />
        }
    };
    let buttons = move || {
        ACTIONS
            .iter()
            .filter(|action| action.bulk && action.is_for((api.0, api.2)))
            .map(button)
            .collect_view()
    };
    let count = move || {
        let n = chosen.with(std::collections::BTreeSet::len).to_string();
        fill(Msg::ChosenCount.text(lang.get()), &[("n", &n)])
    };
    let is_some = Memo::new(move |_| chosen.with(|chosen| !chosen.is_empty()));
    view! {
        <Show when=move || is_some.get()>
            <div class="page__bar bulk" role="toolbar" aria-label=tr(Msg::BulkActions)>
                <span class="bulk__count" role="status">{count}</span>
                {buttons()}
                <button type="button" class="btn btn--sm btn--quiet" on:click=move |_| chosen.update(std::collections::BTreeSet::clear)>
                    {tr(Msg::ChooseNone)}
                </button>
            </div>
        </Show>
        <ActionWindow acting=acting/>
    }
}
