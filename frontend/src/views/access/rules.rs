//! Verbs and resources: what the cluster's roles let the user do in a namespace.

use std::time::Duration;

use crowsnest_api::access::Rules;
use leptos::prelude::*;

use super::{EVERYWHERE, PlaceSelect};
use crate::access::{Row, VERBS, matrix};
use crate::api::{fetch_rules, use_client};
use crate::components::{Blank, BoneRows, Faced, Icon, IconName, Panel, Tone};
use crate::i18n::{Msg, fill, tr, use_lang};
use crate::poll::{Cadence, Feed, poll};
use crate::router::{Page, Route};
use crate::views::cluster::Cluster;

/// Rights change rarely.
const AGAIN: Duration = Duration::from_secs(60);
/// Rows that are drawn; the filter finds the others.
const MOST_ROWS: usize = 400;

/// What the user may do in the chosen place.
pub(super) fn rules_feed(chosen: Memo<String>) -> Feed<Rules> {
    let client = use_client();
    poll(
        move || (chosen.get(), Cadence::Every(AGAIN)),
        move |namespace, abort| fetch_rules(client, namespace, abort),
    )
}

/// The table, with the choice of the namespace and a filter.
#[component]
pub(super) fn RulesPanel(cluster: Cluster, chosen: Memo<String>, feed: Feed<Rules>) -> impl IntoView {
    let lang = use_lang();
    let find = RwSignal::new(String::new());
    let rows = Memo::new(move |_| {
        feed.value.with(|rules| rules.as_ref().map(|rules| matrix(&rules.rules)).unwrap_or_default())
    });
    let found = Memo::new(move |_| {
        let find = find.get().to_lowercase();
        let is_found = |row: &&Row| find.is_empty() || row.is_everything() || row.words().contains(&find);
        rows.with(|rows| rows.iter().filter(is_found).take(MOST_ROWS).cloned().collect::<Vec<_>>())
    });
    let incomplete = move || {
        feed.value.with(|rules| {
            let why = rules.as_ref()?.incomplete.clone()?;
            Some(fill(Msg::RulesIncomplete.text(lang.get()), &[("why", &why)]))
        })
    };
    let title = move || match chosen.get().as_str() {
        EVERYWHERE => Msg::RulesEverywhere.text(lang.get()).to_owned(),
        name => fill(Msg::RulesIn.text(lang.get()), &[("namespace", name)]),
    };
    let tools = move || {
        view! {
            <label class="input access__find">
                <Icon name=IconName::Search/>
                <input
                    type="search"
                    aria-label=tr(Msg::FilterResources)
                    placeholder=tr(Msg::FilterResources)
                    on:input:target=move |event| find.set(event.target().value())
                />
            </label>
            <PlaceSelect cluster=cluster chosen=chosen/>
        }
    };
    let table = move || {
        view! {
            {move || incomplete().map(|words| view! {
                <p class="note is-warning"><Icon name=IconName::Warning/><span>{words}</span></p>
            })}
            <Show
                when=move || found.with(|found| !found.is_empty())
                fallback=move || view! {
                    <Blank
                        icon=IconName::Lock
                        tone=Tone::Unknown
                        title=Signal::derive(move || Msg::NoRules.text(lang.get()).to_owned())
                        why=Signal::derive(move || Msg::NoRulesWhy.text(lang.get()).to_owned())
                    />
                }
            >
                <RuleTable rows=found chosen=chosen/>
            </Show>
        }
    };
    view! {
        <Panel title=Signal::derive(title) tools=tools flush=true class="access__rules">
            <Faced feed=feed what=Msg::RightsWord bones=|| view! { <BoneRows rows=8/> } content=table/>
        </Panel>
    }
}

#[component]
fn RuleTable(rows: Memo<Vec<Row>>, chosen: Memo<String>) -> impl IntoView {
    let lang = use_lang();
    let row_of = move |row: Row| {
        let who = {
            let row = row.clone();
            move || {
                let first = VERBS.iter().zip(row.verbs).find_map(|(verb, has)| has.then_some(*verb));
                let place = chosen.get();
                let place = if place == EVERYWHERE { String::new() } else { place };
                Route::to(Page::AccessWho)
                    .with("verb", first.unwrap_or("get"))
                    .with("resource", &row.words())
                    .with("in", &place)
                    .to_string()
            }
        };
        let name = if row.is_everything() {
            view! { <strong>{tr(Msg::Everything)}</strong> }.into_any()
        } else if row.resource == "*" || row.group == "*" {
            view! { <span class="mono">{row.words()}</span> }.into_any()
        } else {
            view! { <a class="mono" href=who title=tr(Msg::WhoCan)>{row.words()}</a> }.into_any()
        };
        let only = (!row.names.is_empty()).then(|| {
            let names = row.names.join(", ");
            move || fill(Msg::OnlyNames.text(lang.get()), &[("names", &names)])
        });
        let marks = VERBS
            .iter()
            .zip(row.verbs)
            .map(|(verb, has)| {
                let mark = has.then(|| {
                    view! { <Icon name=IconName::Done/><span class="visually-hidden">{*verb}</span> }
                });
                view! { <td class="verbs__mark" class:is-allowed=has>{mark}</td> }
            })
            .collect_view();
        view! {
            <tr>
                <th scope="row" class="verbs__resource">
                    {name}
                    {only.map(|only| view! { <span class="verbs__only">{only}</span> })}
                    <span class="verbs__text">{row.verb_words()}</span>
                </th>
                {marks}
                <td class="verbs__other mono">{row.other.join(", ")}</td>
            </tr>
        }
    };
    view! {
        <div class="table-wrap">
            <table class="table verbs">
                <thead>
                    <tr>
                        <th scope="col">{tr(Msg::Resource)}</th>
                        {VERBS.map(|verb| view! { <th scope="col" class="verbs__verb">{verb}</th> }).collect_view()}
                        <th scope="col">{tr(Msg::OtherVerbs)}</th>
                    </tr>
                </thead>
                <tbody>{move || rows.get().into_iter().map(row_of).collect_view()}</tbody>
            </table>
        </div>
    }
}
