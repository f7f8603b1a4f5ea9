//! What an editor of PromQL knows and offers: names that complete a word, the change that takes one, help about a word.
//!
//! The parser says what can stand at a place; the names of metrics and labels come from the server, through the caller.

mod about;
mod accept;
mod layout;
mod offer;
mod rank;
mod vocabulary;
mod words;

pub(crate) use about::{About, Help};
pub(crate) use accept::{Edit, accept, overtypes};
pub(crate) use layout::lay_out;
pub(crate) use offer::{Asked, LabelQuestion, Offer, OfferKind, Offers, offers, question};
pub(crate) use rank::{WEAK, rank};
pub(crate) use vocabulary::{LabelNames, Metric, Vocabulary};

/// The byte of a text at which its `units`th unit of UTF-16 stands, as browsers count.
pub(crate) fn byte_of(text: &str, units: u32) -> usize {
    let mut seen = 0;
    for (at, character) in text.char_indices() {
        if seen >= units as usize {
            return at;
        }
        seen += character.len_utf16();
    }
    text.len()
}

/// How many units of UTF-16 a text has before a byte.
pub(crate) fn units_of(text: &str, byte: usize) -> u32 {
    let units = text.get(..byte).unwrap_or(text).encode_utf16().count();
    u32::try_from(units).unwrap_or(u32::MAX)
}

/// Whether a name needs no quotes in a query.
fn is_plain(name: &str, colons: Colons) -> bool {
    let first = |c: char| c.is_ascii_alphabetic() || c == '_' || (c == ':' && colons == Colons::Allowed);
    let mut characters = name.chars();
    characters.next().is_some_and(first) && characters.all(|c| first(c) || c.is_ascii_digit())
}

/// Names of metrics may hold colons, those of labels may not.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Colons {
    Allowed,
    Forbidden,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_counted_as_browsers_count_and_back() {
        let text = "a대😀b";
        for (units, byte) in [(0, 0), (1, 1), (2, 4), (4, 8), (5, 9)] {
            assert_eq!(byte_of(text, units), byte);
            assert_eq!(units_of(text, byte), units);
        }
        assert_eq!(byte_of(text, 99), text.len());
    }

    #[test]
    fn names_outside_the_classic_set_want_quotes() {
        assert!(is_plain("job:up:sum", Colons::Allowed) && !is_plain("job:up", Colons::Forbidden));
        assert!(!is_plain("http.status", Colons::Allowed) && !is_plain("5xx", Colons::Allowed));
        assert!(!is_plain("", Colons::Allowed));
    }
}
