//! Running all collectors: in turn, each with a limit, none able to delay or hide another.

mod shift;
mod wanted;

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, TryRecvError};
use std::time::Duration;

use crowsnest_scrape::Family;
use smol_str::SmolStr;

use self::shift::{Ended, Run, Task};
pub use self::wanted::Wanted;
use crate::collector::{Collect, CollectError, Collectors, Registration, Settings};
use crate::deadline::Helper;
use crate::host::Host;

/// How long one collector may take.
const COLLECTOR_LIMIT: Duration = Duration::from_secs(5);

/// The enabled collectors and what is known of each.
pub struct Gatherer {
    host: Arc<Host>,
    settings: Settings,
    helper: Helper,
    slots: Vec<Slot>,
    limit: Duration,
}

struct Slot {
    row: &'static Registration,
    state: State,
    health: Health,
}

enum State {
    Ready(Box<dyn Collect>),
    /// It is running, or was lost to a panic.
    Away,
    /// Its last run has not returned yet.
    Overdue(Receiver<Run>),
}

/// Whether the last run succeeded; only changes are logged.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Health {
    Good,
    Failing,
}

impl Gatherer {
    /// A gatherer of these collectors.
    pub fn new(host: Host, settings: Settings, collectors: &Collectors) -> Self {
        Self::from_table(collectors.rows(), host, settings)
    }

    fn from_table(
        rows: impl IntoIterator<Item = &'static Registration>,
        host: Host,
        settings: Settings,
    ) -> Self {
        let slot = |row: &'static Registration| Slot {
            row,
            state: State::Ready((row.build)(&settings)),
            health: Health::Good,
        };
        Self {
            host: Arc::new(host),
            helper: Helper::new("collectors"),
            slots: rows.into_iter().map(slot).collect(),
            settings,
            limit: COLLECTOR_LIMIT,
        }
    }

    /// Everything that the collectors give, then duration and success of each. Blocks for at most the collectors'
    /// limits together, and that only once: one that overran is skipped until it has returned.
    pub fn gather(&mut self) -> Vec<Family> {
        self.gather_some(&Wanted::All)
    }

    /// The first name that is asked for and does not run.
    pub(crate) fn missing<'a>(&self, wanted: &'a Wanted) -> Option<&'a str> {
        let runs = |name: &String| self.slots.iter().any(|slot| slot.row.name == name);
        wanted.names().iter().find(|name| !runs(name)).map(String::as_str)
    }

    /// The same of some collectors; the others are left alone.
    pub fn gather_some(&mut self, wanted: &Wanted) -> Vec<Family> {
        let mut families = Vec::new();
        let mut durations = Family::gauge(
            "node_scrape_collector_duration_seconds",
            "node_exporter: Duration of a collector scrape.",
        );
        let mut successes =
            Family::gauge("node_scrape_collector_success", "node_exporter: Whether a collector succeeded.");
        let outcomes = self.run(wanted);
        for (slot, outcome) in self.slots.iter_mut().zip(outcomes) {
            if !wanted.admits(slot.row.name) {
                continue;
            }
            let (took, success) = match outcome {
                Ok((found, took)) => {
                    families.extend(found);
                    (took, 1.0)
                }
                Err((failure, took)) => {
                    slot.report(&failure);
                    (took, 0.0)
                }
            };
            if success == 1.0 && slot.health == Health::Failing {
                tracing::info!(collector = slot.row.name, "collector works again");
                slot.health = Health::Good;
            }
            durations.push(&[("collector", slot.row.name)], took.as_secs_f64());
            successes.push(&[("collector", slot.row.name)], success);
        }
        families.extend([durations, successes]);
        merge_same_names(families)
    }

    /// What became of each slot's collector, and how long that took.
    fn run(&mut self, wanted: &Wanted) -> Vec<Outcome> {
        let mut tasks = VecDeque::new();
        let mut outcomes: Vec<Outcome> = Vec::new();
        for (slot, at) in self.slots.iter_mut().zip(0..) {
            if wanted.admits(slot.row.name)
                && let Some(collector) = slot.take(&self.settings)
            {
                tasks.push_back(Task { slot: at, collector });
            }
            // Stays only where the earlier run has not returned, which is found out at once, and where nobody asks.
            outcomes.push(Err((Failure::StillRunning, Duration::ZERO)));
        }
        while !tasks.is_empty() {
            let shift = shift::run(&mut self.helper, &self.host, tasks, self.limit);
            for (at, run) in shift.done {
                let took = run.took;
                let outcome = run.result.map(|found| (found, took));
                put(&mut outcomes, at, outcome.map_err(|error| (Failure::Collector(error), took)));
                if let Some(slot) = self.slots.get_mut(at) {
                    slot.state = State::Ready(run.collector);
                }
            }
            match shift.ended {
                Ended::Finished => {}
                Ended::Overdue(at, late) => {
                    put(&mut outcomes, at, Err((Failure::Overdue(self.limit), self.limit)));
                    if let Some(slot) = self.slots.get_mut(at) {
                        slot.state = State::Overdue(late);
                    }
                }
                Ended::Panicked(at, took) => put(&mut outcomes, at, Err((Failure::Panicked, took))),
                Ended::NoThread(error) => {
                    // Without a thread nothing is collected this time; the collectors are made anew the next.
                    let lost = shift.rest.iter().map(|task| task.slot).collect::<Vec<_>>();
                    let kind = error.kind();
                    for at in lost {
                        put(&mut outcomes, at, Err((Failure::Thread(kind.into()), Duration::ZERO)));
                    }
                    break;
                }
            }
            tasks = shift.rest;
        }
        outcomes
    }
}

type Outcome = Result<(Vec<Family>, Duration), (Failure, Duration)>;

fn put(outcomes: &mut [Outcome], at: usize, outcome: Outcome) {
    if let Some(place) = outcomes.get_mut(at) {
        *place = outcome;
    }
}

/// Families without samples are left out, and those of one name become one: a text file may add to what another
/// collector reports. The first one's type and help count.
fn merge_same_names(families: Vec<Family>) -> Vec<Family> {
    let mut at: HashMap<SmolStr, usize> = HashMap::with_capacity(families.len());
    let mut merged: Vec<Family> = Vec::with_capacity(families.len());
    for mut family in families.into_iter().filter(|family| !family.samples.is_empty()) {
        match at.get(&family.name).and_then(|at| merged.get_mut(*at)) {
            Some(first) => {
                family
                    .samples
                    .retain(|sample| first.samples.iter().all(|known| known.labels != sample.labels));
                first.samples.append(&mut family.samples);
            }
            None => {
                at.insert(family.name.clone(), merged.len());
                merged.push(family);
            }
        }
    }
    merged
}

/// Why a collector gave nothing.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Collector(#[from] CollectError),
    #[error("it did not return within {0:?}")]
    Overdue(Duration),
    #[error("an earlier run has not returned yet")]
    StillRunning,
    #[error("it panicked, which is a bug")]
    Panicked,
    #[error("cannot start a thread for it")]
    Thread(#[source] std::io::Error),
}

impl Slot {
    /// The collector, to be run and put back; `None` while an earlier run has not returned.
    fn take(&mut self, settings: &Settings) -> Option<Box<dyn Collect>> {
        match std::mem::replace(&mut self.state, State::Away) {
            State::Ready(collector) => Some(collector),
            State::Away => Some((self.row.build)(settings)),
            State::Overdue(late) => match late.try_recv() {
                Ok(run) => Some(run.collector),
                Err(TryRecvError::Disconnected) => Some((self.row.build)(settings)),
                Err(TryRecvError::Empty) => {
                    self.state = State::Overdue(late);
                    None
                }
            },
        }
    }

    /// Logs the first failure of a row of them.
    fn report(&mut self, failure: &Failure) {
        if self.health == Health::Failing {
            return;
        }
        self.health = Health::Failing;
        let (collector, err) = (self.row.name, failure as &dyn std::error::Error);
        match failure {
            Failure::Collector(cause) if cause.is_absent() => {
                tracing::debug!(collector, err, "nothing to collect on this machine");
            }
            _ => tracing::warn!(collector, err, "collector fails; reported once until it works again"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collector::DefaultState::Enabled;

    struct Fails;
    struct Hangs;
    struct Panics;

    impl Collect for Fails {
        fn collect(&mut self, host: &Host) -> Result<Vec<Family>, CollectError> {
            host.read_proc("does/not/exist").map(|_| Vec::new())
        }
    }

    impl Collect for Hangs {
        fn collect(&mut self, _: &Host) -> Result<Vec<Family>, CollectError> {
            loop {
                std::thread::park();
            }
        }
    }

    impl Collect for Panics {
        fn collect(&mut self, _: &Host) -> Result<Vec<Family>, CollectError> {
            panic!("on purpose")
        }
    }

    struct Works;

    impl Collect for Works {
        fn collect(&mut self, _: &Host) -> Result<Vec<Family>, CollectError> {
            Ok(vec![Family::gauge("works", "").with(&[], 1.0)])
        }
    }

    #[rustfmt::skip]
    static TABLE: [Registration; 4] = [
        Registration { name: "fails", about: "", default: Enabled, build: |_| Box::new(Fails) },
        Registration { name: "hangs", about: "", default: Enabled, build: |_| Box::new(Hangs) },
        Registration { name: "panics", about: "", default: Enabled, build: |_| Box::new(Panics) },
        Registration { name: "works", about: "", default: Enabled, build: |_| Box::new(Works) },
    ];

    #[test]
    fn a_collector_that_fails_hangs_or_panics_is_reported_and_hides_no_other() {
        let mut gatherer = Gatherer::from_table(&TABLE, Host::default(), Settings::default());
        gatherer.limit = Duration::from_millis(200);
        for _ in 0..3 {
            let families = gatherer.gather();
            let names: Vec<&str> = families.iter().map(|family| family.name.as_str()).collect();
            assert_eq!(
                names,
                ["works", "node_scrape_collector_duration_seconds", "node_scrape_collector_success"]
            );
            let successes: Vec<f64> = families[2].samples.iter().map(|sample| sample.value).collect();
            assert_eq!(successes, [0.0, 0.0, 0.0, 1.0]);
        }
    }
}
