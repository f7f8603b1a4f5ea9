//! The rules of relabelling that an object means, and those that it has written out.

use serde::Deserialize;

use super::{MAX_RULES, MonitorFault};
use crate::kubernetes::sanitised;
use crate::relabel::{Action, Rule, RuleText};

/// Bytes that a compiled expression may take, and more for each byte of its text: `(.{500}){500}` is short, and large.
const MAX_EXPRESSION: usize = 32 << 10;
const MAX_EXPRESSION_PER_BYTE: usize = 128;

/// Rules, in order.
#[derive(Debug, Default)]
pub(super) struct Rules(pub(super) Vec<Rule>);

impl Rules {
    /// Keeps what has these labels so.
    pub(super) fn keep(&mut self, labels: &[String], regex: &str) -> Result<(), MonitorFault> {
        self.add(&text(Action::Keep, labels, Some(regex), "", None))
    }

    /// Drops what has.
    pub(super) fn drop(&mut self, labels: &[String], regex: &str) -> Result<(), MonitorFault> {
        self.add(&text(Action::Drop, labels, Some(regex), "", None))
    }

    /// Keeps what has this value.
    pub(super) fn keep_value(&mut self, label: &str, value: &str) -> Result<(), MonitorFault> {
        self.keep(&[label.to_owned()], &regex_lite::escape(value))
    }

    /// Copies a label, even where it is empty.
    pub(super) fn copy(&mut self, label: &str, to: &str) -> Result<(), MonitorFault> {
        self.add(&text(Action::Replace, &[label.to_owned()], None, to, None))
    }

    /// Copies a label that there is.
    pub(super) fn copy_present(&mut self, label: &str, to: &str) -> Result<(), MonitorFault> {
        self.add(&text(Action::Replace, &[label.to_owned()], Some("(.+)"), to, None))
    }

    /// Copies labels of a Kubernetes object under their own names.
    pub(super) fn copy_labels(&mut self, role: &str, names: &[String]) -> Result<(), MonitorFault> {
        for name in names {
            let name = sanitised(name);
            self.copy_present(&format!("__meta_kubernetes_{role}_label_{name}"), &name)?;
        }
        Ok(())
    }

    /// Writes what several labels together say.
    pub(super) fn compose(
        &mut self,
        labels: &[&str],
        regex: &str,
        to: &str,
        replacement: &str,
    ) -> Result<(), MonitorFault> {
        let labels: Vec<String> = labels.iter().map(|label| (*label).to_owned()).collect();
        self.add(&text(Action::Replace, &labels, Some(regex), to, Some(replacement.to_owned())))
    }

    /// Writes a value.
    pub(super) fn write(&mut self, label: &str, value: &str) -> Result<(), MonitorFault> {
        self.add(&text(Action::Replace, &[], None, label, Some(value.replace('$', "$$"))))
    }

    /// Adds what the object has written out in `field`.
    pub(super) fn add_own(&mut self, field: &str, own: &[OwnRule]) -> Result<(), MonitorFault> {
        if own.len() > MAX_RULES {
            return Err(MonitorFault::new(field, format!("more than {MAX_RULES} rules")));
        }
        for (at, rule) in own.iter().enumerate() {
            rule.read()
                .map(|rule| self.0.push(rule))
                .map_err(|fault| fault.within(&format!("{field}[{at}]")))?;
        }
        Ok(())
    }

    fn add(&mut self, text: &RuleText) -> Result<(), MonitorFault> {
        self.0.push(Rule::new(text).map_err(|error| MonitorFault::new("", error))?);
        Ok(())
    }
}

fn text(
    action: Action,
    labels: &[String],
    regex: Option<&str>,
    to: &str,
    replacement: Option<String>,
) -> RuleText {
    RuleText {
        source_labels: labels.to_vec(),
        target_label: to.to_owned(),
        regex: regex.map(str::to_owned),
        replacement,
        action,
        ..RuleText::default()
    }
}

/// One of `relabelings`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct OwnRule {
    source_labels: Vec<String>,
    separator: Option<String>,
    target_label: String,
    regex: String,
    modulus: u64,
    replacement: Option<String>,
    action: String,
}

impl OwnRule {
    fn read(&self) -> Result<Rule, MonitorFault> {
        let most = MAX_EXPRESSION + MAX_EXPRESSION_PER_BYTE * self.regex.len();
        let sized = regex_lite::RegexBuilder::new(&self.regex).size_limit(most).build();
        sized.map_err(|error| MonitorFault::new("regex", error))?;
        let action = match self.action.as_str() {
            "" => Ok(Action::default()),
            word => word.parse(),
        };
        let text = |action| RuleText {
            source_labels: self.source_labels.clone(),
            separator: self.separator.clone(),
            target_label: self.target_label.clone(),
            regex: Some(self.regex.clone()).filter(|regex| !regex.is_empty()),
            modulus: self.modulus,
            replacement: self.replacement.clone(),
            action,
        };
        action.and_then(|action| Rule::new(&text(action))).map_err(|error| MonitorFault::new("", error))
    }
}
