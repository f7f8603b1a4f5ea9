//! Why somebody was told of an alert, or not: its way step by step.

use std::time::Duration;

use crowsnest_api::alerts::{AlertState, Delivery, Explained, Notification, Outcome, Way};
use leptos::prelude::*;

use crate::alerts::label;
use crate::api::{fetch_explained, use_client};
use crate::components::{BoneLines, Faced, Icon, IconName, Tone};
use crate::format;
use crate::i18n::{Lang, Msg, fill, tr, use_lang};
use crate::moment::clock_text;
use crate::poll::{Cadence, poll};

/// How often it is asked anew.
const AGAIN: Duration = Duration::from_secs(10);

/// A step: how it went, what it was, when, and more about it.
#[derive(Clone, Debug, Default, PartialEq)]
struct Step {
    tone: Option<Tone>,
    head: String,
    at: Option<f64>,
    why: String,
    /// What stands in figures: matchers, an answer.
    code: String,
}

/// The steps.
#[component]
pub(super) fn Why(fingerprint: String) -> impl IntoView {
    let (client, lang) = (use_client(), use_lang());
    let wanted = StoredValue::new(fingerprint);
    let feed = poll(
        || ((), Cadence::Every(AGAIN)),
        move |(), abort| async move { fetch_explained(client, &wanted.get_value(), abort).await },
    );
    let steps = Memo::new(move |_| {
        let lang = lang.get();
        feed.value.with(|told| told.as_ref().map(|told| steps(lang, told)).unwrap_or_default())
    });
    let line = |step: Step| {
        let icon = step.tone.map_or(IconName::Right, Tone::icon);
        view! {
            <li class=format!("trace__step {}", step.tone.map_or("is-skipped", Tone::class))>
                <Icon name=icon/>
                <div>
                    <div class="trace__head">{step.head}<span>{step.at.map(|at| clock_text((at * 1e3) as i64))}</span></div>
                    <div class="trace__why">{step.why}" "{(!step.code.is_empty()).then(|| view! { <code>{step.code.clone()}</code> })}</div>
                </div>
            </li>
        }
    };
    let content = move || {
        view! { <ol class="trace">{move || steps.get().into_iter().map(line).collect_view()}</ol> }
    };
    view! {
        <section aria-label=tr(Msg::WhyNotNotified)>
            <h3 class="section-title">{tr(Msg::WhyNotNotified)}</h3>
            <Faced feed=feed what=Msg::AlertsWord bones=|| view! { <BoneLines/> } content=content/>
        </section>
    }
}

/// All steps, in the order in which they are taken.
fn steps(lang: Lang, told: &Explained) -> Vec<Step> {
    let mut steps = vec![fired(lang, told)];
    let is_pending = told.alert.state == AlertState::Pending;
    steps.push(routed(lang, told));
    steps.push(inhibited(lang, told));
    steps.push(silenced(lang, told));
    for way in &told.ways {
        steps.push(grouped(lang, way));
        if !way.muted_by.is_empty() {
            steps.push(Step {
                tone: Some(Tone::Unknown),
                head: Msg::WhyMuted.text(lang).to_owned(),
                code: way.muted_by.join(", "),
                ..Step::default()
            });
        }
        if way.told.is_empty() {
            steps.push(Step {
                tone: Some(Tone::Critical),
                head: Msg::WhyNoWay.text(lang).to_owned(),
                why: fill(Msg::WhyNoWayWhy.text(lang), &[("receiver", &way.receiver)]),
                ..Step::default()
            });
        }
        if !is_pending {
            steps.extend(way.told.iter().map(|outcome| sent(lang, way, outcome)));
        }
    }
    steps
}

fn fired(lang: Lang, told: &Explained) -> Step {
    let alert = &told.alert;
    let (tone, head) = match alert.state {
        AlertState::Pending => (Tone::Progress, Msg::WhyPending),
        _ => (Tone::Ok, Msg::WhyFired),
    };
    let hold = alert.rule.as_ref().map(|rule| rule.hold_seconds).unwrap_or_default();
    let why = match (&alert.rule, &alert.value) {
        (Some(_), Some(value)) => {
            fill(Msg::WhyHeld.text(lang), &[("hold", &seconds(lang, hold)), ("value", value)])
        }
        _ => String::new(),
    };
    Step {
        tone: Some(tone),
        head: head.text(lang).to_owned(),
        at: alert.fires_since.or(Some(alert.since)),
        why,
        code: alert.rule.as_ref().map(|rule| rule.query.clone()).unwrap_or_default(),
    }
}

/// The routes that were looked at, and those that took it.
fn routed(lang: Lang, told: &Explained) -> Step {
    let taken = told.steps.iter().filter(|step| step.is_taken);
    let way: Vec<String> = taken
        .map(
            |step| if step.depth == 0 { Msg::RouteRoot.text(lang).to_owned() } else { step.matchers.clone() },
        )
        .collect();
    let receivers: Vec<&str> = told.ways.iter().map(|way| way.receiver.as_str()).collect();
    let passed = told.steps.iter().filter(|step| !step.is_taken).count().to_string();
    Step {
        tone: Some(Tone::Ok),
        head: fill(Msg::WhyRouted.text(lang), &[("receiver", &receivers.join(", "))]),
        why: fill(Msg::WhyPassed.text(lang), &[("n", &passed)]),
        code: way.join(" → "),
        at: None,
    }
}

fn inhibited(lang: Lang, told: &Explained) -> Step {
    if told.inhibited_by.is_empty() {
        let rules = told.looked_at.1.to_string();
        return Step {
            tone: Some(Tone::Ok),
            head: Msg::WhyNotInhibited.text(lang).to_owned(),
            why: fill(Msg::WhyRulesLookedAt.text(lang), &[("n", &rules)]),
            ..Step::default()
        };
    }
    let names = told.inhibited_by.iter().map(|by| match &by.labels {
        Some(labels) => format!("{} {labels}", label(labels, "alertname")),
        None => Msg::WhyUnseen.text(lang).to_owned(),
    });
    Step {
        tone: Some(Tone::Unknown),
        head: Msg::WhyInhibited.text(lang).to_owned(),
        code: names.collect::<Vec<_>>().join(", "),
        ..Step::default()
    }
}

fn silenced(lang: Lang, told: &Explained) -> Step {
    let Some(by) = told.silences.first() else {
        let silences = told.looked_at.0.to_string();
        return Step {
            tone: Some(Tone::Ok),
            head: Msg::WhyNotSilenced.text(lang).to_owned(),
            why: fill(Msg::WhySilencesLookedAt.text(lang), &[("n", &silences)]),
            ..Step::default()
        };
    };
    let who = if by.id.is_empty() { Msg::WhyUnseen.text(lang) } else { &by.created_by };
    Step {
        tone: Some(Tone::Unknown),
        head: Msg::StateSilenced.text(lang).to_owned(),
        at: Some(by.ends_at),
        why: fill(Msg::WhySilenced.text(lang), &[("user", who), ("why", &by.comment)]),
        ..Step::default()
    }
}

fn grouped(lang: Lang, way: &Way) -> Step {
    let (wait, interval, repeat) = way.waits;
    let values = [seconds(lang, wait), seconds(lang, interval), seconds(lang, repeat)];
    let [wait, interval, repeat] = values.each_ref().map(String::as_str);
    let alerts = way.alerts.unwrap_or_default().to_string();
    let waits = [("wait", wait), ("interval", interval), ("repeat", repeat), ("n", &alerts)];
    let (tone, head) = match (way.alerts, way.is_new) {
        (None, _) => (None, Msg::WhyNoGroup),
        (Some(_), true) => (Some(Tone::Progress), Msg::WhyGroupWaits),
        (Some(_), false) => (Some(Tone::Ok), Msg::WhyGroup),
    };
    Step {
        tone,
        head: head.text(lang).to_owned(),
        at: way.next.filter(|_| way.is_new),
        why: fill(Msg::WhyWaits.text(lang), &waits),
        code: way.group_labels.to_string(),
    }
}

/// What an integration was told, and what it said.
fn sent(lang: Lang, way: &Way, outcome: &Outcome) -> Step {
    let name = format!("{} ({})", way.receiver, outcome.kind);
    let of = |msg: Msg| fill(msg.text(lang), &[("receiver", &name)]);
    match &outcome.last {
        Some(last) if last.result != Delivery::Sent => {
            let next = match (last.result, way.next) {
                (Delivery::Failed, Some(next)) => {
                    let at = clock_text((next * 1e3) as i64);
                    fill(Msg::WhyNextTry.text(lang), &[("at", &at)])
                }
                _ => String::new(),
            };
            let (tone, msg) = match last.result {
                Delivery::Failed => (Tone::Critical, Msg::WhyFailed),
                _ => (Tone::Progress, Msg::WhyTrying),
            };
            let why = format!("{} {next}", tries(lang, last));
            Step {
                tone: Some(tone),
                head: of(msg),
                at: Some(last.last_try.max(last.at)),
                why,
                code: answer(last),
            }
        }
        last if outcome.has_alert => Step {
            tone: Some(Tone::Ok),
            head: of(Msg::WhySent),
            at: outcome.at,
            why: last.as_ref().map(|last| tries(lang, last)).unwrap_or_default(),
            code: last.as_ref().map(answer).unwrap_or_default(),
        },
        _ => Step { head: of(Msg::WhyNotYet), at: way.next, ..Step::default() },
    }
}

fn tries(lang: Lang, last: &Notification) -> String {
    crate::i18n::count(lang, last.tries as usize, Msg::TriesOne, Msg::TriesMany)
}

/// The status and the words of an answer.
pub(super) fn answer(told: &Notification) -> String {
    let status = told.status.map(|status| status.to_string()).unwrap_or_default();
    format!("{status} {}", told.answer).trim().to_owned()
}

fn seconds(lang: Lang, seconds: f64) -> String {
    format::duration(lang, (seconds * 1e3) as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heads(told: &Explained) -> Vec<(Option<Tone>, String)> {
        steps(Lang::English, told).into_iter().map(|step| (step.tone, step.head)).collect()
    }

    fn way(last: Option<Notification>, has_alert: bool) -> Way {
        let told = vec![Outcome { kind: "slack".to_owned(), at: None, has_alert, last }];
        Way {
            receiver: "team".to_owned(),
            group_labels: crowsnest_api::Labels::empty(),
            waits: (30.0, 300.0, 14_400.0),
            alerts: None,
            next: None,
            is_new: false,
            muted_by: Vec::new(),
            told,
        }
    }

    #[test]
    fn the_last_step_says_what_became_of_it() {
        let last = |told: &Explained| heads(told).pop().unwrap();
        let of = |way| Explained { ways: vec![way], ..Explained::default() };
        let failed = Notification { result: Delivery::Failed, ..Notification::default() };
        assert_eq!(last(&of(way(Some(failed), false))).0, Some(Tone::Critical));
        assert_eq!(last(&of(way(None, true))).0, Some(Tone::Ok));
        assert_eq!(last(&of(way(None, false))).0, None);
        let mut nobody = of(way(None, false));
        nobody.ways[0].told.clear();
        assert_eq!(last(&nobody).0, Some(Tone::Critical));
    }

    #[test]
    fn what_mutes_an_alert_is_a_step() {
        let mut told = Explained::default();
        let before = heads(&told);
        told.silences.push(crowsnest_api::alerts::SilencedBy {
            id: "1".to_owned(),
            created_by: "ann".to_owned(),
            comment: "why".to_owned(),
            ends_at: 0.0,
        });
        assert_ne!(heads(&told), before);
        assert!(heads(&told).iter().any(|(tone, _)| *tone == Some(Tone::Unknown)));
    }
}
