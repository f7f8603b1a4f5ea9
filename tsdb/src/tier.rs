//! Down-sampling: what a block of a tier holds in place of raw samples, and how questions are answered from it.
//!
//! A bucket keeps of the samples of a series in `(end − width, end]` their number, smallest, largest and sum, and a few of them
//! as they are: the first and the last, those around each restart of a counter, and staleness markers. So the growth of a
//! counter over whole buckets is that of the raw samples, to the last digit, and so are the other five. Knows nothing of files.

mod answer;
mod buckets;
mod columns;
mod keep;
#[cfg(test)]
mod tests;

pub(crate) use answer::answer;
pub(crate) use buckets::Buckets;
pub(crate) use columns::{KEPT, Lanes};
pub(crate) use keep::Nature;
