//! Marks over charts: what a source of them asks the store, and what is marked by its answer.
//!
//! Sources are PromQL, alerts (which the store has as series), and events of the cluster. Grafana 13's rules for annotations by PromQL: where samples are 1 or more there is a mark, and marks that are no further apart than the query's step are one stretch.

use crowsnest_api::events::Event;

use crate::frame::{Series, render_legend};
use crate::interpolate::{Format, Globals, Scope, interpolate};
use crate::model::{self, Annotation};
use crate::query::{Context, Query};
use crate::time::{duration, interval};

/// The step where nothing is said.
const USUAL_STEP: i64 = 60_000;
/// The most marks of one source.
const MOST: usize = 1_000;

/// A moment or a stretch of time, and what is said of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Mark {
    /// Milliseconds since 1970.
    pub from_ms: i64,
    /// The same as `from_ms` for a moment.
    pub to_ms: i64,
    /// What it is; the source's name where it has no title of its own.
    pub title: String,
    /// More about it; may be empty.
    pub text: String,
    /// Words to tell kinds of marks apart.
    pub tags: Vec<String>,
    /// As the dashboard has it: a name or a CSS colour.
    pub color: String,
}

/// A source with what it marks.
#[derive(Clone, Debug, PartialEq)]
pub struct Marked {
    /// The source.
    pub source: Annotation,
    /// What it marks.
    pub marks: Vec<Mark>,
}

/// The question of a source; `None` where it asks nothing of our store.
pub fn query(source: &Annotation, context: &Context<'_>) -> Option<Query> {
    if source.expr.trim().is_empty() {
        return None;
    }
    let (from, to) = context.range;
    let fill = |text: &str| duration::parse_ms(&interpolate(text, context.variables, &Format::Raw));
    let wanted = fill(&source.step).filter(|step| *step > 0).unwrap_or(USUAL_STEP);
    let step = interval::at_least(wanted, to.saturating_sub(from));
    let globals = Globals {
        from,
        to,
        interval_ms: Some(step),
        rate_interval_ms: Some(step.max(4 * context.scrape.of(&source.expr))),
        ..context.globals.clone()
    };
    let scopes: &[&dyn Scope] = &[context.variables, &globals];
    let (from, to) = interval::align(from, to, step, context.offset_ms);
    Some(Query {
        ref_id: source.name.clone(),
        expr: interpolate(&source.expr, scopes, &Format::PromQl),
        from,
        to,
        step_ms: Some(step),
        format: model::Format::TimeSeries,
        legend: None,
    })
}

/// What a source asks of the cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventsAsked {
    /// Names; empty is all.
    pub namespaces: Vec<String>,
    /// Whether what is normal is wanted, too.
    pub with_normal: bool,
    /// Begin and end in milliseconds.
    pub range: (i64, i64),
    /// What `kind/name` of the object has in it; empty is any.
    pub object: String,
}

/// The question of a source to the cluster; `None` where it has none.
pub fn events_asked(source: &Annotation, context: &Context<'_>) -> Option<EventsAsked> {
    let events = source.events.as_ref()?;
    let scopes: &[&dyn Scope] = &[context.variables, context.globals];
    let fill = |text: &String| interpolate(text, scopes, &Format::Pipe).trim().to_owned();
    let namespaces = fill(&events.namespaces);
    // All of a variable may be a pattern instead of names.
    let is_name = |name: &str| !name.is_empty() && !name.contains(['.', '*', '+', '$']);
    let named = namespaces.split('|').map(str::trim);
    let namespaces = if named.clone().all(is_name) { named.map(str::to_owned).collect() } else { Vec::new() };
    let object = fill(&events.object);
    Some(EventsAsked { namespaces, with_normal: events.with_normal, range: context.range, object })
}

/// What events mark.
pub fn of_events(source: &Annotation, asked: &EventsAsked, events: &[Event]) -> Vec<Mark> {
    let object = |event: &Event| format!("{}/{}", event.kind, event.name);
    let mark = |event: &Event| Mark {
        from_ms: event.at,
        to_ms: event.at,
        title: event.reason.clone(),
        text: format!("{} {}: {}", event.namespace, object(event), event.message).trim_start().to_owned(),
        tags: if event.is_warning { vec!["Warning".to_owned()] } else { Vec::new() },
        color: source.color.clone(),
    };
    let wanted = events.iter().filter(|event| object(event).contains(&asked.object));
    wanted.take(MOST).map(mark).collect()
}

/// What the answer to a source's question marks, by time.
pub fn marks(source: &Annotation, step_ms: i64, series: &[Series]) -> Vec<Mark> {
    let mut all: Vec<Mark> = series.iter().flat_map(|series| marks_of(source, step_ms, series)).collect();
    all.sort_by_key(|mark| mark.from_ms);
    all.truncate(MOST);
    all
}

fn marks_of(source: &Annotation, step_ms: i64, series: &Series) -> Vec<Mark> {
    let active = series.samples.iter().filter_map(|(at, value)| match source.value_is_time {
        // A cast of a float saturates; a time of zero or nothing is none.
        true => (*value >= 1.0).then_some(*value as i64),
        false => (*value >= 1.0).then_some(*at),
    });
    let mut times: Vec<i64> = active.collect();
    times.sort_unstable();
    let mut marks: Vec<Mark> = Vec::new();
    for at in times {
        match marks.last_mut().filter(|open| open.to_ms.saturating_add(step_ms) >= at) {
            Some(open) => open.to_ms = at,
            None => marks.push(mark(source, at, series)),
        }
    }
    marks.truncate(MOST);
    marks
}

fn mark(source: &Annotation, at: i64, series: &Series) -> Mark {
    let title = render_legend(&source.title, &series.labels);
    let tag = |name: &String| series.labels.get(name).map(ToString::to_string);
    Mark {
        from_ms: at,
        to_ms: at,
        title: if title.trim().is_empty() { source.name.clone() } else { title },
        text: render_legend(&source.text, &series.labels).trim().to_owned(),
        tags: source.tags.iter().filter_map(tag).collect(),
        color: source.color.clone(),
    }
}

/// The marks of the panel with this number.
pub fn of_panel(all: &[Marked], panel: i64) -> impl Iterator<Item = &Mark> {
    let is_meant = move |marked: &&Marked| match &marked.source.panels {
        Ok(only) => only.contains(&panel),
        Err(but) => !but.contains(&panel),
    };
    all.iter().filter(is_meant).flat_map(|marked| &marked.marks)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use crowsnest_api::Labels;
    use serde_json::{Value, json};

    use super::*;
    use crate::Dashboard;
    use crate::interpolate::Bound;
    use crate::time::scrape::ScrapeIntervals;

    fn source(more: &Value) -> Annotation {
        let mut one = json!({"name": "Restarts", "enable": true, "expr": "changes(x{n=\"$n\"}[$__interval])", "iconColor": "orange",
            "titleFormat": "{{pod}}", "textFormat": "in {{ns}}", "tagKeys": "ns"});
        for (key, value) in more.as_object().unwrap() {
            one[key] = value.clone();
        }
        Dashboard::from_json(json!({"annotations": {"list": [one]}})).annotations().remove(0)
    }

    fn series(samples: &[(i64, f64)]) -> Series {
        let labels = Labels::from_pairs([("ns", "shop"), ("pod", "web")]);
        Series { labels, samples: samples.to_vec(), histograms: Vec::new() }
    }

    #[test]
    fn a_source_asks_with_its_step_and_variables() {
        let variables = BTreeMap::from([("n".to_owned(), Bound::text("a"))]);
        let ask = |more: &Value, to: i64| {
            let context = Context {
                range: (0, to),
                width: 100,
                scrape: &ScrapeIntervals::all(15_000),
                offset_ms: 0,
                variables: &variables,
                globals: &Globals::default(),
            };
            query(&source(more), &context)
        };
        let found = ask(&json!({}), 3_600_000).unwrap();
        assert_eq!((found.expr.as_str(), found.step_ms), ("changes(x{n=\"a\"}[1m])", Some(60_000)));
        assert_eq!(ask(&json!({"step": "5m"}), 3_600_000).unwrap().step_ms, Some(300_000));
        let year = ask(&json!({}), 365 * 86_400_000).unwrap();
        assert!(365 * 86_400_000 / year.step_ms.unwrap() <= 11_000);
        assert_eq!(ask(&json!({"expr": ""}), 1), None);
    }

    #[test]
    fn neighbours_are_one_stretch_and_labels_go_into_the_words() {
        let samples = [(0, 0.0), (60, 1.0), (120, 2.0), (180, 0.5), (240, 1.0), (300, f64::NAN)];
        let found = marks(&source(&json!({})), 60, &[series(&samples)]);
        let spans: Vec<_> = found.iter().map(|mark| (mark.from_ms, mark.to_ms)).collect();
        assert_eq!(spans, [(60, 120), (240, 240)]);
        assert_eq!(
            (found[0].title.as_str(), found[0].text.as_str(), found[0].color.as_str()),
            ("web", "in shop", "orange")
        );
        assert_eq!(found[0].tags, ["shop"]);
        assert_eq!(marks(&source(&json!({"titleFormat": ""})), 60, &[series(&samples)])[0].title, "Restarts");
    }

    #[test]
    fn a_value_may_be_the_time_and_a_source_may_be_for_some_panels() {
        let found =
            marks(&source(&json!({"useValueForTime": true})), 10, &[series(&[(0, 5_000.0), (60, 5_000.0)])]);
        assert_eq!(found.iter().map(|mark| (mark.from_ms, mark.to_ms)).collect::<Vec<_>>(), [(5_000, 5_000)]);
        let of = |filter: &Value| {
            let source = source(&json!({"filter": filter}));
            let all = [Marked { marks: found.clone(), source }];
            [1, 2].map(|panel| of_panel(&all, panel).count())
        };
        assert_eq!(of(&json!({})), [1, 1]);
        assert_eq!(of(&json!({"ids": [2]})), [0, 1]);
        assert_eq!(of(&json!({"ids": [2], "exclude": true})), [1, 0]);
    }
    #[test]
    fn alerts_are_marked_while_they_fire_and_the_built_in_source_waits_to_be_wanted() {
        let read = |one: Value| {
            Dashboard::from_json(json!({"annotations": {"list": [one]}})).annotations().remove(0)
        };
        let own = read(
            json!({"name": "Alerts", "enable": true, "type": "crowsnest-alerts", "target": {"matchers": "namespace=\"$ns\""}}),
        );
        assert_eq!(own.expr, r#"ALERTS{alertstate="firing",namespace="$ns"}"#);
        assert!(own.enabled);
        let theirs = read(
            json!({"builtIn": 1, "datasource": {"type": "grafana", "uid": "-- Grafana --"}, "enable": true, "hide": true,
            "name": "Annotations & Alerts", "type": "dashboard"}),
        );
        assert_eq!(
            (theirs.expr.as_str(), theirs.enabled, theirs.hidden),
            (r#"ALERTS{alertstate="firing"}"#, false, false)
        );
        let labels =
            Labels::from_pairs([("alertname", "Late"), ("severity", "critical"), ("namespace", "shop")]);
        let fires = Series { labels, samples: vec![(60, 1.0), (120, 1.0)], histograms: Vec::new() };
        let [mark] = marks(&own, 60, &[fires]).try_into().unwrap();
        assert_eq!((mark.from_ms, mark.to_ms), (60, 120));
        assert_eq!((mark.title.as_str(), mark.text.as_str()), ("Late", "critical shop"));
    }

    #[test]
    fn events_are_asked_in_the_namespaces_of_a_variable_and_marked_by_their_objects() {
        let source = Dashboard::from_json(
            json!({"annotations": {"list": [{"name": "Events", "enable": true, "type": "crowsnest-events",
            "target": {"namespace": "$ns", "object": "Pod/web"}}]}}),
        )
        .annotations()
        .remove(0);
        let ask = |values: Bound| {
            let variables = BTreeMap::from([("ns".to_owned(), values)]);
            let (scrape, globals) = (ScrapeIntervals::all(15_000), Globals::default());
            let context = Context {
                range: (0, 100),
                width: 1,
                scrape: &scrape,
                offset_ms: 0,
                variables: &variables,
                globals: &globals,
            };
            assert_eq!(query(&source, &context), None);
            events_asked(&source, &context).unwrap()
        };
        assert_eq!(ask(Bound::text("shop")).namespaces, ["shop"]);
        assert_eq!(ask(Bound::text("shop|data")).namespaces, ["shop", "data"]);
        assert_eq!(ask(Bound::text(".*")).namespaces, [""; 0]);
        let event = |name: &str, at: i64| Event {
            at,
            namespace: "shop".to_owned(),
            kind: "Pod".to_owned(),
            name: name.to_owned(),
            reason: "BackOff".to_owned(),
            message: "it ends again and again".to_owned(),
            is_warning: true,
        };
        let marks = of_events(&source, &ask(Bound::text("shop")), &[event("web-1", 5), event("db-0", 6)]);
        let [mark] = marks.try_into().unwrap();
        assert_eq!((mark.from_ms, mark.title.as_str()), (5, "BackOff"));
        assert_eq!(mark.text, "shop Pod/web-1: it ends again and again");
    }
}
