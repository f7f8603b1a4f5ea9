//! Taking over series that another store has: as blocks, past head and log.

use std::iter;

use crowsnest_api::Timestamp;
use smol_str::SmolStr;

use crate::appender::{Extras, SeriesBatch};
use crate::block::BlockWriter;
use crate::db::Tsdb;
use crate::maintain::{new_block, window};
use crate::report::{BlockStatus, MaintainError};
use crate::samples::{self, Samples};

/// Why an import stopped. Nothing of the block is kept.
#[derive(Debug, thiserror::Error)]
pub enum ImportError<E> {
    /// The block cannot be written.
    #[error(transparent)]
    Store(#[from] MaintainError),
    /// The other side failed.
    #[error("cannot read what is to be imported")]
    Source(#[source] E),
    /// Series have to come in the order of their labels, each once, and their samples in the order of time.
    #[error("not in order: {0}")]
    Order(String),
}

/// What an import has written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// The block; `None` when there was nothing to write.
    pub block: Option<BlockStatus>,
    /// Series that were left out because their labels are not allowed here, with the reason of the first.
    pub refused: u64,
    /// The first of them, and why.
    pub example: Option<String>,
}

impl Tsdb {
    /// The spans into which `from .. to` is best divided for [`Tsdb::import`]: those of the largest blocks that
    /// maintenance would make.
    pub fn import_spans(&self, from: Timestamp, to: Timestamp) -> Vec<(Timestamp, Timestamp)> {
        let span = self.longest_span();
        let starts = iter::successors(Some(window(from, span)), |at| Some(at.plus_millis(span)));
        let spans = starts.map(|start| (start.max(from), start.plus_millis(span).min(to)));
        spans.take_while(|(start, end)| start < end).collect()
    }

    /// Writes series as one block that serves from then on. They come in the order of their labels, each once, their
    /// samples ascending by time; `source` is whose they are. Where samples of a block that is already there have the same
    /// time, the older block's stay. Retention and limits on series do not apply.
    ///
    /// # Errors
    /// When the block cannot be written, `series` fails, or the order is broken.
    pub fn import<E>(
        &self,
        source: &SmolStr,
        series: impl Iterator<Item = Result<SeriesBatch, E>>,
    ) -> Result<Imported, ImportError<E>> {
        let mut imported = Imported::default();
        let written = self.blocks.write(
            |id| new_block(id, Vec::new(), Vec::new()),
            |writer| self.write_imported(source, series, writer, &mut imported),
        )?;
        imported.block = written.as_deref().map(BlockStatus::of);
        let outcome = self.blocks.publish(written.into_iter().collect(), &[]);
        self.everything_changed();
        outcome?;
        Ok(imported)
    }

    fn write_imported<E>(
        &self,
        source: &SmolStr,
        series: impl Iterator<Item = Result<SeriesBatch, E>>,
        writer: &mut BlockWriter,
        imported: &mut Imported,
    ) -> Result<(), ImportError<E>> {
        let mut last = None;
        for batch in series {
            let SeriesBatch { labels, samples: floats, extras } = batch.map_err(ImportError::Source)?;
            let Extras { histograms, starts } = extras;
            let samples = Samples { floats, histograms, starts };
            if last.as_ref() >= Some(&labels) || !samples.is_in_order() {
                return Err(ImportError::Order(labels.to_string()));
            }
            let too_large =
                || samples.histograms.iter().find_map(|(_, histogram)| samples::refusal(histogram));
            if let Some(reason) = self.options.labels.refusal(&labels).or_else(too_large) {
                imported.refused += 1;
                imported.example.get_or_insert_with(|| format!("{labels}: {reason}"));
            } else {
                writer.add(&labels, iter::once((source, &samples)), Vec::new()).map_err(|source| {
                    MaintainError::Io { action: "write", path: "an imported block".into(), source }
                })?;
            }
            last = Some(labels);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use crowsnest_api::{Labels, Sample};
    use crowsnest_promql::{Matcher, Queryable as _, Selection};

    use super::*;
    use crate::options::Options;

    const HOUR: i64 = 3_600_000;

    fn store(folder: &std::path::Path) -> Tsdb {
        let catalog = sled::Config::new().temporary(true).open().unwrap();
        let tree = catalog.open_tree("blocks").unwrap();
        Tsdb::open(folder, tree, Options::default(), Timestamp::from_millis(0)).unwrap().0
    }

    fn batch(name: &str, times: &[i64]) -> SeriesBatch {
        let sample = |&at| Sample { timestamp: Timestamp::from_millis(at), value: at as f64 };
        SeriesBatch::of_floats(Labels::from_pairs([("__name__", name)]), times.iter().map(sample).collect())
    }

    fn import(store: &Tsdb, series: &[SeriesBatch]) -> Result<Imported, ImportError<Infallible>> {
        store.import(&"elsewhere".into(), series.iter().cloned().map(Ok))
    }

    #[test]
    fn imported_series_are_found_and_survive_a_restart_of_the_store() {
        let folder = tempfile::tempdir().unwrap();
        let series = [batch("a", &[1, 2, 3]), batch("b", &[5])];
        for again in [false, true] {
            let store = store(folder.path());
            if !again {
                let imported = import(&store, &series).unwrap();
                assert_eq!(imported.block.unwrap().samples, 4);
            }
            let matchers = [Matcher::equal("__name__", "a")];
            let (start, end) = (Timestamp::from_millis(0), Timestamp::from_millis(9));
            let mut found = store.select(&Selection::new(&matchers, start, end)).unwrap().series;
            assert_eq!(found.next().unwrap().unwrap().samples, series[0].samples);
        }
    }

    #[test]
    fn an_import_that_is_out_of_order_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(folder.path());
        for series in [
            vec![batch("b", &[1]), batch("a", &[1])],
            vec![batch("a", &[1]), batch("a", &[2])],
            vec![batch("a", &[2, 1])],
        ] {
            assert!(matches!(import(&store, &series), Err(ImportError::Order(_))));
        }
        assert_eq!(store.blocks(), []);
    }

    #[test]
    fn series_that_are_not_allowed_are_told_and_the_others_taken() {
        let folder = tempfile::tempdir().unwrap();
        let imported =
            import(&store(folder.path()), &[batch("a", &[1]), batch(&"x".repeat(5000), &[1])]).unwrap();
        assert_eq!(imported.refused, 1);
        assert!(imported.example.unwrap().contains("at most 4096"));
        assert_eq!(imported.block.unwrap().series, 1);
    }

    #[test]
    fn spans_are_aligned_and_cover_what_was_asked_for() {
        let folder = tempfile::tempdir().unwrap();
        let spans = store(folder.path())
            .import_spans(Timestamp::from_millis(HOUR), Timestamp::from_millis(100 * HOUR));
        assert_eq!(spans.first().unwrap().0.millis(), HOUR);
        assert_eq!(spans.last().unwrap().1.millis(), 100 * HOUR);
        assert!(spans.windows(2).all(|pair| pair[0].1 == pair[1].0 && pair[0].1.millis() % (2 * HOUR) == 0));
    }
}
