//! Names that can complete what is being typed.

use crate::arrange::Arrange as _;
use std::ops::Range;

use crowsnest_promql::{AGGREGATORS, Completion, Wanted, complete, functions_giving, parse};

use super::rank::{WEAK, rank};
use super::{LabelNames, Vocabulary};

/// More than this nobody reads; typing on makes them fewer.
const MOST: usize = 100;
/// Lengths of time to start from, and the units that a number may become.
const DURATIONS: &[&str] = &["1m", "5m", "10m", "30m", "1h", "6h", "1d", "7d"];
const UNITS: &[&str] = &["s", "m", "h", "d", "w"];

/// Why completions are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// They are not.
    No,
    /// Somebody types: only where something has been begun, or nothing but a name can follow.
    Typing,
    /// Somebody asked for them.
    Explicitly,
}

/// What kind of thing is offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum OfferKind {
    Label,
    Value,
    Duration,
    Function,
    Aggregator,
    Word,
    Metric,
}

/// A name that can stand there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Offer {
    pub(crate) kind: OfferKind,
    pub(crate) name: String,
    /// The bytes of the name that answer to what was typed.
    pub(crate) hit: Range<usize>,
    /// One word more: the type of a metric.
    pub(crate) note: String,
}

/// What can stand at a place, and the bytes that it would replace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Offers {
    pub(crate) replaces: Range<usize>,
    /// The best first.
    pub(crate) list: Vec<Offer>,
    /// How many there are beyond the list.
    pub(crate) more: usize,
}

/// Names or values of labels that a place wants.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct LabelQuestion {
    /// The label whose values are wanted; `None` for the names of labels.
    pub(crate) label: Option<String>,
    /// Of the series that match one of these; of any where there are none.
    pub(crate) of: Vec<String>,
}

/// What a place wants to know of the server's labels, if anything.
pub(crate) fn question(text: &str, at: usize) -> Option<LabelQuestion> {
    complete(text, at).wanted.into_iter().find_map(as_question)
}

fn as_question(wanted: Wanted) -> Option<LabelQuestion> {
    let (label, mut of) = match wanted {
        Wanted::LabelName(of) => (None, of),
        Wanted::LabelValue { label, of, .. } => (Some(label.to_string()), of),
        _ => return None,
    };
    // Around what is being typed the query is unfinished; a server would only refuse.
    of.retain(|selector| parse(selector).is_ok());
    Some(LabelQuestion { label, of })
}

/// What can stand at byte `at`; `None` where nothing more can be said than is there already.
pub(crate) fn offers(
    text: &str,
    at: usize,
    asked: Asked,
    vocabulary: &Vocabulary,
    labels: &LabelNames,
) -> Option<Offers> {
    let Completion { replaces, wanted } = complete(text, at);
    let replaces = replaces.range();
    let typed = text.get(replaces.start..at).unwrap_or_default();
    let names_labels =
        wanted.iter().any(|wanted| matches!(wanted, Wanted::LabelName(_) | Wanted::LabelValue { .. }));
    match asked {
        Asked::No => return None,
        Asked::Typing if typed.is_empty() && !names_labels => return None,
        Asked::Typing | Asked::Explicitly => {}
    }
    let mut found = Found { typed, list: Vec::new() };
    for wanted in wanted {
        found.collect(wanted, asked, vocabulary, labels);
    }
    let Found { mut list, .. } = found;
    // Where nothing was typed all answer alike, and the parser knows best what is likely.
    if !typed.is_empty() {
        list.arrange_by(|(a, one), (b, other)| (a, one.kind, &one.name).cmp(&(b, other.kind, &other.name)));
    }
    if list.first().is_some_and(|(rank, _)| *rank < WEAK) {
        list.retain(|(rank, _)| *rank < WEAK);
    }
    let more = list.len().saturating_sub(MOST);
    let list: Vec<Offer> = list.into_iter().take(MOST).map(|(_, offer)| offer).collect();
    let says_nothing_new = match list.as_slice() {
        [] => true,
        [only] => only.name == *text.get(replaces.clone()).unwrap_or_default() && only.is_finished(),
        _ => false,
    };
    (!says_nothing_new).then_some(Offers { replaces, list, more })
}

impl Offer {
    /// Whether its name alone is all that would be written.
    fn is_finished(&self) -> bool {
        matches!(self.kind, OfferKind::Metric | OfferKind::Duration | OfferKind::Value)
    }
}

/// Offers as they are found, with their ranks.
struct Found<'a> {
    typed: &'a str,
    list: Vec<(u8, Offer)>,
}

impl Found<'_> {
    fn push(&mut self, kind: OfferKind, name: &str, note: &str) {
        if let Some((rank, hit)) = rank(name, self.typed) {
            let offer = Offer { kind, name: name.to_owned(), hit, note: note.to_owned() };
            self.list.push((rank, offer));
        }
    }

    fn collect(&mut self, wanted: Wanted, asked: Asked, vocabulary: &Vocabulary, labels: &LabelNames) {
        match wanted {
            Wanted::Metric => {
                for metric in vocabulary.metrics() {
                    self.push(OfferKind::Metric, &metric.name, &metric.kind);
                }
            }
            Wanted::Function(returns) => {
                for function in functions_giving(returns) {
                    self.push(OfferKind::Function, function.name, "");
                }
            }
            Wanted::Aggregator => {
                for aggregator in AGGREGATORS {
                    self.push(OfferKind::Aggregator, aggregator.name, "");
                }
            }
            Wanted::Words(words) => {
                // Signs are quicker typed than chosen.
                let spelled = |word: &&&str| {
                    asked == Asked::Explicitly || word.starts_with(|c: char| c.is_ascii_alphabetic())
                };
                for word in words.iter().filter(spelled) {
                    self.push(OfferKind::Word, word, "");
                }
            }
            Wanted::Duration => {
                let digits = self.typed.trim_end_matches(|c: char| c.is_ascii_alphabetic());
                if digits.is_empty() {
                    DURATIONS.iter().for_each(|duration| self.push(OfferKind::Duration, duration, ""));
                } else {
                    for unit in UNITS {
                        self.push(OfferKind::Duration, &format!("{digits}{unit}"), "");
                    }
                }
            }
            Wanted::LabelName(_) | Wanted::LabelValue { .. } => {
                let kind =
                    if matches!(wanted, Wanted::LabelName(_)) { OfferKind::Label } else { OfferKind::Value };
                // Names that answer an earlier question would be wrong here.
                if as_question(wanted).as_ref() == Some(&labels.question) {
                    for name in labels.names.iter().filter(|name| *name != crowsnest_api::METRIC_NAME) {
                        self.push(kind, name, "");
                    }
                }
            }
            Wanted::Number | Wanted::Text => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// The names that are offered at the bar while somebody types.
    fn offered(marked: &str, asked: Asked) -> Vec<String> {
        let at = marked.find('|').unwrap();
        let text = marked.replacen('|', "", 1);
        let names = ["node_cpu_seconds_total", "node_load1", "node_load15", "rate_limit", "up"];
        let vocabulary = Vocabulary::new(names.map(str::to_owned).to_vec(), &BTreeMap::new());
        let labels = LabelNames {
            question: question(&text, at).unwrap_or_default(),
            names: ["__name__", "instance", "job"].map(str::to_owned).into(),
        };
        let offers = offers(&text, at, asked, &vocabulary, &labels);
        offers.map_or_else(Vec::new, |offers| offers.list.into_iter().map(|offer| offer.name).collect())
    }

    #[test]
    fn names_that_begin_as_typed_come_first() {
        assert_eq!(offered("load1|", Asked::Typing), ["node_load1", "node_load15"]);
        assert_eq!(offered("node_l|", Asked::Typing), ["node_load1", "node_load15"]);
        let rate = offered("rate|", Asked::Typing);
        assert_eq!(rate.first().map(String::as_str), Some("rate"));
        assert!(rate.contains(&"irate".to_owned()) && rate.contains(&"rate_limit".to_owned()));
    }

    #[test]
    fn letters_in_order_count_where_nothing_answers_better() {
        assert_eq!(offered("ncst|", Asked::Typing), ["node_cpu_seconds_total"]);
        assert!(!offered("rate|", Asked::Typing).contains(&"histogram_quantile".to_owned()));
    }

    #[test]
    fn nothing_is_offered_where_nothing_is_begun_unless_asked_for() {
        assert_eq!(offered("|", Asked::Typing), [""; 0]);
        assert_eq!(offered("up |", Asked::Typing), [""; 0]);
        assert!(offered("|", Asked::Explicitly).contains(&"up".to_owned()));
        assert!(offered("up |", Asked::Explicitly).contains(&"offset".to_owned()));
        assert_eq!(offered("u|", Asked::No), [""; 0]);
    }

    #[test]
    fn a_finished_name_is_not_offered_again() {
        assert_eq!(offered("node_load15|", Asked::Typing), [""; 0]);
        assert_eq!(offered("sum(up[5m|", Asked::Typing), [""; 0]);
    }

    #[test]
    fn labels_are_offered_at_once() {
        assert_eq!(offered("up{|", Asked::Typing), ["instance", "job"]);
        assert_eq!(offered("up{j|", Asked::Typing), ["job"]);
        assert_eq!(offered("sum by (|) (up)", Asked::Typing), ["instance", "job"]);
    }

    #[test]
    fn a_number_may_become_a_length_of_time() {
        assert_eq!(offered("up[5|", Asked::Typing), ["5d", "5h", "5m", "5s", "5w"]);
    }

    #[test]
    fn selectors_that_are_unfinished_are_not_asked_about() {
        let text = "sum by () (up{job=~\"a\"} + x{y=})";
        let asked = question(text, "sum by (".len()).unwrap();
        assert_eq!(asked.of, ["up{job=~\"a\"}", "x"].map(str::to_owned).to_vec());
    }
}
