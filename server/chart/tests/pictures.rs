//! Whole pictures as SVG, compared with the ones accepted before. `INSTA_UPDATE=always cargo test -p crowsnest-chart`
//! accepts new ones; look at them in a browser first (`CROWSNEST_PICTURES=dir` writes all of them as an HTML page).

use std::fmt::Write as _;

use crowsnest_api::Labels;
use crowsnest_chart::{
    Annotation, AnnotationKind, Bounds, ChartData, ChartSeries, ChartSpec, NegativeLabels, Severity,
    Stacking, Theme, Threshold, TimeRange, render_svg,
};
use crowsnest_dashboards::Unit;

/// 2026-11-21 13:32:00 UTC.
const START: i64 = 1_795_267_920_000;
const STEP: i64 = 30_000;
const RANGE: TimeRange = TimeRange { start_ms: START, end_ms: START + 120 * STEP };

/// A reproducible wavy curve around `level`.
fn curve(seed: u64, level: f64, swing: f64) -> Vec<(i64, f64)> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut drift = 0.0;
    (0..=120)
        .map(|i: i32| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let noise = (state >> 40) as f64 / f64::from(1u32 << 24) - 0.5;
            drift = drift * 0.9 + noise * swing;
            let wave = (f64::from(i) / 17.0 + seed as f64).sin() * swing;
            (START + i64::from(i) * STEP, level + wave + drift)
        })
        .collect()
}

fn series(name: &str, points: Vec<(i64, f64)>) -> ChartSeries {
    ChartSeries { name: name.to_owned(), labels: Labels::from_pairs([("mode", name)]), points }
}

fn cpu() -> ChartData {
    let parts =
        [("user", 0.16, 0.02), ("system", 0.11, 0.012), ("iowait", 0.05, 0.02), ("other", 0.14, 0.008)];
    let series = (1..).zip(parts).map(|(seed, (name, level, swing))| series(name, curve(seed, level, swing)));
    ChartData { series: series.collect() }
}

fn network() -> ChartData {
    let mut received = curve(5, 45e6, 9e6);
    let mut sent = curve(6, -30e6, 6e6);
    for points in [&mut received, &mut sent] {
        points.retain(|(ms, _)| !(START + 80 * STEP..START + 92 * STEP).contains(ms));
    }
    ChartData { series: vec![series("received", received), series("sent", sent)] }
}

/// Every picture, by the name of its snapshot.
#[expect(clippy::expect_used, reason = "a test's own helper")]
fn gallery(theme: &Theme) -> Vec<(&'static str, String)> {
    const SIZE: (u32, u32) = (560, 200);
    let mut pictures = Vec::new();
    let mut add = |name, spec: &ChartSpec<'_>, size| {
        pictures.push((name, render_svg(spec, size, theme).expect("SVG into memory")));
    };

    let (cpu, network) = (cpu(), network());
    let (share, rate, bytes, plain) =
        (Unit::parse("percentunit"), Unit::parse("Bps"), Unit::parse("bytes"), Unit::none());
    let threshold =
        [Threshold { value: 0.85, label: "warning 85 %".to_owned(), severity: Severity::Warning }];
    let stacked = ChartSpec {
        stacking: Stacking::Stacked,
        bounds: Bounds { min: Some(0.0), max: Some(1.0) },
        thresholds: &threshold,
        ..ChartSpec::new(&cpu, RANGE, &share)
    };
    add("stacked", &stacked, SIZE);

    let mirrored = ChartSpec { negative: NegativeLabels::Absolute, ..ChartSpec::new(&network, RANGE, &rate) };
    add("mirrored_with_gap", &mirrored, SIZE);

    let memory = ChartData { series: vec![series("used", curve(8, 11.2e9, 0.5e9))] };
    let notes = [
        Annotation {
            at_ms: START + 40 * STEP,
            until_ms: None,
            label: "checkout 2.14.1".to_owned(),
            kind: AnnotationKind::Event,
        },
        Annotation {
            at_ms: START + 100 * STEP,
            until_ms: None,
            label: String::new(),
            kind: AnnotationKind::Fault,
        },
    ];
    let limit = [Threshold {
        value: 15.6 * 1024f64.powi(3),
        label: "installed 15.6 GiB".to_owned(),
        severity: Severity::Neutral,
    }];
    let annotated =
        ChartSpec { annotations: &notes, thresholds: &limit, ..ChartSpec::new(&memory, RANGE, &bytes) };
    add("annotated", &annotated, SIZE);

    let stale =
        ChartSpec { stale_since_ms: Some(START + 110 * STEP), ..ChartSpec::new(&memory, RANGE, &bytes) };
    add("stale_and_narrow", &stale, (220, 120));

    let empty = ChartData::default();
    add("no_data", &ChartSpec::new(&empty, RANGE, &share), SIZE);

    let single = ChartData { series: vec![series("up", vec![(START + 60 * STEP, 1.0)])] };
    add("single_sample", &ChartSpec::new(&single, RANGE, &plain), SIZE);

    let mut odd = curve(9, 5.0, 2.0);
    odd[30].1 = f64::NAN;
    odd[60].1 = f64::INFINITY;
    odd[90].1 = f64::NEG_INFINITY;
    let odd = ChartData { series: vec![series("odd", odd)] };
    add("nan_and_infinities", &ChartSpec::new(&odd, RANGE, &plain), SIZE);

    let many = ChartData {
        series: (0..12)
            .map(|i| series(&format!("pod-{i}"), curve(20 + i, 1.0 + i as f64 * 0.4, 0.3)))
            .collect(),
    };
    add("twelve_series", &ChartSpec::new(&many, RANGE, &plain), SIZE);

    let clipped = ChartSpec {
        bounds: Bounds { min: Some(4.0), max: Some(6.0) },
        ..ChartSpec::new(&odd, RANGE, &plain)
    };
    add("clipped_at_fixed_ends", &clipped, SIZE);
    pictures
}

#[test]
fn pictures_are_those_accepted_before() {
    for (name, svg) in gallery(&Theme::light()) {
        // One element a line, so that a change shows where it is.
        insta::assert_snapshot!(name, svg.replace("><", ">\n<"));
    }
}

#[test]
fn pictures_hold_only_finite_coordinates() {
    for (name, svg) in gallery(&Theme::dark()) {
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{name}");
    }
}

#[test]
fn the_gallery_is_written_where_asked() {
    let Some(folder) = std::env::var_os("CROWSNEST_PICTURES") else { return };
    for (theme_name, theme, ground) in
        [("light", Theme::light(), "#ffffff"), ("dark", Theme::dark(), "#14171b")]
    {
        let mut page = format!("<body style='background:{ground};margin:16px;columns:2'>");
        for (name, svg) in gallery(&theme) {
            write!(page, "<p style='color:#888;font:11px sans-serif;margin:8px 0 2px'>{name}</p>{svg}")
                .unwrap();
        }
        std::fs::write(std::path::Path::new(&folder).join(format!("{theme_name}.html")), page).unwrap();
    }
}
