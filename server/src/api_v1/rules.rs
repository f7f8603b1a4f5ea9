//! `rules`, `alerts` and `alertmanagers`, as Prometheus 3 answers them; of rules and alerts those that the caller may see.

mod body;

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use crowsnest_alerting::rules::{Rule, RuleKind};
use crowsnest_api::Labels;
use crowsnest_promql::Matcher;
use serde::Serialize;
use serde_json::{Value, json};

use self::body::{AlertBody, GroupBody, RuleBody};
use super::answer::plain;
use super::params::{Params, invalid};
use super::seen::Seen;
use crate::http::{ApiError, AppState};
use crate::rules::{GroupKey, sight};

/// `data` of `rules`.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct RulesBody {
    groups: Vec<GroupBody>,
    #[serde(skip_serializing_if = "Option::is_none")]
    group_next_token: Option<String>,
}

/// `data` of `alerts`.
#[derive(Debug, Default, Serialize)]
struct AlertsBody {
    alerts: Vec<AlertBody>,
}

/// `data` of `alertmanagers`.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct AlertmanagersBody {
    active_alertmanagers: Vec<Value>,
    dropped_alertmanagers: Vec<Value>,
}

/// `rules`: the groups with their rules.
pub(crate) async fn rules(
    State(app): State<AppState>,
    seen: Seen,
    params: Params,
) -> Result<Response, ApiError> {
    let wanted = Wanted::read(&params)?;
    let page = Page::read(&params)?;
    let mut body = RulesBody::default();
    let mut is_before = page.from.is_some();
    for (key, view) in app.rules.list() {
        is_before = is_before && page.from.as_deref() != Some(&*token(&key));
        if is_before || !wanted.group(&key) {
            continue;
        }
        let rules = view.group.rules.iter().zip(&view.rules);
        let rules = rules.filter(|(rule, _)| wanted.rule(rule) && sight::sees_rule(seen.confinement(), rule));
        let rules: Vec<_> = rules
            .map(|(rule, outcome)| {
                let outcome = sight::outcome(seen.confinement(), outcome);
                RuleBody::new(rule, &outcome, wanted.excludes_alerts)
            })
            .collect();
        if rules.is_empty() {
            continue;
        }
        if page.limit.is_some_and(|limit| body.groups.len() >= limit) {
            body.group_next_token = Some(token(&key));
            break;
        }
        body.groups.push(GroupBody::new(&key, &view, app.rules.interval(&view.group), rules));
    }
    match page.from {
        Some(from) if is_before => {
            let what = format!("invalid group_next_token '{from}'. were rule groups changed?");
            Err(invalid("group_next_token", &what))
        }
        _ => Ok(plain(body).into_response()),
    }
}

/// Which rules are asked for.
struct Wanted {
    kind: String,
    names: Vec<String>,
    groups: Vec<String>,
    files: Vec<String>,
    matcher_sets: Vec<Vec<Matcher>>,
    excludes_alerts: bool,
}

impl Wanted {
    fn read(params: &Params) -> Result<Self, ApiError> {
        let kind = params.get("type").unwrap_or_default().to_lowercase();
        if !["", "alert", "record"].contains(&kind.as_str()) {
            return Err(invalid("type", &format!("not supported value {kind:?}")));
        }
        let all = |name| params.all(name).map(str::to_owned).collect();
        Ok(Self {
            kind,
            names: all("rule_name[]"),
            groups: all("rule_group[]"),
            files: all("file[]"),
            matcher_sets: params.matcher_sets().map_err(ApiError::bad_request)?,
            excludes_alerts: params.flag("exclude_alerts")?,
        })
    }

    fn group(&self, key: &GroupKey) -> bool {
        let is_in = |list: &[String], value: &String| list.is_empty() || list.contains(value);
        is_in(&self.groups, &key.name) && is_in(&self.files, &key.file)
    }

    fn rule(&self, rule: &Rule) -> bool {
        let kind = match rule.kind {
            RuleKind::Alert(_) => "alert",
            RuleKind::Record(_) => "record",
        };
        let is_kind = self.kind.is_empty() || self.kind == kind;
        let is_named = self.names.is_empty() || self.names.iter().any(|name| name == rule.name());
        is_kind && is_named && (self.matcher_sets.is_empty() || self.matches(rule))
    }

    /// By the labels that the rule sets; those that are templates have no value yet.
    fn matches(&self, rule: &Rule) -> bool {
        let fixed = rule.labels.iter().filter(|(_, template)| !template.text().contains("{{"));
        let labels = Labels::from_pairs(fixed.map(|(name, template)| (name.clone(), template.text())));
        self.matcher_sets.iter().any(|set| set.iter().all(|matcher| matcher.matches(&labels)))
    }
}

/// Which groups to begin with, and how many.
struct Page {
    limit: Option<usize>,
    from: Option<String>,
}

impl Page {
    fn read(params: &Params) -> Result<Self, ApiError> {
        let from = params.get("group_next_token").map(str::to_owned);
        let Some(text) = params.get("group_limit") else {
            if from.is_some() {
                let what = "group_limit needs to be present in order to paginate over the groups";
                return Err(invalid("group_next_token", what));
            }
            return Ok(Self { limit: None, from });
        };
        match text.parse::<i32>().map(usize::try_from) {
            Ok(Ok(limit)) if limit > 0 => Ok(Self { limit: Some(limit), from }),
            Ok(_) => Err(invalid("group_limit", "group_limit needs to be greater than 0")),
            Err(_) => {
                let what = format!("group_limit needs to be a valid number, not {text:?}");
                Err(invalid("group_limit", &what))
            }
        }
    }
}

/// What stands for a group in `group_next_token`.
fn token(key: &GroupKey) -> String {
    openssl::sha::sha1(key.text().as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// `alerts`: those that are pending or firing.
pub(crate) async fn alerts(State(app): State<AppState>, seen: Seen) -> Response {
    let groups = app.rules.list();
    let alerts = groups.iter().flat_map(|(_, view)| &view.rules).flat_map(|rule| &rule.alerts);
    let alerts = alerts.filter(|alert| seen.confinement().admits(&alert.labels));
    plain(AlertsBody { alerts: alerts.map(AlertBody::new).collect() }).into_response()
}

/// `alertmanagers`: where alerts are sent to.
pub(crate) async fn alertmanagers(State(app): State<AppState>) -> Response {
    let active_alertmanagers = app.notifier.forwards.urls().map(|url| json!({"url": url.as_str()}));
    let body = AlertmanagersBody {
        active_alertmanagers: active_alertmanagers.collect(),
        ..AlertmanagersBody::default()
    };
    plain(body).into_response()
}
