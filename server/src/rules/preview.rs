//! What would have come of a rule that somebody is writing: when it would have fired, which rules it repeats, which of its selectors match nothing, and who would
//! be told what.

use std::time::Duration;

use crowsnest_alerting::dispatch::Alert;
use crowsnest_alerting::evaluation::{
    ActiveAlert, AlertState, Firing, Recorder, Replayed, Surroundings, Written, replay,
};
use crowsnest_alerting::rules::{Rule, RuleKind};
use crowsnest_api::rules as wire;
use crowsnest_api::{Labels, Timestamp};
use crowsnest_promql::ast::ExprKind;
use crowsnest_promql::{
    Confinement, Control, Expr, PatternBudget, Queryable, RangeParams, Scope, parse_matchers,
};

use super::sight::sees_rule;
use super::{Rules, alerts, written};
use crate::clock;

/// The longest span that is looked at, in hours.
const MOST_HOURS: u32 = 31 * 24;
/// How many times are looked at, at most.
const MOST_STEPS: i64 = 1_500;
/// Selectors that are looked up.
const MOST_SELECTORS: usize = 50;

/// Nothing is written in a preview.
struct Nowhere;

impl Recorder for Nowhere {
    fn record(&self, _: Vec<Written>) -> Result<(), String> {
        Ok(())
    }
}

impl Rules {
    /// Looks at a rule as somebody who is confined so would make it in a folder.
    ///
    /// # Errors
    /// What is wrong with the rule; for people.
    pub(crate) fn preview(
        &self,
        asking: &wire::Asking,
        seen: &Confinement,
        control: &Control,
    ) -> Result<wire::Preview, String> {
        let group = written::group(&asking.rule, &asking.folder, &self.engine)?;
        let Some((rule, alert)) = group.rules.first().and_then(|rule| match &rule.kind {
            RuleKind::Alert(alert) => Some((rule, alert)),
            RuleKind::Record(_) => None,
        }) else {
            return Err("there is no rule in it".to_owned());
        };
        let of_folder = written::confinement(&asking.folder);
        let own = seen.of(&*self.queryable);
        let store = of_folder.of(&own);
        let range = self.span(asking.hours)?;
        let around = Surroundings {
            engine: &self.engine,
            store: &store,
            recorder: &Nowhere,
            control: &|| control.clone(),
            external_labels: &self.settings.external_labels,
            external_url: &self.settings.external_url,
            query_offset: Duration::ZERO,
        };
        let Replayed { fired, firings, example } = replay(rule, alert, range, &around)?;
        let made_up = example.is_none();
        let example = example.unwrap_or_else(|| made_up_alert(rule, range.end()));
        let told = self.told(&example, rule);
        let shown = wire::Example {
            labels: told.labels.clone(),
            annotations: told
                .annotations
                .iter()
                .map(|(name, text)| (name.to_string(), text.clone()))
                .collect(),
            made_up,
        };
        let expr = rule.expr.expr();
        Ok(wire::Preview {
            span: (range.start().seconds(), range.end().seconds()),
            step: range.step_ms() as f64 / 1000.0,
            fired,
            firings: firings.into_iter().map(firing).collect(),
            threshold: alerts::threshold(expr),
            duplicates: self.duplicates(rule, asking, seen),
            never: never_matching(expr, &store, control),
            example: shown,
            told: self.notifier.rehearse(told, clock::now()),
        })
    }

    /// The last hours, in steps of at least the interval at which the rule would be evaluated.
    fn span(&self, hours: u32) -> Result<RangeParams, String> {
        let hours = hours.clamp(1, MOST_HOURS);
        let length = Duration::from_secs(u64::from(hours) * 3600);
        let least = i64::try_from(length.as_millis()).unwrap_or(i64::MAX) / MOST_STEPS;
        let step = Duration::from_millis(least.unsigned_abs()).max(self.settings.interval);
        let end = clock::now();
        RangeParams::new(end.minus(length), end, step).map_err(|error| error.to_string())
    }

    /// The alert as the notifier would take it.
    fn told(&self, example: &ActiveAlert, rule: &Rule) -> Alert {
        let now = clock::now();
        let mut told = alerts::told((example.clone(), rule.query()), &self.settings);
        (told.updated_at, told.ends_at) = (now, now.plus(Duration::from_hours(24)));
        told.starts_at = told.starts_at.min(now);
        told
    }

    /// Rules of the same name or query that the writer may see.
    fn duplicates(&self, rule: &Rule, asking: &wire::Asking, seen: &Confinement) -> Vec<wire::Duplicate> {
        let own = (!asking.id.is_empty()).then(|| self.written.find(&asking.id)).flatten();
        let own = own.map(|record| (written::file(&record.folder), record.rule.alert));
        let query = rule.query();
        let mut found = Vec::new();
        for (key, view) in self.list() {
            if own.as_ref().is_some_and(|(file, name)| *file == key.file && *name == key.name) {
                continue;
            }
            for other in view.group.rules.iter().filter(|other| matches!(other.kind, RuleKind::Alert(_))) {
                let same_query = other.query() == query;
                if (same_query || other.name() == rule.name()) && sees_rule(seen, other) {
                    let (file, group, name) = (key.file.clone(), key.name.clone(), other.name().to_owned());
                    found.push(wire::Duplicate { file, group, name, same_query });
                }
            }
        }
        found.truncate(MOST_SELECTORS);
        found
    }
}

/// An alert of a rule that found nothing: with what its labels are in any case.
fn made_up_alert(rule: &Rule, at: Timestamp) -> ActiveAlert {
    let mut labels = Labels::empty().to_builder();
    let texts = |templates: &[(smol_str::SmolStr, crowsnest_alerting::template::RuleTemplate)]| {
        templates
            .iter()
            .map(|(name, template)| (name.clone(), template.text().to_owned()))
            .collect::<Vec<_>>()
    };
    for (name, text) in texts(&rule.labels) {
        labels.set(name, text);
    }
    labels.set("alertname", rule.name());
    let annotations = match &rule.kind {
        RuleKind::Alert(alert) => texts(&alert.annotations),
        RuleKind::Record(_) => Vec::new(),
    };
    ActiveAlert {
        labels: labels.build(),
        annotations: annotations.into_iter().collect(),
        state: AlertState::Firing,
        value: 0.0,
        active_at: at,
        fired_at: Some(at),
        resolved_at: None,
        keep_firing_since: None,
        last_sent_at: None,
        valid_until: None,
    }
}

fn firing(firing: Firing) -> wire::Firing {
    wire::Firing {
        labels: firing.labels,
        since: firing.since.seconds(),
        fires_since: firing.fires_since.map(Timestamp::seconds),
        until: firing.until.map(Timestamp::seconds),
    }
}

/// Selectors of an expression that match nothing that is kept.
fn never_matching(expr: &Expr, store: &dyn Queryable, control: &Control) -> Vec<String> {
    let mut selectors = Vec::new();
    expr.walk(&mut |node| {
        if let ExprKind::Selector(selector) = &node.kind {
            let mut bare = selector.clone();
            (bare.range, bare.modifiers) = (None, Default::default());
            let text = bare.to_string();
            if selectors.len() < MOST_SELECTORS && !selectors.contains(&text) {
                selectors.push(text);
            }
        }
    });
    selectors.retain(|text| {
        let Ok(matchers) = parse_matchers(text, &mut PatternBudget::default()) else { return false };
        let scope = Scope { matcher_sets: &[matchers], start: Timestamp::MIN, end: Timestamp::MAX };
        control.check_running().is_ok() && store.series(&scope).is_ok_and(|series| series.is_empty())
    });
    selectors
}
