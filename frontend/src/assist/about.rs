//! Help about one word of a query.

use std::ops::Range;

use crowsnest_promql::{TokenClass, TokenKind, aggregator, function, tokenize};

use super::words::word;
use super::{Offer, OfferKind, Vocabulary};
use crate::i18n::Msg;

/// What there is to say about a word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct About {
    /// The word, or how it is called: `rate(range vector) → instant vector`.
    pub(crate) title: String,
    /// Type and unit of a metric, or nothing.
    pub(crate) facts: String,
    pub(crate) help: Help,
    /// Whether it wants a feature switched on.
    pub(crate) experimental: bool,
}

/// Who says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Help {
    /// The sender of a metric, or PromQL's own tables, in their words.
    Said(String),
    /// This interface.
    Ours(Msg),
}

impl About {
    /// About the word at byte `at`, with where it stands; `None` where nothing is known.
    pub(crate) fn at(text: &str, at: usize, vocabulary: &Vocabulary) -> Option<(Range<usize>, Self)> {
        let tokens = tokenize(text);
        let here = |range: &Range<usize>| range.start <= at && at <= range.end;
        let (token, next) = tokens.iter().enumerate().find_map(|(place, token)| {
            let is_word =
                token.span.of(text).starts_with(|c: char| c.is_alphabetic() || c == '_' || c == ':');
            let next = tokens.get(place + 1).map_or(TokenKind::End, |next| next.kind);
            (is_word && here(&token.span.range())).then_some((token, next))
        })?;
        let name = token.span.of(text);
        let about = match token.kind.class(next) {
            TokenClass::Function => Self::function(name),
            TokenClass::Aggregator => Self::aggregator(name),
            TokenClass::Name => Self::metric(name, vocabulary),
            TokenClass::Keyword | TokenClass::Operator => Self::word(name),
            _ => None,
        }?;
        Some((token.span.range(), about))
    }

    /// About an offer; labels and values speak for themselves.
    pub(crate) fn of_offer(offer: &Offer, vocabulary: &Vocabulary) -> Option<Self> {
        match offer.kind {
            OfferKind::Function => Self::function(&offer.name),
            OfferKind::Aggregator => Self::aggregator(&offer.name),
            OfferKind::Metric => Self::metric(&offer.name, vocabulary),
            OfferKind::Word => Self::word(&offer.name),
            OfferKind::Label | OfferKind::Value | OfferKind::Duration => None,
        }
    }

    fn function(name: &str) -> Option<Self> {
        let function = function(name)?;
        let help = Help::Said(function.doc.to_owned());
        Some(Self {
            title: function.signature(),
            facts: String::new(),
            help,
            experimental: function.experimental,
        })
    }

    fn aggregator(name: &str) -> Option<Self> {
        let aggregator = aggregator(name)?;
        let parameter = aggregator.parameter.map(|parameter| format!("{parameter}, ")).unwrap_or_default();
        let title = format!("{} by (…) ({parameter}instant vector) → instant vector", aggregator.name);
        let help = Help::Said(aggregator.doc.to_owned());
        Some(Self { title, facts: String::new(), help, experimental: aggregator.experimental })
    }

    fn metric(name: &str, vocabulary: &Vocabulary) -> Option<Self> {
        let metric = vocabulary.get(name)?;
        let facts = [metric.kind.as_str(), metric.unit.as_str()];
        let facts = facts.into_iter().filter(|fact| !fact.is_empty()).collect::<Vec<_>>().join(", ");
        let help = match metric.help.as_str() {
            "" => Help::Ours(Msg::MetricUndescribed),
            help => Help::Said(help.to_owned()),
        };
        Some(Self { title: metric.name.clone(), facts, help, experimental: false })
    }

    fn word(name: &str) -> Option<Self> {
        let (name, help) = word(name)?;
        let help = Help::Ours(help);
        Some(Self { title: name.to_owned(), facts: String::new(), help, experimental: false })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use crowsnest_api::prometheus::Metadata;

    use super::*;

    #[track_caller]
    fn check(text: &str, at: usize, expected: Option<&str>) {
        let said =
            Metadata { r#type: "gauge".into(), help: "Whether it answers.".into(), unit: String::new() };
        let families = BTreeMap::from([("up".to_owned(), vec![said])]);
        let vocabulary = Vocabulary::new(vec!["up".to_owned(), "rate".to_owned()], &families);
        let found = About::at(text, at, &vocabulary).map(|(_, about)| about.title);
        assert_eq!(found.as_deref(), expected, "{text} at {at}");
    }

    #[test]
    fn a_word_is_a_function_or_a_metric_by_what_follows() {
        check("rate(up[5m])", 2, Some("rate(range vector) → instant vector"));
        check("rate + up", 2, Some("rate"));
        check("rate(up[5m])", 6, Some("up"));
        check("rate(up[5m])", 9, None);
    }

    #[test]
    fn aggregations_and_words_are_explained() {
        check("topk by (a) (5, up)", 0, Some("topk by (…) (scalar, instant vector) → instant vector"));
        check("a and b", 3, Some("and"));
        check("a OFFSET 5m", 3, Some("offset"));
        check("nothing", 3, None);
        check("", 0, None);
    }
}
