//! A value as people see it: mapped, with its unit, in its colour.

use super::{ColorMode, FieldConfig, mapping};
use crate::frame::Cell;
use crate::pattern::Engine;
use crate::time::date;
use crate::units::{Formatted, Unit};

/// A value as it is shown.
#[derive(Clone, Debug, PartialEq)]
pub struct Shown {
    /// Its text and unit.
    pub text: Formatted,
    /// Its colour: a name or CSS. `None` where the palette or the theme has it.
    pub color: Option<String>,
    /// Its place between the least and the greatest value, 0 to 1; 0 where there is no range.
    pub share: f64,
    /// Its number, if it is one.
    pub number: Option<f64>,
}

/// What stands for nothing where nothing is said about it.
const NOTHING: &str = "-";

/// `cell` as the column's config shows it. `least` and `most` are the range that percentages and scales go by.
pub fn show(cell: &Cell, config: &FieldConfig, least: f64, most: f64, engine: &dyn Engine) -> Shown {
    let number = cell.as_number().filter(|number| number.is_finite());
    let share = match number {
        Some(number) if most > least => ((number - least) / (most - least)).clamp(0.0, 1.0),
        _ => 0.0,
    };
    let mapped = mapping::map(&config.mappings, cell, engine).unwrap_or_default();
    let text = match mapped.text {
        Some(text) => Formatted { text, suffix: String::new() },
        None => plain(cell, config),
    };
    let by_mode = || match &config.color {
        Some(ColorMode::Fixed(color) | ColorMode::Shades(color)) => Some(color.clone()),
        Some(ColorMode::Continuous(words)) => scale(words, share),
        // Where nothing is said, single values go by their thresholds.
        Some(ColorMode::Thresholds) | None => {
            let value = number.unwrap_or(f64::NEG_INFINITY);
            config.thresholds.step(value, least, most).map(|step| step.color.clone())
        }
        Some(ColorMode::Palette | ColorMode::PaletteByName) => None,
    };
    Shown { text, color: mapped.color.or_else(by_mode), share, number }
}

fn plain(cell: &Cell, config: &FieldConfig) -> Formatted {
    let words = |text: String| Formatted { text, suffix: String::new() };
    match cell {
        Cell::Null => words(config.no_value.clone().unwrap_or_else(|| NOTHING.to_owned())),
        Cell::Text(text) => match (&config.unit, cell.as_number()) {
            // Digits in a text are a number only where somebody gave them a unit.
            (Some(unit), Some(number)) if unit.id() != "string" => unit.format_with(number, config.decimals),
            _ => words(text.to_string()),
        },
        Cell::Time(ms) => match &config.unit {
            Some(unit) => unit.format_with(*ms as f64, config.decimals),
            None => words(date::moment(*ms, "YYYY-MM-DD HH:mm:ss")),
        },
        Cell::Bool(flag) => words(flag.to_string()),
        Cell::Number(_) | Cell::Curve(_) => match cell.as_number() {
            Some(number) => {
                config.unit.clone().unwrap_or_else(Unit::none).format_with(number, config.decimals)
            }
            None => plain(&Cell::Null, config),
        },
    }
}

/// The colour of a scale at a share, mixed between its two neighbours.
fn scale(words: &str, share: f64) -> Option<String> {
    let colors = ColorMode::scale(words);
    let last = colors.len().checked_sub(1)?;
    let at = share * last as f64;
    let below = (at.floor() as usize).min(last);
    let channels = |at: usize| {
        let color = *colors.get(at)?;
        let hex = super::named_color(color).unwrap_or(color).strip_prefix('#')?;
        let part = |range: std::ops::Range<usize>| u8::from_str_radix(hex.get(range)?, 16).ok();
        Some([part(0..2)?, part(2..4)?, part(4..6)?])
    };
    let (a, b) = (channels(below)?, channels((below + 1).min(last))?);
    let rest = at - below as f64;
    let mixed =
        a.iter().zip(b).map(|(a, b)| (f64::from(*a) + (f64::from(b) - f64::from(*a)) * rest).round() as u8);
    Some(mixed.fold("#".to_owned(), |text, channel| format!("{text}{channel:02X}")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::pattern::Fancy;

    fn shown(config: &serde_json::Value, cell: &Cell) -> (String, Option<String>) {
        let shown = show(cell, &FieldConfig::read(config), 0.0, 100.0, &Fancy);
        (shown.text.to_string(), shown.color)
    }

    #[test]
    fn a_value_has_its_unit_and_the_colour_of_its_step() {
        let config = json!({"unit": "percent", "thresholds": {"steps": [{"color": "green", "value": null}, {"color": "red", "value": 80}]},
            "mappings": [{"type": "special", "options": {"match": "null", "result": {"text": "gone", "color": "blue"}}}]});
        assert_eq!(shown(&config, &Cell::Number(91.25)), ("91.2 %".to_owned(), Some("red".to_owned())));
        assert_eq!(shown(&config, &Cell::Null), ("gone".to_owned(), Some("blue".to_owned())));
        assert_eq!(shown(&json!({"noValue": "0"}), &Cell::Null).0, "0");
        assert_eq!(shown(&json!({}), &Cell::text("1.50")).0, "1.50");
    }

    #[test]
    fn a_scale_is_mixed_between_its_colours() {
        let config = json!({"color": {"mode": "continuous-GrYlRd"}});
        assert_eq!(shown(&config, &Cell::Number(0.0)).1.as_deref(), Some("#73BF69"));
        assert_eq!(shown(&config, &Cell::Number(100.0)).1.as_deref(), Some("#F2495C"));
        assert_eq!(shown(&config, &Cell::Number(75.0)).1.as_deref(), Some("#F69443"));
    }
}
