//! The groups of the API and their versions; those that are going to be taken away are marked.

use crowsnest_api::about::{AboutCluster, ApiGroup};
use leptos::prelude::*;

use super::{title, unread};
use crate::cluster::deprecated::removed_in;
use crate::components::{Badge, Panel, Tone};
use crate::i18n::{Msg, fill, use_lang};
use crate::poll::Feed;

/// All of them.
#[component]
pub(super) fn GroupsPanel(about: Feed<AboutCluster>) -> impl IntoView {
    let lang = use_lang();
    let groups = Memo::new(move |_| {
        about.value.with(|about| {
            let about = about.as_ref();
            let server = about.and_then(|about| about.version.clone()).unwrap_or_default().git_version;
            let told = |group: &ApiGroup| {
                let version = |version: &String| (version.clone(), removed_in(&group.name, version, &server));
                (group.name.clone(), group.versions.iter().map(version).collect::<Vec<_>>())
            };
            about.map(|about| about.groups.iter().map(told).collect::<Vec<_>>()).unwrap_or_default()
        })
    });
    let version = move |(name, gone): (String, Option<String>)| {
        let gone = gone.map(|release| {
            let words = move || fill(Msg::GoneIn.text(lang.get()), &[("release", &release)]);
            view! { <Badge tone=Tone::Warning>{words}</Badge> }
        });
        view! { <span class="about__version">{name}{gone}</span> }
    };
    let line = move |(name, versions): (String, Vec<(String, Option<String>)>)| {
        let name =
            move || if name.is_empty() { Msg::CoreGroup.text(lang.get()).to_owned() } else { name.clone() };
        view! { <div class="label"><dt>{name}</dt><dd>{versions.into_iter().map(version).collect_view()}</dd></div> }
    };
    let missing = move || {
        unread(
            about.value.with(|about| about.as_ref().map(|about| about.refused.clone())).unwrap_or_default(),
        )
    };
    let note = Signal::derive(move || groups.with(Vec::len).to_string());
    view! {
        <Panel title=title(Msg::ApiGroups) note=note class="grid__24">
            <dl class="labels about__groups">{move || groups.get().into_iter().map(line).collect_view()}</dl>
            {missing}
        </Panel>
    }
}
