//! What will stop working: certificates that end, and APIs in use that are going to be taken away.

use std::time::Duration;

use crowsnest_api::about::{Certificate, Certificates};
use leptos::prelude::*;

use super::super::cluster::{Cluster, use_metrics};
use super::Wrong;
use crate::api::{DeprecatedUse, fetch_certificates, fetch_deprecated, use_client};
use crate::cluster::expiry;
use crate::poll::{Cadence, Feed, poll};

/// Ends are days away, and releases are months apart.
const AGAIN: Duration = Duration::from_secs(600);
/// Namespaces that somebody who sees some only has looked through.
const PLACES: usize = 50;

/// What is known of the future. Cheap to copy.
#[derive(Clone, Copy)]
pub(super) struct Later {
    certificates: Feed<Certificates>,
    deprecated: Feed<Vec<DeprecatedUse>>,
}

/// Starts asking.
pub(super) fn later(cluster: Cluster) -> Later {
    let (client, metrics) = (use_client(), use_metrics());
    let places = Memo::new(move |_| cluster.places(PLACES));
    let question = move || {
        let places = places.get();
        let cadence = if places.is_empty() { Cadence::Never } else { Cadence::Every(AGAIN) };
        (places, cadence)
    };
    let certificates = poll(question, move |places, abort| fetch_certificates(client, places, false, abort));
    let deprecated = poll(
        move || ((), metrics.cadence(Cadence::Every(AGAIN))),
        move |(), abort| fetch_deprecated(client, abort),
    );
    Later { certificates, deprecated }
}

impl Later {
    /// What of it needs somebody; tracked. What is in no namespace is the business of those who look at all of them.
    pub(super) fn of(self, cluster: Cluster, now: i64) -> Vec<Wrong> {
        let everywhere = cluster.chosen.with(Vec::is_empty);
        let is_seen = |one: &&Certificate| {
            if one.namespace.is_empty() { everywhere } else { cluster.is_chosen(&one.namespace) }
        };
        let mut found: Vec<Wrong> = self.certificates.value.with(|found| {
            let certificates = found.iter().flat_map(|found| &found.certificates).filter(is_seen);
            let wrong =
                |one: &Certificate| Some(Wrong::Certificate(expiry::severity(one, now)?, one.clone()));
            certificates.filter_map(wrong).collect()
        });
        let used = self.deprecated.value.get().unwrap_or_default();
        found.extend(used.into_iter().filter(|_| everywhere).map(Wrong::Deprecated));
        found
    }
}
