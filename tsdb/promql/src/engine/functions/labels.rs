//! Functions that rewrite labels.

use crowsnest_api::{Labels, METRIC_NAME, Sample};

use crate::ast::Call;
use crate::engine::QueryError;
use crate::engine::column::{Column, Computed, Held, merge_same};
use crate::engine::evaluator::Evaluator;
use crate::engine::grid::Grid;
use crate::lexer::string;

/// The longest name or value that a query may give a label, in bytes; sixteen times what a store takes. Without a limit
/// thirty `label_join`s, each of which doubles a value, would take all memory.
const MAX_BYTES: usize = 64 << 10;

/// `label_replace(v, dst, replacement, src, regex)`
pub(crate) fn replace(
    evaluator: &mut Evaluator<'_>,
    call: &Call,
    grid: &Grid,
) -> Result<Computed, QueryError> {
    let to = target(evaluator, call, grid, 1)?;
    let replacement = text(evaluator, call, grid, 2)?;
    let from = text(evaluator, call, grid, 3)?;
    let pattern = text(evaluator, call, grid, 4)?;
    let regex = evaluator.matchers.pattern(&pattern).map_err(|error| {
        let reason = crate::matcher::reason(&error);
        QueryError::execution(format!("invalid regular expression in label_replace(): {reason}: {pattern}"))
    })?;
    rewrite(evaluator, call, grid, &to, |labels| {
        let value = labels.get(&from).map_or("", |value| value.as_str());
        let Some(captures) = regex.captures(value) else { return Ok(None) };
        // At most what each reference would bring if it stood for the whole value.
        let references = replacement.bytes().filter(|byte| *byte == b'$').count();
        check_label_bytes(
            call.function.name,
            references.saturating_mul(value.len()).saturating_add(replacement.len()),
        )?;
        let mut expanded = String::new();
        captures.expand(&replacement, &mut expanded);
        Ok(Some(expanded))
    })
}

/// `label_join(v, dst, separator, src…)`
pub(crate) fn join(evaluator: &mut Evaluator<'_>, call: &Call, grid: &Grid) -> Result<Computed, QueryError> {
    let to = target(evaluator, call, grid, 1)?;
    let separator = text(evaluator, call, grid, 2)?;
    let mut from = Vec::new();
    for index in 3..call.args.len() {
        let name = text(evaluator, call, grid, index)?;
        if name.is_empty() {
            return Err(QueryError::execution("invalid source label name in label_join(): "));
        }
        from.push(name);
    }
    rewrite(evaluator, call, grid, &to, |labels| {
        let values: Vec<&str> =
            from.iter().map(|name| labels.get(name).map_or("", |value| value.as_str())).collect();
        let separators = separator.len().saturating_mul(values.len().saturating_sub(1));
        check_label_bytes(
            call.function.name,
            values.iter().map(|value| value.len()).sum::<usize>().saturating_add(separators),
        )?;
        Ok(Some(values.join(&separator)))
    })
}

/// Sets one label of every series to what `of` says, where it says something.
fn rewrite(
    evaluator: &mut Evaluator<'_>,
    call: &Call,
    grid: &Grid,
    to: &str,
    of: impl Fn(&Labels) -> Result<Option<String>, QueryError>,
) -> Result<Computed, QueryError> {
    let columns = evaluator.vector(evaluator.arg(call, 0)?, grid)?;
    let mut rewritten = Vec::with_capacity(columns.len());
    for column in columns {
        rewritten.push(match of(&column.labels)? {
            None => column,
            Some(value) => {
                let mut labels = column.labels.to_builder();
                labels.set(to, value);
                let labels = labels.build();
                evaluator.hold(Held::of_samples(bytes_of(&labels) / size_of::<Sample>()))?;
                // A name that was set by hand is meant to stay.
                Column { labels, drop_name: column.drop_name && to != METRIC_NAME, ..column }
            }
        });
    }
    merge_same(rewritten).map(Computed::Vector)
}

fn bytes_of(labels: &Labels) -> usize {
    labels.iter().map(|label| label.name.len() + label.value.len()).sum()
}

/// Refuses a name or value of a label that `function` would make too long.
pub(crate) fn check_label_bytes(function: &str, bytes: usize) -> Result<(), QueryError> {
    if bytes <= MAX_BYTES {
        return Ok(());
    }
    Err(QueryError::execution(format!(
        "{function}() would make a label of {bytes} bytes, at most {MAX_BYTES} are allowed"
    )))
}

/// The label to set: any UTF-8 but the empty string.
fn target(
    evaluator: &mut Evaluator<'_>,
    call: &Call,
    grid: &Grid,
    index: usize,
) -> Result<String, QueryError> {
    let bytes = evaluator.string(evaluator.arg(call, index)?, grid)?;
    check_label_bytes(call.function.name, bytes.len())?;
    String::from_utf8(bytes).ok().filter(|name| !name.is_empty()).ok_or_else(|| {
        let name = call.args.get(index).map(ToString::to_string).unwrap_or_default();
        let name = string::unquote(&name).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        QueryError::execution(format!(
            "invalid destination label name in {}(): {}",
            call.function.name,
            name.unwrap_or_default()
        ))
    })
}

fn text(evaluator: &mut Evaluator<'_>, call: &Call, grid: &Grid, index: usize) -> Result<String, QueryError> {
    let bytes = evaluator.string(evaluator.arg(call, index)?, grid)?;
    String::from_utf8(bytes).map_err(|error| {
        let bytes = error.into_bytes();
        QueryError::execution(format!("{} in {}() is not UTF-8", string::quote(&bytes), call.function.name))
    })
}
