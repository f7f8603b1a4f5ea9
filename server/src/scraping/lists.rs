//! Lists of the cluster's objects that pools share: what many ask for at about the same time is asked of the API server once.

use std::any::Any;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use serde::de::DeserializeOwned;

use super::kubernetes::{ListError, list_pages};
use crate::cluster::{Cluster, Path};

/// How long a list is given to others. Pools begin together and look again at the same intervals, so that little is enough; and what
/// is held no longer needs no memory.
const FRESH: Duration = Duration::from_secs(8);

/// The lists that are fresh, by what they are asked for with.
#[derive(Default)]
pub(crate) struct Lists(Arc<Mutex<BTreeMap<String, Arc<Slot>>>>);

/// When an answer came, and what it was. Whoever comes while somebody asks waits for it.
type Slot = tokio::sync::Mutex<Option<(Instant, Answer)>>;
type Answer = Result<Arc<dyn Any + Send + Sync>, Arc<ListError>>;

impl Lists {
    /// All objects that a path lists; a path is always asked for with the same type.
    pub(super) async fn get<T>(
        &self,
        cluster: &Cluster,
        path: &Path,
        resource: &'static str,
        most: usize,
    ) -> Result<Arc<Vec<T>>, ListError>
    where
        T: DeserializeOwned + Send + Sync + 'static,
    {
        let slot = Arc::clone(self.0.lock().entry(path.to_string()).or_default());
        let mut kept = slot.lock().await;
        let fresh = kept.as_ref().filter(|(came, _)| came.elapsed() < FRESH);
        let answer = if let Some((_, answer)) = fresh {
            answer.clone()
        } else {
            let listed = list_pages::<T>(cluster, path, resource, most).await;
            let answer: Answer = match listed {
                Ok(list) => Ok(Arc::new(list)),
                Err(error) => Err(Arc::new(error)),
            };
            *kept = Some((Instant::now(), answer.clone()));
            self.forget_later(path.to_string());
            answer
        };
        let list = answer.map_err(ListError::Shared)?;
        list.downcast::<Vec<T>>().map_err(|_| ListError::OtherType(resource))
    }

    fn forget_later(&self, path: String) {
        let lists = Arc::downgrade(&self.0);
        tokio::spawn(async move {
            tokio::time::sleep(FRESH).await;
            if let Some(lists) = lists.upgrade() {
                lists.lock().remove(&path);
            }
        });
    }
}
