//! What the API server serves, asked for again and again, and pages of kinds that are known only then.

use std::time::Duration;

use crowsnest_api::kinds::TableColumn;
use leptos::prelude::*;

use super::cluster::Cluster;
use crate::api::{ApiError, fetch_columns, fetch_kinds, use_client};
use crate::components::{Blank, BoneRows, Faced, IconName, Panel};
use crate::i18n::{Msg, Words, fill, use_lang};
use crate::kinds::{self, KindRow, Wire, served};
use crate::poll::{Cadence, Feed, poll};

/// Kinds come and go slowly; whoever makes one looks a minute later.
const EVERY: Duration = Duration::from_secs(60);

/// When what is served has become known, or others. Cheap to copy.
#[derive(Clone, Copy)]
pub(super) struct Served {
    changed: RwSignal<u32>,
    feed: Feed<()>,
}

impl Served {
    /// Follows what is served.
    pub(super) fn track(self) {
        self.changed.track();
    }
}

/// Starts asking what the API server serves, where there is a cluster.
pub(super) fn provide_served(cluster: Option<Cluster>) -> Served {
    let client = use_client();
    let changed = RwSignal::new(0_u32);
    let question = move || ((), if cluster.is_some() { Cadence::Every(EVERY) } else { Cadence::Never });
    let feed = poll(question, move |(), abort| async move {
        let told = fetch_kinds(client, abort).await?;
        if served::take(told.kinds) {
            changed.update(|n| *n = n.wrapping_add(1));
        }
        Ok(())
    });
    let served = Served { changed, feed };
    provide_context(served);
    served
}

/// What the API server serves.
pub(super) fn use_served() -> Served {
    expect_context()
}

/// A page about a kind: drawn when it is known that there is such a kind, and in which columns its list comes.
#[component]
pub(super) fn KindPage(
    id: &'static str,
    cluster: Cluster,
    view: impl Fn(&'static KindRow) -> AnyView + Clone + Send + Sync + 'static,
) -> impl IntoView {
    let served = use_served();
    let lang = use_lang();
    // Ours are shown at once; that they are not served is told when it is known.
    let row = Memo::new_with_compare(
        move |_| {
            served.track();
            kinds::find(id).filter(|row| served::is_served(row))
        },
        |a, b| !same(a.copied().flatten(), b.copied().flatten()) || a.is_none(),
    );
    let is_known = Memo::new(move |_| {
        served.track();
        row.get().is_some() || served::is_known()
    });
    let title = Signal::derive(move || {
        let what = kinds::find(id).map_or(id, |row| row.title.text(lang.get()));
        fill(Msg::NotServed.text(lang.get()), &[("what", what)])
    });
    let why = Signal::derive(move || Msg::NotServedWhy.text(lang.get()).to_owned());
    move || {
        match row.get() {
        Some(row) if row.wire == Wire::Rows && !row.is_ours() => {
            view! { <InColumns row=row cluster=cluster view=view.clone()/> }.into_any()
        }
        Some(row) => view(row),
        None if is_known.get() => {
            view! { <div class="page"><Panel title=""><Blank icon=IconName::Unknown title=title why=why/></Panel></div> }
                .into_any()
        }
        None => waiting(served.feed, Msg::KindsWord.words()),
    }
    }
}

/// What is seen until there is an answer: bones, or why there is none.
fn waiting<T: Send + Sync + 'static>(feed: Feed<T>, what: Words) -> AnyView {
    view! {
        <div class="page page--flush">
            <Faced feed=feed what=what bones=|| view! { <BoneRows rows=8/> } content=|| ()/>
        </div>
    }
    .into_any()
}

fn same(a: Option<&'static KindRow>, b: Option<&'static KindRow>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => a.id == b.id,
        (a, b) => a.is_none() && b.is_none(),
    }
}

/// Asks for the columns of a kind's table first. Whoever may not list the kind learns that from the list.
#[component]
fn InColumns(
    row: &'static KindRow,
    cluster: Cluster,
    view: impl Fn(&'static KindRow) -> AnyView + Clone + Send + Sync + 'static,
) -> impl IntoView {
    let client = use_client();
    let place = Memo::new(move |_| cluster.first_place(row));
    let question = move || {
        let place = place.get();
        (place.clone(), if place.is_some() { Cadence::Once } else { Cadence::Never })
    };
    let feed: Feed<Vec<TableColumn>> = poll(question, move |place: Option<String>, abort| async move {
        match fetch_columns(client, row, &place.unwrap_or_default(), abort).await {
            Err(ApiError::Denied(_)) => Ok(Vec::new()),
            answer => answer,
        }
    });
    move || match feed.value.get() {
        Some(columns) => view(served::in_columns(row, &columns)),
        None => waiting(feed, row.title),
    }
}
