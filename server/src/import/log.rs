//! What is in Prometheus' log and in no block yet, pushed as a source would push it.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context as _;
use crowsnest_api::remote_write::Histogram;
use crowsnest_api::{Labels, Sample, Timestamp};
use crowsnest_prometheus_files::{Log, LoggedSample, Record, logs};
use crowsnest_tsdb::{Appender as _, Batch, Extras, HistogramSample, Origin, SeriesBatch, Tsdb};

use super::{SOURCE, Tally};

/// Samples of a batch: large, because each batch is synced.
const BATCH_SAMPLES: usize = 100_000;

/// Pushes what the logs in `from` hold. Samples before `newest`, the end of the blocks, are in these, except for late ones.
///
/// # Errors
/// When the store cannot take them.
pub(super) fn import(
    store: &Tsdb,
    from: &Path,
    newest: Option<Timestamp>,
    tally: &mut Tally,
) -> anyhow::Result<()> {
    let before = tally.samples;
    let mut import = LogImport::new(store, deletions(from)?);
    for log in logs(from)? {
        import.from = newest.filter(|_| !log.late);
        import.take(log, tally)?;
    }
    import.flush(tally)?;
    println!("log: {} samples", tally.samples - before);
    Ok(())
}

type Deletions = BTreeMap<u64, Vec<(Timestamp, Timestamp)>>;

/// What has been deleted, of samples that come earlier in the log: hence a first look at it.
fn deletions(from: &Path) -> anyhow::Result<Deletions> {
    let mut deletions = Deletions::new();
    // What cannot be read is told at the second look.
    for record in logs(from)?.into_iter().flatten().flatten() {
        if let Record::Deletions(deleted) = record {
            for (series, first, last) in deleted {
                deletions.entry(series).or_default().push((first, last));
            }
        }
    }
    Ok(deletions)
}

struct LogImport<'s> {
    store: &'s Tsdb,
    deletions: Deletions,
    /// Samples before this instant are left out.
    from: Option<Timestamp>,
    labels: BTreeMap<u64, Labels>,
    /// By series; the next batch.
    samples: BTreeMap<u64, (Vec<Sample>, Vec<HistogramSample>)>,
    waiting: usize,
}

impl<'s> LogImport<'s> {
    fn new(store: &'s Tsdb, deletions: Deletions) -> Self {
        Self { store, deletions, from: None, labels: BTreeMap::new(), samples: BTreeMap::new(), waiting: 0 }
    }

    fn take(&mut self, log: Log, tally: &mut Tally) -> anyhow::Result<()> {
        for record in log {
            match record {
                Ok(Record::Series(series)) => {
                    self.labels.extend(series.into_iter().map(|series| (series.number, series.labels)));
                }
                Ok(Record::Samples(samples)) => samples.into_iter().for_each(|sample| self.note(sample)),
                Ok(Record::Histograms(histograms)) => self.note_histograms(&histograms, tally),
                Ok(Record::Deletions(_) | Record::Other) => {}
                Ok(Record::Unknown(kind)) => {
                    tally
                        .refused
                        .insert(format!("records of kind {kind} in the log, which is not known here"));
                }
                Err(error) => tally.failures.push(format!("the rest of the log is left out: {error}")),
            }
            if self.waiting >= BATCH_SAMPLES {
                self.flush(tally)?;
            }
        }
        Ok(())
    }

    fn note(&mut self, LoggedSample { series, sample }: LoggedSample) {
        if self.wanted(series, sample.timestamp) {
            self.samples.entry(series).or_default().0.push(sample);
            self.waiting += 1;
        }
    }

    fn note_histograms(&mut self, histograms: &[(u64, Histogram)], tally: &mut Tally) {
        let unnamed = Labels::empty();
        for (series, histogram) in histograms {
            if !self.wanted(*series, Timestamp::from_millis(histogram.timestamp)) {
                continue;
            }
            let labels = self.labels.get(series).unwrap_or(&unnamed);
            let mut refused = None;
            let sound = super::sound(labels, std::slice::from_ref(histogram), &mut refused);
            tally.refused.extend(refused);
            self.waiting += sound.len();
            self.samples.entry(*series).or_default().1.extend(sound);
        }
    }

    fn wanted(&self, series: u64, at: Timestamp) -> bool {
        let deleted = self.deletions.get(&series).map(Vec::as_slice).unwrap_or_default();
        Some(at) >= self.from && !deleted.iter().any(|&(first, last)| (first..=last).contains(&at))
    }

    fn flush(&mut self, tally: &mut Tally) -> anyhow::Result<()> {
        self.waiting = 0;
        let (mut series, mut newest) = (Vec::new(), None);
        for (number, (mut samples, mut histograms)) in std::mem::take(&mut self.samples) {
            let Some(labels) = self.labels.get(&number) else {
                tally.refused.insert("samples in the log of series that it does not name".to_owned());
                continue;
            };
            samples.sort_by_key(|sample| sample.timestamp);
            samples.dedup_by_key(|sample| sample.timestamp);
            histograms.sort_by_key(|(at, _)| *at);
            histograms.dedup_by_key(|(at, _)| *at);
            newest = newest.max(samples.last().map(|sample| sample.timestamp));
            newest = newest.max(histograms.last().map(|(at, _)| *at));
            let extras = Extras { histograms: super::beside(histograms, &samples), starts: Vec::new() };
            series.push(SeriesBatch { labels: labels.clone(), samples, extras });
        }
        let Some(received) = newest else { return Ok(()) };
        let origin = Origin::Source(SOURCE.into());
        let appended = self
            .store
            .append(Batch { origin, received, series, metadata: Vec::new() })
            .context("cannot store what the log holds")?;
        tally.samples += appended.written;
        for rejection in appended.rejected {
            tally.refused.insert(format!("{}: {}", rejection.example, rejection.reason));
        }
        self.store.maintain(received).context("cannot write a block of what the log holds")?;
        Ok(())
    }
}
