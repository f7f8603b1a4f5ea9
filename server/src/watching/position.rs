//! How far a stream has come: the resource version of each of its watches, as the `id` of an event.
//!
//! ```text
//! {8 hexadecimal digits that tell what is watched}.{resource version, or "-"}.{…}…
//! ```

use crowsnest_api::cluster::WatchTarget;
use crowsnest_rbac::Digest;

/// Longer resource versions are not remembered; those of Kubernetes are numbers.
const MAX_VERSION: usize = 64;
const UNKNOWN: &str = "-";

/// The positions of all watches of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Positions {
    of: String,
    versions: Vec<Option<String>>,
}

impl Positions {
    /// Where a stream of these watches begins: nowhere.
    pub(super) fn start(targets: &[WatchTarget]) -> Self {
        let all: Vec<String> = targets.iter().map(ToString::to_string).collect();
        let digest = Digest::of(all.join("\n").as_bytes()).to_hex();
        Self { of: digest.chars().take(8).collect(), versions: vec![None; targets.len()] }
    }

    /// Goes on from where `id` says that a stream was; from the start if that was a stream of other watches.
    pub(super) fn resume(mut self, id: &str) -> Self {
        let mut parts = id.split('.');
        if parts.next() != Some(self.of.as_str()) || parts.clone().count() != self.versions.len() {
            return self;
        }
        self.versions = parts.map(|part| Some(part.to_owned()).filter(|part| is_version(part))).collect();
        self
    }

    /// How far a watch has come.
    pub(super) fn of(&self, watch: usize) -> Option<String> {
        self.versions.get(watch).cloned().flatten()
    }

    /// Takes note of how far a watch has come; nowhere when it begins anew.
    pub(super) fn set(&mut self, watch: usize, version: Option<String>) {
        if let Some(slot) = self.versions.get_mut(watch) {
            *slot = version.filter(|version| is_version(version));
        }
    }

    /// The `id` that says so.
    pub(super) fn id(&self) -> String {
        let versions = self.versions.iter().map(|version| version.as_deref().unwrap_or(UNKNOWN));
        std::iter::once(self.of.as_str()).chain(versions).collect::<Vec<_>>().join(".")
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
        positions.set(1, Some("42".to_owned()));
        let id = positions.id();
        assert!(id.ends_with(".-.42"), "{id}");
        let resumed = Positions::start(&targets).resume(&id);
        assert_eq!(resumed, positions);
        assert_eq!((resumed.of(0), resumed.of(1).as_deref()), (None, Some("42")));
        positions.set(1, None);
        assert_eq!(positions, Positions::start(&targets));
    }

    #[test]
    fn an_id_of_other_watches_or_of_nobody_is_a_new_beginning() {
        let targets = targets(&["core.v1.pods/shop"]);
        let start = Positions::start(&targets);
        let mut other = Positions::start(&self::targets(&["core.v1.pods/data"]));
        other.set(0, Some("42".to_owned()));
        let own = start.id();
        let own = own.trim_end_matches('-');
        let ids = [other.id(), String::new(), "x".into(), format!("{own}1.2"), format!("{own}4&x=1")];
        for id in ids {
            assert_eq!(start.clone().resume(&id), start, "{id}");
        }
    }
}
