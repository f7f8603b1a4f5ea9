//! A chart of what an alert's rule compares, for those who are told of the alert: the drawing code of panels, over the store as the rule sees it.

use std::collections::BTreeMap;
use std::time::Duration;

use crowsnest_api::alerts::Threshold;
use crowsnest_api::answers::Series;
use crowsnest_api::{Labels, Timestamp, format_value};
use crowsnest_chart::{
    Annotation, AnnotationKind, Board, BoardItem, BoardPart, Figure, FigureContext, PngError, Surface, Theme,
    TimeRange, alert_range, instant_text, is_of_alert, scene_png, svg_surface,
};
use crowsnest_dashboards::Dashboard;
use crowsnest_dashboards::interpolate::Bound;
use crowsnest_dashboards::model::{Format, Grid};
use crowsnest_dashboards::panel::{self, Answer};
use crowsnest_dashboards::pattern::Fancy;
use crowsnest_dashboards::query::Query;
use crowsnest_promql::{Control, Engine, QueryError, Queryable, RangeParams, parse};
use serde_json::json;

use super::face;
use crate::dashboards::series_of;

/// The most charts of a picture, and the most series of a chart.
pub(crate) const MOST_CHARTS: usize = 3;
const MOST_SERIES: usize = 20;
/// CSS pixels, and device pixels for each.
const WIDTH: u32 = 800;
const SCALE: u32 = 2;
/// Rows of the grid that a chart has.
const ROWS: i32 = 9;
/// Mail servers and rooms have limits of their own; a picture is far below this.
const MOST_BYTES: usize = 1 << 20;

/// What a rule compares, and the alerts that it found.
#[derive(Clone, Debug, Default)]
pub(crate) struct Compared {
    /// What the alerts are called.
    pub(crate) name: String,
    /// What is drawn: what is compared, or the whole query where it compares nothing with a number.
    pub(crate) query: String,
    pub(crate) threshold: Option<Threshold>,
    /// Labels of each alert, and since when it fires.
    pub(crate) alerts: Vec<(Labels, Timestamp)>,
}

/// A chart of the picture.
pub(crate) struct Drawn {
    figure: Figure,
    range: TimeRange,
    marks: Vec<Annotation>,
}

/// Why there is no picture.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ChartError {
    #[error("the query {query:?} cannot be drawn")]
    Query {
        query: String,
        #[source]
        source: QueryError,
    },
    #[error("cannot draw the picture")]
    Png(#[from] PngError),
    #[error("the picture has {0} bytes, and {MOST_BYTES} are the most that is sent")]
    TooLarge(usize),
}

/// The chart of what a rule compares, as `store` lets the rule see it. Nothing where no series is left that the alerts are about.
///
/// # Errors
/// When the query fails, or takes longer than `control` lets it.
pub(crate) fn chart(
    compared: &Compared,
    engine: &Engine,
    store: &dyn Queryable,
    now: Timestamp,
    control: &Control,
) -> Result<Option<Drawn>, ChartError> {
    let since = compared.alerts.iter().map(|(_, since)| *since).min().unwrap_or(now);
    let (range, step) = alert_range(since.millis(), now.millis());
    let failed = |source| ChartError::Query { query: compared.query.clone(), source };
    let mut series = ask(compared, engine, store, (range, step), control).map_err(failed)?;
    series.retain(|series| compared.alerts.iter().any(|(labels, _)| is_of_alert(&series.labels, labels)));
    series.truncate(MOST_SERIES);
    if series.iter().all(|series| series.samples.is_empty()) {
        return Ok(None);
    }
    let question = Query {
        ref_id: "A".to_owned(),
        expr: compared.query.clone(),
        from: range.start_ms,
        to: range.end_ms,
        step_ms: Some(step),
        format: Format::TimeSeries,
        legend: None,
    };
    let dashboard = Dashboard::from_json(dashboard(compared));
    let panels = dashboard.panels();
    let Some(panel) = panels.first() else { return Ok(None) };
    let nothing: BTreeMap<String, Bound> = BTreeMap::new();
    let frames = panel::frames(panel, &[Answer { query: question, series }], &nothing, &Fancy);
    let context = FigureContext { range, utc_offset_minutes: 0, variables: &nothing, engine: &Fancy };
    let figure = Figure::new(panel, &frames, &context);
    Ok(Some(Drawn { figure, range, marks: marks(compared, range) }))
}

fn ask(
    compared: &Compared,
    engine: &Engine,
    store: &dyn Queryable,
    (range, step): (TimeRange, i64),
    control: &Control,
) -> Result<Vec<Series>, QueryError> {
    let expr = parse(&compared.query).map_err(|error| QueryError::Parameter(error.to_string()))?;
    let (start, end) = (Timestamp::from_millis(range.start_ms), Timestamp::from_millis(range.end_ms));
    let step = Duration::from_millis(u64::try_from(step.max(1)).unwrap_or(1));
    let asked = engine.query(store, &expr).controlled(control);
    let value = asked.range(RangeParams::new(start, end, step)?)?.value;
    Ok(series_of(value).unwrap_or_default())
}

/// A dashboard of one panel: its query's numbers, with a line where the rule's limit is.
fn dashboard(compared: &Compared) -> serde_json::Value {
    let mut steps = vec![json!({"color": "transparent", "value": null})];
    let mut title = compared.query.clone();
    if let Some(Threshold { op, value, .. }) = &compared.threshold {
        steps.push(json!({"color": "red", "value": value}));
        title = format!("{title} {op} {}", format_value(*value));
    }
    json!({"panels": [{
        "id": 1,
        "type": "timeseries",
        "title": title,
        "gridPos": {"x": 0, "y": 0, "w": 24, "h": ROWS},
        "targets": [{"refId": "A", "expr": compared.query}],
        "fieldConfig": {"defaults": {
            "unit": "short",
            "thresholds": {"mode": "absolute", "steps": steps},
            "custom": {"thresholdsStyle": {"mode": "line"}, "fillOpacity": 0, "lineWidth": 2},
        }, "overrides": []},
        "options": {"legend": {"showLegend": true, "displayMode": "list", "placement": "bottom"}},
    }]})
}

/// Since when each alert fires; a mark a moment.
fn marks(compared: &Compared, range: TimeRange) -> Vec<Annotation> {
    let mut moments: Vec<i64> = compared.alerts.iter().map(|(_, since)| since.millis()).collect();
    moments.sort_unstable();
    moments.dedup();
    let inside = moments.into_iter().filter(|at| (range.start_ms..=range.end_ms).contains(at));
    let mark =
        |at_ms| Annotation { at_ms, until_ms: None, label: String::new(), kind: AnnotationKind::Event };
    inside.take(MOST_SERIES).map(mark).collect()
}

/// The charts below each other, as PNG on light ground.
///
/// # Errors
/// When it cannot be drawn, or is too large to be sent.
pub(crate) fn picture(title: &str, charts: Vec<Drawn>) -> Result<Vec<u8>, ChartError> {
    let first = charts.iter().map(|chart| chart.range.start_ms).min().unwrap_or_default();
    let last = charts.iter().map(|chart| chart.range.end_ms).max().unwrap_or_default();
    let items = charts.into_iter().enumerate().map(|(at, Drawn { figure, range, marks })| BoardItem {
        grid: Grid { x: 0, y: ROWS * i32::try_from(at).unwrap_or(0), w: Grid::COLUMNS, h: ROWS },
        what: BoardPart::Panel { figure: Box::new(figure), range, annotations: marks, transparent: false },
    });
    let board = Board {
        title: title.to_owned(),
        range: format!("{} – {} UTC", instant_text(first, 0), instant_text(last, 0)),
        items: items.collect(),
    };
    let size = (WIDTH, board.height().ceil() as u32);
    let surface = Surface { scale: f64::from(SCALE), ..svg_surface(size) };
    let theme = Theme::light();
    let mut png = Vec::new();
    scene_png(&board.scene(surface, 0, &theme, face()), size, SCALE, theme.canvas, face(), &mut png)?;
    if png.len() > MOST_BYTES { Err(ChartError::TooLarge(png.len())) } else { Ok(png) }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use crowsnest_api::Sample;
    use crowsnest_promql::{Confinement, Matcher, MemoryStore};

    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_795_247_100_000);

    fn labels(namespace: &str, pod: &str) -> Labels {
        Labels::from_pairs([("namespace", namespace), ("pod", pod)])
    }

    /// Two hours of loads.
    fn store(pods: &[(&str, &str)]) -> MemoryStore {
        let mut store = MemoryStore::default();
        for (namespace, pod) in pods {
            let series = Labels::from_pairs([("__name__", "load"), ("namespace", *namespace), ("pod", *pod)]);
            for minute in (0..120).rev() {
                let timestamp = Timestamp::from_millis(NOW.millis() - minute * 60_000);
                store.append(&series, Sample { timestamp, value: 9.0 - minute as f64 / 20.0 });
            }
        }
        store
    }

    fn compared(alerts: &[Labels]) -> Compared {
        let query = "load".to_owned();
        Compared {
            name: "TooMuch".to_owned(),
            threshold: Some(Threshold { query: query.clone(), op: ">".to_owned(), value: 5.0 }),
            query,
            alerts: alerts.iter().map(|labels| (labels.clone(), NOW)).collect(),
        }
    }

    /// Names in the legend.
    fn names(compared: &Compared, store: &dyn Queryable) -> Vec<String> {
        let drawn = chart(compared, &Engine::default(), store, NOW, &Control::unlimited()).unwrap();
        let legend = drawn.and_then(|drawn| drawn.figure.legend(&BTreeSet::new()));
        legend.map(|legend| legend.rows.into_iter().map(|row| row.name).collect()).unwrap_or_default()
    }

    #[test]
    fn a_chart_has_the_series_of_its_alerts_and_of_those_only_what_the_rule_may_see() {
        let store = store(&[("shop", "web-1"), ("shop", "web-2"), ("data", "web-1")]);
        // The rule has taken the namespace out of the alert's labels, as an aggregation would.
        let alert = Labels::from_pairs([("alertname", "TooMuch"), ("pod", "web-1")]);
        assert_eq!(names(&compared(std::slice::from_ref(&alert)), &store).len(), 2);
        let confinement = Confinement::to(vec![Matcher::equal("namespace", "shop")]);
        let seen = names(&compared(&[alert]), &confinement.of(&store));
        assert_eq!(seen.len(), 1, "{seen:?}");
        assert!(!seen[0].contains("data"), "{seen:?}");
        assert!(names(&compared(&[labels("data", "web-1")]), &confinement.of(&store)).is_empty());
    }

    #[test]
    fn a_picture_of_the_most_charts_of_the_most_series_has_a_bound() {
        let pods: Vec<String> = (0..100).map(|number| format!("web-{number}")).collect();
        let pairs: Vec<(&str, &str)> = pods.iter().map(|pod| ("shop", pod.as_str())).collect();
        let store = store(&pairs);
        let alerts: Vec<Labels> = pods.iter().map(|pod| labels("shop", pod)).collect();
        let one = || chart(&compared(&alerts), &Engine::default(), &store, NOW, &Control::unlimited());
        assert_eq!(names(&compared(&alerts), &store).len(), MOST_SERIES);
        let charts: Vec<Drawn> = (0..MOST_CHARTS).map(|_| one().unwrap().unwrap()).collect();
        let png = picture("TooMuch", charts).unwrap();
        assert!(png.starts_with(b"\x89PNG") && png.len() < MOST_BYTES, "{} bytes", png.len());
    }

    #[test]
    fn a_query_that_takes_too_long_or_finds_nothing_gives_no_chart() {
        let store = store(&[("shop", "web-1")]);
        let control = Control::unlimited();
        control.cancel();
        let ended = chart(&compared(&[labels("shop", "web-1")]), &Engine::default(), &store, NOW, &control);
        assert!(matches!(ended, Err(ChartError::Query { source: QueryError::Canceled, .. })));
        let nothing = Compared { query: "nothing".to_owned(), ..compared(&[labels("shop", "web-1")]) };
        assert!(names(&nothing, &store).is_empty());
    }
}
