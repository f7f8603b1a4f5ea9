//! Relabelling: rules that change, keep or drop a label set, as Prometheus has them.
//!
//! Expressions are matched whole, `.` takes every character, and classes like `\d` are those of ASCII, as in RE2. Classes of
//! Unicode (`\pL`) are not known.

use std::fmt::{self, Write as _};
use std::str::FromStr;

use crowsnest_api::{Label, LabelsBuilder};
use md5::{Digest as _, Md5};
use regex_lite::Regex;
use smol_str::{SmolStr, format_smolstr};

/// The expression of a rule that names none.
pub const DEFAULT_REGEX: &str = "(.*)";
/// What stands between the values of source labels unless told otherwise.
pub const DEFAULT_SEPARATOR: &str = ";";
/// What a rule writes that does not say.
pub const DEFAULT_REPLACEMENT: &str = "$1";

/// What a rule does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Action {
    /// Writes the replacement into the target label where the expression matches.
    #[default]
    Replace,
    /// Drops what the expression does not match.
    Keep,
    /// Drops what the expression matches.
    Drop,
    /// Drops what has another value in the target label than the source labels have together.
    KeepEqual,
    /// Drops what has the same.
    DropEqual,
    /// Writes the hash of the values, modulo something, into the target label.
    HashMod,
    /// Copies labels whose names match under the names that the replacement makes.
    LabelMap,
    /// Removes labels whose names match.
    LabelDrop,
    /// Removes all others.
    LabelKeep,
    /// Writes the values in lower case into the target label.
    Lowercase,
    /// Writes the values in upper case into the target label.
    Uppercase,
}

/// Every action with the word for it.
const ACTIONS: &[(Action, &str)] = &[
    (Action::Replace, "replace"),
    (Action::Keep, "keep"),
    (Action::Drop, "drop"),
    (Action::KeepEqual, "keepequal"),
    (Action::DropEqual, "dropequal"),
    (Action::HashMod, "hashmod"),
    (Action::LabelMap, "labelmap"),
    (Action::LabelDrop, "labeldrop"),
    (Action::LabelKeep, "labelkeep"),
    (Action::Lowercase, "lowercase"),
    (Action::Uppercase, "uppercase"),
];

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(ACTIONS.iter().find(|(action, _)| action == self).map_or("", |(_, word)| word))
    }
}

impl FromStr for Action {
    type Err = RuleError;

    fn from_str(word: &str) -> Result<Self, RuleError> {
        let lower = word.to_lowercase();
        let found = ACTIONS.iter().find(|(_, known)| *known == lower);
        found.map(|(action, _)| *action).ok_or_else(|| RuleError::UnknownAction(word.to_owned()))
    }
}

/// What is wrong with a rule; in Prometheus's words, each of which names the field.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    /// There is no such action.
    #[error("unknown relabel action {0:?}")]
    UnknownAction(String),
    /// The expression is none.
    #[error("'regex': {0}")]
    Regex(String),
    /// `hashmod` without a modulus.
    #[error("relabel configuration for hashmod requires non-zero modulus")]
    Modulus,
    /// An action that writes, and not where.
    #[error("relabel configuration for {0} action requires 'target_label' value")]
    NoTarget(Action),
    /// A target label that can be none.
    #[error("{1:?} is invalid 'target_label' for {0} action")]
    BadTarget(Action, String),
    /// A replacement that makes no names.
    #[error("{1:?} is invalid 'replacement' for {0} action")]
    BadReplacement(Action, String),
    /// A replacement where there is nothing to replace.
    #[error("'replacement' can not be set for {0} action")]
    NoReplacement(Action),
    /// Fields that an action has no use for.
    #[error("{0} action requires only {1}, and no other fields")]
    Only(Action, &'static str),
}

/// A rule as somebody wrote it; what is absent has its default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RuleText {
    /// The labels whose values are looked at.
    pub source_labels: Vec<String>,
    /// What stands between them.
    pub separator: Option<String>,
    /// The label that is written.
    pub target_label: String,
    /// What is looked for.
    pub regex: Option<String>,
    /// Of `hashmod`.
    pub modulus: u64,
    /// What is written.
    pub replacement: Option<String>,
    /// What is done.
    pub action: Action,
}

/// A rule that can be applied.
#[derive(Clone, Debug)]
pub struct Rule {
    source_labels: Vec<SmolStr>,
    separator: SmolStr,
    target_label: SmolStr,
    regex: Regex,
    modulus: u64,
    replacement: SmolStr,
    action: Action,
}

/// Whether there is still something after relabelling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// There is.
    Kept,
    /// There is not.
    Dropped,
}

impl Rule {
    /// The rule that somebody wrote.
    ///
    /// # Errors
    /// What is wrong with it, in Prometheus's words.
    pub fn new(text: &RuleText) -> Result<Self, RuleError> {
        check(text)?;
        let regex = text.regex.as_deref().unwrap_or(DEFAULT_REGEX);
        // By itself first: `a)(b` is no expression, though it would be one within parentheses.
        let compile =
            |pattern: &str| Regex::new(pattern).map_err(|error| RuleError::Regex(error.to_string()));
        compile(regex)?;
        Ok(Self {
            source_labels: text.source_labels.iter().map(SmolStr::from).collect(),
            separator: text.separator.as_deref().unwrap_or(DEFAULT_SEPARATOR).into(),
            target_label: text.target_label.as_str().into(),
            regex: compile(&format!("^(?s:{regex})$"))?,
            modulus: text.modulus,
            replacement: text.replacement.as_deref().unwrap_or(DEFAULT_REPLACEMENT).into(),
            action: text.action,
        })
    }

    /// Changes `labels`.
    pub fn apply(&self, labels: &mut LabelsBuilder) -> Verdict {
        let value = self.source(labels);
        let keep_if = |keep: bool| if keep { Verdict::Kept } else { Verdict::Dropped };
        match self.action {
            Action::Keep => return keep_if(self.regex.is_match(&value)),
            Action::Drop => return keep_if(!self.regex.is_match(&value)),
            Action::KeepEqual => return keep_if(labels.get(&self.target_label).unwrap_or_default() == value),
            Action::DropEqual => return keep_if(labels.get(&self.target_label).unwrap_or_default() != value),
            Action::Replace => self.replace(&value, labels),
            Action::HashMod => {
                labels.set(
                    self.target_label.clone(),
                    format_smolstr!("{}", hash(&value) % self.modulus.max(1)),
                );
            }
            Action::Lowercase => {
                labels.set(self.target_label.clone(), value.to_lowercase());
            }
            Action::Uppercase => {
                labels.set(self.target_label.clone(), value.to_uppercase());
            }
            Action::LabelMap => self.map_names(labels),
            Action::LabelDrop => {
                labels.retain(|label| !self.regex.is_match(&label.name));
            }
            Action::LabelKeep => {
                labels.retain(|label| self.regex.is_match(&label.name));
            }
        }
        Verdict::Kept
    }

    /// The values of the source labels, joined.
    fn source(&self, labels: &LabelsBuilder) -> String {
        let mut joined = String::new();
        for (at, name) in self.source_labels.iter().enumerate() {
            if at > 0 {
                joined.push_str(&self.separator);
            }
            joined.push_str(labels.get(name).unwrap_or_default());
        }
        joined
    }

    fn replace(&self, value: &str, labels: &mut LabelsBuilder) {
        let Some(captures) = self.regex.captures(value) else { return };
        let expand = |template: &str| {
            let mut expanded = String::new();
            captures.expand(template, &mut expanded);
            expanded
        };
        let target = expand(&self.target_label);
        // Without a name there is nowhere to write to.
        if !target.is_empty() {
            labels.set(target, expand(&self.replacement));
        }
    }

    fn map_names(&self, labels: &mut LabelsBuilder) {
        let mut mapped: Vec<Label> = Vec::new();
        for label in labels.iter() {
            if let Some(captures) = self.regex.captures(&label.name) {
                let mut name = String::new();
                captures.expand(&self.replacement, &mut name);
                mapped.push(Label { name: name.into(), value: label.value.clone() });
            }
        }
        for label in mapped.into_iter().filter(|label| !label.name.is_empty()) {
            labels.set(label.name, label.value);
        }
    }
}

/// Applies all rules in turn, until one drops the labels.
pub fn relabel(rules: &[Rule], labels: &mut LabelsBuilder) -> Verdict {
    let dropped = rules.iter().any(|rule| rule.apply(labels) == Verdict::Dropped);
    if dropped { Verdict::Dropped } else { Verdict::Kept }
}

/// The second half of the MD5 sum, as a number in network order: what Prometheus's shards are made by.
fn hash(value: &str) -> u64 {
    let sum = Md5::digest(value.as_bytes());
    sum.iter().skip(8).fold(0, |hash, byte| (hash << 8) | u64::from(*byte))
}

fn check(text: &RuleText) -> Result<(), RuleError> {
    let action = text.action;
    let writes = matches!(
        action,
        Action::Replace
            | Action::KeepEqual
            | Action::DropEqual
            | Action::HashMod
            | Action::Lowercase
            | Action::Uppercase
    );
    let has_other =
        |given: &Option<String>, default: &str| given.as_deref().is_some_and(|given| given != default);
    let other_replacement = has_other(&text.replacement, DEFAULT_REPLACEMENT);
    let other_separator = has_other(&text.separator, DEFAULT_SEPARATOR);
    if action == Action::HashMod && text.modulus == 0 {
        return Err(RuleError::Modulus);
    }
    if writes && text.target_label.is_empty() {
        return Err(RuleError::NoTarget(action));
    }
    match action {
        Action::Lowercase | Action::Uppercase if other_replacement => Err(RuleError::NoReplacement(action)),
        Action::LabelMap if text.replacement.as_deref() == Some("") => {
            Err(RuleError::BadReplacement(action, String::new()))
        }
        Action::KeepEqual | Action::DropEqual
            if has_other(&text.regex, DEFAULT_REGEX)
                || other_separator
                || other_replacement
                || text.modulus != 0 =>
        {
            Err(RuleError::Only(action, "'source_labels' and `target_label`"))
        }
        Action::LabelDrop | Action::LabelKeep
            if !text.source_labels.is_empty()
                || !text.target_label.is_empty()
                || other_separator
                || other_replacement
                || text.modulus != 0 =>
        {
            Err(RuleError::Only(action, "'regex'"))
        }
        _ => Ok(()),
    }
}

/// Prints a rule for people, in one line.
impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.action.to_string())?;
        if !self.source_labels.is_empty() {
            write!(f, " [{}]", self.source_labels.join(&self.separator))?;
        }
        if !self.target_label.is_empty() {
            f.write_str(" → ")?;
            f.write_str(&self.target_label)?;
        }
        f.write_char(' ')?;
        f.write_str(self.regex.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crowsnest_api::Labels;

    fn rule(action: Action, source: &[&str], regex: &str, target: &str, replacement: &str) -> Rule {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Rule::new(&RuleText {
            source_labels: source.iter().map(|name| (*name).to_owned()).collect(),
            target_label: target.to_owned(),
            regex: some(regex),
            replacement: some(replacement),
            action,
            ..RuleText::default()
        })
        .unwrap()
    }

    fn labels() -> Labels {
        Labels::from_pairs([("a", "foo"), ("b", "bar"), ("c", "baz"), ("__meta_ö", "X")])
    }

    /// `expected` is what the labels look like after the rule; `None` when it drops them.
    #[track_caller]
    fn check_rule(rule: &Rule, expected: Option<&str>) {
        let mut builder = labels().to_builder();
        let kept = rule.apply(&mut builder) == Verdict::Kept;
        assert_eq!(kept.then(|| builder.build().to_string()).as_deref(), expected, "{rule}");
    }

    const SAME: Option<&str> = Some(r#"{__meta_ö="X", a="foo", b="bar", c="baz"}"#);

    #[test]
    fn replace_writes_what_the_groups_caught_where_the_whole_value_matches() {
        let replace = |source: &[&str], regex, target, replacement| {
            rule(Action::Replace, source, regex, target, replacement)
        };
        check_rule(
            &replace(&["a"], "f(.*)", "d", "ch${1}-ch${1}"),
            Some(r#"{__meta_ö="X", a="foo", b="bar", c="baz", d="choo-choo"}"#),
        );
        check_rule(
            &replace(&["a", "b"], "fo(.*);b(.*)", "b", "$2$1"),
            Some(r#"{__meta_ö="X", a="foo", b="aro", c="baz"}"#),
        );
        check_rule(&replace(&["a"], "o", "d", "x"), SAME);
        check_rule(
            &replace(&["a"], "f(oo)|x", "$1", "y"),
            Some(r#"{__meta_ö="X", a="foo", b="bar", c="baz", oo="y"}"#),
        );
        check_rule(&replace(&["a"], ".*(x)?", "b", "$1"), Some(r#"{__meta_ö="X", a="foo", c="baz"}"#));
        check_rule(
            &replace(&["nothing"], "", "d", "always"),
            Some(r#"{__meta_ö="X", a="foo", b="bar", c="baz", d="always"}"#),
        );
        // Of `$1x` the name is `1x`, which caught nothing.
        check_rule(
            &replace(&["a"], "(.*)", "d", "$1x$$"),
            Some(r#"{__meta_ö="X", a="foo", b="bar", c="baz", d="$"}"#),
        );
    }

    #[test]
    fn labels_are_kept_and_dropped_by_their_values() {
        check_rule(&rule(Action::Keep, &["a"], "f.*", "", ""), SAME);
        check_rule(&rule(Action::Keep, &["a"], "f", "", ""), None);
        check_rule(&rule(Action::Drop, &["a"], "f.*", "", ""), None);
        check_rule(&rule(Action::Drop, &["a"], "x|y", "", ""), SAME);
        check_rule(&rule(Action::KeepEqual, &["a"], "", "b", ""), None);
        check_rule(&rule(Action::DropEqual, &["a"], "", "b", ""), SAME);
        check_rule(&rule(Action::DropEqual, &["a"], "", "a", ""), None);
    }

    #[test]
    fn labels_are_mapped_kept_and_dropped_by_their_names() {
        check_rule(
            &rule(Action::LabelMap, &[], "__meta_(.+)", "", ""),
            Some(r#"{__meta_ö="X", a="foo", b="bar", c="baz", ö="X"}"#),
        );
        check_rule(&rule(Action::LabelDrop, &[], "[ab]", "", ""), Some(r#"{__meta_ö="X", c="baz"}"#));
        check_rule(&rule(Action::LabelKeep, &[], "[ab]", "", ""), Some(r#"{a="foo", b="bar"}"#));
    }

    #[test]
    fn case_is_changed() {
        check_rule(
            &rule(Action::Uppercase, &["a"], "", "a", ""),
            Some(r#"{__meta_ö="X", a="FOO", b="bar", c="baz"}"#),
        );
        check_rule(
            &rule(Action::Lowercase, &["__meta_ö"], "", "c", ""),
            Some(r#"{__meta_ö="X", a="foo", b="bar", c="x"}"#),
        );
    }

    #[test]
    fn hashes_are_those_of_prometheus() {
        // Values of Prometheus's own: md5("foo") and md5("foo\nbar").
        let modulo = |value: &str, modulus: u64| hash(value) % modulus;
        assert_eq!(modulo("baz", 1000), 976);
        assert_eq!(modulo("foo\nbar", 1000), 734);
    }

    #[test]
    fn what_is_wrong_with_a_rule_is_told_by_its_field() {
        let wrong = |text: RuleText| Rule::new(&text).unwrap_err().to_string();
        let of = |action| RuleText { action, target_label: "t".to_owned(), ..RuleText::default() };
        assert_eq!(wrong(of(Action::HashMod)), "relabel configuration for hashmod requires non-zero modulus");
        assert_eq!(
            wrong(RuleText::default()),
            "relabel configuration for replace action requires 'target_label' value"
        );
        assert_eq!(
            wrong(of(Action::LabelDrop)),
            "labeldrop action requires only 'regex', and no other fields"
        );
        let text = RuleText { replacement: Some("x".into()), ..of(Action::Lowercase) };
        assert_eq!(wrong(text), "'replacement' can not be set for lowercase action");
        let text = RuleText { regex: Some("x".into()), ..of(Action::KeepEqual) };
        assert!(wrong(text).starts_with("keepequal action requires only 'source_labels'"));
        let text = RuleText { regex: Some("a)(b".into()), ..of(Action::Replace) };
        assert!(wrong(text).starts_with("'regex': "));
        assert_eq!("bang".parse::<Action>().unwrap_err().to_string(), r#"unknown relabel action "bang""#);
        assert_eq!("KeepEqual".parse::<Action>(), Ok(Action::KeepEqual));
    }
}
