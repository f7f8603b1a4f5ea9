//! `/api/crowsnest/v1/alerts` and `…/notifications`: what fires, why somebody was told of it or not, and what was told.
//!
//! Everybody is answered with the alerts that they may see by their namespace; see `rules/sight.rs` and `notifier/sight.rs`.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use axum::Json;
use axum::extract::{Path, State};
use crowsnest_alerting::alertmanager::show_matchers;
use crowsnest_alerting::dispatch::{Alert, Dispatcher, Fingerprint, Mutes, Way};
use crowsnest_alerting::evaluation::{ActiveAlert, AlertState};
use crowsnest_alerting::rules::{Rule, RuleKind};
use crowsnest_api::alerts::{
    self as wire, Alerts, Brief, Explained, Notifications, Summary, is_critical, is_watchdog, said,
};
use crowsnest_api::{Labels, Timestamp, format_value};
use crowsnest_promql::Confinement;
use smol_str::SmolStr;

use super::{ApiError, App, AppState, ErrorKind, blocking};
use crate::api_v1::Seen;
use crate::clock;
use crate::notifier::sight::sees_silence;
use crate::rules::{GroupKey, sight, threshold};

/// So long after its start the server may not have heard again of all that fired before.
const YOUTH: Duration = Duration::from_mins(2);
/// How much an alert says in few words, in characters.
const MOST_WORDS: usize = 200;

/// `GET alerts`.
pub(super) async fn list(State(app): State<AppState>, seen: Seen) -> Result<Json<Alerts>, ApiError> {
    blocking(&app, move |app| {
        let gathered = gather(app, seen.confinement());
        let dispatcher = app.notifier.dispatcher();
        let now = clock::now();
        let mutes = dispatcher.mutes(now);
        let shown = gathered.alerts.iter().map(|(labels, found)| {
            let ways = dispatcher.ways(labels, &mutes);
            described(labels, found, &ways, &mutes)
        });
        let alerts = shown.collect();
        Ok(Json(Alerts { alerts, rules: gathered.rules, is_routed: app.notifier.is_routed() }))
    })
    .await
}

/// `GET alerts/summary`.
pub(super) async fn summary(State(app): State<AppState>, seen: Seen) -> Result<Json<Summary>, ApiError> {
    blocking(&app, move |app| {
        let dispatcher = app.notifier.dispatcher();
        let now = clock::now();
        let mutes = dispatcher.mutes(now);
        let mut summary = Summary::default();
        let mut firing: Vec<&Alert> = dispatcher
            .alerts
            .firing(now)
            .filter(|alert| seen.confinement().admits(&alert.labels) && !is_watchdog(&alert.labels))
            .collect();
        for alert in firing.iter().filter(|alert| !mutes.is_muted(&alert.labels)) {
            summary.firing += 1;
            summary.critical += usize::from(is_critical(&alert.labels));
        }
        firing.sort_by(|a, b| (b.starts_at, &a.labels).cmp(&(a.starts_at, &b.labels)));
        summary.is_whole = firing.len() <= Summary::MOST && app.started.plus(YOUTH) < now;
        summary.alerts = firing.iter().take(Summary::MOST).map(|alert| brief(alert, &mutes)).collect();
        Ok(Json(summary))
    })
    .await
}

fn brief(alert: &Alert, mutes: &Mutes<'_>) -> Brief {
    let name = alert.labels.get("alertname").map(ToString::to_string).unwrap_or_default();
    Brief {
        fingerprint: alert.fingerprint().to_string(),
        words: said(&alert.annotations).unwrap_or(&name).chars().take(MOST_WORDS).collect(),
        name,
        critical: is_critical(&alert.labels),
        muted: mutes.is_muted(&alert.labels),
    }
}

/// `GET alerts/one/{fingerprint}`.
pub(super) async fn one(
    State(app): State<AppState>,
    seen: Seen,
    Path(fingerprint): Path<String>,
) -> Result<Json<Explained>, ApiError> {
    blocking(&app, move |app| {
        let confinement = seen.confinement();
        let mut gathered = gather(app, confinement).alerts;
        gathered.retain(|labels, _| Fingerprint::of(labels).to_string() == fingerprint);
        let Some((labels, found)) = gathered.pop_first() else {
            let message = format!("no alert {fingerprint} is pending or fires; it may have ended");
            return Err(ApiError::new(ErrorKind::NotFound, message));
        };
        let told = seen_notifications(app, confinement);
        let dispatcher = app.notifier.dispatcher();
        Ok(Json(explained(&dispatcher, &labels, &found, confinement, &told)))
    })
    .await
}

/// `GET notifications`.
pub(super) async fn notifications(
    State(app): State<AppState>,
    seen: Seen,
) -> Result<Json<Notifications>, ApiError> {
    blocking(&app, move |app| {
        Ok(Json(Notifications { notifications: seen_notifications(app, seen.confinement()) }))
    })
    .await
}

/// Notifications of which all alerts may be seen.
fn seen_notifications(app: &App, confinement: &Confinement) -> Vec<wire::Notification> {
    let mut told = app.notifier.told.newest();
    told.retain(|told| told.alerts.iter().all(|labels| confinement.admits(labels)));
    told
}

/// An alert as our rules or another server know it; by both where it fires.
#[derive(Default)]
struct Found {
    active: Option<ActiveAlert>,
    rule: Option<wire::RuleOf>,
    sent: Option<Alert>,
}

#[derive(Default)]
struct Gathered {
    alerts: BTreeMap<Labels, Found>,
    /// How many rules look for some.
    rules: usize,
}

/// All that may be seen, by the labels that receivers are told.
fn gather(app: &App, confinement: &Confinement) -> Gathered {
    let mut gathered = Gathered::default();
    for (key, view) in app.rules.list() {
        for (rule, outcome) in view.group.rules.iter().zip(&view.rules) {
            gathered.rules += usize::from(matches!(rule.kind, RuleKind::Alert(_)));
            let seen = outcome.alerts.iter().filter(|alert| confinement.admits(&alert.labels));
            for active in seen {
                let rule = sight::sees_rule(confinement, rule).then(|| rule_of(&key, rule));
                let found = Found { active: Some(active.clone()), rule, sent: None };
                gathered.alerts.insert(app.rules.told_labels(&active.labels), found);
            }
        }
    }
    let dispatcher = app.notifier.dispatcher();
    for alert in dispatcher.alerts.firing(clock::now()) {
        if confinement.admits(&alert.labels) {
            gathered.alerts.entry(alert.labels.clone()).or_default().sent = Some(alert.clone());
        }
    }
    gathered
}

fn rule_of(key: &GroupKey, rule: &Rule) -> wire::RuleOf {
    let hold = match &rule.kind {
        RuleKind::Alert(alert) => alert.hold,
        RuleKind::Record(_) => std::time::Duration::ZERO,
    };
    let threshold = threshold(rule.expr.expr());
    wire::RuleOf {
        file: key.file.clone(),
        group: key.name.clone(),
        query: rule.query(),
        hold_seconds: hold.as_secs_f64(),
        threshold,
    }
}

fn described(labels: &Labels, found: &Found, ways: &[Way<'_>], mutes: &Mutes<'_>) -> wire::Alert {
    let since = |active: &ActiveAlert| active.active_at.seconds();
    let sent = found.sent.as_ref();
    let annotations = match (&found.active, sent) {
        (Some(active), _) => texts(&active.annotations),
        (None, Some(sent)) => texts(&sent.annotations),
        (None, None) => BTreeMap::new(),
    };
    let fires_since = match &found.active {
        Some(active) => active.fired_at.map(Timestamp::seconds),
        None => sent.map(|sent| sent.starts_at.seconds()),
    };
    let receivers: BTreeSet<&str> = ways.iter().map(|way| way.route.receiver.as_str()).collect();
    wire::Alert {
        fingerprint: Fingerprint::of(labels).to_string(),
        labels: labels.clone(),
        annotations,
        state: state(labels, found, ways, mutes),
        since: found.active.as_ref().map(since).or(fires_since).unwrap_or_default(),
        fires_since,
        value: found.active.as_ref().map(|active| format_value(active.value)),
        receivers: receivers.into_iter().map(str::to_owned).collect(),
        told: ways.iter().flat_map(told).collect(),
        rule: found.rule.clone(),
        // Of our own it would lead to the page of the query, which is at hand.
        generator_url: match found.active {
            Some(_) => String::new(),
            None => sent.map(|sent| sent.generator_url.clone()).unwrap_or_default(),
        },
    }
}

fn texts(annotations: &BTreeMap<SmolStr, String>) -> BTreeMap<String, String> {
    annotations.iter().map(|(name, text)| (name.to_string(), text.clone())).collect()
}

fn state(labels: &Labels, found: &Found, ways: &[Way<'_>], mutes: &Mutes<'_>) -> wire::AlertState {
    let is_pending = found.active.as_ref().is_some_and(|active| active.state == AlertState::Pending);
    if is_pending {
        wire::AlertState::Pending
    } else if mutes.silenced_by(labels).next().is_some() {
        wire::AlertState::Silenced
    } else if !mutes.inhibited_by(labels).is_empty() {
        wire::AlertState::Inhibited
    } else if !ways.is_empty() && ways.iter().all(|way| !way.muted_by.is_empty()) {
        wire::AlertState::Muted
    } else {
        wire::AlertState::Firing
    }
}

/// The integrations of a receiver that have heard of the alert.
fn told<'w>(way: &'w Way<'_>) -> impl Iterator<Item = wire::Told> + 'w {
    let heard = way.told.iter().filter(|told| told.has_alert);
    heard.filter_map(|told| {
        Some(wire::Told {
            receiver: way.route.receiver.clone(),
            kind: told.integration.kind.to_owned(),
            at: told.logged?.at.seconds(),
        })
    })
}

fn explained(
    dispatcher: &Dispatcher,
    labels: &Labels,
    found: &Found,
    confinement: &Confinement,
    told: &[wire::Notification],
) -> Explained {
    let now = clock::now();
    let mutes = dispatcher.mutes(now);
    let ways = dispatcher.ways(labels, &mutes);
    let silences = mutes.silenced_by(labels).map(|silence| {
        let is_seen = sees_silence(confinement, dispatcher, silence, now);
        let or_nothing = |text: &str| if is_seen { text.to_owned() } else { String::new() };
        wire::SilencedBy {
            id: or_nothing(&silence.id),
            created_by: or_nothing(&silence.created_by),
            comment: or_nothing(&silence.comment),
            ends_at: silence.ends_at.seconds(),
        }
    });
    let inhibited_by = mutes.inhibited_by(labels).into_iter().map(|fingerprint| {
        let source = dispatcher.alerts.get(fingerprint).map(|alert| alert.labels.clone());
        wire::InhibitedBy {
            fingerprint: fingerprint.to_string(),
            labels: source.filter(|labels| confinement.admits(labels)),
        }
    });
    let steps = dispatcher.walk(labels).into_iter().map(|step| wire::Step {
        depth: step.depth,
        matchers: show_matchers(&step.route.matchers),
        receiver: step.route.receiver.clone(),
        continues: step.route.continues,
        is_taken: step.is_taken,
    });
    let active = dispatcher.silences.all().filter(|silence| silence.is_active(now)).count();
    Explained {
        alert: described(labels, found, &ways, &mutes),
        steps: steps.collect(),
        silences: silences.collect(),
        inhibited_by: inhibited_by.collect(),
        looked_at: (active, dispatcher.config().inhibit_rules.len()),
        ways: ways.iter().map(|way| way_of(way, told)).collect(),
    }
}

fn way_of(way: &Way<'_>, told: &[wire::Notification]) -> wire::Way {
    let route = way.route;
    let outcomes = way.told.iter().map(|one| wire::Outcome {
        kind: one.integration.kind.to_owned(),
        at: one.logged.map(|logged| logged.at.seconds()),
        has_alert: one.has_alert,
        last: told
            .iter()
            .find(|last| {
                last.receiver == route.receiver
                    && (&*last.kind, last.index) == (one.integration.kind, one.integration.index)
                    && last.group_key == way.group_key
            })
            .cloned(),
    });
    wire::Way {
        receiver: route.receiver.clone(),
        group_labels: way.group_labels.clone(),
        waits: (
            route.group_wait.as_secs_f64(),
            route.group_interval.as_secs_f64(),
            route.repeat_interval.as_secs_f64(),
        ),
        alerts: way.group.map(|group| group.alerts),
        next: way.group.map(|group| group.next.seconds()),
        is_new: way.group.is_some_and(|group| group.is_new),
        muted_by: way.muted_by.clone(),
        told: outcomes.collect(),
    }
}
