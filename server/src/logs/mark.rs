//! How far the logs of a stream have been told, as the `id` of an event.
//!
//! ```text
//! {8 hexadecimal digits that tell whose logs}.{container}-{nanoseconds since 1970}-{lines}.{…}…
//! ```
//!
//! A container is 8 hexadecimal digits of its pod's uid and its name; the other two are hexadecimal. `lines` is how many lines
//! with exactly that time have been told: a log may have several, and a resumed one begins with all of them.

use std::collections::BTreeMap;

use crowsnest_api::logs::{LogQuestion, MAX_SOURCES};
use crowsnest_rbac::Digest;
use jiff::Timestamp;

/// Which container of which pod: the digits above.
pub(super) type Key = String;

/// How far a log has been told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    /// The time of the last line, nanoseconds since 1970.
    nanos: i128,
    /// How many lines of that time have been told.
    lines: u32,
}

impl Mark {
    /// After one line that was written at `time`.
    pub(super) fn at(time: Timestamp) -> Self {
        Self { nanos: time.as_nanosecond(), lines: 1 }
    }

    /// After one line more.
    pub(super) fn after(before: Option<Self>, time: Timestamp) -> Self {
        match before {
            Some(Self { nanos, lines }) if nanos == time.as_nanosecond() => {
                Self { nanos, lines: lines.saturating_add(1) }
            }
            // A clock may go back. What is told stays told: the mark does not go back with it.
            Some(before) if before.nanos > time.as_nanosecond() => before,
            _ => Self::at(time),
        }
    }

    /// The second that it is in, as the API server wants it: it takes no fractions.
    pub(super) fn second(self) -> Option<String> {
        let seconds = i64::try_from(self.nanos.div_euclid(1_000_000_000)).ok()?;
        Timestamp::from_second(seconds).ok().map(|time| time.to_string())
    }
}

/// Leaves out of a log that is read again what has been told of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Skip {
    mark: Mark,
    seen: u32,
}

impl Skip {
    pub(super) const fn to(mark: Mark) -> Self {
        Self { mark, seen: 0 }
    }

    /// Whether the next line, written at `time`, has been told.
    pub(super) fn has_told(&mut self, time: Timestamp) -> bool {
        let nanos = time.as_nanosecond();
        if nanos == self.mark.nanos {
            self.seen = self.seen.saturating_add(1);
        }
        nanos < self.mark.nanos || (nanos == self.mark.nanos && self.seen <= self.mark.lines)
    }
}

/// The marks of all logs of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Marks {
    of: String,
    marks: BTreeMap<Key, Mark>,
}

impl Marks {
    /// Nothing has been told.
    pub(super) fn start(question: &LogQuestion) -> Self {
        let about = format!("{} {} {:?}", question.of, question.previous, question.containers);
        Self { of: digits(&about), marks: BTreeMap::new() }
    }

    /// As `id` says; from the start if that is of another question.
    pub(super) fn resume(mut self, id: &str) -> Self {
        let mut parts = id.split('.');
        if parts.next() == Some(self.of.as_str()) {
            self.marks = parts.take(MAX_SOURCES).filter_map(read).collect();
        }
        self
    }

    pub(super) fn get(&self, key: &str) -> Option<Mark> {
        self.marks.get(key).copied()
    }

    /// Takes note of how far a log has been told. Of those that are over long ago nothing is kept: an id has bounds.
    pub(super) fn set(&mut self, key: Key, mark: Mark) {
        self.marks.insert(key, mark);
        if self.marks.len() > MAX_SOURCES {
            let oldest = self.marks.iter().min_by_key(|(_, mark)| mark.nanos).map(|(key, _)| key.clone());
            oldest.map(|key| self.marks.remove(&key));
        }
    }

    /// The `id` that says so.
    pub(super) fn id(&self) -> String {
        let marks = self.marks.iter().map(|(key, mark)| format!(".{key}-{:x}-{:x}", mark.nanos, mark.lines));
        std::iter::once(self.of.clone()).chain(marks).collect()
    }
}

fn read(part: &str) -> Option<(Key, Mark)> {
    let mut fields = part.split('-');
    let (key, nanos, lines) = (fields.next()?, fields.next()?, fields.next()?);
    let good = key.len() == 8 && key.bytes().all(|byte| byte.is_ascii_hexdigit());
    let nanos = i64::from_str_radix(nanos, 16).ok()?.into();
    let lines = u32::from_str_radix(lines, 16).ok()?;
    (good && fields.next().is_none()).then(|| (key.to_owned(), Mark { nanos, lines }))
}

/// The key of a container.
pub(super) fn key(uid: &str, container: &str) -> Key {
    digits(&format!("{uid}/{container}"))
}

fn digits(text: &str) -> String {
    Digest::of(text.as_bytes()).to_hex().chars().take(8).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn question(of: &str) -> LogQuestion {
        LogQuestion::all_of(of.parse().unwrap())
    }

    #[test]
    fn a_log_that_is_read_again_goes_on_after_the_last_line_that_was_told() {
        let times = ["00.1", "00.2", "00.2", "00.2", "00.3"].map(|s| at(&format!("2026-11-21T08:00:{s}Z")));
        for told in 1..=times.len() {
            let mark = times[..told].iter().fold(None, |mark, time| Some(Mark::after(mark, *time))).unwrap();
            assert_eq!(mark.second().as_deref(), Some("2026-11-21T08:00:00Z"));
            let mut skip = Skip::to(mark);
            let left: Vec<_> = times.iter().filter(|time| !skip.has_told(**time)).collect();
            assert_eq!(left.len(), times.len() - told, "{told}");
        }
    }

    #[test]
    fn an_id_says_where_each_log_is() {
        let mut marks = Marks::start(&question("core.v1.pods/shop/web-1"));
        assert_eq!(marks.clone().resume(&marks.id()), marks);
        marks.set(key("u", "a"), Mark::at(at("2026-11-21T08:00:00.123456789Z")));
        marks.set(key("u", "b"), Mark { nanos: 7, lines: 300 });
        let resumed = Marks::start(&question("core.v1.pods/shop/web-1")).resume(&marks.id());
        assert_eq!(resumed, marks);
        assert_eq!(resumed.get(&key("u", "b")), Some(Mark { nanos: 7, lines: 300 }));
        let full = (0..MAX_SOURCES).map(|n| (key("u", &n.to_string()), Mark::at(at("2262-01-01T00:00:00Z"))));
        let mut full = Marks { of: marks.of.clone(), marks: full.collect() };
        full.set(key("u", "newest"), Mark::at(at("2262-01-01T00:00:01Z")));
        assert_eq!((full.marks.len(), full.get(&key("u", "newest")).is_some()), (MAX_SOURCES, true));
        assert!(full.id().len() <= 2048, "{}", full.id().len());
    }

    #[test]
    fn an_id_of_other_logs_or_of_nobody_is_a_new_beginning() {
        let start = Marks::start(&question("core.v1.pods/shop/web-1"));
        let mut other = Marks::start(&question("core.v1.pods/shop/web-2"));
        other.set(key("u", "a"), Mark::at(at("2026-11-21T08:00:00Z")));
        for id in
            [other.id(), String::new(), format!("{}.x-1-1", start.id()), format!("{}.00000000-1", start.id())]
        {
            assert_eq!(start.clone().resume(&id), start, "{id}");
        }
    }
}
