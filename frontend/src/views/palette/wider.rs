//! Objects of common kinds, beside those that the page already has: asked for when the palette is used, by metadata alone.

use std::time::Duration;

use futures_util::future::join_all;
use leptos::prelude::*;

use super::found::Candidate;
use crate::api::{ApiError, fetch_names, use_client};
use crate::kinds::{self, KindRow, served};
use crate::poll::{Cadence, poll};
use crate::views::cluster::Cluster;

/// The kinds that are looked through.
const COMMON: &[&str] = &[
    "deployments",
    "statefulsets",
    "daemonsets",
    "cronjobs",
    "jobs",
    "services",
    "ingresses",
    "configmaps",
    "persistentvolumeclaims",
];
/// Places in which each is asked for, for those who do not see all of them at once.
const MOST_PLACES: usize = 2;
const EVERY: Duration = Duration::from_secs(30);

/// The objects of the common kinds, once somebody looks for objects: a page of each.
pub(super) fn wider_search(cluster: Cluster, is_wanted: Signal<bool>) -> Signal<Vec<Candidate>> {
    let client = use_client();
    let wanted = Memo::new(move |before: Option<&bool>| before == Some(&true) || is_wanted.get());
    let question = move || {
        let places = cluster.places(MOST_PLACES);
        (places, if wanted.get() { Cadence::Every(EVERY) } else { Cadence::Never })
    };
    let feed = poll(question, move |places: Vec<String>, abort| async move {
        let rows = COMMON.iter().filter_map(|id| kinds::find(id)).filter(|row| served::is_served(row));
        let asked: Vec<(&'static KindRow, String)> =
            rows.flat_map(|row| places.iter().map(move |place| (row, place.clone()))).collect();
        let ask = |(row, place): (&'static KindRow, String)| {
            let abort = abort.clone();
            async move { (row, fetch_names(client, row, &place, abort).await) }
        };
        let mut all = Vec::new();
        for (row, answer) in join_all(asked.into_iter().map(ask)).await {
            match answer {
                Ok(keys) => all.extend(keys.into_iter().map(|key| Candidate::object((row, key)))),
                Err(error @ (ApiError::SignedOut | ApiError::Aborted)) => return Err(error),
                // What may not be listed is not found.
                Err(_) => {}
            }
        }
        Ok(all)
    });
    Signal::derive(move || feed.value.get().unwrap_or_default())
}
