//! Breaks expectations of Prometheus's own tests, one an eval at a time, and wants each of them reported.
//!
//! A runner that lets a broken expectation pass proves nothing. Round after round, every eval of a file gets its next
//! mutation: its own verdict must then be a failure. In the first round every other eval stays as it is, and must pass
//! among the broken ones. Later on, evals that have no mutation left are taken out: to run them costs a dozen times as
//! much as to run one whose first answer is wrong already.

use crowsnest_promql::promqltest::{Outcome, Verdict, run};

use super::{corpus, test_files};

/// What a mutation makes of the lines below an `eval`; `None` where it does not apply.
struct Mutation {
    name: &'static str,
    of: fn(&[&str]) -> Option<Vec<String>>,
    /// Mutations that are made at least, over all files.
    least: usize,
}

const fn mutation(name: &'static str, least: usize, of: fn(&[&str]) -> Option<Vec<String>>) -> Mutation {
    Mutation { name, of, least }
}

const MUTATIONS: &[Mutation] = &[
    mutation("a value changes a little", 1171, |body| edit_series(body, change_last_number)),
    mutation("a histogram's sum changes", 163, |body| edit_key(body, "sum")),
    mutation("a histogram's count changes", 163, |body| edit_key(body, "count")),
    mutation("a histogram's zero bucket changes", 59, |body| edit_key(body, "z_bucket")),
    mutation("a histogram's zero threshold changes", 70, |body| edit_key(body, "z_bucket_w")),
    mutation("a histogram's buckets change", 114, |body| edit_key(body, "buckets")),
    mutation("a histogram's bounds change", 79, |body| edit_key(body, "custom_values")),
    mutation("a histogram's hint changes", 3, |body| replace(body, "counter_reset_hint:", other_hint)),
    mutation("a label is added", 1391, |body| edit_series(body, |line| Some(add_label(line)))),
    mutation("a series is forgotten", 1391, forget_series),
    mutation("a series is made up", 1574, |body| add_line(body, "made_up{by=\"a mutation\"} 1")),
    mutation("one step too many is expected", 1391, |body| {
        edit_series(body, |line| Some(format!("{line} 17")))
    }),
    mutation("two series change places", 11, swap_ordered),
    mutation("a scalar changes", 50, change_scalar),
    mutation("a string changes", 4, |body| replace(body, "expect string \"", |rest| format!("!{rest}"))),
    mutation("a position moves", 38, |body| edit_notes(body, move_position)),
    mutation("a message changes", 46, |body| replace(body, " msg: ", |rest| format!("{rest}!"))),
    mutation("a pattern changes", 4, |body| replace(body, " regex: ", |rest| format!("{rest}!{{3}}"))),
    mutation("a warning is forbidden", 42, |body| forbid(body, "warn")),
    mutation("a hint is forbidden", 102, |body| forbid(body, "info")),
    mutation("a warning is wanted where there is none", 167, |body| {
        edit_notes(body, |line| want(line, "warn"))
    }),
    mutation("a hint is wanted where there is none", 84, |body| edit_notes(body, |line| want(line, "info"))),
    mutation("a failure is not expected any more", 19, |body| {
        forget(body, |line| line.starts_with("expect fail"))
    }),
    mutation("a failure is expected of what does not fail", 1631, expect_failure),
];

/// An eval: the line it stands on, counted from 1, and the lines below it.
struct Eval<'a> {
    line: usize,
    body: Vec<&'a str>,
}

fn evals<'a>(lines: &[&'a str]) -> Vec<Eval<'a>> {
    let ends = |line: &str| line.trim().is_empty() || line.trim().starts_with('#');
    let starts = |line: &str| line.trim().to_ascii_lowercase().starts_with("eval");
    let at = lines.iter().enumerate().filter(|(_, line)| starts(line));
    let evals = at.map(|(at, _)| {
        let body = lines.iter().skip(at + 1).take_while(|line| !ends(line) && !starts(line));
        Eval { line: at + 1, body: body.map(|line| line.trim()).collect() }
    });
    evals.collect()
}

/// Every mutation that applies to an eval, with what its lines then are.
fn mutants(eval: &str, body: &[&str]) -> Vec<(usize, Vec<String>)> {
    if !eval.trim().starts_with("eval ") {
        // The few old forms say on the line itself what they expect.
        return Vec::new();
    }
    let of = MUTATIONS.iter().enumerate().filter_map(|(at, mutation)| Some((at, (mutation.of)(body)?)));
    of.collect()
}

#[test]
fn every_broken_expectation_is_reported() {
    let Some(folder) = corpus() else { return };
    let mut made = vec![0; MUTATIONS.len()];
    let mut survivors = Vec::new();
    for name in test_files(&folder) {
        let text = std::fs::read_to_string(folder.join(&name)).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        let evals = evals(&lines);
        let mutants: Vec<_> = evals.iter().map(|eval| mutants(lines[eval.line - 1], &eval.body)).collect();
        // Every other eval starts a round later.
        for round in 0..=mutants.iter().map(Vec::len).max().unwrap_or_default() {
            let (script, mutated) = mutate(&lines, &evals, &mutants, round);
            let outcomes = run(&script).unwrap_or_else(|error| panic!("{name}, round {round}: {error}"));
            assert_eq!(outcomes.len(), mutated.len(), "{name}: evals were lost");
            for (Outcome { line, query, verdict }, mutation) in outcomes.iter().zip(mutated) {
                if let Some(mutation) = mutation {
                    made[mutation] += 1;
                }
                if mutation.is_some() == (*verdict == Verdict::Passed) {
                    let mutation = mutation.map_or("nothing", |at| MUTATIONS[at].name);
                    survivors.push(format!("{name}:{line}: {query}: {mutation}: {verdict:?}"));
                }
            }
        }
    }
    let few = MUTATIONS.iter().zip(&made).filter(|(mutation, made)| **made < mutation.least);
    let few: Vec<_> =
        few.map(|(mutation, made)| format!("{}: {made} of {}", mutation.name, mutation.least)).collect();
    println!("{} mutations made: {made:?}", made.iter().sum::<usize>());
    assert!(survivors.is_empty(), "{} survive:\n{}", survivors.len(), survivors.join("\n"));
    assert!(few.is_empty(), "fewer mutations than there should be: {few:?}");
}

/// The script with the mutation of this round in every eval that still has one, and which that is; nothing for evals
/// that stay as they are.
fn mutate(
    lines: &[&str],
    evals: &[Eval<'_>],
    mutants: &[Vec<(usize, Vec<String>)>],
    round: usize,
) -> (String, Vec<Option<usize>>) {
    let (mut script, mut mutated) = (Vec::new(), Vec::new());
    let mut next = 0;
    for (at, (eval, mutants)) in evals.iter().zip(mutants).enumerate() {
        script.extend(lines[next..eval.line - 1].iter().copied());
        next = eval.line + eval.body.len();
        let mutant = match round.checked_sub(at % 2) {
            None => None,
            Some(round) => match mutants.get(round) {
                None => continue,
                mutant => mutant,
            },
        };
        script.push(lines[eval.line - 1]);
        match mutant {
            Some((_, body)) => script.extend(body.iter().map(String::as_str)),
            None => script.extend(&eval.body),
        }
        mutated.push(mutant.map(|(mutation, _)| *mutation));
    }
    script.extend(&lines[next..]);
    (script.join("\n"), mutated)
}

fn owned(body: &[&str]) -> Vec<String> {
    body.iter().map(|line| (*line).to_owned()).collect()
}

fn is_series(line: &str) -> bool {
    !line.starts_with("expect ") && !line.starts_with("expected_") && line.contains(' ')
}

fn expects_failure(body: &[&str]) -> bool {
    body.iter().any(|line| line.starts_with("expect fail"))
}

/// The body with the first line changed for which there is a change.
fn edit(body: &[&str], of: impl Fn(&str) -> Option<String>) -> Option<Vec<String>> {
    let (at, changed) = body.iter().enumerate().find_map(|(at, line)| Some((at, of(line)?)))?;
    let mut lines = owned(body);
    lines[at] = changed;
    Some(lines)
}

fn edit_series(body: &[&str], of: impl Fn(&str) -> Option<String>) -> Option<Vec<String>> {
    if expects_failure(body) {
        return None;
    }
    edit(body, |line| if is_series(line) { of(line) } else { None })
}

fn edit_notes(body: &[&str], of: impl Fn(&str) -> Option<String>) -> Option<Vec<String>> {
    if expects_failure(body) {
        return None;
    }
    edit(body, |line| if line.starts_with("expect ") { of(line) } else { None })
}

/// Changes what follows the first occurrence of `mark`.
fn replace(body: &[&str], mark: &str, of: fn(&str) -> String) -> Option<Vec<String>> {
    edit(body, |line| {
        let (before, after) = line.split_once(mark)?;
        Some(format!("{before}{mark}{}", of(after)))
    })
}

fn forget(body: &[&str], which: impl Fn(&str) -> bool) -> Option<Vec<String>> {
    let at = body.iter().position(|line| which(line))?;
    let mut lines = owned(body);
    lines.remove(at);
    Some(lines)
}

fn forget_series(body: &[&str]) -> Option<Vec<String>> {
    if expects_failure(body) { None } else { forget(body, is_series) }
}

fn add_line(body: &[&str], line: &str) -> Option<Vec<String>> {
    // A scalar ends the body.
    if expects_failure(body) || body.iter().any(|line| !line.contains(' ')) {
        return None;
    }
    Some(body.iter().copied().chain([line]).map(str::to_owned).collect())
}

fn expect_failure(body: &[&str]) -> Option<Vec<String>> {
    if expects_failure(body) || body.iter().any(|line| line.starts_with("expected_fail")) {
        return None;
    }
    Some(std::iter::once("expect fail").chain(body.iter().copied()).map(str::to_owned).collect())
}

fn change_last_number(line: &str) -> Option<String> {
    let (before, last) = line.rsplit_once(' ')?;
    let number: f64 = last.parse().ok()?;
    let changed = match number {
        0.0 => 1e-9,
        number if number.is_finite() => number * 1.000_01,
        number if number.is_nan() => 0.0,
        infinite => -infinite,
    };
    Some(format!("{before} {changed}"))
}

/// Changes the first number after `key` in the last histogram of a series.
fn edit_key(body: &[&str], key: &str) -> Option<Vec<String>> {
    edit_series(body, |line| {
        let at = line.rfind("{{")?;
        let keys = [format!("{{{key}:"), format!(" {key}:")];
        let at = at + keys.iter().find_map(|key| Some(line[at..].find(key)? + key.len()))?;
        let at = at + usize::from(line[at..].starts_with('['));
        let end = at + line[at..].find([' ', ']', '}'])?;
        let number: f64 = line[at..end].parse().ok()?;
        let changed = if number.is_nan() { 1.0 } else { number * 0.99 - 0.25 };
        (changed != number).then(|| format!("{}{changed}{}", &line[..at], &line[end..]))
    })
}

fn other_hint(rest: &str) -> String {
    let end = rest.find([' ', '}']).unwrap_or(rest.len());
    let other = if &rest[..end] == "gauge" { "reset" } else { "gauge" };
    format!("{other}{}", &rest[end..])
}

fn add_label(line: &str) -> String {
    // The braces of a histogram are not those of labels.
    let labels = line.split("{{").next().unwrap_or(line);
    let at = labels.find('{').filter(|at| !labels[..*at].contains(' '));
    match at {
        Some(at) if line[at + 1..].starts_with('}') => {
            format!("{}{{mutated=\"1\"{}", &line[..at], &line[at + 1..])
        }
        Some(at) => format!("{}{{mutated=\"1\", {}", &line[..at], &line[at + 1..]),
        None => {
            let (name, rest) = line.split_once(' ').unwrap_or((line, ""));
            format!("{name}{{mutated=\"1\"}} {rest}")
        }
    }
}

fn swap_ordered(body: &[&str]) -> Option<Vec<String>> {
    if !body.contains(&"expect ordered") {
        return None;
    }
    let at = body.iter().position(|line| is_series(line))?;
    let mut lines = owned(body);
    (lines.len() > at + 1).then(|| lines.swap(at, at + 1))?;
    Some(lines)
}

fn change_scalar(body: &[&str]) -> Option<Vec<String>> {
    edit(body, |line| {
        let number: f64 = line.parse().ok()?;
        Some(if number == 1.0 { "2" } else { "1" }.to_owned())
    })
}

/// `… (1:7)` becomes `… (1:8)`.
fn move_position(line: &str) -> Option<String> {
    let (before, position) = line.strip_suffix(')')?.rsplit_once("(1:")?;
    let column: usize = position.parse().ok()?;
    line.contains(" msg: ").then(|| format!("{before}(1:{})", column + 1))
}

fn forbid(body: &[&str], kind: &str) -> Option<Vec<String>> {
    let of_kind = |line: &str| line.starts_with(&format!("expect {kind}"));
    // What is forbidden must not be expected, too.
    if body.iter().filter(|line| of_kind(line)).count() > 1 {
        return None;
    }
    edit_notes(body, |line| of_kind(line).then(|| format!("expect no_{kind}")))
}

fn want(line: &str, kind: &str) -> Option<String> {
    (line == format!("expect no_{kind}")).then(|| format!("expect {kind}"))
}
