//! A store that takes the time it needs.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crowsnest_api::Labels;
use crowsnest_promql::{Queryable, Scope, Selection, SeriesSet, StorageError};
use smol_str::SmolStr;

/// Passes everything on, and adds up the time that selecting and reading series takes.
pub(crate) struct Timed<'a> {
    store: &'a dyn Queryable,
    nanos: AtomicU64,
}

impl<'a> Timed<'a> {
    pub(crate) fn new(store: &'a dyn Queryable) -> Self {
        Self { store, nanos: AtomicU64::new(0) }
    }

    /// What selections have taken so far.
    pub(crate) fn spent(&self) -> Duration {
        Duration::from_nanos(self.nanos.load(Ordering::Relaxed))
    }

    fn took<T>(&self, work: impl FnOnce() -> T) -> T {
        let began = Instant::now();
        let done = work();
        self.nanos.fetch_add(began.elapsed().as_nanos() as u64, Ordering::Relaxed);
        done
    }
}

impl Queryable for Timed<'_> {
    fn select<'a>(&'a self, selection: &Selection<'_>) -> Result<SeriesSet<'a>, StorageError> {
        let SeriesSet { mut series, warnings, downsampled } = self.took(|| self.store.select(selection))?;
        let series = Box::new(std::iter::from_fn(move || self.took(|| series.next())));
        Ok(SeriesSet { series, warnings, downsampled })
    }

    fn series(&self, scope: &Scope<'_>) -> Result<Vec<Labels>, StorageError> {
        self.store.series(scope)
    }

    fn label_names(&self, scope: &Scope<'_>) -> Result<Vec<SmolStr>, StorageError> {
        self.store.label_names(scope)
    }

    fn label_values(&self, name: &str, scope: &Scope<'_>) -> Result<Vec<SmolStr>, StorageError> {
        self.store.label_values(name, scope)
    }
}
