//! A panel that lists alerts.

use std::time::Duration;

use crowsnest_dashboards::interpolate::Format;
use crowsnest_dashboards::lists::{AlertList, AlertOrder};
use crowsnest_dashboards::pattern::Engine;
use crowsnest_promql::ast::{ExprKind, LabelMatcher};
use crowsnest_promql::{MatchOp, parse};
use leptos::prelude::*;

use crate::api::{Alert, fetch_alerts, use_client};
use crate::boards::BrowserPatterns;
use crate::cluster::object::moment;
use crate::components::{BoneLines, Faced, Icon, Tone};
use crate::i18n::{Msg, tr};
use crate::poll::{Cadence, poll};
use crate::views::dashboard::panel::Shown;
use crate::views::list::Age;

const EVERY: Duration = Duration::from_secs(30);

/// The alerts that fit the panel's options.
#[component]
pub(super) fn AlertsView(shown: Shown) -> impl IntoView {
    let client = use_client();
    let feed = poll(
        move || (shown.board.now.get(), Cadence::Every(EVERY)),
        move |_, abort| fetch_alerts(client, abort),
    );
    let options = Memo::new(move |_| {
        let mut options =
            shown.panel.with(|panel| panel.as_ref().map(|panel| AlertList::read(&panel.options)))?;
        options.name = shown.fill(&options.name, &Format::Text);
        options.labels = shown.fill(&options.labels, &Format::PromQl);
        Some(options)
    });
    let own = Memo::new(move |_| {
        let alerts = feed.value.get().unwrap_or_default();
        options.with(|options| options.as_ref().map(|options| chosen(alerts, options, &BrowserPatterns)))
    });
    let total = move || own.with(|own| own.as_ref().map_or(0, Vec::len));
    let is_number = move || options.with(|options| options.as_ref().is_some_and(|options| options.is_number));
    let list = move || {
        let most = options.with(|options| options.as_ref().map_or(0, |options| options.most));
        own.get().into_iter().flatten().take(most).map(line).collect_view()
    };
    let content = move || match (is_number(), total()) {
        (true, total) => view! { <p class="board__number">{total}</p> }.into_any(),
        (false, 0) => view! { <p class="board__message">{tr(Msg::NoAlertsHere)}</p> }.into_any(),
        (false, _) => view! { <ol class="told-list board__list">{list}</ol> }.into_any(),
    };
    view! { <Faced feed=feed what=Msg::PanelAlerts bones=|| view! { <BoneLines/> } content=content/> }
}

fn line(alert: Alert) -> impl IntoView {
    let tone = alert.tone();
    let labels: Vec<String> = alert
        .labels()
        .iter()
        .filter(|label| label.name != "alertname")
        .map(|label| format!("{}={}", label.name, label.value))
        .collect();
    view! {
        <li class=format!("told {}", tone.class())>
            <span class="told__age">{moment(&alert.active_at).map(|at| view! { <Age at=at/> })}</span>
            <Icon name=tone.icon()/>
            <p class="told__words"><strong>{alert.name().to_owned()}</strong>" "{alert.words().to_owned()}" "<small>{labels.join(" ")}</small></p>
        </li>
    }
}

/// Those of `alerts` that `options` ask for, in their order.
fn chosen(alerts: Vec<Alert>, options: &AlertList, engine: &dyn Engine) -> Vec<Alert> {
    let conditions = conditions(&options.labels);
    let name = options.name.to_lowercase();
    let fits = |alert: &Alert| {
        let is_wanted = if alert.is_firing() { options.firing } else { options.pending };
        is_wanted
            && alert.name().to_lowercase().contains(&name)
            && conditions.iter().all(|condition| holds(condition, alert, engine))
    };
    let mut chosen: Vec<Alert> = alerts.into_iter().filter(fits).collect();
    chosen.sort_by(|a, b| a.name().cmp(b.name()).then_with(|| a.labels().cmp(b.labels())));
    match options.order {
        AlertOrder::Name => {}
        AlertOrder::NameBackwards => chosen.reverse(),
        AlertOrder::Severity => chosen.sort_by_key(|alert| rank(alert.tone())),
        // Times are written alike, so that texts have their order.
        AlertOrder::Oldest => chosen.sort_by(|a, b| a.active_at.cmp(&b.active_at)),
        AlertOrder::Newest => chosen.sort_by(|a, b| b.active_at.cmp(&a.active_at)),
    }
    chosen
}

fn rank(tone: Tone) -> u8 {
    match tone {
        Tone::Critical => 0,
        Tone::Warning => 1,
        _ => 2,
    }
}

/// The conditions of a selector without a name; none where it cannot be read.
fn conditions(selector: &str) -> Vec<LabelMatcher> {
    if selector.trim().is_empty() {
        return Vec::new();
    }
    // With a name, conditions that everything fits are allowed as well.
    match parse(&format!("alerts{}", selector.trim())).map(|expr| expr.kind) {
        Ok(ExprKind::Selector(selector)) => selector.matchers,
        _ => Vec::new(),
    }
}

fn holds(condition: &LabelMatcher, alert: &Alert, engine: &dyn Engine) -> bool {
    let value = alert.labels().get(condition.name.as_str()).map(|value| value.as_str()).unwrap_or_default();
    let is_match = || {
        let pattern = engine.compile(&format!("^(?:{})$", condition.value), "s");
        pattern.is_some_and(|pattern| pattern.is_match(value))
    };
    match condition.op {
        MatchOp::Equal => value == condition.value,
        MatchOp::NotEqual => value != condition.value,
        MatchOp::Regex => is_match(),
        MatchOp::NotRegex => !is_match(),
    }
}

#[cfg(test)]
mod tests {
    use crowsnest_dashboards::pattern::Fancy;
    use serde_json::json;

    use super::*;

    fn alert(name: &str, severity: &str, state: &str, at: &str) -> Alert {
        let alert = json!({"labels": {"alertname": name, "severity": severity, "cluster": "a"}, "annotations": {},
            "state": state, "activeAt": at});
        serde_json::from_value(alert).unwrap()
    }

    #[track_caller]
    fn check(options: &serde_json::Value, expected: &[&str]) {
        let alerts = vec![
            alert("B", "warning", "firing", "2026-01-02T00:00:00Z"),
            alert("A", "critical", "firing", "2026-01-03T00:00:00Z"),
            alert("C", "none", "pending", "2026-01-01T00:00:00Z"),
        ];
        let chosen = chosen(alerts, &AlertList::read(options), &Fancy);
        assert_eq!(chosen.iter().map(Alert::name).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn alerts_are_chosen_by_state_name_and_labels_and_come_in_the_order_that_is_asked_for() {
        check(&json!({}), &["A", "B", "C"]);
        check(&json!({"stateFilter": {"firing": true}, "sortOrder": 2}), &["B", "A"]);
        check(&json!({"sortOrder": 3}), &["A", "B", "C"]);
        check(&json!({"sortOrder": 4}), &["C", "B", "A"]);
        check(&json!({"alertName": "a"}), &["A"]);
        check(
            &json!({"alertInstanceLabelFilter": "{severity=~\"warn.+|critical\", cluster=~\"x|a|\", }"}),
            &["A", "B"],
        );
        check(&json!({"alertInstanceLabelFilter": "{severity!=\"critical\"}"}), &["B", "C"]);
    }
}
