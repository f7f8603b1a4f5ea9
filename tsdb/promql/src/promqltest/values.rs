//! Items of a series line: `1 2x3 4+5x6 _ _x7 stale {{schema:0}}`.

use crowsnest_api::stale_nan;

use super::number;

/// What stands at one step of a series.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Item {
    /// No sample; time goes on.
    Omitted,
    /// A sample.
    Float(f64),
    /// A native histogram, whose contents are not kept.
    Histogram,
}

/// More steps than any test needs; keeps a mistyped count from filling memory.
const MOST: usize = 1_000_000;

/// Reads the items of a line.
pub(super) fn items(text: &str) -> Result<Vec<Item>, String> {
    let mut items = Vec::new();
    for word in words(text) {
        let before = items.len();
        expand(&word, &mut items).ok_or_else(|| format!("{word:?} is not a value"))?;
        if items.len() > MOST || items.len() == before && !word.starts_with('_') {
            return Err(format!("{word:?} has more than {MOST} values"));
        }
    }
    Ok(items)
}

/// Splits at spaces outside `{{…}}`.
fn words(text: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut depth = 0_usize;
    for c in text.chars() {
        match c {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if c.is_whitespace() && depth == 0 {
            words.push(String::new());
        } else if let Some(word) = words.last_mut() {
            word.push(c);
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

fn expand(word: &str, items: &mut Vec<Item>) -> Option<()> {
    if let Some(rest) = word.strip_prefix('_') {
        let count = if rest.is_empty() { 1 } else { repeat(rest)? };
        items.extend(std::iter::repeat_n(Item::Omitted, count));
        return Some(());
    }
    if word == "stale" {
        items.push(Item::Float(stale_nan()));
        return Some(());
    }
    if word.starts_with("{{") {
        let (_, rest) = word.rsplit_once("}}")?;
        let copies = if rest.is_empty() { 1 } else { repeat(rest)? + 1 };
        items.extend(std::iter::repeat_n(Item::Histogram, copies));
        return Some(());
    }
    let (mut value, rest) = number::leading(word)?;
    let (growth, rest) = match rest.strip_prefix('-') {
        Some(rest) => number::leading(rest).map(|(growth, rest)| (-growth, rest))?,
        None => match rest.strip_prefix('+') {
            Some(rest) => number::leading(rest)?,
            None => (0.0, rest),
        },
    };
    let copies = if rest.is_empty() { 1 } else { repeat(rest)? + 1 };
    for i in 0..copies {
        // By repeated addition, so that rounding adds up as it does in the expected answers.
        if i > 0 && growth != 0.0 {
            value += growth;
        }
        items.push(Item::Float(value));
    }
    Some(())
}

/// `x5`
fn repeat(text: &str) -> Option<usize> {
    text.strip_prefix('x')?.parse().ok().filter(|count| *count < MOST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_expand_to_one_value_a_step() {
        use Item::{Float, Histogram, Omitted};
        let expected = [
            Float(1.0),
            Float(2.0),
            Float(2.0),
            Float(4.0),
            Float(1.0),
            Omitted,
            Omitted,
            Histogram,
            Histogram,
        ];
        assert_eq!(items("1 2x1 4-3x1 _x2 {{schema:0 sum:1}}x1").unwrap(), expected);
        assert!(items("1 oops").is_err());
        assert!(items("1x99999999999").is_err());
    }
}
