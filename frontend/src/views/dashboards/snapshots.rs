//! Snapshots that are kept: what each is of, and until when.

use crowsnest_api::snapshots::Listed;
use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::api::{Refusal, delete_snapshot, fetch_snapshots, use_client};
use crate::components::{BoneLines, Dialog, Faced};
use crate::i18n::{Msg, fill, tr, use_lang};
use crate::moment;
use crate::poll::{Cadence, poll};
use crate::views::act::RefusalFace;
use crate::views::dashboard::snapshot_route;

/// The window.
#[component]
pub(super) fn SnapshotsDialog(open: RwSignal<bool>) -> impl IntoView {
    let lang = use_lang();
    let title = Signal::derive(move || Msg::Snapshots.text(lang.get()).to_owned());
    view! {
        <Dialog title=title open=open wide=true>
            <SnapshotList/>
        </Dialog>
    }
}

#[component]
fn SnapshotList() -> impl IntoView {
    let (client, lang) = (use_client(), use_lang());
    let refusal = RwSignal::new(None::<Refusal>);
    let feed = poll(|| ((), Cadence::Once), move |(), abort| fetch_snapshots(client, abort));
    let row = move |one: Listed| {
        let Listed { id, title, folder, by, at, expires, may_delete, .. } = one;
        let href = snapshot_route("", &id).to_string();
        let time = |seconds: f64| moment::local_text((seconds * 1e3) as i64);
        let (at, end) = (time(at), time(expires));
        let words =
            move || fill(Msg::SnapshotOf.text(lang.get()), &[("time", &at), ("user", &by), ("end", &end)]);
        let delete = move |_| {
            let id = id.clone();
            spawn_local(async move {
                match delete_snapshot(client, &id).await {
                    Ok(()) => feed.refresh(),
                    Err(why) => drop(refusal.try_set(Some(why))),
                }
            });
        };
        let button = may_delete.then(|| {
            view! { <button type="button" class="btn btn--quiet btn--sm" on:click=delete>{tr(Msg::DeleteSnapshot)}</button> }
        });
        view! {
            <li class="boards__snapshot">
                <a class="link" href=href>{title}</a>
                <span class="boards__source">{folder}" · "{words}</span>
                {button}
            </li>
        }
    };
    let list = move || match feed.value.get().unwrap_or_default() {
        all if all.is_empty() => view! { <p class="field__hint">{tr(Msg::NoSnapshots)}</p> }.into_any(),
        all => {
            view! { <ul class="boards__snapshots">{all.into_iter().map(row).collect_view()}</ul> }.into_any()
        }
    };
    view! {
        <Faced feed=feed what=Msg::Snapshots bones=|| view! { <BoneLines/> } content=list/>
        {move || refusal.get().map(|refusal| view! { <RefusalFace refusal=refusal/> })}
    }
}
