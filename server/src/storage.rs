//! The sample store: where samples go, where queries read, and its upkeep.

use std::sync::Arc;

use anyhow::Context as _;
use crowsnest_promql::Queryable;
use crowsnest_tsdb::{Appender, Options, Tsdb};
use tracing::{info, warn};

use crate::backup;
use crate::clock;
use crate::config::Config;
use crate::data_dir::DataDir;

/// The store behind its two seams, and the local store itself for what only it can tell.
pub(crate) struct Storage {
    pub(crate) appender: Arc<dyn Appender>,
    pub(crate) queryable: Arc<dyn Queryable>,
    pub(crate) local: Arc<Tsdb>,
    /// Segments of the write-ahead log that were read at the start.
    pub(crate) replayed_segments: usize,
}

impl Storage {
    /// Opens the store in the data folder; `manifest` is its tree in sled.
    pub(crate) fn open(config: &Config, data_dir: &DataDir, manifest: sled::Tree) -> anyhow::Result<Self> {
        let options = Options {
            retention: config.retention,
            retention_rules: config.retention_rules.clone(),
            tiers: config.tiers.clone(),
            retention_bytes: config.retention_bytes,
            max_series: config.max_series,
            max_series_per_source: config.max_series_per_source,
            ..Options::default()
        };
        backup::clear(&config.data_dir);
        let (store, recovery) = Tsdb::open(&data_dir.subdir("tsdb")?, manifest, options, clock::now())
            .context("cannot open the sample store")?;
        for warning in &recovery.warnings {
            warn!(warning, "opening the sample store");
        }
        info!(
            blocks = recovery.blocks,
            wal_segments = recovery.segments,
            samples_replayed = recovery.samples,
            torn_bytes = recovery.torn_bytes,
            "opened the sample store"
        );
        let local = Arc::new(store);
        let appender: Arc<dyn Appender> = Arc::<Tsdb>::clone(&local);
        let queryable: Arc<dyn Queryable> = Arc::<Tsdb>::clone(&local);
        Ok(Self { appender, queryable, local, replayed_segments: recovery.segments })
    }

    /// Cuts blocks and applies retention. Blocks the thread; called every few seconds by one task.
    pub(crate) fn maintain(&self) {
        match self.local.maintain(clock::now()) {
            Ok(done) if done == Default::default() => {}
            Ok(done) => info!(
                cut = done.cut.len(),
                merged = done.merged.len(),
                down_sampled = done.folded.len(),
                expired = done.expired.len(),
                "looked after blocks"
            ),
            Err(error) => {
                warn!(err = &error as &dyn std::error::Error, "cannot look after blocks; will try again");
            }
        }
    }
}
