//! Time to prepare and draw a chart, with a checksum of what was drawn.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::time::{Duration, Instant};

use crowsnest_api::Labels;
use crowsnest_chart::{
    ApproximateText, Chart, ChartData, ChartSeries, ChartSpec, Figure, FigureContext, Stacking, Surface,
    Theme, TimeRange, View,
};
use crowsnest_dashboards::Unit;
use crowsnest_dashboards::frame::Series;
use crowsnest_dashboards::import::{Answers, Limits, import_value};
use crowsnest_dashboards::interpolate::Bound;
use crowsnest_dashboards::model::Format;
use crowsnest_dashboards::panel::{self, frames};
use crowsnest_dashboards::pattern::Fancy;
use crowsnest_dashboards::query::Query;
use plotters_backend::{
    BackendColor, BackendCoord, BackendStyle, BackendTextStyle, DrawingBackend, DrawingErrorKind,
};

/// A back-end that draws nothing and adds up what it is asked to draw: the cost measured is ours alone.
#[derive(Default)]
struct Tally {
    calls: u64,
    points: u64,
    checksum: u64,
}

impl Tally {
    fn add(&mut self, points: impl IntoIterator<Item = BackendCoord>) {
        self.calls += 1;
        for (x, y) in points {
            self.points += 1;
            self.checksum =
                self.checksum.wrapping_mul(31).wrapping_add((x as u64) << 32 | u64::from(y as u32));
        }
    }
}

type Answer = Result<(), DrawingErrorKind<Infallible>>;

impl DrawingBackend for Tally {
    type ErrorType = Infallible;

    fn get_size(&self) -> (u32, u32) {
        (0, 0)
    }

    fn ensure_prepared(&mut self) -> Answer {
        Ok(())
    }

    fn present(&mut self) -> Answer {
        Ok(())
    }

    fn draw_pixel(&mut self, point: BackendCoord, _: BackendColor) -> Answer {
        self.add([point]);
        Ok(())
    }

    fn draw_rect<S: BackendStyle>(&mut self, from: BackendCoord, to: BackendCoord, _: &S, _: bool) -> Answer {
        self.add([from, to]);
        Ok(())
    }

    fn draw_path<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(&mut self, path: I, _: &S) -> Answer {
        self.add(path);
        Ok(())
    }

    fn fill_polygon<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        path: I,
        _: &S,
    ) -> Answer {
        self.add(path);
        Ok(())
    }

    fn draw_circle<S: BackendStyle>(&mut self, center: BackendCoord, _: u32, _: &S, _: bool) -> Answer {
        self.add([center]);
        Ok(())
    }

    fn draw_text<S: BackendTextStyle>(&mut self, _: &str, _: &S, at: BackendCoord) -> Answer {
        self.add([at]);
        Ok(())
    }
}

/// Curves that look like load: two waves and a reproducible noise.
fn data(series: usize, points: usize, step_ms: i64) -> ChartData {
    let mut state = 42u64;
    let mut noise = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f64 / (1u64 << 24) as f64
    };
    let one = |index: usize, noise: &mut dyn FnMut() -> f64| ChartSeries {
        name: format!("pod-{index}"),
        labels: Labels::from_pairs([("pod", format!("pod-{index}"))]),
        points: (0..points)
            .map(|i| {
                let wave = (i as f64 / 97.0 + index as f64).sin() + 1.5;
                (i as i64 * step_ms, wave * (index + 1) as f64 + noise())
            })
            .collect(),
    };
    ChartData { series: (0..series).map(|index| one(index, &mut noise)).collect() }
}

fn measure(name: &str, series: usize, points: usize, stacking: Stacking) {
    let data = data(series, points, 15_000);
    let unit = Unit::parse("bytes");
    let range = TimeRange { start_ms: 0, end_ms: (points as i64 - 1) * 15_000 };
    let spec = ChartSpec { stacking, ..ChartSpec::new(&data, range, &unit) };
    let theme = Theme::light();
    let mut best = Duration::MAX;
    let mut tally = Tally::default();
    for _ in 0..9 {
        tally = Tally::default();
        let start = Instant::now();
        let chart = Chart::prepare(&spec, Surface::canvas(800.0, 240.0, 1.0), &ApproximateText);
        let drawn = chart.draw(&mut tally, &theme, &ApproximateText);
        best = best.min(start.elapsed());
        assert!(drawn.is_ok());
    }
    println!(
        "{name:<34} {:>9.2} ms {:>6} calls {:>8} points  checksum {:016x}",
        best.as_secs_f64() * 1e3,
        tally.calls,
        tally.points,
        tally.checksum
    );
}

/// The same through a panel: frames, config, styles, legend, and a picture at a size.
fn measure_panel(name: &str, series: usize, points: usize) {
    let json = serde_json::json!({"title": "T", "panels": [{"type": "timeseries", "targets": [{"refId": "A", "expr": "x"}],
        "options": {"legend": {"calcs": ["mean", "max", "lastNotNull"], "displayMode": "table"}}, "fieldConfig": {"defaults": {"unit": "bytes"}}}]});
    let Ok(imported) = import_value(json, &Answers::new(), &Limits::default()) else { return };
    let Some(panel) = imported.dashboard.panels().into_iter().next() else { return };
    let found = data(series, points, 15_000).series.into_iter().map(|one| Series {
        labels: one.labels,
        samples: one.points,
        histograms: Vec::new(),
    });
    let range = TimeRange { start_ms: 0, end_ms: (points as i64 - 1) * 15_000 };
    let query = Query {
        ref_id: "A".to_owned(),
        expr: "x".to_owned(),
        from: 0,
        to: range.end_ms,
        step_ms: Some(15_000),
        format: Format::TimeSeries,
        legend: Some("{{pod}}".to_owned()),
    };
    let answers = [panel::Answer { query, series: found.collect() }];
    let none = BTreeMap::<String, Bound>::new();
    let context = FigureContext { range, utc_offset_minutes: 0, variables: &none, engine: &Fancy };
    let (theme, hidden) = (Theme::light(), BTreeSet::new());
    let mut best = [Duration::MAX; 2];
    let mut tally = Tally::default();
    for _ in 0..9 {
        tally = Tally::default();
        let start = Instant::now();
        let figure = Figure::new(&panel, &frames(&panel, &answers, &none, &Fancy), &context);
        best[0] = best[0].min(start.elapsed());
        let start = Instant::now();
        let surface = Surface::canvas(800.0, 240.0, 1.0);
        let picture = figure.prepare(surface, &View::new(range, &hidden), &theme, &ApproximateText);
        let drawn = picture.draw(&mut tally, &theme);
        best[1] = best[1].min(start.elapsed());
        assert!(drawn.is_ok());
    }
    let [read, drawn] = best.map(|time| time.as_secs_f64() * 1e3);
    println!(
        "{name:<34} {drawn:>9.2} ms {:>6} calls {:>8} points  checksum {:016x}  (read: {read:.2} ms)",
        tally.calls, tally.points, tally.checksum
    );
}

fn main() {
    measure("chart: 50 series x 1,000 points", 50, 1_000, Stacking::None);
    measure("chart: 50 x 1,000, stacked", 50, 1_000, Stacking::Stacked);
    measure("chart: 1 series x 100,000 points", 1, 100_000, Stacking::None);
    measure_panel("panel: 50 series x 1,000 points", 50, 1_000);
    measure_panel("panel: 1,000 x 1,000", 1_000, 1_000);
}
