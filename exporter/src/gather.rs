//! Running all collectors: in turn, each with a limit, none able to delay or hide another.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, TryRecvError};
use std::time::{Duration, Instant};

use crowsnest_scrape::Family;

use crate::collector::{COLLECTORS, Collect, CollectError, DefaultState, Registration, Settings};
use crate::deadline::{Helper, Outcome};
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
    /// Its last run has not returned yet.
    Overdue(Receiver<Run>),
}

/// Whether the last run succeeded; only changes are logged.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Health {
    Good,
    Failing,
}

struct Run {
    collector: Box<dyn Collect>,
    result: Result<Vec<Family>, CollectError>,
    took: Duration,
}

impl Gatherer {
    /// A gatherer of the collectors that are on by default, except `disabled`.
    pub fn new(host: Host, settings: Settings, disabled: &[String]) -> Self {
        let wanted = |row: &&Registration| {
            row.default == DefaultState::Enabled && !disabled.iter().any(|name| name == row.name)
        };
        Self::from_table(COLLECTORS.iter().filter(wanted), host, settings)
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
        let mut families = Vec::new();
        let mut durations =
            Family::gauge("node_scrape_collector_duration_seconds", "Seconds that the collector took.");
        let mut successes = Family::gauge(
            "node_scrape_collector_success",
            "1 where the collector succeeded, 0 where it did not.",
        );
        for slot in &mut self.slots {
            let started = Instant::now();
            let outcome = slot.run(&mut self.helper, &self.host, &self.settings, self.limit);
            let (took, success) = match outcome {
                Ok((found, took)) => {
                    families.extend(found);
                    (took, 1.0)
                }
                Err(failure) => {
                    slot.report(&failure);
                    (started.elapsed(), 0.0)
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
        families
    }
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
    fn run(
        &mut self,
        helper: &mut Helper,
        host: &Arc<Host>,
        settings: &Settings,
        limit: Duration,
    ) -> Result<(Vec<Family>, Duration), Failure> {
        let fresh = || State::Ready((self.row.build)(settings));
        let mut collector = match std::mem::replace(&mut self.state, fresh()) {
            State::Ready(collector) => collector,
            State::Overdue(late) => match late.try_recv() {
                Ok(run) => run.collector,
                Err(TryRecvError::Disconnected) => (self.row.build)(settings),
                Err(TryRecvError::Empty) => {
                    self.state = State::Overdue(late);
                    return Err(Failure::StillRunning);
                }
            },
        };
        let host = Arc::clone(host);
        let job = move || {
            let started = Instant::now();
            let result = collector.collect(&host);
            Run { collector, result, took: started.elapsed() }
        };
        match helper.run(limit, job).map_err(Failure::Thread)? {
            Outcome::Done(run) => {
                self.state = State::Ready(run.collector);
                Ok((run.result?, run.took))
            }
            Outcome::Overdue(late) => {
                self.state = State::Overdue(late);
                Err(Failure::Overdue(limit))
            }
            Outcome::Panicked => Err(Failure::Panicked),
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
                tracing::info!(collector, err, "nothing to collect on this kernel");
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
