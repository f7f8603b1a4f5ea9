//! When it is worth looking again which pods there are.

use std::sync::Arc;
use std::time::Duration;

use crowsnest_rbac::Credential;
use serde::Deserialize;
use tokio::sync::Notify;

use crate::cluster::{As, Cluster, Form, Path};

/// How long to wait before a watch is begun anew. Who may list pods and not watch them is looked after so often, too.
const AGAIN: Duration = Duration::from_secs(3);
/// Whatever the API server has at hand: what there is already is told as added, which is a look that changes nothing.
const ANY_VERSION: &str = "0";

#[derive(Deserialize)]
struct Line {
    r#type: Type,
}

#[derive(Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum Type {
    Added,
    Modified,
    Deleted,
    Bookmark,
    Error,
}

/// Tells of every change of what a list has, for ever. What is told many times before somebody listens is told once.
pub(super) async fn tell_changes(
    cluster: Arc<Cluster>,
    credential: Credential,
    list: Path,
    changed: Arc<Notify>,
) {
    loop {
        // Objects are looked at by whoever listens: of these, whether there are any is enough.
        let watch = cluster.watch(As::User(&credential), list.clone(), Form::Metadata, ANY_VERSION).await;
        if let Ok(mut lines) = watch {
            while let Ok(Some(line)) = lines.next().await {
                match serde_json::from_slice::<Line>(&line) {
                    Ok(Line { r#type: Type::Added | Type::Modified | Type::Deleted }) => changed.notify_one(),
                    Ok(Line { r#type: Type::Bookmark }) => {}
                    Ok(Line { r#type: Type::Error }) | Err(_) => break,
                }
            }
        }
        tokio::time::sleep(AGAIN).await;
        changed.notify_one();
    }
}
