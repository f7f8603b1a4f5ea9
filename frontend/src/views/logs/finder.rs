//! What is searched for in lines: plain words, or a pattern as browsers know them.

use js_sys::{Reflect, RegExp};

use crate::pattern::regexp;

/// The most places that are marked in one line.
const MOST: usize = 100;

/// Something to search for.
#[derive(Clone)]
pub(super) struct Finder {
    test: RegExp,
    each: RegExp,
}

impl Finder {
    /// Searches for `text` in any case; `None` where it is empty, or no pattern.
    pub(super) fn new(text: &str, is_pattern: bool) -> Option<Self> {
        if text.is_empty() {
            return None;
        }
        let pattern = if is_pattern { text.to_owned() } else { escaped(text) };
        Some(Self { test: regexp(&pattern, "iu")?, each: regexp(&pattern, "giu")? })
    }

    /// Whether a line has it.
    pub(super) fn is_in(&self, line: &str) -> bool {
        self.test.test(line)
    }

    /// Where it is in a line: ranges of bytes, in order.
    pub(super) fn places(&self, line: &str) -> Vec<(usize, usize)> {
        self.each.set_last_index(0);
        let mut places = Vec::new();
        while places.len() < MOST
            && let Some(found) = self.each.exec(line)
        {
            let text = found.get(0).as_string().unwrap_or_default();
            let index = Reflect::get(&found, &"index".into()).ok().and_then(|index| index.as_f64());
            if text.is_empty() {
                // Nothing at all is everywhere.
                break;
            }
            let start = byte_of(line, index.unwrap_or_default() as usize);
            places.push((start, start + text.len()));
        }
        places
    }
}

/// The byte at which a place begins that a browser counts in UTF-16.
fn byte_of(line: &str, units: usize) -> usize {
    if line.is_ascii() {
        return units;
    }
    let mut left = units;
    for (at, letter) in line.char_indices() {
        if left == 0 {
            return at;
        }
        left = left.saturating_sub(letter.len_utf16());
    }
    line.len()
}

/// A pattern that finds just these letters.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for letter in text.chars() {
        if r"\^$.*+?()[]{}|/".contains(letter) {
            out.push('\\');
        }
        out.push(letter);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_that_mean_something_to_patterns_are_taken_as_letters() {
        assert_eq!(escaped("a.b[c]"), r"a\.b\[c\]");
        assert_eq!(escaped("한국어 x"), "한국어 x");
    }

    #[test]
    fn places_that_browsers_count_in_utf_16_are_found_in_utf_8() {
        assert_eq!(byte_of("abc", 2), 2);
        assert_eq!(byte_of("한b", 1), 3);
        assert_eq!(byte_of("😀b", 2), 4);
        assert_eq!(byte_of("한", 9), 3);
    }
}
