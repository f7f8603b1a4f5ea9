//! Choosing, ordering, naming and converting columns.

use serde_json::Value;

use super::{Context, MOST_CELLS, find, names};
use crate::frame::{Field, FieldKind, Frame, Values};
use crate::json;
use crate::pattern::{self, Pattern};

/// `organize`: columns out, in another order, under other names. Of several frames, the first alone is meant for; all are changed alike.
pub(super) fn organize(frames: Vec<Frame>, options: &Value, _: &Context<'_>) -> Vec<Frame> {
    let exclude = json::at(options, "excludeByName");
    let include = json::at(options, "includeByName");
    let index = json::at(options, "indexByName");
    let rename = json::at(options, "renameByName");
    let has_include = include.as_object().is_some_and(|map| map.values().any(|flag| flag == true));
    let all_names: Vec<Vec<String>> = frames.iter().map(|frame| names(frame, &frames)).collect();
    let one = |(frame, names): (Frame, Vec<String>)| {
        let mut kept: Vec<(f64, Field)> = Vec::with_capacity(frame.fields.len());
        for (at, (mut field, name)) in frame.fields.into_iter().zip(names).enumerate() {
            let flag =
                |of: &Value| of.get(&name).or_else(|| of.get(&field.name)).is_some_and(|flag| flag == true);
            if flag(exclude) || has_include && !flag(include) {
                continue;
            }
            let place = index.get(&name).or_else(|| index.get(&field.name)).and_then(json::to_number);
            let new = rename.get(&name).or_else(|| rename.get(&field.name)).and_then(json::to_text);
            field.config.display_name = match new.filter(|new| !new.is_empty()) {
                Some(new) => Some(new),
                // What it went by among its neighbours, some of which are gone.
                None if name != field.name && field.legend.is_none() && field.labels.is_empty() => Some(name),
                None => field.config.display_name,
            };
            // Those without a place keep theirs behind all that have one.
            kept.push((place.unwrap_or(1e6 + at as f64), field));
        }
        kept.sort_by(|a, b| a.0.total_cmp(&b.0));
        Frame {
            fields: kept.into_iter().map(|(_, field)| field).collect(),
            ..Frame { fields: Vec::new(), ref_id: frame.ref_id, name: frame.name }
        }
    };
    frames.into_iter().zip(all_names).map(one).collect()
}

/// `filterFieldsByName`: by names, a pattern, or a variable that is one of them.
pub(super) fn by_name(frames: Vec<Frame>, options: &Value, context: &Context<'_>) -> Vec<Frame> {
    let side = |key: &str| Side::read(json::at(options, key), context);
    let (include, exclude) = (side("include"), side("exclude"));
    let all_names: Vec<Vec<String>> = frames.iter().map(|frame| names(frame, &frames)).collect();
    let one = |(mut frame, names): (Frame, Vec<String>)| {
        let mut names = names.into_iter();
        frame.fields.retain(|field| {
            let name = names.next().unwrap_or_default();
            let has =
                |side: &Option<Side>| side.as_ref().map(|side| side.has(&name) || side.has(&field.name));
            has(&include).unwrap_or(true) && !has(&exclude).unwrap_or(false)
        });
        frame
    };
    frames.into_iter().zip(all_names).map(one).filter(|frame| !frame.fields.is_empty()).collect()
}

struct Side {
    names: Vec<String>,
    pattern: Option<Box<dyn Pattern>>,
}

impl Side {
    /// `None` where nothing is said.
    fn read(value: &Value, context: &Context<'_>) -> Option<Self> {
        let mut names = json::texts(value, "names");
        names.extend(json::filled(value, "variable"));
        let pattern =
            json::filled(value, "pattern").and_then(|source| pattern::compile(&source, context.engine));
        (!names.is_empty() || pattern.is_some()).then_some(Self { names, pattern })
    }

    fn has(&self, name: &str) -> bool {
        self.names.iter().any(|known| known == name)
            || self.pattern.as_ref().is_some_and(|pattern| pattern.is_match(name))
    }
}

/// `renameByRegex`: what a pattern matches in names becomes another text.
pub(super) fn rename(mut frames: Vec<Frame>, options: &Value, context: &Context<'_>) -> Vec<Frame> {
    let source = json::text(options, "regex").unwrap_or_default();
    let with = json::text(options, "renamePattern").unwrap_or_default();
    // Not anchored where no slashes say so, unlike everywhere else.
    let source = if source.starts_with('/') { source } else { format!("/{}/", source.replace('/', "\\/")) };
    let Some(compiled) = pattern::compile(&source, context.engine) else { return frames };
    let all = pattern::is_global(&source);
    let all_names: Vec<Vec<String>> = frames.iter().map(|frame| names(frame, &frames)).collect();
    for (frame, names) in frames.iter_mut().zip(all_names) {
        for (field, name) in frame.fields.iter_mut().zip(names) {
            if field.kind != FieldKind::Time && compiled.is_match(&name) {
                field.config.display_name = Some(pattern::replace(&name, &*compiled, &with, all));
            }
        }
    }
    frames
}

/// `filterByRefId`: frames of some queries.
pub(super) fn by_ref_id(frames: Vec<Frame>, options: &Value, context: &Context<'_>) -> Vec<Frame> {
    let (include, exclude) = (json::filled(options, "include"), json::filled(options, "exclude"));
    let read = |text: Option<String>| text.map(|text| RefIds::read(&text, context));
    let (include, exclude) = (read(include), read(exclude));
    let kept = |frame: &Frame| {
        include.as_ref().is_none_or(|wanted| wanted.has(frame))
            && !exclude.as_ref().is_some_and(|gone| gone.has(frame))
    };
    frames.into_iter().filter(kept).collect()
}

/// Names of queries: `A`, `A|B`, or a pattern.
pub(super) struct RefIds {
    text: String,
    pattern: Option<Box<dyn Pattern>>,
}

impl RefIds {
    pub(super) fn read(text: &str, context: &Context<'_>) -> Self {
        Self { text: text.to_owned(), pattern: pattern::compile(text, context.engine) }
    }

    pub(super) fn has(&self, frame: &Frame) -> bool {
        self.text == frame.ref_id
            || self.pattern.as_ref().is_some_and(|pattern| pattern.is_match(&frame.ref_id))
    }
}

/// `concatenate`: all columns in one frame, row beside row.
pub(super) fn concatenate(frames: Vec<Frame>, options: &Value, _: &Context<'_>) -> Vec<Frame> {
    let rows = frames.iter().map(Frame::len).max().unwrap_or(0);
    let count: usize = frames.iter().map(|frame| frame.fields.len()).sum();
    if frames.len() < 2 || rows.saturating_mul(count) > MOST_CELLS {
        return frames;
    }
    let as_label = json::text(options, "frameNameMode").as_deref() == Some("label");
    let label = json::filled(options, "frameNameLabel").unwrap_or_else(|| "frame".to_owned());
    let every: Vec<usize> = (0..rows).collect();
    let mut fields = Vec::with_capacity(count);
    for frame in frames {
        for mut field in frame.fields {
            if as_label && let Some(name) = &frame.name {
                let mut labels = field.labels.to_builder();
                labels.set(label.as_str(), name.as_str());
                field.labels = labels.build();
            }
            let values = field.values.pick(&every);
            fields.push(Field { values, ..field });
        }
    }
    vec![Frame { fields, ..Frame::default() }]
}

/// `convertFieldType`: columns as another kind.
pub(super) fn convert(mut frames: Vec<Frame>, options: &Value, _: &Context<'_>) -> Vec<Frame> {
    for conversion in json::list(options, "conversions") {
        let Some(target) = json::filled(conversion, "targetField") else { continue };
        let kind = match json::text(conversion, "destinationType").as_deref() {
            Some("time") => FieldKind::Time,
            Some("number") => FieldKind::Number,
            Some("string") => FieldKind::Text,
            Some("boolean") => FieldKind::Bool,
            _ => continue,
        };
        let all_names: Vec<Vec<String>> = frames.iter().map(|frame| names(frame, &frames)).collect();
        for (frame, names) in frames.iter_mut().zip(all_names) {
            let Some(at) = find(frame, &names, &target) else { continue };
            if let Some(field) = frame.fields.get_mut(at) {
                *field = field.retyped(Values::of_kind(kind, field.values.cells().collect()));
            }
        }
    }
    frames
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::tests::{columns, run, table};

    #[test]
    fn organize_hides_orders_and_renames() {
        let organized = run(
            vec![table("A", &[("a", 1.0)])],
            &json!([{"id": "organize", "options": {
                "excludeByName": {"Time": true}, "indexByName": {"Value #A": 0, "pod": 1}, "renameByName": {"pod": "Pod", "Value #A": ""},
            }}]),
        );
        assert_eq!(columns(&organized[0]), ["Value #A: 1", "Pod: a"]);
    }

    #[test]
    fn columns_are_filtered_by_names_and_patterns() {
        let filtered = |include: serde_json::Value| {
            let frames = run(
                vec![table("A", &[("a", 1.0)])],
                &json!([{"id": "filterFieldsByName", "options": {"include": include}}]),
            );
            frames.iter().flat_map(columns).collect::<Vec<_>>()
        };
        assert_eq!(filtered(json!({"names": ["pod"]})), ["pod: a"]);
        assert_eq!(filtered(json!({"pattern": "(pod|Value.*)"})), ["pod: a", "Value #A: 1"]);
        assert!(filtered(json!({"pattern": "Val"})).is_empty(), "the whole name must match");
    }

    #[test]
    fn names_are_rewritten_and_kinds_converted() {
        let frames = run(
            vec![table("A", &[("7", 1.0), ("x", 2.0)])],
            &json!([{"id": "renameByRegex", "options": {"regex": "Value #(.)", "renamePattern": "$1!"}},
                    {"id": "convertFieldType", "options": {"conversions": [{"targetField": "pod", "destinationType": "number"}]}}]),
        );
        assert_eq!(columns(&frames[0]), ["Time: 1 1", "pod: 7 ", "A!: 1 2"]);
    }

    #[test]
    fn queries_are_chosen_and_put_beside_each_other() {
        let frames =
            || vec![table("A", &[("a", 1.0)]), table("B", &[("b", 2.0), ("c", 3.0)]), table("C", &[])];
        let found = run(
            frames(),
            &json!([{"id": "filterByRefId", "options": {"include": "A|B"}}, {"id": "concatenate", "options": {}}]),
        );
        assert_eq!(
            columns(&found[0]),
            ["Time 1: 1 ", "pod 1: a ", "Value #A: 1 ", "Time 2: 1 1", "pod 2: b c", "Value #B: 2 3"]
        );
    }
}
