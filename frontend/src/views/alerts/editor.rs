//! A rule in the making: what it says on one side, what would have come of it on the other.

use std::collections::BTreeMap;
use std::time::Duration;

use crowsnest_api::rules::{RuleText, Rules, Saving, Written};
use leptos::ev;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::preview::PreviewPanel;
use crate::api::{Refusal, delete_rule, fetch_written_rules, save_rule, use_client};
use crate::components::{BoneRows, Editor, EditorState, Faced, Panel, Select, TextInput, Tone};
use crate::i18n::{Msg, fill, tr, use_lang};
use crate::known_names::{labels_for, metrics, vocabulary};
use crate::notices::use_notices;
use crate::poll::{Cadence, poll};
use crate::query_text::Mistake;
use crate::router::{Page, Route, use_router};
use crate::views::act::RefusalFace;

/// Severities that are offered.
const SEVERITIES: [&str; 4] = ["critical", "warning", "info", "none"];
/// Where rules about the whole cluster are.
const WHOLE: &str = "crowsnest";

/// The address of the editor with the rule of an id.
pub(super) fn editor_of(id: &str) -> Route {
    Route::to(Page::Alerts).with("view", "rule").with("rule", id)
}

/// What is written; all of it signals, cheap to copy.
#[derive(Clone, Copy)]
pub(super) struct Draft {
    pub(super) id: StoredValue<String>,
    version: u64,
    folder: RwSignal<String>,
    name: RwSignal<String>,
    expr: EditorState,
    hold: RwSignal<String>,
    keep: RwSignal<String>,
    severity: RwSignal<String>,
    labels: RwSignal<String>,
    summary: RwSignal<String>,
    description: RwSignal<String>,
    /// Annotations that have no field here.
    others: StoredValue<BTreeMap<String, String>>,
}

impl Draft {
    fn of(written: Written) -> Self {
        let Written { id, folder, version, rule, .. } = written;
        let RuleText { alert, expr, hold, keep_firing_for, mut labels, mut annotations } = rule;
        let take = |map: &mut BTreeMap<String, String>, name: &str| map.remove(name).unwrap_or_default();
        let severity = take(&mut labels, "severity");
        let (summary, description) =
            (take(&mut annotations, "summary"), take(&mut annotations, "description"));
        Self {
            id: StoredValue::new(id),
            version,
            folder: RwSignal::new(folder),
            name: RwSignal::new(alert),
            expr: EditorState::new(expr),
            hold: RwSignal::new(hold),
            keep: RwSignal::new(keep_firing_for),
            severity: RwSignal::new(severity),
            labels: RwSignal::new(written_labels(&labels)),
            summary: RwSignal::new(summary),
            description: RwSignal::new(description),
            others: StoredValue::new(annotations),
        }
    }

    /// The rule as it is now.
    pub(super) fn rule(self) -> RuleText {
        let mut labels = read_labels(&self.labels.get());
        let mut annotations = self.others.get_value();
        let set = |map: &mut BTreeMap<String, String>, name: &str, text: String| {
            if !text.trim().is_empty() {
                map.insert(name.to_owned(), text);
            }
        };
        set(&mut labels, "severity", self.severity.get());
        set(&mut annotations, "summary", self.summary.get());
        set(&mut annotations, "description", self.description.get());
        RuleText {
            alert: self.name.get(),
            expr: self.expr.text.get(),
            hold: self.hold.get(),
            keep_firing_for: self.keep.get(),
            labels,
            annotations,
        }
    }

    pub(super) fn folder(self) -> String {
        self.folder.get().trim().to_owned()
    }
}

/// `team=shop, tier=1`.
fn written_labels(labels: &BTreeMap<String, String>) -> String {
    labels.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(", ")
}

/// The same read; what has no name or no value is left out.
fn read_labels(text: &str) -> BTreeMap<String, String> {
    let pairs = text.split(',').filter_map(|pair| pair.split_once('='));
    let pairs = pairs.map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned()));
    pairs.filter(|(name, value)| !name.is_empty() && !value.is_empty()).collect()
}

/// The editor: for the rule that the address names, or for a new one.
#[component]
pub(super) fn RuleEditor() -> impl IntoView {
    let (client, router) = (use_client(), use_router());
    let route = router.route_now();
    let param = move |name: &str| route.params.get(name).unwrap_or_default().to_owned();
    let (id, expr) = (param("rule"), param("expr"));
    let feed = poll(|| ((), Cadence::Once), move |(), abort| fetch_written_rules(client, abort));
    let begun = move |all: &Rules| match all.rules.iter().find(|written| written.id == id) {
        Some(written) => written.clone(),
        None => {
            let labels = [("severity".to_owned(), "warning".to_owned())].into();
            let rule = RuleText { expr: expr.clone(), hold: "5m".to_owned(), labels, ..RuleText::default() };
            Written { folder: WHOLE.to_owned(), rule, may_change: true, ..Written::default() }
        }
    };
    let content = move || {
        let written = feed.value.with_untracked(|all| all.as_ref().map(&begun));
        written.map(|written| {
            let may_change = written.may_change;
            let draft = Draft::of(written);
            view! {
                <div class="rule-editor">
                    <Form draft=draft may_change=may_change/>
                    <PreviewPanel draft=draft/>
                </div>
            }
        })
    };
    view! { <Faced feed=feed what=Msg::AlertRules bones=|| view! { <BoneRows rows=6/> } content=content/> }
}

#[component]
fn Form(draft: Draft, may_change: bool) -> impl IntoView {
    let (client, router, lang, notices) = (use_client(), use_router(), use_lang(), use_notices());
    let is_new = draft.version == 0;
    let refusal = RwSignal::new(None::<Refusal>);
    let busy = RwSignal::new(false);
    let back = move || router.push(Route::to(Page::Alerts).with("view", "rules"));
    let done = move |result: Result<Msg, Refusal>| {
        busy.try_set(false);
        match result {
            Ok(words) => {
                notices.tell(Tone::Ok, words.text(lang.get_untracked()).to_owned());
                back();
            }
            Err(why) => drop(refusal.try_set(Some(why))),
        }
    };
    let save = move |event: ev::SubmitEvent| {
        event.prevent_default();
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        let saving =
            untrack(|| Saving { rule: draft.rule(), folder: draft.folder(), version: draft.version });
        let id = draft.id.get_value();
        spawn_local(async move { done(save_rule(client, &id, &saving).await.map(|_| Msg::RuleSaved)) });
    };
    let delete = move |_| {
        let id = draft.id.get_value();
        busy.set(true);
        spawn_local(async move { done(delete_rule(client, &id).await.map(|()| Msg::RuleDeleted)) });
    };
    let is_incomplete = move || {
        draft.name.with(|name| name.trim().is_empty()) || draft.expr.text.with(|expr| expr.trim().is_empty())
    };
    let word = move |msg: Msg| Signal::derive(move || msg.text(lang.get()).to_owned());
    let severities = move || {
        let own = draft.severity.get();
        let offered = SEVERITIES.into_iter().map(str::to_owned);
        let all = offered.chain((!SEVERITIES.contains(&own.as_str())).then_some(own));
        all.map(|one| (one.clone(), one)).collect::<Vec<_>>()
    };
    let title = word(if is_new { Msg::NewRule } else { Msg::ChangeRule });
    let field = |label: Msg, value: RwSignal<String>, hint: Option<Msg>| {
        view! {
            <label class="field">
                <span class="field__label">{tr(label)}</span>
                <TextInput value=value/>
                {hint.map(|hint| view! { <span class="field__hint">{tr(hint)}</span> })}
            </label>
        }
    };
    view! {
        <Panel title=title>
            <form class="rule-editor__form" on:submit=save>
                {field(Msg::RuleName, draft.name, None)}
                <Query draft=draft/>
                <div class="rule-editor__row">
                    {field(Msg::RuleHold, draft.hold, Some(Msg::RuleHoldWhy))}
                    {field(Msg::RuleKeep, draft.keep, Some(Msg::RuleKeepWhy))}
                </div>
                <div class="rule-editor__row">
                    <Select
                        label=word(Msg::Severity)
                        options=Signal::derive(severities)
                        value=draft.severity
                        on_change=move |value| draft.severity.set(value)
                    />
                    {field(Msg::RuleLabels, draft.labels, Some(Msg::RuleLabelsWhy))}
                </div>
                {field(Msg::RuleSummary, draft.summary, Some(Msg::RuleSummaryWhy))}
                {field(Msg::RuleDescription, draft.description, None)}
                {field(Msg::FolderName, draft.folder, Some(Msg::RuleFolderWhy))}
                {move || refusal.get().map(|refusal| view! { <RefusalFace refusal=refusal/> })}
                <div class="dialog__foot">
                    <Show when=move || !is_new && may_change>
                        <button type="button" class="btn is-critical" disabled=move || busy.get() on:click=delete>{tr(Msg::Delete)}</button>
                    </Show>
                    <button type="button" class="btn" on:click=move |_| back()>{tr(Msg::Cancel)}</button>
                    <button type="submit" class="btn btn--primary" disabled=move || busy.get() || is_incomplete() || !may_change>{tr(Msg::Save)}</button>
                </div>
            </form>
        </Panel>
    }
}

/// The expression, written as in Explore.
#[component]
fn Query(draft: Draft) -> impl IntoView {
    let expr = draft.expr;
    let vocabulary = vocabulary(metrics());
    let labels = labels_for(expr);
    let mistake = Memo::new(move |_| {
        let typed = expr.text.get();
        if expr.caret.get().is_some() || typed.trim().is_empty() { None } else { Mistake::of_text(&typed) }
    });
    view! {
        <div class="field">
            <span class="field__label">{tr(Msg::Query)}</span>
            <Editor state=expr mistake=mistake vocabulary=vocabulary labels=labels on_run=|()| ()/>
        </div>
    }
}

/// The rules that were made here, above the groups: what is to be changed, and what does not run.
#[component]
pub(super) fn WrittenRules() -> impl IntoView {
    let (client, lang) = (use_client(), use_lang());
    let feed = poll(
        || ((), Cadence::Every(Duration::from_secs(30))),
        move |(), abort| fetch_written_rules(client, abort),
    );
    let all = Memo::new(move |_| feed.value.get().unwrap_or_default());
    let row = move |written: Written| {
        let stopped = written.stopped.clone();
        let by = fill(Msg::SilenceBy.text(lang.get()), &[("user", &written.by)]);
        view! {
            <li class="rule-editor__written">
                <a class="link" href=editor_of(&written.id).to_string()>{written.rule.alert.clone()}</a>
                <span class="table__dim">{format!("{} · {by}", written.folder)}</span>
                {stopped.map(|why| view! { <p class="field__hint is-wrong">{why}</p> })}
            </li>
        }
    };
    let fault = |fault: crowsnest_api::rules::Fault| {
        view! { <li class="rule-editor__written"><strong>{fault.place}</strong><code class="field__hint is-wrong">{fault.message}</code></li> }
    };
    let word = move |msg: Msg| Signal::derive(move || msg.text(lang.get()).to_owned());
    view! {
        <Show when=move || all.with(|all| !all.faults.is_empty())>
            <Panel title=word(Msg::RuleFaults)>
                <ul>{move || all.get().faults.into_iter().map(fault).collect_view()}</ul>
            </Panel>
        </Show>
        <Show when=move || all.with(|all| !all.rules.is_empty())>
            <Panel title=word(Msg::RulesMadeHere)>
                <ul>{move || all.get().rules.into_iter().map(row).collect_view()}</ul>
            </Panel>
        </Show>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_read_as_they_are_written() {
        let labels: BTreeMap<String, String> =
            [("team".to_owned(), "shop".to_owned()), ("tier".to_owned(), "a=b".to_owned())].into();
        assert_eq!(written_labels(&labels), "team=shop, tier=a=b");
        assert_eq!(read_labels("team=shop, tier=a=b"), labels);
        assert!(read_labels("team, =x, y=").is_empty());
    }
}
