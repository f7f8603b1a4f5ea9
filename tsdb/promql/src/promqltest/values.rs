//! Items of a series line: `1 2x3 4+5x6 _ _x7 stale {{schema:0}}`.

use std::sync::Arc;

use crowsnest_api::stale_nan;

use super::literal::Literal;
use super::number;

/// What stands at one step of a series.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Item {
    /// No sample; time goes on.
    Omitted,
    /// A sample.
    Float(f64),
    /// A native histogram.
    Histogram(Arc<Literal>),
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
        return expand_histograms(word, items);
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

/// `{{…}}`, `{{…}}x3`, `{{…}}+{{…}}x3`
fn expand_histograms(word: &str, items: &mut Vec<Item>) -> Option<()> {
    let literal = |word: &'_ str| {
        let (text, rest) = word.strip_prefix("{{")?.split_once("}}")?;
        Some((Literal::parse(text)?, rest.to_owned()))
    };
    let (mut histogram, rest) = literal(word)?;
    let (change, rest) = match rest.strip_prefix(['+', '-']) {
        Some(change) => {
            literal(change).map(|(change, count)| (Some((change, rest.starts_with('+'))), count))?
        }
        None => (None, rest),
    };
    if let Some((change, _)) = &change
        && change.histogram.scheme.schema() < histogram.histogram.scheme.schema()
    {
        return None;
    }
    let copies = if rest.is_empty() && change.is_none() { 1 } else { repeat(&rest)? + 1 };
    for i in 0..copies {
        if let Some((change, grows)) = change.as_ref().filter(|_| i > 0) {
            histogram = histogram.changed(change, *grows).ok()?;
        }
        items.push(Item::Histogram(Arc::new(histogram.clone())));
    }
    Some(())
}

/// How long before each sample its counter started, in milliseconds: `_`, `-30s`, `-1mx3`, `-30s-1mx3`. The sign is part
/// of the number, as in time that is added to the sample's.
pub(super) fn starts(text: &str) -> Result<Vec<Option<i64>>, String> {
    let mut starts = Vec::new();
    for word in text.split_whitespace() {
        expand_starts(word, &mut starts).ok_or_else(|| format!("{word:?} is not a time before a sample"))?;
    }
    Ok(starts)
}

fn expand_starts(word: &str, starts: &mut Vec<Option<i64>>) -> Option<()> {
    if let Some(rest) = word.strip_prefix('_') {
        let count = if rest.is_empty() { 1 } else { repeat(rest)? };
        starts.extend(std::iter::repeat_n(None, count));
        return Some(());
    }
    let (times, copies) = match word.split_once('x') {
        Some((times, count)) => (times, repeat(&format!("x{count}"))? + 1),
        None => (word, 1),
    };
    let first_end = times.get(1..)?.find(['+', '-']).map_or(times.len(), |at| at + 1);
    let (first, growth) = times.split_at_checked(first_end)?;
    let signed = |text: &str| {
        let unsigned = text.trim_start_matches(['+', '-']);
        let millis = number::duration(unsigned)?;
        Some(if text.starts_with('-') { -millis } else { millis })
    };
    let mut time = signed(first)?;
    let growth = if growth.is_empty() { 0 } else { signed(growth)? };
    for _ in 0..copies {
        starts.push(Some(time));
        time = time.saturating_add(growth);
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
        let histogram = || Histogram(Arc::new(Literal::parse("schema:0 sum:1").unwrap()));
        let expected = [
            Float(1.0),
            Float(2.0),
            Float(2.0),
            Float(4.0),
            Float(1.0),
            Omitted,
            Omitted,
            histogram(),
            histogram(),
        ];
        assert_eq!(items("1 2x1 4-3x1 _x2 {{schema:0 sum:1}}x1").unwrap(), expected);
        assert!(items("1 oops").is_err());
        assert!(items("1x99999999999").is_err());
        assert!(items("{{sum:1}}+{{sum:1}}").is_err(), "nothing says how often");
    }

    #[test]
    fn histograms_grow_by_addition() {
        let sums: Vec<f64> = items("{{sum:4}}-{{sum:1.5}}x2")
            .unwrap()
            .iter()
            .map(|item| match item {
                Item::Histogram(literal) => literal.histogram.sum,
                _ => panic!("not a histogram"),
            })
            .collect();
        assert_eq!(sums, [4.0, 2.5, 1.0]);
    }

    #[test]
    fn starts_move_with_their_series() {
        assert_eq!(starts("_ -30s-1mx2").unwrap(), [None, Some(-30_000), Some(-90_000), Some(-150_000)]);
        assert_eq!(starts("-1mx1 0s").unwrap(), [Some(-60_000), Some(-60_000), Some(0)]);
        assert!(starts("soon").is_err());
    }
}
