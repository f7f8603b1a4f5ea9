//! Value mappings: a text and a colour in the place of a value.

use serde_json::Value;

use crate::frame::Cell;
use crate::json;
use crate::pattern::{self, Engine};

/// One mapping; the first that fits counts.
#[derive(Clone, Debug, PartialEq)]
pub enum Mapping {
    /// Values as they are written, each with what it becomes.
    Values(Vec<(String, MappingResult)>),
    /// Numbers from one to another, both included; a bound may be missing.
    Range(Option<f64>, Option<f64>, MappingResult),
    /// Texts that a pattern matches; `$1` in the result's text is its group.
    Pattern(String, MappingResult),
    /// What is no plain value: `null`, `nan`, `null+nan`, `true`, `false`, `empty`.
    Special(String, MappingResult),
}

/// What a value becomes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MappingResult {
    /// The text; `None` leaves the value's own.
    pub text: Option<String>,
    /// The colour; `None` leaves the value's own.
    pub color: Option<String>,
    /// An icon's name.
    pub icon: Option<String>,
    /// Place in legends and state timelines.
    pub index: Option<i64>,
}

impl Mapping {
    pub(crate) fn read(value: &Value) -> Option<Self> {
        let options = json::at(value, "options");
        let result = || MappingResult::read(json::at(options, "result"));
        Some(match json::text(value, "type")?.as_str() {
            "value" => {
                let all = options.as_object()?;
                let mut list: Vec<_> =
                    all.iter().map(|(key, result)| (key.clone(), MappingResult::read(result))).collect();
                list.sort_by_key(|(_, result)| result.index.unwrap_or(i64::MAX));
                Self::Values(list)
            }
            "range" => Self::Range(json::number(options, "from"), json::number(options, "to"), result()),
            "regex" => Self::Pattern(json::text(options, "pattern")?, result()),
            "special" => Self::Special(json::text(options, "match")?, result()),
            _ => return None,
        })
    }

    /// What `cell` becomes by this mapping; `None` where it does not fit.
    fn apply(&self, cell: &Cell, engine: &dyn Engine) -> Option<MappingResult> {
        match self {
            Self::Values(list) => {
                let number = cell.as_number();
                let fits = |key: &str| match (key.parse::<f64>().ok(), number) {
                    (Some(key), Some(number)) => key == number,
                    _ => *cell != Cell::Null && cell.to_string() == key,
                };
                list.iter().find(|(key, _)| fits(key)).map(|(_, result)| result.clone())
            }
            Self::Range(from, to, result) => {
                let number = cell.as_number()?;
                let inside = from.is_none_or(|from| number >= from) && to.is_none_or(|to| number <= to);
                (inside && !number.is_nan()).then(|| result.clone())
            }
            Self::Pattern(source, result) => {
                let text = if *cell == Cell::Null { return None } else { cell.to_string() };
                let compiled = pattern::compile(source, engine)?;
                compiled.is_match(&text).then(|| MappingResult {
                    text: result.text.as_ref().map(|with| pattern::replace(&text, &*compiled, with, false)),
                    ..result.clone()
                })
            }
            Self::Special(which, result) => {
                let is_null = *cell == Cell::Null;
                let is_nan = matches!(cell, Cell::Number(number) if number.is_nan());
                let fits = match which.as_str() {
                    "null" => is_null,
                    "nan" => is_nan,
                    "null+nan" => is_null || is_nan,
                    "true" => {
                        *cell == Cell::Bool(true) || matches!(cell, Cell::Text(text) if &**text == "true")
                    }
                    "false" => {
                        *cell == Cell::Bool(false) || matches!(cell, Cell::Text(text) if &**text == "false")
                    }
                    "empty" => matches!(cell, Cell::Text(text) if text.is_empty()),
                    _ => false,
                };
                fits.then(|| result.clone())
            }
        }
    }
}

impl MappingResult {
    fn read(value: &Value) -> Self {
        Self {
            text: json::text(value, "text"),
            color: json::filled(value, "color"),
            icon: json::filled(value, "icon"),
            index: value.get("index").and_then(Value::as_i64),
        }
    }
}

/// What `cell` becomes by the first mapping that fits.
pub(super) fn map(mappings: &[Mapping], cell: &Cell, engine: &dyn Engine) -> Option<MappingResult> {
    mappings.iter().find_map(|mapping| mapping.apply(cell, engine))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::pattern::Fancy;

    #[test]
    fn the_first_mapping_that_fits_counts() {
        let mappings: Vec<Mapping> = [
            json!({"type": "value", "options": {"1": {"text": "Up", "color": "green", "index": 0}, "x": {"text": "X"}}}),
            json!({"type": "range", "options": {"from": 0, "to": 10, "result": {"text": "low"}}}),
            json!({"type": "regex", "options": {"pattern": "/node-(\\d+)/", "result": {"text": "#$1"}}}),
            json!({"type": "special", "options": {"match": "null+nan", "result": {"text": "N/A"}}}),
            json!({"type": "from the future"}),
        ]
        .iter()
        .filter_map(Mapping::read)
        .collect();
        let text = |cell: Cell| map(&mappings, &cell, &Fancy).and_then(|result| result.text);
        assert_eq!(text(Cell::Number(1.0)).as_deref(), Some("Up"));
        assert_eq!(text(Cell::Number(10.0)).as_deref(), Some("low"));
        assert_eq!(text(Cell::Number(11.0)), None);
        assert_eq!(text(Cell::text("x")).as_deref(), Some("X"));
        assert_eq!(text(Cell::text("node-7")).as_deref(), Some("#7"));
        assert_eq!(text(Cell::Null).as_deref(), Some("N/A"));
        assert_eq!(text(Cell::Number(f64::NAN)).as_deref(), Some("N/A"));
    }
}
