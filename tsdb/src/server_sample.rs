//! Samples that the server wrote itself, and the one rule by which they give way.

use std::time::Duration;

use crowsnest_api::{Sample, Timestamp};

use crate::samples::Samples;
use crate::varint::{Cursor, Damaged, put_ivarint, put_uvarint};

/// A sample about a silence. It is void as soon as a pushed sample of its series lies in
/// `(timestamp − silence, timestamp]`, wherever either is stored.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct ServerSample {
    pub(crate) sample: Sample,
    pub(crate) silence: Duration,
}

impl ServerSample {
    pub(crate) fn at(&self) -> Timestamp {
        self.sample.timestamp
    }

    /// The first instant at which a pushed sample makes this one void.
    pub(crate) fn void_from(&self) -> Timestamp {
        self.at().minus(self.silence).plus_millis(1).min(self.at())
    }
}

/// Adds one to a list that ascends by time. At one timestamp the first stays.
pub(crate) fn insert(list: &mut Vec<ServerSample>, new: ServerSample) -> bool {
    match list.binary_search_by_key(&new.at(), ServerSample::at) {
        Ok(_) => false,
        Err(at) => {
            list.insert(at, new);
            true
        }
    }
}

/// Writes a list as blocks have it; `base` is the block's first timestamp.
pub(crate) fn put(list: &[ServerSample], base: Timestamp, out: &mut Vec<u8>) {
    put_uvarint(out, list.len() as u64);
    let mut before = base.millis();
    for server in list {
        put_ivarint(out, server.at().millis().wrapping_sub(before));
        put_uvarint(out, server.silence.as_millis() as u64);
        out.extend_from_slice(&server.sample.value.to_bits().to_le_bytes());
        before = server.at().millis();
    }
}

/// Reads what [`put`] wrote.
pub(crate) fn read(cursor: &mut Cursor<'_>, base: Timestamp) -> Result<Vec<ServerSample>, Damaged> {
    let count = cursor.count(10)?;
    let mut samples = Vec::with_capacity(count);
    let mut at = base.millis();
    for _ in 0..count {
        at = at.wrapping_add(cursor.ivarint()?);
        let silence = Duration::from_millis(cursor.uvarint()?);
        samples.push(ServerSample { sample: Sample::new(at, f64::from_bits(cursor.u64()?)), silence });
    }
    Ok(samples)
}

/// The answer of a series: its pushed samples, and those of the server that still stand. Both ascend by time.
///
/// `pushed_before` says whether a pushed sample lies between two instants, both inclusive; it is asked only about time
/// before the first of `pushed`.
pub(crate) fn resolve(
    mut pushed: Samples,
    server: &[ServerSample],
    pushed_before: impl Fn(Timestamp, Timestamp) -> bool,
) -> Samples {
    if server.is_empty() {
        return pushed;
    }
    let mut standing = Vec::new();
    for statement in server {
        let void = match pushed.last_until(statement.at()) {
            Some(last) => last >= statement.void_from(),
            None => pushed_before(statement.void_from(), statement.at()),
        };
        if !void {
            standing.push(statement.sample);
        }
    }
    if standing.is_empty() {
        return pushed;
    }
    standing.append(&mut pushed.floats);
    standing.sort_by_key(|sample| sample.timestamp);
    Samples { floats: standing, ..pushed }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    /// What is left of a statement at 100 s about 30 s of silence, with a pushed sample at each of these ms.
    #[track_caller]
    fn check(pushed: &[i64], pushed_before: bool, stands: bool) {
        let statement = ServerSample { sample: Sample::new(100_000, 0.0), silence: Duration::from_secs(30) };
        let samples = Samples::of_floats(pushed.iter().map(|&at| Sample::new(at, 1.0)).collect());
        let histogram = |&at| (Timestamp::from_millis(at), Arc::default());
        let histograms = Samples { histograms: pushed.iter().map(histogram).collect(), ..Samples::default() };
        for samples in [samples, histograms] {
            let answer = resolve(samples, &[statement], |from, to| {
                assert_eq!((from.millis(), to.millis()), (70_001, 100_000));
                pushed_before
            });
            assert_eq!(answer.floats.contains(&statement.sample), stands);
            assert_eq!(answer.len(), pushed.len() + usize::from(stands));
            assert!(answer.floats.is_sorted_by(|a, b| a.timestamp < b.timestamp));
        }
    }

    #[test]
    fn a_statement_is_void_when_a_pushed_sample_lies_within_its_silence() {
        check(&[], false, true);
        check(&[], true, false);
        check(&[70_000, 100_001], false, true);
        check(&[70_001], false, false);
        check(&[100_000], false, false);
        check(&[50_000, 85_000, 120_000], false, false);
        check(&[100_001], false, true);
    }

    #[test]
    fn a_statement_about_no_silence_still_gives_way_at_its_own_timestamp() {
        let statement = ServerSample { sample: Sample::new(5, 0.0), silence: Duration::ZERO };
        let pushed = Samples::of_floats(vec![Sample::new(5, 1.0)]);
        assert_eq!(resolve(pushed.clone(), &[statement], |_, _| false), pushed);
    }
}
