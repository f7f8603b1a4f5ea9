//! The faces of one object: a row of tabs under the head of its page. The parameter `tab` says which one is seen.

use leptos::prelude::*;

use super::ObjectPage;
use crate::i18n::{Msg, tr};
use crate::kinds::KindRow;
use crate::router::use_router;
use crate::views::logs::has_logs;
use crate::views::terminal::has_terminals;

/// A face of an object.
pub(super) struct Tab {
    /// Its name in the address; the first has none.
    pub(super) id: &'static str,
    pub(super) title: Msg,
    /// Whether objects of a kind have it.
    pub(super) is_for: fn(&KindRow) -> bool,
    /// What it shows of an object that is known.
    pub(super) view: fn(ObjectPage) -> AnyView,
}

/// All of them, in the order of the page.
static TABS: &[Tab] = &[
    Tab { id: "", title: Msg::Overview, is_for: |_| true, view: ObjectPage::overview },
    Tab { id: "logs", title: Msg::Logs, is_for: has_logs, view: ObjectPage::logs },
    Tab { id: "shell", title: Msg::Shell, is_for: has_terminals, view: ObjectPage::terminals },
    Tab { id: "yaml", title: Msg::Yaml, is_for: |_| true, view: ObjectPage::yaml },
];

/// The tabs that objects of a kind have.
fn tabs_of(row: &KindRow) -> impl Iterator<Item = &'static Tab> {
    TABS.iter().filter(move |tab| (tab.is_for)(row))
}

/// The tab of the address, or the first where the address names none that there is.
fn chosen(row: &KindRow, id: &str) -> Option<&'static Tab> {
    tabs_of(row).find(|tab| tab.id == id).or_else(|| tabs_of(row).next())
}

/// The tab that is seen. It changes only when another one is chosen.
pub(super) fn current_tab(row: &'static KindRow) -> Memo<Option<&'static Tab>> {
    let param = use_router().param("tab");
    let is_other = |a: Option<&Option<&'static Tab>>, b: Option<&Option<&'static Tab>>| {
        let id = |tab: Option<&Option<&'static Tab>>| tab.and_then(|tab| tab.map(|tab| tab.id));
        a.is_none() || id(a) != id(b)
    };
    Memo::new_with_compare(move |_| chosen(row, param.get().as_deref().unwrap_or_default()), is_other)
}

/// The row of tabs; nothing where an object has one face only.
#[component]
pub(super) fn TabRow(row: &'static KindRow, current: Memo<Option<&'static Tab>>) -> impl IntoView {
    let router = use_router();
    let tab = move |tab: &'static Tab| {
        let is_current = move || current.with(|current| current.is_some_and(|current| current.id == tab.id));
        view! {
            <a
                class="tabs__tab"
                class:is-current=is_current
                aria-current=move || is_current().then_some("page")
                href=move || router.route().with("tab", tab.id).to_string()
            >
                {tr(tab.title)}
            </a>
        }
    };
    (tabs_of(row).nth(1).is_some()).then(|| {
        view! { <nav class="tabs" aria-label=tr(Msg::ObjectTabs)>{tabs_of(row).map(tab).collect_view()}</nav> }
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::kinds::KINDS;

    #[test]
    fn tabs_have_names_of_their_own_and_a_wrong_name_is_the_first_tab() {
        let ids: BTreeSet<_> = TABS.iter().map(|tab| tab.id).collect();
        assert_eq!(ids.len(), TABS.len());
        for row in KINDS {
            assert_eq!(chosen(row, "unicorns").map(|tab| tab.id), Some(""), "{}", row.id);
        }
    }
}
