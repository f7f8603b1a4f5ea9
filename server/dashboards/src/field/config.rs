//! Config of a column, and putting it on columns: defaults, then each override that is for them, in order.

use serde_json::Value;

use super::{ColorMode, Mapping, Matcher, SeriesBy, Subject, Thresholds};
use crate::frame::{FieldKind, Frame};
use crate::interpolate::{self, Format, RowScope, Scope};
use crate::json;
use crate::link;
use crate::pattern::Engine;
use crate::units::{Decimals, Unit};

/// How the values of a column are shown.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FieldConfig {
    /// A name instead of its own, after interpolation.
    pub display_name: Option<String>,
    /// The unit; `None` where none is given.
    pub unit: Option<Unit>,
    /// Digits after the point.
    pub decimals: Decimals,
    /// The least value of axes and gauges.
    pub min: Option<f64>,
    /// The greatest value of axes and gauges.
    pub max: Option<f64>,
    /// Whether least and greatest are the column's own and not all columns'.
    pub own_range: bool,
    /// What stands for nothing.
    pub no_value: Option<String>,
    /// Texts for values.
    pub mappings: Vec<Mapping>,
    /// Steps of values.
    pub thresholds: Thresholds,
    /// Where the colour comes from; `None` where it is not said.
    pub color: Option<ColorMode>,
    /// Which value of a series its colour goes by.
    pub series_by: SeriesBy,
    /// Links of values.
    pub links: Vec<DataLink>,
    /// What people read about it.
    pub description: Option<String>,
    /// Whether nulls are zero, connected or gaps: `null as zero`, `connected`, `null`.
    pub null_mode: Option<String>,
    /// Whether a table may be filtered by it.
    pub filterable: bool,
    /// Fields that depend on the kind of panel: `drawStyle`, `lineWidth`, `hideFrom`, `cellOptions` …
    pub custom: Value,
}

/// A link of a value, before interpolation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataLink {
    /// Its text.
    pub title: String,
    /// Where it leads; look at it with [`link::is_safe`] after interpolation.
    pub url: String,
    /// Whether it opens a page of its own.
    pub new_page: bool,
    /// Whether a click on the value follows it at once.
    pub one_click: bool,
}

impl FieldConfig {
    /// Reads `fieldConfig.defaults`.
    pub fn read(value: &Value) -> Self {
        let decimals = json::number(value, "decimals").map(|digits| digits.clamp(0.0, 20.0) as u8);
        Self {
            display_name: json::filled(value, "displayName"),
            unit: json::text(value, "unit").map(|id| Unit::parse(&id)),
            decimals: decimals.map_or(Decimals::Auto, Decimals::Fixed),
            min: json::number(value, "min"),
            max: json::number(value, "max"),
            own_range: json::flag(value, "fieldMinMax"),
            no_value: json::text(value, "noValue").filter(|text| !text.is_empty()),
            mappings: json::list(value, "mappings").iter().filter_map(Mapping::read).collect(),
            thresholds: Thresholds::read(json::at(value, "thresholds")),
            color: ColorMode::read(json::at(value, "color")),
            series_by: SeriesBy::read(json::at(value, "color")),
            links: json::list(value, "links").iter().filter_map(DataLink::read).collect(),
            description: json::filled(value, "description"),
            null_mode: json::filled(value, "nullValueMode"),
            filterable: json::flag(value, "filterable") || json::flag(value, "custom.filterable"),
            custom: json::at(value, "custom").clone(),
        }
    }

    /// Whether a missing sample counts as zero.
    pub fn nulls_are_zero(&self) -> bool {
        self.null_mode.as_deref() == Some("null as zero")
    }
}

impl DataLink {
    fn read(value: &Value) -> Option<Self> {
        let url = json::text(value, "url")?;
        link::is_safe(&url).then(|| Self {
            title: json::text(value, "title").unwrap_or_default(),
            new_page: json::flag(value, "targetBlank"),
            one_click: json::flag(value, "oneClick"),
            url,
        })
    }
}

/// Puts config on every column of `frames`: what `field_config` has as defaults, then its overrides in order, of which later ones
/// win. Names that are templates are filled in from `scope` and the column itself.
pub fn configure<S: Scope + ?Sized>(
    frames: &mut [Frame],
    field_config: &Value,
    scope: &S,
    engine: &dyn Engine,
) {
    let defaults = json::at(field_config, "defaults");
    let rules: Vec<(Matcher, &[Value])> = json::list(field_config, "overrides")
        .iter()
        .map(|rule| (Matcher::read(json::at(rule, "matcher"), engine), json::list(rule, "properties")))
        .collect();
    // Names as they are before: what an override renames is still found by those that come after it.
    let names: Vec<Vec<String>> = frames
        .iter()
        .map(|frame| (0..frame.fields.len()).map(|at| frame.display_name(at, frames)).collect())
        .collect();
    for (at_frame, frame_names) in names.iter().enumerate() {
        for (at, name) in frame_names.iter().enumerate() {
            let Some((frame, field)) =
                frames.get(at_frame).and_then(|frame| Some((frame, frame.fields.get(at)?)))
            else {
                continue;
            };
            let mut merged = defaults.clone();
            for (matcher, properties) in &rules {
                if matcher.matches(Subject { frame, field, name }) {
                    apply(&mut merged, properties);
                }
            }
            let mut config = FieldConfig::read(&merged);
            config.display_name = config.display_name.map(|template| {
                let row = RowScope { frame, field: at, row: None, name, text: None };
                let scopes: &[&dyn Scope] = &[&row, &Borrowed(scope)];
                interpolate::interpolate(&template, scopes, &Format::Text)
            });
            // A default for all would name times like values, and what a transformation named keeps that name; an override renames both.
            if json::filled(defaults, "displayName") == json::filled(&merged, "displayName") {
                let given = field.config.display_name.clone();
                config.display_name =
                    if field.kind == FieldKind::Time { given } else { given.or(config.display_name) };
            }
            if let Some(field) = frames.get_mut(at_frame).and_then(|frame| frame.fields.get_mut(at)) {
                field.config = config;
            }
        }
    }
}

/// Sets the properties of an override. One without a value takes the setting away.
fn apply(config: &mut Value, properties: &[Value]) {
    for property in properties {
        let Some(id) = json::filled(property, "id").filter(|id| id.len() < 200) else { continue };
        json::set(config, &id, json::at(property, "value").clone());
    }
}

/// A scope behind a reference, whatever its size.
struct Borrowed<'a, S: ?Sized>(&'a S);

impl<S: Scope + ?Sized> Scope for Borrowed<'_, S> {
    fn find(&self, name: &str, field: Option<&str>) -> Option<interpolate::Bound> {
        self.0.find(name, field)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use crowsnest_api::Labels;
    use serde_json::json;

    use super::*;
    use crate::frame::{Field, Values};
    use crate::interpolate::Bound;
    use crate::pattern::Fancy;

    fn frame(ref_id: &str, legend: &str, values: &[f64]) -> Frame {
        let mut value = Field::new("Value", Values::numbers(values.iter().copied()));
        value.legend = Some(legend.to_owned());
        value.labels = Labels::from_pairs([("node", "n1")]);
        let time = Field::new("Time", Values::Times(vec![Some(1); values.len()]));
        Frame { ref_id: ref_id.to_owned(), name: None, fields: vec![time, value] }
    }

    fn units(overrides: &Value) -> Vec<String> {
        let mut frames = [frame("A", "rx", &[1.0]), frame("B", "tx", &[0.0])];
        let config = json!({"defaults": {"unit": "s"}, "overrides": overrides});
        configure(&mut frames, &config, &BTreeMap::new(), &Fancy);
        frames.iter().map(|frame| frame.fields[1].config.unit.as_ref().unwrap().id()).collect()
    }

    #[test]
    fn each_matcher_finds_its_columns_and_later_overrides_win() {
        let rule = |id: &str, options: Value, unit: &str| json!({"matcher": {"id": id, "options": options}, "properties": [{"id": "unit", "value": unit}]});
        for (id, options, expected) in [
            ("byName", json!("rx"), ["bytes", "s"]),
            ("byRegexp", json!("/^t/"), ["s", "bytes"]),
            ("byRegexp", json!("t"), ["s", "s"]),
            ("byFrameRefID", json!("B"), ["s", "bytes"]),
            ("byType", json!("number"), ["bytes", "bytes"]),
            ("byNames", json!({"mode": "exclude", "names": ["rx"]}), ["s", "bytes"]),
            ("byValue", json!({"reducer": "max", "op": "gt", "value": 0}), ["bytes", "s"]),
            ("byValue", json!({"reducer": "allIsZero", "op": "gte", "value": 0}), ["s", "bytes"]),
            ("fromTheFuture", json!(1), ["s", "s"]),
        ] {
            assert_eq!(units(&json!([rule(id, options, "bytes")])), expected, "{id}");
        }
        assert_eq!(
            units(&json!([rule("byName", json!("rx"), "bytes"), rule("byFrameRefID", json!("A"), "ms")])),
            ["ms", "s"]
        );
    }

    #[test]
    fn names_are_templates_and_found_by_their_old_name() {
        let mut frames = [frame("A", "rx", &[1.0])];
        let config = json!({"defaults": {"displayName": "${__field.labels.node} $x ${__field.name}"}, "overrides": [
            {"matcher": {"id": "byName", "options": "rx"}, "properties": [{"id": "custom.lineStyle", "value": {"fill": "dash"}}]},
        ]});
        configure(&mut frames, &config, &BTreeMap::from([("x".to_owned(), Bound::text("X"))]), &Fancy);
        assert_eq!(frames[0].display_name(1, &frames), "n1 X Value");
        assert_eq!(frames[0].display_name(0, &frames), "Time");
        assert_eq!(frames[0].fields[1].config.custom["lineStyle"]["fill"], "dash");
    }
}
