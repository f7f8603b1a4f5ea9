//! Charts of alerts for those who are told of them: what each alert's rule compares, over the series that the rule itself may see.

use std::collections::BTreeMap;
use std::sync::{Arc, Weak};

use crowsnest_alerting::dispatch::Alert;
use crowsnest_alerting::rules::RuleKind;
use crowsnest_api::Timestamp;
use crowsnest_promql::{Confinement, Control, Engine};
use tracing::warn;

use super::Rules;
use super::alerts::{generator_url, threshold};
use crate::notifier::Illustrate;
use crate::render::alert::{ChartError, Compared, MOST_CHARTS, chart, picture};

/// Draws alerts of our own rules; of others there is nothing to draw.
pub(crate) struct Illustrator {
    rules: Weak<Rules>,
    /// With limits of its own.
    engine: Engine,
}

impl Illustrator {
    pub(crate) fn new(rules: &Arc<Rules>, engine: Engine) -> Self {
        Self { rules: Arc::downgrade(rules), engine }
    }
}

impl Illustrate for Illustrator {
    fn draw(
        &self,
        alerts: &[Alert],
        now: Timestamp,
        control: &Control,
    ) -> Result<Option<Vec<u8>>, ChartError> {
        let Some(rules) = self.rules.upgrade() else { return Ok(None) };
        let compared = rules.compared(alerts);
        let mut charts = Vec::new();
        let mut failed = None;
        for (confinement, compared) in compared.iter().take(MOST_CHARTS) {
            let store = confinement.of(&*rules.queryable);
            match chart(compared, &self.engine, &store, now, control) {
                Ok(drawn) => charts.extend(drawn),
                Err(error) => failed = Some(error),
            }
        }
        match (charts.is_empty(), failed) {
            (true, Some(error)) => return Err(error),
            (true, None) => return Ok(None),
            (false, Some(error)) => {
                warn!(
                    err = &error as &dyn std::error::Error,
                    "one of the charts of a notification is left out"
                );
            }
            (false, None) => {}
        }
        let mut names: Vec<&str> = compared.iter().map(|(_, compared)| compared.name.as_str()).collect();
        names.dedup();
        picture(&names.join(", "), charts).map(Some)
    }
}

impl Rules {
    /// What the rules of these alerts compare, each once, with what it may see; in the order of the alerts.
    fn compared(&self, alerts: &[Alert]) -> Vec<(Confinement, Compared)> {
        let mut candidates = self.candidates(alerts);
        let mut order = Vec::new();
        for alert in alerts {
            let id = (name(alert).to_owned(), alert.generator_url.clone());
            let Some(of_id) = candidates.get_mut(&id) else { continue };
            let fitting = of_id.iter_mut().enumerate().filter(|(_, (seen, _))| seen.admits(&alert.labels));
            // Of two rules that ask the same, the one that sees less is meant, or does no harm.
            let Some((at, (_, compared))) = fitting.min_by_key(|(_, (seen, _))| seen.is_none()) else {
                continue;
            };
            compared.alerts.push((alert.labels.clone(), alert.starts_at));
            if !order.contains(&(id.clone(), at)) {
                order.push((id, at));
            }
        }
        let taken = order.into_iter().filter_map(|(id, at)| {
            let (seen, compared) = candidates.get_mut(&id)?.get_mut(at)?;
            Some((seen.clone(), std::mem::take(compared)))
        });
        taken.collect()
    }

    /// Rules of the alerts' names, by name and by what alerts of theirs say that they come from.
    fn candidates(&self, alerts: &[Alert]) -> BTreeMap<(String, String), Vec<(Confinement, Compared)>> {
        let mut found = BTreeMap::<_, Vec<_>>::new();
        for running in self.groups.lock().values() {
            for rule in &running.given.group.rules {
                let RuleKind::Alert(alert) = &rule.kind else { continue };
                if !alerts.iter().any(|one| name(one) == alert.name) {
                    continue;
                }
                let query = rule.query();
                let from = generator_url(&query, &self.settings.external_url);
                let threshold = threshold(rule.expr.expr());
                let compared = Compared {
                    name: alert.name.to_string(),
                    query: threshold.as_ref().map_or(query, |threshold| threshold.query.clone()),
                    threshold,
                    alerts: Vec::new(),
                };
                let id = (alert.name.to_string(), from);
                found.entry(id).or_default().push((running.given.confinement.clone(), compared));
            }
        }
        found
    }
}

fn name(alert: &Alert) -> &str {
    alert.labels.get("alertname").map_or("", |name| name.as_str())
}
