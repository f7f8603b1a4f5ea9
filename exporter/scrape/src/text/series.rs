//! A series as it stands in a page: `name{label="value"}`, or `{"name",label="value"}`.

use crowsnest_api::{Label, METRIC_NAME};
use smol_str::SmolStr;

use super::Problem;
use super::cursor::Cursor;

/// Labels as a page has them, the metric's name first: not sorted, and with empty values, which say that a label is there.
pub(crate) type RawLabels = Vec<Label>;

/// Reads a series that has at most `limit` labels beside its name. An error comes with the bytes before it.
pub(crate) fn read(text: &str, limit: usize) -> Result<RawLabels, (usize, Problem)> {
    let mut cursor = Cursor { rest: text };
    read_at(&mut cursor, limit).map_err(|problem| (text.len() - cursor.rest.len(), problem))
}

fn read_at(cursor: &mut Cursor<'_>, limit: usize) -> Result<RawLabels, Problem> {
    let mut name = match cursor.peek() {
        Some('{') => None,
        _ => Some(cursor.plain_metric_name()?),
    };
    let mut labels = vec![Label { name: METRIC_NAME.into(), value: SmolStr::default() }];
    cursor.skip_blanks();
    if cursor.take_char('{') {
        read_labels(cursor, &mut name, &mut labels, limit)?;
    }
    if cursor.peek().is_some() {
        return Err(Problem::Expected { what: "a blank after the metric's name" });
    }
    let name = name.ok_or(Problem::Expected { what: "the metric's name" })?;
    if let Some(first) = labels.first_mut() {
        first.value = name;
    }
    Ok(labels)
}

/// The inside of the braces and the closing one; a string without `=` is the metric's name.
fn read_labels(
    cursor: &mut Cursor<'_>,
    metric: &mut Option<SmolStr>,
    labels: &mut RawLabels,
    limit: usize,
) -> Result<(), Problem> {
    loop {
        cursor.skip_blanks();
        if cursor.take_char('}') {
            return Ok(());
        }
        let quoted = cursor.peek() == Some('"');
        let name = if quoted { cursor.string()? } else { cursor.plain_label_name()? };
        cursor.skip_blanks();
        if cursor.take_char('=') {
            cursor.skip_blanks();
            if cursor.peek() != Some('"') {
                return Err(Problem::Expected { what: "a label value in double quotes" });
            }
            let value = cursor.string()?;
            // The metric's name stands first, so that this finds a label of that name, too.
            if labels.iter().any(|label| label.name == name) {
                return Err(Problem::DuplicateLabel { name: name.into() });
            }
            if labels.len() > limit {
                return Err(Problem::TooMany { what: "labels", limit });
            }
            labels.push(Label { name, value });
        } else if quoted && metric.is_none() && !name.is_empty() {
            *metric = Some(name);
        } else {
            return Err(Problem::Expected { what: "\"=\" after the label's name" });
        }
        cursor.skip_blanks();
        if !cursor.take_char(',') && cursor.peek() != Some('}') {
            return Err(Problem::Expected { what: "\",\" or \"}\"" });
        }
    }
}
