//! Alerts that mute others.

use std::collections::BTreeSet;

use crowsnest_api::Labels;
use crowsnest_promql::Matcher;

use super::route::matchers;
use crate::yaml::{Faults, Fields};

/// While a source fires, targets with the same values of some labels are mute.
#[derive(Clone, Debug)]
pub struct InhibitRule {
    source: Vec<Matcher>,
    target: Vec<Matcher>,
    equal: BTreeSet<String>,
}

const FIELDS: &[&str] = &[
    "name",
    "source_match",
    "source_match_re",
    "source_matchers",
    "target_match",
    "target_match_re",
    "target_matchers",
    "equal",
    "sources",
];

pub(super) fn read(fields: &Fields<'_>, faults: &mut Faults) -> Vec<InhibitRule> {
    let mut rules = Vec::new();
    for node in fields.list("inhibit_rules", faults) {
        let fields = Fields::of(node, "inhibit rule", FIELDS, faults);
        let source = matchers(&fields, ("source_match", "source_match_re", "source_matchers"), faults);
        let target = matchers(&fields, ("target_match", "target_match_re", "target_matchers"), faults);
        let equal = fields.texts("equal", faults);
        let equal = equal.into_iter().map(|(_, name)| name.to_owned()).collect();
        rules.push(InhibitRule { source, target, equal });
    }
    rules
}

impl InhibitRule {
    /// Whether an alert may mute others.
    pub fn is_source(&self, labels: &Labels) -> bool {
        self.source.iter().all(|matcher| matcher.matches(labels))
    }

    /// Whether an alert may be muted.
    pub fn is_target(&self, labels: &Labels) -> bool {
        self.target.iter().all(|matcher| matcher.matches(labels))
    }

    /// What a source and a target must have in common; a label that is absent counts as empty.
    pub fn common(&self, labels: &Labels) -> Labels {
        let mut common = labels.to_builder();
        common.retain(|label| self.equal.contains(label.name.as_str()));
        common.build()
    }

    /// Whether `source`, which fires and is one, mutes `target`. Two alerts that are both on both sides do not mute each
    /// other.
    pub fn mutes(&self, source: &Labels, target: &Labels) -> bool {
        self.is_target(target)
            && self.common(source) == self.common(target)
            && !(self.is_source(target) && self.is_target(source))
    }
}
