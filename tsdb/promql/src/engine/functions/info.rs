//! `info`: adds to series the labels of the info series of the same target.

use std::collections::{BTreeMap, HashMap};

use crowsnest_api::{INSTANCE, JOB, Labels, METRIC_NAME, Timestamp};

use crate::ast::{Call, ExprKind, Modifiers};
use crate::engine::column::{Column, Columns, Computed};
use crate::engine::evaluator::Evaluator;
use crate::engine::grid::Grid;
use crate::engine::select::Starts;
use crate::engine::{QueryError, SampleValue};
use crate::{MatchOp, Matcher};

/// The labels by which info series belong to others.
const IDENTIFYING: [&str; 2] = [INSTANCE, JOB];

/// The info metric that counts when none is named.
const DEFAULT_METRIC: &str = "target_info";

/// `info(v, {labels})`
pub(crate) fn info(evaluator: &mut Evaluator<'_>, call: &Call, grid: &Grid) -> Result<Computed, QueryError> {
    let arg = evaluator.arg(call, 0)?;
    let base = evaluator.vector(arg, grid)?;
    let wanted = Wanted::new(evaluator, call)?;
    // Info series are read at the times at which the series themselves are.
    let mut modifiers = None;
    arg.walk(&mut |expr| {
        if let (ExprKind::Selector(selector), None) = (&expr.kind, modifiers) {
            modifiers = Some(&selector.modifiers);
        }
    });
    let times = evaluator.shifted(modifiers.unwrap_or(&Modifiers::default()), grid)?;
    // Histograms stay what they are, to be refused when they would be used.
    let taken = |_: &Starts, timestamp: Timestamp, value| match value {
        SampleValue::Float(_) => SampleValue::Float(timestamp.millis() as f64),
        histogram => histogram,
    };
    let ages = evaluator.newest(&wanted.all, &times, None, taken)?;
    let infos = InfoSeries::new(&ages);
    let mut columns = Columns::new(grid.len());
    for column in base {
        evaluator.check()?;
        enrich(&column, &wanted, &infos, &mut columns)?;
    }
    Ok(Computed::Vector(columns.finish()))
}

/// Which info series are wanted, and which of their labels.
struct Wanted {
    names: Vec<Matcher>,
    /// Labels to copy; without any, all.
    labels: Vec<String>,
    /// A label must be there: series without info series go.
    required: bool,
    all: Vec<Matcher>,
}

impl Wanted {
    fn new(evaluator: &Evaluator<'_>, call: &Call) -> Result<Self, QueryError> {
        let listed = match call.args.get(1).map(|arg| &arg.kind) {
            Some(ExprKind::Selector(selector)) => evaluator.matchers_of(selector),
            _ => Default::default(),
        };
        let (mut names, data): (Vec<Matcher>, Vec<Matcher>) =
            listed.iter().cloned().partition(|matcher| matcher.name() == METRIC_NAME);
        let positive = |matcher: &Matcher| matches!(matcher.op(), MatchOp::Equal | MatchOp::Regex);
        if names.is_empty() {
            names.push(Matcher::equal(METRIC_NAME, DEFAULT_METRIC));
        } else if !names.iter().any(positive) {
            // Everything but some metrics still means info metrics only.
            let info = Matcher::new(METRIC_NAME, MatchOp::Regex, ".+_info");
            names.push(info.map_err(|error| QueryError::execution(error.to_string()))?);
        }
        let labels = data.iter().map(|matcher| matcher.name().to_owned()).collect();
        let required = data.iter().any(|matcher| !matcher.matches_value(""));
        let all = names.iter().cloned().chain(data).collect();
        Ok(Self { names, labels, required, all })
    }

    fn copies(&self, label: &str) -> bool {
        let identifies = label == METRIC_NAME || IDENTIFYING.contains(&label);
        !identifies && (self.labels.is_empty() || self.labels.iter().any(|wanted| wanted == label))
    }
}

/// Info series by target; the values of their columns are the timestamps of their samples.
struct InfoSeries<'a> {
    by_target: HashMap<Labels, Vec<&'a Column>>,
}

impl<'a> InfoSeries<'a> {
    fn new(ages: &'a [Column]) -> Self {
        let mut by_target: HashMap<Labels, Vec<&Column>> = HashMap::new();
        for column in ages {
            by_target.entry(target(&column.labels)).or_default().push(column);
        }
        Self { by_target }
    }

    /// The info series of a target at a step, one of each metric: that with the newest sample.
    fn at(&self, target: &Labels, step: usize) -> Result<Vec<&'a Column>, QueryError> {
        let mut newest: BTreeMap<&str, (&Column, f64)> = BTreeMap::new();
        for &column in self.by_target.get(target).map(Vec::as_slice).unwrap_or_default() {
            let time = match column.at(step) {
                None => continue,
                Some(SampleValue::Float(time)) => *time,
                Some(SampleValue::Histogram(_)) => {
                    return Err(QueryError::execution(format!(
                        "{} is not an info metric: its samples are native histograms",
                        column.labels
                    )));
                }
            };
            match newest.get(column.labels.metric_name()) {
                Some((known, known_time)) if *known_time == time => {
                    return Err(QueryError::execution(format!(
                        "found duplicate series for info metric: existing {} @ {known_time}, new {} @ {time}",
                        known.labels, column.labels
                    )));
                }
                Some((_, known_time)) if *known_time > time => {}
                _ => {
                    newest.insert(column.labels.metric_name(), (column, time));
                }
            }
        }
        Ok(newest.into_values().map(|(column, _)| column).collect())
    }
}

/// The labels that identify a target.
fn target(labels: &Labels) -> Labels {
    let mut builder = labels.to_builder();
    builder.retain(|label| IDENTIFYING.contains(&label.name.as_str()));
    builder.build()
}

/// Adds a series with, at each step, the labels of its info series.
fn enrich(
    column: &Column,
    wanted: &Wanted,
    infos: &InfoSeries<'_>,
    columns: &mut Columns,
) -> Result<(), QueryError> {
    let name = column.labels.metric_name();
    let is_info = wanted.names.iter().all(|matcher| matcher.matches_value(name));
    let target = target(&column.labels);
    for (step, value) in column.values.iter().enumerate() {
        let Some(value) = value else { continue };
        let found = if is_info || target.is_empty() { Vec::new() } else { infos.at(&target, step)? };
        if found.is_empty() && wanted.required && !is_info {
            continue;
        }
        let labels = with_labels_of(&column.labels, &found, wanted)?;
        let index = columns.index(labels, column.drop_name);
        columns.set(index, step, value.clone())?;
    }
    Ok(())
}

/// The labels of a series with those of its info series that it does not have itself.
fn with_labels_of(labels: &Labels, infos: &[&Column], wanted: &Wanted) -> Result<Labels, QueryError> {
    let mut added: BTreeMap<&str, &str> = BTreeMap::new();
    for info in infos {
        let new = |name: &str| wanted.copies(name) && labels.get(name).is_none();
        for label in info.labels.iter().filter(|label| new(&label.name)) {
            match added.insert(&label.name, &label.value) {
                Some(other) if other != label.value => {
                    return Err(QueryError::execution(format!("conflicting label: {}", label.name)));
                }
                _ => {}
            }
        }
    }
    let mut builder = labels.to_builder();
    for (name, value) in added {
        builder.set(name, value);
    }
    Ok(builder.build())
}
