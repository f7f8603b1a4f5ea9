//! Runs the commands of a file.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crowsnest_api::{Labels, LabelsBuilder, METRIC_NAME, Sample, Timestamp};
use smol_str::SmolStr;

use super::script::{CommandKind, Eval, Load, When, commands};
use super::values::Item;
use super::variants::fixed_at;
use super::{Outcome, ScriptError, Verdict, check};
use crate::engine::VectorElement;
use crate::{
    Control, Engine, EngineOptions, Expr, Features, MemoryStore, QueryError, QueryResult, Queryable,
    RangeParams, Scope, Selection, SeriesSet, StorageError, Value, parse,
};

/// The distance from an instant query's time to the ends of the range query that repeats it.
const AROUND: i64 = 60_000;

/// Runs a file and tells what came of each `eval`, in order.
///
/// Features are on as in Prometheus's own tests: experimental functions and delayed name removal.
///
/// # Errors
/// When the file cannot be read as promqltest; then nothing is run.
pub fn run(script: &str) -> Result<Vec<Outcome>, ScriptError> {
    let commands = commands(script)?;
    let features =
        Features { experimental_functions: true, extended_ranges: true, delayed_name_removal: true };
    let engine = Engine::new(EngineOptions { features, ..EngineOptions::default() });
    let mut store = WatchedStore::default();
    let mut outcomes = Vec::new();
    for command in commands {
        match command.kind {
            CommandKind::Clear => store = WatchedStore::default(),
            CommandKind::Load(load) => {
                store.load(&load).map_err(|message| ScriptError::new(command.line, message))?;
            }
            CommandKind::Eval(eval) => {
                let verdict = Run { engine: &engine, store: &store, eval: &eval }.verdict();
                outcomes.push(Outcome { line: command.line, query: eval.query, verdict });
            }
        }
    }
    Ok(outcomes)
}

/// A store that notices when a query touches series whose samples it could not keep.
#[derive(Default)]
struct WatchedStore {
    samples: MemoryStore,
    incomplete: BTreeSet<Labels>,
    touched: AtomicBool,
}

impl WatchedStore {
    fn load(&mut self, load: &Load) -> Result<(), String> {
        for series in &load.series {
            if series.has_start_timestamps || series.items.contains(&Item::Histogram) {
                self.incomplete.insert(series.labels.clone());
            }
            if load.with_custom_buckets {
                self.incomplete.extend(native_counterpart(&series.labels));
            }
            for (i, item) in series.items.iter().enumerate() {
                let Item::Float(value) = item else { continue };
                let time = load.step.saturating_mul(i64::try_from(i).unwrap_or(i64::MAX));
                if !self.samples.append(&series.labels, Sample::new(time, *value)) {
                    return Err(format!("{} already has a sample at {time} ms or later", series.labels));
                }
            }
        }
        Ok(())
    }
}

/// The native histogram that `load_with_nhcb` would derive from a series of a classic one.
fn native_counterpart(labels: &Labels) -> Option<Labels> {
    let name = labels.metric_name();
    let base = ["_bucket", "_count", "_sum"].iter().find_map(|suffix| name.strip_suffix(suffix))?;
    let mut native: LabelsBuilder = labels.to_builder();
    native.set(METRIC_NAME, base).remove("le");
    Some(native.build())
}

impl Queryable for WatchedStore {
    fn select<'a>(&'a self, selection: &Selection<'_>) -> Result<SeriesSet<'a>, StorageError> {
        let touches = |labels: &Labels| selection.matchers.iter().all(|matcher| matcher.matches(labels));
        if self.incomplete.iter().any(touches) {
            self.touched.store(true, Ordering::Relaxed);
        }
        self.samples.select(selection)
    }

    fn series(&self, scope: &Scope<'_>) -> Result<Vec<Labels>, StorageError> {
        self.samples.series(scope)
    }

    fn label_names(&self, scope: &Scope<'_>) -> Result<Vec<SmolStr>, StorageError> {
        self.samples.label_names(scope)
    }

    fn label_values(&self, name: &str, scope: &Scope<'_>) -> Result<Vec<SmolStr>, StorageError> {
        self.samples.label_values(name, scope)
    }
}

struct Run<'a> {
    engine: &'a Engine,
    store: &'a WatchedStore,
    eval: &'a Eval,
}

/// Why a variant did not do.
enum Fault {
    Differs(String),
    Unsupported(String),
}

impl Run<'_> {
    fn verdict(&self) -> Verdict {
        self.store.touched.store(false, Ordering::Relaxed);
        let expects_histograms =
            self.eval.expect.series.iter().any(|(_, items)| items.contains(&Item::Histogram));
        let result = self.all_variants();
        match result {
            Err(Fault::Unsupported(what)) => Verdict::Unsupported(what),
            _ if expects_histograms || self.store.touched.load(Ordering::Relaxed) => {
                Verdict::Unsupported("native histograms and start timestamps".to_owned())
            }
            Err(Fault::Differs(why)) => Verdict::Failed(why),
            Ok(()) => Verdict::Passed,
        }
    }

    fn all_variants(&self) -> Result<(), Fault> {
        let Eval { query, expr, when, .. } = self.eval;
        let at = match *when {
            When::Range { start, end, step } => {
                let step = Duration::from_millis(u64::try_from(step).unwrap_or(0));
                let result =
                    RangeParams::new(Timestamp::from_millis(start), Timestamp::from_millis(end), step)
                        .and_then(|params| {
                            self.engine.range(self.store, expr, params, &Control::unlimited())
                        });
                return self.compare(query, result);
            }
            When::Instant(at) => at,
        };
        self.instant(query, expr, at)?;
        let Some(fixed) = fixed_at(expr, at) else { return Ok(()) };
        let text = fixed.to_string();
        let fixed = parse(&text).map_err(|error| Fault::Differs(format!("printed as {text}: {error}")))?;
        let times = if at == 0 { vec![-1000, 0, 1000] } else { vec![-10 * at, 0, at / 5, at, 10 * at] };
        for other in times {
            self.instant(&text, &fixed, other).map_err(|fault| match fault {
                Fault::Differs(why) => Fault::Differs(format!("{text} at {other} ms: {why}")),
                unsupported => unsupported,
            })?;
        }
        Ok(())
    }

    /// Runs an instant query, and the range query around it.
    fn instant(&self, text: &str, expr: &Expr, at: i64) -> Result<(), Fault> {
        let expect = &self.eval.expect;
        let result = self.engine.instant(self.store, expr, Timestamp::from_millis(at), &Control::unlimited());
        self.compare(text, result)?;
        let depends_on_range =
            ["start()", "end()", "range()", "step()"].iter().any(|word| text.contains(word));
        if expect.fail.is_some()
            || expect.range_vector.is_some()
            || expect.string.is_some()
            || depends_on_range
        {
            return Ok(());
        }
        let (start, end) = (Timestamp::from_millis(at - AROUND), Timestamp::from_millis(at + AROUND));
        let step = Duration::from_millis(AROUND.unsigned_abs());
        let result = RangeParams::new(start, end, step)
            .and_then(|params| self.engine.range(self.store, expr, params, &Control::unlimited()))
            .map_err(|error| self.fault(&error))?;
        let Value::Matrix(series) = result.value else {
            return Err(Fault::Differs("a range query gave no matrix".to_owned()));
        };
        check::sorted(&series).map_err(Fault::Differs)?;
        if expect.ordered {
            return Ok(());
        }
        let elements = series.into_iter().filter_map(|series| {
            let sample = series.samples.into_iter().find(|sample| sample.timestamp.millis() == at)?;
            Some(VectorElement { labels: series.labels, sample })
        });
        let mut elements: Vec<VectorElement> = elements.collect();
        let value = match (expect.scalar, elements.pop()) {
            (Some(_), Some(only)) if elements.is_empty() => Value::Scalar(only.sample),
            (_, last) => {
                elements.extend(last);
                Value::Vector(elements)
            }
        };
        check::value(expect, self.eval.when, &value)
            .map_err(|why| Fault::Differs(format!("as a range query: {why}")))
    }

    fn compare(&self, text: &str, result: Result<QueryResult, QueryError>) -> Result<(), Fault> {
        let expect = &self.eval.expect;
        match (result, &expect.fail) {
            (Err(error @ QueryError::Unsupported(_)), _) => Err(self.fault(&error)),
            (Err(error), Some(wanted)) if wanted.accepts(&error.to_string()) => Ok(()),
            (Err(error), _) => Err(self.fault(&error)),
            (Ok(_), Some(_)) => Err(Fault::Differs("expected an error, got an answer".to_owned())),
            (Ok(result), None) => check::value(expect, self.eval.when, &result.value)
                .and_then(|()| check::annotations(expect, &result, text))
                .map_err(Fault::Differs),
        }
    }

    fn fault(&self, error: &QueryError) -> Fault {
        match error {
            QueryError::Unsupported(_) => Fault::Unsupported(error.to_string()),
            _ => Fault::Differs(format!("failed: {error}")),
        }
    }
}
