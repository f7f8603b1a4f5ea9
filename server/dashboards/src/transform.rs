//! Transformations: what is done with the frames of a panel before they are drawn.
//!
//! Ids and options are Grafana 13's. One that is not known leaves the frames as they are; the import says so. No transformation makes more cells than
//! [`MOST_CELLS`].

mod calculate;
mod columns;
mod group;
mod join;
mod rows;
mod series;

use serde_json::Value;

use crate::frame::Frame;
use crate::json;
use crate::pattern::Engine;

/// The most cells of a result; what would be more is left as it was.
pub const MOST_CELLS: usize = 5_000_000;
/// The most transformations of a panel.
const MOST: usize = 100;

/// What transformations need from outside.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// Runs patterns.
    pub engine: &'a dyn Engine,
    /// Fills variables into options.
    pub interpolate: &'a dyn Fn(&str) -> String,
}

/// One transformation.
struct Transformation {
    id: &'static str,
    apply: fn(Vec<Frame>, &Value, &Context<'_>) -> Vec<Frame>,
}

const TRANSFORMATIONS: &[Transformation] = &[
    Transformation { id: "calculateField", apply: calculate::field },
    Transformation { id: "concatenate", apply: columns::concatenate },
    Transformation { id: "convertFieldType", apply: columns::convert },
    Transformation { id: "filterByRefId", apply: columns::by_ref_id },
    Transformation { id: "filterByValue", apply: rows::filter },
    Transformation { id: "filterFieldsByName", apply: columns::by_name },
    Transformation { id: "groupBy", apply: group::group_by },
    Transformation { id: "groupingToMatrix", apply: group::matrix },
    Transformation { id: "histogram", apply: rows::histogram },
    Transformation { id: "joinByField", apply: join::by_field },
    Transformation { id: "labelsToFields", apply: series::labels_to_fields },
    Transformation { id: "limit", apply: rows::limit },
    Transformation { id: "merge", apply: join::merge },
    Transformation { id: "noop", apply: |frames, _, _| frames },
    Transformation { id: "organize", apply: columns::organize },
    Transformation { id: "partitionByValues", apply: group::partition },
    Transformation { id: "prepareTimeSeries", apply: series::prepare },
    Transformation { id: "reduce", apply: series::reduce },
    Transformation { id: "renameByRegex", apply: columns::rename },
    Transformation { id: "seriesToColumns", apply: join::by_field },
    Transformation { id: "seriesToRows", apply: series::to_rows },
    Transformation { id: "sortBy", apply: rows::sort },
    Transformation { id: "timeSeriesTable", apply: series::to_curves },
    Transformation { id: "transpose", apply: rows::transpose },
];

/// Whether a transformation has an effect here.
pub fn is_known(id: &str) -> bool {
    TRANSFORMATIONS.iter().any(|known| known.id == id)
}

/// `frames` after all of a panel's transformations, in order.
pub fn apply(frames: Vec<Frame>, transformations: &[Value], context: &Context<'_>) -> Vec<Frame> {
    transformations
        .iter()
        .take(MOST)
        .fold(frames, |frames, transformation| one(frames, transformation, context))
}

fn one(frames: Vec<Frame>, transformation: &Value, context: &Context<'_>) -> Vec<Frame> {
    let id = json::text(transformation, "id").unwrap_or_default();
    let Some(known) = TRANSFORMATIONS.iter().find(|known| known.id == id) else { return frames };
    let topic = json::text(transformation, "topic");
    if json::flag(transformation, "disabled") || topic.is_some_and(|topic| topic != "series") {
        return frames;
    }
    // Only some queries' frames may be meant; the others come after them.
    let mut options = json::at(transformation, "options").clone();
    json::each_text(&mut options, &mut |text| {
        if text.contains(['$', '[']) {
            *text = (context.interpolate)(text);
        }
    });
    let filter = json::at(transformation, "filter");
    let wanted = columns::RefIds::read(&json::text(filter, "options").unwrap_or_default(), context);
    let by_query = json::text(filter, "id").as_deref() == Some("byRefId");
    let (meant, others): (Vec<_>, Vec<_>) =
        frames.into_iter().partition(|frame| !by_query || wanted.has(frame));
    let mut result = (known.apply)(meant, &options, context);
    result.extend(others);
    result
}

/// The names that the columns of `frame` go by.
fn names(frame: &Frame, all: &[Frame]) -> Vec<String> {
    (0..frame.fields.len()).map(|at| frame.display_name(at, all)).collect()
}

/// Index of the column that goes by `name`, or is called so.
fn find(frame: &Frame, names: &[String], name: &str) -> Option<usize> {
    names
        .iter()
        .position(|known| known == name)
        .or_else(|| frame.fields.iter().position(|field| field.name == name))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::frame::{Field, Values};
    use crate::pattern::Fancy;

    pub(super) fn run(frames: Vec<Frame>, transformations: &Value) -> Vec<Frame> {
        let context = Context { engine: &Fancy, interpolate: &str::to_owned };
        apply(frames, transformations.as_array().unwrap(), &context)
    }

    /// Heads and cells of a frame, a line a column.
    pub(super) fn columns(frame: &Frame) -> Vec<String> {
        let line = |at: usize| {
            let cells: Vec<_> = frame.fields[at].values.cells().map(|cell| cell.to_string()).collect();
            format!("{}: {}", frame.display_name(at, std::slice::from_ref(frame)), cells.join(" "))
        };
        (0..frame.fields.len()).map(line).collect()
    }

    /// A table as an instant query gives it.
    pub(super) fn table(ref_id: &str, rows: &[(&str, f64)]) -> Frame {
        let fields = vec![
            Field::new("Time", Values::Times(vec![Some(1); rows.len()])),
            Field::new("pod", Values::texts(rows.iter().map(|(pod, _)| *pod))),
            Field::new(format!("Value #{ref_id}"), Values::numbers(rows.iter().map(|(_, value)| *value))),
        ];
        Frame { ref_id: ref_id.to_owned(), name: None, fields }
    }

    #[test]
    fn the_table_is_sorted() {
        assert!(TRANSFORMATIONS.is_sorted_by_key(|known| known.id));
    }

    #[test]
    fn what_is_not_known_or_switched_off_changes_nothing() {
        let frames = vec![table("A", &[("a", 1.0)])];
        let off =
            json!([{"id": "fromTheFuture"}, {"id": "limit", "disabled": true, "options": {"limitField": 0}}]);
        assert_eq!(run(frames.clone(), &off), frames);
    }

    #[test]
    fn a_filter_leaves_other_queries_alone() {
        let frames = vec![table("A", &[("a", 1.0)]), table("B", &[("b", 2.0)])];
        let limited = json!([{"id": "limit", "filter": {"id": "byRefId", "options": "B"}, "options": {"limitField": 0}}]);
        let lengths: Vec<_> =
            run(frames, &limited).iter().map(|frame| (frame.ref_id.clone(), frame.len())).collect();
        assert_eq!(lengths, [("B".to_owned(), 0), ("A".to_owned(), 1)]);
    }
}
