//! The two value axes of a panel: which series goes by which, and what their columns say about them.

use crowsnest_dashboards::frame::Field;
use crowsnest_dashboards::{Unit, json};

use crate::scale::ScaleKind;
use crate::spec::{AxisSpec, Bounds};
use crate::style::Side;

/// What the columns of one side say about its axis.
#[derive(Clone, Debug, Default)]
pub(super) struct AxisOptions {
    pub(super) unit: Option<Unit>,
    pub(super) bounds: Bounds,
    soft: Bounds,
    scale: ScaleKind,
    hidden: bool,
    title: String,
}

/// The side of each column: the one that it asks for, or the left for the unit of the first and the right for other units.
pub(super) fn sides(fields: &[&Field]) -> Vec<Side> {
    let placement = |field: &Field| json::text(&field.config.custom, "axisPlacement").unwrap_or_default();
    let first = fields.iter().find(|field| !matches!(placement(field).as_str(), "right"));
    let unit = first.map(|field| field.config.unit.clone());
    let side = |field: &&Field| match placement(field).as_str() {
        "left" => Side::Left,
        "right" => Side::Right,
        _ if unit.as_ref().is_none_or(|unit| *unit == field.config.unit) => Side::Left,
        _ => Side::Right,
    };
    fields.iter().map(side).collect()
}

impl AxisOptions {
    pub(super) fn read(fields: &[&Field], sides: &[Side], side: Side) -> Self {
        let own: Vec<&&Field> =
            fields.iter().zip(sides).filter(|(_, of)| **of == side).map(|(field, _)| field).collect();
        let Some(first) = own.first() else { return Self::default() };
        let number = |key: &str| own.iter().find_map(|field| json::number(&field.config.custom, key));
        let text = |key: &str| own.iter().find_map(|field| json::filled(&field.config.custom, key));
        let lowest = own.iter().filter_map(|field| field.config.min).reduce(f64::min);
        let highest = own.iter().filter_map(|field| field.config.max).reduce(f64::max);
        Self {
            unit: first.config.unit.clone(),
            // A fixed end counts for all only when all have it.
            bounds: Bounds {
                min: lowest.filter(|_| own.iter().all(|field| field.config.min.is_some())),
                max: highest.filter(|_| own.iter().all(|field| field.config.max.is_some())),
            },
            soft: Bounds {
                min: number("axisSoftMin").into_iter().chain(lowest).reduce(f64::min),
                max: number("axisSoftMax").into_iter().chain(highest).reduce(f64::max),
            },
            scale: scale(first),
            hidden: own
                .iter()
                .all(|field| json::text(&field.config.custom, "axisPlacement").as_deref() == Some("hidden")),
            title: text("axisLabel").unwrap_or_default(),
        }
    }

    pub(super) fn spec(&self) -> AxisSpec<'_> {
        AxisSpec {
            unit: self.unit.as_ref(),
            soft: self.soft,
            bounds: self.bounds,
            scale: self.scale,
            hidden: self.hidden,
            title: &self.title,
        }
    }
}

fn scale(field: &Field) -> ScaleKind {
    let options = json::at(&field.config.custom, "scaleDistribution");
    let base = json::number(options, "log").filter(|base| *base > 1.0).unwrap_or(10.0);
    match json::text(options, "type").as_deref() {
        Some("log") => ScaleKind::Log(base),
        Some("symlog") => {
            let even = json::number(options, "linearThreshold").filter(|even| *even > 0.0).unwrap_or(1.0);
            ScaleKind::SymLog(even)
        }
        _ => ScaleKind::Linear,
    }
}
