//! Targets that are scraped, by agents and by this server, and what came of it.

use std::time::Duration;

use leptos::prelude::*;

use super::SourcesTable;
use crate::api::{Target, fetch_targets, use_client};
use crate::components::{BoneRows, Faced, Status, Tone};
use crate::format;
use crate::i18n::{Msg, tr, use_lang};
use crate::poll::{Cadence, poll};
use crate::router::{Page, Route, use_router};

const AGAIN: Duration = Duration::from_secs(15);
const COLUMNS: [(Msg, &str); 5] = [
    (Msg::Target, ""),
    (Msg::ColumnStatus, ""),
    (Msg::ExplainSamples, "table__num"),
    (Msg::ScrapeTime, "table__num"),
    (Msg::NodeLabel, "is-optional"),
];
/// Labels that have a place of their own in a row.
const PLACED: [&str; 3] = ["instance", "job", "node"];

/// The table, and how many of how many rows it has.
#[component]
pub(super) fn TargetTable(on_count: Callback<(usize, usize)>) -> impl IntoView {
    let client = use_client();
    let filter = use_router().param("filter");
    let feed = poll(|| ((), Cadence::Every(AGAIN)), move |(), abort| fetch_targets(client, abort));
    let shown = Memo::new(move |_| {
        let filter = filter.get().unwrap_or_default().trim().to_lowercase();
        feed.value.with(|targets| {
            let targets = targets.iter().flatten();
            targets.filter(|target| matches(target, &filter)).cloned().collect::<Vec<_>>()
        })
    });
    Effect::new(move || {
        let all = feed.value.with(|targets| targets.as_ref().map_or(0, Vec::len));
        on_count.run((shown.with(Vec::len), all));
    });
    let content = move || {
        view! { <SourcesTable caption=Msg::Targets columns=&COLUMNS shown=shown row=rows_of/> }
    };
    view! { <Faced feed=feed what=Msg::TargetsWord bones=|| view! { <BoneRows rows=6/> } content=content/> }
}

fn matches(target: &Target, filter: &str) -> bool {
    target.labels.iter().any(|label| label.value.to_lowercase().contains(filter))
}

/// The row of a target, and where its scrape failed the one that says why.
fn rows_of(target: Target) -> impl IntoView {
    let lang = use_lang();
    let label = |name: &str| target.labels.get(name).map(ToString::to_string).unwrap_or_default();
    let others = target.labels.iter().filter(|label| !PLACED.contains(&label.name.as_str()));
    let others = others.map(|label| format!("{}={:?}", label.name, label.value.as_str()));
    let about = std::iter::once(label("job")).chain(others).filter(|text| !text.is_empty());
    let about = about.collect::<Vec<_>>().join(" · ");
    let query = format!("up{}", target.labels);
    let href = Route::to(Page::Explore).with("q", &query).with("range", "6h").to_string();
    let (tone, word) = match target.is_up {
        true => (Tone::Ok, Msg::TargetUp),
        false => (Tone::Critical, Msg::TargetDown),
    };
    let number = |value: Option<f64>| value.map_or_else(|| format::NONE.to_owned(), format::number);
    let seconds = target.seconds;
    let took = move || {
        seconds.map_or_else(|| format::NONE.to_owned(), |took| format::latency(lang.get(), took * 1e3))
    };
    let why = (!target.is_up).then(|| {
        let error = (!target.error.is_empty()).then(|| target.error.clone());
        view! {
            <tr class="sources__why">
                <td colspan="5">
                    {match error {
                        Some(error) => view! { <code>{error}</code> }.into_any(),
                        None => view! { <p>{tr(Msg::AdviceTargetDown)}</p> }.into_any(),
                    }}
                </td>
            </tr>
        }
    });
    view! {
        <tr class:has-why=why.is_some()>
            <th scope="row" class="table__name">
                <a href=href title=tr(Msg::TargetHistory)>{label("instance")}</a>
                <span class="sources__about">{about}</span>
            </th>
            <td><Status tone=tone>{tr(word)}</Status></td>
            <td class="table__num" data-label=tr(Msg::ExplainSamples)>{number(target.samples)}</td>
            <td class="table__num" data-label=tr(Msg::ScrapeTime)>{took}</td>
            <td class="is-optional">{label("node")}</td>
        </tr>
        {why}
    }
}
