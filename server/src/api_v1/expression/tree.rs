//! A syntax tree as Prometheus's `parse_query` writes it, for the tree views of its and other interfaces.
//!
//! As there, a range, step or offset that is calculated (`x[step()]`) is written as zero, and a metric's name outside
//! the braces is repeated as the last matcher.

use crowsnest_api::{METRIC_NAME, format_value};
use crowsnest_promql::ast::{
    Aggregate, At, Binary, Call, Edges, Expr, ExprKind, Group, Grouping, MatchingLabels, Modifiers, Selector,
    Side, Subquery,
};
use crowsnest_promql::{Arity, UnaryOp, ValueType};
use serde_json::{Value, json};

/// The tree below `expr`.
pub(super) fn of(expr: &Expr) -> Value {
    match &expr.kind {
        ExprKind::Number(number) => json!({"type": "numberLiteral", "val": format_value(number.value)}),
        ExprKind::String(bytes) => json!({"type": "stringLiteral", "val": String::from_utf8_lossy(bytes)}),
        ExprKind::Selector(selector) => selector_node(selector),
        ExprKind::Subquery(subquery) => subquery_node(subquery),
        ExprKind::Call(call) => call_node(call),
        ExprKind::Aggregate(aggregate) => aggregate_node(aggregate),
        ExprKind::Binary(binary) => binary_node(binary),
        ExprKind::Unary(op, operand) => json!({"type": "unaryExpr", "op": op.as_str(), "expr": of(operand)}),
        ExprKind::Paren(inner) => json!({"type": "parenExpr", "expr": of(inner)}),
    }
}

fn selector_node(selector: &Selector) -> Value {
    let name = selector.name.as_deref();
    let matchers = selector
        .matchers
        .iter()
        .map(|matcher| json!({"name": matcher.name, "value": matcher.value, "type": matcher.op.as_str()}));
    let of_name = name.map(|name| json!({"name": METRIC_NAME, "value": name, "type": "="}));
    let edges = selector.modifiers.edges;
    let mut node = json!({
        "type": "vectorSelector",
        "name": name.unwrap_or_default(),
        "matchers": matchers.chain(of_name).collect::<Vec<_>>(),
        "anchored": edges == Some(Edges::Anchored),
        "smoothed": edges == Some(Edges::Smoothed),
    });
    if let Some(range) = &selector.range {
        node["type"] = json!("matrixSelector");
        node["range"] = json!(millis(range));
    }
    add_modifiers(&mut node, &selector.modifiers);
    node
}

fn subquery_node(subquery: &Subquery) -> Value {
    let mut node = json!({
        "type": "subquery",
        "expr": of(&subquery.expr),
        "range": millis(&subquery.range),
        "step": subquery.step.as_deref().map_or(0, millis),
    });
    add_modifiers(&mut node, &subquery.modifiers);
    node
}

fn add_modifiers(node: &mut Value, modifiers: &Modifiers) {
    let (timestamp, start_or_end) = match modifiers.at {
        Some(At::Time(millis)) => (Some(millis), None),
        Some(At::Start) => (None, Some("start")),
        Some(At::End) => (None, Some("end")),
        None => (None, None),
    };
    node["offset"] = json!(modifiers.offset.as_deref().map_or(0, millis));
    node["timestamp"] = json!(timestamp);
    node["startOrEnd"] = json!(start_or_end);
}

/// Milliseconds of a duration that is written down; zero of one that is calculated.
fn millis(duration: &Expr) -> i64 {
    match &duration.kind {
        ExprKind::Number(number) => (number.value * 1000.0).round() as i64,
        ExprKind::Unary(UnaryOp::Minus, operand) => millis(operand).saturating_neg(),
        ExprKind::Unary(UnaryOp::Plus, operand) | ExprKind::Paren(operand) => millis(operand),
        _ => 0,
    }
}

fn call_node(call: &Call) -> Value {
    let function = call.function;
    let mut types = function.args.to_vec();
    let variadic = match function.arity {
        Arity::Exact => 0,
        Arity::OptionalLast => 1,
        Arity::RepeatLast { most: None } => -1,
        Arity::RepeatLast { most: Some(most) } => {
            // Prometheus counts from the last type, which may be left out.
            let more = most.saturating_sub(types.len());
            types.extend(types.last().copied());
            i64::try_from(more).unwrap_or(i64::MAX)
        }
    };
    json!({
        "type": "call",
        "func": {
            "name": function.name,
            "argTypes": types.into_iter().map(type_word).collect::<Vec<_>>(),
            "variadic": variadic,
            "returnType": type_word(function.returns),
        },
        "args": call.args.iter().map(of).collect::<Vec<_>>(),
    })
}

fn type_word(of: ValueType) -> &'static str {
    match of {
        ValueType::Scalar => "scalar",
        ValueType::InstantVector => "vector",
        ValueType::RangeVector => "matrix",
        ValueType::String => "string",
    }
}

fn aggregate_node(aggregate: &Aggregate) -> Value {
    let (Grouping::By(labels) | Grouping::Without(labels)) = &aggregate.grouping;
    json!({
        "type": "aggregation",
        "op": aggregate.op.as_str(),
        "expr": of(&aggregate.expr),
        "param": aggregate.parameter.as_ref().map(of),
        "grouping": labels,
        "without": matches!(aggregate.grouping, Grouping::Without(_)),
    })
}

fn binary_node(binary: &Binary) -> Value {
    let vectors = [&binary.lhs, &binary.rhs].iter().all(|side| side.value_type() == ValueType::InstantVector);
    let matching = &binary.matching;
    let cardinality = match &matching.group {
        None if binary.op.is_set() => "many-to-many",
        None => "one-to-one",
        Some(Group { many: Side::Left, .. }) => "many-to-one",
        Some(Group { many: Side::Right, .. }) => "one-to-many",
    };
    json!({
        "type": "binaryExpr",
        "op": binary.op.as_str(),
        "lhs": of(&binary.lhs),
        "rhs": of(&binary.rhs),
        "matching": vectors.then(|| json!({
            "card": cardinality,
            "labels": matching.labels.names(),
            "on": matches!(matching.labels, MatchingLabels::On(_)),
            "include": matching.group.as_ref().map(|group| group.include.as_slice()).unwrap_or_default(),
            "fillValues": {"lhs": matching.fill.left, "rhs": matching.fill.right},
        })),
        "bool": binary.return_bool,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(query: &str, expected: &Value) {
        let expr = crowsnest_promql::parse(query).unwrap();
        assert_eq!(&of(&expr), expected, "{query}");
    }

    fn selector(name: &str) -> Value {
        json!({
            "type": "vectorSelector", "name": name, "offset": 0, "timestamp": null, "startOrEnd": null,
            "anchored": false, "smoothed": false,
            "matchers": [{"name": "__name__", "value": name, "type": "="}],
        })
    }

    #[test]
    fn selectors_carry_their_matchers_and_their_times() {
        check("up", &selector("up"));
        check(
            "up{job!~\"a|b\"}[5m] @ 1.5 offset -1m",
            &json!({
                "type": "matrixSelector", "name": "up", "range": 300_000, "offset": -60_000, "timestamp": 1500,
                "startOrEnd": null, "anchored": false, "smoothed": false,
                "matchers": [
                    {"name": "job", "value": "a|b", "type": "!~"},
                    {"name": "__name__", "value": "up", "type": "="},
                ],
            }),
        );
        check(
            "up[1h:] @ end()",
            &json!({
                "type": "subquery", "expr": selector("up"), "range": 3_600_000, "step": 0, "offset": 0,
                "timestamp": null, "startOrEnd": "end",
            }),
        );
    }

    #[test]
    fn calls_tell_what_their_function_takes() {
        check(
            "round(up)",
            &json!({
                "type": "call", "args": [selector("up")],
                "func": {"name": "round", "argTypes": ["vector", "scalar"], "variadic": 1, "returnType": "vector"},
            }),
        );
        let call = of(&crowsnest_promql::parse("histogram_quantiles(up, \"q\", 0.5)").unwrap());
        assert_eq!(call["func"]["variadic"], 9);
        assert_eq!(call["func"]["argTypes"], json!(["vector", "string", "scalar", "scalar"]));
    }

    #[test]
    fn operators_tell_how_series_find_each_other() {
        check(
            "a / on (job) group_left (x) b",
            &json!({
                "type": "binaryExpr", "op": "/", "lhs": selector("a"), "rhs": selector("b"), "bool": false,
                "matching": {
                    "card": "many-to-one", "labels": ["job"], "on": true, "include": ["x"],
                    "fillValues": {"lhs": null, "rhs": null},
                },
            }),
        );
        check(
            "a > bool 1",
            &json!({
                "type": "binaryExpr", "op": ">", "lhs": selector("a"), "bool": true, "matching": null,
                "rhs": {"type": "numberLiteral", "val": "1"},
            }),
        );
        let set = of(&crowsnest_promql::parse("a and b").unwrap());
        assert_eq!(set["matching"]["card"], "many-to-many");
    }

    #[test]
    fn the_rest_is_plain() {
        check(
            "topk without (a) (3, -(up))",
            &json!({
                "type": "aggregation", "op": "topk", "without": true, "grouping": ["a"],
                "param": {"type": "numberLiteral", "val": "3"},
                "expr": {"type": "unaryExpr", "op": "-", "expr": {"type": "parenExpr", "expr": selector("up")}},
            }),
        );
        check(r#""a""#, &json!({"type": "stringLiteral", "val": "a"}));
        check("-Inf", &json!({"type": "numberLiteral", "val": "-Inf"}));
    }
}
