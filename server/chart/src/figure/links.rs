//! Links of values: where a cell, a number or a line of a tooltip leads.

use crowsnest_dashboards::field::DataLink;
use crowsnest_dashboards::frame::Cell;
use crowsnest_dashboards::interpolate::{Bound, Format, RowScope, Scope, interpolate};
use crowsnest_dashboards::link;

use super::FigureContext;

/// The most links of a value.
const MOST: usize = 10;

/// Where a value leads. The URL has been looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CellLink {
    /// Its text.
    pub title: String,
    /// The URL.
    pub url: String,
    /// Whether it opens a page of its own.
    pub new_page: bool,
}

/// The links of the value that `row` is about.
pub(super) fn of_row(row: RowScope<'_>, context: &FigureContext<'_>) -> Vec<CellLink> {
    let links = row.frame.fields.get(row.field).map_or(&[][..], |field| &field.config.links);
    let scopes: &[&dyn Scope] = &[&row, context.variables];
    links.iter().take(MOST).filter_map(|link| filled(&Template::from(link), scopes)).collect()
}

/// The links of one of a series' samples, of those that [`of_row`] gave for the whole series: only `${__value…}` is left to be filled in.
pub(super) fn of_sample(links: &[CellLink], value: f64, text: &str, at_ms: i64) -> Vec<CellLink> {
    let sample = Sample { value, text, at_ms };
    let scopes: &[&dyn Scope] = &[&sample];
    links.iter().filter_map(|link| filled(&Template::from(link), scopes)).collect()
}

/// A link before its names are filled in.
struct Template<'a> {
    title: &'a str,
    url: &'a str,
    new_page: bool,
}

impl<'a> From<&'a DataLink> for Template<'a> {
    fn from(link: &'a DataLink) -> Self {
        Self { title: &link.title, url: &link.url, new_page: link.new_page }
    }
}

impl<'a> From<&'a CellLink> for Template<'a> {
    fn from(link: &'a CellLink) -> Self {
        Self { title: &link.title, url: &link.url, new_page: link.new_page }
    }
}

fn filled(link: &Template<'_>, scopes: &[&dyn Scope]) -> Option<CellLink> {
    let url = interpolate(link.url, scopes, &Format::PercentEncode);
    link::is_safe(&url).then(|| CellLink {
        title: interpolate(link.title, scopes, &Format::Text),
        url,
        new_page: link.new_page,
    })
}

/// The value of a sample. A label that holds `${__value}` can bring nothing but that in: what goes into a URL is encoded, and what comes out is looked at.
struct Sample<'a> {
    value: f64,
    text: &'a str,
    at_ms: i64,
}

impl Scope for Sample<'_> {
    fn find(&self, name: &str, field: Option<&str>) -> Option<Bound> {
        let text = match (name, field) {
            ("__value", None | Some("text")) => self.text.to_owned(),
            ("__value", Some("raw" | "numeric")) => Cell::Number(self.value).to_string(),
            ("__value", Some("time")) => self.at_ms.to_string(),
            _ => return None,
        };
        Some(Bound::text(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_s_links_have_its_value_and_time_and_unsafe_ones_are_gone() {
        let link =
            |url: &str| CellLink { title: "at ${__value.text}".into(), url: url.into(), new_page: false };
        let found = of_sample(
            &[link("/d/x?at=${__value.time}&v=${__value.raw}"), link("${__value.text}:alert(1)")],
            1.5,
            "javascript",
            1_000,
        );
        let [one] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!((one.url.as_str(), one.title.as_str()), ("/d/x?at=1000&v=1.5", "at javascript"));
    }
}
