//! A remote-write receiver on loopback that answers by a script and remembers what it was sent.

use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use crowsnest_api::remote_write::{LabelPair, MetricMetadata, TimeSeries, WireSample, WriteRequest, v2};
use openssl::asn1::Asn1Time;
use openssl::bn::BigNum;
use openssl::ec::{EcGroup, EcKey};
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::ssl::{SslAcceptor, SslMethod, SslVerifyMode};
use openssl::x509::extension::{BasicConstraints, SubjectAlternativeName};
use openssl::x509::{X509, X509NameBuilder};
use prost::Message;

/// What the receiver does with a request.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    /// Answers with this status, these header lines and this body.
    Status(u16, &'static str, &'static str),
    /// Answers 204 after a while.
    Slow(Duration),
    /// Closes the connection without an answer.
    Cut,
    /// Closes the connection in the middle of the answer's head.
    CutInAnswer,
    /// Answers 204 and closes the connection without saying so beforehand.
    Close,
}

/// One request as it came.
#[derive(Debug)]
pub(crate) struct Received {
    /// Which connection, counted from 0.
    pub(crate) connection: usize,
    /// Request line and header lines.
    pub(crate) head: Vec<String>,
    /// The decoded body.
    pub(crate) body: WriteRequest,
}

impl Received {
    /// The value of a header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.iter().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    /// The time of the first sample.
    pub(crate) fn at(&self) -> i64 {
        self.body.timeseries[0].samples[0].timestamp
    }
}

/// A running receiver. Its threads end with the test's process.
pub(crate) struct Receiver {
    pub(crate) address: SocketAddr,
    requests: mpsc::Receiver<Received>,
}

impl Receiver {
    /// A receiver without TLS; when the script has run out it answers 204.
    pub(crate) fn start(script: impl IntoIterator<Item = Reply>) -> Self {
        Self::listen(TcpListener::bind("127.0.0.1:0").unwrap(), script, None)
    }

    /// The same with TLS.
    pub(crate) fn start_tls(script: impl IntoIterator<Item = Reply>, acceptor: SslAcceptor) -> Self {
        Self::listen(TcpListener::bind("127.0.0.1:0").unwrap(), script, Some(acceptor))
    }

    /// The same on a listener that is there already.
    pub(crate) fn listen(
        listener: TcpListener,
        script: impl IntoIterator<Item = Reply>,
        acceptor: Option<SslAcceptor>,
    ) -> Self {
        let address = listener.local_addr().unwrap();
        let script: Arc<Mutex<VecDeque<Reply>>> = Arc::new(Mutex::new(script.into_iter().collect()));
        let (give, requests) = mpsc::channel();
        thread::spawn(move || {
            for (number, stream) in listener.incoming().enumerate() {
                let (script, give, acceptor) = (Arc::clone(&script), give.clone(), acceptor.clone());
                let stream = stream.unwrap();
                thread::spawn(move || match acceptor {
                    None => converse(stream, number, &script, &give),
                    Some(acceptor) => match acceptor.accept(stream) {
                        Ok(stream) => converse(stream, number, &script, &give),
                        Err(_) => Ok(()),
                    },
                });
            }
        });
        Self { address, requests }
    }

    /// The next request; panics when none comes.
    pub(crate) fn next(&self) -> Received {
        self.requests.recv_timeout(Duration::from_secs(20)).expect("a request")
    }

    /// Whether nothing comes for a while.
    pub(crate) fn is_quiet(&self) -> bool {
        self.requests.recv_timeout(Duration::from_millis(300)).is_err()
    }
}

fn converse<S: Read + Write>(
    stream: S,
    connection: usize,
    script: &Mutex<VecDeque<Reply>>,
    give: &mpsc::Sender<Received>,
) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    loop {
        let mut head = Vec::new();
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line)? == 0 {
                return Ok(());
            }
            match line.trim_end() {
                "" => break,
                line => head.push(line.to_owned()),
            }
        }
        let mut received = Received { connection, head, body: WriteRequest::default() };
        let length = received.header("content-length").unwrap().parse().unwrap();
        let mut body = vec![0; length];
        stream.read_exact(&mut body)?;
        let plain = snap::raw::Decoder::new().decompress_vec(&body).unwrap();
        let is_two = received.header("content-type").is_some_and(|kind| kind == v2::CONTENT_TYPE);
        received.body = if is_two { from_v2(&plain) } else { WriteRequest::decode(&*plain).unwrap() };
        // What tells the sender that 2.0 was understood.
        let written = if is_two { format!("{}: 1\r\n", v2::WRITTEN_HEADERS[0]) } else { String::new() };
        let reply = script.lock().unwrap().pop_front();
        let _ = give.send(received);
        let answer = match &reply {
            None | Some(Reply::Close) => format!("HTTP/1.1 204 No Content\r\n{written}\r\n"),
            Some(Reply::Slow(delay)) => {
                thread::sleep(*delay);
                format!("HTTP/1.1 204 No Content\r\n{written}\r\n")
            }
            Some(Reply::Status(status, headers, body)) => {
                format!("HTTP/1.1 {status} Scripted\r\n{headers}content-length: {}\r\n\r\n{body}", body.len())
            }
            Some(Reply::Cut) => return Ok(()),
            Some(Reply::CutInAnswer) => "HTTP/1.1 200 O".to_owned(),
        };
        stream.get_mut().write_all(answer.as_bytes())?;
        if matches!(reply, Some(Reply::Close | Reply::CutInAnswer)) {
            return Ok(());
        }
    }
}

/// A request of version 2.0 as one of 1.0.
fn from_v2(plain: &[u8]) -> WriteRequest {
    let request = v2::Request::decode(plain).unwrap();
    let text = |place: u32| request.symbols[place as usize].clone();
    let series = |series: &v2::TimeSeries| TimeSeries {
        labels: series
            .labels_refs
            .chunks(2)
            .map(|pair| LabelPair { name: text(pair[0]), value: text(pair[1]) })
            .collect(),
        samples: series
            .samples
            .iter()
            .map(|sample| WireSample { value: sample.value, timestamp: sample.timestamp })
            .collect(),
        histograms: series.histograms.clone(),
    };
    let family = |series: &v2::TimeSeries| {
        let metadata = series.metadata?;
        let name = series.labels_refs.chunks(2).find(|pair| text(pair[0]) == "__name__")?;
        Some(MetricMetadata {
            r#type: metadata.r#type,
            metric_family_name: text(name[1]),
            help: text(metadata.help_ref),
            unit: text(metadata.unit_ref),
        })
    };
    WriteRequest {
        timeseries: request.timeseries.iter().map(series).collect(),
        metadata: request.timeseries.iter().filter_map(family).collect(),
    }
}

/// A certificate authority and a server certificate for `names`, as PEM and acceptor.
pub(crate) fn tls_for(ip: &str) -> (Vec<u8>, SslAcceptor) {
    let (ca, ca_key) = certificate("test authority", None, None);
    let (leaf, leaf_key) = certificate("test server", Some(ip), Some((&ca, &ca_key)));
    let mut builder = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls_server()).unwrap();
    builder.set_certificate(&leaf).unwrap();
    builder.set_private_key(&leaf_key).unwrap();
    (ca.to_pem().unwrap(), builder.build())
}

/// PEM files of a client: the authority of the server, its own certificate, its key.
pub(crate) struct ClientFiles {
    pub(crate) ca: Vec<u8>,
    pub(crate) certificate: Vec<u8>,
    pub(crate) key: Vec<u8>,
}

/// A server that wants a client certificate of its own authority, and such a client's files.
pub(crate) fn mutual_tls_for(ip: &str) -> (ClientFiles, SslAcceptor) {
    let (ca, ca_key) = certificate("test authority", None, None);
    let (leaf, leaf_key) = certificate("test server", Some(ip), Some((&ca, &ca_key)));
    let (client, client_key) = certificate("test client", Some(ip), Some((&ca, &ca_key)));
    let mut builder = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls_server()).unwrap();
    builder.set_certificate(&leaf).unwrap();
    builder.set_private_key(&leaf_key).unwrap();
    builder.cert_store_mut().add_cert(ca.clone()).unwrap();
    builder.set_verify(SslVerifyMode::PEER | SslVerifyMode::FAIL_IF_NO_PEER_CERT);
    let files = ClientFiles {
        ca: ca.to_pem().unwrap(),
        certificate: client.to_pem().unwrap(),
        key: client_key.private_key_to_pem_pkcs8().unwrap(),
    };
    (files, builder.build())
}

fn certificate(
    name: &str,
    ip: Option<&str>,
    issuer: Option<(&X509, &PKey<Private>)>,
) -> (X509, PKey<Private>) {
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
    let key = PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap();
    let mut subject = X509NameBuilder::new().unwrap();
    subject.append_entry_by_nid(Nid::COMMONNAME, name).unwrap();
    let subject = subject.build();
    let mut builder = X509::builder().unwrap();
    builder.set_version(2).unwrap();
    builder.set_serial_number(&BigNum::from_u32(1).unwrap().to_asn1_integer().unwrap()).unwrap();
    builder.set_subject_name(&subject).unwrap();
    builder.set_issuer_name(issuer.map_or(&*subject, |(ca, _)| ca.subject_name())).unwrap();
    builder.set_pubkey(&key).unwrap();
    builder.set_not_before(&Asn1Time::days_from_now(0).unwrap()).unwrap();
    builder.set_not_after(&Asn1Time::days_from_now(1).unwrap()).unwrap();
    match ip {
        None => builder.append_extension(BasicConstraints::new().critical().ca().build().unwrap()).unwrap(),
        Some(ip) => {
            let context = builder.x509v3_context(None, None);
            let names = SubjectAlternativeName::new().ip(ip).build(&context).unwrap();
            builder.append_extension(names).unwrap();
        }
    }
    builder.sign(issuer.map_or(&key, |(_, key)| key), MessageDigest::sha256()).unwrap();
    (builder.build(), key)
}

/// Writes a file in `folder` and gives its path.
pub(crate) fn write(folder: &Path, name: &str, content: &[u8]) -> std::path::PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, content).unwrap();
    path
}
