//! How well a name answers to what was typed.

use std::ops::Range;

/// From this rank on a name answers by letters in order only, which is of use where nothing answers better.
pub(crate) const WEAK: u8 = 4;

/// How well `name` answers to `typed`, the best first, and the bytes that do; `None` where it does not. Case does not
/// count. A name answers by its beginning, by the beginning of one of its words, by any part, or by letters in order.
pub(crate) fn rank(name: &str, typed: &str) -> Option<(u8, Range<usize>)> {
    if typed.is_empty() {
        return Some((0, 0..0));
    }
    // Lower-case ASCII has the bytes of what it was, so places stay places.
    let (lower, typed) = (name.to_ascii_lowercase(), typed.to_ascii_lowercase());
    if lower == typed {
        return Some((0, 0..name.len()));
    }
    let at_word = |at: usize| {
        let before = lower.get(..at).and_then(|before| before.chars().next_back());
        before.is_none_or(|before| !before.is_alphanumeric())
    };
    let mut first = None;
    for (at, _) in lower.match_indices(&typed) {
        match at {
            0 => return Some((1, 0..typed.len())),
            at if at_word(at) => return Some((2, at..at + typed.len())),
            at => first = first.or(Some(at)),
        }
    }
    if let Some(at) = first {
        return Some((3, at..at + typed.len()));
    }
    // Two letters are in order in nearly every name.
    (typed.len() > 2 && has_in_order(&lower, &typed)).then_some((WEAK, 0..0))
}

fn has_in_order(name: &str, letters: &str) -> bool {
    let mut rest = name.chars();
    letters.chars().all(|letter| rest.any(|character| character == letter))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beginnings_come_before_words_and_words_before_parts() {
        let rank = |name, typed| rank(name, typed).map(|(rank, _)| rank);
        assert_eq!(rank("rate", "RATE"), Some(0));
        assert_eq!(rank("node_cpu", "nod"), Some(1));
        assert_eq!(rank("node_cpu", "cpu"), Some(2));
        assert_eq!(rank("node_cpu_seconds", "econ"), Some(3));
        assert_eq!(rank("node_cpu_seconds", "ncs"), Some(4));
        assert_eq!(rank("node_cpu_seconds", "ns"), None);
        assert_eq!(rank("node", "x"), None);
    }

    #[test]
    fn a_word_that_begins_so_counts_before_an_earlier_part() {
        assert_eq!(rank("occupied_cup", "cup"), Some((2, 9..12)));
        assert_eq!(rank("대기_시간", "시간"), Some((2, 7..13)));
    }
}
