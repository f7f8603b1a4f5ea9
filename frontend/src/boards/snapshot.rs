//! A dashboard with the numbers that it has: how it is made, and what is read from one.

use std::collections::BTreeMap;
use std::sync::Arc;

use crowsnest_api::snapshots::{PanelAnswers, QueryAnswer, Snapshot};
use crowsnest_dashboards::layout::{Placed, What, layout};
use crowsnest_dashboards::model::Format;
use crowsnest_dashboards::panel::Answer;
use crowsnest_dashboards::query::Query;
use crowsnest_dashboards::variables::Settled;
use futures_util::future::join_all;
use leptos::prelude::*;
use serde_json::{Value, json};
use web_sys::AbortSignal;

use super::asking::Asker;
use super::board::{Board, PanelData, panel_name};
use crate::api::ApiError;

/// The width that panels are asked for, in pixels: that of a large one.
const WIDTH: u32 = 1_000;
/// The most panels of a snapshot.
const MOST_PANELS: usize = 300;
/// The most options that a variable keeps.
const MOST_OPTIONS: usize = 1_000;
/// Names of formats in a snapshot.
const FORMATS: &[(&str, Format)] =
    &[("heatmap", Format::Heatmap), ("table", Format::Table), ("time_series", Format::TimeSeries)];

/// What a snapshot has of each panel, by its name.
pub(crate) type Kept = Arc<BTreeMap<String, PanelData>>;

/// A panel's name, its time range, and what it asks.
type PanelAsks = (String, (i64, i64), Vec<Query>);

/// The numbers of a snapshot.
pub(crate) fn kept(snapshot: &Snapshot) -> Kept {
    let panel = |panel: &PanelAnswers| {
        let answers = Arc::new(panel.answers.iter().cloned().map(read).collect());
        (panel.name.clone(), PanelData { window: panel.window, answers, ..PanelData::default() })
    };
    Arc::new(snapshot.panels.iter().map(panel).collect())
}

fn read(answer: QueryAnswer) -> Answer {
    let format = FORMATS.iter().find(|(name, _)| *name == answer.format).map(|(_, format)| *format);
    Answer {
        query: Query {
            ref_id: answer.ref_id,
            expr: answer.expr,
            from: answer.span.0,
            to: answer.span.1,
            step_ms: answer.step,
            format: format.unwrap_or_default(),
            legend: answer.legend,
        },
        series: answer.series.into_iter().map(Into::into).collect(),
    }
}

fn write(answer: &Answer) -> QueryAnswer {
    let Answer { query, series } = answer;
    let format = FORMATS.iter().find(|(_, format)| *format == query.format).map_or("", |(name, _)| name);
    QueryAnswer {
        ref_id: query.ref_id.clone(),
        expr: query.expr.clone(),
        span: (query.from, query.to),
        step: query.step_ms,
        format: format.to_owned(),
        legend: query.legend.clone(),
        series: series.iter().map(Into::into).collect(),
    }
}

impl Board {
    /// What is shown, with the numbers of all its panels, those of closed rows included.
    pub(crate) async fn snapshot(self, asker: Asker, abort: AbortSignal) -> Result<Snapshot, ApiError> {
        let (dashboard, matchers, asked) = untrack(|| self.to_keep());
        let answers = asked.into_iter().map(|(name, window, questions)| {
            let (matchers, abort) = (matchers.clone(), abort.clone());
            async move {
                let data = Self::answers(asker, window, questions, matchers, PanelData::default(), abort);
                Ok((name, data.await?))
            }
        });
        let mut panels = Vec::new();
        for answer in join_all(answers).await {
            let (name, data): (String, PanelData) = answer?;
            let answers = data.answers.iter().map(write).collect();
            panels.push(PanelAnswers { name, window: data.window, answers });
        }
        Ok(Snapshot { dashboard, panels })
    }

    /// The dashboard as it stands still, the conditions of ad-hoc filters, and what each panel asks.
    fn to_keep(self) -> (Value, Vec<String>, Vec<PanelAsks>) {
        let window = self.window.get();
        self.loading.with(|loading| {
            let settled = loading.variables().iter().enumerate().filter_map(|(at, variable)| {
                Some((variable.name.clone(), (variable.multi, loading.settled(at)?.clone())))
            });
            let settled = settled.collect();
            let dashboard = self.dashboard.with(|dashboard| frozen(dashboard.json(), window, &settled));
            let placed = self
                .dashboard
                .with(|dashboard| layout(dashboard, &|_, _| true, &|name| loading.repeat_values(name)));
            let asks = |Placed { what, scope, copy, .. }: Placed| {
                let What::Panel(panel) = what else { return None };
                let (window, questions) = self.questions(&panel, &scope, WIDTH);
                Some((panel_name(panel.id, &copy), window, questions))
            };
            let asked = placed.into_iter().filter_map(asks).take(MOST_PANELS).collect();
            (dashboard, loading.adhoc_matchers(), asked)
        })
    }
}

/// A dashboard that asks nothing any more: its time range is two instants, its variables have the options and the choice that they had, and nothing is marked.
fn frozen(json: &Value, (from, to): (i64, i64), settled: &BTreeMap<String, (bool, Settled)>) -> Value {
    let mut json = json.clone();
    json["time"] = json!({"from": from.to_string(), "to": to.to_string()});
    json["refresh"] = "".into();
    json["annotations"] = json!({"list": []});
    let variables = json.pointer_mut("/templating/list").and_then(Value::as_array_mut);
    for variable in variables.into_iter().flatten() {
        let found = variable["name"].as_str().and_then(|name| settled.get(name));
        let (Some((multi, settled)), Some(map)) = (found, variable.as_object_mut()) else { continue };
        map.insert("current".to_owned(), settled.choice.to_json(*multi));
        if map.get("type").is_some_and(|kind| kind == "query" || kind == "custom") {
            let options = settled.options.list.iter().take(MOST_OPTIONS);
            let options: Vec<Value> =
                options.map(|option| json!({"text": option.text, "value": option.value})).collect();
            for key in ["regex", "definition", "datasource", "refresh", "options"] {
                map.remove(key);
            }
            map.insert("type".to_owned(), "custom".into());
            map.insert("valuesFormat".to_owned(), "json".into());
            map.insert("query".to_owned(), Value::Array(options).to_string().into());
        }
    }
    json
}

#[cfg(test)]
mod tests {
    use crowsnest_api::Labels;
    use crowsnest_api::answers::Series;
    use crowsnest_dashboards::Dashboard;
    use crowsnest_dashboards::interpolate::Globals;
    use crowsnest_dashboards::pattern::Fancy;
    use crowsnest_dashboards::variables::{Choice, ChoiceOption, Loading, Options, Question};

    use super::*;

    #[test]
    fn what_stands_still_has_its_range_its_options_and_its_choice() {
        let json = json!({"time": {"from": "now-1h", "to": "now"}, "templating": {"list": [
            {"name": "node", "type": "query", "query": "label_values(node)", "multi": true, "regex": "/x/"}]}});
        let options =
            Options { list: vec![ChoiceOption::plain("a"), ChoiceOption::plain("b, c")], bad_pattern: None };
        let settled = Settled { options, choice: Choice::of(["b, c"]) };
        let json = frozen(&json, (1_000, 2_000), &BTreeMap::from([("node".to_owned(), (true, settled))]));
        let dashboard = Dashboard::from_json(json);
        assert_eq!(dashboard.time(), ("1000".to_owned(), "2000".to_owned()));
        let mut loading = Loading::new(dashboard.variables(), BTreeMap::new());
        assert_eq!(loading.question(0, &Globals::default()), Question::None);
        loading.answer(0, &[], &Globals::default(), &Fancy);
        let settled = loading.settled(0).unwrap();
        assert_eq!(settled.choice.values, ["b, c"]);
        assert_eq!(settled.options.list.len(), 2);
    }

    #[test]
    fn answers_are_read_as_they_were_kept() {
        let query = Query {
            ref_id: "A".into(),
            expr: "up".into(),
            from: 0,
            to: 10,
            step_ms: Some(5),
            format: Format::Table,
            legend: None,
        };
        let labels = Labels::from_pairs([("a", "b")]);
        let series = Series { labels, samples: vec![(5, 1.5)], histograms: Vec::new() };
        let answer = Answer { query, series: vec![series] };
        let read = read(write(&answer));
        assert_eq!((read.query, read.series), (answer.query, answer.series));
    }
}
