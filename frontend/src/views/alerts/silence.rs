//! A silence in the making: which alerts, for how long, why; and what it covers now.

use crowsnest_api::alerts::{Alert, AlertState};
use leptos::ev;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::{AlertsPage, alerts_words};
use crate::alerts::{Condition, label, words};
use crate::api::{Refusal, Silence, save_silence, use_client, use_session};
use crate::clock::use_clock;
use crate::components::{Dialog, Icon, IconName, Segmented, TextInput, Tone};
use crate::i18n::{Msg, fill, tr, use_lang};
use crate::moment::{Moment, local_text};
use crate::notices::use_notices;
use crate::range::{HOUR, MINUTE, SECOND, write_duration};
use crate::views::act::RefusalFace;

/// Lengths that are offered; after them any end.
const LENGTHS: [i64; 5] = [30 * MINUTE, 2 * HOUR, 8 * HOUR, 24 * HOUR, 7 * 24 * HOUR];
/// What stands for any end.
const UNTIL: i64 = 0;
/// Labels that say what an alert is about: those are matched. Others, like `instance`, change when its object does.
const MATCHED: &[&str] = &[
    "alertname",
    "namespace",
    "node",
    "pod",
    "container",
    "deployment",
    "statefulset",
    "daemonset",
    "job_name",
    "cronjob",
    "persistentvolumeclaim",
    "horizontalpodautoscaler",
    "service",
    "mountpoint",
    "device",
];

/// What somebody is about to make or change.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Draft {
    /// Of the silence that is changed; empty for a new one.
    pub(super) id: String,
    pub(super) conditions: Vec<Condition>,
    pub(super) comment: String,
    /// When it begins and ends, in milliseconds; zero for a new one.
    pub(super) span: (i64, i64),
}

impl Draft {
    /// For somebody who knows what to silence.
    pub(super) fn empty() -> Self {
        Self { conditions: vec![Condition::equal("alertname", "")], ..Self::default() }
    }

    /// For this alert.
    pub(super) fn of(alert: &Alert) -> Self {
        let named = alert.labels.iter().filter(|one| MATCHED.contains(&one.name.as_str()));
        let mut conditions: Vec<_> = named.map(|one| Condition::equal(&one.name, &one.value)).collect();
        if conditions.len() < 2 {
            conditions = alert.labels.iter().map(|one| Condition::equal(&one.name, &one.value)).collect();
        }
        // The name of the alert is what people look for first.
        conditions.sort_by_key(|condition| condition.name != "alertname");
        Self { conditions, comment: words(alert).to_owned(), ..Self::default() }
    }
}

/// The window; it is there while there is a draft.
#[component]
pub(super) fn SilenceDialog(page: AlertsPage) -> impl IntoView {
    let lang = use_lang();
    let open = RwSignal::new(false);
    Effect::new(move || open.set(page.draft.with(Option::is_some)));
    Effect::watch(
        move || open.get(),
        move |is_open, _, _| {
            if !is_open && page.draft.with_untracked(Option::is_some) {
                page.draft.set(None);
            }
        },
        false,
    );
    let title = move || {
        let is_new = page.draft.with(|draft| draft.as_ref().is_none_or(|draft| draft.id.is_empty()));
        if is_new { Msg::NewSilence } else { Msg::ChangeSilence }.text(lang.get()).to_owned()
    };
    view! {
        <Dialog title=Signal::derive(title) open=open>
            {move || page.draft.get_untracked().map(|draft| view! { <Form page=page draft=draft/> })}
        </Dialog>
    }
}

#[component]
fn Form(page: AlertsPage, draft: Draft) -> impl IntoView {
    let (client, session, clock, lang) = (use_client(), use_session(), use_clock(), use_lang());
    let notices = use_notices();
    let conditions = RwSignal::new(draft.conditions);
    let comment = RwSignal::new(draft.comment);
    let (id, (starts, ends)) = (StoredValue::new(draft.id), draft.span);
    let length = RwSignal::new(if ends == 0 { LENGTHS.get(1).copied().unwrap_or(HOUR) } else { UNTIL });
    let until = RwSignal::new(if ends == 0 { String::new() } else { local_text(ends) });
    let refusal = RwSignal::new(None::<Refusal>);
    let busy = RwSignal::new(false);
    let end = Memo::new(move |_| {
        let now = clock.ticking();
        match length.get() {
            UNTIL => until.with(|text| Moment::read(text)).and_then(|moment| moment.at(now)),
            length => Some(starts.max(now) + length),
        }
    });
    let covered = Memo::new(move |_| {
        let conditions = conditions.get();
        page.feed.value.with(|all| {
            let alerts = all.as_ref().map(|all| all.alerts.as_slice()).unwrap_or_default();
            let is_covered = |alert: &&Alert| conditions.iter().all(|one| one.holds(&alert.labels));
            alerts.iter().filter(is_covered).cloned().collect::<Vec<_>>()
        })
    });
    let is_complete = move || {
        let named = conditions.with(|all| {
            all.iter().all(|one| !one.name.trim().is_empty()) && all.iter().any(|one| !one.value.is_empty())
        });
        named
            && end.get().is_some_and(|end| end > clock.now())
            && !comment.with(|text| text.trim().is_empty())
    };
    let save = move |event: ev::SubmitEvent| {
        event.prevent_default();
        let Some(end) = end.get_untracked() else { return };
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        let start = if starts == 0 { clock.now() } else { starts };
        let silence = Silence {
            id: id.get_value(),
            matchers: conditions.get_untracked(),
            starts_at: rfc3339(start),
            ends_at: rfc3339(end),
            created_by: session.current().map(|session| session.user).unwrap_or_default(),
            comment: comment.get_untracked(),
            ..Silence::default()
        };
        spawn_local(async move {
            let saved = save_silence(client, &silence).await;
            busy.try_set(false);
            match saved {
                Ok(()) => {
                    notices.tell(Tone::Ok, Msg::SilenceSaved.text(lang.get_untracked()).to_owned());
                    page.changed.update(|n| *n += 1);
                    page.feed.refresh();
                    page.draft.try_set(None);
                }
                Err(why) => drop(refusal.try_set(Some(why))),
            }
        });
    };
    let lengths = move || {
        let any = (UNTIL, Msg::UntilTime.text(lang.get()).to_owned());
        LENGTHS.map(|length| (length, write_duration(length))).into_iter().chain([any]).collect::<Vec<_>>()
    };
    let ends_words = move || {
        let at = end.get().map(local_text).unwrap_or_else(|| "–".to_owned());
        fill(Msg::EndsAt.text(lang.get()), &[("at", &at)])
    };
    let button = move || {
        let n = covered.with(Vec::len);
        fill(Msg::SilenceAlerts.text(lang.get()), &[("alerts", &alerts_words(lang.get(), n))])
    };
    view! {
        <form class="silence" on:submit=save>
            <Conditions conditions=conditions/>
            <Covered covered=covered/>
            <div class="field">
                <span class="field__label">{tr(Msg::ForHowLong)}</span>
                <Segmented
                    block=true
                    label=Signal::derive(move || Msg::ForHowLong.text(lang.get()).to_owned())
                    options=Signal::derive(lengths)
                    value=length
                    on_change=move |chosen| length.set(chosen)
                />
                <Show when=move || length.get() == UNTIL>
                    <label class="field">
                        <span class="visually-hidden">{tr(Msg::UntilTime)}</span>
                        <TextInput value=until/>
                    </label>
                </Show>
                <span class="field__hint">{ends_words}</span>
            </div>
            <label class="field"><span class="field__label">{tr(Msg::SilenceWhy)}</span><TextInput value=comment/></label>
            <p class="field__hint">{move || fill(Msg::SilenceBy.text(lang.get()), &[("user", &session.user())])}</p>
            {move || refusal.get().map(|refusal| view! { <RefusalFace refusal=refusal/> })}
            <div class="dialog__foot">
                <button type="button" class="btn" on:click=move |_| page.draft.set(None)>{tr(Msg::Cancel)}</button>
                <button type="submit" class="btn btn--primary" disabled=move || busy.get() || !is_complete()>{button}</button>
            </div>
        </form>
    }
}

/// The conditions, each with its way to compare.
#[component]
fn Conditions(conditions: RwSignal<Vec<Condition>>) -> impl IntoView {
    let lang = use_lang();
    let count = Memo::new(move |_| conditions.with(Vec::len));
    let change = move |at: usize, change: &dyn Fn(&mut Condition)| {
        conditions.update(|all| {
            if let Some(one) = all.get_mut(at) {
                change(one);
            }
        });
    };
    let row = move |at: usize| {
        let of = move |get: fn(&Condition) -> String| {
            move || conditions.with(|all| all.get(at).map(get).unwrap_or_default())
        };
        let name = of(|one| one.name.clone());
        let operator = of(|one| one.operator().to_owned());
        let remove = move || fill(Msg::RemoveMatcher.text(lang.get()), &[("name", &name())]);
        let text = move |label: Msg, get: fn(&Condition) -> String, set: fn(&mut Condition, &str)| {
            view! {
                <span class="input"><input
                    class="mono"
                    aria-label=tr(label)
                    spellcheck="false"
                    autocapitalize="off"
                    prop:value=of(get)
                    on:input:target=move |event| change(at, &|one| set(one, &event.target().value()))
                /></span>
            }
        };
        let option = move |text: &'static str| {
            view! { <option value=text selected=move || operator() == text>{text}</option> }
        };
        view! {
            <div class="silence__row">
                {text(Msg::KindLabel, |one| one.name.clone(), |one, name| name.trim().clone_into(&mut one.name))}
                <span class="select"><select
                    class="select__value mono"
                    aria-label=tr(Msg::HowCompared)
                    prop:value=operator
                    on:change:target=move |event| {
                        let operator = event.target().value();
                        change(at, &|one| *one = one.clone().compared(&operator));
                    }
                >{Condition::operators().map(option).collect_view()}</select><Icon name=IconName::Down/></span>
                {text(Msg::KindValue, |one| one.value.clone(), |one, value| value.clone_into(&mut one.value))}
                <button
                    type="button"
                    class="btn btn--icon btn--quiet btn--sm"
                    aria-label=remove
                    on:click=move |_| conditions.update(|all| {
                        if at < all.len() {
                            all.remove(at);
                        }
                    })
                ><Icon name=IconName::Close/></button>
            </div>
        }
    };
    view! {
        <div class="field" role="group" aria-label=tr(Msg::Matchers)>
            <span class="field__label">{tr(Msg::Matchers)}</span>
            {move || (0..count.get()).map(row).collect_view()}
            <button
                type="button"
                class="btn btn--quiet btn--sm silence__add"
                on:click=move |_| conditions.update(|all| all.push(Condition::equal("", "")))
            ><Icon name=IconName::Add/>{tr(Msg::AddMatcher)}</button>
        </div>
    }
}

/// Which alerts it covers now.
#[component]
fn Covered(covered: Memo<Vec<Alert>>) -> impl IntoView {
    /// Alerts that are named.
    const MOST: usize = 5;
    let lang = use_lang();
    let words_now = move || {
        let n = covered.with(Vec::len);
        let firing = covered.with(|all| all.iter().filter(|one| one.state != AlertState::Pending).count());
        let values = [alerts_words(lang.get(), n), firing.to_string()];
        let [alerts, firing] = values.each_ref().map(String::as_str);
        fill(Msg::SilenceCovers.text(lang.get()), &[("alerts", alerts), ("firing", firing)])
    };
    let named = move || {
        covered.with(|all| {
            let line = |alert: &Alert| {
                let name = label(&alert.labels, "alertname").to_owned();
                view! { <li><strong>{name}</strong>" "{words(alert).to_owned()}</li> }
            };
            all.iter().take(MOST).map(line).collect_view()
        })
    };
    let class = move || if covered.with(Vec::is_empty) { "note is-warning" } else { "note" };
    let icon =
        Signal::derive(move || if covered.with(Vec::is_empty) { IconName::Warning } else { IconName::Mute });
    view! {
        <div class=class role="status">
            <Icon name=icon/>
            <div>
                <span class="note__title">{words_now}</span>
                <ul class="silence__covered">{named}</ul>
            </div>
        </div>
    }
}

/// A moment as the API writes it, on whole seconds.
pub(super) fn rfc3339(at: i64) -> String {
    let date = js_sys::Date::new(&((at / SECOND * SECOND) as f64).into());
    date.to_iso_string().into()
}

#[cfg(test)]
mod tests {
    use crowsnest_api::Labels;

    use super::*;

    fn names(labels: &[(&str, &str)]) -> Vec<String> {
        let alert = Alert { labels: Labels::from_pairs(labels.iter().copied()), ..Alert::default() };
        Draft::of(&alert).conditions.into_iter().map(|one| one.name).collect()
    }

    #[test]
    fn a_silence_is_for_what_an_alert_is_about() {
        let pod =
            [("alertname", "A"), ("instance", "i"), ("namespace", "shop"), ("pod", "web-1"), ("uid", "u")];
        assert_eq!(names(&pod), ["alertname", "namespace", "pod"]);
        // One that names nothing known is silenced as it is.
        assert_eq!(names(&[("a", "b"), ("alertname", "A")]), ["alertname", "a"]);
    }
}
