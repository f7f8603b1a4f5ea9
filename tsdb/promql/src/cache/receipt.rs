//! What whoever keeps an answer shows later, to be told only what has become different.

use std::hash::{BuildHasher as _, RandomState};

use crowsnest_api::Timestamp;

use super::{Cacheable, Key, only_looks_back, steps_that_hold};
use crate::Queryable;

/// Tells which answers are the same, for those who keep them outside of this process. Receipts of one engine are worth nothing to another.
#[derive(Debug, Default)]
pub struct Receipts {
    /// Random, so that what another process gave out is not taken for ours.
    seal: RandomState,
}

/// The store's version that an answer rests on, and a seal over it and the query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Receipt {
    version: u64,
    seal: u64,
}

impl Receipts {
    /// The receipt for an answer that is evaluated from now on; `None` for queries of which nothing can be kept. An answer with warnings has
    /// none either, which is the caller's to see to.
    pub fn give(&self, store: &dyn Queryable, query: &Cacheable<'_>) -> Option<Receipt> {
        let version = store.version().filter(|_| only_looks_back(query.expr))?;
        Some(Receipt { version, seal: self.seal(version, query) })
    }

    /// The last step of `query` up to which an answer holds that goes from `first` to `last` and was given with `receipt`; `None` where
    /// all has to be told anew.
    pub fn holds_until(
        &self,
        store: &dyn Queryable,
        query: &Cacheable<'_>,
        receipt: Receipt,
        (first, last): (Timestamp, Timestamp),
    ) -> Option<Timestamp> {
        if self.seal(receipt.version, query) != receipt.seal {
            return None;
        }
        steps_that_hold((first, last), query.range, store.changed_since(receipt.version))
    }

    fn seal(&self, version: u64, query: &Cacheable<'_>) -> u64 {
        self.seal.hash_one((version, Key::of(query)))
    }
}

impl Receipt {
    /// As text.
    pub fn text(&self) -> String {
        format!("{:x}.{:x}", self.version, self.seal)
    }

    /// From its text.
    pub fn parse(text: &str) -> Option<Self> {
        let (version, seal) = text.split_once('.')?;
        let number = |text| u64::from_str_radix(text, 16).ok();
        Some(Self { version: number(version)?, seal: number(seal)? })
    }
}
