//! From made-up results of its queries to what every panel of the corpus would draw.

use std::collections::BTreeMap;

use crowsnest_api::Labels;
use crowsnest_dashboards::field::{configure, show};
use crowsnest_dashboards::frame::{Frame, Series, frames};
use crowsnest_dashboards::import::{Answers, Limits, import};
use crowsnest_dashboards::interpolate::Bound;
use crowsnest_dashboards::layout::{RepeatValue, layout};
use crowsnest_dashboards::model::{Panel, TargetKind};
use crowsnest_dashboards::pattern::Fancy;
use crowsnest_dashboards::transform::{self, Context};

use crate::corpus;

/// Labels that real queries keep, so that joins and groups find what they look for.
const LABELS: &[&str] = &[
    "cluster",
    "customresource_kind",
    "exported_namespace",
    "container",
    "horizontalpodautoscaler",
    "instance",
    "job",
    "le",
    "mountpoint",
    "name",
    "namespace",
    "node",
    "pod",
    "ready",
    "resource",
    "type",
    "volume",
    "workload",
    "workload_type",
];

/// Three series of three samples.
fn results(instant: bool) -> Vec<Series> {
    let one = |at: i64| Series {
        labels: Labels::from_pairs(LABELS.iter().map(|name| (*name, format!("{at}")))),
        samples: (0..if instant { 1 } else { 3 }).map(|step| (step * 15_000, at as f64)).collect(),
        histograms: Vec::new(),
    };
    (1..=3).map(one).collect()
}

fn drawn(panel: &Panel) -> Vec<Frame> {
    let many = panel.targets.len() > 1;
    let asked = panel.targets.iter().filter(|target| target.kind == TargetKind::Metrics && !target.hidden);
    let results = asked.flat_map(|target| {
        let step = (!target.instant).then_some(15_000);
        let series = results(target.instant);
        frames(&series, &target.ref_id, target.format, target.legend.as_deref(), &target.expr, step, many)
    });
    let context = Context { engine: &Fancy, interpolate: &str::to_owned };
    let mut frames = transform::apply(results.collect(), &panel.transformations, &context);
    configure(&mut frames, &panel.field_config, &BTreeMap::<String, Bound>::new(), &Fancy);
    frames
}

#[test]
fn every_panel_with_queries_has_something_to_draw() {
    let mut empty = Vec::new();
    let mut cells = 0;
    for (name, text) in corpus::dashboards() {
        let import = import(&text, &Answers::new(), &Limits::default()).unwrap();
        for panel in import.dashboard.panels() {
            let frames = drawn(&panel);
            let asks =
                panel.targets.iter().any(|target| target.kind == TargetKind::Metrics && !target.hidden);
            if asks && frames.iter().all(|frame| frame.fields.is_empty() || frame.is_empty()) {
                empty.push(format!("{name}: {}", panel.title));
            }
            for field in frames.iter().flat_map(|frame| &frame.fields) {
                for cell in field.values.cells() {
                    cells += 1;
                    assert!(show(&cell, &field.config, 0.0, 100.0, &Fancy).text.to_string().len() < 1000);
                }
            }
        }
    }
    println!("{cells} cells");
    assert_eq!(empty, Vec::<String>::new());
}

#[test]
fn every_layout_keeps_its_panels_apart() {
    let values = |_: &str| -> Vec<RepeatValue> {
        ["a", "b", "c"].map(|value| (value.to_owned(), value.to_owned())).to_vec()
    };
    for (name, text) in corpus::dashboards() {
        let import = import(&text, &Answers::new(), &Limits::default()).unwrap();
        let placed = layout(&import.dashboard, &|_, _| true, &values);
        assert!(placed.len() >= import.dashboard.panels().len(), "{name}");
        for (at, a) in placed.iter().enumerate() {
            let clash = placed.iter().skip(at + 1).find(|b| a.grid.overlaps(b.grid));
            assert!(clash.is_none(), "{name}: {:?} and {clash:?}", a.grid);
        }
    }
}
