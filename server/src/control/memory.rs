//! Control state in memory, for tests.
#![cfg(test)]

use std::collections::BTreeMap;

use parking_lot::Mutex;

use super::{Collection, ControlError, ControlStore};

/// Forgets everything when it is dropped.
#[derive(Default)]
pub(crate) struct MemoryStore(Mutex<BTreeMap<(&'static str, String), Vec<u8>>>);

impl ControlStore for MemoryStore {
    fn get(&self, collection: Collection, key: &str) -> Result<Option<Vec<u8>>, ControlError> {
        Ok(self.0.lock().get(&(collection.name(), key.to_owned())).cloned())
    }

    fn put(&self, collection: Collection, key: &str, record: &[u8]) -> Result<(), ControlError> {
        self.0.lock().insert((collection.name(), key.to_owned()), record.to_vec());
        Ok(())
    }

    fn replace(&self, collection: Collection, key: &str, record: &[u8]) -> Result<bool, ControlError> {
        let mut records = self.0.lock();
        let known = records.get_mut(&(collection.name(), key.to_owned()));
        Ok(known.map(|known| *known = record.to_vec()).is_some())
    }

    fn delete(&self, collection: Collection, key: &str) -> Result<(), ControlError> {
        self.0.lock().remove(&(collection.name(), key.to_owned()));
        Ok(())
    }

    fn list(&self, collection: Collection) -> Result<Vec<(String, Vec<u8>)>, ControlError> {
        let records = self.0.lock();
        let of_collection = records.iter().filter(|((name, _), _)| *name == collection.name());
        Ok(of_collection.map(|((_, key), record)| (key.clone(), record.clone())).collect())
    }
}
