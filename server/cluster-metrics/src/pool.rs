//! Values that many objects have in common, kept once.

use std::borrow::Borrow;
use std::collections::HashSet;
use std::hash::Hash;
use std::ops::Deref;
use std::sync::Arc;

/// A string that other objects may have too; eight bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Word(Arc<Box<str>>);

impl Deref for Word {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for Word {
    fn borrow(&self) -> &str {
        &self.0
    }
}

/// Below so many values nothing is looked for that nobody has any more.
const FEW: usize = 1024;

/// Values of one type, each once for as long as somebody has it.
#[derive(Debug)]
pub(crate) struct Pool<T> {
    values: HashSet<T>,
    /// At so many values those go that nobody has.
    sweep_at: usize,
}

impl<T> Default for Pool<T> {
    fn default() -> Self {
        Self { values: HashSet::new(), sweep_at: FEW }
    }
}

impl Pool<Word> {
    /// The string, shared with whoever has it.
    pub(crate) fn word(&mut self, text: &str) -> Word {
        if let Some(known) = self.values.get(text) {
            return known.clone();
        }
        let word = Word(Arc::new(text.into()));
        self.keep(word.clone(), |word| Arc::strong_count(&word.0) > 1);
        word
    }
}

impl<T: Eq + Hash> Pool<Arc<T>> {
    /// The value, shared with whoever has it.
    pub(crate) fn share(&mut self, value: T) -> Arc<T> {
        if let Some(known) = self.values.get(&value) {
            return Arc::clone(known);
        }
        let shared = Arc::new(value);
        self.keep(Arc::clone(&shared), |value| Arc::strong_count(value) > 1);
        shared
    }
}

impl<T: Eq + Hash> Pool<T> {
    fn keep(&mut self, value: T, is_used: impl Fn(&T) -> bool) {
        if self.values.len() >= self.sweep_at {
            self.values.retain(|value| is_used(value));
            self.sweep_at = (self.values.len() * 2).max(FEW);
        }
        self.values.insert(value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_values_are_one_and_those_that_nobody_has_go() {
        let mut pool = Pool::<Word>::default();
        let kept = pool.word("kept");
        assert!(Arc::ptr_eq(&kept.0, &pool.word("kept").0));
        for number in 0..10 * FEW {
            pool.word(&number.to_string());
        }
        assert!(pool.values.len() <= FEW, "{}", pool.values.len());
        assert!(Arc::ptr_eq(&kept.0, &pool.word("kept").0));
    }
}
