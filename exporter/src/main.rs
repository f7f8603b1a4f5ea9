//! `crowsnest-agent`: flags, log and signals around the library.

use std::future::Future;

use clap::Parser;
use crowsnest_agent::{LogFormat, Options, run};
use tokio::signal::unix::{SignalKind, signal};

fn main() -> anyhow::Result<()> {
    use_one_arena();
    let options = Options::parse();
    start_log(&options);
    if options.exit_with_parent {
        // A parent that ended before this line is missed; whoever starts us that way stays for longer.
        nix::sys::prctl::set_pdeathsig(nix::sys::signal::Signal::SIGTERM)?;
    }
    let config = options.into_config()?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        // For the queue, collections and name resolution; their stacks need little.
        .max_blocking_threads(4)
        .thread_stack_size(512 << 10)
        .build()?;
    let result = runtime.block_on(async { run(config, stop_signal()?).await });
    // A collector that hangs in the kernel must not keep the process alive.
    runtime.shutdown_background();
    result
}

/// Completes at SIGTERM or SIGINT.
fn stop_signal() -> anyhow::Result<impl Future<Output = ()>> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

fn start_log(options: &Options) {
    let log = tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_max_level(options.log_level)
        .with_target(false);
    match options.log_format {
        LogFormat::Text => log.with_ansi(false).init(),
        LogFormat::Json => log.json().init(),
    }
}

/// Makes the C library's allocator keep one arena. By default each thread gets its own, and what one thread frees is of
/// no use to the others: for a few short-lived threads that costs several megabytes.
#[cfg(target_env = "gnu")]
fn use_one_arena() {
    // SAFETY: called first thing in main, while there is one thread; mallopt has no other precondition.
    unsafe {
        libc::mallopt(libc::M_ARENA_MAX, 1);
    }
}

#[cfg(not(target_env = "gnu"))]
fn use_one_arena() {}
