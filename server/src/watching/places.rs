//! How many streams there may be.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;

/// Counts what each owner has open.
#[derive(Clone, Debug)]
pub(crate) struct Places {
    taken: Arc<Mutex<HashMap<String, usize>>>,
    /// Of one credential: tabs of a browser, mostly.
    of_one: usize,
    /// Of all users together.
    of_all: usize,
}

/// The place of one stream; given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    places: Places,
    owner: String,
}

impl Places {
    /// For events.
    pub(crate) fn of_streams() -> Self {
        Self::new(32, 512)
    }

    /// For terminals, of which each is a process in the cluster.
    pub(crate) fn of_terminals() -> Self {
        Self::new(8, 128)
    }

    /// For pictures, which take a processor each: one of a user at a time.
    pub(crate) fn of_pictures() -> Self {
        Self::new(1, usize::MAX)
    }

    fn new(of_one: usize, of_all: usize) -> Self {
        Self { taken: Arc::default(), of_one, of_all }
    }

    /// A place for a stream of `owner`; `None` while there is none.
    pub(crate) fn take(&self, owner: String) -> Option<Place> {
        let mut taken = self.taken.lock();
        let own = taken.get(&owner).copied().unwrap_or_default();
        if own >= self.of_one || taken.values().sum::<usize>() >= self.of_all {
            return None;
        }
        taken.insert(owner.clone(), own + 1);
        drop(taken);
        Some(Place { places: self.clone(), owner })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.taken.lock();
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
        let places = Places::of_streams();
        let own: Vec<_> = (0..=places.of_one).map(|_| places.take("ann".into())).collect();
        assert_eq!(own.iter().flatten().count(), places.of_one);
        assert!(places.take("bob".into()).is_some());
        drop(own);
        assert!(places.take("ann".into()).is_some());
        let all: Vec<_> = (0..places.of_all + 1).map(|n| places.take(format!("{n}"))).collect();
        assert_eq!(all.iter().flatten().count(), places.of_all);
        drop(all);
        assert!(places.taken.lock().is_empty());
    }
}
