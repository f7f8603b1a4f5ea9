//! Remote-write senders: each owns some nodes and pushes their ticks in order over one connection.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::process::Process;
use crate::replay::Replay;

/// How many ticks a sender may be ahead of the slowest: five minutes, for Prometheus refuses what is an hour behind others.
const AHEAD: usize = 20;

/// At which tick each sender is.
struct Pace(Vec<AtomicUsize>);

/// A sender's own place. When it ends, for whatever reason, nobody waits for it.
struct Place<'a>(&'a Pace, usize);

impl Place<'_> {
    fn reach(&self, tick: usize) {
        let Self(Pace(all), own) = self;
        all[*own].store(tick, Ordering::Relaxed);
        let slowest = || all.iter().map(|tick| tick.load(Ordering::Relaxed)).min().unwrap_or_default();
        while tick > slowest() + AHEAD {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let Self(Pace(all), own) = self;
        all[*own].store(usize::MAX - AHEAD, Ordering::Relaxed);
    }
}

/// Pushes everything and says how many samples that was.
pub(crate) fn push_all(server: &Process, replay: &Replay, senders: usize) -> u64 {
    let pace = Pace(std::iter::repeat_with(AtomicUsize::default).take(senders).collect());
    let pace = &pace;
    std::thread::scope(|scope| {
        let senders: Vec<_> = (0..senders)
            .map(|sender| scope.spawn(move || push(server, replay, &Place(pace, sender), senders)))
            .collect();
        senders.into_iter().map(|sender| sender.join().unwrap()).sum()
    })
}

fn push(server: &Process, replay: &Replay, place: &Place<'_>, senders: usize) -> u64 {
    let mut connection = BufReader::new(TcpStream::connect(server.address()).unwrap());
    connection.get_ref().set_nodelay(true).unwrap();
    let mut encoder = snap::raw::Encoder::new();
    let (mut plain, mut packed, mut samples) = (Vec::new(), Vec::new(), 0);
    for tick in 0..replay.ticks {
        place.reach(tick);
        for node in (place.1..replay.nodes).step_by(senders) {
            samples += replay.request(node, tick, &mut plain);
            let body = encoder.compress_vec(&plain).unwrap();
            packed.clear();
            write!(
                packed,
                "POST {} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/x-protobuf\r\nContent-Encoding: snappy\r\n\
                 X-Prometheus-Remote-Write-Version: 0.1.0\r\nContent-Length: {}\r\n\r\n",
                server.peer().write_path,
                server.address(),
                body.len()
            )
            .unwrap();
            packed.extend_from_slice(&body);
            connection.get_mut().write_all(&packed).unwrap();
            let status = answer(&mut connection);
            assert!(
                status.contains(" 204 ") || status.contains(" 200 "),
                "node {node}, tick {tick}: {status}"
            );
        }
    }
    samples
}

/// The status line and the body of the next answer.
fn answer(connection: &mut BufReader<TcpStream>) -> String {
    let (mut status, mut line, mut length) = (String::new(), String::new(), 0);
    connection.read_line(&mut status).unwrap();
    loop {
        line.clear();
        connection.read_line(&mut line).unwrap();
        let (name, value) = line.split_once(':').unwrap_or_default();
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().unwrap();
        }
        if line.trim().is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    connection.read_exact(&mut body).unwrap();
    status + &String::from_utf8_lossy(&body)
}
