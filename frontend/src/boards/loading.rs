//! Loading the variables of a dashboard, one after those that it needs, and following the choices that the URL makes.

use std::collections::BTreeMap;

use crowsnest_api::{Labels, METRIC_NAME};
use crowsnest_dashboards::variables::{
    Candidate, Choice, Loading, Question, Refresh, Variable, from_query, sample_text, series_text,
};
use futures_util::future::join_all;
use leptos::prelude::*;
use leptos::task::spawn_local;
use web_sys::{AbortController, AbortSignal};

use super::board::Board;
use super::engine::BrowserPatterns;
use crate::api::{ApiError, Client, QueryResult, fetch_data, instant};
use crate::range::Seconds;
use crate::router::{Params, encode};

/// Ends what is asked when it is dropped.
struct Running(AbortController);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Keeps the variables of `board` loaded: from the beginning, when a choice in the URL changes, and when the range does, for those that want it.
/// What went wrong with one is in `failed`, by its name.
pub(crate) fn keep_loaded(board: Board, client: Client, failed: RwSignal<BTreeMap<String, String>>) {
    let running = StoredValue::new_local(None::<Running>);
    let go_on = move || {
        running.set_value(None);
        let Ok(controller) = AbortController::new() else { return };
        let signal = controller.signal();
        running.set_value(Some(Running(controller)));
        spawn_local(async move { load(board, client, failed, signal).await });
    };
    // Another set of variables begins anew; their choices stay.
    let variables = Memo::new(move |_| board.dashboard.with(|dashboard| dashboard.variables()));
    let times = board.times;
    Effect::new(move |before: Option<(Vec<Variable>, super::Times)>| {
        let (variables, times) = (variables.get(), times.get());
        let by_range = variables.iter().any(|variable| variable.refresh == Refresh::OnTimeRange);
        let is_new =
            before.as_ref().is_none_or(|(known, range)| *known != variables || by_range && *range != times);
        if is_new {
            let wanted = wanted(&variables, &board.router.route_now().params);
            board.loading.set(Loading::new(variables.clone(), wanted));
            go_on();
        }
        (variables, times)
    });
    let router = board.router;
    let params = Memo::new(move |_| router.route().params);
    Effect::watch(
        move || params.get(),
        move |params, _, _| {
            let changed = board.loading.with_untracked(|loading| changes(loading, params));
            if changed.is_empty() {
                return;
            }
            board.loading.update(|loading| {
                for (name, choice) in changed {
                    loading.choose(&name, choice);
                }
            });
            go_on();
        },
        false,
    );
}

/// The choices that a URL makes.
fn wanted(variables: &[Variable], params: &Params) -> BTreeMap<String, Choice> {
    let choice = |variable: &Variable| Some((variable.name.clone(), from_query(variable, params.pairs())?));
    variables.iter().filter_map(choice).collect()
}

/// The choices that are others in the URL; what it does not name is as the file has it.
fn changes(loading: &Loading, params: &Params) -> Vec<(String, Choice)> {
    let change = |(at, variable): (usize, &Variable)| {
        let choice = from_query(variable, params.pairs());
        let settled = loading.settled(at)?;
        match choice {
            Some(choice) if choice.values != settled.choice.values => Some((variable.name.clone(), choice)),
            _ => None,
        }
    };
    loading.variables().iter().enumerate().filter_map(change).collect()
}

async fn load(board: Board, client: Client, failed: RwSignal<BTreeMap<String, String>>, abort: AbortSignal) {
    loop {
        let globals = board.globals_now();
        let ready: Vec<(usize, String, Question)> = board.loading.with_untracked(|loading| {
            let name =
                |at: usize| loading.variables().get(at).map(|one| one.name.clone()).unwrap_or_default();
            let question = |at: usize| (at, name(at), loading.question(at, &globals));
            loading.ready().into_iter().map(question).collect()
        });
        if ready.is_empty() {
            return;
        }
        let span = (globals.from, globals.to);
        let answers = ready.iter().map(|(_, _, question)| candidates(client, question, span, &abort));
        let answers = join_all(answers).await;
        if abort.aborted() {
            return;
        }
        for ((_, name, _), answer) in ready.iter().zip(&answers) {
            failed.update(|failed| match answer {
                Ok(_) => drop(failed.remove(name)),
                Err(error) => drop(failed.insert(name.clone(), error.said().unwrap_or_default().to_owned())),
            });
        }
        board.loading.update(|loading| {
            for ((at, ..), answer) in ready.iter().zip(answers) {
                loading.answer(*at, &answer.unwrap_or_default(), &globals, &BrowserPatterns);
            }
        });
    }
}

/// What the store says to a variable's question.
async fn candidates(
    client: Client,
    question: &Question,
    (from, to): (i64, i64),
    abort: &AbortSignal,
) -> Result<Vec<Candidate>, ApiError> {
    let selector = question.selector().map(|selector| format!("&match[]={}", encode(&selector)));
    let query = format!("start={}&end={}{}", Seconds(from), Seconds(to), selector.unwrap_or_default());
    let plain = |texts: Vec<String>| texts.into_iter().map(Candidate::plain).collect();
    match question {
        Question::None => Ok(Vec::new()),
        Question::LabelNames(_) => fetch_data(client, "api/v1/labels", &query, abort).await.map(plain),
        Question::LabelValues { label, .. } => {
            let path = format!("api/v1/label/{}/values", encode(label));
            fetch_data(client, &path, &query, abort).await.map(plain)
        }
        Question::Metrics(_) => {
            let path = format!("api/v1/label/{METRIC_NAME}/values");
            fetch_data(client, &path, &query, abort).await.map(plain)
        }
        Question::Series(_) => {
            let series: Vec<Labels> = fetch_data(client, "api/v1/series", &query, abort).await?;
            Ok(plain(series.iter().map(series_text).collect()))
        }
        Question::QueryResult(expr) => {
            let answer = instant(client, expr, Some(to), abort).await?;
            Ok(plain(results(answer.result)))
        }
    }
}

/// `name{k="v"} value milliseconds`, as Grafana writes what a query gave.
fn results(result: QueryResult) -> Vec<String> {
    let lines = result.into_lines();
    let line = |line: &crate::api::Line| {
        let (at, value) = line.points.first()?;
        Some(sample_text(&line.labels, *value, *at))
    };
    lines.iter().filter_map(line).collect()
}
