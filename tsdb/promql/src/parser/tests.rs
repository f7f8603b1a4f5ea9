//! Whole queries: what parses, what does not and with which words, and that printing is undone by parsing.

use proptest::prelude::*;

use crate::ast::ExprKind;
use crate::{Expr, MAX_DEPTH, parse, pretty};

/// Parses `text` and checks its canonical form.
#[track_caller]
fn check(text: &str, printed: &str) {
    let expr = parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    assert_eq!(expr.to_string(), printed);
    assert_prints_back(&expr);
}

/// Both printed forms parse to the same tree again.
#[track_caller]
fn assert_prints_back(expr: &Expr) {
    for printed in [expr.to_string(), pretty(expr)] {
        let again = parse(&printed).unwrap_or_else(|error| panic!("{printed}: {error}"));
        assert_eq!(skeleton(&again), skeleton(expr), "{printed}");
    }
}

#[track_caller]
fn check_same(text: &str) {
    check(text, text);
}

#[track_caller]
fn check_error(text: &str, expected: &str) {
    match parse(text) {
        Ok(expr) => panic!("{text} parses as {expr}"),
        Err(error) => assert_eq!(error.to_string(), expected, "{text}"),
    }
}

/// The tree without places, for comparison; NaN compares equal to itself this way. What printing does not keep is left
/// out: the order of conditions, and offsets of nothing.
fn skeleton(expr: &Expr) -> String {
    let mut expr = expr.clone();
    settle(&mut expr);
    let debug = format!("{expr:?}");
    let mut text = String::new();
    let mut rest = debug.as_str();
    while let Some((before, after)) = rest.split_once("Span {") {
        text.push_str(before);
        rest = after.split_once('}').map_or("", |(_, rest)| rest);
    }
    text + rest
}

fn settle(expr: &mut Expr) {
    let settle_offset = |offset: &mut Option<Box<Expr>>| {
        offset.take_if(|offset| matches!(offset.kind, ExprKind::Number(number) if number.value == 0.0));
    };
    match &mut expr.kind {
        ExprKind::Number(_) | ExprKind::String(_) => {}
        ExprKind::Selector(selector) => {
            selector.matchers.sort_by_key(ToString::to_string);
            settle_offset(&mut selector.modifiers.offset);
        }
        ExprKind::Subquery(subquery) => {
            settle_offset(&mut subquery.modifiers.offset);
            settle(&mut subquery.expr);
        }
        ExprKind::Call(call) => call.args.iter_mut().for_each(settle),
        ExprKind::Aggregate(aggregate) => {
            aggregate.parameter.iter_mut().for_each(settle);
            settle(&mut aggregate.expr);
        }
        ExprKind::Binary(binary) => {
            settle(&mut binary.lhs);
            settle(&mut binary.rhs);
        }
        ExprKind::Unary(_, operand) | ExprKind::Paren(operand) => settle(operand),
    }
}

/// The tree with a parenthesis around every operator, to show what binds to what.
fn bound(text: &str) -> String {
    fn show(expr: &Expr) -> String {
        match &expr.kind {
            ExprKind::Binary(binary) => {
                format!("({} {} {})", show(&binary.lhs), binary.op, show(&binary.rhs))
            }
            ExprKind::Unary(op, operand) => format!("({}{})", op.as_str(), show(operand)),
            _ => expr.to_string(),
        }
    }
    show(&parse(text).unwrap())
}

#[test]
fn operators_bind_as_in_prometheus() {
    for (text, expected) in [
        ("a + b * c", "(a + (b * c))"),
        ("a - b - c", "((a - b) - c)"),
        ("a ^ b ^ c", "(a ^ (b ^ c))"),
        ("-a ^ 2", "(-(a ^ 2))"),
        ("-a * b", "((-a) * b)"),
        ("2 ^ -a * b", "((2 ^ (-a)) * b)"),
        ("a or b and c", "(a or (b and c))"),
        ("a and b unless c", "((a and b) unless c)"),
        ("a == b + c", "(a == (b + c))"),
        ("a / b atan2 c % d", "(((a / b) atan2 c) % d)"),
        ("a </ 1 + b", "(a </ (1 + b))"),
        ("-a offset 5m", "(-a offset 5m)"),
    ] {
        assert_eq!(bound(text), expected, "{text}");
    }
}

#[test]
fn selectors_are_printed_canonically() {
    check("up", "up");
    check("up{}", "up");
    check("up { job = 'x' , a!~`b` , }", r#"up{a!~"b",job="x"}"#);
    check(r#"{"my.metric","a.b"="c"}"#, r#"{"a.b"="c",__name__="my.metric"}"#);
    check(r#"{"plain"}"#, r#"{__name__="plain"}"#);
    check_same(r#"{__name__="",a="x"}"#);
    check(r#"{"_0"="1","without"="2"}"#, r#"{_0="1",without="2"}"#);
    check_same(r#"{__name__=~"a.+"}"#);
    check("x[300]", "x[5m]");
    check("x[1.5]", "x[1s500ms]");
    check("x[5m] offset -1h30m @ 12.5", "x[5m] @ 12.500 offset -1h30m");
    check("x @ -1 offset 5", "x @ -1.000 offset 5s");
    check_same("x @ start() offset 1m");
    check_same("rate(x[5m])[1h:1m] @ end()");
    check_same("x[5m] smoothed");
    check_same("x smoothed");
    check("x smoothed @ 1 offset 0s", "x @ 1.000 smoothed");
    check_same("x[(1m + 2m) * 3:5s + step()] offset -(1m + 2m)");
    check("x offset max_of(1m, 2m)", "x offset max_of(1m, 2m)");
    check("x[5m:]", "x[5m:]");
}

#[test]
fn reserved_words_may_be_metrics_and_labels() {
    check_same("sum + and and by");
    check_same(r#"sum{sum="1"}"#);
    check_same("offset offset 5m");
    check_same("sum by (by, sum, on, bool, and) (start)");
    check_same("fill + fill_left");
    check_same("anchored[5m] anchored");
    check("a + fill (0) b", "a + fill (0) b");
    check_error("bool", "1:1: parse error: unexpected <bool>");
    check_error(
        "sum by (without) (x)",
        "1:9: parse error: unexpected <without> in grouping opts, expected label",
    );
}

#[test]
fn numbers_strings_and_durations_are_read_as_go_reads_them() {
    check("0x1F + 0755 + 1_000", "31 + 493 + 1000");
    check("1e21", "1000000000000000000000");
    check("-Inf", "-Inf");
    check("+inf + NaN", "+Inf + NaN");
    check("x * 5m", "x * 5m");
    check(r"'a\xff\u00e4'", r#""a\xffä""#);
    check_error("5mm", r#"1:1: parse error: bad number or duration syntax: "5mm""#);
    check_error("\"a", "1:1: parse error: unterminated quoted string");
}

#[test]
fn aggregations_and_calls_are_printed_canonically() {
    check("sum(x) by (a)", "sum by (a) (x)");
    check("SUM without() (x)", "sum without () (x)");
    check("topk(5, x)", "topk(5, x)");
    check(r#"sum by ("a.b", c,) (x)"#, r#"sum by ("a.b", c) (x)"#);
    check("day_of_week()", "day_of_week()");
    check(r#"label_join(x, "a", "")"#, r#"label_join(x, "a", "")"#);
    check("info(x, {data=~'.*'})", r#"info(x, {data=~".*"})"#);
    check("max_of(1, 2) + MIN_OF(3, 4)", "max_of(1, 2) + min_of(3, 4)");
}

#[test]
fn vector_matching_is_printed_canonically() {
    check("a + on(x) b", "a + on (x) b");
    check("a == bool ignoring (x) group_left(y) b", "a == bool ignoring (x) group_left (y) b");
    check("a * on() group_right b", "a * on () group_right () b");
    check("a / on(x) fill(0) b", "a / on (x) fill (0) b");
    check("a / fill(1000000) b", "a / fill (1e+06) b");
    check("a / fill_left(-1) fill_right(2) b", "a / fill_left (-1) fill_right (2) b");
}

#[test]
fn what_is_not_promql_is_refused_with_place_and_reason() {
    check_error("", "1:1: parse error: no expression found in input");
    check_error("sum(", "1:5: parse error: unclosed left parenthesis");
    check_error("rate(x[5m]", "1:11: parse error: unclosed left parenthesis");
    check_error("x{a='b'", "1:8: parse error: unexpected end of input inside braces");
    check_error("x[5m", "1:5: parse error: unexpected end of input in duration expression");
    check_error("x[5m:", "1:6: parse error: unexpected end of input in duration expression");
    check_error("(a", "1:3: parse error: unclosed left parenthesis");
    check_error("a)", "1:2: parse error: unexpected right parenthesis ')'");
    check_error("foo bar", r#"1:5: parse error: unexpected identifier "bar""#);
    check_error("a +\n", "2:1: parse error: unexpected end of input");
    check_error(
        "a{b}",
        r#"1:4: parse error: unexpected "}" in label matching, expected label matching operator"#,
    );
    check_error(
        "a{b=c}",
        r#"1:5: parse error: unexpected identifier "c" in label matching, expected string"#,
    );
    check_error("a ! b", "1:3: parse error: unexpected character after '!'");
    check_error("foo(x)", r#"1:1: parse error: unknown function with name "foo""#);
    check_error("Rate(x[5m])", r#"1:1: parse error: unknown function with name "Rate""#);
    check_error("x[0]", "1:3: parse error: duration must be greater than 0");
    check_error(
        "x[y]",
        r#"1:3: parse error: unexpected identifier "y" in subquery or range, expected number, duration, step(), or range()"#,
    );
    check_error("x @ Inf", "1:5: parse error: timestamp out of bounds for @ modifier: +Inf");
    check_error(
        "1 offset 5m",
        "1:3: parse error: offset modifier must be preceded by an instant vector selector or range vector selector or a subquery",
    );
    check_error("x offset 1m offset 2m", "1:13: parse error: offset may not be set multiple times");
    check_error("x offset 1m [5m]", "1:13: parse error: no offset modifiers allowed before range");
    check_error("sum(x)[5m]", "1:1: parse error: ranges only allowed for vector selectors");
    check_error("a + group_left b", "1:5: parse error: unexpected <group_left>");
}

#[test]
fn types_are_checked_in_the_words_of_prometheus() {
    check_error(
        "rate(x)",
        "1:6: parse error: expected type range vector in call to function \"rate\", got instant vector",
    );
    check_error(
        "abs(1)",
        "1:5: parse error: expected type instant vector in call to function \"abs\", got scalar",
    );
    check_error("abs()", "1:1: parse error: expected 1 argument(s) in call to \"abs\", got 0");
    check_error(
        "round(x, 1, 2)",
        "1:1: parse error: expected at most 2 argument(s) in call to \"round\", got 3",
    );
    check_error(
        "label_join(x, 'a')",
        "1:1: parse error: expected at least 3 argument(s) in call to \"label_join\", got 2",
    );
    check_error(
        "sum(1)",
        "1:5: parse error: expected type instant vector in aggregation expression, got scalar",
    );
    check_error(
        "topk(x, x)",
        "1:6: parse error: expected type scalar in aggregation parameter, got instant vector",
    );
    check_error(
        "topk(x)",
        "1:1: parse error: wrong number of arguments for aggregate expression provided, expected 2, got 1",
    );
    check_error("1 == 1", "1:3: parse error: comparisons between scalars must use BOOL modifier");
    check_error("a + bool b", "1:3: parse error: bool modifier can only be used on comparison operators");
    check_error("a and 1", "1:1: parse error: set operator \"and\" not allowed in binary scalar expression");
    check_error(
        "a[5m] + 1",
        "1:1: parse error: binary expression must contain only scalar and instant vector types",
    );
    check_error("1 + on(x) a", "1:1: parse error: vector matching only allowed between instant vectors");
    check_error("a and on(x) group_left b", "1:1: parse error: no grouping allowed for \"and\" operation");
    check_error(
        "a + on(x) group_left(x) b",
        "1:3: parse error: label \"x\" must not occur in ON and GROUP clause at once",
    );
    check_error(
        "a and fill(0) b",
        "1:1: parse error: filling in missing series not allowed for set operators",
    );
    check_error(
        "-'x'",
        "1:1: parse error: unary expression only allowed on expressions of type scalar or instant vector, got \"string\"",
    );
    check_error(
        "x[5m][1h:]",
        "1:1: parse error: subquery is only allowed on instant vector, got range vector instead",
    );
    check_error("{}", "1:1: parse error: vector selector must contain at least one non-empty matcher");
    check_error("{a=''}", "1:1: parse error: vector selector must contain at least one non-empty matcher");
    for twice in ["{'a', 'b'}", "{'a', __name__='b'}", "a{'b'}"] {
        check_error(twice, "1:1: parse error: metric name must not be set twice: \"a\" or \"b\"");
    }
    check_error("a{__name__='b'}", "1:1: parse error: metric name must not be set twice: \"a\" or \"b\"");
}

#[test]
fn nodes_know_their_place() {
    let text = "sum by (a) (rate(x{b='c'}[5m] offset 1m)) / -2";
    let expr = parse(text).unwrap();
    let mut places = Vec::new();
    expr.walk(&mut |expr| places.push(expr.span.of(text)));
    assert_eq!(
        places,
        [
            text,
            "sum by (a) (rate(x{b='c'}[5m] offset 1m))",
            "rate(x{b='c'}[5m] offset 1m)",
            "x{b='c'}[5m] offset 1m",
            "5m",
            "1m",
            "-2",
        ]
    );
}

#[test]
fn nesting_has_a_limit_instead_of_a_crash() {
    let deep = |levels: usize| format!("{}x{}", "(".repeat(levels), ")".repeat(levels));
    assert!(parse(&deep(MAX_DEPTH - 2)).is_ok());
    for text in
        [deep(MAX_DEPTH + 1), "-".repeat(5000) + "x", "x+".repeat(5000) + "x", "x^".repeat(5000) + "x"]
    {
        assert!(parse(&text).unwrap_err().message.contains("levels deep"));
    }
    assert!(parse(&("x".to_owned() + &"[5m:]".repeat(5000))).is_err());
    assert!(parse(&"abs(".repeat(100_000)).is_err());
}

fn expression() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("x".to_owned()),
        Just("up{job=\"a\"}".to_owned()),
        Just("{\"a b\"}".to_owned()),
        Just("sum".to_owned()),
        Just("x offset 5m".to_owned()),
        Just("x @ 3 smoothed".to_owned()),
        Just("x{b='1',a!='2'} offset 0s".to_owned()),
        Just("min_over_time(x[step():2m+1m] anchored offset -(1m))".to_owned()),
        Just("NaN".to_owned()),
        Just("90s".to_owned()),
        any::<f64>().prop_map(crowsnest_api::format_value),
    ];
    leaf.prop_recursive(5, 40, 3, |inner| {
        prop_oneof![
            (inner.clone(), prop::sample::select(vec!["+", "-", "*", "/", "%", "^", "atan2"]), inner.clone())
                .prop_map(|(a, op, b)| format!("{a} {op} {b}")),
            (
                inner.clone(),
                prop::sample::select(vec!["> bool", "==bool on (a)", "<bool ignoring(b) group_left(c)"]),
                inner.clone()
            )
                .prop_map(|(a, op, b)| format!("{a} {op} {b}")),
            inner.clone().prop_map(|a| format!("({a})")),
            inner.clone().prop_map(|a| format!("-{a}")),
            inner.clone().prop_map(|a| format!("+{a}")),
            inner.clone().prop_map(|a| format!("abs({a})")),
            inner.clone().prop_map(|a| format!("sum without (a) ({a})")),
            inner.prop_map(|a| format!("rate(({a})[5m:1m] offset -3s)")),
        ]
    })
}

proptest! {
    #[test]
    fn printing_is_undone_by_parsing(text in expression()) {
        // Most random trees do not type-check; those that do must survive.
        if let Ok(expr) = parse(&text) {
            assert_prints_back(&expr);
        }
    }

    #[test]
    fn the_parser_never_panics(text in ".{0,60}") {
        let _ = parse(&text);
        let _ = crate::tokenize(&text);
    }

    #[test]
    fn the_parser_never_panics_on_pieces_of_queries(
        pieces in prop::collection::vec(prop::sample::select(vec![
            "sum", "by", "(", ")", "x", "{", "}", "[", "]", "5m", ":", ",", "=", "\"a\"", "offset", "@", "-", "^",
            "on", "group_left", "fill", "bool", "and", "start", "rate", "1", "</", "smoothed", "!=", "#", "\n",
        ]), 0..14)
    ) {
        let text = pieces.join(" ");
        if let Err(error) = parse(&text) {
            prop_assert!(error.span.range().end <= text.len(), "{}: {:?}", text, error.span);
        }
    }
}
