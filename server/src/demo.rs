//! `crowsnest demo`: a server with a user, and an agent on this machine that pushes to it.
//!
//! Everything lives in one folder (`./crowsnest-demo` unless `--data-dir` says otherwise) and is kept: a second run
//! continues with the same token and the same data.

mod agent;
mod credentials;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use anyhow::Context as _;
use serde::Serialize;

use crate::config::Config;
use crate::data_dir::{DataDir, write_private};
use crate::serve::{Server, start_process, wait_for_signal};
use crate::settings::Settings;

use agent::Agent;
use credentials::Credentials;

/// Where the demo keeps everything unless told otherwise.
const DEFAULT_FOLDER: &str = "crowsnest-demo";

/// `<data-dir>/demo.json`: how to get in; for its owner only.
#[derive(Debug, Serialize)]
struct DemoFile<'a> {
    url: &'a str,
    token: &'a str,
    ca: Option<PathBuf>,
}

/// Runs the demo until SIGTERM or SIGINT.
pub(crate) fn run(mut settings: Settings) -> anyhow::Result<()> {
    let folder = settings.data_dir.get_or_insert_with(|| PathBuf::from(DEFAULT_FOLDER));
    let data_dir = DataDir::open(folder)?;
    let credentials = Credentials::keep(&data_dir)?;
    // What the operator brings wins; the demo's own user is for those who bring none.
    settings.static_token_file.get_or_insert(credentials.users_file.clone());
    settings.ingest_token_file.get_or_insert(credentials.ingest_file.clone());
    settings.log_level.get_or_insert_with(|| "warn".to_owned());
    let own_user = settings.static_token_file.as_deref() == Some(credentials.users_file.as_path());
    let chose_port = settings.listen.is_some();
    let mut config = Config::resolve(settings)?;
    if !chose_port && !is_free(config.listen) {
        config.listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    }
    start_process(&config)?.block_on(async {
        let agent_queue = data_dir.subdir("agent-queue")?;
        let demo_file = data_dir.join("demo.json");
        let ingest_file = config.ingest_token_file.clone().unwrap_or_else(|| credentials.ingest_file.clone());
        let server = Server::start(config, data_dir).await?;
        let reach = server.reach();
        let told = DemoFile { url: &reach.url, token: &credentials.token, ca: reach.ca.clone() };
        write_private(&demo_file, &serde_json::to_vec_pretty(&told)?)?;
        let agent = Agent::start(&reach.url, &ingest_file, reach.ca.as_deref(), &agent_queue)
            .context("cannot start the agent")?;
        announce(&told, own_user);
        wait_for_signal().await?;
        agent.stop().await;
        server.stop().await
    })
}

fn is_free(address: SocketAddr) -> bool {
    std::net::TcpListener::bind(address).is_ok()
}

fn announce(told: &DemoFile<'_>, own_user: bool) {
    println!();
    println!("  Crowsnest is running, and watches this machine as node {}.", agent::NODE);
    println!();
    println!("    Open     {}", told.url);
    if own_user {
        println!("    Token    {}", told.token);
    } else {
        println!("    Sign in  as a user of --static-token-file");
    }
    if let Some(ca) = &told.ca {
        println!("    CA       {}", ca.display());
        println!();
        println!(
            "  The certificate is our own, so the browser warns once; it is safe to go on, or to trust the CA."
        );
    }
    println!("  Ctrl-C stops it; the data stays.");
    println!();
}
