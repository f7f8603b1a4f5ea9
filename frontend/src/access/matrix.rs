//! Rules of roles as a table: a resource a row, a verb a column.

use std::collections::BTreeMap;

use crowsnest_api::access::Rule;

/// The verbs that have columns of their own.
pub(crate) const VERBS: [&str; 8] =
    ["get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"];
const ALL: &str = "*";

/// What one may do with a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    /// Empty for the core group, `*` for all.
    pub(crate) group: String,
    /// Plural name, with what lies below; `*` for all.
    pub(crate) resource: String,
    /// Only objects with these names, where there are any.
    pub(crate) names: Vec<String>,
    /// Of [`VERBS`], in their order.
    pub(crate) verbs: [bool; VERBS.len()],
    /// Others.
    pub(crate) other: Vec<String>,
}

impl Row {
    /// Whether it is everything there is.
    pub(crate) fn is_everything(&self) -> bool {
        self.group == ALL && self.resource == ALL && self.names.is_empty()
    }

    /// What it is called: `deployments.apps`.
    pub(crate) fn words(&self) -> String {
        match self.resource.split_once('/') {
            _ if self.group.is_empty() => self.resource.clone(),
            Some((resource, below)) => format!("{resource}.{}/{below}", self.group),
            None => format!("{}.{}", self.resource, self.group),
        }
    }

    /// All its verbs, for where there is no room for columns.
    pub(crate) fn verb_words(&self) -> String {
        let own = VERBS.iter().zip(self.verbs).filter_map(|(verb, has)| has.then_some(*verb));
        own.chain(self.other.iter().map(String::as_str)).collect::<Vec<_>>().join(", ")
    }
}

/// One row for each resource and set of names, whatever number of rules speak of it. In order of group and resource; everything
/// first.
pub(crate) fn matrix(rules: &[Rule]) -> Vec<Row> {
    let mut rows: BTreeMap<(bool, &str, &str, &[String]), Row> = BTreeMap::new();
    for rule in rules {
        for (group, resource) in rule
            .api_groups
            .iter()
            .flat_map(|group| rule.resources.iter().map(move |resource| (group, resource)))
        {
            let row = rows
                .entry((group != ALL || resource != ALL, group, resource, &rule.resource_names))
                .or_insert_with(|| Row {
                    group: group.clone(),
                    resource: resource.clone(),
                    names: rule.resource_names.clone(),
                    verbs: [false; VERBS.len()],
                    other: Vec::new(),
                });
            rule.verbs.iter().for_each(|verb| add(row, verb));
        }
    }
    rows.into_values().collect()
}

fn add(row: &mut Row, verb: &str) {
    if verb == ALL {
        row.verbs = [true; VERBS.len()];
    }
    match VERBS.iter().zip(&mut row.verbs).find(|(known, _)| **known == verb) {
        Some((_, has)) => *has = true,
        None if row.other.iter().any(|known| known == verb) => {}
        None => row.other.push(verb.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(groups: &[&str], resources: &[&str], verbs: &[&str], names: &[&str]) -> Rule {
        let owned = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        Rule {
            api_groups: owned(groups),
            resources: owned(resources),
            verbs: owned(verbs),
            resource_names: owned(names),
        }
    }

    #[test]
    fn rules_for_the_same_resource_are_one_row() {
        let rows = matrix(&[
            rule(&["apps"], &["deployments", "deployments/scale"], &["get"], &[]),
            rule(&["apps"], &["deployments"], &["list", "get"], &[]),
            rule(&[""], &["secrets"], &["get"], &["tls"]),
            rule(&[""], &["users"], &["impersonate"], &[]),
        ]);
        let told: Vec<_> =
            rows.iter().map(|row| (row.words(), row.verb_words(), row.names.join(" "))).collect();
        let told: Vec<_> = told.iter().map(|(a, b, c)| (a.as_str(), b.as_str(), c.as_str())).collect();
        let expected = [
            ("secrets", "get", "tls"),
            ("users", "impersonate", ""),
            ("deployments.apps", "get, list", ""),
            ("deployments.apps/scale", "get", ""),
        ];
        assert_eq!(told, expected);
    }

    #[test]
    fn a_star_is_every_verb_and_whoever_may_do_everything_reads_that_first() {
        let rows = matrix(&[rule(&[""], &["pods"], &["get"], &[]), rule(&["*"], &["*"], &["*"], &[])]);
        assert!(rows[0].is_everything() && rows[0].verbs.iter().all(|has| *has));
        assert!(!rows[1].is_everything());
    }
}
