//! The head's posting lists: label name → value → series, all sorted.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crowsnest_api::{Label, Labels};
use rustc_hash::FxHashSet;
use smol_str::SmolStr;

use super::SeriesRef;
use crate::index::Index;
use crate::varint::Damaged;

/// Who carries which label. Also the place where label texts live once: series share its strings.
#[derive(Debug, Default)]
pub(crate) struct Postings {
    names: BTreeMap<SmolStr, BTreeMap<SmolStr, Vec<u32>>>,
    all: Vec<u32>,
}

impl Postings {
    /// Adds a series and gives back its labels made of shared strings.
    pub(crate) fn insert(&mut self, series: u32, labels: &Labels) -> Labels {
        insert_sorted(&mut self.all, series);
        let mut shared = Vec::with_capacity(labels.len());
        for label in labels {
            let name = match self.names.get_key_value(&label.name) {
                Some((name, _)) => name.clone(),
                None => label.name.clone(),
            };
            let values = self.names.entry(name.clone()).or_default();
            let value = match values.get_key_value(&label.value) {
                Some((value, _)) => value.clone(),
                None => label.value.clone(),
            };
            insert_sorted(values.entry(value.clone()).or_default(), series);
            shared.push(Label { name, value });
        }
        Labels::from_sorted(shared).unwrap_or_else(|| labels.clone())
    }

    /// Removes series. Walks all lists: meant for many series at once.
    pub(crate) fn remove(&mut self, gone: &[SeriesRef]) {
        if gone.is_empty() {
            return;
        }
        let gone: FxHashSet<u32> = gone.iter().map(|series| series.0).collect();
        self.all.retain(|series| !gone.contains(series));
        self.names.retain(|_, values| {
            values.retain(|_, list| {
                list.retain(|series| !gone.contains(series));
                !list.is_empty()
            });
            !values.is_empty()
        });
    }

    /// All label names with their values and lists, sorted.
    pub(crate) fn names(&self) -> &BTreeMap<SmolStr, BTreeMap<SmolStr, Vec<u32>>> {
        &self.names
    }
}

fn insert_sorted(list: &mut Vec<u32>, series: u32) {
    if list.last().is_none_or(|&last| last < series) {
        list.push(series);
    } else if let Err(at) = list.binary_search(&series) {
        list.insert(at, series);
    }
}

impl Index for Postings {
    fn all(&self) -> Result<Cow<'_, [u32]>, Damaged> {
        Ok(Cow::Borrowed(&self.all))
    }

    fn exact(&self, name: &str, value: &str) -> Result<Cow<'_, [u32]>, Damaged> {
        let list = self.names.get(name).and_then(|values| values.get(value));
        Ok(Cow::Borrowed(list.map_or(&[], Vec::as_slice)))
    }

    fn accepted(&self, name: &str, accept: &mut dyn FnMut(&str) -> bool) -> Result<Vec<u32>, Damaged> {
        let mut union = Vec::new();
        for (value, list) in self.names.get(name).into_iter().flatten() {
            if accept(value) {
                union.extend_from_slice(list);
            }
        }
        // A series has one value of a label: the lists are disjoint.
        union.sort_unstable();
        Ok(union)
    }
}
