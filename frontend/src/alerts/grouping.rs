//! Alerts in groups: by name, namespace, node or severity.

use std::collections::BTreeMap;

use crowsnest_api::alerts::{Alert, AlertState, is_watchdog};

use super::{label, tone};
use crate::arrange::Arrange as _;
use crate::components::Tone;
use crate::i18n::Msg;

/// By which label.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum GroupBy {
    #[default]
    Name,
    Namespace,
    Node,
    Severity,
}

impl GroupBy {
    pub(crate) const ALL: [Self; 4] = [Self::Name, Self::Namespace, Self::Node, Self::Severity];

    /// The label.
    pub(crate) const fn label(self) -> &'static str {
        match self {
            Self::Name => "alertname",
            Self::Namespace => "namespace",
            Self::Node => "node",
            Self::Severity => "severity",
        }
    }

    pub(crate) const fn word(self) -> Msg {
        match self {
            Self::Name => Msg::ColumnName,
            Self::Namespace => Msg::ColumnNamespace,
            Self::Node => Msg::NodeLabel,
            Self::Severity => Msg::Severity,
        }
    }

    /// From an address.
    pub(crate) fn read(text: &str) -> Self {
        Self::ALL.into_iter().find(|by| by.label() == text).unwrap_or_default()
    }
}

/// How bad a tone is: the worst first.
const fn rank(tone: Tone) -> u8 {
    match tone {
        Tone::Critical => 0,
        Tone::Warning => 1,
        Tone::Progress => 2,
        Tone::Done => 3,
        Tone::Unknown => 4,
        Tone::Ok => 5,
    }
}

/// Groups with their alerts, the worst first, then those that came last.
pub(crate) fn group(alerts: Vec<Alert>, by: GroupBy) -> Vec<(String, Vec<Alert>)> {
    let mut groups: BTreeMap<String, Vec<Alert>> = BTreeMap::new();
    for alert in alerts {
        groups.entry(label(&alert.labels, by.label()).to_owned()).or_default().push(alert);
    }
    for alerts in groups.values_mut() {
        alerts.arrange_by(|a, b| {
            rank(tone(a)).cmp(&rank(tone(b))).then(b.since.total_cmp(&a.since)).then(a.labels.cmp(&b.labels))
        });
    }
    let mut groups: Vec<_> = groups.into_iter().collect();
    let worst = |alerts: &[Alert]| alerts.iter().map(|alert| rank(tone(alert))).min();
    groups.arrange_by_key(|(_, alerts)| worst(alerts));
    groups
}

/// How many of these fire, and are not muted.
pub(crate) fn firing(alerts: &[Alert]) -> usize {
    alerts.iter().filter(|alert| alert.state == AlertState::Firing && !is_watchdog(&alert.labels)).count()
}

#[cfg(test)]
mod tests {
    use crowsnest_api::Labels;

    use super::*;

    fn alert(name: &str, severity: &str, since: f64) -> Alert {
        let labels = Labels::from_pairs([("alertname", name), ("severity", severity)]);
        Alert { labels, since, ..Alert::default() }
    }

    #[test]
    fn the_worst_group_comes_first_and_in_it_what_came_last() {
        let alerts =
            vec![alert("a", "warning", 1.0), alert("b", "critical", 2.0), alert("a", "warning", 3.0)];
        let groups = group(alerts.clone(), GroupBy::Name);
        let names: Vec<_> = groups.iter().map(|(name, alerts)| (name.as_str(), alerts.len())).collect();
        assert_eq!(names, [("b", 1), ("a", 2)]);
        assert!(groups[1].1[0].since > groups[1].1[1].since);
        assert_eq!(group(alerts.clone(), GroupBy::Namespace).len(), 1);
        assert_eq!(firing(&alerts), 3);
        assert_eq!(GroupBy::read("severity"), GroupBy::Severity);
    }
}
