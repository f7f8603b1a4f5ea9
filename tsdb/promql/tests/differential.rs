//! Random queries over random data, asked of this engine and of Debian's `prometheus` 2.42.
//!
//! The data and the times are made such that versions 2 and 3 of Prometheus mean the same, with the exceptions that
//! `known` lists. Every question follows from its number alone; `make bench-promql-diff` asks the committed range of them.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail at any line"
)]

#[path = "differential/answer.rs"]
mod answer;
#[path = "differential/compliance.rs"]
mod compliance;
#[path = "differential/data.rs"]
mod data;
#[path = "differential/evaluators.rs"]
mod evaluators;
#[path = "differential/generator.rs"]
mod generator;
#[path = "differential/known.rs"]
mod known;
#[path = "differential/peer.rs"]
mod peer;
#[path = "differential/random.rs"]
mod random;

use std::io::Write as _;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;

use answer::{Answer, difference};
use crowsnest_api::Timestamp;
use crowsnest_promql::ast::ExprKind;
use crowsnest_promql::{
    AggregateOp, Control, Engine, Expr, MemoryStore, QueryError, QueryResult, RangeParams, ValueType, parse,
    pretty,
};
use data::Data;
use generator::{Question, When};
use known::Case;
use peer::Peer;
use random::Random;

/// Questions about one set of data.
const BATCH: u64 = 100;
/// How many questions `make bench-promql-diff` asks, from the first on.
const COMMITTED: u64 = 20_000;

/// A question to which the answers differ.
pub(crate) struct Finding {
    number: u64,
    question: Question,
    difference: String,
    /// The version difference that explains it, if one does.
    known: Option<&'static str>,
}

/// Asks the questions with these numbers.
fn compare(numbers: Range<u64>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut at = numbers.start;
    while at < numbers.end {
        let batch = at / BATCH;
        let end = numbers.end.min((batch + 1) * BATCH);
        let data = Data::new(batch);
        let (peer, store) = (Peer::start(&data), data.store());
        findings.extend((at..end).filter_map(|number| ask(number, &peer, &store)));
        at = end;
    }
    findings
}

fn ask(number: u64, peer: &Peer, store: &MemoryStore) -> Option<Finding> {
    let question = Question::new(&mut Random::new(number));
    let theirs = peer.ask(&question.text, question.when);
    let finding = |difference, known| Some(Finding { number, question: question.clone(), difference, known });
    let expr = match (parse(&question.text), &theirs) {
        (Ok(expr), _) => expr,
        (Err(_), Answer::Error(_)) => return None,
        (Err(error), _) => return finding(format!("only we cannot read it: {error}"), None),
    };
    let ours = Answer::of(evaluate(store, &expr, question.when));
    if let Some((difference, parts)) = differing(store, &expr, question.when, (&ours, &theirs)) {
        let case = Case {
            text: &question.text,
            when: question.when,
            parts: &parts,
            difference: &difference,
            has_restarts: has_restarts(store, &parts, question.when),
        };
        let known = case.explanation();
        return finding(difference, known);
    }
    // Version 3 prints long numbers in full, version 2 with an exponent.
    let ours = pretty(&expr);
    let plain_numbers =
        !ours.split(|c: char| !c.is_ascii_digit()).any(|digits| digits.len() > 10 || digits == "1000000");
    match peer.format(&question.text).filter(|theirs| plain_numbers && *theirs != ours) {
        Some(formatted) => finding(format!("printed as {ours:?}, theirs {formatted:?}"), None),
        None => None,
    }
}

fn evaluate(store: &MemoryStore, expr: &Expr, when: When) -> Result<QueryResult, QueryError> {
    ask_at(&Engine::default(), store, expr, when)
}

fn ask_at(engine: &Engine, store: &MemoryStore, expr: &Expr, when: When) -> Result<QueryResult, QueryError> {
    let control = Control::unlimited();
    match when {
        When::Instant(at) => engine.instant(store, expr, Timestamp::from_millis(at), &control),
        When::Range { start, end, step } => {
            let step = Duration::from_millis(step.unsigned_abs());
            let range = RangeParams::new(Timestamp::from_millis(start), Timestamp::from_millis(end), step)?;
            engine.range(store, expr, range, &control)
        }
    }
}

/// A part of a query with what it evaluates to by itself.
type Part<'a> = (&'a Expr, Answer);

/// How our answer differs from theirs, and what all parts of the query evaluate to: the largest of that says how far the
/// answers may lie apart.
fn differing<'a>(
    store: &MemoryStore,
    expr: &'a Expr,
    when: When,
    (ours, theirs): (&Answer, &Answer),
) -> Option<(String, Vec<Part<'a>>)> {
    let ordered = is_ordered(expr, when);
    // Nearly all are alike without any allowance.
    difference(ours, theirs, ordered, 0.0)?;
    let parts = parts(store, expr, when);
    let scale = parts.iter().map(|(_, answer)| answer.largest()).fold(0.0, f64::max);
    Some((difference(ours, theirs, ordered, scale)?, parts))
}

/// Every part of a query.
fn parts<'a>(store: &MemoryStore, expr: &'a Expr, when: When) -> Vec<Part<'a>> {
    let mut parts = Vec::new();
    expr.walk(&mut |part| {
        let of = |when| Answer::of(evaluate(store, part, when));
        match (part.value_type(), when) {
            // A range query gives no range vectors.
            (ValueType::RangeVector, When::Range { start, end, step }) => {
                let times = (start..=end).step_by(usize::try_from(step).unwrap_or(1));
                parts.extend(times.map(|at| (part, of(When::Instant(at)))));
            }
            _ => parts.push((part, of(when))),
        }
    });
    parts
}

/// Whether a counter restarts in a window of `rate` or `increase`.
fn has_restarts(store: &MemoryStore, parts: &[Part<'_>], when: When) -> bool {
    parts.iter().any(|(part, _)| match &part.kind {
        ExprKind::Call(call) if matches!(call.function.name, "rate" | "increase") => {
            let restarts = parse(&format!("resets({})", call.args[0])).unwrap();
            Answer::of(evaluate(store, &restarts, when)).largest() > 0.0
        }
        _ => false,
    })
}

/// Whether the order of the answer is laid down: always in range queries, in others where the query asks for it.
fn is_ordered(expr: &Expr, when: When) -> bool {
    if matches!(when, When::Range { .. }) {
        return true;
    }
    match &expr.without_parens().kind {
        ExprKind::Call(call) => call.function.name.starts_with("sort"),
        ExprKind::Aggregate(aggregate) => {
            matches!(aggregate.op, AggregateOp::Topk | AggregateOp::Bottomk)
                && aggregate.grouping == crowsnest_promql::ast::Grouping::By(Vec::new())
        }
        _ => false,
    }
}

/// What the file of findings holds of one.
impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { number, question: Question { text, when }, difference, known } = self;
        let one_line = difference.replace('\n', "\\n");
        let short: String = one_line.chars().take(200).collect();
        write!(f, "{number}\t{}\t{text}\t{when}\t{short}", known.unwrap_or("?"))
    }
}

fn is_missing() -> bool {
    let missing = !peer::is_installed();
    if missing {
        println!("skipped: the program `prometheus` is not installed; deploy/setup.sh test installs it");
    }
    missing
}

#[track_caller]
fn assert_explained(findings: &[String]) {
    let unexplained: Vec<_> = findings.iter().filter(|finding| finding.contains("\t?\t")).collect();
    assert!(unexplained.is_empty(), "nothing explains {unexplained:#?}");
}

#[test]
fn prometheus_and_we_answer_random_questions_alike() {
    if is_missing() {
        return;
    }
    let number =
        |name: &str, default| std::env::var(name).map_or(default, |text| text.parse().expect("a number"));
    let (first, count) = (number("PROMQL_DIFF_FIRST", 0), number("PROMQL_DIFF_COUNT", 300));
    let findings: Vec<_> = compare(first..first + count).iter().map(ToString::to_string).collect();
    findings.iter().for_each(|finding| println!("{finding}"));
    assert_explained(&findings);
}

/// Asks the committed range of questions and writes what differs. What was asked before an interruption is not asked again.
#[test]
#[ignore = "takes minutes: make bench-promql-diff"]
fn prometheus_and_we_answer_the_committed_questions_alike() {
    if is_missing() {
        return;
    }
    let mut progress = Progress::resume();
    while progress.next < COMMITTED {
        let next = progress.next + BATCH;
        let findings = compare(progress.next..next);
        progress.add(findings.iter().map(ToString::to_string), next);
    }
    let asked = format!("# questions 0 to {COMMITTED} asked of prometheus 2.42, which we answer otherwise:");
    let committed = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/differential/findings.tsv");
    std::fs::write(committed, format!("{asked}\n{}\n", progress.findings.join("\n"))).unwrap();
    println!("{COMMITTED} questions, {} answered otherwise", progress.findings.len());
    assert_explained(&progress.findings);
}

/// What has been asked so far, kept in a file: findings, and after each batch the number of the next question.
struct Progress {
    file: PathBuf,
    next: u64,
    findings: Vec<String>,
}

impl Progress {
    const NEXT: &str = "# next ";

    fn resume() -> Self {
        let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("promql-diff.tsv");
        let mut progress = Self { file, next: 0, findings: Vec::new() };
        let mut of_batch = Vec::new();
        for line in std::fs::read_to_string(&progress.file).unwrap_or_default().lines() {
            match line.strip_prefix(Self::NEXT) {
                Some(next) => {
                    progress.next = next.parse().unwrap_or(0);
                    progress.findings.append(&mut of_batch);
                }
                None => of_batch.push(line.to_owned()),
            }
        }
        if progress.next >= COMMITTED {
            std::fs::remove_file(&progress.file).unwrap();
            return Self::resume();
        }
        progress
    }

    fn add(&mut self, findings: impl Iterator<Item = String>, next: u64) {
        let findings: Vec<String> = findings.collect();
        let mut file = std::fs::OpenOptions::new().create(true).append(true).open(&self.file).unwrap();
        for line in &findings {
            writeln!(file, "{line}").unwrap();
        }
        writeln!(file, "{}{next}", Self::NEXT).unwrap();
        self.findings.extend(findings);
        self.next = next;
    }
}
