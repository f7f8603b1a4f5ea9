//! What the parts of a dashboard's page share.

use std::collections::BTreeMap;
use std::sync::Arc;

use crowsnest_api::answers::{Held, Question, complete};
use crowsnest_api::dashboards::Opened;
use crowsnest_dashboards::Dashboard;
use crowsnest_dashboards::interpolate::{Bound, Globals, Scope, User};
use crowsnest_dashboards::layout::{Arrangement, Placed, layout};
use crowsnest_dashboards::marks::Marked;
use crowsnest_dashboards::model::Panel;
use crowsnest_dashboards::panel::Answer;
use crowsnest_dashboards::query::{self, Query};
use crowsnest_dashboards::time::range;
use crowsnest_dashboards::time::scrape::ScrapeIntervals;
use crowsnest_dashboards::variables::Loading;
use leptos::prelude::*;
use serde_json::Value;
use web_sys::AbortSignal;

use super::asking::Asker;
use super::snapshot::Kept;
use super::times::Times;
use crate::api::ApiError;
use crate::clock::{Clock, use_clock};
use crate::router::{Router, use_router};
use crate::zone::Zone;

/// A dashboard that is shown. Cheap to copy.
#[derive(Clone, Copy)]
pub(crate) struct Board {
    /// As it was opened or last saved.
    pub(crate) opened: RwSignal<Opened>,
    /// How often what it asks for is scraped.
    scrape: StoredValue<ScrapeIntervals>,
    /// As it is shown, with what has not been saved.
    pub(crate) dashboard: RwSignal<Arc<Dashboard>>,
    /// Its variables, and how far they are.
    pub(crate) loading: RwSignal<Loading>,
    /// The range as it is written, and what it is when the file says.
    pub(crate) times: Memo<Times>,
    default_times: Memo<Times>,
    /// Whose clocks days and moments go by: that of the address, else the dashboard's.
    pub(crate) zone: Memo<Zone>,
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
    pub(crate) answers: Arc<Vec<Answer>>,
    /// What is shown with each of them when it is asked again.
    pub(crate) receipts: Vec<Option<String>>,
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
        let of_address = router.param("timezone");
        let zone = Memo::new(move |_| match of_address.get() {
            Some(name) => Zone::named(&name),
            None => Zone::named(&dashboard.with(|dashboard| dashboard.timezone())),
        });
        let window = Memo::new(move |_| {
            let (fiscal, week) = dashboard.with(|dashboard| {
                let week = match dashboard.week_start().as_str() {
                    "sunday" => 0,
                    "saturday" => 6,
                    _ => 1,
                };
                (dashboard.fiscal_year_start(), week)
            });
            times.get().window(now.get(), &zone.read(), (fiscal, week))
        });
        let scrape = ScrapeIntervals {
            usual_ms: opened.scrape_interval_ms,
            by_metric: opened.metric_intervals_ms.clone(),
        };
        Self {
            opened: RwSignal::new(opened),
            scrape: StoredValue::new(scrape),
            loading: RwSignal::new(Loading::new(Vec::new(), BTreeMap::new())),
            dashboard,
            times,
            default_times,
            zone,
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
            timezone: self.zone.read().name().to_owned(),
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
            let own = self.zone.get();
            let zone = |utc_ms: i64| own.offset_ms(utc_ms);
            let context = range::Context { now: self.now.get(), zone: &zone, week_start: 1, fiscal_start: 0 };
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
            self.scrape.with_value(|scrape| {
                ask(&query::Context {
                    range,
                    width: width.max(1),
                    scrape,
                    offset_ms: self.zone.read().offset_ms(range.1),
                    variables: &scopes,
                    globals: &globals,
                })
            })
        })
    }

    /// The answers to a panel's questions. What the panel has already, `before`, is not sent again.
    pub(crate) async fn answers(
        asker: Asker,
        window: (i64, i64),
        queries: Vec<Query>,
        matchers: Vec<String>,
        before: PanelData,
        abort: AbortSignal,
    ) -> Result<PanelData, ApiError> {
        let known: Vec<Option<(&Answer, Held)>> = queries.iter().map(|query| before.held(query)).collect();
        let question = |(query, known): (&Query, &Option<(&Answer, Held)>)| Question {
            expr: query.expr.clone(),
            from: query.from,
            to: query.to,
            step: query.step_ms,
            matchers: matchers.clone(),
            held: known.as_ref().map(|(_, held)| held.clone()),
        };
        let answers = asker.ask(queries.iter().zip(&known).map(question).collect(), abort).await?;
        let mut data = PanelData { window, ..PanelData::default() };
        let mut found = Vec::new();
        for ((query, known), answer) in queries.into_iter().zip(known).zip(answers) {
            match answer.outcome {
                Ok(told) => {
                    let held = known.map_or(&[][..], |(answer, _)| answer.series.as_slice());
                    let series = match query.step_ms {
                        Some(_) => complete(held, query.from, answer.start, told),
                        None => told,
                    };
                    found.push(Answer { query, series });
                    data.receipts.push(answer.receipt);
                    data.remarks.extend(answer.warnings);
                }
                Err(message) => data.errors.push((query.ref_id, message)),
            }
        }
        data.answers = Arc::new(found);
        data.remarks.dedup();
        Ok(data)
    }
}

impl PanelData {
    /// What there is of the answer to `query`, from another time range or the same; whether it still holds the server knows.
    fn held(&self, query: &Query) -> Option<(&Answer, Held)> {
        let step = query.step_ms?;
        self.answers.iter().zip(&self.receipts).find_map(|(answer, receipt)| {
            let known = &answer.query;
            let is_same = known.expr == query.expr
                && known.step_ms == Some(step)
                && (query.from - known.from).rem_euclid(step) == 0;
            let held = Held { receipt: receipt.clone()?, from: known.from, to: known.to };
            is_same.then_some((answer, held))
        })
    }
}
