//! The simulated API server as kube-rs sees it: every verb, with types that refuse what the real server never sends.

mod custom;
mod delete;
mod identity;
mod read;
mod subresources;
mod watch;
mod write;

use std::fmt::Debug;

use crowsnest_kubesim::{DemoSize, KubeSim, Life, Options, Running};
use k8s_openapi::api::core::v1::ConfigMap;
use kube::{
    Api, Client, Config,
    api::{ObjectMeta, PostParams},
    config::{KubeConfigOptions, Kubeconfig},
    core::Status,
};
use serde_json::{Value, json};

/// A quiet demo cluster.
pub(crate) struct Cluster {
    pub(crate) running: Running,
    pub(crate) admin: Client,
}

impl Cluster {
    async fn start() -> Cluster {
        Cluster::start_with(Options { life: Life::Still, ..Options::demo(DemoSize::default()) }).await
    }

    async fn start_with(options: Options) -> Cluster {
        let running = KubeSim::start(options).await.unwrap();
        let admin = client(&running.admin_kubeconfig().unwrap()).await;
        Cluster { running, admin }
    }

    /// Someone who may read one namespace.
    async fn viewer(&self) -> Client {
        client(&self.running.kubeconfig("shop", "viewer", 3600).unwrap()).await
    }

    /// The ConfigMaps of a namespace that nobody else changes.
    fn config_maps(&self) -> Api<ConfigMap> {
        Api::namespaced(self.admin.clone(), "batch")
    }
}

/// A client by a kubeconfig.
async fn client(kubeconfig: &str) -> Client {
    let kubeconfig = Kubeconfig::from_yaml(kubeconfig).unwrap();
    client_of(kubeconfig).await
}

async fn client_of(kubeconfig: Kubeconfig) -> Client {
    let mut config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await.unwrap();
    // An eviction that is refused with 429 would be tried again for minutes.
    config.default_retry = false;
    Client::try_from(config).unwrap()
}

/// The `Status` of a refusal.
#[track_caller]
fn refusal<T: Debug>(result: kube::Result<T>) -> Status {
    let error = result.unwrap_err();
    let text = error.to_string();
    let status = if let kube::Error::Api(status) = error { Ok(*status) } else { Err(text) };
    status.unwrap()
}

/// Checks the code and reason of a refusal.
#[track_caller]
fn check_refusal<T: Debug>(result: kube::Result<T>, code: u16, reason: &str) {
    let status = refusal(result);
    assert_eq!((status.code, status.reason.as_str()), (code, reason), "{}", status.message);
}

/// A ConfigMap with one label and one value.
fn config_map(name: &str, label: &str, value: &str) -> ConfigMap {
    typed(json!({"metadata": {"name": name, "labels": {"tier": label}}, "data": {"key": value}}))
}

fn typed<K: serde::de::DeserializeOwned>(value: Value) -> K {
    serde_json::from_value(value).unwrap()
}

async fn create_all(api: &Api<ConfigMap>, names: &[(&str, &str)]) -> Vec<ConfigMap> {
    let mut made = Vec::new();
    for (name, label) in names {
        made.push(api.create(&PostParams::default(), &config_map(name, label, "1")).await.unwrap());
    }
    made
}

/// The names of objects, in their order.
fn names<'o>(metadata: impl IntoIterator<Item = &'o ObjectMeta>) -> Vec<String> {
    metadata.into_iter().filter_map(|metadata| metadata.name.clone()).collect()
}
