//! Choosing and ordering rows; `transpose` and `histogram`.

use serde_json::Value;

use super::{Context, MOST_CELLS, find, names};
use crate::field;
use crate::frame::{Cell, Field, Frame, Values};
use crate::json;
use crate::pattern;

/// `sortBy`: rows by columns, the first named counting most.
pub(super) fn sort(frames: Vec<Frame>, options: &Value, _: &Context<'_>) -> Vec<Frame> {
    let all = frames.clone();
    let one = |frame: Frame| {
        let names = names(&frame, &all);
        let mut rows: Vec<usize> = (0..frame.len()).collect();
        for rule in json::list(options, "sort").iter().take(10).rev() {
            let Some(name) = json::filled(rule, "field") else { continue };
            let Some(field) = find(&frame, &names, &name).and_then(|at| frame.fields.get(at)) else {
                continue;
            };
            let descending = json::flag(rule, "desc");
            rows.sort_by(|a, b| {
                let order = field.values.get(*a).compare(&field.values.get(*b));
                if descending { order.reverse() } else { order }
            });
        }
        frame.pick(&rows)
    };
    frames.into_iter().map(one).collect()
}

/// `limit`: the first rows, or with a negative number the last.
pub(super) fn limit(frames: Vec<Frame>, options: &Value, _: &Context<'_>) -> Vec<Frame> {
    let most = json::number(options, "limitField").unwrap_or(10.0);
    let one = |frame: Frame| {
        let count = frame.len();
        let kept = (most.abs() as usize).min(count);
        let rows: Vec<usize> = if most < 0.0 { (count - kept..count).collect() } else { (0..kept).collect() };
        frame.pick(&rows)
    };
    frames.into_iter().map(one).collect()
}

/// `filterByValue`: rows that fulfil one condition, or all.
pub(super) fn filter(frames: Vec<Frame>, options: &Value, context: &Context<'_>) -> Vec<Frame> {
    let conditions = json::list(options, "filters");
    let include = json::text(options, "type").as_deref() != Some("exclude");
    let every = json::text(options, "match").as_deref() == Some("all");
    if conditions.is_empty() {
        return frames;
    }
    let all = frames.clone();
    let one = |frame: Frame| {
        let names = names(&frame, &all);
        let tests: Vec<(usize, Test)> = conditions
            .iter()
            .filter_map(|condition| {
                let at = find(&frame, &names, &json::filled(condition, "fieldName")?)?;
                Some((at, Test::read(json::at(condition, "config"), context)?))
            })
            .collect();
        if tests.is_empty() {
            return frame;
        }
        let fulfils = |row: &usize| {
            let mut results = tests.iter().map(|(at, test)| {
                frame.fields.get(*at).is_some_and(|field| test.holds(&field.values.get(*row)))
            });
            let fits = if every { results.all(|fits| fits) } else { results.any(|fits| fits) };
            fits == include
        };
        let rows: Vec<usize> = (0..frame.len()).filter(fulfils).collect();
        frame.pick(&rows)
    };
    frames.into_iter().map(one).collect()
}

/// One condition.
enum Test {
    Null(bool),
    Compare(String, Cell),
    Between(f64, f64),
    Pattern(Box<dyn pattern::Pattern>),
    Part(String, bool),
}

impl Test {
    fn read(config: &Value, context: &Context<'_>) -> Option<Self> {
        let value = || json::text(config, "options.value");
        Some(match json::text(config, "id")?.as_str() {
            "isNull" => Self::Null(true),
            "isNotNull" => Self::Null(false),
            "range" | "between" => {
                Self::Between(json::number(config, "options.from")?, json::number(config, "options.to")?)
            }
            "regex" => Self::Pattern(pattern::compile(
                &format!("/{}/", value()?.replace('/', "\\/")),
                context.engine,
            )?),
            "substring" => Self::Part(value()?.to_lowercase(), true),
            "notSubstring" => Self::Part(value()?.to_lowercase(), false),
            op => Self::Compare(op.to_owned(), Cell::text(value()?)),
        })
    }

    fn holds(&self, cell: &Cell) -> bool {
        match self {
            Self::Null(wanted) => (*cell == Cell::Null) == *wanted,
            Self::Between(from, to) => cell.as_number().is_some_and(|number| number > *from && number < *to),
            Self::Pattern(pattern) => pattern.is_match(&cell.to_string()),
            Self::Part(part, wanted) => cell.to_string().to_lowercase().contains(part) == *wanted,
            Self::Compare(op, with) => match (cell.as_number(), with.as_number()) {
                (Some(number), Some(with)) => field::compare(number, op, with),
                _ => match op.as_str() {
                    "equal" => cell.to_string() == with.to_string(),
                    "notEqual" => cell.to_string() != with.to_string(),
                    _ => false,
                },
            },
        }
    }
}

/// `transpose`: rows become columns; the first column gives their names.
pub(super) fn transpose(frames: Vec<Frame>, options: &Value, _: &Context<'_>) -> Vec<Frame> {
    let all = frames.clone();
    let one = |frame: Frame| {
        let names = names(&frame, &all);
        let Some((first, rest)) = frame.fields.split_first() else { return frame };
        if frame.len() > 1000 || frame.len().saturating_mul(frame.fields.len()) > MOST_CELLS {
            return frame;
        }
        let head = json::filled(options, "firstFieldName").unwrap_or_else(|| "Field".to_owned());
        let mut fields = vec![Field::new(head, Values::texts(names.iter().skip(1)))];
        for (row, cell) in first.values.cells().enumerate() {
            fields.push(Field::new(
                cell.to_string(),
                Values::from_cells(rest.iter().map(|field| field.values.get(row)).collect()),
            ));
        }
        Frame { fields, ref_id: frame.ref_id, name: frame.name }
    };
    frames.into_iter().map(one).collect()
}

/// `histogram`: how many values of each column of numbers are in each bucket.
///
/// Without a size, some thirty buckets of a round one.
pub(super) fn histogram(frames: Vec<Frame>, options: &Value, _: &Context<'_>) -> Vec<Frame> {
    let columns: Vec<(String, Vec<f64>)> = frames
        .iter()
        .flat_map(|frame| {
            let names = names(frame, &frames);
            let pairs = frame
                .fields
                .iter()
                .zip(names)
                .filter(|(field, _)| matches!(field.values, Values::Numbers(_)));
            pairs.map(|(field, name)| {
                let numbers = (0..field.values.len()).filter_map(|at| field.values.number(at));
                (name, numbers.filter(|number| number.is_finite()).collect())
            })
        })
        .collect();
    let every = || columns.iter().flat_map(|(_, numbers)| numbers.iter().copied());
    let (Some(least), Some(most)) = (every().reduce(f64::min), every().reduce(f64::max)) else {
        return Vec::new();
    };
    let asked = json::number(options, "bucketSize").filter(|size| *size > 0.0);
    let count =
        json::number(options, "bucketCount").filter(|count| *count >= 1.0).unwrap_or(30.0).min(1000.0);
    let size = asked.unwrap_or_else(|| round_size((most - least) / count));
    let offset = json::number(options, "bucketOffset").unwrap_or(0.0);
    let bucket = |value: f64| ((value - offset) / size).floor();
    let (first, last) = (bucket(least), bucket(most));
    if last - first > 10_000.0 {
        return frames;
    }
    let buckets = (last - first) as usize + 1;
    let bound = |at: usize| (first + at as f64) * size + offset;
    let mut fields = vec![
        Field::new("xMin", Values::numbers((0..buckets).map(bound))),
        Field::new("xMax", Values::numbers((0..buckets).map(|at| bound(at + 1)))),
    ];
    let combine = json::flag(options, "combine");
    let combined = || vec![("count".to_owned(), every().collect::<Vec<f64>>())];
    for (name, numbers) in if combine { combined() } else { columns.clone() } {
        let mut counts = vec![0.0; buckets];
        for number in numbers {
            if let Some(count) = counts.get_mut((bucket(number) - first) as usize) {
                *count += 1.0;
            }
        }
        fields.push(Field::new(name, Values::numbers(counts)));
    }
    vec![Frame { fields, ..Frame::default() }]
}

/// The next of 1, 2, 2.5 and 5 times a power of ten.
fn round_size(size: f64) -> f64 {
    if !size.is_normal() || size < 0.0 {
        return 1.0;
    }
    let power = 10f64.powf(size.log10().floor());
    let step = [1.0, 2.0, 2.5, 5.0, 10.0].into_iter().find(|step| step * power >= size);
    step.unwrap_or(10.0) * power
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::tests::{columns, run, table};
    use super::*;

    fn rows(transformations: &Value) -> Vec<String> {
        columns(&run(vec![table("A", &[("b", 1.0), ("a", 3.0), ("c", 2.0)])], transformations)[0])
    }

    #[test]
    fn rows_are_sorted_and_cut() {
        let sorted = json!([{"id": "sortBy", "options": {"sort": [{"field": "Value #A", "desc": true}]}}, {"id": "limit", "options": {"limitField": "2"}}]);
        assert_eq!(rows(&sorted)[1..], ["pod: a c", "Value #A: 3 2"]);
        assert_eq!(
            rows(&json!([{"id": "sortBy", "options": {"sort": [{"field": "pod"}]}}]))[1],
            "pod: a b c"
        );
    }

    #[test]
    fn rows_are_filtered_by_conditions() {
        let filtered = |id: &str, options: Value, kind: &str| {
            rows(&json!([{"id": "filterByValue", "options": {"type": kind, "match": "any", "filters": [
                {"fieldName": if id == "regex" || id == "equal" { "pod" } else { "Value #A" }, "config": {"id": id, "options": options}}]}}]))[1].clone()
        };
        assert_eq!(filtered("greater", json!({"value": 1}), "include"), "pod: a c");
        assert_eq!(filtered("greater", json!({"value": 1}), "exclude"), "pod: b");
        assert_eq!(filtered("regex", json!({"value": "a|b"}), "include"), "pod: b a");
        assert_eq!(filtered("equal", json!({"value": "c"}), "include"), "pod: c");
        assert_eq!(filtered("between", json!({"from": 1, "to": 3}), "include"), "pod: c");
    }

    #[test]
    fn values_are_counted_in_buckets() {
        let counted = rows(&json!([{"id": "histogram", "options": {"bucketSize": 2}}]));
        assert_eq!(counted, ["xMin: 0 2", "xMax: 2 4", "Value #A: 1 2"]);
    }
}
