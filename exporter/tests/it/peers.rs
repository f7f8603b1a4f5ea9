//! Receivers of others that know remote write 1.0 only: what the agent pushes must arrive there.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use crate::binary::{Agent, push_flags};
use crate::tools;

/// Ends with the value.
struct Peer(Child);

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The program, with these arguments, must answer a query for the load with the agent's label.
fn check(program: &str, arguments: impl FnOnce(u16, &str) -> Vec<String>) {
    let path = match tools::find(program) {
        Ok(path) => path,
        Err(reason) => return println!("skipped: {reason}"),
    };
    let folder = tempfile::tempdir().unwrap();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let data = folder.path().join("data");
    std::fs::write(folder.path().join("prometheus.yml"), "").unwrap();
    let child = Command::new(path)
        .args(arguments(port, data.to_str().unwrap()))
        .current_dir(folder.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let _peer = Peer(child);
    let (url, queue) = (format!("http://127.0.0.1:{port}"), folder.path().join("queue"));
    let mut agent = Agent::start(&push_flags(&url, queue.to_str().unwrap()));
    agent.wait_for("does not take remote write 2.0; going on with 1.0");
    let answer = (0..200).find_map(|_| {
        thread::sleep(Duration::from_millis(100));
        let answer = get(port, "/api/v1/query?query=node_load1").ok()?;
        answer.contains("\"instance\":\"n1\"").then_some(answer)
    });
    assert!(answer.is_some(), "{program} does not show what was pushed");
    agent.stop();
}

fn get(port: u16, path: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    write!(stream, "GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

#[test]
fn debians_prometheus_takes_what_the_agent_pushes() {
    check("prometheus", |port, data| {
        vec![
            "--config.file=prometheus.yml".to_owned(),
            format!("--web.listen-address=127.0.0.1:{port}"),
            format!("--storage.tsdb.path={data}"),
            "--web.enable-remote-write-receiver".to_owned(),
        ]
    });
}

#[test]
fn debians_victoria_metrics_takes_what_the_agent_pushes() {
    check("victoria-metrics", |port, data| {
        vec![
            format!("-httpListenAddr=127.0.0.1:{port}"),
            format!("-storageDataPath={data}"),
            "-search.latencyOffset=0s".to_owned(),
        ]
    });
}
