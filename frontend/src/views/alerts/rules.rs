//! The rules: how they are, how long their evaluation takes, and when their alerts fired.

use std::time::Duration;

use leptos::prelude::*;

use super::editor::WrittenRules;
use super::timeline::Timeline;
use crate::api::{Rule, RuleGroup, fetch_alert_rules, use_client};
use crate::cluster::object::moment;
use crate::components::{Blank, BoneRows, Faced, IconName, Panel, Status, Tone};
use crate::format;
use crate::i18n::{Msg, fill, tr, use_lang};
use crate::poll::{Cadence, poll};
use crate::router::{Page, Route, use_router};
use crate::views::list::Age;

/// How often they are asked for.
const AGAIN: Duration = Duration::from_secs(15);
/// Groups that are drawn; the filter finds the others.
const MOST_GROUPS: usize = 100;
const COLUMNS: [(Msg, &str); 4] =
    [(Msg::ColumnStatus, ""), (Msg::ColumnName, ""), (Msg::Query, ""), (Msg::ColumnEvaluation, "table__num")];

/// All groups with their rules.
#[component]
pub(super) fn RuleList() -> impl IntoView {
    let (client, lang) = (use_client(), use_lang());
    let feed = poll(|| ((), Cadence::Every(AGAIN)), move |(), abort| fetch_alert_rules(client, abort));
    let filter = use_router().param("filter");
    let open = RwSignal::new(None::<String>);
    let shown = Memo::new(move |_| {
        let filter = filter.get().unwrap_or_default().to_lowercase();
        feed.value.with(|groups| found(groups.as_deref().unwrap_or_default(), &filter))
    });
    let word = move |msg: Msg| Signal::derive(move || msg.text(lang.get()).to_owned());
    let nothing = move || {
        let is_filtered = feed.value.with(|groups| groups.as_ref().is_some_and(|groups| !groups.is_empty()));
        let (title, why) = match is_filtered {
            true => (Msg::NoAlertsFound, Msg::NoAlertsFoundWhy),
            false => (Msg::NoAlertRules, Msg::NoAlertRulesWhy),
        };
        view! { <Blank icon=IconName::Bell title=word(title) why=word(why)/> }
    };
    let content = move || {
        let groups = move || shown.get().into_iter().take(MOST_GROUPS);
        view! {
            <Show when=move || !shown.with(Vec::is_empty) fallback=nothing>
                <div class="alerts__groups">
                    {move || groups().map(|group| view! { <GroupPanel group=group open=open/> }).collect_view()}
                </div>
            </Show>
        }
    };
    view! {
        <div class="alerts__groups"><WrittenRules/></div>
        <Faced feed=feed what=Msg::AlertRules bones=|| view! { <BoneRows rows=6/> } content=content/>
    }
}

/// Groups with those of their rules in whose name, query or group a text is; those that fail come first.
fn found(groups: &[RuleGroup], filter: &str) -> Vec<RuleGroup> {
    let has = |text: &str| text.to_lowercase().contains(filter);
    let own = |group: &RuleGroup| {
        let all = has(&group.name);
        let rules = group.rules.iter().filter(|rule| all || has(&rule.name) || has(&rule.query));
        RuleGroup { rules: rules.cloned().collect(), ..group.clone() }
    };
    let found = groups.iter().map(own).filter(|group| !group.rules.is_empty());
    let (failing, rest): (Vec<_>, Vec<_>) =
        found.partition(|group| group.rules.iter().any(|rule| rule.health == "err"));
    failing.into_iter().chain(rest).collect()
}

#[component]
fn GroupPanel(group: RuleGroup, open: RwSignal<Option<String>>) -> impl IntoView {
    let lang = use_lang();
    let head = |(title, class): (Msg, &'static str)| view! { <th scope="col" class=class>{tr(title)}</th> };
    let (title, file) = (group.name.clone(), group.file.clone());
    let (interval, took) = (group.interval, group.evaluation_time);
    let note = move || {
        let lang = lang.get();
        let values = [format::duration(lang, (interval * 1e3) as i64), format::latency(lang, took * 1e3)];
        let [interval, took] = values.each_ref().map(String::as_str);
        fill(Msg::EveryTakes.text(lang), &[("interval", interval), ("took", took)])
    };
    let evaluated = moment(&group.last_evaluation).filter(|at| *at > 0);
    let tools = move || evaluated.map(|at| view! { <Age at=at/> });
    let key = StoredValue::new(format!("{};{}", group.file, group.name));
    view! {
        <Panel title=title note=Signal::derive(note) tools=tools flush=true>
            <table class="table alerts__rules" title=file>
                <thead class="visually-hidden"><tr>{COLUMNS.map(head).collect_view()}</tr></thead>
                <tbody>
                    {group.rules.into_iter().map(|rule| view! { <RuleRow rule=rule group=key open=open/> }).collect_view()}
                </tbody>
            </table>
        </Panel>
    }
}

/// How a rule is: whether it can be evaluated, and what its alerts do.
fn state_of(rule: &Rule) -> (Msg, Tone) {
    match (rule.health.as_str(), rule.state.as_deref()) {
        ("err", _) => (Msg::RuleFails, Tone::Critical),
        ("unknown", _) => (Msg::RuleNew, Tone::Unknown),
        (_, Some("firing")) => (Msg::StateFiring, Tone::Warning),
        (_, Some("pending")) => (Msg::StatePending, Tone::Progress),
        (_, Some(_)) => (Msg::RuleQuiet, Tone::Ok),
        (_, None) => (Msg::RuleRecords, Tone::Ok),
    }
}

#[component]
fn RuleRow(rule: Rule, group: StoredValue<String>, open: RwSignal<Option<String>>) -> impl IntoView {
    let lang = use_lang();
    let (word, tone) = state_of(&rule);
    let is_alert = rule.state.is_some();
    let key = StoredValue::new(format!("{};{};{}", group.get_value(), rule.name, rule.query));
    let is_open = Memo::new(move |_| open.with(|open| key.with_value(|own| open.as_ref() == Some(own))));
    let turn = move |_| open.set((!is_open.get_untracked()).then(|| key.get_value()));
    let explore = Route::to(Page::Explore).with("q", &rule.query).to_string();
    let took = rule.evaluation_time;
    let name = StoredValue::new(rule.name.clone());
    let hold = rule.duration;
    let held = move || {
        let hold = format::duration(lang.get(), (hold * 1e3) as i64);
        fill(Msg::HeldFor.text(lang.get()), &[("hold", &hold)])
    };
    let texts = StoredValue::new(rule.annotations.values().cloned().collect::<Vec<_>>());
    let error = rule.last_error.clone();
    let row_error = error.clone().map(|error| {
        view! { <tr class="sources__why"><td colspan="4"><code>{error}</code></td></tr> }
    });
    let main = match is_alert {
        false => view! { <span class="mono">{rule.name.clone()}</span> }.into_any(),
        true => view! {
            <button type="button" class="link" aria-expanded=move || is_open.get().to_string() on:click=turn>{rule.name.clone()}</button>
        }
        .into_any(),
    };
    view! {
        <tr class:has-why=error.is_some()>
            <td><Status tone=tone>{tr(word)}</Status></td>
            <th scope="row" class="table__name">{main}</th>
            <td class="alerts__wrap"><a class="mono" href=explore title=tr(Msg::OpenInExplore)>{rule.query}</a></td>
            <td class="table__num table__dim">{move || format::latency(lang.get(), took * 1e3)}</td>
        </tr>
        {row_error}
        <Show when=move || is_open.get()>
            <tr class="sources__why">
                <td colspan="4">
                    <p>{held}</p>
                    {texts.with_value(|texts| texts.iter().map(|text| view! { <p>{text.clone()}</p> }).collect_view())}
                    <Timeline rule=name.get_value()/>
                </td>
            </tr>
        </Show>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(name: &str, health: &str) -> Rule {
        Rule { name: name.to_owned(), health: health.to_owned(), ..Rule::default() }
    }

    #[test]
    fn the_filter_looks_at_names_and_groups_and_what_fails_comes_first() {
        let group = |name: &str, rules| RuleGroup { name: name.to_owned(), rules, ..RuleGroup::default() };
        let groups = [
            group("nodes", vec![rule("Full", "ok"), rule("Gone", "ok")]),
            group("pods", vec![rule("Restarts", "err")]),
        ];
        let names = |filter: &str| -> Vec<String> {
            found(&groups, filter)
                .iter()
                .flat_map(|group| &group.rules)
                .map(|rule| rule.name.clone())
                .collect()
        };
        assert_eq!(names(""), ["Restarts", "Full", "Gone"]);
        assert_eq!(names("gone"), ["Gone"]);
        assert_eq!(names("nodes"), ["Full", "Gone"]);
        assert!(names("x").is_empty());
    }
}
