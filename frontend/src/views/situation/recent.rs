//! What was rolled out lately, and by whom: what changed just before something broke.

use std::time::Duration;

use crowsnest_api::recent::Rollout;
use leptos::prelude::*;

use super::super::cluster::Cluster;
use crate::api::{fetch_recent, use_client};
use crate::components::{Icon, IconName, Panel};
use crate::i18n::{Lang, Msg, fill, tr, use_lang};
use crate::kinds;
use crate::poll::{Cadence, poll};
use crate::router::Route;
use crate::views::list::Age;

const AGAIN: Duration = Duration::from_secs(30);
/// How many are shown.
const MOST: usize = 5;
/// Namespaces that somebody who sees some only has looked through.
const PLACES: usize = 50;

/// The panel.
#[component]
pub(super) fn RecentChanges(cluster: Cluster) -> impl IntoView {
    let (client, lang) = (use_client(), use_lang());
    let places = Memo::new(move |_| cluster.places(PLACES));
    let question = move || {
        let places = places.get();
        let cadence = if places.is_empty() { Cadence::Never } else { Cadence::Every(AGAIN) };
        (places, cadence)
    };
    let feed = poll(question, move |places, abort| fetch_recent(client, places, abort));
    let newest = Memo::new(move |_| {
        feed.value.with(|recent| {
            let all = recent.iter().flat_map(|recent| &recent.rollouts);
            all.filter(|one| cluster.is_chosen(&one.namespace)).take(MOST).cloned().collect::<Vec<_>>()
        })
    });
    let line = move |one: Rollout| {
        let row = kinds::KINDS.iter().find(|row| row.api_kind == one.kind);
        let name = one.name.clone();
        let about = match row {
            Some(row) => {
                let href = Route::to(row.object_page(&one.namespace, &one.name)).to_string();
                view! { <a href=href>{name}</a> }.into_any()
            }
            None => view! { <span>{name}</span> }.into_any(),
        };
        let at = (one.at * 1e3) as i64;
        let what = move || words(lang.get(), &one);
        view! {
            <li class="told">
                <span class="told__age"><Age at=at/></span>
                <Icon name=IconName::Workload/>
                <p class="told__words told__words--short"><strong>{about}</strong><br/>{what}</p>
            </li>
        }
    };
    let is_known = Memo::new(move |_| feed.value.with(Option::is_some));
    let (title, note) = (tr(Msg::RecentChanges), tr(Msg::RecentChangesNote));
    view! {
        <Panel title=Signal::derive(move || title().to_owned()) note=Signal::derive(move || note().to_owned())>
            <Show
                when=move || newest.with(|newest| !newest.is_empty())
                fallback=move || view! {
                    <p class="panel__none">{move || is_known.get().then(|| Msg::NoRecentChanges.text(lang.get()))}</p>
                }
            >
                <ol class="told-list">{move || newest.get().into_iter().map(line).collect_view()}</ol>
            </Show>
        </Panel>
    }
}

/// "shop · Deployment, revision 4, by kubectl-edit (alice)"
fn words(lang: Lang, one: &Rollout) -> String {
    let mut words = format!("{} · {}", one.namespace, one.kind);
    let mut add = |msg: Msg, value: &str| {
        if !value.is_empty() {
            words.push_str(", ");
            words.push_str(&fill(msg.text(lang), &[("what", value)]));
        }
    };
    add(Msg::RolloutRevision, &one.revision);
    let who = match (one.manager.as_str(), one.user.as_str()) {
        (manager, "") => manager.to_owned(),
        ("", user) => user.to_owned(),
        (manager, user) => format!("{user} ({manager})"),
    };
    add(Msg::ChangedBy, &who);
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rollout_is_told_with_whoever_is_known_to_have_made_it() {
        let rollout = Rollout { namespace: "shop".into(), kind: "Deployment".into(), ..Rollout::default() };
        assert_eq!(words(Lang::English, &rollout), "shop · Deployment");
        let rollout = Rollout { revision: "4".into(), manager: "helm".into(), ..rollout };
        assert_eq!(words(Lang::English, &rollout), "shop · Deployment, revision 4, by helm");
        let rollout = Rollout { user: "ann".into(), ..rollout };
        assert_eq!(words(Lang::English, &rollout), "shop · Deployment, revision 4, by ann (helm)");
    }
}
