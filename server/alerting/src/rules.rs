//! Rule files: what Prometheus reads from `rule_files`, and `PrometheusRule` objects.

mod duplicates;
mod read;
mod rule;

use std::collections::BTreeSet;
use std::time::Duration;

use crowsnest_promql::Engine;
use smol_str::SmolStr;

pub use duplicates::{Duplicate, duplicates};
pub use rule::{Alert, Rule, RuleKind};

use crate::template::RuleTemplate;
use crate::yaml::{Fault, Place};

/// The label that says which namespace something is of.
const NAMESPACE: &str = "namespace";

/// The groups of a file.
#[derive(Clone, Debug, Default)]
pub struct RuleFile {
    /// In the order of the file.
    pub groups: Vec<Group>,
    /// What was read and has no meaning here.
    pub notes: Vec<Fault>,
}

/// Rules that are evaluated together, one after the other.
#[derive(Clone, Debug)]
pub struct Group {
    /// Its name, unique in its file.
    pub name: SmolStr,
    /// How often it is evaluated; `None`: as often as the server's default says.
    pub interval: Option<Duration>,
    /// The most series that a rule may give; none when it is 0.
    pub limit: usize,
    /// How far back in time it is evaluated; `None`: the server's default.
    pub query_offset: Option<Duration>,
    /// Its rules.
    pub rules: Vec<Rule>,
    /// Where it begins.
    pub at: Place,
}

impl Group {
    /// Whether `other` is the same group: evaluated either way, the same comes of it.
    pub fn is_same(&self, other: &Self) -> bool {
        (&self.name, self.interval, self.limit, self.query_offset)
            == (&other.name, other.interval, other.limit, other.query_offset)
            && self.rules.len() == other.rules.len()
            && self.rules.iter().zip(&other.rules).all(|(a, b)| a.is_same(b))
    }
}

impl Group {
    /// The same group as one whose rules are about one namespace: whatever they give has it as its label `namespace`.
    #[must_use]
    pub fn within(mut self, namespace: &str) -> Self {
        for rule in &mut self.rules {
            rule.labels.retain(|(name, _)| name != NAMESPACE);
            rule.labels.push((SmolStr::new_static(NAMESPACE), RuleTemplate::plain(namespace)));
            rule.labels.sort_by(|(a, _), (b, _)| a.cmp(b));
        }
        self
    }
}

impl RuleFile {
    /// Reads a file: a rule file, or `PrometheusRule` objects. Expressions may use what `engine` has switched on.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn parse(text: &str, engine: &Engine) -> Result<Self, Vec<Fault>> {
        read::file(text, engine)
    }

    /// How many rules it has.
    pub fn rules(&self) -> usize {
        self.groups.iter().map(|group| group.rules.len()).sum()
    }
}

/// Which metrics a rule reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reads {
    /// At most those with these names.
    Names(BTreeSet<SmolStr>),
    /// Any: a selector does not name its metric.
    Anything,
}

impl Reads {
    /// Whether a series with this name may be among them.
    pub fn may_include(&self, metric: &str) -> bool {
        match self {
            Self::Names(names) => names.contains(metric),
            Self::Anything => true,
        }
    }
}
