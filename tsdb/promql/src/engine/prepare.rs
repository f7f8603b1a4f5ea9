//! What is checked before evaluation begins: switched-off features and regular expressions.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crowsnest_api::METRIC_NAME;
use regex::Regex;

use super::{Features, QueryError};
use crate::ast::{Expr, ExprKind, Selector};
use crate::parser::{EMPTY_SELECTOR, Fault, ParseError, parse_selector};
use crate::{Matcher, PatternBudget};

/// The compiled matchers of every selector, by the selector's address; the tree is kept for as long as they are used.
#[derive(Debug, Default)]
pub(crate) struct CompiledMatchers {
    selectors: HashMap<usize, Arc<[Matcher]>>,
    /// Other regular expressions of the tree, which are arguments of functions; compiled when they are first needed.
    patterns: Mutex<HashMap<String, Regex>>,
}

impl CompiledMatchers {
    /// Those of a selector of the tree.
    pub(crate) fn of(&self, selector: &Selector) -> Arc<[Matcher]> {
        self.selectors.get(&std::ptr::from_ref(selector).addr()).cloned().unwrap_or_default()
    }

    /// An argument that is a regular expression, anchored.
    pub(crate) fn pattern(&self, pattern: &str) -> Result<Regex, regex::Error> {
        let mut patterns = self.patterns.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(regex) = patterns.get(pattern) {
            return Ok(regex.clone());
        }
        let regex = crate::matcher::anchored(pattern)?;
        patterns.insert(pattern.to_owned(), regex.clone());
        Ok(regex)
    }
}

/// An expression that has been checked, with its matchers compiled: for those that are evaluated again and again.
#[derive(Clone, Debug)]
pub struct Prepared {
    pub(super) expr: Arc<Expr>,
    pub(super) matchers: Arc<CompiledMatchers>,
}

impl Prepared {
    /// The expression.
    pub fn expr(&self) -> &Expr {
        &self.expr
    }
}

/// Checks a tree and compiles its matchers.
pub(crate) fn prepare(expr: &Expr, features: Features) -> Result<CompiledMatchers, QueryError> {
    let mut matchers = CompiledMatchers::default();
    let mut budget = PatternBudget::default();
    let mut problem = None;
    // The second argument of info() lists labels in the form of a selector; it may let everything pass.
    let mut label_lists = Vec::new();
    expr.walk(&mut |node| {
        if let ExprKind::Call(call) = &node.kind
            && call.function.name == "info"
        {
            label_lists.extend(call.args.get(1).map(std::ptr::from_ref));
        }
        if problem.is_none() {
            let may_match_everything = label_lists.contains(&std::ptr::from_ref(node));
            problem = check_features(node, features)
                .and_then(|()| compile(node, may_match_everything, &mut budget, &mut matchers))
                .err();
        }
    });
    problem.map_or(Ok(matchers), Err)
}

fn check_features(expr: &Expr, features: Features) -> Result<(), QueryError> {
    let experimental = match &expr.kind {
        ExprKind::Call(call) if call.function.experimental => Some(call.function.name),
        ExprKind::Aggregate(aggregate) if aggregate.op.aggregator().experimental => {
            Some(aggregate.op.as_str())
        }
        _ => None,
    };
    if let Some(name) = experimental
        && !features.experimental_functions
    {
        let feature = "--enable-feature=promql-experimental-functions";
        let message = format!("{name}() is experimental and must be enabled with {feature}");
        return Err(QueryError::at(expr.span, message));
    }
    match &expr.kind {
        ExprKind::Selector(selector) if !features.extended_ranges => match selector.modifiers.edges {
            Some(edges) => {
                let feature = "--enable-feature=promql-extended-range-selectors";
                let message = format!("{edges} modifier is experimental and must be enabled with {feature}");
                Err(QueryError::at(expr.span, message))
            }
            None => Ok(()),
        },
        _ => Ok(()),
    }
}

/// The matchers of a series selector as `match[]` has it: alone, without range, `offset` or `@`. They may match every
/// series. `budget` is that of the whole question.
///
/// # Errors
/// When the text is anything else, or a regular expression is none or takes too much room.
pub fn parse_matchers(text: &str, budget: &mut PatternBudget) -> Result<Vec<Matcher>, ParseError> {
    let selector = parse_selector(text)?;
    matchers_of(&selector, budget).map_err(|fault| fault.locate(text))
}

fn matchers_of(selector: &Selector, budget: &mut PatternBudget) -> Result<Vec<Matcher>, Fault> {
    let mut matchers: Vec<Matcher> =
        selector.name.iter().map(|name| Matcher::equal(METRIC_NAME, name.clone())).collect();
    for matcher in &selector.matchers {
        let (name, value) = (matcher.name.clone(), matcher.value.clone());
        let compiled = Matcher::within(budget, name, matcher.op, value).map_err(|error| {
            Fault::new(matcher.span, format!("{error}: {}", crate::matcher::reason(&error.source)))
        })?;
        matchers.push(compiled);
    }
    Ok(matchers)
}

fn compile(
    expr: &Expr,
    may_match_everything: bool,
    budget: &mut PatternBudget,
    compiled: &mut CompiledMatchers,
) -> Result<(), QueryError> {
    let ExprKind::Selector(selector) = &expr.kind else { return Ok(()) };
    let matchers =
        matchers_of(selector, budget).map_err(|fault| QueryError::at(fault.span, fault.message))?;
    // The parser lets regular expressions pass whose effect on the empty value only shows now.
    if !may_match_everything
        && selector.name.is_none()
        && matchers.iter().all(|matcher| matcher.matches_value(""))
    {
        return Err(QueryError::at(expr.span, EMPTY_SELECTOR));
    }
    compiled.selectors.insert(std::ptr::from_ref(selector.as_ref()).addr(), matchers.into());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_expressions_of_a_whole_query_share_their_room() {
        let selector = |n: usize| format!("up{{a=~\"(?:a{{200}}){{200}}\",b=\"{n}\"}}");
        let sum = |count: usize| (0..count).map(selector).collect::<Vec<_>>().join(" + ");
        let prepared = |query: &str| prepare(&crate::parse(query).unwrap(), Features::default());
        assert!(prepared(&sum(1)).is_ok());
        let error = prepared(&sum(20)).unwrap_err().to_string();
        assert!(error.contains("size limit"), "{error}");
    }

    #[track_caller]
    fn check(text: &str, expected: Result<usize, &str>) {
        let found = parse_matchers(text, &mut PatternBudget::default()).map(|matchers| matchers.len());
        assert_eq!(found.map_err(|error| error.to_string()), expected.map_err(str::to_owned), "{text}");
    }

    #[test]
    fn a_selector_stands_alone() {
        check("up", Ok(1));
        check(r#"up{job=~"a|b",x!=""}"#, Ok(3));
        check(r#"{__name__=~"node_.+"}"#, Ok(1));
        check(r#"sum{a="b"}"#, Ok(2));
        check("{}", Ok(0));
        check("", Err("1:1: parse error: unexpected end of input"));
        check("1", Err("1:1: parse error: unexpected number \"1\""));
        check("rate(up[5m])", Err("1:5: parse error: unexpected \"(\""));
        check("up[5m]", Err("1:3: parse error: unexpected \"[\""));
        check("up offset 5m", Err("1:4: parse error: unexpected <offset>"));
        check("up{", Err("1:4: parse error: unexpected end of input inside braces"));
        check(
            r#"a{__name__="b"}"#,
            Err(r#"1:1: parse error: metric name must not be set twice: "a" or "b""#),
        );
        check(
            r#"{a=~"("}"#,
            Err(r#"1:2: parse error: invalid regular expression "(" for label a: unclosed group"#),
        );
    }
}
