//! The value axis: where it starts and ends, and at most five labels on numbers that are round in the unit.

use crowsnest_dashboards::{AxisScale, Unit};

use crate::scale::{Scale, ScaleKind};
use crate::spec::{Bounds, NegativeLabels, Threshold};

/// More labels than this are noise.
const MOST_LABELS: usize = 5;
/// A label needs this much height, in CSS pixels.
const ROOM_PER_LABEL: f64 = 24.0;
/// Values beyond this are drawn as if they were this: sums and spans of the axis stay finite.
const LARGEST: f64 = 1e300;
/// Data may pass a label by this share of a step before the axis gets another: what is cut off is a fraction of a pixel.
const OVERSHOOT: f64 = 0.005;
/// Rates are extrapolated, so the shares of a whole add up to a little more than it; that needs no axis to 125 %.
const WHOLE_AND_A_BIT: f64 = 1.02;
/// The narrowest axis, relative to its largest value: below it an `f64` cannot tell ticks apart.
const NARROWEST: f64 = 1e-11;

/// The value axis of one chart.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ValueAxis {
    /// The value at the bottom.
    pub(crate) low: f64,
    /// The value at the top; always above `low`.
    pub(crate) high: f64,
    /// Values with a label, from the bottom up.
    pub(crate) ticks: Vec<ValueTick>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ValueTick {
    pub(crate) value: f64,
    pub(crate) label: String,
}

/// What decides a value axis, besides the data.
pub(crate) struct ValueAxisRules<'a> {
    pub(crate) unit: &'a Unit,
    pub(crate) bounds: Bounds,
    pub(crate) thresholds: &'a [Threshold],
    pub(crate) negative: NegativeLabels,
    /// Ends that give way to data beyond them.
    pub(crate) soft: Bounds,
    pub(crate) scale: ScaleKind,
    /// Height of the plot in CSS pixels.
    pub(crate) height: f64,
}

impl ValueAxis {
    /// The axis for data from `extent.0` to `extent.1`; `None` when there is no finite value.
    pub(crate) fn new(extent: Option<(f64, f64)>, rules: &ValueAxisRules<'_>) -> Self {
        let (low, high) = domain(extent, rules);
        if rules.scale != ScaleKind::Linear {
            return by_powers((low, high), extent, rules);
        }
        let scale = rules.unit.axis(low.abs().max(high.abs()));
        let intervals = ((rules.height / ROOM_PER_LABEL) as usize).clamp(1, MOST_LABELS - 1);
        let (low_fixed, high_fixed) = (rules.bounds.min.is_some(), rules.bounds.max.is_some());

        let mut step = scale.round_step((high - low) / intervals as f64 * (1.0 - OVERSHOOT));
        let mut axis = (low, high);
        // Rounding the ends outwards may add a label; then the next larger step is right. Each turn enlarges the
        // step, and steps at least double every third time, so a few turns are enough.
        for _ in 0..8 {
            axis = (
                if low_fixed { low } else { (low / step + OVERSHOOT).floor() * step },
                if high_fixed { high } else { (high / step - OVERSHOOT).ceil() * step },
            );
            if count_ticks(axis, step) <= intervals + 1 {
                break;
            }
            step = scale.round_step(step * 1.01);
        }
        let (low, high) = if axis.1 > axis.0 { axis } else { (low, high) };
        Self { low, high, ticks: ticks((low, high), step, &scale, rules.negative) }
    }
}

/// The ends that the picture must hold, before rounding.
fn domain(extent: Option<(f64, f64)>, rules: &ValueAxisRules<'_>) -> (f64, f64) {
    let limit = |value: f64| value.clamp(-LARGEST, LARGEST);
    let finite = |bound: Option<f64>| bound.filter(|value| value.is_finite()).map(limit);
    let (min, max) = (finite(rules.bounds.min), finite(rules.bounds.max));
    let whole = match rules.unit.id().as_str() {
        "percent" => Some(100.0),
        "percentunit" => Some(1.0),
        _ => None,
    };
    let full = whole.unwrap_or(1.0);
    let (mut low, mut high) = match extent {
        Some((low, high)) => (limit(low), limit(high)),
        None => (min.unwrap_or(0.0), max.unwrap_or(0.0)),
    };
    // An axis for nothing, or for nothing but zeros, still shows what one unit, or the whole of it, would look like.
    if low == 0.0 && high == 0.0 {
        high = full;
    }
    if let Some(whole) = whole.filter(|whole| high > *whole && high <= *whole * WHOLE_AND_A_BIT) {
        high = whole;
    }
    if rules.unit.is_amount() {
        (low, high) = (low.min(0.0), high.max(0.0));
    }
    for value in rules.thresholds.iter().map(|threshold| threshold.value).filter(|value| value.is_finite()) {
        // A limit belongs in the picture unless it would press the data flat.
        let widened = (low.min(value), high.max(value));
        if widened.1 - widened.0 <= 2.0 * (high - low) {
            (low, high) = widened;
        }
    }
    // Without data, soft ends are all there is to go by.
    let (soft_min, soft_max) = (finite(rules.soft.min), finite(rules.soft.max));
    (low, high) = (low.min(soft_min.unwrap_or(low)), high.max(soft_max.unwrap_or(high)));
    (low, high) = (min.unwrap_or(low), max.unwrap_or(high));
    let narrowest = (low.abs().max(high.abs()) * NARROWEST).max(1e-290);
    if high - low < narrowest {
        let half = if low == 0.0 { 0.5 } else { (low.abs() * 0.1).max(narrowest) };
        (low, high) = match (min, max) {
            (Some(min), _) => (min, min + 2.0 * half),
            (None, Some(max)) => (max - 2.0 * half, max),
            (None, None) => (low - half, high + half),
        };
    }
    (low, high)
}

/// An axis of powers: whole ones at its ends, and labels on as many as there is room for.
fn by_powers((low, high): (f64, f64), extent: Option<(f64, f64)>, rules: &ValueAxisRules<'_>) -> ValueAxis {
    let label = |value: f64| rules.unit.format(rules.negative.apply(value)).to_string();
    let room = ((rules.height / ROOM_PER_LABEL) as usize).clamp(2, MOST_LABELS);
    let ScaleKind::Log(base) = rules.scale else {
        // Around zero, round numbers evenly spread over the bent line are as good as any.
        let scale = Scale { low, high, kind: rules.scale };
        let shares = (0..room).map(|at| at as f64 / (room - 1) as f64);
        let ticks = shares.map(|share| {
            let value = round_to_digit(scale.value(share)).clamp(low, high);
            ValueTick { value, label: label(value) }
        });
        let mut ticks: Vec<ValueTick> = ticks.collect();
        ticks.dedup_by(|a, b| a.value == b.value);
        return ValueAxis { low, high, ticks };
    };
    // Zero has no logarithm: the least positive value is where the axis begins.
    let least = rules.bounds.min.filter(|min| *min > 0.0).or(extent.map(|extent| extent.0)).unwrap_or(1.0);
    let high = if high > 0.0 { high } else { base };
    let low = if least > 0.0 { least.min(high) } else { high / base.powi(4) };
    let power = |value: f64| value.ln() / base.ln();
    let mut first = (power(low) + 1e-9).floor();
    let mut last = (power(high) - 1e-9).ceil();
    if last <= first {
        (first, last) = (first.min(last), first.min(last) + 1.0);
    }
    // Beyond that, powers leave what a float can hold.
    (first, last) = (first.max(-1000.0), last.min(1000.0));
    let every = ((last - first) / (room - 1) as f64).ceil().max(1.0);
    let count = ((last - first) / every).floor() as usize + 1;
    let tick = |at: usize| {
        let value = base.powf(first + at as f64 * every);
        ValueTick { value, label: label(value) }
    };
    let ticks = (0..count.min(2 * MOST_LABELS)).map(tick).collect();
    ValueAxis { low: base.powf(first), high: base.powf(last), ticks }
}

/// `value` to one digit.
fn round_to_digit(value: f64) -> f64 {
    if value == 0.0 || !value.is_finite() {
        return 0.0;
    }
    let power = 10f64.powf(value.abs().log10().floor());
    (value / power).round() * power
}

fn first_and_last((low, high): (f64, f64), step: f64) -> (f64, f64) {
    ((low / step - 1e-6).ceil(), (high / step + 1e-6).floor())
}

fn count_ticks(ends: (f64, f64), step: f64) -> usize {
    let (first, last) = first_and_last(ends, step);
    (last - first + 1.0).clamp(0.0, 1e6) as usize
}

fn ticks(ends: (f64, f64), step: f64, scale: &AxisScale, negative: NegativeLabels) -> Vec<ValueTick> {
    let first = first_and_last(ends, step).0;
    let count = count_ticks(ends, step).min(2 * MOST_LABELS);
    let suffix = scale.suffix();
    let mut ticks: Vec<ValueTick> = (0..count)
        .map(|index| {
            let value = (first + index as f64) * step;
            ValueTick { value, label: scale.number(negative.apply(value), step) }
        })
        .collect();
    let last = ticks.len().saturating_sub(1);
    for (index, tick) in ticks.iter_mut().enumerate() {
        match suffix {
            "" => {}
            "%" => tick.label.push('%'),
            _ if tick.label == "0" => {}
            // A long unit on each label would take the plot's room: the ends are enough.
            _ if suffix.chars().count() <= 3 || index == 0 || index == last => {
                tick.label.push(' ');
                tick.label.push_str(suffix);
            }
            _ => {}
        }
    }
    ticks
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::Severity;

    fn axis(unit: &str, extent: Option<(f64, f64)>, bounds: Bounds, thresholds: &[Threshold]) -> ValueAxis {
        let unit = Unit::parse(unit);
        let rules = ValueAxisRules {
            unit: &unit,
            bounds,
            thresholds,
            negative: NegativeLabels::Absolute,
            soft: Bounds::default(),
            scale: ScaleKind::Linear,
            height: 200.0,
        };
        ValueAxis::new(extent, &rules)
    }

    #[track_caller]
    fn check(unit: &str, extent: (f64, f64), expected: &[&str]) {
        let axis = axis(unit, Some(extent), Bounds::default(), &[]);
        let labels: Vec<&str> = axis.ticks.iter().map(|tick| tick.label.as_str()).collect();
        assert_eq!(labels, expected);
        assert!(axis.low <= extent.0 && axis.high >= extent.1, "{axis:?} holds the data");
    }

    #[test]
    fn labels_are_round_in_the_unit() {
        check("percentunit", (0.1, 0.97), &["0%", "25%", "50%", "75%", "100%"]);
        check("bytes", (1e9, 15.6 * 1_073_741_824.0), &["0", "4 GiB", "8 GiB", "12 GiB", "16 GiB"]);
        check("none", (5.0, 9.6), &["0", "2.5", "5.0", "7.5", "10.0"]);
        check("s", (0.0, 0.042), &["0", "20 ms", "40 ms", "60 ms"]);
    }

    #[test]
    fn a_long_unit_stands_on_the_first_and_the_last_label_and_below_zero_there_is_no_sign() {
        check("Bps", (-70e6, 110e6), &["100 MB/s", "0", "100", "200 MB/s"]);
    }

    #[test]
    fn zero_is_in_the_picture_for_amounts_only() {
        assert_eq!(axis("none", Some((900.0, 1000.0)), Bounds::default(), &[]).low, 0.0);
        assert_eq!(axis("none", Some((-9.0, -5.0)), Bounds::default(), &[]).high, 0.0);
        assert!(axis("celsius", Some((40.0, 60.0)), Bounds::default(), &[]).low >= 30.0);
    }

    #[test]
    fn fixed_ends_are_kept_as_they_are() {
        let fixed = axis("percent", Some((3.0, 250.0)), Bounds { min: Some(0.0), max: Some(100.0) }, &[]);
        assert_eq!((fixed.low, fixed.high), (0.0, 100.0));
    }

    #[test]
    fn shares_that_add_up_to_a_little_more_than_the_whole_end_at_the_whole() {
        assert_eq!(axis("percentunit", Some((0.1, 1.015)), Bounds::default(), &[]).high, 1.0);
        assert_eq!(axis("percent", Some((0.1, 101.5)), Bounds::default(), &[]).high, 100.0);
        assert!(axis("percentunit", Some((0.1, 1.05)), Bounds::default(), &[]).high > 1.1);
    }

    #[test]
    fn a_threshold_widens_the_picture_unless_it_would_press_the_data_flat() {
        let threshold = |value| Threshold { value, label: String::new(), severity: Severity::Warning };
        assert!(axis("none", Some((0.0, 60.0)), Bounds::default(), &[threshold(85.0)]).high >= 85.0);
        assert!(axis("none", Some((0.0, 1.0)), Bounds::default(), &[threshold(85.0)]).high < 2.0);
    }

    #[test]
    fn every_range_has_an_axis_with_few_labels() {
        let tiny = f64::MIN_POSITIVE;
        let extents = [
            None,
            Some((0.0, 0.0)),
            Some((5.0, 5.0)),
            Some((-5.0, -5.0)),
            Some((1e9, 1e9 + 1e-7)),
            Some((f64::MIN, f64::MAX)),
            Some((0.0, f64::MAX)),
            Some((tiny, tiny)),
            Some((0.0, tiny)),
            Some((-1e-9, 1e18)),
        ];
        let bounds = [
            Bounds::default(),
            Bounds { min: Some(0.0), max: Some(1.0) },
            Bounds { min: Some(7.0), max: Some(7.0) },
            Bounds { min: Some(9.0), max: Some(-9.0) },
            Bounds { min: Some(f64::NAN), max: Some(f64::INFINITY) },
        ];
        for unit in ["none", "bytes", "s", "percentunit", "celsius", "dateTimeAsIso", "bool", "Bps"] {
            for extent in extents {
                for bounds in bounds {
                    let axis = axis(unit, extent, bounds, &[]);
                    assert!(
                        axis.high > axis.low && axis.ticks.len() <= 6,
                        "{unit} {extent:?} {bounds:?}: {axis:?}"
                    );
                    assert!(axis.ticks.iter().all(|tick| tick.value.is_finite()));
                }
            }
        }
    }
}
