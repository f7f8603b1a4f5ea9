//! Who wants which lists, and the one stream that feeds them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use crowsnest_api::cluster::{Scope, WatchForm, WatchTarget};
use crowsnest_api::stream::{MAX_WATCHES, StreamEvent};
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::Health;
use super::collection::{Collection, Entry, Key};
use super::source::{Source, Told};
use crate::api::{Client, SessionStore, ask_whether_signed_in};
use crate::clock::Clock;
use crate::json::Value;
use crate::kinds::{KindRow, Wire};
use crate::poll::is_hidden;
use crate::range::SECOND;

/// How long the hub waits for further wishes before it opens the stream anew.
const SETTLE: Duration = Duration::from_millis(20);
/// Waits before the first, second, … new stream after one that was closed, in seconds; the last one repeats.
const BACKOFF: &[i64] = &[2, 4, 8, 15, 30];
/// How long a tab may be hidden before its stream is closed: nobody looks, and the API server has better things to do.
const HIDDEN: Duration = Duration::from_secs(60);
/// How soon browsers connect again by themselves.
const BROWSER_RETRY: i64 = 3 * SECOND;

/// A collection as a signal that outlives the page that asked for it.
type Shared = ArcRwSignal<Collection>;

/// The lists of this tab. Cheap to copy.
#[derive(Clone, Copy)]
pub(crate) struct Hub {
    inner: StoredValue<Inner, LocalStorage>,
    late: RwSignal<Health>,
    client: Client,
    session: SessionStore,
    clock: Clock,
}

struct Table {
    shared: Shared,
    wanted: usize,
}

#[derive(Default)]
struct Inner {
    tables: BTreeMap<WatchTarget, Table>,
    /// What the stream watches, in its order.
    open: Vec<WatchTarget>,
    source: Option<Source>,
    /// Where to go on from.
    last_id: String,
    /// Of these nothing has been told since the stream watches them, so that `last_id` does not count for them.
    anew: BTreeSet<WatchTarget>,
    /// Streams that were closed in a row.
    failures: usize,
    /// Counts streams, so that what an old one says late is not heard.
    stream: u32,
    is_settling: bool,
    /// Whether the stream is closed because the tab is hidden.
    is_resting: bool,
}

/// A list that a page shows: one watch, or one for each namespace. Cheap to copy.
#[derive(Clone, Copy)]
pub(crate) struct List {
    parts: RwSignal<Vec<Shared>>,
}

impl Hub {
    /// The objects of a kind in some scopes, kept up to date for as long as the caller lives.
    pub(crate) fn list(&self, row: &'static KindRow, scopes: impl Fn() -> Vec<Scope> + 'static) -> List {
        let hub = *self;
        let list = List { parts: RwSignal::new(Vec::new()) };
        let held = StoredValue::new(Vec::<WatchTarget>::new());
        Effect::new(move || {
            let kind = row.kind();
            let form = match row.wire {
                Wire::Objects => WatchForm::Objects,
                Wire::Rows => WatchForm::Rows,
            };
            let targets: Vec<WatchTarget> = scopes()
                .into_iter()
                .filter_map(|scope| Some(WatchTarget { form, ..WatchTarget::all(kind.clone()?, scope) }))
                .collect();
            let parts = targets.iter().map(|target| hub.acquire(target, row)).collect();
            hub.release(&held.get_value());
            held.set_value(targets);
            list.parts.set(parts);
        });
        on_cleanup(move || hub.release(&held.try_get_value().unwrap_or_default()));
        list
    }

    /// Objects whose names have all of these words (in lower case), of the lists that there are; `most` of them. Not tracked.
    pub(crate) fn find(&self, words: &[String], most: usize) -> Vec<(&'static KindRow, Key)> {
        let tables: Vec<Shared> =
            self.inner.with_value(|inner| inner.tables.values().map(|table| table.shared.clone()).collect());
        let mut found = Vec::new();
        for table in tables {
            table.with_untracked(|list| {
                let is_meant = |entry: &&Arc<Entry>| {
                    words.iter().all(|word| entry.key.1.contains(word) || entry.key.0.contains(word))
                };
                let row = list.row();
                // Events and the like have no pages of their own.
                if !row.parts.is_empty() {
                    found.extend(
                        list.entries().filter(is_meant).take(most).map(|entry| (row, entry.key.clone())),
                    );
                }
            });
        }
        found
    }

    /// How the worst of the lists is doing that are late; [`Health::Live`] while none is. Tracked.
    pub(crate) fn late(&self) -> Health {
        self.late.get()
    }

    fn note_late(&self) {
        let late = self.inner.with_value(|inner| {
            let open = inner.open.iter().filter_map(|target| inner.tables.get(target));
            let health = open.map(|table| table.shared.with_untracked(|list| list.health.clone()));
            health.filter(|health| health.late_since().is_some()).reduce(Health::worse)
        });
        let late = late.unwrap_or(Health::Live);
        if self.late.with_untracked(|known| *known != late) {
            self.late.set(late);
        }
    }

    fn acquire(&self, target: &WatchTarget, row: &'static KindRow) -> Shared {
        let shared = self.inner.try_update_value(|inner| {
            let table = inner
                .tables
                .entry(target.clone())
                .or_insert_with(|| Table { shared: ArcRwSignal::new(Collection::new(row)), wanted: 0 });
            table.wanted += 1;
            if !table.shared.with_untracked(|list| list.is_of(row)) {
                table.shared.update(|list| list.draw_as(row));
            }
            table.shared.clone()
        });
        self.settle_soon();
        shared.unwrap_or_else(|| ArcRwSignal::new(Collection::new(row)))
    }

    fn release(&self, targets: &[WatchTarget]) {
        self.inner.try_update_value(|inner| {
            for target in targets {
                if let Some(table) = inner.tables.get_mut(target) {
                    table.wanted = table.wanted.saturating_sub(1);
                }
            }
        });
    }

    fn settle_soon(&self) {
        let hub = *self;
        let is_first = self.inner.try_update_value(|inner| !std::mem::replace(&mut inner.is_settling, true));
        if is_first == Some(true) {
            set_timeout(move || hub.settle(), SETTLE);
        }
    }

    /// Opens another stream where somebody wants what this one does not have; it goes on with what both have. What nobody wants
    /// any more stays until then: pages come back to their lists.
    fn settle(&self) {
        let hub = *self;
        self.inner.try_update_value(|inner| {
            inner.is_settling = false;
            let wanted = |table: &Table| table.wanted > 0;
            let missing =
                inner.tables.iter().any(|(target, table)| wanted(table) && !inner.open.contains(target));
            if !missing && inner.source.is_some() {
                return;
            }
            inner.tables.retain(|_, table| table.wanted > 0);
            let before = std::mem::take(&mut inner.open);
            inner.open = inner.tables.keys().take(MAX_WATCHES).cloned().collect();
            inner.anew.retain(|target| inner.open.contains(target));
            inner.anew.extend(inner.open.iter().filter(|target| !before.contains(target)).cloned());
            inner.failures = 0;
            hub.connect(inner);
        });
    }

    fn connect(&self, inner: &mut Inner) {
        let hub = *self;
        inner.stream = inner.stream.wrapping_add(1);
        // The old one is closed before the new one opens: there is one at any time.
        inner.source = None;
        if inner.open.is_empty() {
            return;
        }
        let stream = inner.stream;
        let targets: Vec<String> = inner.open.iter().map(ToString::to_string).collect();
        let is_new = |target: &WatchTarget| inner.anew.contains(target);
        let anew: Vec<usize> =
            (0..).zip(&inner.open).filter(|(_, target)| is_new(target)).map(|(at, _)| at).collect();
        inner.source = Source::open(&targets, &inner.last_id, &anew, move |told| hub.hear(stream, told));
    }

    /// Closes the stream of a tab that has been hidden for a while, and goes on from there when it is seen again.
    fn look(&self) {
        let hub = *self;
        if is_hidden() {
            set_timeout(move || hub.rest(), HIDDEN);
            return;
        }
        self.inner.try_update_value(|inner| {
            if std::mem::replace(&mut inner.is_resting, false) {
                hub.connect(inner);
            }
        });
    }

    fn rest(&self) {
        if !is_hidden() || self.inner.try_with_value(|inner| inner.source.is_some()) != Some(true) {
            return;
        }
        self.inner.update_value(|inner| {
            inner.source = None;
            inner.stream = inner.stream.wrapping_add(1);
            inner.is_resting = true;
        });
        let now = self.clock.now();
        self.each(|list| list.cut(now, None));
    }

    fn hear(&self, stream: u32, told: Told) {
        if self.inner.try_with_value(|inner| inner.stream) != Some(stream) {
            return;
        }
        let now = self.clock.now();
        match told {
            Told::Open => {
                self.inner.update_value(|inner| inner.failures = 0);
                self.each(Collection::mend);
            }
            Told::Event(event, id) => self.take(event, id, now),
            Told::Unreadable => {}
            Told::Reconnecting => self.each(|list| list.cut(now, Some(now + BROWSER_RETRY))),
            Told::Closed => self.reopen_later(now),
        }
    }

    fn take(&self, event: StreamEvent<Value>, id: String, now: i64) {
        if !id.is_empty() {
            self.inner.update_value(|inner| {
                inner.last_id = id;
                inner.anew.clear();
            });
        }
        let table = |at: usize| {
            let inner = self.inner.read_value();
            let target = inner.open.get(at)?;
            inner.tables.get(target).map(|table| table.shared.clone())
        };
        match event {
            StreamEvent::Sync(part) => {
                if let Some(shared) = table(part.watch) {
                    shared.update(|list| list.sync(part));
                }
            }
            StreamEvent::Change(changes) => {
                if let Some(shared) = table(changes.watch) {
                    shared.update(|list| list.change(changes));
                }
            }
            StreamEvent::State(state) => {
                if let Some(shared) = table(state.watch) {
                    shared.update(|list| list.state(state, now));
                }
                self.note_late();
            }
            // The whole application turns into the sign-in page.
            StreamEvent::End(_) => self.session.lost(),
        }
    }

    fn each(&self, change: impl Fn(&mut Collection)) {
        let tables: Vec<Shared> = self.inner.with_value(|inner| {
            inner.open.iter().filter_map(|target| Some(inner.tables.get(target)?.shared.clone())).collect()
        });
        for shared in tables {
            shared.update(&change);
        }
        self.note_late();
    }

    /// The server refused the stream. Whether that is because the session is over, only another request tells.
    fn reopen_later(&self, now: i64) {
        let hub = *self;
        let Some((stream, wait)) = self.inner.try_update_value(|inner| {
            let wait = BACKOFF.get(inner.failures).or(BACKOFF.last()).copied().unwrap_or(2) * SECOND;
            inner.failures += 1;
            (inner.stream, wait)
        }) else {
            return;
        };
        self.each(|list| list.cut(now, Some(now + wait)));
        spawn_local(async move { ask_whether_signed_in(hub.client).await });
        let again = move || {
            hub.inner.try_update_value(|inner| {
                if inner.stream == stream {
                    hub.connect(inner);
                }
            });
        };
        set_timeout(again, Duration::from_millis(wait.unsigned_abs()));
    }
}

impl List {
    /// Calls `read` with the objects of all scopes; tracked.
    pub(crate) fn with<T>(&self, read: impl FnOnce(&mut dyn Iterator<Item = &Arc<Entry>>) -> T) -> T {
        let parts = self.parts.read();
        let guards: Vec<_> = parts.iter().map(|part| part.read()).collect();
        read(&mut guards.iter().flat_map(|guard| guard.entries()))
    }

    /// One object; tracked.
    pub(crate) fn get(&self, key: &Key) -> Option<Arc<Entry>> {
        self.parts.read().iter().find_map(|part| part.read().get(key).cloned())
    }

    /// How many objects there are; tracked.
    pub(crate) fn len(&self) -> usize {
        self.parts.read().iter().map(|part| part.read().len()).sum()
    }

    /// Whether a scope has had a complete list, so that there is something to show; tracked.
    pub(crate) fn has_content(&self) -> bool {
        self.parts.read().iter().any(|part| {
            let part = part.read();
            part.is_synced() || part.len() > 0
        })
    }

    /// Whether each scope has had a complete list, or says why it has none; tracked.
    pub(crate) fn is_complete(&self) -> bool {
        let parts = self.parts.read();
        !parts.is_empty()
            && parts.iter().all(|part| {
                let part = part.read();
                part.is_synced() || matches!(part.health, Health::Denied(_) | Health::Failed(_))
            })
    }

    /// How the worst of the scopes is doing; tracked.
    pub(crate) fn health(&self) -> Health {
        let parts = self.parts.read();
        let worst = parts.iter().map(|part| part.read().health.clone()).reduce(Health::worse);
        worst.unwrap_or_default()
    }
}

/// Starts the hub and puts it into the context. Its stream ends with the caller.
pub(crate) fn provide_hub(client: Client, session: SessionStore, clock: Clock) -> Hub {
    let late = RwSignal::new(Health::Live);
    let hub = Hub { inner: StoredValue::new_local(Inner::default()), late, client, session, clock };
    let listener = window_event_listener_untyped("visibilitychange", move |_: leptos::ev::Event| hub.look());
    on_cleanup(move || {
        listener.remove();
        hub.inner.try_update_value(|inner| inner.source = None);
    });
    provide_context(hub);
    hub
}
