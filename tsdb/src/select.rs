//! Answering questions: the head and all blocks in range as one store.

mod pieces;

use std::collections::BTreeSet;
use std::sync::Arc;

use crowsnest_api::{Labels, Sample, Timestamp};
use crowsnest_promql::{Matcher, Queryable, Scope, Selection, Series, SeriesSet, StorageError};
use rustc_hash::FxHashMap;
use smol_str::SmolStr;

use crate::block::{Block, ChunkRef};
use crate::db::Tsdb;
use crate::head::HeadSeries;
use crate::server_sample::{self, ServerSample};
use crate::varint::Damaged;

/// What one series has in the range asked for, part by part.
#[derive(Default)]
struct Parts {
    /// Oldest block first: of two samples at one timestamp the first stays.
    blocks: Vec<(Arc<Block>, Vec<ChunkRef>)>,
    head: Option<HeadSeries>,
    server: Vec<ServerSample>,
}

impl Queryable for Tsdb {
    fn select<'a>(&'a self, selection: &Selection<'_>) -> Result<SeriesSet<'a>, StorageError> {
        let mut gathering = Gathering::new(selection, self.options.max_selected_series);
        // The head first: what moves into a block meanwhile is then found twice, not missed.
        let head = self.head.read().select(selection.matchers, selection.start, selection.end);
        for block in self.blocks.list().iter().filter(|block| block.overlaps(selection.start, selection.end))
        {
            if let Err(damaged) = gathering.add_block(block)? {
                gathering.warn(format!(
                    "block {}: {damaged}; its samples are missing from the answer",
                    block.id()
                ));
            }
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
        let warnings = std::mem::take(&mut gathering.warnings);
        let mut rest = gathering.into_sorted().into_iter();
        let (start, end) = (selection.start, selection.end);
        let mut failed = false;
        let series = std::iter::from_fn(move || {
            while !failed {
                let (labels, parts) = rest.next()?;
                match self.read_series(&labels, &parts, start, end) {
                    Ok(samples) if samples.is_empty() => {}
                    Ok(samples) => return Some(Ok(Series::of_floats(labels, samples))),
                    Err(damaged) => {
                        failed = true;
                        return Some(Err(StorageError::Read(Box::new(damaged))));
                    }
                }
            }
            None
        });
        Ok(SeriesSet { series: Box::new(series), warnings })
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

/// The series of a selection, as they come together.
struct Gathering<'a> {
    selection: &'a Selection<'a>,
    limit: usize,
    series: FxHashMap<Labels, Parts>,
    warnings: Vec<String>,
}

impl<'a> Gathering<'a> {
    fn new(selection: &'a Selection<'a>, limit: usize) -> Self {
        Self { selection, limit, series: FxHashMap::default(), warnings: Vec::new() }
    }

    /// The inner error says that the block's index cannot be used.
    fn add_block(&mut self, block: &Arc<Block>) -> Result<Result<(), Damaged>, StorageError> {
        let found = block.index().and_then(|index| Ok((index.matching(self.selection.matchers)?, index)));
        let (numbers, index) = match found {
            Ok(found) => found,
            Err(damaged) => return Ok(Err(damaged)),
        };
        let mut damaged_chunks = 0;
        for number in numbers {
            let mut entry = match index.entry(number) {
                Ok(entry) => entry,
                Err(damaged) => return Ok(Err(damaged)),
            };
            entry.chunks.retain(|chunk| {
                let wanted = chunk.overlaps(self.selection.start, self.selection.end);
                let intact = !wanted || block.verify_page(chunk.page()).is_ok();
                damaged_chunks += usize::from(!intact);
                wanted && intact
            });
            entry.server.retain(|sample| (self.selection.start..=self.selection.end).contains(&sample.at()));
            if entry.chunks.is_empty() && entry.server.is_empty() {
                continue;
            }
            let parts = self.parts(entry.labels)?;
            if !entry.chunks.is_empty() {
                parts.blocks.push((block.clone(), entry.chunks));
            }
            for sample in entry.server {
                server_sample::insert(&mut parts.server, sample);
            }
        }
        if damaged_chunks > 0 {
            let id = block.id();
            self.warn(format!("block {id}: {damaged_chunks} damaged chunks are missing from the answer"));
        }
        Ok(Ok(()))
    }

    fn add_head(&mut self, mut series: HeadSeries) -> Result<(), StorageError> {
        let server = std::mem::take(&mut series.server);
        let parts = self.parts(series.labels.clone())?;
        for sample in server {
            server_sample::insert(&mut parts.server, sample);
        }
        parts.head = Some(series);
        Ok(())
    }

    fn parts(&mut self, labels: Labels) -> Result<&mut Parts, StorageError> {
        check_limit(self.series.len(), self.limit)?;
        Ok(self.series.entry(labels).or_default())
    }

    fn warn(&mut self, warning: String) {
        self.warnings.push(warning);
    }

    fn into_sorted(self) -> Vec<(Labels, Parts)> {
        let mut series: Vec<(Labels, Parts)> = self.series.into_iter().collect();
        series.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        series
    }
}

impl Tsdb {
    fn read_series(
        &self,
        labels: &Labels,
        parts: &Parts,
        start: Timestamp,
        end: Timestamp,
    ) -> Result<Vec<Sample>, Damaged> {
        let pushed = pieces::read(pieces::of(&parts.blocks, parts.head.as_ref()), (start, end))?;
        Ok(server_sample::resolve(pushed, &parts.server, |from, to| {
            let before = to.min(start.plus_millis(-1));
            // The head first, as above.
            from <= before
                && (self.head.read().has_pushed(labels, from, before)
                    || self.blocks.has_pushed(labels, from, before))
        }))
    }

    /// Calls back with the labels of the series in scope, perhaps more than once each. Damaged blocks are passed over.
    fn visit(&self, scope: &Scope<'_>, mut visit: impl FnMut(&Labels)) {
        const EVERY_SERIES: &[Vec<Matcher>] = &[Vec::new()];
        let sets = if scope.matcher_sets.is_empty() { EVERY_SERIES } else { scope.matcher_sets };
        for matchers in sets {
            let head = self.head.read();
            let in_range = head.matching(matchers).filter(|series| series.overlaps(scope.start, scope.end));
            in_range.for_each(|series| visit(series.labels()));
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
