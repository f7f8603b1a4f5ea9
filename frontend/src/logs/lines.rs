//! How high rows are, in lines, and where each begins: what scrolling through a hundred thousand of them is reckoned from.

/// How many lines a text takes in a place of `columns` letters of one width; one where it is not wrapped.
pub(crate) fn lines_of(text: &str, columns: Option<usize>) -> u32 {
    let Some(columns) = columns.filter(|columns| *columns > 0) else { return 1 };
    let width = if text.is_ascii() { text.len() } else { text.chars().map(width_of).sum() };
    u32::try_from(width.div_ceil(columns).max(1)).unwrap_or(u32::MAX)
}

/// Letters of East Asian scripts are twice as wide.
fn width_of(letter: char) -> usize {
    match u32::from(letter) {
        0x1100..=0x115f
        | 0x2e80..=0xa4cf
        | 0xac00..=0xd7a3
        | 0xf900..=0xfaff
        | 0xfe30..=0xfe6f
        | 0xff00..=0xff60
        | 0x1f300..=0x1faff
        | 0x20000..=0x3fffd => 2,
        _ => 1,
    }
}

/// Where rows begin, in lines from the top.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Heights(Vec<u32>);

impl Default for Heights {
    fn default() -> Self {
        Self(vec![0])
    }
}

impl Heights {
    pub(crate) fn len(&self) -> usize {
        self.0.len() - 1
    }

    /// Forgets all rows from `row` on.
    pub(crate) fn truncate(&mut self, row: usize) {
        self.0.truncate(row + 1);
    }

    /// One row more.
    pub(crate) fn push(&mut self, lines: u32) {
        self.0.push(self.total().saturating_add(lines));
    }

    /// All lines.
    pub(crate) fn total(&self) -> u32 {
        self.0.last().copied().unwrap_or(0)
    }

    /// Where a row begins.
    pub(crate) fn top(&self, row: usize) -> u32 {
        self.0.get(row).copied().unwrap_or_else(|| self.total())
    }

    /// The rows of which something lies between two lines: the first, and the one after the last.
    pub(crate) fn within(&self, from: u32, to: u32) -> (usize, usize) {
        let first = self.0.partition_point(|top| *top <= from).saturating_sub(1);
        let end = self.0.partition_point(|top| *top < to);
        (first.min(self.len()), end.min(self.len()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_take_as_many_lines_as_their_letters_need() {
        assert_eq!(lines_of("", Some(10)), 1);
        assert_eq!(lines_of("0123456789", Some(10)), 1);
        assert_eq!(lines_of("0123456789a", Some(10)), 2);
        assert_eq!(lines_of("한국어한국어", Some(10)), 2);
        assert_eq!(lines_of(&"x".repeat(1000), None), 1);
        assert_eq!(lines_of("x", Some(0)), 1);
    }

    #[test]
    fn rows_are_found_by_lines_and_lines_by_rows() {
        let mut heights = Heights::default();
        [1, 3, 1, 2].into_iter().for_each(|lines| heights.push(lines));
        assert_eq!((heights.len(), heights.total()), (4, 7));
        assert_eq!([0, 1, 2, 3, 9].map(|row| heights.top(row)), [0, 1, 4, 5, 7]);
        assert_eq!(heights.within(0, 1), (0, 1));
        assert_eq!(heights.within(2, 5), (1, 3));
        assert_eq!(heights.within(6, 100), (3, 4));
        assert_eq!(heights.within(100, 200), (4, 4));
        heights.truncate(1);
        assert_eq!((heights.len(), heights.total()), (1, 1));
        assert_eq!(Heights::default().within(0, 50), (0, 0));
    }
}
