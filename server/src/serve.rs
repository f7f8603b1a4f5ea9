//! `crowsnest serve`: puts the parts together and runs them until a signal.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::Context as _;
use crowsnest_promql::{Engine, EngineOptions, Features};
use crowsnest_rbac::{IngestTokens, RoleAuthoriser, StaticUsers};
use serde::Serialize;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::time::MissedTickBehavior;
use tracing::{info, warn};

use crate::api_v1::write::WriteGate;
use crate::auth::{Auth, Sessions, Users};
use crate::clock;
use crate::config::Config;
use crate::control::{ControlStore, SledStore};
use crate::data_dir::{DataDir, write_public};
use crate::http::{self, App, AppState};
use crate::listen::{CertificateStore, Listener, TlsAcceptor};
use crate::logging;
use crate::query_pool::QueryPool;
use crate::settings::AuthMode;
use crate::sources::watch::SourceWatch;
use crate::storage::Storage;
use crate::telemetry::Telemetry;
use crate::watched::Watched;

/// How often files are looked at for changes.
const FILE_INTERVAL: Duration = Duration::from_secs(2);
/// How often silent sources are looked for.
const SOURCE_INTERVAL: Duration = Duration::from_secs(1);
/// How often the sample store is looked after.
const MAINTAIN_INTERVAL: Duration = Duration::from_secs(15);
/// How often sessions that are over are removed, and certificates looked at.
const UPKEEP_INTERVAL: Duration = Duration::from_secs(600);

/// `<data-dir>/listen.json`: where the server can be reached, written once it can.
#[derive(Debug, Serialize)]
struct ListenFile {
    listen: SocketAddr,
    http_listen: Option<SocketAddr>,
    /// For people and programs on this machine.
    url: String,
    /// The CA to trust, unless the operator brought a certificate.
    ca: Option<std::path::PathBuf>,
}

/// Runs the server until SIGTERM or SIGINT.
pub(crate) fn run(config: Config) -> anyhow::Result<()> {
    logging::start(config.log_format, &config.log_level)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_name("crowsnest")
        .build()
        .context("cannot start threads")?;
    runtime.block_on(serve(config))
}

async fn serve(config: Config) -> anyhow::Result<()> {
    let data_dir = DataDir::open(&config.data_dir)?;
    let sled = SledStore::open(&data_dir.subdir("control")?)?;
    let storage = Storage::open(&config, &data_dir, sled.block_manifest()?)?;
    let control: Arc<dyn ControlStore> = Arc::new(sled);
    let certificates = certificates(&config, &data_dir)?;
    let tls = Arc::new(TlsAcceptor::new(&certificates.load()?)?);
    let sources = SourceWatch::open(
        Arc::clone(&control),
        Arc::clone(&storage.appender),
        Arc::clone(&storage.queryable),
        clock::now(),
    )?;
    let options = engine_options(&config);
    let app: AppState = Arc::new(App {
        auth: auth(&config, &data_dir, control)?,
        pool: QueryPool::new(options.timeout),
        engine: Engine::new(options),
        storage,
        sources,
        writes: WriteGate::default(),
        telemetry: Telemetry::default(),
        ready: AtomicBool::new(false),
        config: config.clone(),
    });

    let secure = Listener::bind(config.listen, Some(Arc::clone(&tls))).await?;
    let plain = match config.http_listen {
        Some(address) => Some(Listener::bind(address, None).await?),
        None => None,
    };
    let listen_file = ListenFile {
        listen: secure.address()?,
        http_listen: plain.as_ref().map(Listener::address).transpose()?,
        url: format!("https://{}{}", reachable(secure.address()?), config.base_path.with_slash()),
        ca: certificates.ca_file(),
    };

    let (stop, stopped) = watch::channel(false);
    let router = http::router(&app);
    let mut tasks = tokio::task::JoinSet::new();
    tasks.spawn(secure.serve(router.clone(), stopped.clone()));
    if let Some(plain) = plain {
        tasks.spawn(plain.serve(router, stopped.clone()));
    }
    tasks.spawn(watch_files(Arc::clone(&app), stopped.clone()));
    tasks.spawn(watch_sources(Arc::clone(&app), stopped.clone()));
    tasks.spawn(maintain(Arc::clone(&app), stopped.clone()));
    tasks.spawn(upkeep(Arc::clone(&app), certificates, tls, stopped));
    app.ready.store(true, Ordering::Relaxed);
    write_public(&data_dir.join("listen.json"), &serde_json::to_vec_pretty(&listen_file)?)?;
    info!(version = env!("CARGO_PKG_VERSION"), url = listen_file.url, "crowsnest is ready");

    wait_for_signal().await?;
    info!("shutting down");
    app.ready.store(false, Ordering::Relaxed);
    stop.send_replace(true);
    while let Some(ended) = tasks.join_next().await {
        ended.context("a part of the server panicked")?;
    }
    app.storage.local.close();
    drop(std::fs::remove_file(data_dir.join("listen.json")));
    info!("stopped");
    Ok(())
}

fn certificates(config: &Config, data_dir: &DataDir) -> anyhow::Result<CertificateStore> {
    Ok(match &config.tls_files {
        Some((cert, key)) => CertificateStore::Files { cert: cert.clone(), key: key.clone() },
        None => CertificateStore::Own { folder: data_dir.subdir("tls")?, address: config.listen.ip() },
    })
}

fn auth(config: &Config, data_dir: &DataDir, control: Arc<dyn ControlStore>) -> anyhow::Result<Auth> {
    let users = match (config.auth, &config.static_token_file) {
        (AuthMode::Static, Some(path)) => Users::Static(Watched::open(path, |yaml| {
            StaticUsers::parse(yaml).map_err(|error| error.to_string())
        })?),
        _ => {
            warn!("--auth none: everybody who reaches this address is an administrator");
            Users::Open
        }
    };
    let ingest = config
        .ingest_token_file
        .as_ref()
        .map(|path| Watched::open(path, |text| IngestTokens::parse(text).map_err(|error| error.to_string())));
    let sessions = Sessions::new(control, data_dir.key("session.key")?);
    Ok(Auth::new(users, ingest.transpose()?, sessions, Box::new(RoleAuthoriser)))
}

/// Prometheus's features that the engine knows; others are told about and otherwise ignored, as Prometheus does.
fn engine_options(config: &Config) -> EngineOptions {
    let mut features = Features::default();
    for feature in &config.features {
        match feature.as_str() {
            "promql-experimental-functions" => features.experimental_functions = true,
            "promql-delayed-name-removal" => features.delayed_name_removal = true,
            other => warn!(feature = other, "--enable-feature: not known here"),
        }
    }
    EngineOptions { features, ..EngineOptions::default() }
}

/// An address that can be connected to: listening everywhere includes loopback.
fn reachable(address: SocketAddr) -> SocketAddr {
    match address.ip() {
        ip if !ip.is_unspecified() => address,
        std::net::IpAddr::V4(_) => SocketAddr::from((std::net::Ipv4Addr::LOCALHOST, address.port())),
        std::net::IpAddr::V6(_) => SocketAddr::from((std::net::Ipv6Addr::LOCALHOST, address.port())),
    }
}

async fn wait_for_signal() -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot listen for SIGINT")?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}

/// Reads users and ingest tokens again when their files change.
async fn watch_files(app: AppState, stopped: watch::Receiver<bool>) {
    every(FILE_INTERVAL, stopped, || {
        let app = AppState::clone(&app);
        move || app.auth.reload_changed_files()
    })
    .await;
}

/// Looks for sources that have fallen silent.
async fn watch_sources(app: AppState, stopped: watch::Receiver<bool>) {
    every(SOURCE_INTERVAL, stopped, || {
        let app = AppState::clone(&app);
        move || app.sources.look(clock::now())
    })
    .await;
}

/// Cuts blocks and applies retention.
async fn maintain(app: AppState, stopped: watch::Receiver<bool>) {
    every(MAINTAIN_INTERVAL, stopped, || {
        let app = AppState::clone(&app);
        move || app.storage.maintain()
    })
    .await;
}

/// Removes sessions that are over and renews the certificate.
async fn upkeep(
    app: AppState,
    certificates: CertificateStore,
    tls: Arc<TlsAcceptor>,
    stopped: watch::Receiver<bool>,
) {
    let certificates = Arc::new(certificates);
    every(UPKEEP_INTERVAL, stopped, || {
        let (app, certificates, tls) = (AppState::clone(&app), Arc::clone(&certificates), Arc::clone(&tls));
        move || {
            match app.auth.sessions.sweep(clock::now()) {
                Ok(0) => {}
                Ok(removed) => info!(removed, "removed sessions that are over"),
                Err(error) => {
                    warn!(err = &error as &dyn std::error::Error, "cannot remove sessions that are over");
                }
            }
            if let Err(error) = certificates.load().and_then(|certificate| tls.replace(&certificate)) {
                warn!(
                    err = &*error as &dyn std::error::Error,
                    "cannot renew the certificate; the old one stays"
                );
            }
        }
    })
    .await;
}

/// Does `job` off the async threads, again and again, until `stopped`.
async fn every<J>(interval: Duration, mut stopped: watch::Receiver<bool>, job: impl Fn() -> J)
where
    J: FnOnce() + Send + 'static,
{
    let mut ticks = tokio::time::interval(interval);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            _ = stopped.wait_for(|stop| *stop) => return,
        }
        if let Err(error) = tokio::task::spawn_blocking(job()).await {
            warn!(err = &error as &dyn std::error::Error, "a background job panicked");
        }
    }
}
