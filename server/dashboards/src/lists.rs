//! Panels that list what is kept elsewhere, alerts and dashboards: what their options say. Who draws them has what is listed.

use serde_json::Value;

use crate::json;

/// The most lines of a list.
const MOST: i64 = 200;

/// The options of a list of alerts, `alertlist`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlertList {
    /// Whether alerts that fire are listed.
    pub firing: bool,
    /// Whether those are that wait until they may fire.
    pub pending: bool,
    /// Part of an alert's name, before interpolation; empty for all.
    pub name: String,
    /// Conditions on labels as in a selector, `{severity="critical"}`, before interpolation; empty for all.
    pub labels: String,
    /// The most alerts.
    pub most: usize,
    /// Which come first.
    pub order: AlertOrder,
    /// Whether only their number is wanted.
    pub is_number: bool,
}

/// The order of alerts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AlertOrder {
    /// By name.
    Name,
    /// By name, backwards.
    NameBackwards,
    /// The worst first.
    Severity,
    /// The oldest first.
    Oldest,
    /// The newest first.
    Newest,
}

/// The options of a list of dashboards, `dashlist`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DashboardList {
    /// Whether those with a star of the viewer's are listed.
    pub starred: bool,
    /// Whether those are that the viewer saw last; nobody writes that down here.
    pub recent: bool,
    /// Whether those are that fit `words`, `tags` and `folder`.
    pub search: bool,
    /// Whether each list has a heading.
    pub headings: bool,
    /// Part of a title, before interpolation; empty for all.
    pub words: String,
    /// All of these.
    pub tags: Vec<String>,
    /// The folder; `None` for all.
    pub folder: Option<String>,
    /// The most dashboards of each list.
    pub most: usize,
    /// Whether the values of this dashboard's variables go along.
    pub with_variables: bool,
    /// Whether its time range goes along.
    pub with_time: bool,
    /// Whether folders are named.
    pub names_folders: bool,
}

impl AlertList {
    /// Reads a panel's `options`.
    pub fn read(options: &Value) -> Self {
        let states = json::at(options, "stateFilter");
        let state = |name: &str| json::flag(states, name);
        // Nothing chosen is everything that is wrong.
        let all = !["firing", "pending"].into_iter().any(state);
        Self {
            firing: all || state("firing"),
            pending: all || state("pending"),
            name: json::text(options, "alertName").unwrap_or_default(),
            labels: json::text(options, "alertInstanceLabelFilter").unwrap_or_default(),
            most: most(options, 20),
            order: match json::whole(options, "sortOrder", 1, 5, 1) {
                2 => AlertOrder::NameBackwards,
                3 => AlertOrder::Severity,
                4 => AlertOrder::Oldest,
                5 => AlertOrder::Newest,
                _ => AlertOrder::Name,
            },
            is_number: json::text(options, "viewMode").as_deref() == Some("stat"),
        }
    }
}

impl DashboardList {
    /// Reads a panel's `options`.
    pub fn read(options: &Value) -> Self {
        let shows = |key: &str| options.get(key).is_none_or(|_| json::flag(options, key));
        let folder = json::filled(options, "folderUID").filter(|folder| folder != "general");
        Self {
            starred: shows("showStarred"),
            recent: json::flag(options, "showRecentlyViewed"),
            search: json::flag(options, "showSearch"),
            headings: shows("showHeadings"),
            words: json::text(options, "query").unwrap_or_default(),
            tags: json::texts(options, "tags"),
            folder,
            most: most(options, 10),
            with_variables: json::flag(options, "includeVars"),
            with_time: json::flag(options, "keepTime"),
            names_folders: json::flag(options, "showFolderNames"),
        }
    }
}

fn most(options: &Value, usual: i64) -> usize {
    usize::try_from(json::whole(options, "maxItems", 1, MOST, usual)).unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::import::{Answers, Limits, import_value};

    #[test]
    fn a_list_of_alerts_has_its_states_conditions_and_order() {
        let list = AlertList::read(
            &json!({"stateFilter": {"firing": true, "pending": false, "normal": true},
            "alertInstanceLabelFilter": "{cluster=~\"$cluster|\", }", "maxItems": 5, "sortOrder": 3, "viewMode": "stat"}),
        );
        assert!(list.firing && !list.pending && list.is_number);
        assert_eq!((list.most, list.order), (5, AlertOrder::Severity));
        let usual = AlertList::read(&json!({}));
        assert!(usual.firing && usual.pending && !usual.is_number);
    }

    #[test]
    fn a_list_of_dashboards_of_before_grafana_8_is_read_as_one_of_today() {
        let json = json!({"title": "T", "panels": [{"type": "dashlist", "search": true, "starred": false, "recent": true, "headings": false,
            "limit": 4, "query": "kube", "tags": ["k"]}]});
        let panel =
            import_value(json, &Answers::new(), &Limits::default()).unwrap().dashboard.panels().remove(0);
        let list = DashboardList::read(&panel.options);
        assert!(list.search && !list.starred && list.recent && !list.headings);
        assert_eq!(
            (list.most, list.words.as_str(), list.tags.as_slice()),
            (4, "kube", ["k".to_owned()].as_slice())
        );
        assert_eq!(list.folder, None);
    }
}
