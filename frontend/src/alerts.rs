//! What alerts are to people: what one says, what it is about, which ones a filter finds, and how they are grouped.

mod filter;
mod grouping;
mod news;
mod subject;

use crowsnest_api::Labels;
pub(crate) use crowsnest_api::alerts::said;
use crowsnest_api::alerts::{Alert, AlertState, is_critical, is_watchdog};

pub(crate) use filter::{Condition, Filter};
pub(crate) use grouping::{GroupBy, firing, group};
pub(crate) use news::{Known, News};
pub(crate) use subject::page_of;

use crate::components::Tone;
use crate::router::{Page, Route};

/// Labels that are said elsewhere on the page.
const SAID_ELSEWHERE: &[&str] = &["alertname", "severity"];

/// The way to the editor of rules, with a query in it.
pub(crate) fn alert_of(query: &str) -> Route {
    Route::to(Page::Alerts).with("view", "rule").with("expr", query)
}

/// A label of an alert; empty where it has none of that name.
pub(crate) fn label<'l>(labels: &'l Labels, name: &str) -> &'l str {
    labels.get(name).map(|value| value.as_str()).unwrap_or_default()
}

/// What an alert says of itself, or its name.
pub(crate) fn words(alert: &Alert) -> &str {
    said(&alert.annotations).unwrap_or_else(|| label(&alert.labels, "alertname"))
}

/// The labels that a row shows, as they are written in selectors.
pub(crate) fn label_words(labels: &Labels, leaves_out: &str) -> String {
    let shown = labels.iter().filter(|one| {
        let name = one.name.as_str();
        !SAID_ELSEWHERE.contains(&name) && name != leaves_out
    });
    shown.map(|one| format!("{}={:?}", one.name, one.value)).collect::<Vec<_>>().join(" ")
}

/// How bad it is. Whatever nobody is told of is grey.
pub(crate) fn tone(alert: &Alert) -> Tone {
    if is_watchdog(&alert.labels) {
        return Tone::Ok;
    }
    match (alert.state, label(&alert.labels, "severity")) {
        (AlertState::Pending, _) => Tone::Progress,
        (AlertState::Silenced | AlertState::Inhibited | AlertState::Muted, _) => Tone::Unknown,
        (AlertState::Firing, _) if is_critical(&alert.labels) => Tone::Critical,
        (AlertState::Firing, "info" | "none") => Tone::Done,
        (AlertState::Firing, _) => Tone::Warning,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn alert(labels: &[(&str, &str)], state: AlertState) -> Alert {
        Alert { labels: Labels::from_pairs(labels.iter().copied()), state, ..Alert::default() }
    }

    #[test]
    fn an_alert_says_what_its_annotations_say_or_its_name() {
        let mut one =
            alert(&[("alertname", "A"), ("pod", "web-1"), ("severity", "page")], AlertState::Firing);
        assert_eq!((words(&one), tone(&one)), ("A", Tone::Critical));
        assert_eq!(label_words(&one.labels, ""), "pod=\"web-1\"");
        assert_eq!(label_words(&one.labels, "pod"), "");
        one.annotations = BTreeMap::from([("description".to_owned(), "too often".to_owned())]);
        assert_eq!(words(&one), "too often");
    }

    #[test]
    fn what_nobody_is_told_of_is_grey_and_what_always_fires_is_well() {
        let page = [("alertname", "A"), ("severity", "page")];
        assert_eq!(tone(&alert(&page, AlertState::Silenced)), Tone::Unknown);
        assert_eq!(tone(&alert(&page, AlertState::Pending)), Tone::Progress);
        assert_eq!(tone(&alert(&[("alertname", "Watchdog")], AlertState::Firing)), Tone::Ok);
    }
}
