//! `calculateField`: a new column from others.

use serde_json::Value;

use super::{Context, find, join, names};
use crate::frame::{Field, FieldKind, Frame, Values};
use crate::json;
use crate::reduce;

/// Adds a column to every frame, or puts it in the place of all others but the time. Series are joined by time before.
pub(super) fn field(frames: Vec<Frame>, options: &Value, _: &Context<'_>) -> Vec<Frame> {
    let by_time = options.get("timeSeries").is_none_or(|_| json::flag(options, "timeSeries"));
    let all_have_time = frames.iter().all(|frame| frame.time().is_some());
    let frames = if by_time && all_have_time { join::join(frames, None, false) } else { frames };
    let all_names: Vec<Vec<String>> = frames.iter().map(|frame| names(frame, &frames)).collect();
    let replace = json::flag(options, "replaceFields");
    let one = |(mut frame, names): (Frame, Vec<String>)| {
        let Some((default, values)) = calculated(&frame, &names, options) else { return frame };
        let alias = json::filled(options, "alias").unwrap_or(default);
        if replace {
            let first = frame.fields.iter().position(|field| field.kind == FieldKind::Time);
            let mut at = 0;
            frame.fields.retain(|_| {
                at += 1;
                first == Some(at - 1)
            });
        }
        let mut field = Field::new(alias, values);
        field.step_ms = frame.time().and_then(|time| time.step_ms);
        frame.fields.push(field);
        frame
    };
    frames.into_iter().zip(all_names).map(one).collect()
}

/// The name and the values of the new column.
fn calculated(frame: &Frame, names: &[String], options: &Value) -> Option<(String, Values)> {
    let column = |name: &str| find(frame, names, name).and_then(|at| frame.fields.get(at));
    let numbers = |numbers: Vec<Option<f64>>| Values::Numbers(numbers);
    match json::text(options, "mode").as_deref().unwrap_or("reduceRow") {
        "reduceRow" => {
            let include = json::texts(options, "reduce.include");
            let reducer = json::filled(options, "reduce.reducer").unwrap_or_else(|| "sum".to_owned());
            let meant = |(field, name): &(&Field, &String)| {
                field.kind == FieldKind::Number
                    && (include.is_empty() || include.contains(name) || include.contains(&field.name))
            };
            let columns: Vec<&Field> =
                frame.fields.iter().zip(names).filter(meant).map(|(field, _)| field).collect();
            let row = |at: usize| {
                let cells = columns.iter().map(|field| field.values.number(at)).collect();
                reduce::reduce(&Field::new("", Values::Numbers(cells)), &reducer)
            };
            Some((reduce::title(&reducer), Values::from_cells((0..frame.len()).map(row).collect())))
        }
        "binary" => {
            let (left, left_name) = operand(json::at(options, "binary.left"), &column)?;
            let (right, right_name) = operand(json::at(options, "binary.right"), &column)?;
            let operator = json::text(options, "binary.operator").unwrap_or_else(|| "+".to_owned());
            let row = |at: usize| operate(left.at(at)?, &operator, right.at(at)?);
            Some((
                format!("{left_name} {operator} {right_name}"),
                numbers((0..frame.len()).map(row).collect()),
            ))
        }
        "unary" => {
            let name = json::filled(options, "unary.fieldName")?;
            let operator = json::text(options, "unary.operator").unwrap_or_default();
            let field = column(&name)?;
            let row = |at: usize| unary(&operator, field.values.number(at)?);
            Some((format!("{operator}({name})"), numbers((0..field.values.len()).map(row).collect())))
        }
        "index" => {
            let share = json::flag(options, "index.asPercentile");
            let count = frame.len().max(1) as f64;
            let row = |at: usize| Some(if share { at as f64 / count } else { at as f64 });
            Some(("Row".to_owned(), numbers((0..frame.len()).map(row).collect())))
        }
        "cumulativeFunctions" => {
            let name = json::filled(options, "cumulative.field")?;
            let mean = json::text(options, "cumulative.reducer").as_deref() == Some("mean");
            let field = column(&name)?;
            let mut sum = 0.0;
            let row = |at: usize| {
                sum += field.values.number(at).filter(|number| !number.is_nan()).unwrap_or(0.0);
                Some(if mean { sum / (at + 1) as f64 } else { sum })
            };
            let values: Vec<_> = (0..field.values.len()).map(row).collect();
            Some((format!("cumulative {}({name})", if mean { "mean" } else { "sum" }), numbers(values)))
        }
        "windowFunctions" => window(options, &column),
        _ => None,
    }
}

/// A moving calculation over the rows before, or around, each row.
fn window<'a>(options: &Value, column: &dyn Fn(&str) -> Option<&'a Field>) -> Option<(String, Values)> {
    let name = json::filled(options, "window.field")?;
    let reducer = json::filled(options, "window.reducer").unwrap_or_else(|| "mean".to_owned());
    let field = column(&name)?;
    let count = field.values.len();
    let size = json::number(options, "window.windowSize").unwrap_or(0.1);
    let by_share = json::text(options, "window.windowSizeMode").as_deref() != Some("fixed");
    let size =
        ((if by_share { size * count as f64 } else { size }).floor() as usize).clamp(1, count.clamp(1, 2000));
    let centered = json::text(options, "window.windowAlignment").as_deref() == Some("centered");
    let row = |at: usize| {
        let (from, to) = match centered {
            true => (at.saturating_sub(size / 2), (at + size.div_ceil(2)).min(count)),
            false => ((at + 1).saturating_sub(size), at + 1),
        };
        let rows: Vec<usize> = (from..to).collect();
        reduce::reduce(&field.with_values(field.values.pick(&rows)), &reducer)
    };
    Some((format!("{reducer}({name})"), Values::from_cells((0..count).map(row).collect())))
}

/// One side of a calculation: a column or a number.
enum Operand<'a> {
    Column(&'a Field),
    Number(f64),
}

impl Operand<'_> {
    fn at(&self, row: usize) -> Option<f64> {
        match self {
            Self::Column(field) => field.values.number(row),
            Self::Number(number) => Some(*number),
        }
    }
}

/// A name or a number; since Grafana 11 `{matcher}` or `{fixed}`.
fn operand<'a>(side: &Value, column: &dyn Fn(&str) -> Option<&'a Field>) -> Option<(Operand<'a>, String)> {
    let text = match side {
        Value::Object(_) => json::filled(side, "fixed").or_else(|| json::filled(side, "matcher.options"))?,
        other => json::to_text(other)?,
    };
    let operand = match column(&text) {
        Some(field) => Operand::Column(field),
        None => Operand::Number(text.trim().parse().ok()?),
    };
    Some((operand, text))
}

fn operate(left: f64, operator: &str, right: f64) -> Option<f64> {
    Some(match operator {
        "+" => left + right,
        "-" => left - right,
        "*" => left * right,
        "/" => left / right,
        "%" => left % right,
        "**" | "^" => left.powf(right),
        _ => return None,
    })
}

fn unary(operator: &str, number: f64) -> Option<f64> {
    Some(match operator {
        "abs" => number.abs(),
        "exp" => number.exp(),
        "ln" => number.ln(),
        "floor" => number.floor(),
        "ceil" => number.ceil(),
        "round" => number.round(),
        "percent" => number * 100.0,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::tests::{columns, run, table};
    use super::*;

    fn series(name: &str, samples: &[(i64, f64)]) -> Frame {
        let mut value = Field::new("Value", Values::numbers(samples.iter().map(|(_, value)| *value)));
        value.legend = Some(name.to_owned());
        let time = Field::new("Time", Values::Times(samples.iter().map(|(at, _)| Some(*at)).collect()));
        Frame { fields: vec![time, value], ..Frame::default() }
    }

    #[test]
    fn series_are_joined_and_reduced_row_by_row() {
        let frames = vec![series("a", &[(1, 1.0), (2, 2.0)]), series("b", &[(2, 4.0), (3, 5.0)])];
        let found = run(
            frames,
            &json!([{"id": "calculateField", "options": {"mode": "reduceRow", "reduce": {"reducer": "sum"}, "replaceFields": true}}]),
        );
        assert_eq!(columns(&found[0]), ["Time: 1 2 3", "Total: 1 6 5"]);
    }

    #[test]
    fn two_columns_or_a_number_make_a_third() {
        let binary = |left: &str, operator: &str, right: &str| {
            let options = json!({"mode": "binary", "binary": {"left": left, "operator": operator, "right": right}, "alias": "x"});
            let found =
                run(vec![table("A", &[("a", 6.0)])], &json!([{"id": "calculateField", "options": options}]));
            found[0].fields.last().map(|field| (field.name.clone(), field.values.number(0)))
        };
        assert_eq!(binary("Value #A", "/", "4"), Some(("x".to_owned(), Some(1.5))));
        assert_eq!(binary("Value #A", "-", "Value #A"), Some(("x".to_owned(), Some(0.0))));
        assert_eq!(
            binary("gone", "-", "1").map(|(name, _)| name).as_deref(),
            Some("Value #A"),
            "nothing is added"
        );
    }

    #[test]
    fn windows_and_sums_move_along() {
        let frames = || vec![series("a", &[(1, 2.0), (2, 4.0), (3, 6.0)])];
        let found = |options: Value| {
            let found = run(frames(), &json!([{"id": "calculateField", "options": options}]));
            columns(&found[0]).pop().unwrap()
        };
        let cumulative = json!({"mode": "cumulativeFunctions", "cumulative": {"field": "a", "reducer": "sum"}, "alias": "c"});
        assert_eq!(found(cumulative), "c: 2 6 12");
        let window = json!({"mode": "windowFunctions", "window": {"field": "a", "reducer": "mean", "windowSize": 2, "windowSizeMode": "fixed"}, "alias": "w"});
        assert_eq!(found(window), "w: 2 3 5");
    }
}
