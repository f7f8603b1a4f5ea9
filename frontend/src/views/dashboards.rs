//! All dashboards: found by words, folder, tag and star; new ones made or imported.

mod folder;
mod import;
mod new;
mod snapshots;

use crowsnest_api::dashboards::{Listed, Listing, Source};
use leptos::prelude::*;

use self::import::ImportDialog;
use self::new::NewDialog;
use self::snapshots::SnapshotsDialog;
use crate::api::{fetch_dashboards, use_client};
use crate::components::{Blank, BoneRows, Faced, Icon, IconName, Tone};
use crate::i18n::{Lang, Msg, fill, shown_of, tr, use_lang};
use crate::poll::{Cadence, poll};
use crate::router::{Page, Route, use_router};

/// The page.
#[component]
pub(super) fn DashboardsView() -> impl IntoView {
    let (client, router, lang) = (use_client(), use_router(), use_lang());
    let feed = poll(|| ((), Cadence::Once), move |(), abort| fetch_dashboards(client, abort));
    let (filter, tag, starred) = (router.param("filter"), router.param("tag"), router.param("starred"));
    let folder = router.param("folder");
    let (importing, making) = (RwSignal::new(false), RwSignal::new(false));
    let listing_snapshots = RwSignal::new(false);
    let listing = Memo::new(move |_| feed.value.get().unwrap_or_default());
    let shown = Memo::new(move |_| {
        let words: Vec<String> =
            filter.get().unwrap_or_default().split_whitespace().map(str::to_lowercase).collect();
        let (tag, folder, starred) = (tag.get(), folder.get(), starred.with(Option::is_some));
        let fits = |one: &&Listed| {
            let text = format!("{} {} {}", one.title, one.folder, one.tags.join(" ")).to_lowercase();
            words.iter().all(|word| text.contains(word.as_str()))
                && tag.as_ref().is_none_or(|tag| one.tags.contains(tag))
                && folder.as_ref().is_none_or(|folder| one.folder == *folder)
                && (!starred || one.starred)
        };
        listing.with(|listing| listing.dashboards.iter().filter(fits).cloned().collect::<Vec<_>>())
    });
    let words = move || {
        let total = listing.with(|listing| listing.dashboards.len());
        shown_of(lang.get(), shown.with(Vec::len), total)
    };
    let set_filter = move |text: &str| router.replace(router.route_now().with("filter", text));
    let may_make = move || listing.with(|listing| !listing.folders.is_empty());
    let star_route = move || {
        let next = if starred.with(Option::is_some) { "" } else { "1" };
        router.route().with("starred", next).to_string()
    };
    let content = move || view! { <Rows shown=shown listing=listing/> };
    view! {
        <div class="page page--flush boards">
            <div class="page__bar pagehead">
                <h1 class="pagehead__title">{tr(Msg::Dashboards)}</h1>
                <span class="pagehead__count">{words}</span>
                <label class="input nodes__filter">
                    <Icon name=IconName::Search/>
                    <input
                        type="search"
                        aria-label=tr(Msg::FilterDashboards)
                        placeholder=tr(Msg::FilterDashboards)
                        prop:value=move || filter.get().unwrap_or_default()
                        on:input:target=move |event| set_filter(&event.target().value())
                    />
                </label>
                <a class="chip" class:is-on=move || starred.with(Option::is_some) href=star_route>
                    <Icon name=IconName::Star/>{tr(Msg::Starred)}
                </a>
                {move || folder.get().map(|folder| {
                    let href = router.route().with("folder", "").to_string();
                    view! { <a class="chip is-on" href=href aria-label=tr(Msg::TakeFolder)>{folder}<Icon name=IconName::Close/></a> }
                })}
                {move || tag.get().map(|tag| {
                    let href = router.route().with("tag", "").to_string();
                    view! { <a class="chip is-on" href=href aria-label=move || fill(Msg::TakeTag.text(lang.get()), &[("tag", &tag)])>{tag.clone()}<Icon name=IconName::Close/></a> }
                })}
                <div class="pagehead__actions">
                    <button type="button" class="btn" on:click=move |_| listing_snapshots.set(true)>{tr(Msg::Snapshots)}</button>
                    <button type="button" class="btn" disabled=move || !may_make() on:click=move |_| making.set(true)>
                        <Icon name=IconName::Add/>{tr(Msg::NewDashboard)}
                    </button>
                    <button type="button" class="btn btn--primary" disabled=move || !may_make() on:click=move |_| importing.set(true)>
                        <Icon name=IconName::Upload/>{tr(Msg::Import)}
                    </button>
                </div>
            </div>
            <Faced feed=feed what=Msg::Dashboards bones=|| view! { <BoneRows rows=8/> } content=content/>
            <ImportDialog open=importing listing=listing on_done=move |()| feed.refresh()/>
            <NewDialog open=making listing=listing/>
            <SnapshotsDialog open=listing_snapshots/>
        </div>
    }
}

#[component]
fn Rows(shown: Memo<Vec<Listed>>, listing: Memo<Listing>) -> impl IntoView {
    let lang = use_lang();
    let faults = move || listing.with(|listing| listing.faults.clone());
    let is_empty = move || shown.with(Vec::is_empty);
    let head = |(msg, class): (Msg, &'static str)| view! { <th scope="col" class=class>{tr(msg)}</th> };
    let heads = [
        (Msg::ColumnTitle, ""),
        (Msg::ColumnFolder, ""),
        (Msg::ColumnTags, ""),
        (Msg::ColumnPanels, "col--number"),
        (Msg::ColumnOrigin, ""),
    ];
    view! {
        <Show when=move || !faults().is_empty()>
            <div class="note is-warning boards__faults" role="status">
                <Icon name=IconName::Warning/>
                <ul>{move || faults().into_iter().map(|fault| view! { <li><code>{fault.place}</code>": "{fault.message}</li> }).collect_view()}</ul>
            </div>
        </Show>
        <Show when=is_empty>
            <Blank icon=IconName::Gauge tone=Tone::Unknown title=Signal::derive(move || Msg::NoDashboards.text(lang.get()).to_owned())
                why=Signal::derive(move || Msg::NoDashboardsWhy.text(lang.get()).to_owned()) actions=|| ()/>
        </Show>
        <div class="table-wrap nodes__table" hidden=is_empty>
            <table class="table">
                <caption class="visually-hidden">{tr(Msg::Dashboards)}</caption>
                <thead><tr>{heads.map(head).collect_view()}</tr></thead>
                <tbody>
                    <For each=move || shown.get() key=|one| one.uid.clone() let:one><DashboardRow one=one/></For>
                </tbody>
            </table>
        </div>
    }
}

#[component]
fn DashboardRow(one: Listed) -> impl IntoView {
    let (router, lang) = (use_router(), use_lang());
    let href = Route::to(Page::Dashboard(one.uid.clone())).to_string();
    let tag = move |tag: String| {
        let wanted = tag.clone();
        let href = move || router.route().with("tag", &wanted).to_string();
        view! { <a class="chip boards__tag" href=href>{tag}</a> }
    };
    let folder = one.folder.clone();
    let folder_href = move || router.route().with("folder", &folder).to_string();
    let source = one.source;
    let by = one.by.clone();
    let star = one.starred.then(
        || view! { <span class="boards__star" title=tr(Msg::Starred)><Icon name=IconName::Star/></span> },
    );
    view! {
        <tr>
            <th scope="row"><a class="link" href=href>{one.title.clone()}</a>{star}</th>
            <td><a class="link" href=folder_href>{one.folder}</a></td>
            <td><span class="boards__tags">{one.tags.into_iter().map(tag).collect_view()}</span></td>
            <td class="col--number">{one.panels}</td>
            <td class="boards__source">{move || source_words(lang.get(), source, &by)}</td>
        </tr>
    }
}

fn source_words(lang: Lang, source: Source, by: &str) -> String {
    match source {
        Source::Stored => fill(Msg::SavedBy.text(lang), &[("user", by)]),
        Source::File => Msg::FromFile.text(lang).to_owned(),
        Source::ConfigMap => Msg::FromConfigMap.text(lang).to_owned(),
        Source::BuiltIn => Msg::BuiltIn.text(lang).to_owned(),
    }
}
