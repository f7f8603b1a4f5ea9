//! Names of a column and of a row: `${__field.labels.pod}`, `${__value.text}`, `${__data.fields.Name}`, `${__series.name}`, as data
//! links and display names of Grafana 13 use them.

use super::{Bound, Scope};
use crate::frame::{Cell, Frame};

/// A column, and a row of it where there is one.
#[derive(Clone, Copy)]
pub struct RowScope<'a> {
    /// The frame.
    pub frame: &'a Frame,
    /// Index of the column.
    pub field: usize,
    /// Index of the row.
    pub row: Option<usize>,
    /// What the column is called.
    pub name: &'a str,
    /// The value as it is shown.
    pub text: Option<&'a str>,
}

impl Scope for RowScope<'_> {
    fn find(&self, name: &str, field: Option<&str>) -> Option<Bound> {
        let own = self.frame.fields.get(self.field)?;
        let text = match (name, field) {
            ("__series", Some("name")) => self.name.to_owned(),
            ("__field", None | Some("name")) => own.name.clone(),
            ("__field", Some("displayName")) => self.name.to_owned(),
            ("__field", Some("labels")) => {
                let pairs = own.labels.iter().map(|label| format!("{}=\"{}\"", label.name, label.value));
                pairs.collect::<Vec<_>>().join(", ")
            }
            ("__field", Some(path)) => {
                let label = part(path.strip_prefix("labels")?)?;
                own.labels.get(label).map_or_else(String::new, |value| value.to_string())
            }
            ("__cell", None) => self.shown(&own.values.get(self.row?)),
            ("__value", part) => {
                let cell = own.values.get(self.row?);
                match part {
                    None | Some("text") => self.shown(&cell),
                    Some("raw") => cell.to_string(),
                    Some("numeric") => Cell::from(cell.as_number()).to_string(),
                    Some("time") => self.frame.time()?.values.get(self.row?).to_string(),
                    Some(_) => return None,
                }
            }
            ("__data", Some(path)) => self.other(path.strip_prefix("fields")?)?,
            _ => return None,
        };
        Some(Bound::text(text))
    }
}

impl RowScope<'_> {
    fn shown(&self, cell: &Cell) -> String {
        self.text.map_or_else(|| cell.to_string(), str::to_owned)
    }

    /// The value of another column of the row: `.Name`, `["Name"]`, `[2]`, each with `.text`, `.numeric` or nothing behind it.
    fn other(&self, path: &str) -> Option<String> {
        let (path, numeric) = match path.strip_suffix(".numeric") {
            Some(path) => (path, true),
            None => (path.strip_suffix(".text").unwrap_or(path), false),
        };
        let wanted = part(path)?;
        let all = std::slice::from_ref(self.frame);
        let by_name = (0..self.frame.fields.len()).find(|at| {
            self.frame.display_name(*at, all) == wanted
                || self.frame.fields.get(*at).is_some_and(|field| field.name == wanted)
        });
        let at = by_name.or_else(|| wanted.parse().ok())?;
        let cell = self.frame.fields.get(at)?.values.get(self.row?);
        Some(if numeric { Cell::from(cell.as_number()).to_string() } else { cell.to_string() })
    }
}

/// `pod` of `.pod`, `["pod"]`, `[pod]`.
fn part(path: &str) -> Option<&str> {
    if let Some(name) = path.strip_prefix('.') {
        return Some(name);
    }
    let inside = path.strip_prefix('[')?.strip_suffix(']')?;
    let quoted = |quote: char| inside.strip_prefix(quote).and_then(|inside| inside.strip_suffix(quote));
    Some(quoted('"').or_else(|| quoted('\'')).unwrap_or(inside))
}

#[cfg(test)]
mod tests {
    use crowsnest_api::Labels;

    use super::super::{Format, interpolate};
    use super::*;
    use crate::frame::{Field, Values};

    #[test]
    fn links_name_the_row_they_are_in() {
        let mut value = Field::new("Value", Values::numbers([1.5, 2.0]));
        value.labels = Labels::from_pairs([("pod", "p-1")]);
        let pods = Field::new("Pod Name", Values::texts(["a b", "c"]));
        let frame = Frame { fields: vec![pods, value], ..Frame::default() };
        let scope = RowScope { frame: &frame, field: 1, row: Some(0), name: "load", text: Some("1.5 s") };
        let write = |text: &str| interpolate(text, &scope, &Format::PercentEncode);
        assert_eq!(
            write("${__field.labels.pod} ${__field.labels[\"pod\"]} ${__series.name}"),
            "p-1 p-1 load"
        );
        assert_eq!(
            write("/d/x?var-pod=${__data.fields[\"Pod Name\"]}&v=${__value.raw}"),
            "/d/x?var-pod=a%20b&v=1.5"
        );
        assert_eq!(
            write("${__data.fields[0].text} ${__value.text} ${__data.fields.Value.numeric}"),
            "a%20b 1.5%20s 1.5"
        );
        assert_eq!(write("${__data.fields.gone} ${__value.what}"), "${__data.fields.gone} ${__value.what}");
    }
}
