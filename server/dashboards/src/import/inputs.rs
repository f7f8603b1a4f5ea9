//! `__inputs`: questions that an export for other installations asks, and library panels that it brings along.
//!
//! As Grafana's import does it, the text `${NAME}` is replaced in every text of the document, keys excepted.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Answers;
use crate::datasource;
use crate::json;
use crate::report::{Remark, Report};

/// A question of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input {
    /// `DS_PROMETHEUS`
    pub name: String,
    /// What a person is asked.
    pub label: String,
    /// More about it.
    pub description: String,
    /// What it is.
    pub kind: InputKind,
    /// The answer that was used.
    pub answer: Option<String>,
}

/// What a question is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InputKind {
    /// A data source of a kind, by the id of its plug-in. Those for Prometheus are always ours.
    DataSource(String),
    /// A text.
    Constant,
}

/// The most questions that are looked at; an export has one for each kind of data source.
const MOST: usize = 100;

/// Answers the questions of `json`, fills in its library panels, and says so.
pub(super) fn answer(json: &mut Value, answers: &Answers, report: &mut Report) -> Vec<Input> {
    let questions = json::list(json, "__inputs").iter().take(MOST);
    let inputs: Vec<Input> = questions.filter_map(|question| read(question, answers)).collect();
    let mut replaced = BTreeMap::new();
    for input in &inputs {
        match &input.answer {
            Some(value) => {
                report.note(Remark::InputAnswered { name: input.name.clone(), value: value.clone() });
                replaced.insert(format!("${{{}}}", input.name), value.clone());
            }
            None => report.note(Remark::InputUnanswered(input.name.clone())),
        }
    }
    library_panels(json, report);
    if !replaced.is_empty() {
        json::each_text(json, &mut |text| replace(text, &replaced));
    }
    inputs
}

fn read(question: &Value, answers: &Answers) -> Option<Input> {
    let name = json::filled(question, "name")?;
    let (kind, default) = match json::text(question, "type").as_deref() {
        Some("datasource") => {
            let plugin = json::text(question, "pluginId").unwrap_or_else(|| "prometheus".to_owned());
            let ours = datasource::is_prometheus_like(&plugin);
            let default = if ours { datasource::UID.to_owned() } else { plugin.clone() };
            (InputKind::DataSource(plugin), Some(default))
        }
        _ => (InputKind::Constant, json::text(question, "value")),
    };
    // There is one data source here, whatever is answered.
    let asked = match &kind {
        InputKind::DataSource(_) => None,
        InputKind::Constant => answers.get(&name).cloned(),
    };
    Some(Input {
        label: json::filled(question, "label").unwrap_or_else(|| name.clone()),
        description: json::text(question, "description").unwrap_or_default(),
        kind,
        answer: asked.or(default),
        name,
    })
}

/// Replaces the names in one pass: an answer is not looked through for further names.
fn replace(text: &mut String, answers: &BTreeMap<String, String>) {
    if !text.contains("${") {
        return;
    }
    let mut result = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(at) = rest.find("${") {
        let (before, from) = rest.split_at(at);
        result.push_str(before);
        let end = from.find('}').map_or(from.len(), |end| end + 1);
        let (name, after) = from.split_at(end);
        match answers.get(name) {
            Some(answer) => {
                result.push_str(answer);
                rest = after;
            }
            None => {
                result.push_str("${");
                rest = from.strip_prefix("${").unwrap_or_default();
            }
        }
    }
    result.push_str(rest);
    *text = result;
}

/// Panels that are only a reference get the body that the file has for it.
fn library_panels(json: &mut Value, report: &mut Report) {
    let bodies = json::take(json, "__elements");
    let by_uid = |uid: &str| match &bodies {
        Value::Object(map) => map.get(uid).cloned(),
        // Grafana 9 wrote a list.
        Value::Array(list) => {
            list.iter().find(|body| json::text(body, "uid").as_deref() == Some(uid)).cloned()
        }
        _ => None,
    };
    let fill = |panel: &mut Value, report: &mut Report| {
        let Some(uid) = json::filled(panel, "libraryPanel.uid") else { return };
        let Some(mut model) = by_uid(&uid).map(|body| json::at(&body, "model").clone()) else { return };
        for key in ["id", "gridPos", "libraryPanel", "title", "repeat", "repeatDirection", "maxPerRow"] {
            let own = json::take(panel, key);
            if !own.is_null() {
                json::set(&mut model, key, own);
            }
        }
        *panel = model;
        report.note(Remark::LibraryPanelFilled(uid));
    };
    for panel in json::list_mut(json, "panels") {
        fill(panel, report);
        for inner in json::list_mut(panel, "panels") {
            fill(inner, report);
        }
    }
    for row in json::list_mut(json, "rows") {
        for panel in json::list_mut(row, "panels") {
            fill(panel, report);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn answered(mut json: Value, answers: &[(&str, &str)]) -> (Value, Vec<Input>) {
        let answers = answers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let inputs = answer(&mut json, &answers, &mut Report::default());
        (json, inputs)
    }

    #[test]
    fn a_data_source_is_always_ours_and_a_constant_may_be_chosen() {
        let (json, inputs) = answered(
            json!({
                "__inputs": [
                    {"name": "DS_PROMETHEUS", "type": "datasource", "pluginId": "prometheus", "label": "Prometheus"},
                    {"name": "DS_LOGS", "type": "datasource", "pluginId": "loki"},
                    {"name": "VAR_PREFIX", "type": "constant", "value": "node_"},
                ],
                "panels": [{"datasource": {"uid": "${DS_PROMETHEUS}"}, "title": "${VAR_PREFIX}x ${OTHER} ${DS_LOGS}"}],
            }),
            &[("VAR_PREFIX", "${DS_PROMETHEUS}"), ("DS_PROMETHEUS", "elsewhere")],
        );
        let panel = &json["panels"][0];
        assert_eq!(panel["datasource"]["uid"], "crowsnest");
        assert_eq!(panel["title"], "${DS_PROMETHEUS}x ${OTHER} loki", "answers are not answered again");
        assert_eq!(inputs[1].kind, InputKind::DataSource("loki".into()));
    }

    #[test]
    fn a_library_panel_takes_its_body_and_keeps_its_place() {
        let (json, _) = answered(
            json!({
                "panels": [{"id": 4, "gridPos": {"x": 1}, "libraryPanel": {"uid": "u", "name": "N"}}],
                "__elements": {"u": {"model": {"type": "stat", "id": 1, "gridPos": {"x": 0}, "title": "S"}}},
            }),
            &[],
        );
        assert_eq!(
            json["panels"][0],
            json!({"id": 4, "type": "stat", "title": "S", "gridPos": {"x": 1}, "libraryPanel": {"uid": "u", "name": "N"}})
        );
    }
}
