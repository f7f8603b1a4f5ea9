//! How far a stream has come: the resource version of each of its watches that has one, as the `id` of an event.
//!
//! ```text
//! {8 hexadecimal digits that tell what is watched}-{resource version}.{…}…
//! ```
//!
//! Each watch is told by itself, so that a stream goes on with those that it has in common with another.

use crowsnest_api::cluster::WatchTarget;
use crowsnest_rbac::Digest;

/// Longer resource versions are not remembered; those of Kubernetes are numbers.
const MAX_VERSION: usize = 64;
/// The id of a stream that is nowhere yet: an empty one would leave browsers with the one before.
const NOWHERE: &str = "-";

/// The positions of all watches of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Positions {
    watches: Vec<(String, Option<String>)>,
}

impl Positions {
    /// Where a stream of these watches begins: nowhere.
    pub(super) fn start(targets: &[WatchTarget]) -> Self {
        let tag = |target: &WatchTarget| {
            Digest::of(target.to_string().as_bytes()).to_hex().chars().take(8).collect::<String>()
        };
        Self { watches: targets.iter().map(|target| (tag(target), None)).collect() }
    }

    /// Goes on with each watch from where `id` says that it was; from the start with those of which it says nothing.
    pub(super) fn resume(mut self, id: &str) -> Self {
        for (tag, version) in id.split('.').filter_map(|part| part.split_once('-')) {
            for (_, slot) in self.watches.iter_mut().filter(|(known, _)| known == tag) {
                *slot = Some(version.to_owned()).filter(|version| is_version(version));
            }
        }
        self
    }

    /// How far a watch has come.
    pub(super) fn of(&self, watch: usize) -> Option<String> {
        self.watches.get(watch).and_then(|(_, version)| version.clone())
    }

    /// Takes note of how far a watch has come; nowhere when it begins anew.
    pub(super) fn set(&mut self, watch: usize, version: Option<String>) {
        if let Some((_, slot)) = self.watches.get_mut(watch) {
            *slot = version.filter(|version| is_version(version));
        }
    }

    /// The `id` that says so.
    pub(super) fn id(&self) -> String {
        let known = |(tag, version): &(String, Option<String>)| Some(format!("{tag}-{}", version.as_ref()?));
        let known: Vec<String> = self.watches.iter().filter_map(known).collect();
        if known.is_empty() { NOWHERE.to_owned() } else { known.join(".") }
    }
}

/// What can stand in an id, and in a request to the API server.
fn is_version(text: &str) -> bool {
    (1..=MAX_VERSION).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn targets(all: &[&str]) -> Vec<WatchTarget> {
        all.iter().map(|target| target.parse().unwrap()).collect()
    }

    #[test]
    fn a_stream_goes_on_where_the_id_says_that_it_was() {
        let targets = targets(&["core.v1.pods/shop", "core.v1.nodes/-"]);
        let mut positions = Positions::start(&targets);
        assert_eq!(positions.id(), NOWHERE);
        positions.set(1, Some("42".to_owned()));
        let id = positions.id();
        assert!(id.ends_with("-42") && !id.contains('.'), "{id}");
        let resumed = Positions::start(&targets).resume(&id);
        assert_eq!(resumed, positions);
        assert_eq!((resumed.of(0), resumed.of(1).as_deref()), (None, Some("42")));
        positions.set(1, None);
        assert_eq!(positions, Positions::start(&targets));
    }

    #[test]
    fn a_stream_of_more_and_other_watches_goes_on_with_those_that_both_have() {
        let mut before = Positions::start(&targets(&["core.v1.pods/shop", "core.v1.nodes/-"]));
        before.set(0, Some("41".to_owned()));
        before.set(1, Some("42".to_owned()));
        let after = targets(&["core.v1.nodes/-", "core.v1.services/-", "core.v1.pods/data"]);
        let resumed = Positions::start(&after).resume(&before.id());
        assert_eq!([0, 1, 2].map(|watch| resumed.of(watch)), [Some("42".to_owned()), None, None]);
    }

    #[test]
    fn an_id_that_is_none_is_a_new_beginning() {
        let targets = targets(&["core.v1.pods/shop"]);
        let start = Positions::start(&targets);
        let mut there = start.clone();
        there.set(0, Some("4".to_owned()));
        let own = there.id();
        for id in [
            String::new(),
            NOWHERE.into(),
            "x".into(),
            format!("{own}&x=1"),
            format!("{own}-1"),
            own.replace("-4", "-"),
        ] {
            assert_eq!(start.clone().resume(&id), start, "{id}");
        }
    }
}
