//! What a column is called where people see it: the rules of Grafana 13's display names.

use std::collections::BTreeSet;

use super::{FieldKind, Frame};

/// The name that its config gives, its legend, its labels, or its own name, made unique in its frame.
pub(super) fn display_name(frame: &Frame, at: usize, all: &[Frame]) -> String {
    let Some(field) = frame.fields.get(at) else { return String::new() };
    if let Some(name) = field.config.display_name.as_ref().filter(|name| !name.is_empty()) {
        return name.clone();
    }
    if let Some(legend) = field.legend.as_ref().filter(|legend| !legend.is_empty()) {
        return legend.clone();
    }
    if field.kind != FieldKind::Time && !field.labels.is_empty() {
        let pairs = || {
            let pairs = field.labels.iter().filter(|label| label.name != "__name__");
            pairs.map(|label| format!("{}=\"{}\"", label.name, label.value)).collect::<Vec<_>>().join(", ")
        };
        let is_value = field.name == "Value";
        if let Some(name) = single_label(all).filter(|_| is_value)
            && let Some(value) = field.labels.get(&name)
        {
            return value.to_string();
        }
        let name = if is_value { field.labels.metric_name() } else { field.name.as_str() };
        return format!("{name}{{{}}}", pairs());
    }
    // One that is alone in its frame and without a name of its own goes by the frame's.
    if let Some(name) = &frame.name
        && field.name == "Value"
    {
        return name.clone();
    }
    unique(frame, at)
}

/// The one label that all series of all frames have, if there is just one.
fn single_label(all: &[Frame]) -> Option<String> {
    let fields = all.iter().flat_map(|frame| frame.fields.iter());
    let names: BTreeSet<&str> =
        fields.flat_map(|field| field.labels.iter()).map(|label| label.name.as_str()).collect();
    let mut names = names.into_iter();
    let first = names.next()?;
    names.next().is_none().then(|| first.to_owned())
}

/// The column's own name; columns that share one are numbered from 1.
fn unique(frame: &Frame, at: usize) -> String {
    let Some(field) = frame.fields.get(at) else { return String::new() };
    let same = |other: &&super::Field| other.name == field.name;
    if frame.fields.iter().filter(same).count() < 2 {
        return field.name.clone();
    }
    let before = frame.fields.iter().take(at).filter(same).count();
    format!("{} {}", field.name, before + 1)
}

#[cfg(test)]
mod tests {
    use super::super::{Field, Values};
    use super::*;

    #[test]
    fn columns_that_share_a_name_are_numbered() {
        let field = |name: &str| Field::new(name, Values::numbers([1.0]));
        let frame = Frame {
            fields: vec![field("pod"), field("Time"), field("Value #A"), field("Time")],
            ..Frame::default()
        };
        let names: Vec<_> = (0..4).map(|at| frame.display_name(at, std::slice::from_ref(&frame))).collect();
        assert_eq!(names, ["pod", "Time 1", "Value #A", "Time 2"]);
    }
}
