//! The cluster itself: is it well, do its certificates hold, do its clocks agree, and how does one more node join.

mod certificates;
mod clocks;
mod groups;
mod health;
mod tokens;

use std::time::Duration;

use crowsnest_api::about::{AboutCluster, HealthState};
use crowsnest_api::access::Right;
use crowsnest_api::cluster::Kind;
use leptos::prelude::*;

use super::board_link::{BoardLink, of_cluster};
use super::cluster::Cluster;
use crate::access::use_access;
use crate::api::{fetch_about, fetch_objects, use_client, use_session};
use crate::cluster::network::{networks, of_nodes};
use crate::components::{BoneLines, Faced, Icon, IconName, Panel, Status, Tone};
use crate::i18n::{Lang, Msg, fill, tr, use_lang};
use crate::live::{Health, missing_words};
use crate::poll::{Cadence, Feed, poll};
use crate::range::{HOUR, Range};
use crate::router::{Page, Route};
use certificates::CertificatesPanel;
use clocks::ClocksPanel;
use groups::GroupsPanel;
use health::HealthPanel;
use tokens::TokensPanel;

/// How often the API server is asked about itself.
const AGAIN: Duration = Duration::from_secs(30);
/// What connects pods changes rarely.
const NETWORK: Duration = Duration::from_secs(300);

/// Where most clusters have what connects pods; whoever may look everywhere finds the others.
const NETWORK_NAMESPACE: &str = "kube-system";
const DAEMON_SETS: Right = Right::to("list", "apps", "daemonsets", "");

/// The page.
#[component]
pub(super) fn AboutClusterView(cluster: Cluster) -> impl IntoView {
    let (client, lang) = (use_client(), use_lang());
    let about = poll(|| ((), Cadence::Every(AGAIN)), move |(), abort| fetch_about(client, abort));
    let state = Memo::new(move |_| {
        about.value.with(|about| about.as_ref().map(|about| worst(about.live.state, about.ready.state)))
    });
    let status = move || {
        state.get().map(|state| {
            let (tone, word) = health::words(state);
            view! { <Status tone=tone>{move || word.text(lang.get())}</Status> }
        })
    };
    let content = move || {
        view! {
            <div class="grid">
                <HealthPanel about=about/>
                <ClocksPanel cluster=cluster about=about/>
                <CertificatesPanel cluster=cluster/>
                <TokensPanel/>
                <GroupsPanel about=about/>
            </div>
        }
    };
    view! {
        <div class="page about">
            <div class="pagehead">
                <h1 class="pagehead__title">{tr(Msg::ClusterTitle)}</h1>
                {status}
                <div class="pagehead__actions">
                    <BoardLink route=of_cluster() range=Signal::stored(Range::Last(HOUR))/>
                    <a class="btn btn--sm" href=Route::to(Page::Access).to_string()>
                        <Icon name=IconName::Download/>
                        {tr(Msg::KubeconfigLink)}
                    </a>
                </div>
                <Facts cluster=cluster about=about/>
            </div>
            <Faced feed=about what=Msg::ClusterWord bones=|| view! { <Panel title=""><BoneLines/></Panel> } content=content/>
        </div>
    }
}

/// Of two answers the one that somebody should know.
fn worst(a: HealthState, b: HealthState) -> HealthState {
    let badness = |state: &HealthState| match state {
        HealthState::Bad => 3,
        HealthState::Unknown => 2,
        HealthState::Denied => 1,
        HealthState::Good => 0,
    };
    if badness(&a) >= badness(&b) { a } else { b }
}

/// Version, address, network and runtimes.
#[component]
fn Facts(cluster: Cluster, about: Feed<AboutCluster>) -> impl IntoView {
    let (client, lang, session) = (use_client(), use_lang(), use_session());
    let lacking = use_access().missing(|| vec![DAEMON_SETS, DAEMON_SETS.within(NETWORK_NAMESPACE)]);
    let place = Memo::new(move |_| lacking.get().and_then(|lacking| network_place(&lacking)));
    let question = move || match place.get() {
        Some(place) => (place, Cadence::Every(NETWORK)),
        None => ("", Cadence::Never),
    };
    let network = poll(question, move |place, _| async move {
        let Ok(kind) = Kind::new("apps", "v1", "daemonsets") else { return Ok(Vec::new()) };
        let sets = fetch_objects(client, &kind, place, "").await?;
        Ok(networks(sets.iter()))
    });
    let unknown = move || Msg::NotSeen.text(lang.get()).to_owned();
    let of_about = move |read: fn(&AboutCluster) -> String| {
        about
            .value
            .with(|about| about.as_ref().map(read))
            .filter(|text| !text.is_empty())
            .unwrap_or_else(unknown)
    };
    let version = move || {
        of_about(|about| {
            let version = about.version.clone().unwrap_or_default();
            [version.git_version, version.platform].join(" ").trim().to_owned()
        })
    };
    let networks_seen = move || {
        let seen = network.value.get().unwrap_or_default();
        if seen.is_empty() { unknown() } else { seen.join(", ") }
    };
    let on_nodes = move |field: &'static str| {
        if let Health::Denied(right) = cluster.nodes.health() {
            return missing_words(lang.get(), &session.user(), &right);
        }
        let seen = cluster.nodes.with(|nodes| of_nodes(nodes.map(|entry| &entry.object), field));
        if seen.is_empty() { unknown() } else { counted(lang.get(), &seen) }
    };
    let fact = |label: Msg, value: AnyView| view! { <div><dt>{tr(label)}</dt><dd>{value}</dd></div> };
    view! {
        <dl class="pagehead__facts">
            {fact(Msg::ColumnVersion, version.into_any())}
            {fact(Msg::ApiEndpoint, view! { <code>{move || of_about(|about| about.url.clone())}</code> }.into_any())}
            {fact(Msg::PodNetwork, networks_seen.into_any())}
            {fact(Msg::ContainerRuntime, (move || on_nodes("containerRuntimeVersion")).into_any())}
            {fact(Msg::KubeletVersion, (move || on_nodes("kubeletVersion")).into_any())}
        </dl>
    }
}

/// Where to look for what connects pods, as far as the rights that somebody lacks leave a place; empty is everywhere.
fn network_place(lacking: &[Right]) -> Option<&'static str> {
    let may = |namespace: &&str| !lacking.iter().any(|right| right.namespace == *namespace);
    ["", NETWORK_NAMESPACE].into_iter().find(may)
}

/// "containerd://2.0.1 (5 nodes)"; the number only where they differ.
fn counted(lang: Lang, seen: &[(String, usize)]) -> String {
    if let [(value, _)] = seen {
        return value.clone();
    }
    let one = |(value, count): &(String, usize)| {
        fill(Msg::OnNodes.text(lang), &[("what", value), ("n", &count.to_string())])
    };
    seen.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// A table of the page: a caption, its head, and rows that the caller draws.
fn table(caption: Msg, columns: &'static [(Msg, &'static str)], rows: impl IntoView) -> impl IntoView {
    let head =
        |(title, class): &(Msg, &'static str)| view! { <th scope="col" class=*class>{tr(*title)}</th> };
    view! {
        <div class="table-wrap">
            <table class="table about__table">
                <caption class="visually-hidden">{tr(caption)}</caption>
                <thead><tr>{columns.iter().map(head).collect_view()}</tr></thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
}

/// What could not be read, line by line.
fn unread(lines: Vec<String>) -> impl IntoView {
    let line = |line: String| view! { <p class="aside-note about__unread"><Icon name=IconName::Lock/><span>{line}</span></p> };
    lines.into_iter().map(line).collect_view()
}

/// A title that follows the language.
fn title(words: Msg) -> Signal<String> {
    let lang = use_lang();
    Signal::derive(move || words.text(lang.get()).to_owned())
}

/// The tone of a figure that must stay within bounds.
fn tone_within(is_well: bool) -> Tone {
    if is_well { Tone::Ok } else { Tone::Warning }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worse_of_two_answers_is_told() {
        use HealthState::{Bad, Denied, Good, Unknown};
        assert_eq!(
            [worst(Good, Bad), worst(Good, Denied), worst(Unknown, Denied), worst(Good, Good)],
            [Bad, Denied, Unknown, Good]
        );
    }

    #[test]
    fn the_network_is_looked_for_only_where_somebody_may_look() {
        let near = DAEMON_SETS.within(NETWORK_NAMESPACE);
        assert_eq!(network_place(&[]), Some(""));
        assert_eq!(network_place(&[DAEMON_SETS]), Some(NETWORK_NAMESPACE));
        assert_eq!(network_place(&[DAEMON_SETS, near]), None);
    }

    #[test]
    fn runtimes_are_counted_only_where_they_differ() {
        let seen = [("containerd://2".to_owned(), 4), ("cri-o://1".to_owned(), 1)];
        assert_eq!(counted(Lang::English, &seen[..1]), "containerd://2");
        assert_eq!(counted(Lang::English, &seen), "containerd://2 (4), cri-o://1 (1)");
    }
}
