//! Every kind of panel, from JSON and made-up answers to a picture. Snapshots as in `pictures.rs`; `CROWSNEST_PICTURES=dir` writes PNGs.

#![expect(
    clippy::unwrap_used,
    clippy::needless_pass_by_value,
    clippy::redundant_clone,
    reason = "a test's own helpers; panels are put together from values"
)]

use std::collections::{BTreeMap, BTreeSet};

use crowsnest_api::Labels;
use crowsnest_chart::{
    Body, Face, Figure, FigureContext, Surface, Theme, TimeRange, View, scene_png, scene_svg, svg_surface,
};
use crowsnest_dashboards::frame::{Frame, HistogramBucket, HistogramSample, Series};
use crowsnest_dashboards::import::{Answers, Limits, import_value};
use crowsnest_dashboards::interpolate::Bound;
use crowsnest_dashboards::model::{Format, Panel};
use crowsnest_dashboards::panel::{Answer, frames};
use crowsnest_dashboards::pattern::Fancy;
use crowsnest_dashboards::query::Query;
use serde_json::{Value, json};

/// 2026-11-21 13:32:00 UTC.
const START: i64 = 1_795_267_920_000;
const STEP: i64 = 60_000;
const RANGE: TimeRange = TimeRange { start_ms: START, end_ms: START + 60 * STEP };
const FACE: &[u8] = include_bytes!("../../assets/picture-face.ttf");

fn panel(json: &Value) -> Panel {
    let dashboard = json!({"title": "T", "panels": [json]});
    import_value(dashboard, &Answers::new(), &Limits::default()).unwrap().dashboard.panels().remove(0)
}

fn wave(seed: f64, level: f64, swing: f64) -> Vec<(i64, f64)> {
    (0..=60)
        .map(|at| {
            let x = f64::from(at);
            let value = level + swing * ((x / 9.0 + seed).sin() + 0.4 * (x / 2.3 + seed * 2.0).sin());
            (START + i64::from(at) * STEP, value)
        })
        .collect()
}

fn series(name: &str, samples: Vec<(i64, f64)>) -> Series {
    Series { labels: Labels::from_pairs([("name", name)]), samples, histograms: Vec::new() }
}

fn answer(ref_id: &str, format: Format, instant: bool, series: Vec<Series>) -> Answer {
    let query = Query {
        ref_id: ref_id.to_owned(),
        expr: "x".to_owned(),
        from: RANGE.start_ms,
        to: RANGE.end_ms,
        step_ms: (!instant).then_some(STEP),
        format,
        legend: Some("{{name}}".to_owned()),
    };
    Answer { query, series }
}

fn three() -> Vec<Answer> {
    let all = vec![
        series("user", wave(0.0, 0.32, 0.05)),
        series("system", wave(1.7, 0.18, 0.04)),
        series("iowait", wave(3.1, 0.08, 0.03)),
    ];
    vec![answer("A", Format::TimeSeries, false, all)]
}

fn last(answers: Vec<Answer>) -> Vec<Answer> {
    let one = |mut answer: Answer| {
        for series in &mut answer.series {
            series.samples = series.samples.last().copied().into_iter().collect();
        }
        answer.query.step_ms = None;
        answer
    };
    answers.into_iter().map(one).collect()
}

fn buckets() -> Vec<Answer> {
    let one = |(at, le): (usize, &str)| Series {
        labels: Labels::from_pairs([("le", le)]),
        samples: (0..=60)
            .map(|step| {
                let full = 40.0 + 25.0 * (f64::from(step) / 8.0).sin();
                let share =
                    1.0 / (1.0 + (-(at as f64 - 3.0 - (f64::from(step) / 10.0).sin() * 1.4) * 1.6).exp());
                (START + i64::from(step) * STEP, (full * share).round())
            })
            .collect(),
        histograms: Vec::new(),
    };
    let bounds = ["0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1", "+Inf"];
    let all = bounds.into_iter().enumerate().map(one).collect();
    let mut answer = answer("A", Format::Heatmap, false, all);
    answer.query.legend = Some("{{le}}".to_owned());
    vec![answer]
}

fn native() -> Vec<Answer> {
    let sample = |step: i64| HistogramSample {
        at: START + step * STEP,
        buckets: (0..8)
            .map(|at| HistogramBucket {
                lower: 2f64.powi(at) / 100.0,
                upper: 2f64.powi(at + 1) / 100.0,
                count: (8.0 - (f64::from(at) - 4.0 - (step as f64 / 9.0).sin() * 2.0).abs() * 2.0).max(0.0),
            })
            .collect(),
    };
    let series =
        Series { labels: Labels::empty(), samples: Vec::new(), histograms: (0..=60).map(sample).collect() };
    vec![answer("A", Format::Heatmap, false, vec![series])]
}

fn disks() -> Vec<Answer> {
    let mounts = [
        ("/var/lib/containerd", 80e9, 0.92),
        ("/var/lib/kubelet", 40e9, 0.68),
        ("/var/log", 20e9, 0.58),
        ("/", 40e9, 0.52),
        ("/boot/efi", 5e8, 0.06),
    ];
    let column = |ref_id: &str, of: fn(&(&str, f64, f64)) -> f64| {
        let series = mounts.iter().map(|mount| Series {
            labels: Labels::from_pairs([("mountpoint", mount.0), ("device", "nvme0n1")]),
            samples: vec![(RANGE.end_ms, of(mount))],
            histograms: Vec::new(),
        });
        answer(ref_id, Format::Table, true, series.collect())
    };
    vec![column("A", |mount| mount.1), column("B", |mount| mount.2)]
}

fn states() -> Vec<Answer> {
    let pod = |name: &str, levels: &[(i64, f64)]| {
        let at =
            |step: i64| levels.iter().rev().find(|(from, _)| *from <= step).map_or(0.0, |(_, level)| *level);
        series(name, (0..=60).map(|step| (START + step * STEP, at(step))).collect())
    };
    let all = vec![
        pod("shop-1", &[(0, 1.0), (20, 0.0), (26, 2.0), (31, 1.0)]),
        pod("shop-2", &[(0, 1.0)]),
        pod("ledger", &[(0, 2.0), (12, 1.0), (50, 0.0)]),
    ];
    vec![answer("A", Format::TimeSeries, false, all)]
}

fn steps() -> Value {
    json!({"mode": "absolute", "steps": [{"color": "green", "value": null}, {"color": "yellow", "value": 0.7}, {"color": "red", "value": 0.9}]})
}

fn timeseries(custom: &Value, more: &Value) -> Value {
    let mut defaults = json!({"unit": "percentunit", "custom": custom});
    for (key, value) in more.as_object().into_iter().flatten() {
        defaults[key] = value.clone();
    }
    json!({"type": "timeseries", "title": "CPU by mode", "fieldConfig": {"defaults": defaults},
        "options": {"legend": {"displayMode": "list", "placement": "bottom", "showLegend": true}},
        "targets": [{"refId": "A", "expr": "x"}]})
}

fn with(mut panel: Value, path: &str, value: Value) -> Value {
    *panel.pointer_mut(path).unwrap() = value;
    panel
}

fn single(kind: &str, options: Value, defaults: Value) -> Value {
    json!({"type": kind, "title": "Memory used", "options": options, "fieldConfig": {"defaults": defaults}, "targets": [{"refId": "A", "expr": "x"}]})
}

/// Every picture: its name, its panel, its answers.
fn gallery() -> Vec<(&'static str, Value, Vec<Answer>)> {
    let table = json!({"displayMode": "table", "placement": "bottom", "showLegend": true, "calcs": ["mean", "max", "lastNotNull"]});
    let right =
        json!({"displayMode": "table", "placement": "right", "showLegend": true, "calcs": ["lastNotNull"]});
    let plain = json!({});
    let percent = json!({"unit": "percentunit", "min": 0, "max": 1, "thresholds": steps(), "color": {"mode": "thresholds"}});
    let states_config = json!({"mappings": [{"type": "value", "options": {"0": {"text": "Down", "color": "red", "index": 0}, "1": {"text": "Running", "color": "green", "index": 1}, "2": {"text": "Starting", "color": "yellow", "index": 2}}}], "custom": {}});
    let mut right_axis = timeseries(&json!({"lineWidth": 1}), &plain);
    right_axis["fieldConfig"]["overrides"] = json!([{"matcher": {"id": "byName", "options": "iowait"}, "properties": [{"id": "unit", "value": "ms"}, {"id": "custom.drawStyle", "value": "bars"}, {"id": "custom.fillOpacity", "value": 60}, {"id": "color", "value": {"mode": "fixed", "fixedColor": "orange"}}]}]);
    let mut negative = timeseries(&json!({"fillOpacity": 12}), &json!({"unit": "Bps"}));
    negative["fieldConfig"]["overrides"] = json!([{"matcher": {"id": "byName", "options": "system"}, "properties": [{"id": "custom.transform", "value": "negative-Y"}]}]);
    let mut disks_table = json!({"type": "table", "title": "File systems", "options": {"showHeader": true, "sortBy": [{"displayName": "Used", "desc": true}], "footer": {"show": true, "reducer": ["sum"], "fields": ["Size"]}},
        "targets": [{"refId": "A", "expr": "x", "format": "table", "instant": true}, {"refId": "B", "expr": "y", "format": "table", "instant": true}],
        "transformations": [{"id": "merge", "options": {}}, {"id": "organize", "options": {"excludeByName": {"Time": true}, "indexByName": {"mountpoint": 0, "device": 1, "Value #A": 2, "Value #B": 3}, "renameByName": {"mountpoint": "Mount", "device": "Device", "Value #A": "Size", "Value #B": "Used"}}}]});
    disks_table["fieldConfig"] = json!({"defaults": {"thresholds": steps()}, "overrides": [
        {"matcher": {"id": "byName", "options": "Size"}, "properties": [{"id": "unit", "value": "decbytes"}]},
        {"matcher": {"id": "byName", "options": "Used"}, "properties": [{"id": "unit", "value": "percentunit"}, {"id": "max", "value": 1}, {"id": "min", "value": 0}, {"id": "custom.cellOptions", "value": {"type": "gauge"}}]}]});
    let mut coloured = disks_table.clone();
    coloured["fieldConfig"]["overrides"][1]["properties"][3]["value"] = json!({"type": "color-background"});
    vec![
        ("lines", timeseries(&json!({"fillOpacity": 10}), &plain), three()),
        (
            "stacked_table",
            with(
                timeseries(&json!({"stacking": {"mode": "normal", "group": "A"}, "fillOpacity": 55}), &plain),
                "/options/legend",
                table.clone(),
            ),
            three(),
        ),
        (
            "percent_right",
            with(
                timeseries(
                    &json!({"stacking": {"mode": "percent", "group": "A"}, "fillOpacity": 70, "lineWidth": 0}),
                    &plain,
                ),
                "/options/legend",
                right,
            ),
            three(),
        ),
        (
            "bars",
            timeseries(&json!({"drawStyle": "bars", "fillOpacity": 80}), &plain),
            vec![answer("A", Format::TimeSeries, false, vec![series("user", wave(0.0, 0.3, 0.1))])],
        ),
        (
            "points_log",
            timeseries(
                &json!({"drawStyle": "points", "scaleDistribution": {"type": "log", "log": 10}}),
                &json!({"unit": "s"}),
            ),
            three(),
        ),
        (
            "steps_and_gradient",
            timeseries(
                &json!({"lineInterpolation": "stepAfter", "fillOpacity": 40, "gradientMode": "opacity"}),
                &plain,
            ),
            three(),
        ),
        (
            "smooth_dashed",
            timeseries(
                &json!({"lineInterpolation": "smooth", "lineStyle": {"fill": "dash", "dash": [10, 6]}, "showPoints": "always"}),
                &plain,
            ),
            three(),
        ),
        (
            "thresholds",
            timeseries(
                &json!({"thresholdsStyle": {"mode": "line+area"}}),
                &json!({"max": 1, "min": 0, "thresholds": steps()}),
            ),
            three(),
        ),
        (
            "scheme",
            timeseries(
                &json!({"gradientMode": "scheme", "fillOpacity": 30, "lineWidth": 2}),
                &json!({"color": {"mode": "continuous-GrYlRd"}}),
            ),
            vec![answer("A", Format::TimeSeries, false, vec![series("user", wave(0.0, 0.5, 0.3))])],
        ),
        ("right_axis", right_axis, three()),
        ("negative_y", negative, three()),
        (
            "stat",
            single(
                "stat",
                json!({"graphMode": "area", "colorMode": "value", "reduceOptions": {"calcs": ["lastNotNull"]}}),
                percent.clone(),
            ),
            vec![answer("A", Format::TimeSeries, false, vec![series("n1", wave(0.0, 0.75, 0.1))])],
        ),
        (
            "stat_background",
            single(
                "stat",
                json!({"graphMode": "none", "colorMode": "background", "textMode": "auto", "reduceOptions": {"calcs": ["max"]}}),
                percent.clone(),
            ),
            three(),
        ),
        (
            "gauge",
            single(
                "gauge",
                json!({"reduceOptions": {"calcs": ["lastNotNull"]}, "showThresholdMarkers": true}),
                percent.clone(),
            ),
            vec![answer("A", Format::TimeSeries, false, vec![series("n1", wave(0.0, 0.75, 0.1))])],
        ),
        ("gauges", single("gauge", json!({"reduceOptions": {"calcs": ["max"]}}), percent.clone()), three()),
        (
            "bar_gauge",
            single(
                "bargauge",
                json!({"displayMode": "gradient", "orientation": "horizontal", "reduceOptions": {"calcs": ["max"]}}),
                percent.clone(),
            ),
            three(),
        ),
        (
            "bar_gauge_lcd",
            single(
                "bargauge",
                json!({"displayMode": "lcd", "orientation": "horizontal", "reduceOptions": {"calcs": ["max"]}}),
                json!({"unit": "percentunit", "min": 0, "max": 0.5, "thresholds": {"mode": "percentage", "steps": [{"color": "green", "value": null}, {"color": "red", "value": 60}]}, "color": {"mode": "thresholds"}}),
            ),
            three(),
        ),
        (
            "bar_gauge_vertical",
            single(
                "bargauge",
                json!({"displayMode": "basic", "orientation": "vertical", "reduceOptions": {"calcs": ["max"]}}),
                json!({"unit": "percentunit", "color": {"mode": "palette-classic"}}),
            ),
            three(),
        ),
        ("table", disks_table, disks()),
        ("table_coloured", coloured, disks()),
        (
            "bar_chart",
            json!({"type": "barchart", "title": "Requests", "options": {"legend": {"showLegend": true, "displayMode": "list", "placement": "bottom"}, "showValue": "auto"}, "fieldConfig": {"defaults": {"unit": "short"}}, "targets": [{"refId": "A", "expr": "x"}]}),
            last(three()),
        ),
        (
            "pie",
            json!({"type": "piechart", "title": "CPU by mode", "options": {"pieType": "donut", "displayLabels": ["percent"], "legend": {"showLegend": true, "displayMode": "table", "placement": "right", "values": ["value", "percent"]}, "reduceOptions": {"calcs": ["lastNotNull"]}}, "fieldConfig": {"defaults": {"unit": "percentunit", "color": {"mode": "palette-classic"}}}, "targets": [{"refId": "A", "expr": "x"}]}),
            three(),
        ),
        (
            "histogram",
            json!({"type": "histogram", "title": "How often", "options": {"bucketCount": 12, "legend": {"showLegend": false}}, "fieldConfig": {"defaults": {"unit": "percentunit"}}, "targets": [{"refId": "A", "expr": "x"}]}),
            three(),
        ),
        (
            "heatmap",
            json!({"type": "heatmap", "title": "Latency", "options": {"calculate": false, "yAxis": {"unit": "s"}}, "fieldConfig": {"defaults": {}}, "targets": [{"refId": "A", "expr": "x", "format": "heatmap"}]}),
            buckets(),
        ),
        (
            "heatmap_calculated",
            json!({"type": "heatmap", "title": "Load", "options": {"calculate": true}, "fieldConfig": {"defaults": {"unit": "percentunit"}}, "targets": [{"refId": "A", "expr": "x"}]}),
            three(),
        ),
        (
            "heatmap_native",
            json!({"type": "heatmap", "title": "Latency", "options": {"calculate": false, "yAxis": {"unit": "s"}}, "fieldConfig": {"defaults": {}}, "targets": [{"refId": "A", "expr": "x", "format": "heatmap"}]}),
            native(),
        ),
        (
            "state_timeline",
            json!({"type": "state-timeline", "title": "Pods", "options": {"legend": {"showLegend": true, "displayMode": "list", "placement": "bottom"}}, "fieldConfig": {"defaults": states_config}, "targets": [{"refId": "A", "expr": "x"}]}),
            states(),
        ),
        (
            "status_history",
            json!({"type": "status-history", "title": "Pods", "options": {"legend": {"showLegend": false}, "showValue": "never"}, "fieldConfig": {"defaults": states_config}, "targets": [{"refId": "A", "expr": "x"}]}),
            states(),
        ),
        (
            "text",
            json!({"type": "text", "title": "", "options": {"mode": "markdown", "content": "# Node $node\n\nRead the [runbook](https://example.com) **first**.\n\n- one\n- two\n\n| a | b |\n|---|---|\n| 1 | 2 |"}}),
            Vec::new(),
        ),
        (
            "korean",
            with(timeseries(&json!({"fillOpacity": 10}), &plain), "/title", json!("노드별 CPU 사용률")),
            three(),
        ),
        ("no_data", timeseries(&plain, &plain), Vec::new()),
        (
            "loki",
            json!({"type": "timeseries", "title": "Errors", "targets": [{"refId": "A", "expr": "x", "datasource": {"type": "loki"}}]}),
            Vec::new(),
        ),
        (
            "logs",
            json!({"type": "logs", "title": "Logs", "targets": [{"refId": "A", "expr": "x"}]}),
            Vec::new(),
        ),
    ]
}

fn figure(json: &Value, answers: &[Answer]) -> Figure {
    let panel = panel(json);
    let variables = BTreeMap::from([("node".to_owned(), Bound::text("n1<script>"))]);
    let frames: Vec<Frame> = frames(&panel, answers, &variables, &Fancy);
    let context =
        FigureContext { range: RANGE, utc_offset_minutes: 0, variables: &variables, engine: &Fancy };
    Figure::new(&panel, &frames, &context)
}

fn svg(figure: &Figure, size: (u32, u32), theme: &Theme) -> String {
    let face = Face::parse(FACE).unwrap();
    let hidden = BTreeSet::new();
    let scene = figure.panel(svg_surface(size), true, &View::new(RANGE, &hidden), theme, &face);
    scene_svg(&scene, size, &theme.font).unwrap()
}

#[test]
fn every_kind_is_drawn_as_accepted_before() {
    for (name, json, answers) in gallery() {
        let picture = svg(&figure(&json, &answers), (400, 220), &Theme::light());
        assert!(!picture.contains("NaN") && !picture.contains("inf\""), "{name}");
        insta::assert_snapshot!(format!("figure_{name}"), picture);
    }
}

#[test]
fn pictures_are_written_where_asked() {
    let Some(folder) = std::env::var_os("CROWSNEST_PICTURES").map(std::path::PathBuf::from) else { return };
    std::fs::create_dir_all(&folder).unwrap();
    let face = Face::parse(FACE).unwrap();
    let hidden = BTreeSet::new();
    for (theme_name, theme) in [("light", Theme::light()), ("dark", Theme::dark())] {
        for (width, height, columns) in [(400u32, 220u32, 4u32), (200, 150, 6), (1600, 300, 1)] {
            let all = gallery();
            let rows = (all.len() as u32).div_ceil(columns);
            let mut sheet = crowsnest_chart::Scene::default();
            for (at, (_, json, answers)) in (0u32..).zip(&all) {
                let surface = Surface::canvas(f64::from(width), f64::from(height), 1.0);
                let scene =
                    figure(json, answers).panel(surface, true, &View::new(RANGE, &hidden), &theme, &face);
                let place = (f64::from(at % columns * (width + 8)), f64::from(at / columns * (height + 8)));
                sheet.put(&scene, place);
            }
            let file = std::fs::File::create(folder.join(format!("{theme_name}-{width}.png"))).unwrap();
            let size = (columns * (width + 8), rows * (height + 8));
            scene_png(&sheet, size, 1, theme.canvas, &face, std::io::BufWriter::new(file)).unwrap();
        }
    }
}

#[test]
fn known_numbers_are_in_the_picture_and_without_them_it_says_no_data() {
    for kind in ["timeseries", "stat", "gauge", "bargauge", "table", "piechart", "barchart"] {
        let json = json!({"type": kind, "title": "T", "fieldConfig": {"defaults": {"unit": "none"}},
            "options": {"legend": {"showLegend": true, "displayMode": "table", "calcs": ["lastNotNull"], "values": ["value"]}, "showValue": "always"},
            "targets": [{"refId": "A", "expr": "x"}]});
        let known = answer(
            "A",
            Format::TimeSeries,
            false,
            vec![series("a", vec![(START, 1.0), (START + STEP, 4242.0)])],
        );
        let theme = Theme::light();
        let seen = svg(&figure(&json, &[known]), (600, 300), &theme);
        assert!(seen.contains("4242"), "{kind}: {seen}");
        let gone = svg(&figure(&json, &[]), (600, 300), &theme);
        assert!(gone.contains("No data") && !gone.contains("4242"), "{kind}: {gone}");
    }
}

#[test]
fn nothing_that_runs_comes_into_a_picture() {
    let evil = "</text><script>alert(1)</script>\"'><img src=x onerror=alert(1)>";
    for kind in [
        "timeseries",
        "stat",
        "gauge",
        "bargauge",
        "table",
        "piechart",
        "barchart",
        "histogram",
        "heatmap",
        "state-timeline",
        "status-history",
        "text",
    ] {
        let json = json!({"type": kind, "title": evil, "fieldConfig": {"defaults": {"unit": evil, "displayName": evil, "noValue": evil,
                "custom": {"axisLabel": evil}, "color": {"mode": "fixed", "fixedColor": evil}, "links": [{"title": evil, "url": "javascript:alert(1)"}],
                "mappings": [{"type": "value", "options": {"1": {"text": evil, "color": evil}}}]}},
            "options": {"content": evil, "mode": "html", "legend": {"showLegend": true}},
            "targets": [{"refId": "A", "expr": "x"}]});
        let found = answer(
            "A",
            Format::TimeSeries,
            false,
            vec![series(evil, vec![(START, 1.0), (START + STEP, 2.0)])],
        );
        let picture = svg(&figure(&json, &[found]), (600, 300), &Theme::dark());
        for bad in ["<script", "<img", "javascript:", "onerror=alert(1)>"] {
            assert!(!picture.contains(bad), "{kind}: {bad}: {picture}");
        }
    }
}

#[test]
fn there_is_no_end_of_data_that_takes_long() {
    let start = std::time::Instant::now();
    let many: Vec<Series> =
        (0..3_000).map(|at| series(&format!("s{at}"), wave(f64::from(at), f64::from(at), 1.0))).collect();
    let wide: Vec<Series> =
        vec![series("one", (0..200_000).map(|at| (START + at * 10, at as f64)).collect())];
    let odd: Vec<Series> = vec![series(
        "odd",
        vec![(i64::MIN, f64::NAN), (0, f64::INFINITY), (START, -1e308), (START + 1, 1e308), (i64::MAX, 0.0)],
    )];
    for kind in [
        "timeseries",
        "stat",
        "gauge",
        "bargauge",
        "table",
        "piechart",
        "barchart",
        "histogram",
        "heatmap",
        "state-timeline",
        "status-history",
    ] {
        for data in [&many, &wide, &odd] {
            let json = json!({"type": kind, "title": "T", "options": {"legend": {"showLegend": true, "calcs": ["mean"]}, "calculate": true}, "targets": [{"refId": "A", "expr": "x"}]});
            let figure = figure(&json, &[answer("A", Format::TimeSeries, false, data.clone())]);
            for size in [(1, 1), (40, 30), (800, 300)] {
                let _ = svg(&figure, size, &Theme::light());
            }
        }
    }
    // Minutes would be a hang; a debug build on a busy machine needs seconds.
    assert!(start.elapsed().as_secs() < 120, "{:?}", start.elapsed());
}

#[test]
fn tips_say_what_lies_under_the_pointer() {
    let hidden = BTreeSet::new();
    let face = Face::parse(FACE).unwrap();
    let theme = Theme::light();
    let tip = |json: &Value, answers: &[Answer], x: f64, y: f64| {
        let figure = figure(json, answers);
        assert!(matches!(figure.body(), Body::Picture));
        let picture =
            figure.prepare(Surface::canvas(400.0, 200.0, 1.0), &View::new(RANGE, &hidden), &theme, &face);
        picture.tip(&figure, x, y, &Fancy)
    };
    let mut lines = timeseries(&json!({}), &json!({}));
    lines["options"]["tooltip"] = json!({"mode": "multi", "sort": "desc"});
    let found = tip(&lines, &three(), 200.0, 100.0).unwrap();
    let names: Vec<&str> = found.rows.iter().map(|row| row.name.as_str()).collect();
    assert_eq!(names, ["user", "system", "iowait"]);
    lines["options"]["tooltip"] = json!({"mode": "single"});
    assert_eq!(tip(&lines, &three(), 200.0, 10.0).unwrap().rows.len(), 1);
    lines["options"]["tooltip"] = json!({"mode": "none"});
    assert_eq!(tip(&lines, &three(), 200.0, 10.0), None);
    let (_, heat, answers) = gallery().into_iter().find(|one| one.0 == "heatmap").unwrap();
    assert!(tip(&heat, &answers, 200.0, 120.0).is_some());
}
