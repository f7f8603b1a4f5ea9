//! What the server says is wrong with a query, with a caret under the place.

/// `error` as the server words it, and the line of `query` that it names with a caret under its column.
pub(in crate::client) fn show(error: &str, query: &str) -> String {
    let Some((line, column, what)) = place(error) else { return error.to_owned() };
    let Some(text) = line.checked_sub(1).and_then(|index| query.lines().nth(index)) else {
        return error.to_owned();
    };
    // Columns count bytes; the caret stands below a character.
    let before = text.char_indices().take_while(|(at, _)| at + 1 < column);
    let indent: String = before.map(|(_, c)| if c == '\t' { '\t' } else { ' ' }).collect();
    format!("{what}\n  {text}\n  {indent}^")
}

/// Line and column, counted from one, and the message after them: `invalid parameter "query": 1:4: parse error: …`.
fn place(error: &str) -> Option<(usize, usize, &str)> {
    let located = error.strip_prefix("invalid parameter \"query\": ")?;
    let (line, rest) = located.split_once(':')?;
    let (column, what) = rest.split_once(": ")?;
    Some((line.parse().ok()?, column.parse().ok()?, what))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(error: &str, query: &str, expected: &str) {
        assert_eq!(show(&format!("invalid parameter \"query\": {error}"), query), expected);
    }

    #[test]
    fn the_caret_stands_under_the_column() {
        check("1:4: parse error: oops", "up{", "parse error: oops\n  up{\n     ^");
        check("2:3: oops", "sum(\n\tx y)", "oops\n  \tx y)\n  \t ^");
        check("1:9: oops", "a{b=\"ü\"} c", "oops\n  a{b=\"ü\"} c\n         ^");
    }

    #[test]
    fn an_error_without_a_place_is_left_as_it_is() {
        assert_eq!(show("query timed out", "up"), "query timed out");
        check("9:1: oops", "up", "invalid parameter \"query\": 9:1: oops");
    }
}
