//! Thresholds: which step a value is in.

use serde_json::Value;

use crate::json;

/// Steps of values, each with a colour.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Thresholds {
    /// Whether steps are percent of the range from the column's least to its greatest value.
    pub percent: bool,
    /// In the order of where they begin.
    pub steps: Vec<Step>,
}

/// One step.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// Where it begins; the first begins at minus infinity.
    pub from: f64,
    /// Its colour, a name or CSS.
    pub color: String,
}

impl Thresholds {
    pub(crate) fn read(value: &Value) -> Self {
        let mut steps: Vec<Step> = json::list(value, "steps")
            .iter()
            .enumerate()
            .map(|(at, step)| Step {
                from: json::number(step, "value").unwrap_or(if at == 0 { f64::NEG_INFINITY } else { 0.0 }),
                color: json::text(step, "color").unwrap_or_default(),
            })
            .collect();
        steps.sort_by(|a, b| a.from.total_cmp(&b.from));
        Self { percent: json::text(value, "mode").as_deref() == Some("percentage"), steps }
    }

    /// The last step that begins at or below `value`. Of percentages, `least` and `most` are the range; an empty range is all of
    /// its first step.
    pub fn step(&self, value: f64, least: f64, most: f64) -> Option<&Step> {
        let value = match self.percent {
            true if most > least => (value - least) / (most - least) * 100.0,
            true => 0.0,
            false => value,
        };
        self.steps.iter().rev().find(|step| step.from <= value).or(self.steps.first())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_last_step_not_above_a_value_counts() {
        let json = json!({"mode": "absolute", "steps": [
            {"color": "green", "value": null}, {"color": "red", "value": 80}, {"color": "orange", "value": 50},
        ]});
        let thresholds = Thresholds::read(&json);
        let color = |value| thresholds.step(value, 0.0, 0.0).map(|step| step.color.as_str());
        assert_eq!(
            (color(-5.0), color(50.0), color(79.9), color(80.0)),
            (Some("green"), Some("orange"), Some("orange"), Some("red"))
        );
        let percent = Thresholds { percent: true, ..thresholds };
        assert_eq!(percent.step(9.0, 0.0, 10.0).map(|step| step.color.as_str()), Some("red"));
        assert_eq!(percent.step(9.0, 10.0, 10.0).map(|step| step.color.as_str()), Some("green"));
    }
}
