//! What stands in one cell of a list: what is shown, and what it is sorted by.

use std::cmp::Ordering;

use crate::components::Tone;
use crate::i18n::Msg;
use crate::router::Page;

/// The content of a cell.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) enum Cell {
    /// Nothing to say.
    #[default]
    None,
    /// The object's own name, which leads to its page.
    Name(String),
    Text(String),
    /// Text of less importance.
    Dim(String),
    /// Words that lead to a page.
    Link(String, Page),
    /// A state: shape, word and colour, and what the word leaves open.
    Status(Tone, String, Option<Msg>),
    Count(i64),
    /// So many of so many.
    Ratio(usize, usize),
    /// How often, and when last.
    Restarts(i64, Option<i64>),
    /// A moment, shown as an age that ticks.
    Age(i64),
    Amount(Amount, f64),
    /// Words of ours, in the language of whoever reads.
    Label(Msg),
    /// How long something took, in milliseconds.
    Duration(i64),
    /// Text of several lines, as it is.
    Block(String),
}

/// What an amount is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Amount {
    Cores,
    Bytes,
    /// A share of something, 0 to 1.
    Share,
    Number,
}

impl Cell {
    /// The order of two cells of one column: from A, from the worst, from the youngest, from the smallest. Cells with
    /// nothing come last.
    pub(crate) fn compare(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::None, Self::None) => Ordering::Equal,
            (Self::None, _) => Ordering::Greater,
            (_, Self::None) => Ordering::Less,
            (Self::Status(a, a_word, a_note), Self::Status(b, b_word, b_note)) => {
                let by_word = a_word.cmp(b_word);
                badness(*a).cmp(&badness(*b)).then(by_word).then(a_note.is_some().cmp(&b_note.is_some()))
            }
            (Self::Count(a), Self::Count(b)) => a.cmp(b),
            (Self::Restarts(a, a_last), Self::Restarts(b, b_last)) => a.cmp(b).then(a_last.cmp(b_last)),
            (Self::Ratio(a, a_all), Self::Ratio(b, b_all)) => {
                (a * b_all).cmp(&(b * a_all)).then(a_all.cmp(b_all))
            }
            (Self::Age(a), Self::Age(b)) => b.cmp(a),
            (Self::Duration(a), Self::Duration(b)) => a.cmp(b),
            (Self::Amount(_, a), Self::Amount(_, b)) => a.total_cmp(b),
            (a, b) => a.words().cmp(b.words()),
        }
    }

    /// The words that a filter finds; empty for figures.
    pub(crate) fn words(&self) -> &str {
        match self {
            Self::Name(text)
            | Self::Text(text)
            | Self::Dim(text)
            | Self::Block(text)
            | Self::Link(text, _)
            | Self::Status(_, text, _) => text,
            _ => "",
        }
    }

    /// Text that is nothing where it is empty.
    pub(crate) fn text(text: &str) -> Self {
        if text.is_empty() { Self::None } else { Self::Text(text.to_owned()) }
    }

    /// The same, of less importance.
    pub(crate) fn dim(text: &str) -> Self {
        if text.is_empty() { Self::None } else { Self::Dim(text.to_owned()) }
    }

    /// So many bytes.
    pub(crate) fn size(bytes: usize) -> Self {
        Self::Amount(Amount::Bytes, bytes as f64)
    }

    /// A moment that is nothing where it is not known.
    pub(crate) fn age(at: Option<i64>) -> Self {
        at.map_or(Self::None, Self::Age)
    }
}

/// Worst first.
fn badness(tone: Tone) -> u8 {
    match tone {
        Tone::Critical => 0,
        Tone::Warning => 1,
        Tone::Unknown => 2,
        Tone::Progress => 3,
        Tone::Ok => 4,
        Tone::Done => 5,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(first: Cell, second: Cell) {
        assert_eq!(first.compare(&second), Ordering::Less, "{first:?} before {second:?}");
        assert_eq!(second.compare(&first), Ordering::Greater);
        assert_eq!(first.compare(&first), Ordering::Equal);
    }

    #[test]
    fn cells_are_ordered_by_what_they_mean() {
        check(Cell::Text("a".into()), Cell::Text("b".into()));
        check(Cell::Count(9), Cell::Count(10));
        check(Cell::Ratio(0, 2), Cell::Ratio(1, 2));
        check(Cell::Ratio(1, 3), Cell::Ratio(1, 2));
        check(Cell::Age(2_000), Cell::Age(1_000));
        check(Cell::Amount(Amount::Bytes, 9.0), Cell::Amount(Amount::Bytes, 10.0));
        check(
            Cell::Status(Tone::Critical, "OOMKilled".into(), None),
            Cell::Status(Tone::Warning, "Evicted".into(), None),
        );
        check(
            Cell::Status(Tone::Ok, "Running".into(), None),
            Cell::Status(Tone::Done, "Completed".into(), None),
        );
    }

    #[test]
    fn nothing_comes_last() {
        check(Cell::Count(0), Cell::None);
        check(Cell::Text("z".into()), Cell::text(""));
    }
}
