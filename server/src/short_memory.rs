//! Answers that may be given again for some seconds.

use std::collections::HashMap;
use std::hash::Hash;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

/// Remembers a bounded number of answers for a bounded time; past the bound the oldest is forgotten.
pub(crate) struct ShortMemory<K, V> {
    lasts: Duration,
    capacity: usize,
    answers: Mutex<HashMap<K, (Instant, V)>>,
}

impl<K: Eq + Hash + Clone, V: Clone> ShortMemory<K, V> {
    /// Answers are good for less than `lasts`, and there are at most `capacity`.
    pub(crate) fn new(lasts: Duration, capacity: usize) -> Self {
        Self { lasts, capacity: capacity.max(1), answers: Mutex::default() }
    }

    /// The answer, while it is good.
    pub(crate) fn recall(&self, question: &K, now: Instant) -> Option<V> {
        let answers = self.answers.lock();
        let (at, answer) = answers.get(question)?;
        self.is_good(*at, now).then(|| answer.clone())
    }

    /// Remembers an answer of `now`.
    pub(crate) fn remember(&self, question: K, answer: V, now: Instant) {
        let mut answers = self.answers.lock();
        if answers.len() >= self.capacity && !answers.contains_key(&question) {
            answers.retain(|_, (at, _)| self.is_good(*at, now));
            if answers.len() >= self.capacity {
                let oldest =
                    answers.iter().min_by_key(|(_, (at, _))| *at).map(|(question, _)| question.clone());
                oldest.map(|oldest| answers.remove(&oldest));
            }
        }
        answers.insert(question, (now, answer));
    }

    fn is_good(&self, at: Instant, now: Instant) -> bool {
        now.saturating_duration_since(at) < self.lasts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn an_answer_is_forgotten_after_its_time() {
        let memory = ShortMemory::new(SECOND * 10, 4);
        let start = Instant::now();
        memory.remember("a", 1, start);
        assert_eq!(memory.recall(&"a", start + SECOND * 9), Some(1));
        assert_eq!(memory.recall(&"a", start + SECOND * 10), None);
        memory.remember("a", 2, start + SECOND * 10);
        assert_eq!(memory.recall(&"a", start + SECOND * 11), Some(2));
    }

    #[test]
    fn past_the_bound_the_oldest_answer_goes() {
        let memory = ShortMemory::new(SECOND * 10, 2);
        let start = Instant::now();
        for (n, question) in ["a", "b", "c"].into_iter().enumerate() {
            memory.remember(question, n, start + SECOND * u32::try_from(n).unwrap());
        }
        let now = start + SECOND * 3;
        assert_eq!([memory.recall(&"a", now), memory.recall(&"b", now)], [None, Some(1)]);
        assert_eq!(memory.answers.lock().len(), 2);
    }
}
