//! Who is next: a queue that is fair to users, however many queries each of them asks.
//!
//! Knows nothing of time or threads. Whoever has the fewest queries running is next; among equals, whoever has waited
//! longest for a turn. No user may take all the places, running or waiting, so that another always finds one.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

/// How many places there are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Places {
    pub(super) running: usize,
    /// Of these, how many one user may take.
    pub(super) running_of_one: usize,
    pub(super) waiting: usize,
    /// Of these, how many one user may take.
    pub(super) waiting_of_one: usize,
}

/// Queries by their number, each with a `W` to tell it that it may run.
#[derive(Debug)]
pub(super) struct FairQueue<W> {
    places: Places,
    users: BTreeMap<Arc<str>, User<W>>,
    running: usize,
    waiting: usize,
    turns: u64,
}

#[derive(Debug)]
struct User<W> {
    running: BTreeSet<u64>,
    waiting: VecDeque<(u64, W)>,
    /// The turn that it had last.
    last_turn: u64,
}

/// There is no place left to wait in.
#[derive(Debug, PartialEq)]
pub(super) struct Full;

impl<W> FairQueue<W> {
    pub(super) fn new(places: Places) -> Self {
        Self { places, users: BTreeMap::new(), running: 0, waiting: 0, turns: 0 }
    }

    /// Puts a query of a user at the end of that user's line. [`Self::admit`] follows.
    pub(super) fn enter(&mut self, user: &Arc<str>, id: u64, waker: W) -> Result<(), Full> {
        let Places { running, running_of_one, waiting, waiting_of_one } = self.places;
        let own = self.users.get(user).map_or((0, 0), |user| (user.running.len(), user.waiting.len()));
        // Who runs at once takes no place to wait in.
        let free = running.saturating_sub(self.running).min(running_of_one.saturating_sub(own.0));
        if self.waiting >= waiting + free || own.1 >= waiting_of_one + free {
            return Err(Full);
        }
        let last_turn = self.turns;
        let new = || User { running: BTreeSet::new(), waiting: VecDeque::new(), last_turn };
        self.users.entry(Arc::clone(user)).or_insert_with(new).waiting.push_back((id, waker));
        self.waiting += 1;
        Ok(())
    }

    /// The next query that may run now, if any; it counts as running from now on.
    pub(super) fn admit(&mut self) -> Option<(u64, W)> {
        if self.running >= self.places.running {
            return None;
        }
        let most = self.places.running_of_one;
        let may = |user: &&mut User<W>| !user.waiting.is_empty() && user.running.len() < most;
        let user =
            self.users.values_mut().filter(may).min_by_key(|user| (user.running.len(), user.last_turn))?;
        let (id, waker) = user.waiting.pop_front()?;
        self.turns += 1;
        user.last_turn = self.turns;
        user.running.insert(id);
        self.running += 1;
        self.waiting -= 1;
        Some((id, waker))
    }

    /// A query ends, or is not waited for any more. [`Self::admit`] follows.
    pub(super) fn leave(&mut self, name: &Arc<str>, id: u64) {
        let Some(user) = self.users.get_mut(name) else { return };
        if user.running.remove(&id) {
            self.running -= 1;
        }
        let before = user.waiting.len();
        user.waiting.retain(|(waiting, _)| *waiting != id);
        self.waiting -= before - user.waiting.len();
        if user.running.is_empty() && user.waiting.is_empty() {
            self.users.remove(name);
        }
    }

    /// Takes a query out of the line, if it waits there: its waker is dropped.
    pub(super) fn withdraw(&mut self, user: &Arc<str>, id: u64) {
        if self.users.get(user).is_some_and(|user| !user.running.contains(&id)) {
            self.leave(user, id);
        }
    }

    /// How many run and how many wait.
    pub(super) fn load(&self) -> (usize, usize) {
        (self.running, self.waiting)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Line {
        queue: FairQueue<u64>,
        ids: u64,
    }

    impl Line {
        fn new() -> Self {
            let places = Places { running: 4, running_of_one: 3, waiting: 6, waiting_of_one: 4 };
            Self { queue: FairQueue::new(places), ids: 0 }
        }

        /// One query of a user; the numbers of those that run because of it.
        fn ask(&mut self, user: &str) -> Result<Vec<u64>, Full> {
            self.ids += 1;
            self.queue.enter(&user.into(), self.ids, self.ids)?;
            Ok(self.admitted())
        }

        fn end(&mut self, user: &str, id: u64) -> Vec<u64> {
            self.queue.leave(&user.into(), id);
            self.admitted()
        }

        fn admitted(&mut self) -> Vec<u64> {
            std::iter::from_fn(|| self.queue.admit()).map(|(id, _)| id).collect()
        }
    }

    #[test]
    fn one_user_cannot_take_all_places() {
        let mut line = Line::new();
        let asked: Vec<_> = (0..8).map(|_| line.ask("greedy")).collect();
        assert_eq!(asked.iter().filter(|asked| asked.is_err()).count(), 1, "three run, four wait");
        assert_eq!(line.queue.load(), (3, 4));
        assert_eq!(line.ask("modest"), Ok(vec![9]), "the last place is left for others");
    }

    #[test]
    fn who_runs_least_is_next_and_equals_take_turns() {
        let mut line = Line::new();
        for user in ["a", "a", "a", "b", "a", "a", "b", "c"] {
            line.ask(user).unwrap();
        }
        // a runs 1, 2, 3 and b runs 4; a waits with 5 and 6, b with 7, c with 8.
        assert_eq!(line.end("a", 1), [8], "c runs nothing yet");
        assert_eq!(line.end("a", 2), [5], "a and b run one each, and a's last turn was before b's");
        assert_eq!(line.end("b", 4), [7]);
        assert_eq!(line.end("c", 8), [6]);
    }

    #[test]
    fn who_stops_waiting_gives_the_place_back() {
        let mut line = Line::new();
        for _ in 0..7 {
            line.ask("a").unwrap();
        }
        assert_eq!(line.ask("a"), Err(Full));
        assert!(line.end("a", 5).is_empty());
        assert_eq!(line.ask("a"), Ok(vec![]));
        assert_eq!(line.queue.load(), (3, 4));
        for id in 0..=9 {
            line.end("a", id);
        }
        assert_eq!(line.queue.load(), (0, 0));
        assert!(line.queue.users.is_empty());
    }

    #[test]
    fn many_users_share_the_room_to_wait_in() {
        let mut line = Line::new();
        let users: Vec<String> = (0..10).map(|n| n.to_string()).collect();
        assert!(users.iter().all(|user| line.ask(user).is_ok()));
        assert_eq!(line.ask("late"), Err(Full));
    }
}
