//! The variables of a dashboard while they are loaded, one after those that it needs, and when a choice changes.
//!
//! Asks nothing itself: [`Loading::ready`] says which may be asked for at once, [`Loading::question`] what, and [`Loading::answer`] takes the answer. The
//! browser does so as answers come in, the server in a loop.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Candidate, Choice, ChoiceOption, Filter, Options, Question, Variable, VariableKind, adhoc_matchers,
    choose, dependents, options, order,
};
use crate::interpolate::{Bound, Format, Globals, Scope, interpolate};
use crate::pattern::Engine;

/// Variables, and how far they are.
#[derive(Clone, Debug)]
pub struct Loading {
    variables: Vec<Variable>,
    sequence: Vec<usize>,
    wanted: BTreeMap<String, Choice>,
    settled: BTreeMap<usize, Settled>,
    bound: BTreeMap<String, Bound>,
}

/// A variable that is loaded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settled {
    /// Its options.
    pub options: Options,
    /// What is chosen.
    pub choice: Choice,
}

impl Loading {
    /// Begins with what is wanted, by name: from the URL, or from before. What is not there is as the file has it. Variables that need each
    /// other are not asked for: they have their stored values at once.
    pub fn new(variables: Vec<Variable>, wanted: BTreeMap<String, Choice>) -> Self {
        let sequence = order(&variables).sequence;
        let mut loading =
            Self { variables, sequence, wanted, settled: BTreeMap::new(), bound: BTreeMap::new() };
        let known: BTreeSet<usize> = loading.sequence.iter().copied().collect();
        for at in (0..loading.variables.len()).filter(|at| !known.contains(at)) {
            let Some(variable) = loading.variables.get(at) else { continue };
            let choice = loading.wanted.get(&variable.name).unwrap_or(&variable.stored).clone();
            let bound = choice.bind(variable, &[], variable.all_value.as_deref(), 0);
            loading.bound.insert(variable.name.clone(), bound);
            loading.settled.insert(at, Settled { options: Options::default(), choice });
        }
        loading
    }

    /// The variables.
    pub fn variables(&self) -> &[Variable] {
        &self.variables
    }

    /// Options and choice of the variable `at`, once it is loaded.
    pub fn settled(&self, at: usize) -> Option<&Settled> {
        self.settled.get(&at)
    }

    /// Whether all are loaded.
    pub fn is_done(&self) -> bool {
        self.settled.len() == self.variables.len()
    }

    /// What goes in for the names of those that are loaded.
    pub fn scope(&self) -> &BTreeMap<String, Bound> {
        &self.bound
    }

    /// Matchers that every selector gets, by ad-hoc filters.
    pub fn adhoc_matchers(&self) -> Vec<String> {
        let filters = self.variables.iter().filter_map(|variable| match &variable.kind {
            VariableKind::AdHoc(filters) => Some(filters),
            _ => None,
        });
        adhoc_matchers(&filters.flatten().cloned().collect::<Vec<Filter>>())
    }

    /// Indices of the variables that can be loaded now: all that they need is.
    pub fn ready(&self) -> Vec<usize> {
        let waiting = |name: &str| {
            let at = self.variables.iter().position(|other| other.name == name);
            at.is_some_and(|at| !self.settled.contains_key(&at))
        };
        let can = |at: &&usize| {
            let needs = |variable: &Variable| {
                let mentioned = variable.sources().into_iter().flat_map(crate::interpolate::references);
                mentioned.filter(|reference| waiting(reference.name)).count()
            };
            !self.settled.contains_key(at)
                && self.variables.get(**at).is_some_and(|variable| needs(variable) == 0)
        };
        self.sequence.iter().filter(can).copied().collect()
    }

    /// What must be asked for the variable `at`; [`Question::None`] for one that has its options in itself.
    pub fn question(&self, at: usize, globals: &Globals) -> Question {
        match self.variables.get(at).map(|variable| &variable.kind) {
            Some(VariableKind::Query(text)) => Question::parse(&self.fill(text, globals, &Format::PromQl)),
            _ => Question::None,
        }
    }

    /// Takes the answer for the variable `at`, none for one that asks nothing.
    pub fn answer(&mut self, at: usize, candidates: &[Candidate], globals: &Globals, engine: &dyn Engine) {
        let Some(variable) = self.variables.get(at) else { return };
        let range_ms = globals.to.saturating_sub(globals.from);
        let text = match &variable.kind {
            VariableKind::Custom { list: text, .. }
            | VariableKind::Interval { list: text, .. }
            | VariableKind::Textbox(text)
            | VariableKind::Constant(text) => self.fill(text, globals, &Format::Raw),
            _ => String::new(),
        };
        let regex = self.fill(&variable.regex, globals, &Format::Regex);
        let options = options(variable, &text, &regex, candidates, engine);
        let wanted = self.wanted.get(&variable.name).unwrap_or(&variable.stored);
        let choice = choose(variable, &options.list, wanted);
        let all = variable.all_value.as_ref().map(|all| self.fill(all, globals, &Format::Raw));
        let bound = choice.bind(variable, &options.list, all.as_deref(), range_ms);
        self.bound.insert(variable.name.clone(), bound);
        self.settled.insert(at, Settled { options, choice });
    }

    /// Somebody chooses. The variable, and those that depend on it, are to be loaded again; what was chosen of those stays wanted.
    pub fn choose(&mut self, name: &str, choice: Choice) {
        let again = dependents(name, &self.variables);
        let own = self.variables.iter().position(|variable| variable.name == name);
        for at in again {
            if let (Some(settled), Some(variable)) = (self.settled.remove(&at), self.variables.get(at)) {
                self.wanted.insert(variable.name.clone(), settled.choice);
            }
        }
        self.wanted.insert(name.to_owned(), choice);
        if let Some(own) = own.filter(|own| self.sequence.contains(own)) {
            self.settled.remove(&own);
        }
    }

    /// The values that a row or panel is repeated for.
    pub fn repeat_values(&self, name: &str) -> Vec<(String, String)> {
        let at = self.variables.iter().position(|variable| variable.name == name);
        let Some(settled) = at.and_then(|at| self.settled.get(&at)) else { return Vec::new() };
        if settled.choice.is_all() {
            let pair = |option: &ChoiceOption| (option.value.clone(), option.text.clone());
            return settled.options.list.iter().map(pair).collect();
        }
        settled.choice.values.iter().cloned().zip(settled.choice.texts.iter().cloned()).collect()
    }

    fn fill(&self, text: &str, globals: &Globals, format: &Format) -> String {
        let scopes: &[&dyn Scope] = &[&self.bound, globals];
        interpolate(text, scopes, format)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::pattern::Fancy;

    /// A store that has what the question asks for in its name.
    fn load(loading: &mut Loading) -> Vec<String> {
        let globals = Globals { to: 3_600_000, ..Globals::default() };
        let mut asked = Vec::new();
        while let Some(at) = loading.ready().first().copied() {
            let question = loading.question(at, &globals);
            let found = match &question {
                Question::LabelValues { label, selector } => {
                    asked.push(format!("{label} of {}", selector.clone().unwrap_or_default()));
                    [1, 2].map(|at| format!("{label}-{at}")).to_vec()
                }
                _ => Vec::new(),
            };
            let found: Vec<_> =
                found.into_iter().map(|text| Candidate { value: text.clone(), text }).collect();
            loading.answer(at, &found, &globals, &Fancy);
        }
        assert!(loading.is_done());
        asked
    }

    fn loading() -> Loading {
        let variables = [
            json!({"name": "pod", "type": "query", "query": "label_values(up{ns=\"$ns\"}, pod)", "multi": true, "includeAll": true,
                "current": {"text": "All", "value": "$__all"}}),
            json!({"name": "ns", "type": "query", "query": {"query": "label_values(up, ns)"}}),
            json!({"name": "step", "type": "interval", "query": "1m", "auto": true, "current": {"text": "auto", "value": "$__auto_interval_step"}}),
            json!({"name": "a", "type": "query", "query": "$b", "current": {"text": "A", "value": "kept"}}),
            json!({"name": "b", "type": "query", "query": "$a"}),
            json!({"name": "f", "type": "adhoc", "filters": [{"key": "job", "operator": "=", "value": "x"}]}),
        ];
        Loading::new(variables.iter().map(Variable::read).collect(), BTreeMap::new())
    }

    #[test]
    fn each_is_asked_for_after_what_it_needs_and_circles_keep_their_values() {
        let mut loading = loading();
        assert_eq!(load(&mut loading), ["ns of up", "pod of up{ns=\"ns-1\"}"]);
        let text = interpolate("$ns $pod $step $a", loading.scope(), &Format::PromQl);
        assert_eq!(text, "ns-1 (pod-1|pod-2) 2m kept");
        assert_eq!(loading.adhoc_matchers(), ["job=\"x\""]);
        assert_eq!(loading.repeat_values("pod").len(), 2);
    }

    #[test]
    fn a_choice_loads_what_depends_on_it_again() {
        let mut loading = loading();
        load(&mut loading);
        loading.choose("ns", Choice::of(["ns-2"]));
        assert_eq!(load(&mut loading), ["ns of up", "pod of up{ns=\"ns-2\"}"]);
        loading.choose("pod", Choice::of(["pod-2"]));
        assert_eq!(load(&mut loading), ["pod of up{ns=\"ns-2\"}"]);
        assert_eq!(interpolate("$pod", loading.scope(), &Format::PromQl), "pod-2");
    }
}
