//! Parameters of lists.

use crowsnest_alerting::alertmanager::parse_matchers;
use crowsnest_api::Labels;
use crowsnest_promql::{MatchOp, Matcher};

use super::Refused;

/// What a list is to hold.
pub(super) struct Filter {
    matchers: Vec<Matcher>,
    receiver: Option<Matcher>,
    params: Vec<(String, String)>,
}

impl Filter {
    /// Reads the query of a URL.
    pub(super) fn read(query: Option<&str>) -> Result<Self, Refused> {
        let encoded = query.unwrap_or_default().as_bytes();
        let params: Vec<(String, String)> = form_urlencoded::parse(encoded).into_owned().collect();
        let mut matchers = Vec::new();
        for (_, text) in params.iter().filter(|(name, _)| name == "filter") {
            matchers.extend(parse_matchers(text).map_err(Refused::bad)?);
        }
        let receiver = params.iter().find(|(name, value)| name == "receiver" && !value.is_empty());
        let receiver = receiver.map(|(_, text)| Matcher::new("receiver", MatchOp::Regex, text.as_str()));
        let receiver = receiver.transpose().map_err(|error| Refused::bad(error.to_string()))?;
        Ok(Self { matchers, receiver, params })
    }

    /// A flag that is true unless it is said to be false.
    pub(super) fn wants(&self, name: &str) -> bool {
        self.params.iter().find(|(known, _)| known == name).is_none_or(|(_, value)| value != "false")
    }

    pub(super) fn takes(&self, labels: &Labels) -> bool {
        self.matchers.iter().all(|matcher| matcher.matches(labels))
    }

    pub(super) fn takes_receiver(&self, name: &str) -> bool {
        self.receiver.as_ref().is_none_or(|matcher| matcher.matches_value(name))
    }

    /// Whether each condition is also one of these: of silences, those are shown that were made with it.
    pub(super) fn is_among(&self, matchers: &[Matcher]) -> bool {
        self.matchers.iter().all(|wanted| {
            matchers.iter().any(|matcher| {
                (matcher.name(), matcher.op(), matcher.value())
                    == (wanted.name(), wanted.op(), wanted.value())
            })
        })
    }
}
