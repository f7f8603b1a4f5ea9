//! Who is examined: the settings, the data folder, the cluster, the running server, as far as each can be had.

use std::fs::{self, File};
use std::path::PathBuf;
use std::sync::Arc;

use crowsnest_api::Timestamp;
use serde::Deserialize;

use super::DoctorArgs;
use super::settings::Known;
use crate::client::Server;
use crate::clock;
use crate::cluster::Cluster;
use crate::serve;

/// What is examined.
pub(super) struct Patient {
    pub(super) known: Known,
    /// Where the data folder is, or would be.
    pub(super) data_dir: PathBuf,
    /// Whether a server has the data folder locked.
    pub(super) in_use: bool,
    /// The cluster, where the settings lead to one; the words of what keeps it from being looked at.
    pub(super) cluster: Option<Result<Arc<Cluster>, String>>,
    /// The running server, where one is known.
    pub(super) server: Option<Result<Server, String>>,
    /// As whom it is asked.
    pub(super) has_token: bool,
    pub(super) now: Timestamp,
}

/// `listen.json`, as far as it is of use here.
#[derive(Deserialize)]
struct Listening {
    url: String,
    ca: Option<PathBuf>,
}

impl Patient {
    /// Finds out who there is to examine. Whatever is missing is for the checks to tell.
    pub(super) async fn admit(args: &DoctorArgs) -> Self {
        let settings = args.serve.clone().load();
        let given = settings.as_ref().ok().and_then(|settings| settings.data_dir.clone());
        let data_dir = given.unwrap_or_else(|| PathBuf::from("crowsnest-data"));
        let known = match settings {
            Ok(settings) => Known::resolve(settings),
            Err(error) => Known::Wrong(format!("{error:#}")),
        };
        let in_use = is_locked(&data_dir);
        let cluster = match known.config() {
            Some(config) => serve::cluster(config).await.map_err(|error| format!("{error:#}")).transpose(),
            None => None,
        };
        let (url, ca) = match &args.url {
            Some(url) => (Some(url.clone()), args.ca.clone()),
            // Of a server that has ended the file may still be there.
            None => match listening(&data_dir).filter(|_| in_use) {
                Some(Listening { url, ca }) => (Some(url), args.ca.clone().or(ca)),
                None => (None, None),
            },
        };
        let server = url.map(|url| {
            Server::new(&url, args.token_file.as_deref(), ca.as_deref()).map_err(|error| format!("{error:#}"))
        });
        let has_token = args.token_file.is_some();
        Self { known, data_dir, in_use, cluster, server, has_token, now: clock::now() }
    }

    /// The running server, where it can be asked at all.
    pub(super) fn server(&self) -> Option<&Server> {
        self.server.as_ref()?.as_ref().ok()
    }

    /// The running server, where it can be asked for what not everybody may know.
    pub(super) fn confided_server(&self) -> Option<&Server> {
        self.server().filter(|_| self.has_token)
    }

    /// The cluster, where it can be asked at all.
    pub(super) fn cluster(&self) -> Option<&Arc<Cluster>> {
        self.cluster.as_ref()?.as_ref().ok()
    }
}

fn is_locked(data_dir: &std::path::Path) -> bool {
    File::open(data_dir.join("lock")).is_ok_and(|lock| lock.try_lock_shared().is_err())
}

fn listening(data_dir: &std::path::Path) -> Option<Listening> {
    serde_json::from_slice(&fs::read(data_dir.join("listen.json")).ok()?).ok()
}
