//! The watch of one kind: a list, then what changes, again and again.

use std::collections::HashSet;
use std::error::Error as _;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use crowsnest_api::cluster::Scope;
use crowsnest_cluster_metrics::{Form as Needed, Kind, Projector, Uid};
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::sync::Semaphore;
use tracing::{debug, info, warn};

use super::collection::{Collection, Kept};
use super::counts::{Asked, Counts};
use crate::cluster::{As, Cluster, ClusterError, Event, Followed, Form, Path, Status};
use crate::gone::keeper::Witness;

/// Objects of one page: what is in memory at once.
const PAGE: usize = 250;
/// How often it is tried again what is not allowed or not there.
const REFUSED_RETRY: Duration = Duration::from_mins(5);

/// What the watch of one kind needs.
pub(super) struct KindWatch {
    pub(super) kind: Kind,
    /// Of pods, who is told of those that go.
    pub(super) witness: Option<Witness>,
    pub(super) cluster: Arc<Cluster>,
    pub(super) projector: Projector,
    pub(super) collection: Arc<Collection>,
    pub(super) counts: Arc<Counts>,
    /// One list at a time is in memory.
    pub(super) lists: Arc<Semaphore>,
    /// Whether it was said that it is not allowed or not there.
    pub(super) is_refused: bool,
}

/// A page of a list, or of a table.
#[derive(Deserialize)]
struct Page<'a> {
    #[serde(default)]
    metadata: PageMetadata,
    #[serde(borrow, default)]
    items: Vec<&'a RawValue>,
    #[serde(borrow, default)]
    rows: Vec<&'a RawValue>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct PageMetadata {
    r#continue: String,
    resource_version: String,
}

/// What a line of a watch is about: an object, or the rows of a table, of which there is one.
#[derive(Deserialize)]
struct Table<'a> {
    #[serde(borrow, default)]
    rows: Vec<&'a RawValue>,
}

impl Followed for KindWatch {
    fn what(&self) -> String {
        self.kind.resource.to_string()
    }

    fn path(&self) -> Result<Path, ClusterError> {
        let kind =
            crowsnest_api::cluster::Kind::new(&self.kind.group, &self.kind.version, &self.kind.resource);
        let kind = kind.map_err(|error| ClusterError::Answer(error.to_string()))?;
        Ok(Path::list(&kind, &Scope::CLUSTER))
    }

    fn form(&self) -> Form {
        self.form_of(Asked::Watch)
    }

    async fn list(&mut self) -> Result<String, ClusterError> {
        let listed = self.list_pages().await;
        self.counts.note(Asked::List, listed.is_ok());
        self.is_refused &= listed.is_err();
        listed
    }

    fn begun(&mut self, is_begun: bool) {
        self.counts.note(Asked::Watch, is_begun);
    }

    async fn take(&mut self, event: Event, json: &[u8]) -> Result<(), ClusterError> {
        match event {
            Event::Added | Event::Modified => {
                if let Some(witness) = &self.witness {
                    witness.changed(json);
                }
                let kept = self.objects(json);
                self.collection.put(kept);
            }
            Event::Deleted => {
                if let Some(witness) = &self.witness {
                    witness.gone(json);
                }
                self.objects(json).iter().for_each(|gone| self.collection.remove(gone.uid()));
            }
        }
        Ok(())
    }

    /// What is not allowed or not there has no series; it is said once.
    fn refused(&mut self, status: &Status) -> Duration {
        self.collection.clear();
        let resource = &*self.kind.resource;
        match status.code {
            _ if self.is_refused => {}
            404 => info!(resource, "the cluster does not have this kind; no metrics are made of it"),
            _ => warn!(
                resource,
                group = &*self.kind.group,
                reason = status.message,
                "no metrics are made of this kind: the server may not list and watch it (see --cluster-metrics)"
            ),
        }
        self.is_refused = true;
        REFUSED_RETRY
    }
}

impl KindWatch {
    /// Reads all pages of the list; the position after it.
    async fn list_pages(&mut self) -> Result<String, ClusterError> {
        let lists = Arc::clone(&self.lists);
        let _turn = lists.acquire().await;
        let mut listed = HashSet::new();
        let mut next = String::new();
        loop {
            let mut path = self.path()?.with("limit", &PAGE.to_string());
            if !next.is_empty() {
                path = path.with("continue", &next);
            }
            let page = self.cluster.get_bytes(As::Server, &path, self.form_of(Asked::List)).await?;
            let metadata = self.take_page(&page, &mut listed)?;
            next = metadata.r#continue;
            if next.is_empty() {
                self.collection.finish_list(&listed);
                return Some(metadata.resource_version)
                    .filter(|version| !version.is_empty())
                    .ok_or_else(|| ClusterError::Answer("a list has no resourceVersion".to_owned()));
            }
        }
    }

    fn take_page(&mut self, page: &Bytes, listed: &mut HashSet<Uid>) -> Result<PageMetadata, ClusterError> {
        // Some milliseconds of work: other tasks of this thread are moved to others meanwhile.
        tokio::task::block_in_place(|| {
            let Page { metadata, items, rows } =
                serde_json::from_slice(page).map_err(|error| not_understood(&error))?;
            let items = items.into_iter().chain(rows);
            let kept: Vec<Kept> = items.filter_map(|item| self.project(item.get().as_bytes())).collect();
            listed.extend(kept.iter().map(|object| object.uid().clone()));
            self.collection.put(kept);
            Ok(metadata)
        })
    }

    /// What is kept of the object that a line is about.
    fn objects(&mut self, json: &[u8]) -> Vec<Kept> {
        if self.kind.form != Needed::Row {
            return self.project(json).into_iter().collect();
        }
        let table = serde_json::from_slice(json).unwrap_or(Table { rows: Vec::new() });
        table.rows.into_iter().filter_map(|row| self.project(row.get().as_bytes())).collect()
    }

    /// What is kept of an object; one that cannot be read is left out.
    fn project(&mut self, json: &[u8]) -> Option<Kept> {
        let projected = self.projector.project(json);
        let tell = |error: &crowsnest_cluster_metrics::NotAnObject| {
            let cause = error.source().map(ToString::to_string);
            debug!(resource = &*self.kind.resource, cause, "an object cannot be read and has no metrics");
        };
        projected.inspect_err(tell).ok()
    }

    fn form_of(&self, asked: Asked) -> Form {
        match (self.kind.form, asked) {
            (Needed::Whole, _) => Form::Whole,
            (Needed::Metadata, Asked::List) => Form::MetadataList,
            (Needed::Metadata, Asked::Watch) => Form::Metadata,
            (Needed::Row, _) => Form::Table,
        }
    }
}

fn not_understood(error: &serde_json::Error) -> ClusterError {
    ClusterError::Answer(error.to_string())
}
