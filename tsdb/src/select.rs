//! Answering questions: the head and all blocks in range as one store.

mod pieces;
mod reading;
mod tiers;
mod whole;

use std::collections::BTreeSet;
use std::sync::Arc;

use crowsnest_api::{Labels, Timestamp};
use crowsnest_promql::{Downsampled, Fold, Matcher, Queryable, Scope, Selection, SeriesSet, StorageError};
use smol_str::SmolStr;

use crate::block::{Block, ChunkRef};
use crate::db::Tsdb;
use crate::head::HeadSeries;
use crate::samples::Samples;
use crate::server_sample::{self, ServerSample};
use crate::varint::Damaged;
use reading::Reading;
use tiers::Wanted;

/// What one series has in the range asked for, part by part.
#[derive(Default)]
struct Parts {
    /// Oldest block first: of two samples at one timestamp the first stays.
    blocks: Vec<(Arc<Block>, Vec<ChunkRef>)>,
    /// What is down-sampled.
    tiers: Vec<(Arc<Block>, Vec<ChunkRef>)>,
    head: Option<HeadSeries>,
    server: Vec<ServerSample>,
}

impl Parts {
    /// Bytes of what is to be decoded.
    fn bytes(&self) -> usize {
        let in_blocks = self.blocks.iter().chain(&self.tiers).flat_map(|(_, chunks)| chunks);
        let in_blocks = in_blocks.map(ChunkRef::size);
        in_blocks.chain(self.head.as_ref().map(HeadSeries::bytes)).sum()
    }
}

impl Queryable for Tsdb {
    fn select<'a>(&'a self, selection: &Selection<'_>) -> Result<SeriesSet<'a>, StorageError> {
        // The head before the blocks that are read: what moves into one meanwhile is then found twice, not missed.
        let from = Wanted::of(selection, &self.blocks.list()).from;
        let head = self.head.read().select(selection.matchers, from, selection.end);
        let blocks = self.blocks.list();
        let wanted = Wanted::of(selection, &blocks);
        let mut gathering = Gathering::new(selection, wanted, self.options.max_selected_series);
        for block in blocks.iter().filter(|block| block.overlaps(wanted.from, wanted.end)) {
            if let Err(damaged) = gathering.add_block(block)? {
                gathering.warn(format!(
                    "block {}: {damaged}; its samples are missing from the answer",
                    block.id()
                ));
            }
            gathering.next();
        }
        for lost in self.blocks.lost() {
            let in_range = |meta: &crate::block::BlockMeta| {
                meta.min_time <= selection.end && meta.max_time >= selection.start
            };
            if lost.meta.as_ref().is_none_or(in_range) {
                gathering.warn(format!(
                    "block {}: {}; samples may be missing from the answer",
                    lost.id, lost.reason
                ));
            }
        }
        for series in head {
            gathering.add_head(series)?;
        }
        gathering.next();
        let Gathering { series, warnings, .. } = gathering;
        let downsampled = wanted.spans_of(series.iter().flat_map(|(_, parts)| &parts.tiers));
        Ok(SeriesSet { series: Box::new(Reading::new(self, wanted, series)), warnings, downsampled })
    }

    fn version(&self) -> Option<u64> {
        Some(self.head.read().changes.version())
    }

    fn changed_since(&self, version: u64) -> Timestamp {
        self.head.read().changes.since(version)
    }

    fn series(&self, scope: &Scope<'_>) -> Result<Vec<Labels>, StorageError> {
        let mut found = BTreeSet::new();
        self.visit(scope, |labels| {
            if !found.contains(labels) {
                found.insert(labels.clone());
            }
        });
        check_limit(found.len(), self.options.max_selected_series)?;
        Ok(found.into_iter().collect())
    }

    fn label_names(&self, scope: &Scope<'_>) -> Result<Vec<SmolStr>, StorageError> {
        let mut names = BTreeSet::new();
        let mut add = |name: &str| {
            if !names.contains(name) {
                names.insert(SmolStr::new(name));
            }
        };
        if scope.matcher_sets.is_empty() {
            self.head.read().label_names().for_each(&mut add);
            for block in self.blocks_in(scope).iter() {
                ignore_damage(block.index().and_then(|index| index.each_label_name(&mut add)));
            }
        } else {
            self.visit(scope, |labels| labels.iter().for_each(|label| add(&label.name)));
        }
        Ok(names.into_iter().collect())
    }

    fn label_values(&self, name: &str, scope: &Scope<'_>) -> Result<Vec<SmolStr>, StorageError> {
        let mut values = BTreeSet::new();
        let mut add = |value: &str| {
            if !values.contains(value) {
                values.insert(SmolStr::new(value));
            }
        };
        if scope.matcher_sets.is_empty() {
            self.head.read().label_values(name).for_each(&mut add);
            for block in self.blocks_in(scope).iter() {
                ignore_damage(block.index().and_then(|index| index.each_label_value(name, &mut add)));
            }
        } else {
            self.visit(scope, |labels| {
                if let Some(value) = labels.get(name) {
                    add(value);
                }
            });
        }
        Ok(values.into_iter().collect())
    }
}

/// The series of a selection, as they come together from the head and blocks, each of which has its own in the order of labels.
struct Gathering<'a> {
    selection: &'a Selection<'a>,
    wanted: Wanted,
    limit: usize,
    /// In the order of labels.
    series: Vec<(Labels, Parts)>,
    /// Those before this one come before what is being added.
    at: usize,
    /// Not among `series`, of what is being added.
    fresh: Vec<(Labels, Parts)>,
    warnings: Vec<String>,
}

impl<'a> Gathering<'a> {
    fn new(selection: &'a Selection<'a>, wanted: Wanted, limit: usize) -> Self {
        Self { selection, wanted, limit, series: Vec::new(), at: 0, fresh: Vec::new(), warnings: Vec::new() }
    }

    /// The inner error says that the block's index cannot be used.
    fn add_block(&mut self, block: &Arc<Block>) -> Result<Result<(), Damaged>, StorageError> {
        let found = block.index().and_then(|index| Ok((index.matching(self.selection.matchers)?, index)));
        let (numbers, index) = match found {
            Ok(found) => found,
            Err(damaged) => return Ok(Err(damaged)),
        };
        let Wanted { from, end, .. } = self.wanted;
        let is_tier = block.resolution().is_some();
        let mut damaged_chunks = 0;
        for number in numbers {
            let mut entry = match index.entry(number) {
                Ok(entry) => entry,
                Err(damaged) => return Ok(Err(damaged)),
            };
            let damaged_before = damaged_chunks;
            entry.chunks.retain(|chunk| {
                let wanted = chunk.overlaps(from, end);
                let intact = !wanted || block.verify_page(chunk.page()).is_ok();
                damaged_chunks += usize::from(!intact);
                wanted && intact
            });
            if is_tier && damaged_chunks > damaged_before {
                // Without one column the others are of no use.
                entry.chunks.clear();
            }
            entry.server.retain(|sample| (from..=end).contains(&sample.at()));
            if entry.chunks.is_empty() && entry.server.is_empty() {
                continue;
            }
            self.add(entry.labels, |parts| {
                if !entry.chunks.is_empty() {
                    let parts = if is_tier { &mut parts.tiers } else { &mut parts.blocks };
                    parts.push((block.clone(), entry.chunks));
                }
                for sample in entry.server {
                    server_sample::insert(&mut parts.server, sample);
                }
            })?;
        }
        if damaged_chunks > 0 {
            let id = block.id();
            self.warn(format!("block {id}: {damaged_chunks} damaged chunks are missing from the answer"));
        }
        Ok(Ok(()))
    }

    fn add_head(&mut self, mut series: HeadSeries) -> Result<(), StorageError> {
        let server = std::mem::take(&mut series.server);
        self.add(series.labels.clone(), |parts| {
            for sample in server {
                server_sample::insert(&mut parts.server, sample);
            }
            parts.head = Some(series);
        })
    }

    /// Adds to the parts of a series. Until [`Self::next`], labels ascend from call to call.
    fn add(&mut self, labels: Labels, to: impl FnOnce(&mut Parts)) -> Result<(), StorageError> {
        check_limit(self.series.len() + self.fresh.len(), self.limit)?;
        let rest = self.series.get_mut(self.at..).unwrap_or_default();
        let before = rest.iter().take_while(|(known, _)| *known < labels).count();
        self.at += before;
        match rest.get_mut(before) {
            Some((known, parts)) if *known == labels => to(parts),
            _ => {
                let mut parts = Parts::default();
                to(&mut parts);
                self.fresh.push((labels, parts));
            }
        }
        Ok(())
    }

    /// What is added from here on begins with the first labels again.
    fn next(&mut self) {
        self.at = 0;
        if !self.fresh.is_empty() {
            self.series.append(&mut self.fresh);
            // Two sorted runs, which this sort finds and merges.
            self.series.sort_by(|a, b| a.0.cmp(&b.0));
        }
    }

    fn warn(&mut self, warning: String) {
        self.warnings.push(warning);
    }
}

impl Tsdb {
    fn read_series(
        &self,
        labels: &Labels,
        parts: &Parts,
        start: Timestamp,
        end: Timestamp,
        fold: Option<Fold>,
    ) -> Result<(Samples, Downsampled), Damaged> {
        // Whether a statement of the server stands depends on when there were samples.
        let fold = fold.filter(|_| parts.server.is_empty());
        let pieces = pieces::of(&parts.blocks, parts.head.as_ref());
        let (pushed, told) = pieces::read(pieces, (start, end), fold)?;
        let samples = server_sample::resolve(pushed, &parts.server, |from, to| {
            let before = to.min(start.plus_millis(-1));
            from <= before && self.has_pushed(labels, from, before)
        });
        Ok((samples, told))
    }

    /// Whether a series has a pushed sample in `start ..= end`, wherever it lies.
    pub(crate) fn has_pushed(&self, labels: &Labels, start: Timestamp, end: Timestamp) -> bool {
        // The head first, as above.
        self.head.read().has_pushed(labels, start, end) || self.blocks.has_pushed(labels, start, end)
    }

    /// Calls back with the labels of the series in scope, perhaps more than once each. Damaged blocks are passed over.
    fn visit(&self, scope: &Scope<'_>, mut visit: impl FnMut(&Labels)) {
        const EVERY_SERIES: &[Vec<Matcher>] = &[Vec::new()];
        let sets = if scope.matcher_sets.is_empty() { EVERY_SERIES } else { scope.matcher_sets };
        for matchers in sets {
            let head = self.head.read();
            let in_range = head.matching(matchers).filter(|series| series.overlaps(scope.start, scope.end));
            in_range.for_each(|series| visit(&head.labels_of(series)));
        }
        for block in self.blocks_in(scope) {
            for matchers in sets {
                ignore_damage(block.index().and_then(|index| {
                    for number in index.matching(matchers)? {
                        let entry = index.entry(number)?;
                        if entry.overlaps(scope.start, scope.end) {
                            visit(&entry.labels);
                        }
                    }
                    Ok(())
                }));
            }
        }
    }

    fn blocks_in(&self, scope: &Scope<'_>) -> Vec<Arc<Block>> {
        self.blocks.list().iter().filter(|block| block.overlaps(scope.start, scope.end)).cloned().collect()
    }
}

/// Index questions have no place for warnings; the block has taken note of its damage and reports it otherwise.
fn ignore_damage(_: Result<(), Damaged>) {}

fn check_limit(series: usize, limit: usize) -> Result<(), StorageError> {
    if series > limit {
        let message = format!("query touches more than {limit} series: use narrower matchers");
        return Err(StorageError::LimitExceeded(message));
    }
    Ok(())
}
