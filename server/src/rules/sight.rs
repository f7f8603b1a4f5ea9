//! What somebody may see of rules and of what they found who may not see every namespace.

use std::borrow::Cow;

use crowsnest_alerting::evaluation::RuleView;
use crowsnest_alerting::rules::Rule;
use crowsnest_api::Labels;
use crowsnest_promql::ast::{ExprKind, LabelMatcher};
use crowsnest_promql::{Confinement, MatchOp};

/// The label that says which namespace something is of.
pub(crate) const NAMESPACE: &str = "namespace";
/// Patterns that name no namespace.
const ANY: &[&str] = &["", ".*", ".+"];
/// What stands in for the text of an error, which may name what may not be seen.
const HIDDEN_ERROR: &str = "the evaluation failed; why is told to those who may see all namespaces";

/// Whether somebody may see things of a namespace.
pub(crate) fn sees_namespace(confinement: &Confinement, namespace: &str) -> bool {
    confinement.is_none() || confinement.admits(&Labels::from_pairs([(NAMESPACE, namespace)]))
}

/// Whether a rule may be seen: neither its selectors nor its labels name a namespace that may not be.
pub(crate) fn sees_rule(confinement: &Confinement, rule: &Rule) -> bool {
    if confinement.is_none() {
        return true;
    }
    let mut sees = rule
        .labels
        .iter()
        .filter(|(name, template)| name == NAMESPACE && !template.text().contains("{{"))
        .all(|(_, template)| sees_namespace(confinement, template.text()));
    rule.expr.expr().walk(&mut |node| {
        if let ExprKind::Selector(selector) = &node.kind {
            sees &= selector.matchers.iter().all(|matcher| sees_matcher(confinement, matcher));
        }
    });
    sees
}

fn sees_matcher(confinement: &Confinement, matcher: &LabelMatcher) -> bool {
    // Also `exported_namespace`, `kubernetes_namespace`.
    if !matcher.name.ends_with(NAMESPACE) || ANY.contains(&matcher.value.as_str()) {
        return true;
    }
    match matcher.op {
        MatchOp::Equal | MatchOp::NotEqual => sees_namespace(confinement, &matcher.value),
        MatchOp::Regex | MatchOp::NotRegex => {
            matcher.value.split('|').all(|name| sees_namespace(confinement, name))
        }
    }
}

/// What an evaluation gave, with those of its alerts that may be seen.
pub(crate) fn outcome<'a>(confinement: &Confinement, outcome: &'a RuleView) -> Cow<'a, RuleView> {
    if confinement.is_none() {
        return Cow::Borrowed(outcome);
    }
    let mut seen = outcome.clone();
    seen.alerts.retain(|alert| confinement.admits(&alert.labels));
    seen.last_error = seen.last_error.map(|_| HIDDEN_ERROR.to_owned());
    Cow::Owned(seen)
}

#[cfg(test)]
mod tests {
    use crowsnest_alerting::rules::RuleFile;
    use crowsnest_promql::{Engine, Matcher};

    use super::*;

    fn shop() -> Confinement {
        Confinement::to(vec![Matcher::new(NAMESPACE, MatchOp::Regex, "shop|web").unwrap()])
    }

    #[track_caller]
    fn check(rule: &str, expected: bool) {
        let text = format!("groups: [{{name: g, rules: [{{alert: A, {rule}}}]}}]");
        let groups = RuleFile::parse(&text, &Engine::default()).unwrap().groups;
        let rule = groups.first().and_then(|group| group.rules.first()).unwrap();
        assert_eq!(sees_rule(&shop(), rule), expected, "{text}");
        assert!(sees_rule(&Confinement::none(), rule));
    }

    #[test]
    fn a_rule_is_seen_unless_it_names_a_namespace_that_is_not() {
        check("expr: up == 0", true);
        check("expr: 'up{namespace=\"shop\"}'", true);
        check("expr: 'up{namespace=\"data\"}'", false);
        check("expr: 'up{namespace!=\"data\"}'", false);
        check("expr: 'up{namespace=~\"shop|web\"}'", true);
        check("expr: 'up{namespace=~\"shop|data\"}'", false);
        check("expr: 'up{namespace=~\".+\"}'", true);
        check("expr: 'sum(rate(x{exported_namespace=\"data\"}[5m])) > 1'", false);
        check("expr: up == 0, labels: {namespace: data}", false);
        check("expr: up == 0, labels: {namespace: '{{ $labels.of }}'}", true);
    }
}
