//! The logs of a page: what came, what of it is seen, and how the stream is doing.

use std::sync::Arc;
use std::time::Duration;

use crowsnest_api::logs::{LogEvent, LogQuestion, LogSource, SourceState};
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::feed::{Feed, Told, url};
use super::finder::Finder;
use crate::api::{ApiError, Client};
use crate::logs::{Buffer, Heights, Level, MAX_ROWS, Row, Time, json_of, lines_of, plain};

/// Lines that come within this time are shown together.
const TOGETHER: Duration = Duration::from_millis(80);
/// How long after a stream was closed another one is opened.
const AGAIN: Duration = Duration::from_secs(3);

/// How the stream is doing.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Health {
    /// Nothing has come yet.
    Loading,
    Live,
    /// It is cut, and made again.
    Cut,
    /// All has been told.
    Done,
    /// It was refused.
    Refused(ApiError),
}

/// A container.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct SourceRow {
    pub(super) pod: String,
    pub(super) container: String,
    pub(super) state: SourceState,
    pub(super) message: Option<String>,
}

/// What decides which rows are seen, and how.
#[derive(Clone, Default)]
pub(super) struct Look {
    pub(super) finder: Option<Finder>,
    /// Only rows that have what is searched for.
    pub(super) only: bool,
    /// Levels that are hidden, by [`Level::bit`].
    pub(super) hidden_levels: u8,
    pub(super) hidden_sources: Vec<usize>,
    /// Letters of a line, where lines are wrapped.
    pub(super) columns: Option<usize>,
    /// Rows whose JSON is shown as a whole.
    pub(super) open: Vec<u64>,
}

/// The rows that are seen.
#[derive(Default)]
pub(super) struct Seen {
    pub(super) rows: Vec<Arc<Row>>,
    pub(super) heights: Heights,
    /// Which of them have what is searched for.
    pub(super) found: Vec<usize>,
    /// How many rows of all there are of each level.
    pub(super) counts: [usize; 5],
}

#[derive(Default)]
struct Inner {
    buffer: Buffer,
    /// Lines that came while nobody followed, or just now.
    waiting: Vec<Arc<Row>>,
    is_due: bool,
    feed: Option<Feed>,
    last_id: String,
    /// Where sources are that the stream numbers.
    numbers: Vec<usize>,
    /// The last time of each source, for lines without one.
    times: Vec<Time>,
    next_id: u64,
    /// Counts streams, so that what an old one says late is not heard.
    stream: u32,
    look: Look,
    seen: Seen,
    /// Lines that had no room while nobody followed.
    lost: usize,
}

/// The logs of a page. Cheap to copy.
#[derive(Clone, Copy)]
pub(super) struct Logs {
    inner: StoredValue<Inner, LocalStorage>,
    /// Changes with every change of what is seen.
    pub(super) version: RwSignal<u32>,
    pub(super) sources: RwSignal<Vec<SourceRow>>,
    pub(super) health: RwSignal<Health>,
    pub(super) notice: RwSignal<Option<String>>,
    /// Whether the newest line stays in sight.
    pub(super) following: RwSignal<bool>,
    /// Lines that wait because nobody follows.
    pub(super) newer: RwSignal<usize>,
    client: Client,
}

impl Logs {
    pub(super) fn new(client: Client) -> Self {
        Self {
            inner: StoredValue::new_local(Inner::default()),
            version: RwSignal::new(0),
            sources: RwSignal::new(Vec::new()),
            health: RwSignal::new(Health::Loading),
            notice: RwSignal::new(None),
            following: RwSignal::new(true),
            newer: RwSignal::new(0),
            client,
        }
    }

    /// Reads the rows that are seen; tracked.
    pub(super) fn with<T>(self, read: impl FnOnce(&Seen) -> T) -> T {
        self.version.track();
        self.inner.with_value(|inner| read(&inner.seen))
    }

    /// What is searched for; not tracked.
    pub(super) fn finder(self) -> Option<Finder> {
        self.inner.with_value(|inner| inner.look.finder.clone())
    }

    /// The same, not tracked.
    pub(super) fn with_untracked<T>(self, read: impl FnOnce(&Seen) -> T) -> T {
        self.inner.with_value(|inner| read(&inner.seen))
    }

    /// Lines that are not here any more, or never were.
    pub(super) fn dropped(self) -> usize {
        self.version.track();
        self.inner.with_value(|inner| inner.buffer.dropped() + inner.lost)
    }

    /// Asks something else: what was there is forgotten.
    pub(super) fn ask(self, question: &LogQuestion) {
        self.inner.update_value(|inner| {
            let look = std::mem::take(&mut inner.look);
            let stream = inner.stream;
            *inner = Inner { stream, look, ..Inner::default() };
        });
        self.sources.set(Vec::new());
        self.notice.set(None);
        self.newer.set(0);
        self.health.set(Health::Loading);
        self.changed();
        self.open(question);
    }

    /// Closes the stream.
    pub(super) fn close(self) {
        self.inner.try_update_value(|inner| {
            inner.stream += 1;
            inner.feed = None;
        });
    }

    fn open(self, question: &LogQuestion) {
        let asked = question.clone();
        self.inner.update_value(|inner| {
            inner.stream += 1;
            let stream = inner.stream;
            inner.numbers.clear();
            let hear = move |told| {
                let is_old = self.inner.try_with_value(|inner| inner.stream != stream);
                if is_old == Some(false) {
                    self.hear(told, &asked);
                }
            };
            inner.feed = Feed::open(question, &inner.last_id.clone(), hear);
        });
    }

    fn hear(self, told: Told, question: &LogQuestion) {
        match told {
            Told::Open => self.inner.update_value(|inner| inner.numbers.clear()),
            Told::Reconnecting => self.health.set(Health::Cut),
            Told::Closed => self.find_out(question.clone()),
            Told::Event(event, id) => {
                self.inner.update_value(|inner| inner.last_id = id);
                match event {
                    LogEvent::Source(source) => self.hear_source(source),
                    LogEvent::Lines(lines) => self.hear_lines(lines),
                    LogEvent::Notice(notice) => self.notice.set(Some(notice.message)),
                    LogEvent::Done(_) => {
                        // Events are heard within the feed's own listener, which must not be dropped under it.
                        set_timeout(move || self.close(), Duration::ZERO);
                        self.health.set(Health::Done);
                    }
                    LogEvent::End(_) => {
                        set_timeout(move || self.close(), Duration::ZERO);
                        self.health.set(Health::Refused(ApiError::SignedOut));
                        // Whatever asks next learns that the session is over.
                        self.find_out(question.clone());
                    }
                }
            }
        }
    }

    fn hear_source(self, source: LogSource) {
        self.set_live();
        let LogSource { source: number, pod, container, state, message } = source;
        let row = SourceRow { pod, container, state, message };
        let mut at = 0;
        self.sources.update(|sources| {
            let known =
                sources.iter().position(|known| (&known.pod, &known.container) == (&row.pod, &row.container));
            at = known.unwrap_or(sources.len());
            match sources.get_mut(at) {
                Some(known) => *known = row,
                None => sources.push(row),
            }
        });
        self.inner.update_value(|inner| {
            if inner.numbers.len() <= number {
                inner.numbers.resize(number + 1, usize::MAX);
            }
            if let Some(slot) = inner.numbers.get_mut(number) {
                *slot = at;
            }
        });
    }

    fn hear_lines(self, lines: crowsnest_api::logs::LogLines) {
        self.set_live();
        let is_due = self.inner.try_update_value(|inner| {
            let source = inner.numbers.get(lines.source).copied().unwrap_or(usize::MAX);
            if inner.times.len() <= source && source != usize::MAX {
                inner.times.resize(source + 1, Time::default());
            }
            for line in lines.lines {
                let last = inner.times.get(source).copied().unwrap_or_default();
                let at = Time::read(&line.t).unwrap_or(last);
                if let Some(slot) = inner.times.get_mut(source) {
                    *slot = at;
                }
                let text = plain(&line.m);
                let id = inner.next_id;
                inner.next_id += 1;
                inner.waiting.push(Arc::new(Row {
                    id,
                    at,
                    source,
                    level: Level::of(&text),
                    text,
                    cut: line.cut,
                }));
            }
            let over = inner.waiting.len().saturating_sub(MAX_ROWS);
            inner.waiting.drain(..over);
            inner.lost += over;
            !std::mem::replace(&mut inner.is_due, true)
        });
        if is_due == Some(true) {
            set_timeout(move || self.take_in(), TOGETHER);
        }
    }

    fn set_live(self) {
        if self.health.with_untracked(|health| *health != Health::Live) {
            self.health.set(Health::Live);
        }
    }

    /// Shows what came, or counts it where nobody follows: then nothing moves under the reader's eyes.
    pub(super) fn take_in(self) {
        let Some(follows) = self.following.try_get_untracked() else { return };
        let waiting = self.inner.try_update_value(|inner| {
            inner.is_due = false;
            if follows || inner.buffer.rows().is_empty() {
                let more = std::mem::take(&mut inner.waiting);
                inner.add(more);
            }
            inner.waiting.len()
        });
        self.newer.set(waiting.unwrap_or_default());
        self.changed();
    }

    /// Looks at the rows otherwise.
    pub(super) fn look(self, change: impl FnOnce(&mut Look)) {
        self.inner.update_value(|inner| {
            change(&mut inner.look);
            inner.see(0);
        });
        self.changed();
    }

    fn changed(self) {
        self.version.update(|version| *version = version.wrapping_add(1));
    }

    /// Finds out why the stream was closed, and opens it again where that makes sense.
    fn find_out(self, question: LogQuestion) {
        let probe = LogQuestion {
            download: true,
            follow: false,
            tail: Some(1),
            limit_bytes: Some(1),
            ..question.clone()
        };
        let stream = self.inner.with_value(|inner| inner.stream);
        self.health.set(Health::Cut);
        spawn_local(async move {
            let address = url(&probe);
            let (path, query) = address.split_once('?').unwrap_or((&address, ""));
            let answer = self.client.get_text(path, query, None).await;
            match answer {
                Err(error @ (ApiError::Denied(_) | ApiError::Refused { .. } | ApiError::SignedOut)) => {
                    self.health.try_set(Health::Refused(error));
                }
                Ok(_) | Err(_) => set_timeout(
                    move || {
                        if self.inner.try_with_value(|inner| inner.stream == stream) == Some(true) {
                            self.open(&question);
                        }
                    },
                    AGAIN,
                ),
            }
        });
    }
}

impl Inner {
    fn add(&mut self, more: Vec<Arc<Row>>) {
        for row in &more {
            if let Some(count) = self.seen.counts.get_mut(row.level as usize) {
                *count += 1;
            }
        }
        let before = self.buffer.dropped();
        let from = self.buffer.add(more);
        if self.buffer.dropped() != before {
            self.seen.counts = [0; 5];
            for row in self.buffer.rows() {
                if let Some(count) = self.seen.counts.get_mut(row.level as usize) {
                    *count += 1;
                }
            }
        }
        self.see(from);
    }

    /// Goes over the rows from one of them on.
    fn see(&mut self, from: usize) {
        let Self { buffer, look, seen, .. } = self;
        // What is seen of the rows before stays: rows are in the order of the buffer, so that they are found by their time.
        let keep = match buffer.rows().get(from) {
            _ if from == 0 => 0,
            Some(first) => {
                let mut keep = seen.rows.partition_point(|row| row.at < first.at);
                // Of rows with the same time, those that are still before it.
                let same: Vec<u64> = buffer
                    .rows()
                    .get(..from)
                    .unwrap_or_default()
                    .iter()
                    .rev()
                    .take_while(|row| row.at == first.at)
                    .map(|row| row.id)
                    .collect();
                while seen.rows.get(keep).is_some_and(|row| same.contains(&row.id)) {
                    keep += 1;
                }
                keep
            }
            None => seen.rows.len(),
        };
        seen.rows.truncate(keep);
        seen.heights.truncate(keep);
        seen.found.truncate(seen.found.partition_point(|at| *at < keep));
        for row in buffer.rows().get(from..).unwrap_or_default() {
            if look.hidden_levels & row.level.bit() != 0 || look.hidden_sources.contains(&row.source) {
                continue;
            }
            let is_found = look.finder.as_ref().is_some_and(|finder| finder.is_in(&row.text));
            if look.only && look.finder.is_some() && !is_found {
                continue;
            }
            if is_found {
                seen.found.push(seen.rows.len());
            }
            seen.heights.push(lines_of(&row.text, look.columns) + more_lines(row, look));
            seen.rows.push(Arc::clone(row));
        }
    }
}

/// Lines of a row's JSON as a whole.
fn more_lines(row: &Row, look: &Look) -> u32 {
    if !look.open.contains(&row.id) {
        return 0;
    }
    pretty(&row.text).map_or(0, |text| text.lines().count().try_into().unwrap_or(u32::MAX))
}

/// The JSON of a line over several lines.
pub(super) fn pretty(text: &str) -> Option<String> {
    serde_json::to_string_pretty(&json_of(text)?).ok()
}
