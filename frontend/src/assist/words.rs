//! The words of PromQL that are neither functions nor aggregations.

use crate::i18n::Msg;

const WORDS: &[(&str, Msg)] = &[
    ("and", Msg::WordAnd),
    ("anchored", Msg::WordAnchored),
    ("atan2", Msg::WordAtan2),
    ("bool", Msg::WordBool),
    ("by", Msg::WordBy),
    ("end()", Msg::WordEnd),
    ("group_left", Msg::WordGroupLeft),
    ("group_right", Msg::WordGroupRight),
    ("ignoring", Msg::WordIgnoring),
    ("offset", Msg::WordOffset),
    ("on", Msg::WordOn),
    ("or", Msg::WordOr),
    ("smoothed", Msg::WordSmoothed),
    ("start()", Msg::WordStart),
    ("unless", Msg::WordUnless),
    ("without", Msg::WordWithout),
    ("@", Msg::WordAt),
];

/// A word in its usual case, and what it does.
pub(super) fn word(name: &str) -> Option<(&'static str, Msg)> {
    WORDS.iter().copied().find(|(word, _)| word.eq_ignore_ascii_case(name))
}
