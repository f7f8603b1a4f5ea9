//! A panel that lists dashboards.

use crowsnest_api::dashboards::{Listed, Listing};
use crowsnest_dashboards::interpolate::Format;
use crowsnest_dashboards::lists::DashboardList;
use leptos::prelude::*;

use crate::api::{fetch_dashboards, use_client};
use crate::boards::Carried;
use crate::components::{BoneLines, Faced, Icon, IconName};
use crate::i18n::{Msg, tr};
use crate::poll::{Cadence, poll};
use crate::views::dashboard::panel::Shown;

/// The dashboards that the panel's options ask for.
#[component]
pub(super) fn BoardsView(shown: Shown) -> impl IntoView {
    let client = use_client();
    let feed = poll(|| ((), Cadence::Once), move |(), abort| fetch_dashboards(client, abort));
    let options = Memo::new(move |_| {
        let mut options =
            shown.panel.with(|panel| panel.as_ref().map(|panel| DashboardList::read(&panel.options)))?;
        options.words = shown.fill(&options.words, &Format::Text);
        Some(options)
    });
    let lists = Memo::new(move |_| {
        let listing = feed.value.get().unwrap_or_default();
        options.with(|options| options.as_ref().map(|options| chosen(&listing, options))).unwrap_or_default()
    });
    let section = move |(heading, list): (Msg, Vec<Listed>)| {
        let Some(options) = options.get_untracked() else { return ().into_any() };
        let head = options.headings.then(|| view! { <h4 class="board__list-head">{tr(heading)}</h4> });
        let carried = Carried { variables: options.with_variables, time: options.with_time };
        let line = move |one: Listed| {
            let folder =
                options.names_folders.then(|| view! { <span class="board__list-folder">{one.folder}</span> });
            let star =
                one.starred.then(|| view! { <span class="boards__star"><Icon name=IconName::Star/></span> });
            let uid = one.uid;
            let href = move || shown.board.dashboard_link(&uid, carried);
            view! { <li><a class="link" href=href>{one.title}</a>{star}{folder}</li> }
        };
        view! { {head}<ul class="board__list">{list.into_iter().map(line).collect_view()}</ul> }.into_any()
    };
    let content = move || match lists.get() {
        lists if lists.iter().all(|(_, list)| list.is_empty()) => {
            view! { <p class="board__message">{tr(Msg::NoDashboards)}</p> }.into_any()
        }
        lists => lists.into_iter().map(section).collect_view().into_any(),
    };
    view! { <Faced feed=feed what=Msg::Dashboards bones=|| view! { <BoneLines/> } content=content/> }
}

/// The lists with their headings.
fn chosen(listing: &Listing, options: &DashboardList) -> Vec<(Msg, Vec<Listed>)> {
    let words = options.words.to_lowercase();
    let starred = |one: &&Listed| one.starred;
    let found = |one: &&Listed| {
        one.title.to_lowercase().contains(&words)
            && options.tags.iter().all(|tag| one.tags.contains(tag))
            && options.folder.as_ref().is_none_or(|folder| *folder == one.folder)
    };
    let list = |fits: &dyn Fn(&&Listed) -> bool| {
        listing.dashboards.iter().filter(fits).take(options.most).cloned().collect::<Vec<_>>()
    };
    let lists = [
        options.starred.then(|| (Msg::Starred, list(&starred))),
        options.search.then(|| (Msg::BoardsFound, list(&found))),
    ];
    lists.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use crowsnest_api::dashboards::Source;
    use serde_json::json;

    use super::*;

    fn listed(title: &str, folder: &str, tags: &[&str], starred: bool) -> Listed {
        Listed {
            uid: title.to_owned(),
            title: title.to_owned(),
            folder: folder.to_owned(),
            tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
            source: Source::BuiltIn,
            panels: 1,
            version: 0,
            updated: 0.0,
            by: String::new(),
            starred,
            may_change: false,
        }
    }

    #[test]
    fn a_list_has_what_its_options_ask_for() {
        let listing = Listing {
            dashboards: vec![
                listed("Node", "crowsnest", &["k"], true),
                listed("Pod", "shop", &["k", "p"], false),
                listed("Other", "shop", &[], false),
            ],
            ..Listing::default()
        };
        let names = |options: &serde_json::Value| {
            let lists = chosen(&listing, &DashboardList::read(options));
            lists
                .into_iter()
                .map(|(_, list)| list.into_iter().map(|one| one.title).collect())
                .collect::<Vec<Vec<_>>>()
        };
        assert_eq!(names(&json!({})), [["Node"]]);
        let search = json!({"showStarred": false, "showSearch": true, "tags": ["k"]});
        assert_eq!(names(&search), [["Node", "Pod"]]);
        assert_eq!(
            names(
                &json!({"showStarred": false, "showSearch": true, "query": "o", "folderUID": "shop", "maxItems": 1})
            ),
            [["Pod"]]
        );
    }
}
