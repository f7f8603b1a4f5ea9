//! The server's own metrics: what has happened, and what is the case now.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crowsnest_api::remote_write::MetricType;
use crowsnest_scrape::Family;
use crowsnest_tsdb::StoreStatus;

use crate::http::App;

/// Upper bounds of the buckets of request durations, in seconds.
const BOUNDS: [f64; 10] = [0.001, 0.005, 0.02, 0.1, 0.25, 0.5, 1.0, 5.0, 20.0, 60.0];

/// Classes of answers; statuses themselves are in the log.
const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

/// Counts requests.
#[derive(Debug)]
pub(crate) struct Telemetry {
    started: Instant,
    by_class: [AtomicU64; CLASSES.len()],
    in_bucket: [AtomicU64; BOUNDS.len() + 1],
    microseconds: AtomicU64,
}

impl Default for Telemetry {
    fn default() -> Self {
        Self {
            started: Instant::now(),
            by_class: Default::default(),
            in_bucket: Default::default(),
            microseconds: AtomicU64::new(0),
        }
    }
}

impl Telemetry {
    /// Counts one answered request.
    pub(crate) fn answered(&self, status: http::StatusCode, latency: Duration) {
        let class = usize::from(status.as_u16() / 100).saturating_sub(1);
        if let Some(counter) = self.by_class.get(class) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
        let seconds = latency.as_secs_f64();
        let bucket = BOUNDS.iter().position(|bound| seconds <= *bound).unwrap_or(BOUNDS.len());
        if let Some(counter) = self.in_bucket.get(bucket) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
        let microseconds = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX);
        self.microseconds.fetch_add(microseconds, Ordering::Relaxed);
    }

    fn families(&self) -> Vec<Family> {
        let mut requests =
            Family::counter("crowsnest_http_requests_total", "Requests answered, by class of status.");
        for (class, counter) in CLASSES.iter().zip(&self.by_class) {
            requests.push(&[("status", class)], counter.load(Ordering::Relaxed) as f64);
        }
        let mut durations = Family::new(
            "crowsnest_http_request_duration_seconds",
            MetricType::Histogram,
            "Time from a request's head to its answer's head.",
        );
        let mut count = 0;
        let cumulative: Vec<u64> = self
            .in_bucket
            .iter()
            .map(|counter| {
                count += counter.load(Ordering::Relaxed);
                count
            })
            .collect();
        let buckets: Vec<(f64, u64)> = BOUNDS.iter().copied().zip(cumulative).collect();
        let sum = self.microseconds.load(Ordering::Relaxed) as f64 / 1e6;
        durations.push_histogram(&[], &buckets, sum, count);
        vec![requests, durations]
    }
}

/// One value without labels: name, help, and where it comes from.
struct Plain<T> {
    name: &'static str,
    help: &'static str,
    value: fn(&T) -> u64,
}

/// Counters of the server; names end in `_total`.
const SERVER: &[Plain<App>] = &[
    Plain {
        name: "crowsnest_ingest_failures_total",
        help: "Pushes that could not be stored; their senders repeat them.",
        value: |app| app.writes.failed.load(Ordering::Relaxed),
    },
    Plain {
        name: "crowsnest_ingest_turned_away_total",
        help: "Pushes turned away because too many were waiting.",
        value: |app| app.writes.turned_away.load(Ordering::Relaxed),
    },
    Plain {
        name: "crowsnest_queries_turned_away_total",
        help: "Queries turned away because too many were waiting.",
        value: |app| app.pool.load().1,
    },
    Plain {
        name: "crowsnest_queries_running",
        help: "Queries running now.",
        value: |app| app.pool.load().0 as u64,
    },
    Plain {
        name: "crowsnest_query_cache_hits_total",
        help: "Range queries answered by what was kept alone.",
        value: |app| app.range_cache.stats().hits,
    },
    Plain {
        name: "crowsnest_query_cache_partial_hits_total",
        help: "Range queries of which only some steps were evaluated, the others kept.",
        value: |app| app.range_cache.stats().partial_hits,
    },
    Plain {
        name: "crowsnest_query_cache_misses_total",
        help: "Range queries of which nothing was kept.",
        value: |app| app.range_cache.stats().misses,
    },
    Plain {
        name: "crowsnest_query_cache_bytes",
        help: "Memory of the answers that are kept, about.",
        value: |app| app.range_cache.stats().bytes as u64,
    },
    Plain {
        name: "crowsnest_rule_evaluations_total",
        help: "Rules evaluated.",
        value: |app| app.rules.counters.evaluations.load(Ordering::Relaxed),
    },
    Plain {
        name: "crowsnest_rule_evaluation_failures_total",
        help: "Rules whose evaluation failed.",
        value: |app| app.rules.counters.failures.load(Ordering::Relaxed),
    },
    Plain {
        name: "crowsnest_rule_group_iterations_missed_total",
        help: "Evaluations of groups left out because the one before took too long.",
        value: |app| app.rules.counters.missed.load(Ordering::Relaxed),
    },
    Plain {
        name: "crowsnest_notifications_total",
        help: "Notifications sent.",
        value: |app| app.notifier.sent.load(Ordering::Relaxed),
    },
    Plain {
        name: "crowsnest_notification_failures_total",
        help: "Attempts to notify that failed.",
        value: |app| app.notifier.failed.load(Ordering::Relaxed),
    },
    Plain {
        name: "crowsnest_forwarded_alerts_total",
        help: "Alerts that Alertmanagers of --forward-alerts have taken.",
        value: |app| app.notifier.forwards.counts().0,
    },
    Plain {
        name: "crowsnest_forwarded_alerts_dropped_total",
        help: "Alerts that Alertmanagers of --forward-alerts have refused, or that waited for them when there were too many.",
        value: |app| app.notifier.forwards.counts().1,
    },
    Plain {
        name: "crowsnest_alerts",
        help: "Alerts that are known, those that have ended not long ago included.",
        value: |app| app.notifier.dispatcher().alerts.len() as u64,
    },
    Plain {
        name: "crowsnest_control_damaged",
        help: "1 when control state was damaged at the start and begun anew.",
        value: |app| app.damage().control,
    },
    Plain {
        name: "crowsnest_sources_pushing",
        help: "Sources that push samples.",
        value: |app| app.sources.count().0 as u64,
    },
    Plain {
        name: "crowsnest_sources_silent",
        help: "Sources that have fallen silent.",
        value: |app| app.sources.count().1 as u64,
    },
];

/// The sample store's own figures.
const STORE: &[Plain<StoreStatus>] = &[
    Plain { name: "crowsnest_tsdb_head_series", help: "Series in the head.", value: |s| s.head_series },
    Plain {
        name: "crowsnest_tsdb_head_series_created_total",
        help: "Series that came into the head.",
        value: |s| s.head_series_created,
    },
    Plain {
        name: "crowsnest_tsdb_head_series_removed_total",
        help: "Series that left the head.",
        value: |s| s.head_series_removed,
    },
    Plain { name: "crowsnest_tsdb_head_chunks", help: "Chunks in the head.", value: |s| s.head_chunks },
    Plain {
        name: "crowsnest_tsdb_samples_appended_total",
        help: "Samples stored.",
        value: |s| s.samples_appended,
    },
    Plain {
        name: "crowsnest_tsdb_wal_segments",
        help: "Segments of the write-ahead log.",
        value: |s| s.wal_segments,
    },
    Plain { name: "crowsnest_tsdb_wal_bytes", help: "Bytes of the write-ahead log.", value: |s| s.wal_bytes },
    Plain {
        name: "crowsnest_tsdb_wal_records_total",
        help: "Records written to the log.",
        value: |s| s.wal_records,
    },
    Plain { name: "crowsnest_tsdb_wal_syncs_total", help: "Syncs of the log.", value: |s| s.wal_syncs },
    Plain {
        name: "crowsnest_tsdb_wal_failures_total",
        help: "Writes and syncs of the log that failed.",
        value: |s| s.wal_failures,
    },
    Plain {
        name: "crowsnest_tsdb_wal_faults",
        help: "Places in the log that could not be read when the server started.",
        value: |s| s.wal_faults,
    },
    Plain {
        name: "crowsnest_tsdb_wal_torn_bytes",
        help: "Bytes at the end of the log that were left out then: of a write that was never finished.",
        value: |s| s.wal_torn_bytes,
    },
    Plain { name: "crowsnest_tsdb_blocks", help: "Blocks that serve.", value: |s| s.blocks },
    Plain { name: "crowsnest_tsdb_block_bytes", help: "Bytes of blocks.", value: |s| s.block_bytes },
    Plain {
        name: "crowsnest_tsdb_blocks_quarantined",
        help: "Blocks that do not serve, or not in full.",
        value: |s| s.blocks_quarantined,
    },
    Plain { name: "crowsnest_tsdb_cuts_total", help: "Cuts of the head into blocks.", value: |s| s.cuts },
    Plain { name: "crowsnest_tsdb_merges_total", help: "Merges of blocks.", value: |s| s.merges },
    Plain {
        name: "crowsnest_tsdb_folds_total",
        help: "Blocks made by down-sampling others.",
        value: |s| s.folds,
    },
    Plain {
        name: "crowsnest_tsdb_blocks_expired_total",
        help: "Blocks removed by retention.",
        value: |s| s.blocks_expired,
    },
    Plain {
        name: "crowsnest_tsdb_maintenance_failures_total",
        help: "Maintenance runs that stopped with an error.",
        value: |s| s.maintenance_failures,
    },
];

/// The names of values without labels.
#[cfg(test)]
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    SERVER.iter().map(|plain| plain.name).chain(STORE.iter().map(|plain| plain.name))
}

/// All families, in the order in which they are shown.
pub(crate) fn families(app: &App) -> Vec<Family> {
    let version = env!("CARGO_PKG_VERSION");
    let mut families = vec![
        Family::gauge("crowsnest_build_info", "Constant 1; the version is a label.")
            .with(&[("version", version)], 1.0),
        Family::gauge("crowsnest_uptime_seconds", "Seconds since the server started.")
            .with(&[], app.telemetry.started.elapsed().as_secs_f64()),
    ];
    families.extend(app.telemetry.families());
    families.extend(app.writes.counters.families());
    families.extend(SERVER.iter().map(|plain| plain.family(app)));
    let store = app.storage.local.store_status();
    families.extend(STORE.iter().map(|plain| plain.family(&store)));
    let mut rejected = Family::counter(
        "crowsnest_tsdb_samples_rejected_total",
        "Samples that the store refused, by reason.",
    );
    for (reason, samples) in &store.samples_rejected {
        rejected.push(&[("reason", &reason.to_string())], *samples as f64);
    }
    families.push(rejected);
    families
}

impl<T> Plain<T> {
    fn family(&self, of: &T) -> Family {
        let counter = self.name.ends_with("_total");
        let family = if counter { Family::counter } else { Family::gauge }(self.name, self.help);
        family.with(&[], (self.value)(of) as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_explained() {
        let server = SERVER.iter().map(|plain| (plain.name, plain.help));
        let all: Vec<_> = server.chain(STORE.iter().map(|plain| (plain.name, plain.help))).collect();
        for (name, help) in &all {
            assert!(name.starts_with("crowsnest_") && help.ends_with('.'), "{name}");
            assert_eq!(all.iter().filter(|(other, _)| other == name).count(), 1, "{name}");
        }
    }

    #[test]
    fn requests_are_counted_by_class_and_duration() {
        let telemetry = Telemetry::default();
        telemetry.answered(http::StatusCode::OK, Duration::from_millis(2));
        telemetry.answered(http::StatusCode::NOT_FOUND, Duration::from_secs(3600));
        let mut page = String::new();
        crowsnest_scrape::text::encode(&mut page, &telemetry.families());
        assert!(page.contains("crowsnest_http_requests_total{status=\"2xx\"} 1"), "{page}");
        assert!(page.contains("crowsnest_http_request_duration_seconds_bucket{le=\"0.005\"} 1"), "{page}");
        assert!(page.contains("crowsnest_http_request_duration_seconds_count 2"), "{page}");
    }
}
