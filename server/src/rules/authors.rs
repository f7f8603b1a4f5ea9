//! Whether those who made rules may still see what their rules see. A rule whose author may not is evaluated no more, until somebody who may saves it again or
//! the author may again.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crowsnest_api::access::Right;
use tokio::sync::watch;
use tracing::{info, warn};

use super::Rules;
use super::written::{Author, Record, is_of_all};
use crate::auth::{Auth, Users};
use crate::cluster::{Cluster, ClusterError};
use crate::http::AppState;

/// How often they are looked after when no rule is saved.
const EVERY: Duration = Duration::from_mins(5);

/// Looks after all of them until the server stops.
pub(crate) async fn follow(app: AppState, mut stopped: watch::Receiver<bool>) {
    loop {
        tokio::select! {
            () = look(&app.rules, &app.auth) => {}
            _ = stopped.wait_for(|stop| *stop) => return,
        }
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            () = app.rules.saved.notified() => {}
            _ = stopped.wait_for(|stop| *stop) => return,
        }
    }
}

async fn look(rules: &Arc<Rules>, auth: &Auth) {
    let mut asked: BTreeMap<(Author, String), Option<bool>> = BTreeMap::new();
    for (id, record) in rules.written.all() {
        let whose = (record.author.clone(), record.folder.clone());
        let may = match (asked.get(&whose), &auth.users) {
            (Some(known), _) => *known,
            (None, Users::Open) => Some(true),
            (None, Users::Static(users)) => Some(users.get().find(&record.author.user).is_some()),
            (None, Users::Cluster(cluster)) => sees_still(cluster, &record).await,
        };
        asked.insert(whose, may);
        // What nobody can find out stays as it was.
        let Some(may) = may else { continue };
        let stopped = (!may).then(|| {
            let Record { folder, author: Author { user, .. }, .. } = &record;
            format!("{user}, who made this rule, may no longer see the metrics of {folder}; save it to make it yours")
        });
        if stopped == record.stopped {
            continue;
        }
        info!(
            rule = record.rule.alert,
            folder = record.folder,
            user = record.author.user,
            runs = may,
            "the rights of a rule's author have changed"
        );
        let rules = Arc::clone(rules);
        let set = tokio::task::spawn_blocking(move || rules.set_stopped(&id, stopped)).await;
        if let Ok(Err(error)) = set {
            warn!(err = &error as &dyn std::error::Error, "cannot note that a rule is stopped");
        }
    }
}

/// Whether the API server says that the author may see what the rule sees; `None` when it does not say.
async fn sees_still(cluster: &Cluster, record: &Record) -> Option<bool> {
    let rights = if is_of_all(&record.folder) {
        vec![Right::to("list", "", "pods", ""), Right::to("get", "", "nodes", "")]
    } else {
        vec![Right::to("list", "", "pods", "").within(record.folder.clone())]
    };
    for right in rights {
        match cluster.may_somebody(&record.author.user, &record.author.groups, &right).await {
            Ok(true) => {}
            Ok(false) => return Some(false),
            Err(ClusterError::Refused(status)) if status.code == 403 => return None,
            Err(error) => {
                let error: &dyn std::error::Error = &error;
                warn!(err = error, "cannot ask what the author of a rule may see");
                return None;
            }
        }
    }
    Some(true)
}
