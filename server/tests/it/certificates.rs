//! The server's own certificate while it runs.

use std::net::TcpStream;
use std::path::Path;

use openssl::ssl::{SslConnector, SslMethod, SslVerifyMode};

use crate::support::{Server, wait_for};

/// SHA-256 of the certificate that the server shows.
fn shown(server: &Server) -> Vec<u8> {
    let mut connector = SslConnector::builder(SslMethod::tls_client()).unwrap();
    connector.set_verify(SslVerifyMode::NONE);
    let stream = TcpStream::connect(server.listen_file()["listen"].as_str().unwrap()).unwrap();
    let stream = connector.build().connect("localhost", stream).unwrap();
    let certificate = stream.ssl().peer_certificate().unwrap();
    certificate.digest(openssl::hash::MessageDigest::sha256()).unwrap().to_vec()
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
    let ca = openssl::x509::X509::from_pem(&pem).unwrap();
    let digest = ca.digest(openssl::hash::MessageDigest::sha256()).unwrap();
    let digest = digest.iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(":");
    assert_eq!(server.listen_file()["ca_sha256"], digest);
    wait_for("the log", || server.log().contains(&digest).then_some(()));
}
