//! A panel from the answers to its queries to what is drawn: frames, then transformations, then field config.
//!
//! The one home of that order; the browser and the server call nothing else.

use crate::field;
use crate::frame::{self, Frame, Series};
use crate::interpolate::{Format, Scope, interpolate};
use crate::kinds::{self, PanelKind};
use crate::model::{Panel, TargetKind};
use crate::pattern::Engine;
use crate::query::Query;
use crate::report::{Shown, Unsupported};
use crate::transform;

/// What the store said to one of the questions that [`crate::query::queries`] has for a panel.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The question.
    pub query: Query,
    /// Its series; an instant query's have one sample each.
    pub series: Vec<Series>,
}

/// What a panel draws of `answers`, which are in the order of its questions. `variables` are the repeat's before the dashboard's before what is
/// always there.
pub fn frames(panel: &Panel, answers: &[Answer], variables: &dyn Scope, engine: &dyn Engine) -> Vec<Frame> {
    let first = answers.first().map(|answer| answer.query.ref_id.as_str());
    let many = answers.iter().any(|answer| Some(answer.query.ref_id.as_str()) != first);
    let asked = answers.iter().flat_map(|Answer { query, series }| {
        let legend = query.legend.as_deref();
        frame::frames(series, &query.ref_id, query.format, legend, &query.expr, query.step_ms, many)
    });
    let fill = |text: &str| interpolate(text, variables, &Format::Text);
    let context = transform::Context { engine, interpolate: &fill };
    let mut frames = transform::apply(asked.collect(), &panel.transformations, &context);
    field::configure(&mut frames, &panel.field_config, variables, engine);
    frames
}

/// The kind that a panel is drawn as.
///
/// # Errors
/// Why nothing can be drawn, for a sentence in its place.
pub fn face(panel: &Panel) -> Result<PanelKind, Unsupported> {
    if panel.type_id == "library-panel-ref" {
        return Err(Unsupported::LibraryPanel(panel.title.clone()));
    }
    let is_silent = matches!(
        panel.kind,
        Some(PanelKind::Text | PanelKind::AlertList | PanelKind::DashboardList | PanelKind::Row)
    );
    let shown = panel.targets.iter().filter(|target| !target.hidden);
    let missing = |kind: &TargetKind| match kind {
        TargetKind::Missing(kind) => Some(kind.clone()),
        TargetKind::Metrics | TargetKind::Panel(_) => None,
    };
    let needs: Vec<Option<String>> = shown.map(|target| missing(&target.kind)).collect();
    if let Some(Some(kind)) = needs.first()
        && !is_silent
        && needs.iter().all(Option::is_some)
    {
        return Err(Unsupported::DataSource(kind.clone()));
    }
    match panel.kind {
        Some(kind) => Ok(kind),
        None => match kinds::shown_instead(&panel.type_id, !panel.targets.is_empty()) {
            Shown::Table => Ok(PanelKind::Table),
            Shown::TimeSeries => Ok(PanelKind::TimeSeries),
            Shown::Message => Err(Unsupported::Kind(panel.type_id.clone())),
        },
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use crowsnest_api::Labels;
    use serde_json::{Value, json};

    use super::*;
    use crate::import::{Answers, Limits, import_value};
    use crate::interpolate::Bound;
    use crate::model;
    use crate::pattern::Fancy;

    fn panel(fields: &Value) -> Panel {
        let json = json!({"title": "T", "panels": [fields]});
        import_value(json, &Answers::new(), &Limits::default()).unwrap().dashboard.panels().remove(0)
    }

    fn answer(ref_id: &str, node: &str, value: f64) -> Answer {
        let query = Query {
            ref_id: ref_id.to_owned(),
            expr: "up".to_owned(),
            from: 0,
            to: 0,
            step_ms: None,
            format: model::Format::Table,
            legend: None,
        };
        let labels = Labels::from_pairs([("node", node)]);
        Answer { query, series: vec![Series { labels, samples: vec![(0, value)], histograms: Vec::new() }] }
    }

    #[test]
    fn answers_are_joined_renamed_and_configured() {
        let panel = panel(&json!({"type": "table", "targets": [{"refId": "A", "expr": "up"}],
            "transformations": [
                {"id": "merge"},
                {"id": "organize", "options": {"excludeByName": {"Time": true}, "renameByName": {"Value #B": "$what"}}}],
            "fieldConfig": {"defaults": {}, "overrides": [{"matcher": {"id": "byName", "options": "memory"},
                "properties": [{"id": "unit", "value": "bytes"}]}]}}));
        let scope = BTreeMap::from([("what".to_owned(), Bound::text("memory"))]);
        let frames = frames(&panel, &[answer("A", "n1", 1.0), answer("B", "n1", 2.0)], &scope, &Fancy);
        let [frame] = frames.as_slice() else { panic!("{frames:?}") };
        let names: Vec<_> = (0..3).map(|at| frame.display_name(at, &frames)).collect();
        assert_eq!(names, ["node", "Value #A", "memory"]);
        assert_eq!(frame.fields[2].config.unit.as_ref().map(crate::Unit::id).as_deref(), Some("bytes"));
    }

    #[test]
    fn what_cannot_be_drawn_says_why() {
        let logs = json!({"type": "timeseries", "targets": [{"refId": "A", "expr": "x", "datasource": {"type": "loki"}}]});
        assert_eq!(face(&panel(&logs)), Err(Unsupported::DataSource("loki".to_owned())));
        let unknown = json!({"type": "geomap", "targets": [{"refId": "A", "expr": "x"}]});
        assert_eq!(face(&panel(&unknown)), Ok(PanelKind::Table));
        assert_eq!(face(&panel(&json!({"type": "news"}))), Err(Unsupported::Kind("news".to_owned())));
        assert_eq!(face(&panel(&json!({"type": "text"}))), Ok(PanelKind::Text));
    }
}
