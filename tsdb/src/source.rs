//! Names of sources as small numbers.

use rustc_hash::FxHashMap;
use smol_str::SmolStr;

/// A source of samples, within one run of the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct SourceId(u32);

impl SourceId {
    /// The number, for the log.
    pub(crate) fn number(self) -> u32 {
        self.0
    }
}

/// All sources seen since the store was opened.
#[derive(Debug, Default)]
pub(crate) struct Sources {
    names: Vec<SmolStr>,
    ids: FxHashMap<SmolStr, SourceId>,
}

impl Sources {
    /// The number of a source, a new one if need be.
    pub(crate) fn intern(&mut self, name: &SmolStr) -> SourceId {
        if let Some(&id) = self.ids.get(name) {
            return id;
        }
        let id = SourceId(self.names.len() as u32);
        self.names.push(name.clone());
        self.ids.insert(name.clone(), id);
        id
    }

    /// The name behind a number; `""` for one that was never given out.
    pub(crate) fn name(&self, id: SourceId) -> SmolStr {
        self.names.get(id.0 as usize).cloned().unwrap_or_default()
    }
}
