//! Whose an object is, and what is its own: a small tree of links.

use std::time::Duration;

use crate::json::Value;
use leptos::prelude::*;

use super::ObjectPage;
use crate::cluster::object::{created, is_true, list, name, namespace, text};
use crate::components::{Icon, Panel};
use crate::i18n::{Msg, fill, tr, use_lang};
use crate::kinds::{self, Cell, KindRow};
use crate::live::List;
use crate::poll::throttled;
use crate::router::{Page, Route};
use crate::views::list::{Age, CellView};

/// Children of one kind that are shown, the newest.
const MOST: usize = 12;
const PAUSE: Duration = Duration::from_millis(300);

/// An owner as it is shown.
#[derive(Clone, PartialEq)]
struct Owner {
    words: String,
    page: Option<Page>,
    controls: bool,
}

/// A child as it is shown.
#[derive(Clone, PartialEq)]
struct Child {
    name: String,
    page: Page,
    status: Cell,
    at: Option<i64>,
}

fn owners(object: &Value) -> Vec<Owner> {
    let owner = |one: &Value| {
        let (kind, of_name) = (text(one, &["kind"]), text(one, &["name"]));
        let group = text(one, &["apiVersion"]).split_once('/').map_or("", |(group, _)| group);
        let row = kinds::find_api(group, kind);
        Owner {
            words: format!("{kind} {of_name}"),
            page: row.map(|row| row.object_page(namespace(object), of_name)),
            controls: is_true(one, &["controller"]),
        }
    };
    list(object, &["metadata", "ownerReferences"]).iter().map(owner).collect()
}

/// Whether `object` belongs to the one with that uid.
fn is_owned(object: &Value, uid: &str) -> bool {
    list(object, &["metadata", "ownerReferences"]).iter().any(|one| text(one, &["uid"]) == uid)
}

/// The tree; nothing where the object belongs to nobody and has nothing.
#[component]
pub(super) fn Tree(page: ObjectPage) -> impl IntoView {
    let owners = Memo::new(move |_| page.about(owners));
    let uid = Memo::new(move |_| page.about(|object| text(object, &["metadata", "uid"]).to_owned()));
    let kinds = page.row.children.iter().filter_map(|id| kinds::find(id));
    let branches: Vec<_> = kinds.map(|row| branch(page, row, uid)).collect();
    let branches = StoredValue::new(branches);
    let is_anything = move || {
        !owners.with(Vec::is_empty)
            || branches.with_value(|all| all.iter().any(|(_, of, _)| !of.with(Vec::is_empty)))
    };
    let owner = |one: Owner| {
        let words = match one.page {
            Some(page) => {
                view! { <a class="link" href=Route::to(page).to_string()>{one.words}</a> }.into_any()
            }
            None => one.words.into_any(),
        };
        let controls =
            one.controls.then(|| view! { <span class="tree__note">{tr(Msg::TreeControls)}</span> });
        view! { <li class="tree__owner">{words}{controls}</li> }
    };
    let self_name = page.wanted.with_value(|(_, name)| name.clone());
    let self_words = StoredValue::new(format!("{} {self_name}", page.row.api_kind));
    let heading = tr(Msg::TreeTitle);
    view! {
        <Show when=is_anything>
            <Panel title=Signal::derive(move || heading().to_owned()) class="grid__8">
                <ul class="tree">
                    {move || owners.get().into_iter().map(owner).collect_view()}
                    <li class="tree__self">
                        <strong>{self_words.get_value()}</strong>
                        {move || {
                            branches.with_value(|all| all.iter().map(|one| view! { <Branch row=one.0 of=one.1 total=one.2/> }).collect_view())
                        }}
                    </li>
                </ul>
            </Panel>
        </Show>
    }
}

type BranchOf = (&'static KindRow, Memo<Vec<Child>>, Memo<usize>);

/// The children of one kind.
fn branch(page: ObjectPage, row: &'static KindRow, uid: Memo<String>) -> BranchOf {
    let all: List = page.cluster.list(row);
    let changed = throttled(move || all.with(|all| _ = all.next()), PAUSE);
    let owned = Memo::new(move |_| {
        changed.track();
        let status = row.column("status");
        let mut children: Vec<Child> = uid.with(|uid| {
            if uid.is_empty() {
                return Vec::new();
            }
            all.with(|all| {
                let own = all.filter(|entry| is_owned(&entry.object, uid));
                own.map(|entry| Child {
                    name: name(&entry.object).to_owned(),
                    page: row.object_page(&entry.key.0, &entry.key.1),
                    status: status.and_then(|at| entry.cells.get(at)).cloned().unwrap_or_default(),
                    at: created(&entry.object),
                })
                .collect()
            })
        });
        children.sort_by_key(|child| std::cmp::Reverse(child.at));
        children
    });
    (row, owned, Memo::new(move |_| owned.with(Vec::len)))
}

#[component]
fn Branch(row: &'static KindRow, of: Memo<Vec<Child>>, total: Memo<usize>) -> impl IntoView {
    let lang = use_lang();
    let child = move |one: Child| {
        let href = Route::to(one.page.clone()).to_string();
        view! {
            <li class="tree__child">
                <Icon name=row.icon/>
                <a class="link" href=href>{one.name}</a>
                <CellView cell=one.status page=one.page/>
                {one.at.map(|at| view! { <span class="tree__note"><Age at=at/></span> })}
            </li>
        }
    };
    let more = move || {
        let rest = total.get().saturating_sub(MOST);
        (rest > 0).then(|| fill(Msg::AndMore.text(lang.get()), &[("n", &rest.to_string())]))
    };
    view! {
        <ul class="tree" aria-label=tr(row.title)>
            {move || of.get().into_iter().take(MOST).map(child).collect_view()}
            {move || more().map(|words| view! { <li class="tree__note">{words}</li> })}
        </ul>
    }
}

#[cfg(test)]
mod tests {
    use crate::json::json;

    use super::*;

    #[test]
    fn owners_lead_to_their_pages() {
        let object = json!({"metadata": {"namespace": "shop", "ownerReferences": [
            {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web", "uid": "u", "controller": true},
            {"apiVersion": "example.org/v1", "kind": "Widget", "name": "w"}]}});
        let all = owners(&object);
        let page = Page::Object("deployments", "shop".into(), "web".into());
        assert_eq!(all.first().map(|one| (one.page.clone(), one.controls)), Some((Some(page), true)));
        assert_eq!(all.get(1).map(|one| one.page.is_none()), Some(true));
        assert!(is_owned(&object, "u") && !is_owned(&object, "v"));
    }
}
