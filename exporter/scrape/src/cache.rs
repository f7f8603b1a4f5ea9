//! What was made of each series of a target's page, so that a page that says the same again needs no label work.
//!
//! A series is known by its text in the page. Pages come in one order, so each is first looked for where it stood last time, and
//! found by one comparison. Several texts may come to the same labels; what has been said and what has ended is a matter of labels.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use crowsnest_api::Labels;

/// The form in which the labels of a series are kept.
pub trait Kept: Clone + Eq + Hash {
    /// The form of these labels.
    fn of(labels: Labels) -> Self;
}

impl Kept for Labels {
    fn of(labels: Labels) -> Self {
        labels
    }
}

/// Place of a text in the cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TextId(u32);

/// Place of a label set in the cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SeriesId(u32);

#[derive(Debug)]
struct Text {
    text: Arc<str>,
    /// `None` where relabelling drops it.
    series: Option<SeriesId>,
    /// The text that came after it.
    next: TextId,
    seen: u64,
}

#[derive(Debug)]
struct Series<T> {
    labels: T,
    /// How many texts come to it.
    texts: u32,
    /// When it was last in a page, and with which time of the page, if any.
    seen: u64,
    seen_at: Option<i64>,
    /// Whether it has a sample without a staleness marker after it.
    live: bool,
}

/// What is known of the series of one target.
#[derive(Debug)]
pub(crate) struct Cache<T> {
    by_text: HashMap<Arc<str>, TextId>,
    texts: Slots<Text>,
    by_labels: HashMap<T, SeriesId>,
    series: Slots<Series<T>>,
    /// The first text of the page.
    first: TextId,
    /// The text that was looked for last.
    last: Option<TextId>,
    /// The number of this scrape.
    round: u64,
    seen_texts: usize,
}

impl<T: Kept> Cache<T> {
    pub(crate) fn new() -> Self {
        Self {
            by_text: HashMap::new(),
            texts: Slots::new(),
            by_labels: HashMap::new(),
            series: Slots::new(),
            first: TextId(0),
            last: None,
            round: 0,
            seen_texts: 0,
        }
    }

    /// Begins another scrape.
    pub(crate) fn begin(&mut self) {
        self.round += 1;
        self.last = None;
        self.seen_texts = 0;
    }

    /// What was made of a text: nothing yet, or its series, or that it is dropped.
    pub(crate) fn find(&mut self, text: &str) -> Option<Option<SeriesId>> {
        let expected = match self.last {
            Some(last) => self.texts.get(last.0).map_or(self.first, |last| last.next),
            None => self.first,
        };
        let as_before = self.texts.get(expected.0).is_some_and(|known| *known.text == *text);
        let id = if as_before { expected } else { *self.by_text.get(text)? };
        self.follow(id);
        self.texts.get(id.0).map(|known| known.series)
    }

    /// Remembers what was made of a text that is not known; says whether its labels are new.
    pub(crate) fn insert(&mut self, text: &str, labels: Option<T>) -> (Option<SeriesId>, bool) {
        let (series, is_new) = match labels {
            None => (None, false),
            Some(labels) => match self.by_labels.get(&labels) {
                Some(known) => (Some(*known), false),
                None => {
                    let series =
                        Series { labels: labels.clone(), texts: 0, seen: 0, seen_at: None, live: false };
                    let id = SeriesId(self.series.insert(series));
                    self.by_labels.insert(labels, id);
                    (Some(id), true)
                }
            },
        };
        if let Some(series) = series.and_then(|id| self.series.get_mut(id.0)) {
            series.texts += 1;
        }
        let text: Arc<str> = text.into();
        let id =
            TextId(self.texts.insert(Text { text: Arc::clone(&text), series, next: TextId(0), seen: 0 }));
        self.by_text.insert(text, id);
        self.follow(id);
        (series, is_new)
    }

    /// The text stands after the one before it.
    fn follow(&mut self, id: TextId) {
        match self.last {
            None => self.first = id,
            Some(last) => {
                if let Some(last) = self.texts.get_mut(last.0) {
                    last.next = id;
                }
            }
        }
        self.last = Some(id);
        let round = self.round;
        if let Some(text) = self.texts.get_mut(id.0)
            && text.seen != round
        {
            text.seen = round;
            self.seen_texts += 1;
        }
    }

    /// Notes that a series is in the page, at a time of the page's or none; says whether that is the first time.
    pub(crate) fn note(&mut self, id: SeriesId, at: Option<i64>) -> bool {
        let round = self.round;
        let Some(series) = self.series.get_mut(id.0) else { return false };
        let first = series.seen != round || series.seen_at != at;
        (series.seen, series.seen_at) = (round, at);
        first
    }

    /// The labels of a series.
    pub(crate) fn labels(&self, id: SeriesId) -> Option<&T> {
        self.series.get(id.0).map(|series| &series.labels)
    }

    /// Notes that a sample of a series goes out that is to be followed by a staleness marker.
    pub(crate) fn set_live(&mut self, id: SeriesId) {
        if let Some(series) = self.series.get_mut(id.0) {
            series.live = true;
        }
    }

    /// Calls back with the labels of each series that has ended: all, or those that are not in this page.
    pub(crate) fn end(&mut self, which: Ending, mut ended: impl FnMut(&T)) {
        let round = self.round;
        for series in self.series.iter_mut().filter(|series| series.live) {
            if which == Ending::All || series.seen != round {
                series.live = false;
                ended(&series.labels);
            }
        }
    }

    /// How many texts are known.
    pub(crate) fn len(&self) -> usize {
        self.by_text.len()
    }

    /// Forgets what is not in this page.
    pub(crate) fn forget_unseen(&mut self) {
        if self.seen_texts == self.by_text.len() {
            return;
        }
        let round = self.round;
        let gone: Vec<TextId> = self
            .by_text
            .values()
            .copied()
            .filter(|id| self.texts.get(id.0).is_some_and(|text| text.seen != round))
            .collect();
        for id in gone {
            let Some(text) = self.texts.remove(id.0) else { continue };
            self.by_text.remove(&text.text);
            let Some(id) = text.series else { continue };
            let Some(series) = self.series.get_mut(id.0) else { continue };
            series.texts -= 1;
            if series.texts == 0
                && let Some(series) = self.series.remove(id.0)
            {
                self.by_labels.remove(&series.labels);
            }
        }
    }
}

/// Which series end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// Those that are not in this page.
    Unseen,
    /// All of them.
    All,
}

/// Values by number, whose numbers are used again.
#[derive(Debug)]
struct Slots<V> {
    values: Vec<Option<V>>,
    free: Vec<u32>,
}

impl<V> Slots<V> {
    const fn new() -> Self {
        Self { values: Vec::new(), free: Vec::new() }
    }

    fn insert(&mut self, value: V) -> u32 {
        if let Some(id) = self.free.pop()
            && let Some(slot) = self.values.get_mut(id as usize)
        {
            *slot = Some(value);
            return id;
        }
        self.values.push(Some(value));
        // A page has far fewer samples than there are numbers.
        u32::try_from(self.values.len() - 1).unwrap_or(u32::MAX)
    }

    fn get(&self, id: u32) -> Option<&V> {
        self.values.get(id as usize)?.as_ref()
    }

    fn get_mut(&mut self, id: u32) -> Option<&mut V> {
        self.values.get_mut(id as usize)?.as_mut()
    }

    fn remove(&mut self, id: u32) -> Option<V> {
        let value = self.values.get_mut(id as usize)?.take();
        if value.is_some() {
            self.free.push(id);
        }
        value
    }

    fn iter_mut(&mut self) -> impl Iterator<Item = &mut V> {
        self.values.iter_mut().flatten()
    }
}
