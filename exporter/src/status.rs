//! How the agent itself is doing, as metrics.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{SystemTime, UNIX_EPOCH};

use crowsnest_scrape::Family;

use crate::collector::CollectError;
use crate::host::SourceFile;
use crate::queue::{Loss, Queue};

/// Counters of sending; written by the pusher, read by whoever asks for metrics.
#[derive(Debug, Default)]
pub struct PushStatus {
    sent_samples: AtomicU64,
    retries: AtomicU64,
    skipped_collections: AtomicU64,
    details: Mutex<Details>,
}

#[derive(Debug, Default)]
struct Details {
    answers: BTreeMap<u16, u64>,
    last_success: Option<SystemTime>,
    last_error: Option<LastError>,
}

#[derive(Clone, Debug)]
struct LastError {
    kind: &'static str,
    status: Option<u16>,
    at: SystemTime,
}

impl PushStatus {
    /// The server has taken `samples`.
    pub(crate) fn note_sent(&self, samples: u64, at: SystemTime) {
        self.sent_samples.fetch_add(samples, Relaxed);
        self.details().last_success = Some(at);
    }

    /// The server has answered with `status`.
    pub(crate) fn note_answer(&self, status: u16) {
        *self.details().answers.entry(status).or_default() += 1;
    }

    /// An attempt failed; `kind` is one of a few words.
    pub(crate) fn note_error(&self, kind: &'static str, status: Option<u16>) {
        self.details().last_error = Some(LastError { kind, status, at: SystemTime::now() });
    }

    /// A batch will be tried again.
    pub(crate) fn note_retry(&self) {
        self.retries.fetch_add(1, Relaxed);
    }

    /// A collection did not take place, for the one before was still running or the clock was set.
    pub(crate) fn note_skipped(&self, collections: u64) {
        self.skipped_collections.fetch_add(collections, Relaxed);
    }

    /// What there is to say about sending and the queue.
    pub(crate) fn families(&self, queue: &Queue) -> Vec<Family> {
        let depth = queue.depth();
        let details = self.details();
        let mut dropped =
            Family::counter("crowsnest_agent_samples_dropped_total", "Samples that were lost, by reason.");
        for reason in Loss::ALL {
            dropped.push(&[("reason", reason.as_str())], queue.dropped(reason) as f64);
        }
        let mut answers =
            Family::counter("crowsnest_agent_push_answers_total", "Answers of the server, by HTTP status.");
        for (status, count) in &details.answers {
            answers.push(&[("code", &status.to_string())], *count as f64);
        }
        let mut last_success = Family::gauge(
            "crowsnest_agent_push_last_success_timestamp_seconds",
            "When the server last took samples.",
        );
        if let Some(at) = details.last_success {
            last_success.push(&[], epoch_seconds(at));
        }
        let mut last_error = Family::gauge(
            "crowsnest_agent_push_last_error_timestamp_seconds",
            "When sending last failed, and how: connect, tls, timeout, http, token, target or status with its code.",
        );
        if let Some(error) = &details.last_error {
            let code = error.status.map(|status| status.to_string()).unwrap_or_default();
            last_error.push(&[("kind", error.kind), ("code", &code)], epoch_seconds(error.at));
        }
        let count = |counter: &AtomicU64| counter.load(Relaxed) as f64;
        vec![
            Family::gauge("crowsnest_agent_queue_records", "Batches that wait to be sent.")
                .with(&[], depth.records as f64),
            Family::gauge("crowsnest_agent_queue_samples", "Samples that wait to be sent.")
                .with(&[], depth.samples as f64),
            Family::gauge("crowsnest_agent_queue_bytes", "Bytes of the queue, by where they are.")
                .with(&[("place", "disk")], depth.disk_bytes as f64)
                .with(&[("place", "memory")], depth.memory_bytes as f64),
            Family::counter("crowsnest_agent_samples_sent_total", "Samples that the server has taken.")
                .with(&[], count(&self.sent_samples)),
            dropped,
            answers,
            Family::counter(
                "crowsnest_agent_push_retries_total",
                "Attempts that failed and are tried again.",
            )
            .with(&[], count(&self.retries)),
            Family::counter(
                "crowsnest_agent_collections_skipped_total",
                "Collections that did not take place in time.",
            )
            .with(&[], count(&self.skipped_collections)),
            last_success,
            last_error,
        ]
    }

    fn details(&self) -> std::sync::MutexGuard<'_, Details> {
        self.details.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The agent's version and what it uses of the machine, under the names that Prometheus client libraries use.
pub(crate) fn process_families() -> Vec<Family> {
    let mut families = vec![
        Family::gauge("crowsnest_agent_build_info", "The agent's version; always 1.")
            .with(&[("version", env!("CARGO_PKG_VERSION"))], 1.0),
    ];
    // Without /proc/self there is simply nothing to say.
    families.extend(own_process().unwrap_or_default());
    families
}

/// Reads the real `/proc`, whatever `--path.procfs` says: the latter is the host's and may know us by another number.
fn own_process() -> Result<Vec<Family>, CollectError> {
    let stat = SourceFile::read("/proc/self/stat".into())?;
    // The second field, the program's name, may hold blanks and parentheses; the third follows the last parenthesis.
    let (_, rest) = stat.text.rsplit_once(") ").ok_or_else(|| stat.unexpected(stat.value()))?;
    let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
    // Numbered as in proc(5), where the state is field 3.
    let field = |number: usize| -> Result<f64, CollectError> {
        stat.number(fields.get(number - 3).copied().unwrap_or_default())
    };
    const TICKS_PER_SECOND: f64 = 100.0;
    let page_bytes =
        nix::unistd::sysconf(nix::unistd::SysconfVar::PAGE_SIZE).ok().flatten().unwrap_or(4096) as f64;
    Ok(vec![
        Family::counter("process_cpu_seconds_total", "Processor time of the agent, in seconds.")
            .with(&[], (field(14)? + field(15)?) / TICKS_PER_SECOND),
        Family::gauge("process_virtual_memory_bytes", "Virtual memory of the agent in bytes.")
            .with(&[], field(23)?),
        Family::gauge("process_resident_memory_bytes", "Resident memory of the agent in bytes.")
            .with(&[], field(24)? * page_bytes),
    ])
}

fn epoch_seconds(at: SystemTime) -> f64 {
    at.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64()
}
