//! One rule.

use std::collections::BTreeSet;
use std::time::Duration;

use crowsnest_api::METRIC_NAME;
use crowsnest_promql::ast::ExprKind;
use crowsnest_promql::{Expr, MatchOp, Prepared};
use smol_str::SmolStr;

use super::Reads;
use crate::template::RuleTemplate;
use crate::yaml::Place;

/// A recording or an alerting rule.
#[derive(Clone, Debug)]
pub struct Rule {
    /// What it is for.
    pub kind: RuleKind,
    /// What it asks.
    pub expr: Prepared,
    /// Labels to set, by name: those of its group, then its own. Templates in alerting rules, plain text in others.
    pub labels: Vec<(SmolStr, RuleTemplate)>,
    /// Which metrics it reads.
    pub reads: Reads,
    /// Where it begins.
    pub at: Place,
}

/// What a rule is for.
#[derive(Clone, Debug)]
pub enum RuleKind {
    /// Writes its answer as series of this name.
    Record(SmolStr),
    /// Makes an alert of each series of its answer.
    Alert(Alert),
}

/// What only alerting rules have.
#[derive(Clone, Debug)]
pub struct Alert {
    /// The alert's name.
    pub name: SmolStr,
    /// How long the expression must give a series before its alert fires.
    pub hold: Duration,
    /// How long an alert goes on firing after the expression gives its series no more.
    pub keep_firing: Duration,
    /// Texts for people.
    pub annotations: Vec<(SmolStr, RuleTemplate)>,
}

impl Rule {
    /// The name of what it records, or of its alert.
    pub fn name(&self) -> &str {
        match &self.kind {
            RuleKind::Record(name) => name,
            RuleKind::Alert(alert) => &alert.name,
        }
    }

    /// The text of its expression, as PromQL prints it.
    pub fn query(&self) -> String {
        self.expr.expr().to_string()
    }

    /// Whether `other` is the same rule: evaluated either way, the same comes of it.
    pub fn is_same(&self, other: &Self) -> bool {
        self.identity() == other.identity() && self.query() == other.query() && {
            match (&self.kind, &other.kind) {
                (RuleKind::Alert(a), RuleKind::Alert(b)) => {
                    (a.hold, a.keep_firing) == (b.hold, b.keep_firing)
                        && texts(&a.annotations).eq(texts(&b.annotations))
                }
                _ => true,
            }
        }
    }

    /// What state is matched by when rules change: kind, name and labels.
    pub fn identity(&self) -> String {
        let kind = match self.kind {
            RuleKind::Record(_) => "record",
            RuleKind::Alert(_) => "alert",
        };
        let labels: Vec<_> = texts(&self.labels).map(|(name, text)| format!("{name}={text:?}")).collect();
        format!("{kind} {} {{{}}}", self.name(), labels.join(","))
    }
}

fn texts(templates: &[(SmolStr, RuleTemplate)]) -> impl Iterator<Item = (&str, &str)> {
    templates.iter().map(|(name, template)| (name.as_str(), template.text()))
}

/// The metrics that an expression may read.
pub(super) fn reads(expr: &Expr) -> Reads {
    let mut names = Some(BTreeSet::new());
    expr.walk(&mut |node| {
        let named = match &node.kind {
            ExprKind::Selector(selector) => {
                let by_matcher = || {
                    let of_name =
                        |op| selector.matchers.iter().find(move |m| m.name == METRIC_NAME && m.op == op);
                    of_name(MatchOp::Equal).map(|matcher| matcher.value.clone())
                };
                selector.name.clone().or_else(by_matcher)
            }
            // It reads series that no selector names.
            ExprKind::Call(call) if call.function.name == "info" => None,
            _ => return,
        };
        match named {
            Some(name) => names.iter_mut().for_each(|names| {
                names.insert(name.clone());
            }),
            None => names = None,
        }
    });
    names.map_or(Reads::Anything, Reads::Names)
}
