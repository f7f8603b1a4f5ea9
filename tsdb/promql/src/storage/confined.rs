//! A store as somebody sees it who may not see all of it.

use std::sync::Arc;

use crowsnest_api::{Labels, Timestamp};
use smol_str::SmolStr;

use super::{Queryable, Scope, Selection, SeriesSet, StorageError};
use crate::Matcher;

/// Conditions that every series fulfils which somebody may see. Cheap to clone.
///
/// They are added to each selection and each question about the index, so nothing that is asked, however it is written,
/// can take them away.
#[derive(Clone, Debug, Default)]
pub struct Confinement(Arc<[Matcher]>);

impl Confinement {
    /// For somebody who may see everything.
    pub fn none() -> Self {
        Self::default()
    }

    /// All of the conditions must hold.
    pub fn to(matchers: Vec<Matcher>) -> Self {
        Self(matchers.into())
    }

    /// Whether it confines to nothing less than everything.
    pub fn is_none(&self) -> bool {
        self.0.is_empty()
    }

    /// The conditions.
    pub fn matchers(&self) -> &[Matcher] {
        &self.0
    }

    /// Whether something with these labels may be seen, be it a series or not.
    pub fn admits(&self, labels: &Labels) -> bool {
        self.0.iter().all(|matcher| matcher.matches(labels))
    }

    /// `store` with the conditions added to whatever it is asked.
    pub fn of<'a>(&'a self, store: &'a dyn Queryable) -> Confined<'a> {
        Confined { store, confinement: self }
    }

    fn with(&self, matchers: &[Matcher]) -> Vec<Matcher> {
        matchers.iter().chain(&*self.0).cloned().collect()
    }
}

/// A store with a [`Confinement`] added to whatever it is asked.
#[derive(Clone, Copy)]
pub struct Confined<'a> {
    store: &'a dyn Queryable,
    confinement: &'a Confinement,
}

impl Confined<'_> {
    fn ask<T>(&self, scope: &Scope<'_>, of: impl FnOnce(&Scope<'_>) -> T) -> T {
        if self.confinement.is_none() {
            return of(scope);
        }
        let sets: Vec<Vec<Matcher>> = match scope.matcher_sets {
            // No set at all means every series.
            [] => vec![self.confinement.with(&[])],
            sets => sets.iter().map(|set| self.confinement.with(set)).collect(),
        };
        of(&Scope { matcher_sets: &sets, ..*scope })
    }
}

impl Queryable for Confined<'_> {
    fn select<'a>(&'a self, selection: &Selection<'_>) -> Result<SeriesSet<'a>, StorageError> {
        if self.confinement.is_none() {
            return self.store.select(selection);
        }
        self.store.select(&Selection { matchers: &self.confinement.with(selection.matchers), ..*selection })
    }

    fn version(&self) -> Option<u64> {
        self.store.version()
    }

    fn changed_since(&self, version: u64) -> Timestamp {
        self.store.changed_since(version)
    }

    fn series(&self, scope: &Scope<'_>) -> Result<Vec<Labels>, StorageError> {
        self.ask(scope, |scope| self.store.series(scope))
    }

    fn label_names(&self, scope: &Scope<'_>) -> Result<Vec<SmolStr>, StorageError> {
        self.ask(scope, |scope| self.store.label_names(scope))
    }

    fn label_values(&self, name: &str, scope: &Scope<'_>) -> Result<Vec<SmolStr>, StorageError> {
        self.ask(scope, |scope| self.store.label_values(name, scope))
    }
}

#[cfg(test)]
mod tests {
    use crowsnest_api::Sample;

    use super::*;
    use crate::{MatchOp, MemoryStore};

    fn store() -> MemoryStore {
        let mut store = MemoryStore::default();
        for (namespace, other) in [("shop", "a"), ("blog", "b"), ("", "c")] {
            let labels = Labels::from_pairs([("namespace", namespace), (other, "1")]);
            assert!(store.append(&labels, Sample::new(0, 1.0)));
        }
        store
    }

    fn everything(matcher_sets: &[Vec<Matcher>]) -> Scope<'_> {
        Scope { matcher_sets, start: Timestamp::MIN, end: Timestamp::MAX }
    }

    #[test]
    fn the_index_knows_only_what_may_be_seen() {
        let store = store();
        let shop = Confinement::to(vec![Matcher::equal("namespace", "shop")]);
        let seen = shop.of(&store);
        assert_eq!(seen.label_names(&everything(&[])).unwrap(), ["a", "namespace"]);
        assert_eq!(seen.label_values("namespace", &everything(&[])).unwrap(), ["shop"]);
        let asked = [vec![Matcher::equal("b", "1")], vec![Matcher::new("a", MatchOp::Regex, ".*").unwrap()]];
        assert_eq!(seen.series(&everything(&asked)).unwrap().len(), 1);
        assert_eq!(Confinement::none().of(&store).series(&everything(&asked)).unwrap().len(), 3);
    }

    #[test]
    fn a_selection_cannot_name_what_may_not_be_seen() {
        let store = store();
        let shop = Confinement::to(vec![Matcher::equal("namespace", "shop")]);
        let matchers = [Matcher::equal("namespace", "blog")];
        let selection = Selection::new(&matchers, Timestamp::MIN, Timestamp::MAX);
        assert_eq!(shop.of(&store).select(&selection).unwrap().series.count(), 0);
        assert_eq!(store.select(&selection).unwrap().series.count(), 1);
    }
}
