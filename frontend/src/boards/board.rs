//! What the parts of a dashboard's page share.

use std::collections::BTreeMap;
use std::sync::Arc;

use crowsnest_api::answers::Question;
use crowsnest_api::dashboards::Opened;
use crowsnest_dashboards::Dashboard;
use crowsnest_dashboards::interpolate::{Bound, Globals, Scope, User};
use crowsnest_dashboards::layout::{Arrangement, Placed, layout};
use crowsnest_dashboards::marks::Marked;
use crowsnest_dashboards::model::Panel;
use crowsnest_dashboards::panel::Answer;
use crowsnest_dashboards::query::{self, Query};
use crowsnest_dashboards::time::range;
use crowsnest_dashboards::variables::Loading;
use leptos::prelude::*;
use serde_json::Value;
use web_sys::AbortSignal;

use super::asking::Asker;
use super::snapshot::Kept;
use super::times::{Times, browser_zone};
use crate::api::ApiError;
use crate::clock::{Clock, use_clock};
use crate::router::{Router, use_router};

/// A dashboard that is shown. Cheap to copy.
#[derive(Clone, Copy)]
pub(crate) struct Board {
    /// As it was opened or last saved.
    pub(crate) opened: RwSignal<Opened>,
    /// As it is shown, with what has not been saved.
    pub(crate) dashboard: RwSignal<Arc<Dashboard>>,
    /// Its variables, and how far they are.
    pub(crate) loading: RwSignal<Loading>,
    /// The range as it is written, and what it is when the file says.
    pub(crate) times: Memo<Times>,
    default_times: Memo<Times>,
    /// The moment that the range is read at; moves on with each refresh.
    pub(crate) now: RwSignal<i64>,
    /// Begin and end in milliseconds.
    pub(crate) window: Memo<(i64, i64)>,
    /// Rows that somebody opened or closed, by number.
    pub(crate) rows: RwSignal<BTreeMap<i64, bool>>,
    /// Whether panels have handles to move and resize them. Then rows are as the file has them, and each repeat is there once.
    pub(crate) arranging: RwSignal<bool>,
    /// The places while a panel is dragged.
    pub(crate) dragged: RwSignal<Option<Arrangement>>,
    /// What is marked over charts.
    pub(crate) marked: RwSignal<Vec<Marked>>,
    /// Sources of marks that somebody switched on or off, by name.
    pub(crate) marking: RwSignal<BTreeMap<String, bool>>,
    /// The numbers of a snapshot, which asks nothing.
    pub(crate) kept: StoredValue<Option<Kept>>,
    pub(crate) router: Router,
    clock: Clock,
    user: StoredValue<String>,
}

/// What a panel's queries came to.
#[derive(Clone, Debug, Default)]
pub(crate) struct PanelData {
    /// The panel's time range when they were asked.
    pub(crate) window: (i64, i64),
    /// In the order of its questions, those with errors left out.
    pub(crate) answers: Vec<Answer>,
    /// What is wrong with the others: which query, and what.
    pub(crate) errors: Vec<(String, String)>,
    /// What the engine remarked.
    pub(crate) remarks: Vec<String>,
}

/// Names and their values: the repeat's before the dashboard's before what is always there.
pub(crate) struct Scopes<'a> {
    pub(crate) own: &'a BTreeMap<String, Bound>,
    pub(crate) board: &'a BTreeMap<String, Bound>,
    pub(crate) globals: &'a Globals,
}

/// A panel's name in URLs and snapshots: its number, with its copy behind a slash.
pub(crate) fn panel_name(id: i64, copy: &str) -> String {
    if copy.is_empty() { id.to_string() } else { format!("{id}/{copy}") }
}

impl Scope for Scopes<'_> {
    fn find(&self, name: &str, field: Option<&str>) -> Option<Bound> {
        let found = self.own.find(name, field).or_else(|| self.board.find(name, field));
        found.or_else(|| self.globals.find(name, field))
    }
}

impl Board {
    /// The board of a dashboard that was opened.
    pub(crate) fn new(opened: Opened, kept: Option<Kept>, user: String) -> Self {
        let (router, clock) = (use_router(), use_clock());
        let dashboard = RwSignal::new(Arc::new(Dashboard::from_json(opened.dashboard.clone())));
        let default_times = Memo::new(move |_| {
            let (from, to) = dashboard.with(|dashboard| dashboard.time());
            Times { from, to }
        });
        let times = Memo::new(move |_| Times::of(&router.route().params, &default_times.read()));
        let now = RwSignal::new(clock.now());
        let window = Memo::new(move |_| {
            let (fiscal, week) = dashboard.with(|dashboard| {
                let week = match dashboard.week_start().as_str() {
                    "sunday" => 0,
                    "saturday" => 6,
                    _ => 1,
                };
                (dashboard.fiscal_year_start(), week)
            });
            times.get().window(now.get(), fiscal, week)
        });
        Self {
            opened: RwSignal::new(opened),
            loading: RwSignal::new(Loading::new(Vec::new(), BTreeMap::new())),
            dashboard,
            times,
            default_times,
            now,
            window,
            rows: RwSignal::new(BTreeMap::new()),
            arranging: RwSignal::new(false),
            dragged: RwSignal::new(None),
            marked: RwSignal::new(Vec::new()),
            marking: RwSignal::new(BTreeMap::new()),
            kept: StoredValue::new(kept),
            router,
            clock,
            user: StoredValue::new(user),
        }
    }

    /// Whether it is a snapshot.
    pub(crate) fn is_kept(&self) -> bool {
        self.kept.with_value(Option::is_some)
    }

    /// Looks at the clock again: what is live moves on.
    pub(crate) fn refresh(&self) {
        self.now.set(self.clock.now());
    }

    /// Changes what is shown; it is saved later.
    pub(crate) fn change(&self, change: impl FnOnce(&mut Value)) {
        let mut json = self.dashboard.with_untracked(|dashboard| dashboard.json().clone());
        change(&mut json);
        self.dashboard.set(Arc::new(Dashboard::from_json(json)));
    }

    /// Shows another range.
    pub(crate) fn set_times(&self, times: &Times) {
        self.refresh();
        let default = self.default_times.get_untracked();
        self.router.push(times.put(self.router.route_now(), &default));
    }

    /// What is always there, for the whole range; tracked.
    pub(crate) fn globals(&self) -> Globals {
        let (from, to) = self.window.get();
        self.globals_at(from, to)
    }

    /// The same without being told of changes.
    pub(crate) fn globals_now(&self) -> Globals {
        untrack(|| self.globals())
    }

    fn globals_at(&self, from: i64, to: i64) -> Globals {
        let times = self.times.get();
        Globals {
            from,
            to,
            raw: (times.from, times.to),
            interval_ms: None,
            rate_interval_ms: None,
            dashboard: self.dashboard.with(|dashboard| dashboard.title()),
            dashboard_uid: self.opened.with_untracked(|opened| opened.listed.uid.clone()),
            timezone: "browser".to_owned(),
            user: User { login: self.user.get_value(), email: String::new() },
            variables: self.loading.with(|loading| loading.scope().clone()),
        }
    }

    /// What is seen, and where; tracked.
    pub(crate) fn placed(&self) -> Vec<Placed> {
        if self.arranging.get() {
            return self.dashboard.with(|dashboard| {
                let places = self.dragged.get().unwrap_or_else(|| Arrangement::of(dashboard.json()));
                places.placed(dashboard)
            });
        }
        let rows = self.rows.get();
        let is_open = |id: i64, open: bool| rows.get(&id).copied().unwrap_or(open);
        self.loading.with(|loading| {
            self.dashboard.with(|dashboard| layout(dashboard, &is_open, &|name| loading.repeat_values(name)))
        })
    }

    /// The questions of a panel that is so many pixels wide, and its own time range; tracked.
    pub(crate) fn questions(
        &self,
        panel: &Panel,
        own: &BTreeMap<String, Bound>,
        width: u32,
    ) -> ((i64, i64), Vec<Query>) {
        let window = self.window.get();
        let range = |scopes: &Scopes<'_>| {
            let context =
                range::Context { now: self.now.get(), zone: &browser_zone, week_start: 1, fiscal_start: 0 };
            query::panel_range(panel, window, &context, scopes).unwrap_or(window)
        };
        self.asking(own, width, range, |context| (context.range, query::queries(panel, context)))
    }

    /// What questions depend on, for `ask`; tracked.
    pub(crate) fn asking<T>(
        &self,
        own: &BTreeMap<String, Bound>,
        width: u32,
        range: impl FnOnce(&Scopes<'_>) -> (i64, i64),
        ask: impl FnOnce(&query::Context<'_>) -> T,
    ) -> T {
        let globals = self.globals();
        self.loading.with(|loading| {
            let scopes = Scopes { own, board: loading.scope(), globals: &globals };
            let range = range(&scopes);
            ask(&query::Context {
                range,
                width: width.max(1),
                scrape_interval_ms: self.opened.with(|opened| opened.scrape_interval_ms),
                offset_ms: browser_zone(range.1),
                variables: &scopes,
                globals: &globals,
            })
        })
    }

    /// The answers to a panel's questions.
    pub(crate) async fn answers(
        asker: Asker,
        window: (i64, i64),
        queries: Vec<Query>,
        matchers: Vec<String>,
        abort: AbortSignal,
    ) -> Result<PanelData, ApiError> {
        let question = |query: &Query| Question {
            expr: query.expr.clone(),
            from: query.from,
            to: query.to,
            step: query.step_ms,
            matchers: matchers.clone(),
        };
        let outcomes = asker.ask(queries.iter().map(question).collect(), abort).await?;
        let mut data = PanelData { window, ..PanelData::default() };
        for (query, outcome) in queries.into_iter().zip(outcomes) {
            match outcome {
                Ok((series, remarks)) => {
                    data.answers.push(Answer { query, series });
                    data.remarks.extend(remarks);
                }
                Err(message) => data.errors.push((query.ref_id, message)),
            }
        }
        data.remarks.dedup();
        Ok(data)
    }
}
