//! `crowsnest import`: takes over the samples of another store, while the server is stopped.

mod log;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use clap::{Args, Subcommand};
use crowsnest_api::remote_write::Histogram;
use crowsnest_api::{Labels, Sample, Timestamp};
use crowsnest_prometheus_files::{Block, Series, blocks};
use crowsnest_tsdb::{Extras, HistogramSample, Options, SeriesBatch, Tsdb};

use crate::clock;
use crate::control::SledStore;
use crate::data_dir::DataDir;
use crate::native;
use crate::units::Span;

/// Whose samples these are, where a sample's source counts.
const SOURCE: &str = "import:prometheus";

/// `crowsnest import`.
#[derive(Debug, Subcommand)]
pub(crate) enum ImportArgs {
    /// Copies blocks and write-ahead log out of Prometheus' data folder, which is only read.
    ///
    /// Prometheus should be stopped, or the folder a snapshot of it: what it writes meanwhile may be missed. Native
    /// histograms come along. Doing it twice does no harm.
    Prometheus(PrometheusArgs),
}

/// `crowsnest import prometheus`.
#[derive(Debug, Args)]
pub(crate) struct PrometheusArgs {
    /// Prometheus' data folder (--storage.tsdb.path), or a snapshot
    #[arg(value_name = "DIR")]
    from: PathBuf,
    /// Folder of ours that takes the samples
    #[arg(long, env = "CROWSNEST_DATA_DIR", value_name = "DIR", default_value = "crowsnest-data")]
    data_dir: PathBuf,
    /// How long the server keeps samples (its --retention); older ones are left out [default: 15d]
    #[arg(long, env = "CROWSNEST_RETENTION", value_name = "DURATION")]
    retention: Option<Span>,
}

/// What has been taken over, and what has not.
#[derive(Debug, Default)]
struct Tally {
    samples: u64,
    /// Chunks of encodings that are not known here.
    unknown_chunks: u64,
    /// Samples and series that the store refuses, with examples.
    refused: BTreeSet<String>,
    /// What could not be read.
    failures: Vec<String>,
}

/// Takes over what there is and says so.
///
/// # Errors
/// When one of the folders cannot be used, or something in Prometheus' is damaged; what could be read has been taken over.
pub(crate) fn run(args: &ImportArgs) -> anyhow::Result<()> {
    let ImportArgs::Prometheus(args) = args;
    ensure!(args.from.is_dir(), "{} is not a folder", args.from.display());
    let blocks = blocks(&args.from)?;
    let has_log = args.from.join("wal").is_dir();
    ensure!(
        has_log || !blocks.is_empty(),
        "{} holds neither blocks nor a log of Prometheus'",
        args.from.display()
    );

    let options = options(args);
    let horizon = clock::now().minus(options.retention);
    // Kept to the end: it is the lock against a server.
    let data_dir = DataDir::open(&args.data_dir)?;
    let store = open_store(&data_dir, options)?;
    let newest = blocks.iter().map(Block::end_time).max();
    let mut tally = Tally::default();
    for block in &blocks {
        import_block(&store, block, horizon, &mut tally);
    }
    log::import(&store, &args.from, newest, &mut tally)?;
    store.close();
    tally.report(&args.from)
}

fn options(args: &PrometheusArgs) -> Options {
    let default = Options::default();
    Options {
        retention: args.retention.map_or(default.retention, |Span(retention)| retention),
        // The log of late samples has them from any time.
        out_of_order_window: Duration::from_secs(366 * 24 * 3600),
        ..default
    }
}

fn open_store(data_dir: &DataDir, options: Options) -> anyhow::Result<Tsdb> {
    let manifest = SledStore::open(&data_dir.subdir("control")?)?.block_manifest()?;
    let (store, _) = Tsdb::open(&data_dir.subdir("tsdb")?, manifest, options, clock::now())
        .context("cannot open the sample store")?;
    Ok(store)
}

/// Writes one block of Prometheus' as blocks of ours: its span may be longer than those of ours.
fn import_block(store: &Tsdb, block: &Block, horizon: Timestamp, tally: &mut Tally) {
    let before = tally.samples;
    for (from, to) in store.import_spans(block.min_time().max(horizon), block.end_time()) {
        if let Err(error) = import_span(store, block, (from, to), tally) {
            tally.failures.push(format!("block {}: {error:#}", block.id()));
            break;
        }
    }
    let (from, to) = (clock::rfc3339(block.min_time()), clock::rfc3339(block.end_time()));
    let samples = tally.samples - before;
    println!("block {} ({from} to {to}): {samples} of {} samples", block.id(), block.samples());
}

fn import_span(
    store: &Tsdb,
    block: &Block,
    (from, to): (Timestamp, Timestamp),
    tally: &mut Tally,
) -> anyhow::Result<()> {
    let (mut unknown, mut refused) = (0, None);
    let series = block.series(from, to)?.map(|series| {
        series.map(|Series { labels, samples, histograms, unknown_chunks }| {
            unknown += unknown_chunks;
            let histograms = sound(&labels, &histograms, &mut refused);
            let extras = Extras { histograms: beside(histograms, &samples), starts: Vec::new() };
            SeriesBatch { labels, samples, extras }
        })
    });
    let imported = store.import(&SOURCE.into(), series)?;
    tally.unknown_chunks += unknown;
    tally.refused.extend(refused);
    tally.samples += imported.block.map_or(0, |block| block.samples);
    tally.refused.extend(imported.example);
    Ok(())
}

/// The histograms that are such; `refused` gets the first that is not, with the reason.
fn sound(labels: &Labels, histograms: &[Histogram], refused: &mut Option<String>) -> Vec<HistogramSample> {
    let mut sound = Vec::with_capacity(histograms.len());
    for wire in histograms {
        let at = Timestamp::from_millis(wire.timestamp);
        match native::from_wire(wire) {
            Ok(histogram) => sound.push((at, Arc::new(histogram))),
            Err(why) => {
                refused.get_or_insert_with(|| format!("{labels} at {at}: {why}"));
            }
        }
    }
    sound
}

/// Those at whose instants there is no float.
fn beside(mut histograms: Vec<HistogramSample>, floats: &[Sample]) -> Vec<HistogramSample> {
    histograms.retain(|(at, _)| floats.binary_search_by_key(at, |sample| sample.timestamp).is_err());
    histograms
}

impl Tally {
    fn report(self, from: &Path) -> anyhow::Result<()> {
        println!("{} samples imported from {}", self.samples, from.display());
        if self.unknown_chunks > 0 {
            println!("left out: {} chunks of encodings that are not known", self.unknown_chunks);
        }
        for example in &self.refused {
            println!("left out, for example: {example}");
        }
        match self.failures.as_slice() {
            [] => Ok(()),
            failures => bail!("not everything could be read:\n  {}", failures.join("\n  ")),
        }
    }
}
