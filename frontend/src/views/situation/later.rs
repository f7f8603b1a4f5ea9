//! What will stop working: certificates that end, and APIs in use that are going to be taken away.

use std::time::Duration;

use crowsnest_api::about::{Certificate, CertificateOf, Certificates};
use crowsnest_api::access::Right;
use leptos::prelude::*;

use super::super::cluster::{Cluster, use_metrics};
use super::Wrong;
use crate::access::use_access;
use crate::api::{DeprecatedUse, fetch_certificates, fetch_deprecated, use_client};
use crate::cluster::expiry;
use crate::poll::{Cadence, Feed, poll};

/// Ends are days away, and releases are months apart.
const AGAIN: Duration = Duration::from_secs(600);
/// How often TLS Secrets are read for their ends. Each time is a line in the audit log.
const SECRETS_AGAIN: Duration = Duration::from_secs(3600);
/// Namespaces that somebody who sees some only has looked through.
const PLACES: usize = 50;

/// What is known of the future. Cheap to copy.
#[derive(Clone, Copy)]
pub(super) struct Later {
    certificates: Feed<Certificates>,
    /// Those of TLS Secrets, for those who may read Secrets wherever they look.
    secrets: Feed<Certificates>,
    deprecated: Feed<Vec<DeprecatedUse>>,
}

/// Starts asking.
pub(super) fn later(cluster: Cluster) -> Later {
    let (client, metrics) = (use_client(), use_metrics());
    let places = Memo::new(move |_| cluster.places(PLACES));
    let question = move |again: Duration| {
        let places = places.get();
        let cadence = if places.is_empty() { Cadence::Never } else { Cadence::Every(again) };
        (places, cadence)
    };
    let certificates =
        poll(move || question(AGAIN), move |places, abort| fetch_certificates(client, places, false, abort));
    // The server reads them as the user and tells no more than whom they name and when they end; but where they may not be read, asking is in vain.
    let lacking = use_access().missing(move || places.get().into_iter().map(read_secrets).collect());
    let may_read = Memo::new(move |_| lacking.get().is_some_and(|lacking| lacking.is_empty()));
    let secrets = poll(
        move || if may_read.get() { question(SECRETS_AGAIN) } else { (Vec::new(), Cadence::Never) },
        move |places, abort| fetch_certificates(client, places, true, abort),
    );
    let deprecated = poll(
        move || ((), metrics.cadence(Cadence::Every(AGAIN))),
        move |(), abort| fetch_deprecated(client, abort),
    );
    Later { certificates, secrets, deprecated }
}

fn read_secrets(namespace: String) -> Right {
    Right::to("list", "", "secrets", "").within(namespace)
}

impl Later {
    /// What of it needs somebody; tracked. What is in no namespace is the business of those who look at all of them.
    pub(super) fn of(self, cluster: Cluster, now: i64) -> Vec<Wrong> {
        let everywhere = cluster.chosen.with(Vec::is_empty);
        let is_seen = |one: &&Certificate| {
            if one.namespace.is_empty() { everywhere } else { cluster.is_chosen(&one.namespace) }
        };
        let of = |feed: Feed<Certificates>, is_meant: fn(&Certificate) -> bool| {
            feed.value.with(|found| {
                let certificates = found.iter().flat_map(|found| &found.certificates);
                let wrong =
                    |one: &Certificate| Some(Wrong::Certificate(expiry::severity(one, now)?, one.clone()));
                certificates.filter(is_seen).filter(|one| is_meant(one)).filter_map(wrong).collect::<Vec<_>>()
            })
        };
        let mut found = of(self.certificates, |_| true);
        found.extend(of(self.secrets, |one| one.of == CertificateOf::Secret));
        let used = self.deprecated.value.get().unwrap_or_default();
        found.extend(used.into_iter().filter(|_| everywhere).map(Wrong::Deprecated));
        found
    }
}
