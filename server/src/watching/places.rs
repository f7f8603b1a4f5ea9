//! How many streams there may be.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;

/// Streams of all users together.
const MAX_ALL: usize = 512;
/// Streams of one credential: tabs of a browser, mostly.
const MAX_OF_ONE: usize = 32;

/// Counts open streams.
#[derive(Clone, Debug, Default)]
pub(crate) struct Places(Arc<Mutex<HashMap<String, usize>>>);

/// The place of one stream; given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    places: Places,
    owner: String,
}

impl Places {
    /// A place for a stream of `owner`; `None` while there is none.
    pub(crate) fn take(&self, owner: String) -> Option<Place> {
        let mut taken = self.0.lock();
        let own = taken.get(&owner).copied().unwrap_or_default();
        if own >= MAX_OF_ONE || taken.values().sum::<usize>() >= MAX_ALL {
            return None;
        }
        taken.insert(owner.clone(), own + 1);
        drop(taken);
        Some(Place { places: self.clone(), owner })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.0.lock();
        if let Some(own) = taken.get_mut(&self.owner) {
            *own -= 1;
            if *own == 0 {
                taken.remove(&self.owner);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_user_cannot_take_the_places_of_all_and_places_come_back() {
        let places = Places::default();
        let own: Vec<_> = (0..=MAX_OF_ONE).map(|_| places.take("ann".into())).collect();
        assert_eq!(own.iter().flatten().count(), MAX_OF_ONE);
        assert!(places.take("bob".into()).is_some());
        drop(own);
        assert!(places.take("ann".into()).is_some());
        let all: Vec<_> = (0..MAX_ALL + 1).map(|n| places.take(format!("{n}"))).collect();
        assert_eq!(all.iter().flatten().count(), MAX_ALL);
        drop(all);
        assert!(places.0.lock().is_empty());
    }
}
