//! Runs an empty simulated cluster until it is interrupted, and prints a kubeconfig for it.

use std::net::{Ipv4Addr, SocketAddr};

use crowsnest_kubesim::{KubeSim, Options, StartError};

#[tokio::main]
async fn main() -> Result<(), StartError> {
    let port = std::env::args().nth(1).and_then(|port| port.parse().ok()).unwrap_or(0);
    let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let running = KubeSim::start(Options { listen, ..Options::default() }).await?;
    println!("{}", running.admin_kubeconfig()?);
    std::future::pending::<()>().await;
    Ok(())
}
