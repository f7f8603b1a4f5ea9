//! What a panel asks the store: its queries with variables filled in, their steps and their times.
//!
//! Follows Grafana 13: a panel may have a time range of its own, each query its own step, and ad-hoc filters are conditions of every selector, which
//! the caller adds with [`crate::variables::adhoc_matchers`].

use crate::interpolate::{Format, Globals, Scope, interpolate};
use crate::model::{self, Panel, Target, TargetKind};
use crate::time::duration;
use crate::time::interval::{self, Intervals, Request, TargetInterval};
use crate::time::range::{self, Edge};
use crate::time::scrape::ScrapeIntervals;

/// One question of a panel.
#[derive(Clone, Debug, PartialEq)]
pub struct Query {
    /// Which query of the panel.
    pub ref_id: String,
    /// PromQL.
    pub expr: String,
    /// Begin, in milliseconds since 1970; of a range, a multiple of the step in the viewer's time.
    pub from: i64,
    /// End.
    pub to: i64,
    /// How far apart samples are; `None` asks for one at the end.
    pub step_ms: Option<i64>,
    /// The form of the result.
    pub format: model::Format,
    /// Template of names after interpolation; `None` chooses by the labels that differ.
    pub legend: Option<String>,
}

/// What questions depend on beside the panel.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// The dashboard's time range.
    pub range: (i64, i64),
    /// Samples that can be seen side by side: the panel's width in pixels.
    pub width: u32,
    /// How often what is asked for is scraped.
    pub scrape: &'a ScrapeIntervals,
    /// Milliseconds that the viewer's clock is ahead of UTC.
    pub offset_ms: i64,
    /// Variables, the repeat's before the dashboard's.
    pub variables: &'a dyn Scope,
    /// What is always there; its range and intervals are replaced.
    pub globals: &'a Globals,
}

/// The time range of a panel inside the dashboard's: `timeFrom` is a length that ends where the dashboard's does, `timeShift` moves
/// both ends back. `None` where a text says no time.
pub fn panel_range(
    panel: &Panel,
    dashboard: (i64, i64),
    context: &range::Context<'_>,
    variables: &dyn Scope,
) -> Option<(i64, i64)> {
    let fill = |text: &String| interpolate(text, variables, &Format::Raw);
    let (mut from, mut to) = dashboard;
    if let Some(length) = panel.time_from.as_ref().map(fill) {
        // `now/d` is a range of its own.
        if length.starts_with("now") {
            from = range::parse_edge(&length, Edge::From, context)?;
            to = if length.contains('/') {
                range::parse_edge(&length, Edge::To, context)?
            } else {
                context.now
            };
        } else {
            from = to.saturating_sub(duration::parse_ms(&length)?);
        }
    }
    if let Some(shift) = panel.time_shift.as_ref().map(fill) {
        let shift = shift.trim().trim_start_matches("now").trim_start_matches('-').to_owned();
        let by = range::Context { now: 0, ..*context };
        // By the calendar, so that `1M` before the end of March is the end of February.
        let back = |at: i64| {
            range::parse_edge(&format!("now-{shift}"), Edge::From, &range::Context { now: at, ..by })
        };
        (from, to) = (back(from)?, back(to)?);
    }
    Some((from.min(to), to))
}

/// The questions of a panel: those of its queries that are for our store and not switched off. A query may ask for a range and for its
/// end as well.
pub fn queries(panel: &Panel, context: &Context<'_>) -> Vec<Query> {
    let asked = panel.targets.iter().filter(|target| {
        target.kind == TargetKind::Metrics && !target.hidden && !target.expr.trim().is_empty()
    });
    asked.flat_map(|target| questions(panel, target, context)).collect()
}

/// The intervals of one query.
pub fn intervals(panel: &Panel, target: &Target, context: &Context<'_>) -> Intervals {
    let ms = |text: &str| duration::parse_ms(&interpolate(text, context.variables, &Format::Raw));
    interval::intervals(&Request {
        range_ms: context.range.1.saturating_sub(context.range.0),
        max_data_points: panel.max_data_points.unwrap_or(context.width),
        panel_interval_ms: ms(&panel.interval),
        target_interval_ms: ms(&target.interval),
        target_interval: TargetInterval::of(&target.interval),
        interval_factor: target.interval_factor,
        scrape_interval_ms: context.scrape.of(&target.expr),
    })
}

fn questions(panel: &Panel, target: &Target, context: &Context<'_>) -> Vec<Query> {
    let found = intervals(panel, target, context);
    let (from, to) = context.range;
    let globals = Globals {
        from,
        to,
        interval_ms: Some(found.step),
        rate_interval_ms: Some(found.rate),
        ..context.globals.clone()
    };
    let scopes: &[&dyn Scope] = &[context.variables, &globals];
    let one = |step_ms: Option<i64>| {
        let (from, to) = match step_ms {
            Some(step) => interval::align(from, to, step, context.offset_ms),
            None => (to, to),
        };
        Query {
            ref_id: target.ref_id.clone(),
            expr: interpolate(&target.expr, scopes, &Format::PromQl),
            from,
            to,
            step_ms,
            format: target.format,
            legend: target.legend.as_ref().map(|template| interpolate(template, scopes, &Format::Text)),
        }
    };
    let range = target.range.then(|| one(Some(found.step)));
    let instant = target.instant.then(|| one(None));
    range.into_iter().chain(instant).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::{Value, json};

    use super::*;
    use crate::import::{Answers, Limits, import_value};
    use crate::interpolate::Bound;
    use crate::time::Utc;

    /// 2026-11-21 07:45:00 UTC.
    const NOW: i64 = 1_795_247_100_000;

    fn panel(fields: &Value) -> Panel {
        let json = json!({"title": "T", "panels": [fields]});
        import_value(json, &Answers::new(), &Limits::default()).unwrap().dashboard.panels().remove(0)
    }

    #[test]
    fn queries_have_their_variables_steps_and_times() {
        let panel = panel(&json!({"type": "timeseries", "interval": "1m", "targets": [
            {"refId": "A", "expr": "rate(a{n=\"$n\"}[$__rate_interval])", "legendFormat": "$n {{pod}}"},
            {"refId": "B", "expr": "b[$__interval]", "instant": true, "format": "table"},
            {"refId": "C", "expr": "c", "hide": true},
            {"refId": "D", "expr": "d", "datasource": {"type": "loki"}},
        ]}));
        let variables = BTreeMap::from([("n".to_owned(), Bound::text("x"))]);
        let context = Context {
            range: (NOW - 3_600_000 + 1_000, NOW + 1_000),
            width: 1000,
            scrape: &ScrapeIntervals::all(15_000),
            offset_ms: 0,
            variables: &variables,
            globals: &Globals::default(),
        };
        let found = queries(&panel, &context);
        assert_eq!(found.len(), 2);
        assert_eq!((found[0].expr.as_str(), found[0].step_ms), ("rate(a{n=\"x\"}[1m15s])", Some(60_000)));
        assert_eq!((found[0].from, found[0].to), (NOW - 3_600_000, NOW));
        assert_eq!(found[0].legend.as_deref(), Some("x {{pod}}"));
        assert_eq!((found[1].expr.as_str(), found[1].step_ms, found[1].to), ("b[1m]", None, NOW + 1_000));
    }

    #[test]
    fn a_panel_may_have_a_range_of_its_own() {
        let context = range::Context { now: NOW, zone: &Utc, week_start: 1, fiscal_start: 0 };
        let range = |fields: &Value| {
            panel_range(&panel(fields), (NOW - 100, NOW), &context, &BTreeMap::<String, Bound>::new())
        };
        assert_eq!(range(&json!({"type": "stat"})), Some((NOW - 100, NOW)));
        assert_eq!(range(&json!({"type": "stat", "timeFrom": "1h"})), Some((NOW - 3_600_000, NOW)));
        assert_eq!(
            range(&json!({"type": "stat", "timeShift": "1d"})),
            Some((NOW - 86_400_100, NOW - 86_400_000))
        );
        assert_eq!(
            range(&json!({"type": "stat", "timeFrom": "now/d"})).map(|(from, to)| to - from),
            Some(86_399_999)
        );
        assert_eq!(range(&json!({"type": "stat", "timeFrom": "soon"})), None);
    }
}
