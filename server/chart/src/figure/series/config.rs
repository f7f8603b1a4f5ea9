//! From a column's config to how its series is drawn.

use crowsnest_dashboards::field::{ColorMode, FieldConfig, SeriesBy, show};
use crowsnest_dashboards::frame::{Cell, Field, Frame};
use crowsnest_dashboards::pattern::Engine;
use crowsnest_dashboards::{json, reduce};
use serde_json::Value;

use super::super::options::{ends, extent_of, hidden_from, unit};
use crate::data::ChartData;
use crate::paint::Paint;
use crate::spec::{Band, Severity, Threshold};
use crate::style::{Bars, Curve, Dash, Dots, Drawing, Gradient, Join, SeriesStyle, Side, Stack};
use crate::theme::Theme;

/// Colours that stand for a continuous scale along a line.
const SHADES: usize = 16;

/// The style of each column.
pub(super) fn styles(
    fields: &[&Field],
    sides: &[Side],
    data: &ChartData,
    frames: &[Frame],
    engine: &dyn Engine,
) -> Vec<SeriesStyle> {
    let all = extent_of(frames);
    let mut groups: Vec<String> = Vec::new();
    let one = |(at, (field, side)): (usize, (&&Field, &Side))| {
        let ends = ends(field, all);
        let by_value = by_value(&field.config, ends, engine);
        let paint = paint(field, ends, at, engine);
        let points = data.series.get(at).map_or(0, |series| series.points.len());
        SeriesStyle { paint, by_value, ..style(field, *side, points, &mut groups) }
    };
    fields.iter().zip(sides).enumerate().map(one).collect()
}

fn style(field: &Field, side: Side, points: usize, groups: &mut Vec<String>) -> SeriesStyle {
    let custom = &field.config.custom;
    let text = |key: &str| json::text(custom, key).unwrap_or_default();
    let width = json::number(custom, "lineWidth").unwrap_or(1.0).clamp(0.0, 20.0);
    let fill = json::number(custom, "fillOpacity").map(|percent| (percent / 100.0).clamp(0.0, 1.0));
    SeriesStyle {
        drawing: match text("drawStyle").as_str() {
            "bars" => Drawing::Bars(bars(custom)),
            "points" => Drawing::Points,
            _ => Drawing::Line,
        },
        // What others draw as a hairline is a line here.
        width: if width == 1.0 { Theme::LINE_WIDTH } else { width },
        fill: Some(fill.unwrap_or(0.0)),
        gradient: match text("gradientMode").as_str() {
            "opacity" | "hue" => Gradient::Fade,
            _ => Gradient::None,
        },
        curve: match text("lineInterpolation").as_str() {
            "smooth" => Curve::Smooth,
            "stepBefore" => Curve::StepBefore,
            "stepAfter" => Curve::StepAfter,
            _ => Curve::Straight,
        },
        dash: dash(custom),
        dots: match text("showPoints").as_str() {
            "always" => Dots::Always,
            "never" if points > 1 => Dots::Never,
            _ => Dots::Auto,
        },
        dot_size: json::number(custom, "pointSize").unwrap_or(5.0).clamp(1.0, 40.0),
        join: match custom.get("spanNulls") {
            Some(Value::Bool(true)) => Join::Always,
            Some(Value::Number(ms)) => Join::UpTo(ms.as_f64().unwrap_or(0.0) as i64),
            _ if field.config.null_mode.as_deref() == Some("connected") => Join::Always,
            _ => Join::Never,
        },
        stack: stack(custom, groups),
        side,
        turned: text("transform") == "negative-Y",
        invisible: hidden_from(field, "viz"),
        ..SeriesStyle::default()
    }
}

fn bars(custom: &Value) -> Bars {
    let align = json::number(custom, "barAlignment").unwrap_or(0.0).clamp(-1.0, 1.0) as i8;
    let width = json::number(custom, "barWidthFactor").unwrap_or(0.6).clamp(0.05, 1.0);
    Bars { align, width }
}

fn dash(custom: &Value) -> Dash {
    let line = json::at(custom, "lineStyle");
    let lengths: Vec<f64> = json::list(line, "dash").iter().filter_map(json::to_number).collect();
    let length = |at: usize, default: f64| lengths.get(at).copied().unwrap_or(default).clamp(0.5, 100.0);
    match json::text(line, "fill").as_deref() {
        Some("dash") => Dash::Pattern(length(0, 10.0), length(1, 10.0)),
        Some("dot") => Dash::Pattern(length(0, 1.5).min(3.0), length(1, 4.0)),
        Some("solid") => Dash::Solid,
        _ => Dash::Auto,
    }
}

fn stack(custom: &Value, groups: &mut Vec<String>) -> Stack {
    let mode = json::text(custom, "stacking.mode").unwrap_or_default();
    if !matches!(mode.as_str(), "normal" | "percent") {
        return Stack::None;
    }
    let name = json::text(custom, "stacking.group").unwrap_or_default();
    let at = groups.iter().position(|known| *known == name).unwrap_or_else(|| {
        groups.push(name);
        groups.len() - 1
    });
    let group = u32::try_from(at).unwrap_or(u32::MAX);
    if mode == "percent" { Stack::Percent(group) } else { Stack::Sum(group) }
}

/// The one colour of a series, where its config gives one.
fn paint(field: &Field, (least, most): (f64, f64), at: usize, engine: &dyn Engine) -> Option<Paint> {
    match field.config.color.as_ref()? {
        ColorMode::Palette | ColorMode::PaletteByName => None,
        ColorMode::Fixed(color) => Some(Paint::parse(color)),
        ColorMode::Shades(color) => Some(shade(Paint::parse(color), at)),
        ColorMode::Thresholds | ColorMode::Continuous(_) => {
            let by = match field.config.series_by {
                SeriesBy::Last => "lastNotNull",
                SeriesBy::Min => "min",
                SeriesBy::Max => "max",
            };
            let value = reduce::reduce(field, by);
            show(&value, &field.config, least, most, engine).color.map(|color| Paint::parse(&color))
        }
    }
}

/// A colour that is told from its neighbours by its lightness.
fn shade(paint: Paint, at: usize) -> Paint {
    let (color, opacity) = paint.color(&Theme::light());
    let grey = crate::theme::Color { rgb: if at.is_multiple_of(2) { (0xff, 0xff, 0xff) } else { (0, 0, 0) } };
    let share = 0.13 * (at.div_ceil(2) % 5) as f64;
    Paint::Exact(color.mix(grey, share), opacity)
}

/// Colours along the line, where the gradient is the scheme's.
fn by_value(config: &FieldConfig, (least, most): (f64, f64), engine: &dyn Engine) -> Vec<(f64, Paint)> {
    if json::text(&config.custom, "gradientMode").as_deref() != Some("scheme") {
        return Vec::new();
    }
    match &config.color {
        Some(ColorMode::Thresholds) => steps(config, (least, most)),
        Some(ColorMode::Continuous(_)) if most > least => (0..SHADES)
            .filter_map(|at| {
                let value = least + (most - least) * at as f64 / (SHADES - 1) as f64;
                let color = show(&Cell::Number(value), config, least, most, engine).color?;
                Some((value, Paint::parse(&color)))
            })
            .collect(),
        _ => Vec::new(),
    }
}

/// The steps of a column's thresholds as values and colours.
fn steps(config: &FieldConfig, (least, most): (f64, f64)) -> Vec<(f64, Paint)> {
    let value = |from: f64| match config.thresholds.percent && from.is_finite() {
        true => least + (most - least) * from / 100.0,
        false => from,
    };
    config.thresholds.steps.iter().map(|step| (value(step.from), Paint::parse(&step.color))).collect()
}

/// Thresholds to be seen as lines and grounds.
pub(super) fn thresholds(fields: &[&Field]) -> (Vec<Threshold>, Vec<Band>) {
    let mode = |field: &Field| json::text(&field.config.custom, "thresholdsStyle.mode").unwrap_or_default();
    let found = fields.iter().find(|field| !matches!(mode(field).as_str(), "" | "off" | "series"));
    let Some(field) = found else { return (Vec::new(), Vec::new()) };
    let config = &field.config;
    let ends = (config.min.unwrap_or(0.0), config.max.unwrap_or(100.0));
    let steps = steps(config, ends);
    let mode = mode(field);
    let unit = unit(field);
    let is_seen = |paint: Paint| paint != Paint::Transparent;
    let line = |(value, paint): &(f64, Paint)| Threshold {
        value: *value,
        label: unit.format_with(*value, config.decimals).to_string(),
        severity: Severity::Painted(*paint),
    };
    let lines = steps.iter().filter(|(value, paint)| value.is_finite() && is_seen(*paint)).map(line);
    let band = |(at, (from, paint)): (usize, &(f64, Paint))| {
        let to = steps.get(at + 1).map_or(f64::INFINITY, |step| step.0);
        Band { from: *from, to, paint: *paint }
    };
    let bands = steps.iter().enumerate().map(band).filter(|band| is_seen(band.paint));
    let has_lines = mode != "area";
    let has_bands = mode.contains("area");
    (
        if has_lines { lines.collect() } else { Vec::new() },
        if has_bands { bands.collect() } else { Vec::new() },
    )
}

/// Areas that end at another series' line, which they name.
pub(super) fn fill_below(fields: &[&Field], data: &ChartData, styles: &mut [SeriesStyle]) {
    for (field, style) in fields.iter().zip(styles) {
        let Some(name) = json::filled(&field.config.custom, "fillBelowTo") else { continue };
        style.fill_to = data.series.iter().position(|series| series.name == name);
        if style.fill_to.is_some() && style.fill == Some(0.0) {
            style.fill = Some(Theme::STACK_FILL / 2.0);
        }
    }
}
