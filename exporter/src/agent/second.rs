//! A second destination: what is queued for the first is queued for it too, and sent by a pusher of its own.

use std::sync::{Arc, Mutex};

use crowsnest_scrape::Family;
use tokio::sync::Notify;

use super::{Destination, QueuePlace, lock, open_queue};
use crate::push::{Pusher, SharedQueue, TokenFile};
use crate::status::PushStatus;

/// A second destination at work.
#[derive(Clone)]
pub(super) struct Second {
    destination: Destination,
    pub(super) queue: SharedQueue,
    status: Arc<PushStatus>,
}

impl Second {
    pub(super) fn open(destination: Destination, place: &QueuePlace, max_bytes: u64) -> anyhow::Result<Self> {
        let queue = Arc::new(Mutex::new(open_queue(place, max_bytes)?));
        Ok(Self { destination, queue, status: Arc::default() })
    }

    /// A pusher of what is added to `first` from now on, and of what its own queue has kept.
    pub(super) fn follow(&self, first: &SharedQueue) -> Pusher {
        let added = Arc::new(Notify::new());
        let (queue, notify) = (Arc::clone(&self.queue), Arc::clone(&added));
        lock(first).copy_to(move |record| {
            lock(&queue).push(record.clone());
            notify.notify_one();
        });
        tracing::info!(server = self.destination.target.authority, "pushing there besides");
        let token = self.destination.token_file.as_deref().map(TokenFile::new);
        let (target, status) = (self.destination.target.clone(), Arc::clone(&self.status));
        Pusher::new(Arc::clone(&self.queue), added, target, token, None, status)
    }

    /// Adds what there is to say about it to the same families of the first, with the label `destination`.
    pub(super) fn add_families(&self, families: &mut [Family]) {
        let own = self.status.families(&lock(&self.queue));
        for (family, own) in families.iter_mut().zip(own) {
            family.samples.extend(own.samples.into_iter().map(|mut sample| {
                let mut labels = sample.labels.to_builder();
                labels.set("destination", &*self.destination.target.authority);
                sample.labels = labels.build();
                sample
            }));
        }
    }
}
