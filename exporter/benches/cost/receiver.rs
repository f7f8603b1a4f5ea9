//! A receiver of remote write that counts and forgets.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread;

use crowsnest_api::remote_write::{WriteRequest, v2};
use prost::Message;

/// Answers 204 to whatever comes.
pub(crate) struct Receiver {
    address: SocketAddr,
    counts: Arc<[AtomicU64; 2]>,
}

impl Receiver {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port of the loopback");
        let address = listener.local_addr().expect("its address");
        let counts: Arc<[AtomicU64; 2]> = Arc::default();
        let counted = Arc::clone(&counts);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let counts = Arc::clone(&counted);
                thread::spawn(move || serve(stream, &counts));
            }
        });
        Self { address, counts }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}/{path}", self.address)
    }

    /// Pushes and samples so far.
    pub(crate) fn counts(&self) -> (u64, u64) {
        let [pushes, samples] = &*self.counts;
        (pushes.load(Relaxed), samples.load(Relaxed))
    }
}

/// A port that is free now.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port").port()
}

/// Requests of one connection; ends with it.
fn serve(stream: TcpStream, counts: &[AtomicU64; 2]) -> Option<()> {
    let mut writer = stream.try_clone().ok()?;
    let mut reader = BufReader::new(stream);
    loop {
        let (mut length, mut is_two) = (0, false);
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).ok()? == 0 {
                return None;
            }
            let line = line.trim().to_lowercase();
            if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse().ok()?;
            }
            is_two |= line.starts_with("content-type:") && line.contains("write.v2");
            if line.is_empty() {
                break;
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).ok()?;
        let plain = snap::raw::Decoder::new().decompress_vec(&body).ok()?;
        let count: usize = if is_two {
            let request = v2::Request::decode(plain.as_slice()).ok()?;
            request.timeseries.iter().map(|series| series.samples.len()).sum()
        } else {
            let request = WriteRequest::decode(plain.as_slice()).ok()?;
            request.timeseries.iter().map(|series| series.samples.len()).sum()
        };
        let [pushes, samples] = counts;
        pushes.fetch_add(1, Relaxed);
        samples.fetch_add(count as u64, Relaxed);
        let written = if is_two { format!("{}: {count}\r\n", v2::WRITTEN_HEADERS[0]) } else { String::new() };
        writer.write_all(format!("HTTP/1.1 204 No Content\r\n{written}\r\n").as_bytes()).ok()?;
    }
}
