//! Places in queries, each marked by a bar.

use proptest::prelude::*;

use super::*;

/// What is wanted at the bar, in short, after what would be replaced.
#[track_caller]
fn check(marked: &str, expected: &str) {
    let at = marked.find('|').unwrap();
    let text = marked.replacen('|', "", 1);
    let Completion { replaces, wanted } = complete(&text, at);
    let shown: Vec<String> = wanted.iter().map(show).collect();
    assert_eq!(format!("{:?}: {}", replaces.of(&text), shown.join(", ")), expected, "{marked}");
}

fn show(wanted: &Wanted) -> String {
    match wanted {
        Wanted::Metric => "metric".to_owned(),
        Wanted::Function(returns) => format!("{returns} function"),
        Wanted::Aggregator => "aggregator".to_owned(),
        Wanted::Words(words) if words.len() > 10 => "operator".to_owned(),
        Wanted::Words(words) => words.join(" "),
        Wanted::LabelName(of) => format!("label of {}", of.join(" and ")),
        Wanted::LabelValue { label, of, quoted } => {
            format!("{}value of {label} of {}", if *quoted { "" } else { "quoted " }, of.join(" and "))
        }
        Wanted::Number => "number".to_owned(),
        Wanted::Duration => "duration".to_owned(),
        Wanted::Text => "text".to_owned(),
    }
}

const VECTOR: &str = "metric, instant vector function, aggregator";
const ANYTHING: &str = "metric, instant vector function, aggregator, scalar function, number";

#[test]
fn an_operand_may_be_anything_that_has_the_wanted_type() {
    check("|", &format!("\"\": {ANYTHING}"));
    check("rat|", &format!("\"rat\": {ANYTHING}"));
    check("ra|te(x)", &format!("\"rate\": {ANYTHING}"));
    check("(|", &format!("\"\": {ANYTHING}"));
    check("rate(|", &format!("\"\": {VECTOR}"));
    check("rate(http_|[5m])", &format!("\"http_\": {VECTOR}"));
    check("histogram_quantile(|", "\"\": scalar function, number");
    check("histogram_quantile(0.9, su|", &format!("\"su\": {VECTOR}"));
    check("topk(|", "\"\": scalar function, number");
    check("topk by (a) (5, |", &format!("\"\": {VECTOR}"));
    check("count_values(|", "\"\": text");
    check("label_replace(x, \"a|\"", "\"a\": text");
    check("label_replace(x, |", "\"\": text");
    check("a # |", "\"\": ");
    check("a # note\n + |", &format!("\"\": on ignoring, {ANYTHING}"));
}

#[test]
fn braces_hold_labels_operators_and_values() {
    check("up{|", "\"\": label of up");
    check("up{jo|", "\"jo\": label of up");
    check("up{job=\"x\",|}", "\"\": label of up{job=\"x\"}");
    check("up{in|, job=\"x\"}", "\"in\": label of up{job=\"x\"}");
    check("{|", "\"\": label of ");
    check("up{job|=\"x\"}", "\"job\": label of up");
    check("up{job |", "\"\": = != =~ !~");
    check("up{job=|", "\"\": quoted value of job of up");
    check("up{job=\"|", "\"\": value of job of up");
    check("up{a=\"1\",job=\"pro|", "\"pro\": value of job of up{a=\"1\"}");
    check("up{job=\"pro|m\", a!=\"1\"}", "\"prom\": value of job of up{a!=\"1\"}");
    check("sum(rate(up{\"a.b\"=~\"|", "\"\": value of a.b of up");
    check("up{job=\"x\"|", "\"\": , }");
    check("a{b=\"1\"} + c{d=\"|", "\"\": value of d of c");
}

#[test]
fn brackets_hold_durations() {
    check("up[|", "\"\": duration, step() range()");
    check("up[5|", "\"5\": duration, step() range()");
    check("up[5m|", "\"5m\": duration, step() range()");
    check("up[5m |", "\"\": ] :");
    check("rate(up[5m])[1h:|", "\"\": duration, step() range()");
}

#[test]
fn lists_hold_the_labels_of_the_query() {
    check("sum by (|) (rate(up{job=\"x\"}[5m]))", "\"\": label of up{job=\"x\"}");
    check("sum by (jo|) (up)", "\"jo\": label of up");
    check("sum(up) by (|", "\"\": label of up");
    check("sum(up) without (a, |", "\"\": label of up");
    check("up * on (|) group_left () down", "\"\": label of up and down");
    check("sum by (a |", "\"\": , )");
}

#[test]
fn words_follow_what_they_belong_to() {
    check("up |", "\"\": offset @, operator");
    check("up{a=\"1\"} of|", "\"of\": offset @, operator");
    check("up[5m] |", "\"\": offset @, operator");
    check("up offset |", "\"\": duration, -");
    check("up @ |", "\"\": start() end(), number");
    check("up offset 5m |", "\"\": operator");
    check("sum |", "\"\": by without, offset @, operator");
    check("sum by |", "\"\": (");
    check("sum by (a) |", "\"\": (, operator");
    check("sum(up) |", "\"\": by without, operator");
    check("rate(up[5m]) |", "\"\": operator");
    check("a + |", &format!("\"\": on ignoring, {ANYTHING}"));
    check("a > |", &format!("\"\": bool on ignoring, {ANYTHING}"));
    check("a > bool |", &format!("\"\": on ignoring, {ANYTHING}"));
    check("a + on (x) |", &format!("\"\": group_left group_right, {ANYTHING}"));
    check("a + on (x) group_left |", "\"\": (");
    check("a + on (x) group_left (y) |", &format!("\"\": {ANYTHING}"));
    check("a an|", "\"an\": offset @, operator");
    check("a and|", "\"and\": offset @, operator");
}

#[test]
fn functions_are_found_by_what_they_give() {
    assert!(functions_giving(ValueType::Scalar).any(|function| function.name == "time"));
    assert!(functions_giving(ValueType::InstantVector).all(|function| function.name != "time"));
}

proptest! {
    #[test]
    fn any_place_in_any_text_has_an_answer(text in ".{0,40}", at in 0..60_usize) {
        let completion = complete(&text, at);
        prop_assert!(text.get(completion.replaces.range()).is_some());
    }

    #[test]
    fn any_place_in_pieces_of_queries_has_an_answer(
        pieces in prop::collection::vec(prop::sample::select(vec![
            "sum", "by", "(", ")", "x", "{", "}", "[", "]", "5m", ":", ",", "=", "\"a\"", "\"", "offset", "@", "-",
            "on", "group_left", "bool", "and", "rate", "1", "!=", "#", "\n", "ü",
        ]), 0..14),
        at in 0..40_usize,
    ) {
        let text = pieces.join(" ");
        let completion = complete(&text, at);
        prop_assert!(text.get(completion.replaces.range()).is_some());
    }
}
