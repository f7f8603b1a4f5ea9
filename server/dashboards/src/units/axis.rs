//! One scale for a whole axis: every label in the same step of the ladder, on numbers that are round *in that unit*.

use super::number::{self, Decimals};
use super::table::{self, Entry, Roundness, Rule};
use super::{Kind, Unit};

/// How the labels of one axis are written.
#[derive(Clone, Debug)]
pub struct AxisScale {
    unit: Unit,
    /// How much of the series' own value one displayed unit is: 1,073,741,824 for bytes shown in GiB.
    size: f64,
    suffix: String,
    roundness: Roundness,
}

/// Steps of a decimal axis, within one power of ten.
const DECIMAL_STEPS: [f64; 6] = [1.0, 2.0, 2.5, 4.0, 5.0, 10.0];
/// Steps of a time axis in seconds, from one second to one day.
const TIME_STEPS: [f64; 20] = [
    1.0, 2.0, 5.0, 10.0, 15.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1200.0, 1800.0, 3600.0, 7200.0,
    10_800.0, 21_600.0, 43_200.0, 86_400.0,
];

impl AxisScale {
    pub(super) fn new(unit: &Unit, largest: f64) -> Self {
        let plain = |roundness, suffix: &str| Self {
            unit: unit.clone(),
            size: 1.0,
            suffix: suffix.to_owned(),
            roundness,
        };
        let largest = if largest.is_finite() { largest.abs() } else { f64::MAX };
        match &unit.0 {
            Kind::Suffix(suffix) => plain(Roundness::Decimal, suffix),
            Kind::Prefix(_) => plain(Roundness::Decimal, ""),
            Kind::Known(Entry { rule, .. }) => match rule {
                Rule::Scaled { ladder, base, symbol } => {
                    let step = number::pick_step(ladder, largest * base, Decimals::Auto);
                    Self {
                        unit: unit.clone(),
                        size: step.size / base,
                        suffix: table::suffix(step, symbol),
                        roundness: ladder.roundness,
                    }
                }
                Rule::Words { .. } | Rule::Clock { .. } | Rule::DateTime(_) => plain(Roundness::Time, ""),
                Rule::Truth { .. } | Rule::Hex => plain(Roundness::Whole, ""),
                Rule::Currency(_) => plain(Roundness::Decimal, ""),
            },
        }
    }

    /// The smallest round step not below `at_least`, in the series' own values. `at_least` must be positive and
    /// finite; anything else counts as one displayed unit.
    pub fn round_step(&self, at_least: f64) -> f64 {
        let wanted = at_least / self.size;
        if !(wanted.is_finite() && wanted > 0.0) {
            return self.size;
        }
        let step = match self.roundness {
            Roundness::Decimal => decimal_step(wanted),
            Roundness::Binary => 2f64.powi(wanted.log2().ceil().clamp(-1000.0, 1000.0) as i32),
            Roundness::Whole => decimal_step(wanted.max(1.0)).ceil(),
            Roundness::Time => {
                let seconds_per_unit = self.seconds_per_unit();
                time_step(wanted * seconds_per_unit) / seconds_per_unit
            }
        };
        step * self.size
    }

    /// The number at `value`, for an axis with ticks every `step`; without the unit.
    pub fn number(&self, value: f64, step: f64) -> String {
        if self.prints_whole_values() {
            return self.unit.format(value).text;
        }
        let value = value / self.size;
        if value == 0.0 || value.abs() < step / self.size * 1e-6 {
            return "0".to_owned();
        }
        number::to_text(value, Decimals::Fixed(decimals_of(step / self.size)))
    }

    /// What stands after the numbers of this axis: `GiB`. Empty for plain numbers, dates and words.
    pub fn suffix(&self) -> &str {
        &self.suffix
    }

    /// Whether the label is the value's whole text (a date, `1 day`, `Yes`, `$5`), not a number on a common scale.
    fn prints_whole_values(&self) -> bool {
        match &self.unit.0 {
            Kind::Suffix(_) => false,
            Kind::Prefix(_) => true,
            Kind::Known(entry) => !matches!(entry.rule, Rule::Scaled { .. }),
        }
    }

    fn seconds_per_unit(&self) -> f64 {
        match &self.unit.0 {
            Kind::Known(Entry { rule: Rule::Scaled { base, .. }, .. }) => self.size * base,
            Kind::Known(Entry { rule: Rule::Words { base } | Rule::Clock { base, .. }, .. }) => *base,
            Kind::Known(Entry { rule: Rule::DateTime(_), .. }) => 1e-3,
            _ => 1.0,
        }
    }
}

/// The smallest of 1, 2, 2.5, 4, 5 times a power of ten that is not below `wanted`.
fn decimal_step(wanted: f64) -> f64 {
    let power = 10f64.powf(wanted.log10().floor());
    // A wanted step that is a round number but for its last bit stays that number.
    let step = DECIMAL_STEPS.iter().find(|step| **step * power >= wanted * (1.0 - 1e-9));
    step.map_or(wanted, |step| step * power)
}

fn time_step(wanted: f64) -> f64 {
    match wanted {
        _ if wanted < 1.0 => decimal_step(wanted),
        _ if wanted > 86_400.0 => decimal_step(wanted / 86_400.0).ceil() * 86_400.0,
        _ => TIME_STEPS.into_iter().find(|step| *step >= wanted * (1.0 - 1e-9)).unwrap_or(86_400.0),
    }
}

/// How many decimals tell the multiples of `step` apart.
fn decimals_of(step: f64) -> u8 {
    let tells_apart = |digits: &u8| {
        let scaled = step * 10f64.powi(i32::from(*digits));
        (scaled - scaled.round()).abs() < 1e-6 * scaled.max(1.0) && scaled.round() >= 1.0
    };
    // Powers of two below one need a digit each; nobody reads more than four.
    (0..=4).find(tells_apart).unwrap_or(if step < 1e-4 { 12 } else { 2 })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Labels from zero up to `largest` with about four steps, as an axis would choose them.
    #[track_caller]
    fn check(id: &str, largest: f64, expected: &[&str]) {
        let scale = Unit::parse(id).axis(largest);
        let step = scale.round_step(largest / 4.0);
        let count = (largest / step).ceil() as usize;
        let labels: Vec<String> = (0..=count).map(|i| scale.number(step * i as f64, step)).collect();
        assert_eq!(labels, expected, "{id} to {largest}, in {}", scale.suffix());
    }

    #[test]
    fn byte_axes_step_by_powers_of_two() {
        check("bytes", 15.6 * 1_073_741_824.0, &["0", "4", "8", "12", "16"]);
        check("bytes", 900.0 * 1_048_576.0, &["0", "256", "512", "768", "1024"]);
        assert_eq!(Unit::parse("bytes").axis(15.6e9).suffix(), "GiB");
    }

    #[test]
    fn decimal_axes_step_by_round_tens() {
        check("percentunit", 1.0, &["0", "25", "50", "75", "100"]);
        check("Bps", 110e6, &["0", "40", "80", "120"]);
        check("none", 12.0, &["0", "4", "8", "12"]);
        check("none", 0.3, &["0", "0.1", "0.2", "0.3"]);
        check("none", 9.0, &["0", "2.5", "5.0", "7.5", "10.0"]);
    }

    #[test]
    fn time_axes_step_by_parts_of_minutes_and_hours() {
        check("s", 50.0, &["0", "15", "30", "45", "60"]);
        check("s", 3.0 * 3600.0, &["0", "1", "2", "3"]);
        check("s", 0.9e-3, &["0", "250", "500", "750", "1000"]);
    }

    #[test]
    fn words_and_dates_are_written_whole() {
        check("bool_yes_no", 1.0, &["No", "Yes"]);
        check("dtdurations", 7200.0, &["0 seconds", "30 minutes", "1 hour", "1 hour", "2 hours"]);
    }

    #[test]
    fn a_step_is_never_below_the_one_asked_for_nor_zero() {
        for id in ["bytes", "s", "none", "percentunit", "bool", "dateTimeAsIso", "Bps"] {
            for exponent in -12..18 {
                let wanted = 3.3 * 10f64.powi(exponent);
                let step = Unit::parse(id).axis(wanted * 4.0).round_step(wanted);
                assert!(step >= wanted * (1.0 - 1e-9) && step.is_finite(), "{id}: {step} for {wanted}");
            }
        }
        for nonsense in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(Unit::none().axis(nonsense).round_step(nonsense) > 0.0);
        }
    }
}
