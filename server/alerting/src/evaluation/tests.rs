//! Groups in time.

use std::sync::Mutex;

use crowsnest_api::{Sample, is_stale};
use crowsnest_promql::{MemoryStore, Scope, Selection, Series, SeriesSet, StorageError};
use smol_str::SmolStr;

use super::*;
use crate::rules::RuleFile;

/// A store that rules read and write.
#[derive(Default)]
struct Store(Mutex<MemoryStore>);

impl Store {
    fn set(&self, series: &[(&str, &str)], at: Timestamp, value: f64) {
        let labels = Labels::from_pairs(series.iter().copied());
        self.0.lock().unwrap().append(&labels, Sample { timestamp: at, value });
    }

    /// The series with this name that have a sample at `at`, with it.
    fn at(&self, name: &str, at: Timestamp) -> Vec<String> {
        let matchers = [crowsnest_promql::Matcher::equal("__name__", name)];
        let found = self.select(&Selection::new(&matchers, at, at)).unwrap();
        let series: Vec<Series> = found.series.map(Result::unwrap).collect();
        let show =
            |value| if is_stale(value) { "stale".to_owned() } else { crowsnest_api::format_value(value) };
        series.iter().map(|series| format!("{} {}", series.labels, show(series.samples[0].value))).collect()
    }
}

impl Queryable for Store {
    fn select<'a>(&'a self, selection: &Selection<'_>) -> Result<SeriesSet<'a>, StorageError> {
        let store = self.0.lock().unwrap();
        let series: Result<Vec<_>, _> = store.select(selection)?.series.collect();
        Ok(SeriesSet::from_sorted(series?))
    }
    fn series(&self, scope: &Scope<'_>) -> Result<Vec<Labels>, StorageError> {
        self.0.lock().unwrap().series(scope)
    }
    fn label_names(&self, scope: &Scope<'_>) -> Result<Vec<SmolStr>, StorageError> {
        self.0.lock().unwrap().label_names(scope)
    }
    fn label_values(&self, name: &str, scope: &Scope<'_>) -> Result<Vec<SmolStr>, StorageError> {
        self.0.lock().unwrap().label_values(name, scope)
    }
}

impl Recorder for Store {
    fn record(&self, samples: Vec<Written>) -> Result<(), String> {
        for sample in samples {
            let value = sample.value.float().unwrap();
            self.0.lock().unwrap().append(&sample.labels, Sample { timestamp: sample.timestamp, value });
        }
        Ok(())
    }
}

/// One group of rules over a store, a minute at a time.
struct Scene {
    store: Store,
    group: GroupState,
}

fn group(rules: &str) -> Arc<Group> {
    let text = format!("groups:\n- name: g\n{rules}");
    Arc::new(RuleFile::parse(&text, &Engine::default()).unwrap().groups.remove(0))
}

fn minute(n: i64) -> Timestamp {
    Timestamp::from_millis(n * 60_000)
}

impl Scene {
    fn new(rules: &str) -> Self {
        Self { store: Store::default(), group: GroupState::new(group(rules)) }
    }

    fn evaluate(&mut self, at: Timestamp) {
        let around = Surroundings {
            engine: &Engine::default(),
            store: &self.store,
            recorder: &self.store,
            control: &Control::unlimited,
            external_labels: &Labels::from_pairs([("cluster", "c1")]),
            external_url: "http://here",
            query_offset: Duration::ZERO,
        };
        self.group.evaluate(at, &around);
    }

    /// Sets `x` to 1 or takes it away at a minute, evaluates, and gives the states of the alerts.
    #[track_caller]
    fn step(&mut self, n: i64, present: bool) -> Vec<&'static str> {
        let value = if present { 1.0 } else { stale_nan() };
        self.store.set(&[("__name__", "x"), ("job", "a")], minute(n), value);
        self.evaluate(minute(n));
        self.group.rules()[0].alerts().map(|alert| alert.state.name()).collect()
    }
}

const ALERT: &str = "  rules: [{alert: A, expr: x, for: 2m, labels: {s: '{{ $labels.job }}'}, annotations: {d: '{{ $value }} {{ $externalLabels.cluster }}'}}]\n";

#[test]
fn an_alert_waits_fires_and_is_remembered_for_a_while() {
    let mut scene = Scene::new(ALERT);
    assert_eq!(scene.step(0, true), ["pending"]);
    assert_eq!(scene.step(1, true), ["pending"]);
    assert_eq!(scene.step(2, true), ["firing"]);
    assert_eq!(
        scene.store.at(STATE, minute(2)),
        [
            r#"ALERTS{alertname="A", alertstate="firing", job="a", s="a"} 1"#,
            r#"ALERTS{alertname="A", alertstate="pending", job="a", s="a"} stale"#,
        ]
    );
    assert_eq!(
        scene.store.at(FOR_STATE, minute(2)),
        [r#"ALERTS_FOR_STATE{alertname="A", job="a", s="a"} 0"#]
    );
    let alert = scene.group.rules()[0].alerts().next().unwrap();
    assert_eq!(alert.annotations["d"], "1 c1");
    assert_eq!(scene.step(3, false), ["inactive"]);
    assert_eq!(
        scene.store.at(FOR_STATE, minute(3)),
        [r#"ALERTS_FOR_STATE{alertname="A", job="a", s="a"} stale"#]
    );
    assert_eq!(scene.step(18, false), ["inactive"]);
    assert_eq!(scene.step(19, false), [""; 0]);
}

#[test]
fn a_pending_alert_whose_series_goes_is_forgotten() {
    let mut scene = Scene::new(ALERT);
    assert_eq!(scene.step(0, true), ["pending"]);
    assert_eq!(scene.step(1, false), [""; 0]);
}

#[test]
fn an_alert_goes_on_firing_for_as_long_as_it_is_told_to() {
    let mut scene = Scene::new("  rules: [{alert: A, expr: x, keep_firing_for: 2m}]\n");
    assert_eq!(scene.step(0, true), ["firing"]);
    assert_eq!(scene.step(1, false), ["firing"]);
    assert_eq!(scene.step(2, true), ["firing"]);
    assert_eq!(scene.step(3, false), ["firing"]);
    assert_eq!(scene.step(4, false), ["firing"]);
    assert_eq!(scene.step(5, false), ["inactive"]);
    assert_eq!(scene.step(6, true), ["firing"]);
}

#[test]
fn a_restart_takes_nothing_from_what_an_alert_has_waited() {
    let mut before = Scene::new(ALERT);
    before.step(0, true);
    before.step(1, true);
    let mut after = Scene::new(ALERT);
    let kept = serde_json::to_string(&before.group.snapshot().unwrap()).unwrap();
    after.group.restore(serde_json::from_str(&kept).unwrap(), minute(30));
    assert_eq!(after.step(30, true), ["pending"]);
    assert_eq!(after.step(31, true), ["firing"]);
    let mut late = Scene::new(ALERT);
    late.group.restore(after.group.snapshot().unwrap(), minute(200));
    assert_eq!(late.step(200, true), ["firing"], "what fires is remembered however long it takes");
}

#[test]
fn later_rules_see_what_earlier_ones_wrote() {
    let mut scene = Scene::new(
        "  rules: [{record: a, expr: x * 2}, {record: b, expr: a + 1, labels: {l: v}}, {alert: C, expr: b > 2}]\n",
    );
    scene.step(1, true);
    assert_eq!(scene.store.at("b", minute(1)), [r#"b{job="a", l="v"} 3"#]);
    assert_eq!(scene.group.rules()[2].alerts().count(), 1);
    scene.step(2, false);
    assert_eq!(scene.store.at("b", minute(2)), [r#"b{job="a", l="v"} stale"#]);
}

#[test]
fn a_rule_that_fails_writes_nothing_and_says_why() {
    let mut scene = Scene::new(
        "  limit: 1\n  rules: [{record: a, expr: x}, {record: b, expr: 'label_replace(x, \"y\", \"\", \"\", \"\")', labels: {job: same}}, {record: c, expr: a}]\n",
    );
    scene.store.set(&[("__name__", "x"), ("job", "b")], minute(1), 1.0);
    scene.step(1, true);
    let [a, b, c] = scene.group.rules() else { panic!() };
    assert_eq!(a.last_error(), Some("exceeded limit of 1 with 2 series"));
    assert!(b.last_error().unwrap().contains("same labelset after applying rule labels"));
    assert_eq!((a.health(), c.health()), (Health::Bad, Health::Good));
    assert!(scene.store.at("a", minute(1)).is_empty());
}

#[test]
fn an_offset_moves_what_is_read_and_what_is_written() {
    let mut scene = Scene::new("  query_offset: 1m\n  rules: [{record: a, expr: x}]\n");
    scene.step(0, true);
    scene.step(1, true);
    assert_eq!(scene.store.at("a", minute(0)), [r#"a{job="a"} 1"#]);
    assert!(scene.store.at("a", minute(1)).is_empty());
}

#[test]
fn a_reload_keeps_what_rules_remember_and_ends_what_is_gone() {
    let mut scene = Scene::new("  rules: [{alert: A, expr: x, for: 2m}, {record: a, expr: x}]\n");
    scene.step(0, true);
    scene.group = scene
        .group
        .with_rules_of(group("  rules: [{record: b, expr: x}, {alert: A, expr: x > 0, for: 1m}]\n"));
    scene.step(1, true);
    assert_eq!(scene.store.at("a", minute(1)), [r#"a{job="a"} stale"#]);
    assert_eq!(scene.group.rules()[1].alerts().next().unwrap().state, AlertState::Firing);
}

#[test]
fn whoever_is_told_of_alerts_is_told_again_and_of_the_end() {
    let mut scene = Scene::new("  rules: [{alert: A, expr: x}]\n");
    let told = |scene: &mut Scene, n| {
        scene.group.take_due(minute(n), Duration::from_mins(1), Duration::from_mins(1)).len()
    };
    scene.step(0, true);
    assert_eq!((told(&mut scene, 0), told(&mut scene, 1), told(&mut scene, 2)), (1, 0, 1));
    scene.step(3, false);
    assert_eq!((told(&mut scene, 3), told(&mut scene, 4)), (1, 0));
}
