//! What would have come of an alerting rule in the past.

use std::collections::BTreeMap;

use crowsnest_api::{Labels, Timestamp};
use crowsnest_promql::{RangeParams, SampleValue, Value, VectorElement};

use super::{ActiveAlert, AlertState, Surroundings, alerts};
use crate::rules::{Alert, Rule};

/// Elements of answers that are looked at, over all steps: each expands the rule's labels.
const MOST_ELEMENTS: usize = 500_000;
/// Firings that are told one by one.
const MOST_FIRINGS: usize = 1_000;

/// A rule's past.
#[derive(Clone, Debug, Default)]
pub struct Replayed {
    /// How often an alert began to fire.
    pub fired: usize,
    /// In the order in which their conditions began to hold; the first thousand.
    pub firings: Vec<Firing>,
    /// The alert that fired last, with its annotations; the one that was pending last where none fired.
    pub example: Option<ActiveAlert>,
}

/// An alert from the time its condition held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Firing {
    /// Who it is.
    pub labels: Labels,
    /// Since when the condition held.
    pub since: Timestamp,
    /// Since when it fired, if it did.
    pub fires_since: Option<Timestamp>,
    /// Until when; `None` when it still does at the end.
    pub until: Option<Timestamp>,
}

/// Takes a rule through the steps of a range as if it had been evaluated at each of them.
///
/// # Errors
/// When the expression cannot be evaluated, gives too much, or two alerts would be the same. The text is for people.
pub fn replay(
    rule: &Rule,
    alert: &Alert,
    range: RangeParams,
    around: &Surroundings<'_>,
) -> Result<Replayed, String> {
    let control = (around.control)();
    let answer = around.engine.prepared(around.store, &rule.expr).controlled(&control).range(range);
    let Value::Matrix(series) = answer.map_err(|error| error.to_string())?.value else {
        return Err("rule result is not a vector or scalar".to_owned());
    };
    let mut steps: BTreeMap<Timestamp, Vec<VectorElement>> = BTreeMap::new();
    let mut elements = 0;
    for one in &series {
        elements += one.samples.len() + one.histograms.len();
        if elements > MOST_ELEMENTS {
            return Err("the expression gives too many series for a preview; narrow it down".to_owned());
        }
        let floats = one.samples.iter().map(|sample| (sample.timestamp, SampleValue::Float(sample.value)));
        let histograms =
            one.histograms.iter().map(|(at, value)| (*at, SampleValue::Histogram(value.clone())));
        for (timestamp, value) in floats.chain(histograms) {
            let element = VectorElement { labels: one.labels.clone(), timestamp, value };
            steps.entry(timestamp).or_default().push(element);
        }
    }
    // Annotations are expanded for the one alert that is told of.
    let bare = Alert { annotations: Vec::new(), ..alert.clone() };
    let mut past = Past::default();
    let (mut last, mut example) = (None, None);
    let mut at = range.start();
    while at <= range.end() {
        let vector = steps.remove(&at).unwrap_or_default();
        let found = alerts::found(&bare, rule, vector.clone(), at, around)?;
        alerts::advance(&mut past.alerts, &bare, found, at);
        past.note(at);
        if past.alerts.values().any(|alert| alert.state != AlertState::Inactive) && !vector.is_empty() {
            last = Some((at, vector));
        }
        at = at.plus_millis(range.step_ms());
    }
    if let Some((at, vector)) = last {
        let found = alerts::found(alert, rule, vector, at, around)?;
        let mut then = BTreeMap::new();
        alerts::advance(&mut then, alert, found, at);
        let fired = |labels: &Labels| {
            past.firings.iter().any(|one| one.labels == *labels && one.fires_since.is_some())
        };
        let which = then.keys().find(|labels| fired(labels)).or_else(|| then.keys().next()).cloned();
        example = which.and_then(|labels| then.remove(&labels));
    }
    Ok(Replayed { fired: past.fired, firings: past.firings, example })
}

/// What has been so far.
#[derive(Default)]
struct Past {
    alerts: BTreeMap<Labels, ActiveAlert>,
    fired: usize,
    firings: Vec<Firing>,
    /// Where in `firings` an alert is that is pending or fires.
    open: BTreeMap<Labels, usize>,
}

impl Past {
    fn note(&mut self, at: Timestamp) {
        for alert in self.alerts.values().filter(|alert| alert.state != AlertState::Inactive) {
            let is_known = self.open.get(&alert.labels).copied();
            let index = is_known.filter(|index| {
                self.firings.get(*index).is_some_and(|firing| firing.since == alert.active_at)
            });
            let fires_now = alert.fired_at == Some(at);
            self.fired += usize::from(fires_now);
            match index {
                Some(index) => {
                    if let Some(firing) = self.firings.get_mut(index) {
                        firing.fires_since = alert.fired_at;
                    }
                }
                None if self.firings.len() < MOST_FIRINGS => {
                    self.open.insert(alert.labels.clone(), self.firings.len());
                    self.firings.push(Firing {
                        labels: alert.labels.clone(),
                        since: alert.active_at,
                        fires_since: alert.fired_at,
                        until: None,
                    });
                }
                None => {}
            }
        }
        let is_over =
            |labels: &Labels| self.alerts.get(labels).is_none_or(|alert| alert.state == AlertState::Inactive);
        let over: Vec<Labels> = self.open.keys().filter(|labels| is_over(labels)).cloned().collect();
        for labels in over {
            if let Some(firing) = self.open.remove(&labels).and_then(|index| self.firings.get_mut(index)) {
                firing.until = Some(at);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use crowsnest_api::Sample;
    use crowsnest_promql::{Control, Engine, MemoryStore};

    use super::*;
    use crate::evaluation::{Recorder, Written};
    use crate::rules::{RuleFile, RuleKind};

    struct Nobody;

    impl Recorder for Nobody {
        fn record(&self, _: Vec<Written>) -> Result<(), String> {
            Ok(())
        }
    }

    /// What would have come of a rule over minutes with these values of `x{pod="a"}`.
    fn replayed(rule: &str, values: &[f64]) -> Result<Replayed, String> {
        let mut store = MemoryStore::default();
        let labels = Labels::from_pairs([("__name__", "x"), ("pod", "a")]);
        for (minute, value) in values.iter().enumerate() {
            store.append(&labels, Sample::new(minute as i64 * 60_000, *value));
        }
        let engine = Engine::default();
        let text = format!("groups: [{{name: g, rules: [{{alert: A, {rule}}}]}}]");
        let rule = RuleFile::parse(&text, &engine).unwrap().groups.remove(0).rules.remove(0);
        let RuleKind::Alert(alert) = &rule.kind else { panic!("no alert") };
        let around = Surroundings {
            engine: &engine,
            store: &store,
            recorder: &Nobody,
            control: &Control::unlimited,
            external_labels: &Labels::empty(),
            external_url: "",
            query_offset: Duration::ZERO,
        };
        let end = Timestamp::from_millis((values.len() as i64 - 1) * 60_000);
        let range = RangeParams::new(Timestamp::from_millis(0), end, Duration::from_secs(60)).unwrap();
        replay(&rule, alert, range, &around)
    }

    fn minutes(firing: &Firing) -> (i64, Option<i64>, Option<i64>) {
        let minute = |at: Timestamp| at.millis() / 60_000;
        (minute(firing.since), firing.fires_since.map(minute), firing.until.map(minute))
    }

    #[test]
    fn it_is_told_when_a_rule_would_have_been_pending_and_firing() {
        let values = [0.0, 9.0, 0.0, 9.0, 9.0, 9.0, 9.0, 0.0, 0.0, 9.0, 9.0, 9.0];
        let past =
            replayed("expr: x > 5, for: 2m, annotations: {a: '{{ $labels.pod }} {{ $value }}'}", &values)
                .unwrap();
        let spans: Vec<_> = past.firings.iter().map(minutes).collect();
        assert_eq!(spans, [(1, None, Some(2)), (3, Some(5), Some(7)), (9, Some(11), None)]);
        assert_eq!(past.fired, 2);
        let example = past.example.unwrap();
        assert_eq!(example.annotations["a"], "a 9");
        assert_eq!(example.labels, Labels::from_pairs([("alertname", "A"), ("pod", "a")]));
    }

    #[test]
    fn an_alert_that_keeps_firing_fires_once() {
        let values = [9.0, 0.0, 0.0, 9.0, 0.0, 0.0, 0.0, 0.0, 0.0];
        let past = replayed("expr: x > 5, keep_firing_for: 3m", &values).unwrap();
        assert_eq!(
            (past.fired, past.firings.iter().map(minutes).collect::<Vec<_>>()),
            (1, vec![(0, Some(0), Some(7))])
        );
    }

    #[test]
    fn a_rule_that_never_fires_has_no_past() {
        let past = replayed("expr: x > 50", &[1.0, 2.0]).unwrap();
        assert_eq!((past.fired, past.firings.len(), past.example.is_none()), (0, 0, true));
        // A number of its own counts as a vector of one.
        assert_eq!(replayed("expr: vector(1)", &[1.0, 2.0]).unwrap().fired, 1);
    }

    #[test]
    fn what_would_fail_on_the_server_fails_here() {
        let error =
            replayed("expr: 'x or label_replace(x, \"pod\", \"b\", \"\", \"\")', labels: {pod: c}", &[9.0])
                .unwrap_err();
        assert!(error.contains("same labelset"), "{error}");
    }
}
