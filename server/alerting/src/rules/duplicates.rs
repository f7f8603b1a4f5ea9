//! Rules that write the same series.

use std::collections::BTreeMap;

use super::{Group, Rule};

/// Rules of the same name with the same labels.
#[derive(Clone, Debug)]
pub struct Duplicate<'r> {
    /// The first of them.
    pub first: &'r Rule,
    /// Another.
    pub again: &'r Rule,
}

/// The rules of groups that write what an earlier one writes, as `promtool check rules` warns of them.
pub fn duplicates<'r>(groups: impl IntoIterator<Item = &'r Group>) -> Vec<Duplicate<'r>> {
    let mut seen: BTreeMap<String, &Rule> = BTreeMap::new();
    let mut found = Vec::new();
    for rule in groups.into_iter().flat_map(|group| &group.rules) {
        match seen.get(&rule.identity()) {
            Some(first) => found.push(Duplicate { first, again: rule }),
            None => {
                seen.insert(rule.identity(), rule);
            }
        }
    }
    found
}
