//! Sending against a scripted receiver: answers of all kinds, slow and broken connections, TLS, tokens.

use std::io::{Read, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use crowsnest_agent::push::{
    ClientIdentity, Phase, PlainHttp, Pusher, SharedQueue, Target, TokenFile, Version,
};
use crowsnest_agent::queue::{Loss, Queue, Record};
use crowsnest_agent::{Batcher, PushStatus};
use crowsnest_api::Timestamp;
use crowsnest_scrape::Family;
use tokio::sync::{Notify, watch};
use tokio::time::Instant;

use crate::receiver::{Receiver, Reply, mutual_tls_for, tls_for, write};

/// A pusher at work on a queue in memory, in a thread of its own.
struct Sender {
    queue: SharedQueue,
    added: Arc<Notify>,
    phase: watch::Sender<Phase>,
    thread: thread::JoinHandle<()>,
    batcher: Batcher,
}

impl Sender {
    fn start(url: &str, ca: Option<&Path>, token: Option<&Path>) -> Self {
        let target = Target::new(url, ca, PlainHttp::LoopbackOnly).unwrap();
        Self::with(target, token, Some(Version::One))
    }

    /// One that finds out which version the receiver takes.
    fn negotiating(receiver: &Receiver) -> Self {
        let url = format!("http://{}", receiver.address);
        Self::with(Target::new(&url, None, PlainHttp::LoopbackOnly).unwrap(), None, None)
    }

    fn with(target: Target, token: Option<&Path>, version: Option<Version>) -> Self {
        let queue: SharedQueue = Arc::new(Mutex::new(Queue::in_memory(1 << 20)));
        let added = Arc::new(Notify::new());
        let (phase, watched) = watch::channel(Phase::Running);
        let status = Arc::new(PushStatus::default());
        let token = token.map(TokenFile::new);
        let pusher = Pusher::new(Arc::clone(&queue), Arc::clone(&added), target, token, version, status);
        let thread = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(pusher.run(watched));
        });
        Self { queue, added, phase, thread, batcher: Batcher::new("n1") }
    }

    fn to(receiver: &Receiver) -> Self {
        Self::start(&format!("http://{}", receiver.address), None, None)
    }

    /// Queues one sample with this time.
    fn queue(&mut self, at: i64) {
        let family = Family::gauge("a", "").with(&[], 1.0);
        for record in self.batcher.batch(&[family], Timestamp::from_millis(at)) {
            self.queue.lock().unwrap().push(record);
        }
        self.added.notify_one();
    }

    fn waiting(&self) -> u64 {
        self.queue.lock().unwrap().depth().records
    }

    fn wait_until_empty(&self) {
        for _ in 0..1000 {
            if self.waiting() == 0 {
                return;
            }
            thread::sleep(Duration::from_millis(10));
        }
        panic!("{} records still wait", self.waiting());
    }

    fn stop(self) {
        self.phase.send(Phase::Draining(Instant::now() + Duration::from_secs(2))).unwrap();
        self.thread.join().unwrap();
    }
}

/// After `replies` to the first attempts a record must be there once more, and then be accepted.
#[track_caller]
fn check_kept(replies: &[Reply]) {
    let receiver = Receiver::start(replies.to_vec());
    let mut sender = Sender::to(&receiver);
    sender.queue(1000);
    for _ in 0..=replies.len() {
        assert_eq!(receiver.next().at(), 1000);
    }
    sender.wait_until_empty();
    assert_eq!(sender.queue.lock().unwrap().dropped(Loss::Refused), 0);
    sender.stop();
}

#[test]
fn requests_are_remote_write_1_0_in_order_on_one_connection() {
    let receiver = Receiver::start([]);
    let mut sender = Sender::to(&receiver);
    for at in [1000, 2000, 3000] {
        sender.queue(at);
    }
    for at in [1000, 2000, 3000] {
        let request = receiver.next();
        assert_eq!((request.at(), request.connection), (at, 0));
        assert_eq!(request.head[0], "POST /api/v1/write HTTP/1.1");
        assert_eq!(request.header("content-type"), Some("application/x-protobuf"));
        assert_eq!(request.header("content-encoding"), Some("snappy"));
        assert_eq!(request.header("x-prometheus-remote-write-version"), Some("0.1.0"));
        assert_eq!(request.header("host"), Some(receiver.address.to_string().as_str()));
        assert_eq!(request.header("authorization"), None);
    }
    sender.wait_until_empty();
    sender.stop();
}

/// The versions of the requests that `n` records take, with these answers to the first.
#[track_caller]
fn check_versions(replies: &[Reply], records: i64, expected: &[&str]) {
    let receiver = Receiver::start(replies.to_vec());
    let mut sender = Sender::negotiating(&receiver);
    for at in 1..=records {
        sender.queue(at * 1000);
    }
    let versions: Vec<String> = expected
        .iter()
        .map(|_| receiver.next().header("x-prometheus-remote-write-version").unwrap().to_owned())
        .collect();
    assert_eq!(versions, expected);
    sender.wait_until_empty();
    assert!(receiver.is_quiet());
    sender.stop();
}

#[test]
fn remote_write_2_0_is_tried_first_and_kept_where_it_is_understood() {
    check_versions(&[], 2, &["2.0.0", "2.0.0"]);
    let receiver = Receiver::start([]);
    let mut sender = Sender::negotiating(&receiver);
    sender.queue(1000);
    let request = receiver.next();
    assert_eq!(request.at(), 1000);
    let kind = "application/x-protobuf;proto=io.prometheus.write.v2.Request";
    assert_eq!(request.header("content-type"), Some(kind));
    let labels = request.body.timeseries[0].labels.iter();
    let labels: Vec<String> = labels.map(|label| format!("{}={}", label.name, label.value)).collect();
    assert_eq!(labels, ["__name__=a", "instance=n1", "job=node-exporter", "node=n1"]);
    sender.wait_until_empty();
    sender.stop();
}

#[test]
fn a_receiver_that_does_not_take_2_0_gets_1_0_and_loses_nothing() {
    check_versions(&[Reply::Status(415, "", "unsupported")], 2, &["2.0.0", "0.1.0", "0.1.0"]);
    check_versions(&[Reply::Status(400, "", "cannot decode")], 2, &["2.0.0", "0.1.0", "0.1.0"]);
    // Accepts whatever it does not know, and has stored nothing.
    check_versions(&[Reply::Status(200, "", "")], 2, &["2.0.0", "0.1.0", "0.1.0"]);
}

#[test]
fn trouble_says_nothing_about_versions_and_a_refusal_by_one_that_understood_is_a_refusal() {
    check_versions(&[Reply::Status(503, "", "busy")], 1, &["2.0.0", "2.0.0"]);
    let counted = "x-prometheus-remote-write-samples-written: 0\r\n";
    check_versions(&[Reply::Status(400, counted, "out of order")], 2, &["2.0.0", "2.0.0"]);
}

#[test]
fn server_errors_and_too_many_requests_are_tried_again() {
    check_kept(&[Reply::Status(503, "", "busy"), Reply::Status(429, "", "slow down")]);
}

#[test]
fn broken_connections_are_tried_again() {
    check_kept(&[Reply::Cut, Reply::CutInAnswer]);
}

#[test]
fn a_slow_answer_is_waited_for() {
    let receiver = Receiver::start([Reply::Slow(Duration::from_millis(700))]);
    let mut sender = Sender::to(&receiver);
    sender.queue(1000);
    assert_eq!(receiver.next().at(), 1000);
    sender.wait_until_empty();
    assert!(receiver.is_quiet());
    sender.stop();
}

#[test]
fn a_kept_connection_that_the_server_closed_is_replaced_without_a_wait() {
    let receiver = Receiver::start([Reply::Close]);
    let mut sender = Sender::to(&receiver);
    sender.queue(1000);
    assert_eq!(receiver.next().connection, 0);
    sender.wait_until_empty();
    sender.queue(2000);
    let again = receiver.next();
    assert_eq!((again.at(), again.connection), (2000, 1));
    sender.wait_until_empty();
    sender.stop();
}

#[test]
fn a_server_that_answers_before_it_reads_and_reads_no_further_does_not_stop_the_next_batch() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (told, connections) = mpsc::channel();
    thread::spawn(move || {
        // Kept open, for the end of a connection would be noticed.
        let mut open = Vec::new();
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            stream.read_exact(&mut [0; 16]).unwrap();
            stream.write_all(b"HTTP/1.1 204 X\r\n\r\n").unwrap();
            open.push(stream);
            told.send(()).unwrap();
        }
    });
    let sender = Sender::start(&url, None, None);
    // More than the system takes off our hands while nobody reads.
    let body: Vec<u8> = vec![0; 48 << 20];
    *sender.queue.lock().unwrap() = Queue::in_memory(256 << 20);
    for at in [1, 2] {
        let record = Record { at: Timestamp::from_millis(at), samples: 1, body: body.clone().into() };
        sender.queue.lock().unwrap().push(record);
    }
    sender.added.notify_one();
    for _ in 0..2 {
        connections.recv_timeout(Duration::from_secs(20)).unwrap();
    }
    sender.wait_until_empty();
    sender.stop();
}

#[test]
fn retry_after_is_obeyed() {
    let receiver = Receiver::start([Reply::Status(429, "retry-after: 2\r\n", "")]);
    let mut sender = Sender::to(&receiver);
    sender.queue(1000);
    receiver.next();
    let started = std::time::Instant::now();
    receiver.next();
    assert!(started.elapsed() >= Duration::from_millis(1900), "{:?}", started.elapsed());
    sender.wait_until_empty();
    sender.stop();
}

#[test]
fn a_batch_that_the_server_calls_bad_is_dropped_and_counted_and_the_next_one_goes_on() {
    let receiver = Receiver::start([Reply::Status(400, "", "label too long")]);
    let mut sender = Sender::to(&receiver);
    sender.queue(1000);
    sender.queue(2000);
    assert_eq!(receiver.next().at(), 1000);
    assert_eq!(receiver.next().at(), 2000);
    sender.wait_until_empty();
    assert_eq!(sender.queue.lock().unwrap().dropped(Loss::Refused), 1);
    sender.stop();
}

#[test]
fn a_refused_token_drops_nothing() {
    let receiver = Receiver::start([Reply::Status(401, "", "unknown token")]);
    let mut sender = Sender::to(&receiver);
    sender.queue(1000);
    receiver.next();
    assert!(receiver.is_quiet(), "a wrong token is not tried again at once");
    assert_eq!(sender.waiting(), 1);
    sender.stop();
}

#[test]
fn the_token_is_sent_and_read_again_when_it_changes() {
    let folder = tempfile::tempdir().unwrap();
    let token = write(folder.path(), "token", b"first\n");
    let receiver = Receiver::start([]);
    let mut sender = Sender::start(&format!("http://{}", receiver.address), None, Some(&token));
    sender.queue(1000);
    assert_eq!(receiver.next().header("authorization"), Some("Bearer first"));
    write(folder.path(), "token", b"another");
    sender.queue(2000);
    assert_eq!(receiver.next().header("authorization"), Some("Bearer another"));
    sender.wait_until_empty();
    sender.stop();
}

#[test]
fn tls_with_the_right_authority_works() {
    let folder = tempfile::tempdir().unwrap();
    let (ca, acceptor) = tls_for("127.0.0.1");
    let receiver = Receiver::start_tls([], acceptor);
    let ca = write(folder.path(), "ca.pem", &ca);
    let mut sender = Sender::start(&format!("https://{}", receiver.address), Some(&ca), None);
    for at in [1000, 2000] {
        sender.queue(at);
        let request = receiver.next();
        assert_eq!((request.at(), request.connection), (at, 0));
    }
    sender.wait_until_empty();
    sender.stop();
}

#[test]
fn tls_with_another_authority_or_another_name_is_refused_and_no_token_leaves() {
    let folder = tempfile::tempdir().unwrap();
    let token = write(folder.path(), "token", b"secret");
    let (ca, acceptor) = tls_for("127.0.0.1");
    let (other_ca, _) = tls_for("127.0.0.1");
    let (right, wrong) = (write(folder.path(), "ca.pem", &ca), write(folder.path(), "other.pem", &other_ca));
    let receiver = Receiver::start_tls([], acceptor);
    let by_address = format!("https://{}", receiver.address);
    let by_name = format!("https://localhost:{}", receiver.address.port());
    for (url, ca) in [(&by_address, Some(&wrong)), (&by_address, None), (&by_name, Some(&right))] {
        let mut sender = Sender::start(url, ca.map(std::path::PathBuf::as_path), Some(&token));
        sender.queue(1000);
        assert!(receiver.is_quiet());
        assert_eq!(sender.waiting(), 1);
        sender.stop();
    }
}

#[test]
fn after_an_outage_the_backlog_drains_in_order_and_at_once() {
    // A port on which nothing listens until later.
    let held = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = held.local_addr().unwrap();
    drop(held);
    let mut sender = Sender::start(&format!("http://{address}"), None, None);
    for n in 0..200 {
        sender.queue(n);
    }
    thread::sleep(Duration::from_millis(300));
    assert_eq!(sender.waiting(), 200);
    let receiver = Receiver::listen(std::net::TcpListener::bind(address).unwrap(), [], None);
    for n in 0..200 {
        assert_eq!(receiver.next().at(), n);
    }
    sender.wait_until_empty();
    sender.stop();
}

#[test]
fn what_waits_is_sent_while_stopping() {
    let receiver = Receiver::start([]);
    let mut sender = Sender::to(&receiver);
    // Without a word to the pusher that something was added.
    let records =
        sender.batcher.batch(&[Family::gauge("a", "").with(&[], 1.0)], Timestamp::from_millis(1000));
    for record in records {
        sender.queue.lock().unwrap().push(record);
    }
    let queue = Arc::clone(&sender.queue);
    sender.stop();
    assert_eq!(receiver.next().at(), 1000);
    assert_eq!(queue.lock().unwrap().depth().records, 0);
}

#[test]
fn a_server_that_wants_a_client_certificate_gets_it_and_nothing_without() {
    let folder = tempfile::tempdir().unwrap();
    let (files, acceptor) = mutual_tls_for("127.0.0.1");
    let receiver = Receiver::start_tls([], acceptor);
    let url = format!("https://{}", receiver.address);
    let ca = write(folder.path(), "ca.pem", &files.ca);
    let certificate = write(folder.path(), "client.pem", &files.certificate);
    let key = write(folder.path(), "client-key.pem", &files.key);
    let target = || Target::new(&url, Some(&ca), PlainHttp::LoopbackOnly).unwrap();

    let mut without = Sender::with(target(), None, Some(Version::One));
    without.queue(1000);
    assert!(receiver.is_quiet());
    without.stop();

    let identity = ClientIdentity { certificate, key };
    let with = target().with_identity(Some(identity.clone())).unwrap();
    let mut with = Sender::with(with, None, Some(Version::One));
    with.queue(2000);
    assert_eq!(receiver.next().at(), 2000);
    with.wait_until_empty();
    with.stop();

    // A key that does not belong to the certificate is found out at the start.
    let swapped = ClientIdentity { key: ca.clone(), ..identity.clone() };
    let error = target().with_identity(Some(swapped)).unwrap_err().to_string();
    assert!(error.contains("cannot use the client certificate"), "{error}");
    let plain = Target::new("http://127.0.0.1:1", None, PlainHttp::LoopbackOnly).unwrap();
    assert!(plain.with_identity(Some(identity)).is_err());
}
