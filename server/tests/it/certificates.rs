//! The server's own certificate while it runs.

use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};

use crowsnest_kubesim::Options;
use openssl::asn1::Asn1Time;
use openssl::hash::MessageDigest;
use openssl::pkey::PKey;
use openssl::ssl::{SslConnector, SslMethod, SslVerifyMode};
use openssl::x509::extension::{BasicConstraints, SubjectKeyIdentifier};
use openssl::x509::{X509, X509Builder};
use reqwest::Method;
use serde_json::Value;

use crate::agent::Agent;
use crate::support::installed::{cluster, serve};
use crate::support::{Server, now_ms, wait_for};

/// SHA-256 of the certificate that the server shows.
fn shown(server: &Server) -> Vec<u8> {
    let mut connector = SslConnector::builder(SslMethod::tls_client()).unwrap();
    connector.set_verify(SslVerifyMode::NONE);
    let stream = TcpStream::connect(server.listen_file()["listen"].as_str().unwrap()).unwrap();
    let stream = connector.build().connect("localhost", stream).unwrap();
    let certificate = stream.ssl().peer_certificate().unwrap();
    certificate.digest(MessageDigest::sha256()).unwrap().to_vec()
}

fn copy(server: &Server, to: &Path) {
    for file in ["server.crt", "server.key", "ca.crt"] {
        std::fs::copy(server.data_dir().join("tls").join(file), to.join(file)).unwrap();
    }
}

#[test]
fn a_certificate_of_the_operators_is_replaced_without_a_restart() {
    let (first, second) = (Server::start(), Server::start());
    let (own, others) = (shown(&first), shown(&second));
    let folder = tempfile::tempdir().unwrap();
    copy(&first, folder.path());
    let mut server = first;
    server.kill();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    server.set_arguments(&["--tls-cert", &path("server.crt"), "--tls-key", &path("server.key")]);
    server.restart();
    assert_eq!(shown(&server), own);
    assert_eq!(server.listen_file()["ca"], path("ca.crt"));

    // A certificate that the key does not fit, as between the two writes of a careless script.
    std::fs::copy(second.data_dir().join("tls/server.crt"), path("server.crt")).unwrap();
    wait_for("the mistake to be told", || server.log().contains("the old one stays").then_some(()));
    assert_eq!(shown(&server), own);
    copy(&second, folder.path());
    wait_for("the other certificate", || (shown(&server) == others).then_some(()));
}

#[test]
fn the_fingerprint_of_the_authority_is_told() {
    let server = Server::start();
    let pem = std::fs::read(server.ca()).unwrap();
    let ca = X509::from_pem(&pem).unwrap();
    let digest = ca.digest(MessageDigest::sha256()).unwrap();
    let digest = digest.iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(":");
    assert_eq!(server.listen_file()["ca_sha256"], digest);
    wait_for("the log", || server.log().contains(&digest).then_some(()));
}

/// What the server shows now, with its days changed: it ends in five, signed by the server's own authority.
fn nearly_over(server: &Server) -> Vec<u8> {
    let read = |name: &str| std::fs::read(server.data_dir().join("tls").join(name)).unwrap();
    let chain = X509::stack_from_pem(&read("server.crt")).unwrap();
    let (own, authority) = (&chain[0], &chain[1]);
    let mut builder = X509Builder::new().unwrap();
    builder.set_version(2).unwrap();
    builder.set_serial_number(own.serial_number()).unwrap();
    builder.set_subject_name(own.subject_name()).unwrap();
    builder.set_issuer_name(own.issuer_name()).unwrap();
    builder.set_pubkey(&own.public_key().unwrap()).unwrap();
    builder.set_not_before(own.not_before()).unwrap();
    builder.set_not_after(&Asn1Time::days_from_now(5).unwrap()).unwrap();
    let mut names = openssl::x509::extension::SubjectAlternativeName::new();
    for name in own.subject_alt_names().unwrap() {
        match (name.dnsname(), name.ipaddress()) {
            (Some(dns), _) => names.dns(dns),
            (None, Some(&[a, b, c, d])) => names.ip(&format!("{a}.{b}.{c}.{d}")),
            _ => names.ip("::1"),
        };
    }
    let names = names.build(&builder.x509v3_context(Some(authority), None)).unwrap();
    builder.append_extension(names).unwrap();
    builder.sign(&PKey::private_key_from_pem(&read("ca.key")).unwrap(), MessageDigest::sha256()).unwrap();
    [builder.build().to_pem().unwrap(), authority.to_pem().unwrap()].concat()
}

/// Stands between an agent and the server, and can cut the connections that there are: the next ones show the newest certificate.
struct Wire {
    port: u16,
    open: Arc<Mutex<Vec<TcpStream>>>,
}

impl Wire {
    fn to(server: &Server) -> Self {
        let target = server.listen_file()["listen"].as_str().unwrap().to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let open = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&open);
        std::thread::spawn(move || {
            for agent in listener.incoming() {
                let (agent, server) = (agent.unwrap(), TcpStream::connect(&target).unwrap());
                for (mut from, mut to) in
                    [(agent.try_clone().unwrap(), server.try_clone().unwrap()), (server, agent)]
                {
                    kept.lock().unwrap().push(from.try_clone().unwrap());
                    std::thread::spawn(move || {
                        std::io::copy(&mut from, &mut to).ok();
                        to.shutdown(Shutdown::Both).ok();
                    });
                }
            }
        });
        Self { port, open }
    }

    fn url(&self) -> String {
        format!("https://127.0.0.1:{}/", self.port)
    }

    fn cut(&self) {
        for stream in self.open.lock().unwrap().drain(..) {
            stream.shutdown(Shutdown::Both).ok();
        }
    }
}

/// When the newest sample of the agent was taken.
fn newest(server: &Server) -> Option<i64> {
    server.samples_of(r#"node_load1{instance="test-node"}[10m]"#).last().map(|(at, _)| *at)
}

#[test]
fn our_own_certificate_is_made_anew_before_it_ends_and_a_running_agent_follows() {
    let server = Server::start();
    let first = shown(&server);
    let queue = tempfile::tempdir().unwrap();
    let wire = Wire::to(&server);
    let _agent = Agent::start(&wire.url(), &server, queue.path());
    wait_for("the agent's first samples", || newest(&server));

    let folder = server.data_dir().join("tls");
    let old = nearly_over(&server);
    std::fs::write(folder.join("server.crt.new"), &old).unwrap();
    std::fs::rename(folder.join("server.crt.new"), folder.join("server.crt")).unwrap();
    let ends_late = || {
        let now = X509::from_pem(&std::fs::read(folder.join("server.crt")).unwrap()).unwrap();
        (shown(&server) != first && now.not_after() > Asn1Time::days_from_now(300).unwrap()).then_some(())
    };
    wait_for("a certificate that lasts", ends_late);
    wire.cut();
    let changed = now_ms();
    wait_for("samples over the new certificate", || newest(&server).filter(|at| *at > changed + 2000));
}

/// The server's own authority with other days: it began years ago and ends in so many hours. Its key stays.
fn authority_ending_in(server: &Server, hours: i64) -> X509 {
    let folder = server.data_dir().join("tls");
    let authority = X509::from_pem(&std::fs::read(folder.join("ca.crt")).unwrap()).unwrap();
    let key = PKey::private_key_from_pem(&std::fs::read(folder.join("ca.key")).unwrap()).unwrap();
    let time = |hours: i64| Asn1Time::from_unix(now_ms() / 1000 + hours * 3600).unwrap();
    let mut builder = X509Builder::new().unwrap();
    builder.set_version(2).unwrap();
    builder.set_subject_name(authority.subject_name()).unwrap();
    builder.set_issuer_name(authority.issuer_name()).unwrap();
    builder.set_pubkey(&key).unwrap();
    builder.set_not_before(&time(-9 * 365 * 24)).unwrap();
    builder.set_not_after(&time(hours)).unwrap();
    for extension in [
        BasicConstraints::new().critical().ca().pathlen(0).build().unwrap(),
        SubjectKeyIdentifier::new().build(&builder.x509v3_context(None, None)).unwrap(),
    ] {
        builder.append_extension(extension).unwrap();
    }
    builder.sign(&key, MessageDigest::sha256()).unwrap();
    builder.build()
}

/// Replaces what clients are to trust, as time would.
fn trust(server: &Server, authorities: &[&X509]) {
    let pem: Vec<u8> = authorities.iter().flat_map(|one| one.to_pem().unwrap()).collect();
    let file = server.ca();
    std::fs::write(file.with_extension("new"), pem).unwrap();
    std::fs::rename(file.with_extension("new"), file).unwrap();
}

fn trusted(server: &Server) -> Vec<X509> {
    X509::stack_from_pem(&std::fs::read(server.ca()).unwrap()).unwrap()
}

#[test]
fn our_own_authority_is_followed_by_another_before_it_ends_and_a_running_agent_follows() {
    let mut server = Server::start();
    let first = shown(&server);
    let queue = tempfile::tempdir().unwrap();
    let wire = Wire::to(&server);
    let _agent = Agent::start(&wire.url(), &server, queue.path());
    wait_for("the agent's first samples", || newest(&server));

    // Forty days before the end there are two to trust, and the old one goes on signing.
    trust(&server, &[&authority_ending_in(&server, 40 * 24)]);
    let next = wait_for("the next authority", || trusted(&server).into_iter().nth(1));
    let fingerprint = |certificate: &X509| {
        let digest = certificate.digest(MessageDigest::sha256()).unwrap();
        digest.iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(":")
    };
    wait_for("its fingerprint in the log", || server.log().contains(&fingerprint(&next)).then_some(()));
    assert_eq!(shown(&server), first);

    // Hours before the end, the next one signs.
    trust(&server, &[&authority_ending_in(&server, 5), &next]);
    wait_for("a certificate of the next authority", || (shown(&server) != first).then_some(()));
    assert_eq!(trusted(&server)[0].to_pem().unwrap(), next.to_pem().unwrap());
    wire.cut();
    let changed = now_ms();
    // Only the next authority is trusted here.
    server.http = server.client();
    wait_for("samples over the new certificate", || newest(&server).filter(|at| *at > changed + 2000));
    let log = server.log();
    let switched = log.lines().find(|line| line.contains("another certificate authority")).unwrap();
    assert!(switched.contains(&fingerprint(&next)), "{switched}");
}

#[test]
fn the_cluster_is_told_of_the_next_authority_before_it_signs() {
    let sim = cluster(&[], Options::default());
    let server = serve(&sim, &[], &[]);
    let told = || {
        let map = sim.ask(Method::GET, "/api/v1/namespaces/crowsnest/configmaps/crowsnest-ca", &Value::Null);
        X509::stack_from_pem(map["data"]["ca.crt"].as_str()?.as_bytes()).ok()
    };
    wait_for("the authority", || told().filter(|told| told.len() == 1));
    trust(&server, &[&authority_ending_in(&server, 40 * 24)]);
    let both = wait_for("both authorities", || told().filter(|told| told.len() == 2));
    let here = trusted(&server);
    assert!(both.iter().zip(&here).all(|(a, b)| a.to_pem().unwrap() == b.to_pem().unwrap()));
}
