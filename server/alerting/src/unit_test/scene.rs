//! One test played: samples come in as time goes on, rules are evaluated, and expectations are met or not.

use std::sync::Arc;
use std::time::Duration;

use crowsnest_api::{Labels, Sample, Timestamp};
use crowsnest_promql::{Control, Engine, MemoryStore, Queryable, SampleValue};
use crowsnest_promql::{Scope, Selection, SeriesSet, StorageError};
use parking_lot::RwLock;
use smol_str::SmolStr;

use super::judge;
use super::read::{Test, TestFile};
use crate::evaluation::{GroupState, Recorder, Surroundings, Written};
use crate::rules::Group;
use crate::yaml::Fault;

/// A test in play.
pub(super) struct Scene<'a> {
    engine: &'a Engine,
    file: &'a TestFile,
    test: &'a Test,
    groups: Vec<GroupState>,
    store: Store,
    /// How many samples of each series have come in.
    loaded: Vec<usize>,
}

impl<'a> Scene<'a> {
    pub(super) fn new(engine: &'a Engine, file: &'a TestFile, test: &'a Test, groups: &[Arc<Group>]) -> Self {
        Self {
            engine,
            file,
            test,
            groups: groups.iter().map(|group| GroupState::new(Arc::clone(group))).collect(),
            store: Store::default(),
            loaded: vec![0; test.series.len()],
        }
    }

    /// Plays the test and says what is not as expected. The first evaluation that fails ends it.
    pub(super) fn play(mut self) -> Vec<Fault> {
        let (test, interval) = (self.test, self.file.evaluation_interval);
        let mut faults = Vec::new();
        let times = test.alerts.iter().map(|case| case.time).chain(test.queries.iter().map(|case| case.time));
        let last = times.max().unwrap_or_default();
        let mut alerts: Vec<_> = test.alerts.iter().collect();
        alerts.sort_by_key(|case| case.time);
        let mut alerts = alerts.into_iter().peekable();
        let mut elapsed = Duration::ZERO;
        while elapsed <= last {
            let at = test.start.plus(elapsed);
            self.load_until(at);
            if let Some(fault) = self.evaluate(at) {
                return vec![fault];
            }
            // Judged by what the last evaluation before their time has made of them.
            while let Some(case) = alerts.next_if(|case| case.time < elapsed + interval) {
                faults.extend(judge::alerts(case, &self.groups));
            }
            elapsed += interval;
        }
        for case in &test.queries {
            let Some(expr) = &case.expr else { continue };
            let at = test.start.plus(case.time);
            let answer = self.engine.instant(&self.store, expr, at, &Control::unlimited());
            faults.extend(judge::query(case, answer.map(|answer| answer.value), self.file.is_fuzzy));
        }
        faults
    }

    fn load_until(&mut self, now: Timestamp) {
        let mut store = self.store.0.write();
        for ((labels, samples), loaded) in self.test.series.iter().zip(&mut self.loaded) {
            while let Some(sample) = samples.get(*loaded) {
                let steps = u32::try_from(*loaded).unwrap_or(u32::MAX);
                let at = self.test.start.plus(self.test.interval.saturating_mul(steps));
                if at > now {
                    break;
                }
                *loaded += 1;
                if let Some(value) = sample {
                    append(&mut store, labels, at, value);
                }
            }
        }
    }

    fn evaluate(&mut self, at: Timestamp) -> Option<Fault> {
        let around = Surroundings {
            engine: self.engine,
            store: &self.store,
            recorder: &self.store,
            control: &Control::unlimited,
            external_labels: &self.test.external_labels,
            external_url: &self.test.external_url,
            query_offset: Duration::ZERO,
        };
        for state in &mut self.groups {
            state.evaluate(at, &around);
            for (rule, outcome) in state.group().rules.iter().zip(state.rules()) {
                if let Some(error) = outcome.last_error() {
                    let time = at.millis().saturating_sub(self.test.start.millis());
                    let time = crate::duration::show(Duration::from_millis(time.unsigned_abs()));
                    let what = format!("rule: {}, time: {time}, err: {error}", rule.name());
                    return Some(Fault::new(self.test.at, what));
                }
            }
        }
        None
    }
}

/// Series of a test, and what rules add to them.
#[derive(Default)]
struct Store(RwLock<MemoryStore>);

fn append(store: &mut MemoryStore, labels: &Labels, at: Timestamp, value: &SampleValue) {
    match value {
        SampleValue::Float(value) => store.append(labels, Sample { timestamp: at, value: *value }),
        SampleValue::Histogram(histogram) => store.append_histogram(labels, at, (**histogram).clone()),
    };
}

impl Recorder for Store {
    fn record(&self, samples: Vec<Written>) -> Result<(), String> {
        let mut store = self.0.write();
        for sample in &samples {
            append(&mut store, &sample.labels, sample.timestamp, &sample.value);
        }
        Ok(())
    }
}

impl Queryable for Store {
    fn select<'a>(&'a self, selection: &Selection<'_>) -> Result<SeriesSet<'a>, StorageError> {
        let store = self.0.read();
        let series: Result<Vec<_>, _> = store.select(selection)?.series.collect();
        Ok(SeriesSet::from_sorted(series?))
    }

    fn series(&self, scope: &Scope<'_>) -> Result<Vec<Labels>, StorageError> {
        self.0.read().series(scope)
    }

    fn label_names(&self, scope: &Scope<'_>) -> Result<Vec<SmolStr>, StorageError> {
        self.0.read().label_names(scope)
    }

    fn label_values(&self, name: &str, scope: &Scope<'_>) -> Result<Vec<SmolStr>, StorageError> {
        self.0.read().label_values(name, scope)
    }
}
