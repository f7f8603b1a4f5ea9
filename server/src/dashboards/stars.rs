//! Which dashboards each user has a star on.

use std::collections::BTreeSet;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::control::{Collection, ControlError, ControlStore};

/// Stars of one user.
const MOST: usize = 500;

/// Stars in the control store.
pub(crate) struct Stars {
    control: Arc<dyn ControlStore>,
    /// Held by whoever writes.
    writing: Mutex<()>,
}

impl Stars {
    pub(super) fn new(control: Arc<dyn ControlStore>) -> Self {
        Self { control, writing: Mutex::default() }
    }

    /// Uids that `user` has stars on. Blocks the thread.
    ///
    /// # Errors
    /// When control state cannot be read.
    pub(crate) fn of(&self, user: &str) -> Result<BTreeSet<String>, ControlError> {
        let record = self.control.get(Collection::Stars, user)?;
        // A damaged record is none.
        Ok(record.and_then(|record| serde_json::from_slice(&record).ok()).unwrap_or_default())
    }

    /// Gives a star, or takes it away. Blocks the thread.
    ///
    /// # Errors
    /// When control state cannot be read or written.
    pub(crate) fn set(&self, user: &str, uid: &str, starred: bool) -> Result<(), ControlError> {
        let _writing = self.writing.lock();
        let mut stars = self.of(user)?;
        let changed =
            if starred { stars.len() < MOST && stars.insert(uid.to_owned()) } else { stars.remove(uid) };
        if !changed {
            return Ok(());
        }
        if stars.is_empty() {
            return self.control.delete(Collection::Stars, user);
        }
        // Texts can always be written.
        self.control.put(Collection::Stars, user, &serde_json::to_vec(&stars).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::MemoryStore;

    #[test]
    fn each_user_has_stars_of_their_own() {
        let stars = Stars::new(Arc::new(MemoryStore::default()));
        stars.set("ann", "a", true).unwrap();
        stars.set("ann", "b", true).unwrap();
        stars.set("bob", "c", true).unwrap();
        stars.set("ann", "a", false).unwrap();
        stars.set("ann", "x", false).unwrap();
        assert_eq!(stars.of("ann").unwrap(), BTreeSet::from(["b".to_owned()]));
        stars.set("bob", "c", false).unwrap();
        assert!(stars.of("bob").unwrap().is_empty());
    }
}
