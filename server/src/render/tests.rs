//! Real dashboards over a store that has whatever they ask for, and over one that has nothing.

use std::collections::BTreeSet;
use std::path::Path;

use crowsnest_api::{Labels, Sample};
use crowsnest_chart::Message;
use crowsnest_dashboards::import::{Answers, Limits, import};
use crowsnest_dashboards::report::Outcome;
use crowsnest_dashboards::time::scrape::ScrapeIntervals;
use crowsnest_promql::{
    Engine, MatchOp, Matcher, MemoryStore, Queryable, Scope as Asked, Selection, Series, SeriesSet,
    StorageError,
};
use smol_str::SmolStr;

use super::*;

/// What every gauge is, and what every counter grows by in a second.
const KNOWN: f64 = 4242.0;
const NOW: Timestamp = Timestamp::from_millis(1_795_247_100_000);
/// Labels that queries group and join by.
const LABELS: &[&str] = &[
    "cluster",
    "container",
    "device",
    "exported_namespace",
    "instance",
    "job",
    "mountpoint",
    "name",
    "namespace",
    "node",
    "pod",
    "resource",
    "service",
    "workload",
    "workload_type",
];

/// A store with one series for every selector: its labels are those that the selector wants.
struct Imagined;

impl Imagined {
    fn labels(matchers: &[Matcher]) -> Option<Labels> {
        let mut labels: Vec<(String, String)> =
            LABELS.iter().map(|name| ((*name).to_owned(), "a".to_owned())).collect();
        let names: BTreeSet<&str> = matchers.iter().map(|matcher| matcher.name()).collect();
        for name in names {
            let of_name: Vec<&Matcher> = matchers.iter().filter(|matcher| matcher.name() == name).collect();
            let fits = |value: &str| of_name.iter().all(|matcher| matcher.matches_value(value));
            let wanted =
                of_name.iter().filter(|matcher| matches!(matcher.op(), MatchOp::Equal | MatchOp::Regex));
            let parts = wanted.flat_map(|matcher| {
                let bare = matcher
                    .value()
                    .replace(['(', ')', '\\', '^', '$'], "")
                    .replace(".+", "a")
                    .replace(".*", "a");
                bare.split('|').map(str::to_owned).collect::<Vec<_>>()
            });
            let usual =
                ["a", "b", "1", "200", "500", "cpu", "/", "eth0", "sda", "metric_a", ""].map(str::to_owned);
            let value = parts.chain(usual).find(|value| fits(value))?;
            labels.retain(|(known, _)| known != name);
            if !value.is_empty() {
                labels.push((name.to_owned(), value));
            }
        }
        Some(Labels::from_pairs(labels.iter().map(|(name, value)| (name.as_str(), value.as_str()))))
    }

    fn samples(labels: &Labels, start: i64, end: i64, share: f64) -> Vec<Sample> {
        let name = labels.metric_name();
        let counts = ["_total", "_bucket", "_count", "_sum"].iter().any(|end| name.ends_with(end));
        let value = |ms: i64| {
            if counts { KNOWN * share * (ms - NOW.millis() + 864_000_000) as f64 / 1e3 } else { KNOWN }
        };
        let sample = |ms: i64| Sample { timestamp: Timestamp::from_millis(ms), value: value(ms) };
        // Close to each other lately, further apart before: a week of them would take the test its time.
        let lately = NOW.millis() - 3_600_000;
        let step = |ms: i64| if ms < lately { 240_000 } else { 15_000 };
        let first = start.div_euclid(240_000) * 240_000 + 240_000;
        let times = std::iter::successors(Some(first), |ms| Some(ms + step(*ms)));
        times.take_while(|ms| *ms <= end).take(4_000).map(sample).collect()
    }
}

impl Queryable for Imagined {
    fn select<'a>(&'a self, selection: &Selection<'_>) -> Result<SeriesSet<'a>, StorageError> {
        let Some(labels) = Self::labels(selection.matchers) else {
            return Ok(SeriesSet::from_sorted(Vec::new()));
        };
        let (start, end) = (selection.start.millis(), selection.end.millis());
        let has_buckets = labels.metric_name().ends_with("_bucket") && labels.get("le").is_none();
        let bounds: &[(&str, f64)] =
            if has_buckets { &[("+Inf", 1.0), ("0.1", 0.5), ("1", 0.9)] } else { &[("", 1.0)] };
        let one = |(le, share): &(&str, f64)| {
            let mut own = labels.to_builder();
            if !le.is_empty() {
                own.set("le", *le);
            }
            Series::of_floats(own.build(), Self::samples(&labels, start, end, *share))
        };
        let mut series: Vec<Series> = bounds.iter().map(one).filter(|series| !series.is_empty()).collect();
        series.sort_by(|a, b| a.labels.cmp(&b.labels));
        Ok(SeriesSet::from_sorted(series))
    }

    fn series(&self, scope: &Asked<'_>) -> Result<Vec<Labels>, StorageError> {
        Ok(scope.matcher_sets.iter().filter_map(|matchers| Self::labels(matchers)).take(1).collect())
    }

    fn label_names(&self, _: &Asked<'_>) -> Result<Vec<SmolStr>, StorageError> {
        Ok(LABELS.iter().map(|name| SmolStr::from(*name)).collect())
    }

    fn label_values(&self, _: &str, _: &Asked<'_>) -> Result<Vec<SmolStr>, StorageError> {
        Ok(vec![SmolStr::from("a")])
    }
}

/// Names and texts of the corpus; none, after saying so, where it is not there.
fn corpus() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let folder = std::env::var_os("CROWSNEST_CORPUS")
        .map_or_else(|| root.join("../shared/corpus"), |folder| root.join(folder));
    let Ok(entries) = std::fs::read_dir(folder.join("dashboards")) else {
        println!("corpus absent: set CROWSNEST_CORPUS to draw real dashboards");
        return Vec::new();
    };
    let paths = entries.map(|entry| entry.unwrap().path());
    let json = paths.filter(|path| path.extension().is_some_and(|ending| ending == "json"));
    let mut found: Vec<_> = json
        .map(|path| {
            (path.file_stem().unwrap().to_string_lossy().into_owned(), std::fs::read_to_string(path).unwrap())
        })
        .collect();
    found.sort();
    found
}

fn wish() -> Wish {
    Wish { from: Some("now-15m".to_owned()), to: Some("now".to_owned()), scale: 1, ..Wish::default() }
}

fn drawn(dashboard: &Dashboard, store: &dyn Queryable, wish: &Wish) -> String {
    let engine = Engine::default();
    let source =
        Source { store, engine: &engine, scrape: ScrapeIntervals::all(15_000), events: &|_| Vec::new() };
    String::from_utf8(render(dashboard, wish, &source, &Control::unlimited(), NOW).unwrap()).unwrap()
}

/// The words of a picture.
fn words(svg: &str) -> Vec<&str> {
    svg.split("<text")
        .skip(1)
        .filter_map(|text| text.split_once('>')?.1.split_once("</text>"))
        .map(|text| text.0.trim())
        .collect()
}

/// Whether a picture has the known number, in whatever unit.
fn has_known(svg: &str) -> bool {
    words(svg)
        .iter()
        .any(|word| ["4242", "4.24", "4.14 Ki", "424200"].iter().any(|known| word.contains(known)))
}

#[test]
fn every_panel_of_the_corpus_is_drawn_or_says_why_not() {
    println!(
        "| dashboard | panels | drawn | no data | converted | unsupported |\n|---|---:|---:|---:|---:|---:|"
    );
    let (mut total, mut unexplained, mut failed) = ([0; 5], Vec::new(), Vec::new());
    let engine = Engine::default();
    let source = Source {
        store: &Imagined,
        engine: &engine,
        scrape: ScrapeIntervals::all(15_000),
        events: &|_| Vec::new(),
    };
    let (control, wish) = (Control::unlimited(), wish());
    for (name, text) in corpus() {
        let imported = import(&text, &Answers::new(), &Limits::default()).unwrap();
        let artist = Artist::new(&imported.dashboard, &wish, &source, &control, NOW).unwrap();
        let outcome =
            |id: i64| imported.report.panels.iter().find(|panel| panel.id == id).map(|panel| &panel.outcome);
        let mut counts = [0; 5];
        for placed in artist.placed(true) {
            let What::Panel(panel) = &placed.what else { continue };
            let (figure, _) = artist.figure(panel, &placed.scope, 800).unwrap();
            let unsupported = matches!(outcome(panel.id), Some(Outcome::Unsupported { .. }));
            counts[0] += 1;
            counts[3] += usize::from(matches!(outcome(panel.id), Some(Outcome::Converted { .. })));
            counts[4] += usize::from(unsupported);
            match figure.body() {
                crowsnest_chart::Body::Message(Message::NoData) => counts[2] += 1,
                crowsnest_chart::Body::Message(Message::Failed(why)) => {
                    failed.push(format!("{name}: {}: {why}", panel.title));
                }
                crowsnest_chart::Body::Message(Message::Unsupported(_)) if !unsupported => {
                    unexplained.push(format!("{name}: {}", panel.title));
                }
                _ => counts[1] += 1,
            }
        }
        let [panels, drawn, empty, converted, unsupported] = counts;
        println!("| {name} | {panels} | {drawn} | {empty} | {converted} | {unsupported} |");
        total.iter_mut().zip(counts).for_each(|(total, count)| *total += count);
    }
    println!("| all | {} | {} | {} | {} | {} |", total[0], total[1], total[2], total[3], total[4]);
    assert_eq!((unexplained, failed), (Vec::<String>::new(), Vec::new()));
    // Comparisons such as `> 0.9 < 1` have nothing in this store, and that is the right answer; but they are few.
    assert!(total[2] * 4 <= total[0], "{} of {} panels have no data", total[2], total[0]);
}

#[test]
fn known_numbers_are_in_the_pictures_of_real_boards_and_gone_with_their_samples() {
    let corpus = corpus();
    let mut shown = 0;
    for (name, text) in &corpus {
        let dashboard = import(text, &Answers::new(), &Limits::default()).unwrap().dashboard;
        if shown == 10 || dashboard.panels().len() > 30 {
            continue;
        }
        let seeded = drawn(&dashboard, &Imagined, &wish());
        if has_known(&seeded) {
            let gone = drawn(&dashboard, &MemoryStore::default(), &wish());
            assert!(!has_known(&gone), "{name}");
            assert!(words(&gone).contains(&"No data"), "{name}");
            assert_ne!(seeded, gone);
            shown += 1;
        }
    }
    assert!(corpus.is_empty() || shown == 10, "{shown} boards show the known number");
}

fn small(panels: &serde_json::Value) -> Dashboard {
    let json = serde_json::json!({"title": "Board <b>", "uid": "b", "panels": panels, "templating": {"list": [
        {"name": "node", "type": "query", "query": "label_values(up, node)", "refresh": 1, "current": {}}]}});
    import(&json.to_string(), &Answers::new(), &Limits::default()).unwrap().dashboard
}

#[test]
fn a_board_and_a_panel_of_it_are_drawn_as_svg_and_png() {
    let dashboard = small(&serde_json::json!([
        {"id": 1, "type": "stat", "title": "On $node", "gridPos": {"x": 0, "y": 0, "w": 12, "h": 6}, "targets": [{"refId": "A", "expr": "up{node=\"$node\"}"}]},
        {"id": 2, "type": "timeseries", "title": "Wrong", "gridPos": {"x": 12, "y": 0, "w": 12, "h": 6}, "targets": [{"refId": "A", "expr": "rate(up"}]},
    ]));
    let whole = drawn(&dashboard, &Imagined, &wish());
    let seen = words(&whole);
    assert!(seen.contains(&"On a") && seen.contains(&"4242"), "{seen:?}");
    assert!(whole.contains("Board &lt;b&gt;") && !whole.contains("<b>"));
    let one =
        drawn(&dashboard, &Imagined, &Wish { panel: Some(1), width: Some(300), height: Some(200), ..wish() });
    assert!(one.contains("width=\"300\"") && one.len() < whole.len());
    let engine = Engine::default();
    let source = Source {
        store: &Imagined,
        engine: &engine,
        scrape: ScrapeIntervals::all(15_000),
        events: &|_| Vec::new(),
    };
    let wanted = |wish: &Wish| render(&dashboard, wish, &source, &Control::unlimited(), NOW);
    let png = wanted(&Wish { png: true, width: Some(200), height: Some(100), ..wish() }).unwrap();
    assert!(png.starts_with(b"\x89PNG"));
    assert!(matches!(wanted(&Wish { panel: Some(9), ..wish() }), Err(RenderError::NoPanel(9))));
    assert!(matches!(wanted(&Wish { width: Some(4_001), ..wish() }), Err(RenderError::TooLarge)));
    assert!(matches!(wanted(&Wish { from: Some("soon".to_owned()), ..wish() }), Err(RenderError::Time)));
}

#[test]
fn what_is_marked_is_in_pictures_while_it_is_marked() {
    let dashboard = |annotations: serde_json::Value| {
        let json = serde_json::json!({"title": "Marks", "uid": "m", "annotations": {"list": annotations}, "panels": [
            {"id": 1, "type": "timeseries", "title": "Up", "gridPos": {"x": 0, "y": 0, "w": 24, "h": 8}, "targets": [{"refId": "A", "expr": "up"}]},
            {"id": 2, "type": "stat", "title": "Number", "gridPos": {"x": 0, "y": 8, "w": 24, "h": 8}, "targets": [{"refId": "A", "expr": "up"}]}]});
        import(&json.to_string(), &Answers::new(), &Limits::default()).unwrap().dashboard
    };
    let engine = Engine::default();
    let happened = crowsnest_api::events::Event { at: NOW.millis() - 300_000, ..Default::default() };
    let events = |asked: &crowsnest_dashboards::marks::EventsAsked| {
        let is_asked = asked.namespaces == ["shop"] && asked.range.0 <= happened.at;
        if is_asked { vec![happened.clone()] } else { Vec::new() }
    };
    let draw = |annotations: serde_json::Value, panel: i64| {
        let scrape = ScrapeIntervals::all(15_000);
        let source = Source { store: &Imagined, engine: &engine, scrape, events: &events };
        let wish = Wish { panel: Some(panel), ..wish() };
        let svg = render(&dashboard(annotations), &wish, &source, &Control::unlimited(), NOW).unwrap();
        String::from_utf8(svg).unwrap()
    };
    // A colour that nothing else has.
    let lines = |svg: &str| svg.to_lowercase().matches("#0abcde").count();
    let with = |more: serde_json::Value| {
        let mut source = serde_json::json!({"name": "S", "enable": true, "iconColor": "#0abcde"});
        more.as_object().unwrap().iter().for_each(|(key, value)| source[key] = value.clone());
        serde_json::json!([source])
    };
    for (kind, source) in [
        ("a query", serde_json::json!({"expr": "up"})),
        ("alerts", serde_json::json!({"type": "crowsnest-alerts"})),
        ("events", serde_json::json!({"type": "crowsnest-events", "target": {"namespace": "shop"}})),
    ] {
        assert!(lines(&draw(with(source.clone()), 1)) > 0, "{kind} is marked");
        assert_eq!(lines(&draw(with(source.clone()), 2)), 0, "{kind}: a number has no time to mark");
        let mut off = with(source);
        off[0]["enable"] = false.into();
        assert_eq!(lines(&draw(off, 1)), 0, "{kind} is switched off");
    }
    assert_eq!(
        lines(&draw(
            with(serde_json::json!({"type": "crowsnest-events", "target": {"namespace": "data"}})),
            1
        )),
        0
    );
    assert_eq!(
        lines(&draw(with(serde_json::json!({"builtIn": 1})), 1)),
        0,
        "the built-in source waits to be wanted"
    );
}

#[test]
fn malicious_boards_are_harmless() {
    let evil = "</text><script>alert(1)</script><img src=x onerror=alert(1)>";
    let start = std::time::Instant::now();
    let panel = |id: i64, kind: &str| {
        serde_json::json!({"id": id, "type": kind, "title": evil, "description": evil, "gridPos": {"x": -5, "y": 9e15, "w": 1e9, "h": 1e9},
            "fieldConfig": {"defaults": {"unit": evil, "displayName": "${a}${b}", "links": [{"title": evil, "url": "javascript:alert(1)"}]},
                "overrides": [{"matcher": {"id": "byRegexp", "options": "/(a+)+$/"}, "properties": [{"id": "color.mode", "value": evil}]}]},
            "options": {"content": evil, "mode": "html"}, "repeat": "many",
            "targets": [{"refId": "A", "expr": "up{x=\"$a$b$many\"}", "legendFormat": evil}]})
    };
    let kinds = [
        "timeseries",
        "stat",
        "gauge",
        "bargauge",
        "table",
        "heatmap",
        "text",
        "piechart",
        "histogram",
        "state-timeline",
        evil,
    ];
    let panels: Vec<_> = (0i64..).zip(kinds).map(|(id, kind)| panel(id, kind)).collect();
    let bomb = format!("/{}$/", "(a|aa)+".repeat(20));
    let many: Vec<String> = (0..5_000).map(|at| format!("v{at}")).collect();
    let json = serde_json::json!({"title": evil, "panels": panels, "templating": {"list": [
        {"name": "a", "type": "query", "query": "label_values(up{b=\"$b\"}, x)"},
        {"name": "b", "type": "query", "query": "label_values(up{a=\"$a\"}, x)"},
        {"name": "c", "type": "query", "query": "label_values(up, node)", "regex": bomb},
        {"name": "many", "type": "custom", "query": many.join(","), "multi": true, "includeAll": true, "current": {"value": ["$__all"]}},
    ]}});
    let board = import(&json.to_string(), &Answers::new(), &Limits::default()).unwrap().dashboard;
    let engine = Engine::default();
    let source = Source {
        store: &Imagined,
        engine: &engine,
        scrape: ScrapeIntervals::all(15_000),
        events: &|_| Vec::new(),
    };
    let svg = render(&board, &wish(), &source, &Control::unlimited(), NOW).unwrap();
    let svg = String::from_utf8(svg).unwrap();
    for bad in ["<script", "<img", "javascript:"] {
        assert!(!svg.contains(bad), "{bad}");
    }
    let deep =
        format!("{{\"title\": \"T\", \"panels\": [{}{}]}}", "{\"a\":".repeat(100_000), "}".repeat(100_000));
    assert!(import(&deep, &Answers::new(), &Limits::default()).is_err());
    assert!(start.elapsed().as_secs() < 120, "{:?}", start.elapsed());
}
