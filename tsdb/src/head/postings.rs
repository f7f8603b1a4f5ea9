//! The head's posting lists: label name → value → series, all sorted.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::ops::Bound;

use crowsnest_api::{Label, Labels};
use rustc_hash::FxHashSet;
use smol_str::SmolStr;

use super::SeriesRef;
use crate::index::Index;
use crate::varint::Damaged;

/// Who carries which label. Also the place where each pair of name and value lives once: a series is the numbers of its pairs.
#[derive(Debug, Default)]
pub(crate) struct Postings {
    names: BTreeMap<SmolStr, BTreeMap<SmolStr, Carriers>>,
    /// By number; what no series has is empty.
    pairs: Vec<Label>,
    free: Vec<u32>,
    all: Vec<u32>,
}

/// The series with one label pair, and the pair's number.
#[derive(Debug)]
struct Carriers {
    pair: u32,
    series: Vec<u32>,
}

/// The labels of a series as numbers of pairs, in the order of names. Good for as long as the series is here.
pub(crate) type Pairs = Box<[u32]>;

impl Postings {
    /// Adds a series and gives back its labels.
    pub(crate) fn insert(&mut self, series: u32, labels: &Labels) -> Pairs {
        insert_sorted(&mut self.all, series);
        labels.iter().map(|label| self.insert_label(series, label)).collect()
    }

    fn insert_label(&mut self, series: u32, label: &Label) -> u32 {
        if let Some(known) = self.names.get_mut(&label.name).and_then(|values| values.get_mut(&label.value)) {
            insert_sorted(&mut known.series, series);
            return known.pair;
        }
        // Names are many times the same: they share their text.
        let name = self.names.get_key_value(&label.name).map_or(&label.name, |(name, _)| name).clone();
        let label = Label { name, value: label.value.clone() };
        let pair = self.free.pop().unwrap_or(self.pairs.len() as u32);
        match self.pairs.get_mut(pair as usize) {
            Some(free) => *free = label.clone(),
            None => self.pairs.push(label.clone()),
        }
        let carriers = Carriers { pair, series: vec![series] };
        self.names.entry(label.name).or_default().insert(label.value, carriers);
        pair
    }

    /// The labels of a series.
    pub(crate) fn labels(&self, pairs: &[u32]) -> Labels {
        Labels::from_sorted(self.each(pairs).cloned().collect()).unwrap_or_default()
    }

    /// The same, one by one.
    pub(crate) fn each<'a>(&'a self, pairs: &'a [u32]) -> impl ExactSizeIterator<Item = &'a Label> {
        const NONE: &Label = &Label { name: SmolStr::new_static(""), value: SmolStr::new_static("") };
        pairs.iter().map(|&pair| self.pairs.get(pair as usize).unwrap_or(NONE))
    }

    /// Compares the labels of two series.
    pub(crate) fn compare(&self, a: &[u32], b: &[u32]) -> Ordering {
        // A pair has one number: what is the same needs no look at its text.
        let same = a.iter().zip(b).take_while(|(a, b)| a == b).count();
        self.each(a.get(same..).unwrap_or_default()).cmp(self.each(b.get(same..).unwrap_or_default()))
    }

    /// Removes series. Walks all lists: meant for many series at once.
    pub(crate) fn remove(&mut self, gone: &[SeriesRef]) {
        if gone.is_empty() {
            return;
        }
        let gone: FxHashSet<u32> = gone.iter().map(|series| series.0).collect();
        self.all.retain(|series| !gone.contains(series));
        let (pairs, free) = (&mut self.pairs, &mut self.free);
        self.names.retain(|_, values| {
            values.retain(|_, carriers| {
                carriers.series.retain(|series| !gone.contains(series));
                let carried = !carriers.series.is_empty();
                if let Some(pair) = pairs.get_mut(carriers.pair as usize).filter(|_| !carried) {
                    *pair = Label { name: SmolStr::default(), value: SmolStr::default() };
                    free.push(carriers.pair);
                }
                carried
            });
            !values.is_empty()
        });
    }

    /// All label names, sorted, each with its values, sorted, and how many series carry them.
    pub(crate) fn names(
        &self,
    ) -> impl Iterator<Item = (&SmolStr, impl ExactSizeIterator<Item = (&SmolStr, usize)>)> {
        self.names.iter().map(|(name, values)| (name, counted(values)))
    }

    /// The values of a label, as above.
    pub(crate) fn values(&self, name: &str) -> impl Iterator<Item = (&SmolStr, usize)> {
        self.names.get(name).into_iter().flat_map(counted)
    }
}

fn counted(values: &BTreeMap<SmolStr, Carriers>) -> impl ExactSizeIterator<Item = (&SmolStr, usize)> {
    values.iter().map(|(value, carriers)| (value, carriers.series.len()))
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
        let carriers = self.names.get(name).and_then(|values| values.get(value));
        Ok(Cow::Borrowed(carriers.map_or(&[], |carriers| carriers.series.as_slice())))
    }

    fn accepted(
        &self,
        name: &str,
        beginning: &str,
        accept: &mut dyn FnMut(&str) -> bool,
    ) -> Result<Vec<u32>, Damaged> {
        let mut union = Vec::new();
        let from = (Bound::Included(beginning), Bound::Unbounded);
        let values = self.names.get(name).into_iter().flat_map(|values| values.range::<str, _>(from));
        for (value, carriers) in values.take_while(|(value, _)| value.starts_with(beginning)) {
            if accept(value) {
                union.extend_from_slice(&carriers.series);
            }
        }
        // A series has one value of a label: the lists are disjoint.
        union.sort_unstable();
        Ok(union)
    }
}
