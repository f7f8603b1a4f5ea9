//! Thresholds of old panels as steps: the first begins at minus infinity, which is written as null.

use serde_json::{Value, json};

/// Colours of panels that name none.
pub(super) const DEFAULT_COLORS: [&str; 3] = ["green", "orange", "red"];

/// Steps of `"80,90"` with three colours.
pub(super) fn from_text(thresholds: &str, colors: &[String]) -> Value {
    let numbers = thresholds.split(',').filter_map(|part| part.trim().parse::<f64>().ok());
    from_numbers(numbers.filter(|number| number.is_finite()), colors)
}

/// Steps beginning at minus infinity and at each of the numbers.
pub(super) fn from_numbers(numbers: impl Iterator<Item = f64>, colors: &[String]) -> Value {
    let color = |at: usize| {
        let default = DEFAULT_COLORS.get(at).copied().unwrap_or("red");
        colors.get(at).map_or(default, String::as_str).to_owned()
    };
    let begins = std::iter::once(None).chain(numbers.map(Some));
    let steps: Vec<Value> =
        begins.enumerate().map(|(at, value)| json!({"color": color(at), "value": value})).collect();
    json!({"mode": "absolute", "steps": steps})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_of_two_numbers_makes_three_steps() {
        let steps = from_text(" 65, 90", &["a".to_owned(), "b".to_owned()]);
        assert_eq!(
            steps["steps"],
            json!([{"color": "a", "value": null}, {"color": "b", "value": 65.0}, {"color": "red", "value": 90.0}])
        );
    }
}
