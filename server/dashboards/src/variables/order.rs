//! In which order variables are loaded: each after those that it mentions.

use std::collections::BTreeSet;

use super::Variable;
use crate::interpolate;

/// The order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Order {
    /// Indices of variables, those first that others need. Variables of cycles are not among them.
    pub sequence: Vec<usize>,
    /// Names of variables that need each other, each cycle with what depends on it.
    pub cycles: Vec<Vec<String>>,
}

/// The order of `variables`.
pub fn order(variables: &[Variable]) -> Order {
    let needs: Vec<BTreeSet<usize>> = variables.iter().map(|variable| needs(variable, variables)).collect();
    let mut loaded = BTreeSet::new();
    let mut sequence = Vec::with_capacity(variables.len());
    // As many rounds as the longest chain; each takes what is ready, in the order of the dashboard.
    loop {
        let ready: Vec<usize> = needs
            .iter()
            .enumerate()
            .filter(|(at, needs)| !loaded.contains(at) && needs.is_subset(&loaded))
            .map(|(at, _)| at)
            .collect();
        if ready.is_empty() {
            break;
        }
        loaded.extend(&ready);
        sequence.extend(ready);
    }
    let names = |(at, variable): (usize, &Variable)| (!loaded.contains(&at)).then(|| variable.name.clone());
    let stuck: Vec<String> = variables.iter().enumerate().filter_map(names).collect();
    Order { sequence, cycles: if stuck.is_empty() { Vec::new() } else { vec![stuck] } }
}

/// Indices of the variables that `variable` mentions. One that mentions itself alone would never be loaded.
fn needs(variable: &Variable, variables: &[Variable]) -> BTreeSet<usize> {
    let names =
        variable.sources().into_iter().flat_map(interpolate::references).map(|reference| reference.name);
    names.filter_map(|name| variables.iter().position(|other| other.name == name)).collect()
}

/// Indices of the variables that must be loaded again when `name` changes, in the order of loading.
pub fn dependents(name: &str, variables: &[Variable]) -> Vec<usize> {
    let mut changed = BTreeSet::from([name]);
    let mut found = Vec::new();
    for at in order(variables).sequence {
        let Some(variable) = variables.get(at) else { continue };
        let mut mentioned = variable.sources().into_iter().flat_map(interpolate::references);
        if mentioned.any(|reference| changed.contains(reference.name)) {
            changed.insert(&variable.name);
            found.push(at);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn variables(queries: &[(&str, &str)]) -> Vec<Variable> {
        let read = |(name, query): &(&str, &str)| {
            Variable::read(&json!({"name": name, "type": "query", "query": query}))
        };
        queries.iter().map(read).collect()
    }

    #[test]
    fn a_variable_is_loaded_after_those_that_it_mentions() {
        let list = variables(&[
            ("pod", "label_values(x{ns=\"$ns\"}, pod)"),
            ("ns", "label_values(x{c=\"${c}\"}, ns)"),
            ("c", "label_values(c)"),
        ]);
        assert_eq!(order(&list), Order { sequence: vec![2, 1, 0], cycles: vec![] });
        assert_eq!(dependents("c", &list), [1, 0]);
        assert!(dependents("pod", &list).is_empty());
    }

    #[test]
    fn variables_that_need_each_other_are_told_and_the_rest_loads() {
        let list = variables(&[("a", "$b"), ("b", "$a"), ("c", "up"), ("self", "$self")]);
        let order = order(&list);
        assert_eq!(order.sequence, [2]);
        assert_eq!(order.cycles, [["a", "b", "self"].map(str::to_owned).to_vec()]);
    }
}
