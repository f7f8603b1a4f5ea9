//! The pages of the side bar: groups that fold, of fixed pages and of the kinds that the API server serves.

use crate::components::IconName;
use crate::i18n::{Msg, Words};
use crate::kinds::{Group, KindRow, served};
use crate::router::Page;

/// A page of the side bar.
#[derive(Clone, PartialEq)]
pub(in crate::views) struct Entry {
    pub(in crate::views) page: Page,
    pub(in crate::views) label: Words,
    pub(in crate::views) icon: IconName,
    /// The letter after `G`; empty where it has none.
    pub(in crate::views) key: &'static str,
}

/// A group of pages, in the order of the side bar.
pub(super) struct Section {
    /// Its name in storage.
    pub(super) id: &'static str,
    /// Nothing for the first, which has no head and does not fold.
    pub(super) title: Option<Msg>,
    /// Whether it is open until somebody folds it.
    pub(super) is_open: bool,
    /// The kinds in it, where there is a cluster.
    kinds: Option<Group>,
    /// Pages that are always there, behind the kinds.
    pages: &'static [Fixed],
}

/// A page that is no list of a kind.
struct Fixed {
    page: Page,
    label: Msg,
    icon: IconName,
    key: &'static str,
    when: When,
}

/// Where a page is offered.
#[derive(Clone, Copy, PartialEq, Eq)]
enum When {
    Always,
    /// It is about a cluster.
    WithCluster,
    /// It stands for a kind, which is there where there is a cluster.
    WithoutCluster,
}

impl When {
    fn holds(self, has_cluster: bool) -> bool {
        match self {
            Self::Always => true,
            Self::WithCluster => has_cluster,
            Self::WithoutCluster => !has_cluster,
        }
    }
}

const fn fixed(page: Page, label: Msg, icon: IconName, key: &'static str) -> Fixed {
    Fixed { page, label, icon, key, when: When::Always }
}

const fn kinds(id: &'static str, title: Msg, group: Group, is_open: bool) -> Section {
    Section { id, title: Some(title), is_open, kinds: Some(group), pages: &[] }
}

/// All groups.
pub(super) static SECTIONS: &[Section] = &[
    Section {
        id: "",
        title: None,
        is_open: true,
        kinds: None,
        pages: &[
            fixed(Page::Overview, Msg::Overview, IconName::Home, "O"),
            Fixed {
                page: Page::Map,
                label: Msg::Map,
                icon: IconName::Map,
                key: "M",
                when: When::WithCluster,
            },
        ],
    },
    kinds("workloads", Msg::GroupWorkloads, Group::Workloads, true),
    kinds("network", Msg::GroupNetwork, Group::Network, true),
    kinds("configuration", Msg::GroupConfiguration, Group::Configuration, false),
    kinds("storage", Msg::GroupStorage, Group::Storage, false),
    Section {
        pages: &[
            Fixed {
                page: Page::Nodes,
                label: Msg::Nodes,
                icon: IconName::Nodes,
                key: "N",
                when: When::WithoutCluster,
            },
            Fixed {
                page: Page::Cluster,
                label: Msg::ClusterTitle,
                icon: IconName::Compass,
                key: "C",
                when: When::WithCluster,
            },
            fixed(Page::Access, Msg::Access, IconName::Lock, "A"),
        ],
        id: "cluster",
        title: Some(Msg::GroupCluster),
        is_open: true,
        kinds: Some(Group::Cluster),
    },
    Section {
        id: "observe",
        title: Some(Msg::GroupObserve),
        is_open: true,
        kinds: None,
        pages: &[
            fixed(Page::Dashboards, Msg::Dashboards, IconName::Gauge, "D"),
            fixed(Page::Explore, Msg::Explore, IconName::Explore, "E"),
            fixed(Page::Alerts, Msg::Alerts, IconName::Bell, "L"),
            fixed(Page::Sources, Msg::Sources, IconName::Upload, "S"),
        ],
    },
    kinds("access", Msg::GroupAccess, Group::Access, false),
    kinds("system", Msg::GroupSystem, Group::System, false),
    kinds("custom", Msg::GroupCustom, Group::Custom, false),
];

/// Letters after `G` that lead to lists.
const LETTERS: &[(&str, &str)] = &[("pods", "P"), ("nodes", "N"), ("events", "V")];

impl Section {
    /// Its pages.
    pub(super) fn entries(&self, has_cluster: bool) -> Vec<Entry> {
        let rows = if has_cluster { served::rows() } else { Vec::new() };
        let rows = rows.into_iter().filter(|row| Some(row.group) == self.kinds).map(Entry::of);
        let pages = self.pages.iter().filter(|page| page.when.holds(has_cluster));
        rows.chain(pages.map(Fixed::entry)).collect()
    }
}

impl Entry {
    fn of(row: &'static KindRow) -> Self {
        let key = LETTERS.iter().find(|(id, _)| *id == row.id).map_or("", |(_, key)| *key);
        Self { page: row.list_page(), label: row.title, icon: row.icon, key }
    }

    /// Whether `page` is its page or lies below it.
    pub(super) fn is_around(&self, page: &Page) -> bool {
        match (page, &self.page) {
            (Page::Node(_), Page::Nodes)
            | (Page::AccessWho, Page::Access)
            | (Page::Dashboard(_), Page::Dashboards) => true,
            (Page::Object(id, ..), Page::List(list)) => id == list,
            _ => *page == self.page,
        }
    }
}

impl Fixed {
    fn entry(&self) -> Entry {
        Entry { page: self.page.clone(), label: self.label.words(), icon: self.icon, key: self.key }
    }
}

/// The section and the entry that a page is in.
pub(super) fn place_of(page: &Page, has_cluster: bool) -> Option<(&'static Section, Entry)> {
    SECTIONS.iter().find_map(|section| {
        let entry = section.entries(has_cluster).into_iter().find(|entry| entry.is_around(page))?;
        Some((section, entry))
    })
}

/// All pages, each with the title of its section.
pub(in crate::views) fn all_entries(has_cluster: bool) -> Vec<(Option<Msg>, Entry)> {
    SECTIONS
        .iter()
        .flat_map(|section| section.entries(has_cluster).into_iter().map(|entry| (section.title, entry)))
        .collect()
}

/// The few pages of the bar of narrow screens; the rest is behind "More".
pub(super) fn first(has_cluster: bool) -> Vec<Entry> {
    let all = SECTIONS.iter().flat_map(|section| section.entries(has_cluster));
    let is_first = |page: &Page| {
        matches!(page, Page::Overview | Page::Nodes | Page::Explore | Page::List("pods" | "events"))
    };
    all.filter(|entry| is_first(&entry.page)).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::kinds::KINDS;
    use crate::router::Route;
    use crate::shortcuts::go_target;

    #[test]
    fn every_entry_is_reached_by_its_letter_and_by_its_address() {
        for section in SECTIONS {
            for entry in section.entries(true) {
                assert_eq!(Route::parse(&Route::to(entry.page.clone()).to_string()).page, entry.page);
                if !entry.key.is_empty() {
                    assert_eq!(go_target(&entry.key.to_lowercase()), Some(entry.page.clone()));
                }
            }
        }
    }

    #[test]
    fn every_kind_is_in_one_section_and_without_a_cluster_there_is_none() {
        let all: Vec<_> = SECTIONS.iter().flat_map(|section| section.entries(true)).collect();
        for row in KINDS {
            assert_eq!(all.iter().filter(|entry| entry.page == row.list_page()).count(), 1, "{}", row.id);
        }
        let ids: BTreeSet<_> = SECTIONS.iter().map(|section| section.id).collect();
        assert_eq!(ids.len(), SECTIONS.len());
        let alone: Vec<_> =
            SECTIONS.iter().flat_map(|section| section.entries(false)).map(|one| one.page).collect();
        let wanted = [
            Page::Overview,
            Page::Nodes,
            Page::Access,
            Page::Dashboards,
            Page::Explore,
            Page::Alerts,
            Page::Sources,
        ];
        assert_eq!(alone, wanted);
    }
}
