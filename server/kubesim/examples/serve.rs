//! Runs the simulated cluster of the demo until it is interrupted, and prints a kubeconfig for it.
//!
//! Arguments: port, nodes, pods.

use std::net::{Ipv4Addr, SocketAddr};

use crowsnest_kubesim::{DemoSize, KubeSim, Options, StartError};

#[tokio::main]
async fn main() -> Result<(), StartError> {
    let mut arguments =
        std::env::args().skip(1).map(|argument| argument.parse::<usize>().unwrap_or_default());
    let port = arguments.next().and_then(|port| u16::try_from(port).ok()).unwrap_or(0);
    let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let default = DemoSize::default();
    let size = DemoSize {
        nodes: arguments.next().unwrap_or(default.nodes),
        pods: arguments.next().unwrap_or(default.pods),
    };
    let running = KubeSim::start(Options { listen, ..Options::demo(size) }).await?;
    println!("{}", running.admin_kubeconfig()?);
    std::future::pending::<()>().await;
    Ok(())
}
