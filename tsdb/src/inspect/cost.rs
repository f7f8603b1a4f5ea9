//! What takes the room in blocks: metrics by series and bytes, labels by values.

use std::hash::BuildHasher as _;

use rustc_hash::{FxBuildHasher, FxHashMap, FxHashSet};
use smol_str::SmolStr;

use super::{Found, Inspection};
use crate::block::Block;
use crate::report::{Fault, OpenError};
use crate::varint::Damaged;

/// What takes the room in blocks, the largest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Costs {
    /// By bytes.
    pub metrics: Vec<MetricCost>,
    /// By bytes of values.
    pub labels: Vec<LabelCost>,
    /// Blocks that could not be read, or not in full: theirs is missing.
    pub faults: Vec<Fault>,
}

/// All series of one name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MetricCost {
    /// The metric's name.
    pub name: String,
    /// How many series; one that is in several blocks counts once.
    pub series: u64,
    /// Their samples' bytes in all blocks: compressed, shares of pages estimated by length.
    pub bytes: u64,
}

/// A label's name on all series.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LabelCost {
    /// The label's name.
    pub name: String,
    /// How many values it has.
    pub values: u64,
    /// On how many series it is.
    pub series: u64,
    /// Bytes of its values, summed over series.
    pub bytes: u64,
}

impl Inspection {
    /// The `top` most costly metrics and labels of all blocks. Takes 8 bytes of memory a series.
    ///
    /// # Errors
    /// As [`Inspection::contents`].
    pub fn costs(&self, top: usize) -> Result<Costs, OpenError> {
        let (mut tally, mut faults) = (Tally::default(), Vec::new());
        self.each_block(|file, found| match found {
            Found::Block(block) => {
                if let Err(damaged) = tally.add(&block) {
                    faults.push(Fault { file: file.to_owned(), offset: 0, what: damaged.to_string() });
                }
            }
            Found::Damaged(fault) => faults.push(fault),
            Found::Other => {}
        })?;
        Ok(Costs { faults, ..tally.costs(top) })
    }
}

#[derive(Default)]
struct Tally {
    /// Hashes of the label sets that have been counted.
    known: FxHashSet<u64>,
    metrics: FxHashMap<SmolStr, (u64, f64)>,
    labels: FxHashMap<SmolStr, OfLabel>,
}

#[derive(Default)]
struct OfLabel {
    values: FxHashSet<u64>,
    series: u64,
    bytes: u64,
}

impl Tally {
    fn add(&mut self, block: &Block) -> Result<(), Damaged> {
        let index = block.index()?;
        for number in 0..index.len() {
            let entry = index.entry(number)?;
            let is_new = self.known.insert(FxBuildHasher.hash_one(&entry.labels));
            let bytes: f64 = entry.chunks.iter().map(|chunk| block.share(chunk)).sum();
            let metric = self.metrics.entry(entry.labels.metric_name().into()).or_default();
            metric.0 += u64::from(is_new);
            metric.1 += bytes;
            for label in entry.labels.iter().filter(|_| is_new) {
                let of = self.labels.entry(label.name.clone()).or_default();
                of.values.insert(FxBuildHasher.hash_one(&label.value));
                of.series += 1;
                of.bytes += label.value.len() as u64;
            }
        }
        Ok(())
    }

    fn costs(self, top: usize) -> Costs {
        let metrics = self.metrics.into_iter().map(|(name, (series, bytes))| MetricCost {
            name: name.to_string(),
            series,
            bytes: bytes.round() as u64,
        });
        let labels = self.labels.into_iter().map(|(name, of)| LabelCost {
            name: name.to_string(),
            values: of.values.len() as u64,
            series: of.series,
            bytes: of.bytes,
        });
        let (mut metrics, mut labels): (Vec<_>, Vec<_>) = (metrics.collect(), labels.collect());
        metrics.sort_by(|a, b| b.bytes.cmp(&a.bytes).then_with(|| a.name.cmp(&b.name)));
        labels.sort_by(|a, b| b.bytes.cmp(&a.bytes).then_with(|| a.name.cmp(&b.name)));
        metrics.truncate(top);
        labels.truncate(top);
        Costs { metrics, labels, faults: Vec::new() }
    }
}
