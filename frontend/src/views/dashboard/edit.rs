//! Editing a panel: its title, what it is shown as, its queries, its size. Everything else of it stays as it is.

use crowsnest_dashboards::interpolate::references;
use leptos::prelude::*;
use serde_json::{Value, json};

use crate::assist::Vocabulary;
use crate::boards::{Board, change};
use crate::components::{Dialog, Editor, EditorState, Icon, IconName, Select, TextInput};
use crate::i18n::{Msg, fill, tr, use_lang};
use crate::known_names::{labels_for, metrics, vocabulary};
use crate::query_text::Mistake;

/// Kinds that a panel is made of here.
const OFFERED: &[&str] = &[
    "timeseries",
    "stat",
    "gauge",
    "bargauge",
    "table",
    "barchart",
    "piechart",
    "histogram",
    "heatmap",
    "state-timeline",
    "status-history",
    "text",
];
/// The most queries of a panel; they are named by letters.
const MOST_QUERIES: usize = 26;

/// The number of the panel that is edited. One for the page.
#[derive(Clone, Copy)]
struct Editing(RwSignal<Option<i64>>);

/// Puts it into the context.
pub(super) fn provide_editing() {
    provide_context(Editing(RwSignal::new(None)));
}

/// The number of the panel that is edited; setting it opens the window.
pub(super) fn use_editing() -> RwSignal<Option<i64>> {
    expect_context::<Editing>().0
}

/// A query while it is edited.
#[derive(Clone)]
struct Draft {
    /// As it is stored, with what is not edited here.
    target: Value,
    name: String,
    expr: EditorState,
    legend: RwSignal<String>,
    instant: RwSignal<bool>,
}

impl Draft {
    fn of(target: &Value) -> Self {
        let text = |key: &str| target[key].as_str().unwrap_or_default().to_owned();
        Self {
            name: text("refId"),
            expr: EditorState::new(text("expr")),
            legend: RwSignal::new(text("legendFormat")),
            instant: RwSignal::new(target["instant"].as_bool().unwrap_or(false)),
            target: target.clone(),
        }
    }

    fn write(&self) -> Value {
        let mut target = self.target.clone();
        target["refId"] = self.name.clone().into();
        target["expr"] = self.expr.text.get_untracked().into();
        target["legendFormat"] = self.legend.get_untracked().into();
        let instant = self.instant.get_untracked();
        target["instant"] = instant.into();
        target["range"] = (!instant).into();
        target
    }
}

/// The window.
#[component]
pub(super) fn EditDialog(board: Board) -> impl IntoView {
    let lang = use_lang();
    let editing = use_editing();
    let open = RwSignal::new(false);
    Effect::new(move || open.set(editing.with(Option::is_some)));
    // Each is set by the other only when it differs, or they would go on for ever.
    Effect::watch(
        move || open.get(),
        move |open, _, _| {
            if !open && editing.with_untracked(Option::is_some) {
                editing.set(None);
            }
        },
        false,
    );
    let title = Signal::derive(move || Msg::EditPanel.text(lang.get()).to_owned());
    let form = move || {
        let id = editing.get()?;
        let panel =
            board.dashboard.with_untracked(|dashboard| change::panel(dashboard.json(), id).cloned())?;
        Some(view! { <PanelForm board=board id=id panel=panel open=open/> })
    };
    view! { <Dialog title=title open=open wide=true>{form}</Dialog> }
}

#[component]
fn PanelForm(board: Board, id: i64, panel: Value, open: RwSignal<bool>) -> impl IntoView {
    let lang = use_lang();
    let text = |path: &str| panel.pointer(path).and_then(Value::as_str).unwrap_or_default().to_owned();
    let number = |path: &str| panel.pointer(path).and_then(Value::as_i64).unwrap_or(0).to_string();
    let title = RwSignal::new(text("/title"));
    let kind = RwSignal::new(text("/type"));
    let unit = RwSignal::new(text("/fieldConfig/defaults/unit"));
    let content = RwSignal::new(text("/options/content"));
    let (width, height) = (RwSignal::new(number("/gridPos/w")), RwSignal::new(number("/gridPos/h")));
    let targets = panel["targets"]
        .as_array()
        .map(|targets| targets.iter().map(Draft::of).collect())
        .unwrap_or_default();
    let drafts = RwSignal::new_local(targets_or_one(targets));
    let kinds = Signal::derive(move || {
        let own = kind.get();
        let known = OFFERED.iter().map(|one| (*one).to_owned());
        let odd = Some(own).filter(|own| !OFFERED.contains(&own.as_str()));
        odd.into_iter().chain(known).map(|one| (one.clone(), one)).collect::<Vec<_>>()
    });
    let apply = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let mut new = panel.clone();
        new["title"] = title.get_untracked().into();
        new["type"] = kind.get_untracked().into();
        set_unit(&mut new, unit.get_untracked().trim());
        if kind.with_untracked(|kind| kind == "text") {
            new["options"]["content"] = content.get_untracked().into();
        }
        let size = |text: RwSignal<String>, most: i64| {
            text.get_untracked().parse::<i64>().ok().map(|size| size.clamp(1, most))
        };
        if let Some(width) = size(width, 24) {
            let x = new["gridPos"]["x"].as_i64().unwrap_or(0).min(24 - width);
            new["gridPos"]["w"] = width.into();
            new["gridPos"]["x"] = x.into();
        }
        if let Some(height) = size(height, 100) {
            new["gridPos"]["h"] = height.into();
        }
        new["targets"] = drafts.with_untracked(|drafts| drafts.iter().map(Draft::write).collect());
        board.change(|json| change::replace(json, id, new));
        open.set(false);
    };
    let is_text = move || kind.with(|kind| kind == "text");
    let add = move |_| {
        drafts.update(|drafts| drafts.push(Draft::of(&json!({"refId": free_name(drafts), "expr": ""}))));
    };
    let vocabulary = vocabulary(metrics());
    let queries = move || {
        let view = |(at, draft)| view! { <QueryForm drafts=drafts at=at draft=draft vocabulary=vocabulary/> };
        drafts.get().into_iter().enumerate().map(view).collect_view()
    };
    view! {
        <form class="board__form board__edit" on:submit=apply>
            <div class="board__edit-head">
                <label class="field"><span class="field__label">{tr(Msg::BoardTitle)}</span><TextInput value=title/></label>
                <Select label=Signal::derive(move || Msg::PanelKindWord.text(lang.get()).to_owned()) options=kinds value=kind on_change=move |value| kind.set(value)/>
                <label class="field"><span class="field__label">{tr(Msg::PanelUnit)}</span><TextInput value=unit/></label>
                <label class="field"><span class="field__label">{tr(Msg::PanelWidth)}</span><TextInput value=width/></label>
                <label class="field"><span class="field__label">{tr(Msg::PanelHeight)}</span><TextInput value=height/></label>
            </div>
            <Show when=is_text>
                <label class="field">
                    <span class="field__label">{tr(Msg::PanelText)}</span>
                    <textarea class="textarea" rows="8" prop:value=move || content.get() on:input:target=move |event| content.set(event.target().value())></textarea>
                </label>
            </Show>
            <div hidden=is_text>
                {queries}
                <button type="button" class="btn btn--sm" disabled=move || { drafts.with(Vec::len) >= MOST_QUERIES } on:click=add>
                    <Icon name=IconName::Add/>{tr(Msg::AddQuery)}
                </button>
            </div>
            <div class="dialog__foot">
                <button type="button" class="btn" on:click=move |_| open.set(false)>{tr(Msg::Cancel)}</button>
                <button type="submit" class="btn btn--primary">{tr(Msg::Apply)}</button>
            </div>
        </form>
    }
}

/// A panel without queries begins with one.
fn targets_or_one(targets: Vec<Draft>) -> Vec<Draft> {
    if targets.is_empty() { vec![Draft::of(&json!({"refId": "A", "expr": ""}))] } else { targets }
}

/// The first letter that no query has.
fn free_name(drafts: &[Draft]) -> String {
    let letters = (b'A'..=b'Z').map(|letter| char::from(letter).to_string());
    letters.into_iter().find(|name| drafts.iter().all(|draft| draft.name != *name)).unwrap_or_default()
}

/// The unit of all fields; an empty one is taken away.
fn set_unit(panel: &mut Value, unit: &str) {
    if !unit.is_empty() {
        panel["fieldConfig"]["defaults"]["unit"] = unit.into();
    } else if let Some(defaults) = panel.pointer_mut("/fieldConfig/defaults").and_then(Value::as_object_mut) {
        defaults.remove("unit");
    }
}

/// One query, written as in Explore.
#[component]
fn QueryForm(
    drafts: RwSignal<Vec<Draft>, LocalStorage>,
    at: usize,
    draft: Draft,
    vocabulary: Memo<Vocabulary>,
) -> impl IntoView {
    let lang = use_lang();
    let Draft { name, expr, legend, instant, .. } = draft;
    let words = move || fill(Msg::QueryNamed.text(lang.get()), &[("name", &name)]);
    let remove = move |_| {
        drafts.update(|drafts| {
            if at < drafts.len() {
                drafts.remove(at);
            }
        });
    };
    let labels = labels_for(expr);
    // Variables are no PromQL before they are filled in.
    let mistake = Memo::new(move |_| {
        let typed = expr.text.get();
        let has_variables = typed.contains(['$', '[']) && references(&typed).next().is_some();
        if has_variables || expr.caret.get().is_some() { None } else { Mistake::of_text(&typed) }
    });
    view! {
        <fieldset class="board__query">
            <legend class="field__label">{words}</legend>
            <Editor state=expr mistake=mistake vocabulary=vocabulary labels=labels on_run=|()| ()/>
            <div class="board__query-foot">
                <label class="field"><span class="field__label">{tr(Msg::LegendOf)}</span><TextInput value=legend/></label>
                <label class="board__option">
                    <input type="checkbox" prop:checked=move || instant.get() on:change:target=move |event| instant.set(event.target().checked())/>
                    <span>{tr(Msg::LatestOnly)}</span>
                </label>
                <button type="button" class="btn btn--quiet btn--sm" on:click=remove>{tr(Msg::RemoveQuery)}</button>
            </div>
        </fieldset>
    }
}

#[cfg(test)]
mod tests {
    use crowsnest_dashboards::KINDS;

    use super::*;

    #[test]
    fn every_kind_that_is_offered_is_drawn() {
        assert!(OFFERED.iter().all(|kind| KINDS.iter().any(|(known, _)| known == kind)));
    }

    #[test]
    fn a_unit_is_set_and_taken_away() {
        let mut panel = json!({});
        set_unit(&mut panel, "bytes");
        assert_eq!(panel["fieldConfig"]["defaults"]["unit"], "bytes");
        set_unit(&mut panel, "");
        assert_eq!(panel["fieldConfig"]["defaults"], json!({}));
    }
}
