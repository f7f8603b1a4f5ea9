//! Runs the commands of a file.

use std::time::Duration;

use crowsnest_api::{Labels, Sample, Timestamp};

use super::script::{At, CommandKind, Eval, Load, When, commands};
use super::values::Item;
use super::variants::fixed_at;
use super::{Outcome, ScriptError, Verdict, check, nhcb};
use crate::engine::VectorElement;
use crate::{
    Control, EngineOptions, Expr, Features, FloatHistogram, MemoryStore, QueryError, QueryResult, Queryable,
    RangeParams, SampleValue, Value, ask_both, parse,
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
    run_on(script, |memory| Box::new(memory.clone()))
}

/// The same on another store: `store` makes one that holds what has been loaded.
///
/// # Errors
/// As [`run`].
pub fn run_on(
    script: &str,
    store: impl Fn(&MemoryStore) -> Box<dyn Queryable>,
) -> Result<Vec<Outcome>, ScriptError> {
    let commands = commands(script)?;
    let features =
        Features { experimental_functions: true, extended_ranges: true, delayed_name_removal: true };
    let options = EngineOptions { features, ..EngineOptions::default() };
    let mut memory = MemoryStore::default();
    let mut loaded = None;
    let mut outcomes = Vec::new();
    for command in commands {
        match command.kind {
            CommandKind::Clear => {
                memory = MemoryStore::default();
                loaded = None;
            }
            CommandKind::Load(load) => {
                fill(&mut memory, &load).map_err(|message| ScriptError::new(command.line, message))?;
                loaded = None;
            }
            CommandKind::Eval(eval) => {
                let store = &**loaded.get_or_insert_with(|| store(&memory));
                let verdict = Run { options, store, eval: &eval }.verdict();
                outcomes.push(Outcome { line: command.line, query: eval.query, verdict });
            }
        }
    }
    Ok(outcomes)
}

/// Adds the series of a load.
fn fill(store: &mut MemoryStore, load: &Load) -> Result<(), String> {
    let time = |step: usize| load.step.saturating_mul(i64::try_from(step).unwrap_or(i64::MAX));
    let old = |labels: &Labels, time| format!("{labels} already has a sample at {time} ms or later");
    for series in &load.series {
        for (step, item) in series.items.iter().enumerate() {
            let time = time(step);
            let appended = match item {
                Item::Omitted => continue,
                Item::Float(value) => store.append(&series.labels, Sample::new(time, *value)),
                Item::Histogram(literal) => {
                    let histogram = FloatHistogram::clone(&literal.histogram);
                    store.append_histogram(&series.labels, Timestamp::from_millis(time), histogram)
                }
            };
            if !appended {
                return Err(old(&series.labels, time));
            }
            if let Some(Some(start)) = series.starts.get(step) {
                store.set_start(&series.labels, Timestamp::from_millis(time.saturating_add(*start)));
            }
        }
    }
    if load.with_custom_buckets {
        for (labels, step, histogram) in nhcb::derive(load)? {
            if !store.append_histogram(&labels, Timestamp::from_millis(time(step)), histogram) {
                return Err(old(&labels, time(step)));
            }
        }
    }
    Ok(())
}

struct Run<'a> {
    options: EngineOptions,
    store: &'a dyn Queryable,
    eval: &'a Eval,
}

impl Run<'_> {
    fn verdict(&self) -> Verdict {
        match self.all_variants() {
            Err(why) => Verdict::Failed(why),
            Ok(()) => Verdict::Passed,
        }
    }

    fn all_variants(&self) -> Result<(), String> {
        let Eval { query, expr, when, .. } = self.eval;
        let at = match *when {
            When::Range { start, end, step } => {
                let step = Duration::from_millis(u64::try_from(step).unwrap_or(0));
                return self.compare(query, self.range(expr, start, end, step)?);
            }
            When::Instant(at) => at,
        };
        self.instant(query, expr, at)?;
        let Some(fixed) = fixed_at(expr, at) else { return Ok(()) };
        let text = fixed.to_string();
        let fixed = parse(&text).map_err(|error| format!("printed as {text}: {error}"))?;
        let times = if at == 0 { vec![-1000, 0, 1000] } else { vec![-10 * at, 0, at / 5, at, 10 * at] };
        for other in times {
            self.instant(&text, &fixed, other).map_err(|why| format!("{text} at {other} ms: {why}"))?;
        }
        Ok(())
    }

    /// Runs an instant query, and the range query around it.
    fn instant(&self, text: &str, expr: &Expr, at: i64) -> Result<(), String> {
        let expect = &self.eval.expect;
        let (time, control) = (Timestamp::from_millis(at), Control::unlimited());
        let result = ask_both(self.options, |engine| engine.instant(self.store, expr, time, &control))?;
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
        let step = Duration::from_millis(AROUND.unsigned_abs());
        let result = self.range(expr, at - AROUND, at + AROUND, step)?.map_err(|error| failed(&error))?;
        let Value::Matrix(series) = result.value else {
            return Err("a range query gave no matrix".to_owned());
        };
        check::sorted(&series)?;
        if expect.ordered {
            return Ok(());
        }
        let elements = series.into_iter().filter_map(|series| {
            let timestamp = Timestamp::from_millis(at);
            let float = series.samples.into_iter().find(|sample| sample.timestamp == timestamp);
            let value = match float {
                Some(sample) => SampleValue::Float(sample.value),
                None => {
                    let mut histograms = series.histograms.into_iter();
                    SampleValue::Histogram(histograms.find(|(time, _)| *time == timestamp)?.1)
                }
            };
            Some(VectorElement { labels: series.labels, timestamp, value })
        });
        let mut elements: Vec<VectorElement> = elements.collect();
        let value = match (&expect.scalar, elements.pop()) {
            (Some(_), Some(VectorElement { value: SampleValue::Float(value), .. }))
                if elements.is_empty() =>
            {
                Value::Scalar(Sample::new(at, value))
            }
            (_, last) => {
                elements.extend(last);
                Value::Vector(elements)
            }
        };
        check::value(expect, self.eval.when, &value).map_err(|why| format!("as a range query: {why}"))
    }

    /// Runs a range query through both evaluators, which must agree.
    fn range(
        &self,
        expr: &Expr,
        start: i64,
        end: i64,
        step: Duration,
    ) -> Result<Result<QueryResult, QueryError>, String> {
        let control = Control::unlimited();
        ask_both(self.options, |engine| {
            let (start, end) = (Timestamp::from_millis(start), Timestamp::from_millis(end));
            engine.range(self.store, expr, RangeParams::new(start, end, step)?, &control)
        })
    }

    fn compare(&self, text: &str, result: Result<QueryResult, QueryError>) -> Result<(), String> {
        let expect = &self.eval.expect;
        match (result, &expect.fail) {
            (Err(error), Some(At { what, .. })) if what.accepts(&error.to_string()) => Ok(()),
            (Err(error), Some(At { line, .. })) => {
                Err(format!("failed otherwise than line {line} expects: {error}"))
            }
            (Err(error), None) => Err(failed(&error)),
            (Ok(_), Some(At { line, .. })) => Err(format!("line {line} expects an error, got an answer")),
            (Ok(result), None) => check::value(expect, self.eval.when, &result.value)
                .and_then(|()| check::annotations(expect, &result, text)),
        }
    }
}

fn failed(error: &QueryError) -> String {
    format!("failed: {error}")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs a file with one eval, in its ninth line, and checks what is told of it.
    #[track_caller]
    fn check(eval: &str, told: &[&str]) {
        let load = "load 1m\n  a{x=\"1\"} 1 2 3 4 5\n  b{x=\"1\",y=\"1\"} 1 1 1 1 1\n  b{x=\"1\",y=\"2\"} _ _ _ _ 1\n\n\n\n\n";
        let outcomes = run(&format!("{load}{eval}")).unwrap();
        let [outcome] = outcomes.as_slice() else { panic!("{outcomes:?}") };
        assert_eq!(outcome.line, 9);
        match &outcome.verdict {
            Verdict::Failed(why) => assert!(told.iter().all(|part| why.contains(part)), "{why}"),
            verdict => assert!(told.is_empty(), "{verdict:?}"),
        }
    }

    #[test]
    fn what_differs_is_told_with_the_line_that_expects_it() {
        check("eval instant at 2m a\n  a{x=\"1\"} 3", &[]);
        check("eval instant at 2m a\n  a{x=\"1\"} 4", &["line 10 expects a{x=\"1\"} 4, got 3"]);
        check("eval instant at 2m a\n  a{x=\"2\"} 3", &["line 10 expects a{x=\"2\"}, got a{x=\"1\"} 3"]);
        check("eval instant at 2m a\n  expect fail", &["line 10 expects an error"]);
        check(
            "eval instant at 2m rate(a[2m])\n  expect no_info\n  {x=\"1\"} 0.0166666667",
            &["line 10 expects no info"],
        );
        check("eval range from 0 to 1m step 1m a\n  a{x=\"1\"} 1 2 _", &["line 10 has 3 values"]);
        check("eval range from 0 to 1m step 1m b{y=\"2\"}\n  b{y=\"2\"} _ _", &["got no such series"]);
        check("eval instant at 2m \"a\"\n  expect string \"b\"", &["line 10 expects \"b\", got \"a\""]);
    }

    #[test]
    fn every_annotation_must_be_expected_and_every_expectation_met() {
        let query = "eval instant at 2m rate(a[2m]) + on (x) irate(b{y=\"1\"}[2m]) + on (x) rate(b{y=\"1\"}[2m])\n  {x=\"1\"} 0.0166666667\n";
        let hint = |name: &str| format!("  expect info regex: might not be a counter.*\"{name}\"\n");
        check(&format!("{query}{}{}", hint("a"), hint("b")), &[]);
        check(&format!("{query}{}", hint("a")), &["unexpected info", "\"b\""]);
        check(&format!("{query}{}{}{}", hint("a"), hint("b"), hint("c")), &["line 13 expects another info"]);
    }

    #[test]
    fn what_fails_only_as_a_range_query_is_told() {
        let query = "a + on (x) b\n  {x=\"1\"} 4";
        check(&format!("eval instant at 2m {query}"), &[]);
        // Another series comes a minute later, and with it two partners.
        check("eval instant at 3m a + on (x) b\n  {x=\"1\"} 5", &["found duplicate series"]);
    }

    #[test]
    fn what_differs_only_with_its_time_fixed_is_told() {
        // A place that `@` moves to the right is right in the query as it is written only.
        let warning = "PromQL warning: quantile value should be between 0 and 1, got 2";
        let query = "eval instant at 2m a + quantile(2, a)";
        check(
            &format!("{query}\n  expect warn msg: {warning} (1:14)"),
            &["a @ 120.000", "line 10 expects another"],
        );
        check(&format!("{query}\n  expect warn msg: {warning} (1:15)"), &["line 10 expects another warning"]);
    }
}
