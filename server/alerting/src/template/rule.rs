//! Templates in the labels and annotations of alerts.

use crowsnest_api::Labels;

use super::value::{Class, STRING_MAP, Value};
use super::{Escape, ExecError, Host, Limits, ParseError, Template, common, prometheus};

/// What Prometheus puts before every template of a rule.
const PREAMBLE: &str = "{{$labels := .Labels}}{{$externalLabels := .ExternalLabels}}{{$externalURL := .ExternalURL}}{{$value := .Value}}";

static DATA: Class = Class {
    name: "struct { Labels map[string]string; ExternalLabels map[string]string; ExternalURL string; Value interface {} }",
    methods: &[],
};

/// What the template of a rule is about.
#[derive(Clone, Debug)]
pub struct AlertData {
    value: Value,
}

impl AlertData {
    /// About a sample with these labels and this value.
    pub fn new(labels: &Labels, external_labels: &Labels, external_url: &str, value: f64) -> Self {
        let map = |labels: &Labels| {
            Value::string_map(
                &STRING_MAP,
                labels.iter().map(|label| (label.name.clone(), label.value.clone())),
            )
        };
        let fields = vec![
            ("Labels", map(labels)),
            ("ExternalLabels", map(external_labels)),
            ("ExternalURL", Value::str(external_url)),
            ("Value", Value::Float(value)),
        ];
        Self { value: Value::record(&DATA, fields) }
    }
}

/// A template of a rule.
#[derive(Clone)]
pub struct RuleTemplate {
    name: String,
    /// `None` for text without actions, which is the case that there is most of.
    template: Option<Template>,
    text: String,
}

impl std::fmt::Debug for RuleTemplate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("RuleTemplate").field(&self.text).finish()
    }
}

impl RuleTemplate {
    /// Parses a template of the alert `alert`.
    ///
    /// # Errors
    /// When it cannot be parsed; the place is one in `text`.
    pub fn parse(alert: &str, text: &str) -> Result<Self, ParseError> {
        let name = format!("__alert_{alert}");
        let template = if text.contains("{{") {
            let mut template = Template::new(&[common::FUNCTIONS, prometheus::FUNCTIONS]);
            template
                .add(&name, &format!("{PREAMBLE}{text}"))
                .map_err(|error| ParseError { at: error.at.saturating_sub(PREAMBLE.len()), ..error })?;
            Some(template)
        } else {
            None
        };
        Ok(Self { name, template, text: text.to_owned() })
    }

    /// A text that is no template, whatever it looks like.
    pub fn plain(text: &str) -> Self {
        Self { name: String::new(), template: None, text: text.to_owned() }
    }

    /// Its text, as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// A parse error as Prometheus prints it.
    pub fn describe(alert: &str, text: &str, error: &ParseError) -> String {
        error.describe(&format!("__alert_{alert}"), text)
    }

    /// The text for one alert.
    ///
    /// # Errors
    /// When the template does what cannot be done.
    pub fn expand(&self, data: &AlertData, host: &dyn Host) -> Result<String, ExecError> {
        match &self.template {
            None => Ok(self.text.clone()),
            Some(template) => template
                .execute(&self.name, &data.value, host, Limits::default(), Escape::No)
                .map_err(|error| ExecError(format!("error executing template {}: {error}", self.name))),
        }
    }

    /// The text for one alert; an error becomes the text, for an alert with a broken annotation is still an alert.
    pub fn expand_or_explain(&self, data: &AlertData, host: &dyn Host) -> String {
        self.expand(data, host).unwrap_or_else(|error| format!("<error expanding template: {error}>"))
    }
}
