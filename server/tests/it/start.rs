//! Starting, listening, stopping; what the operator gets wrong.

use std::process::Command;

use crate::support::Server;

fn serve(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_crowsnest")).arg("serve").args(arguments).output().unwrap();
    assert!(!output.status.success(), "{arguments:?} was accepted");
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn unsafe_addresses_are_refused() {
    let message = serve(&["--auth", "none", "--listen", "0.0.0.0:0"]);
    assert!(message.contains("not a loopback address"), "{message}");
    let message = serve(&["--auth", "none", "--http-listen", "0.0.0.0:0"]);
    assert!(message.contains("not a loopback address"), "{message}");
}

#[test]
fn an_unknown_key_in_the_configuration_file_is_refused_with_its_place() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("crowsnest.toml");
    std::fs::write(&file, "auth = \"none\"\n\nlisten-on = \"127.0.0.1:0\"\n").unwrap();
    let message = serve(&["--config", file.to_str().unwrap()]);
    assert!(message.contains("line 3") && message.contains("listen-on"), "{message}");
    assert!(message.contains("crowsnest.toml"), "{message}");
}

#[test]
fn a_mistake_in_the_users_file_is_told_with_its_line() {
    let dir = tempfile::tempdir().unwrap();
    let users = dir.path().join("users.yaml");
    std::fs::write(&users, "- user: ann\n  role: admin\n  token_sha256: abc\n").unwrap();
    let data = dir.path().join("data");
    let message =
        serve(&["--data-dir", data.to_str().unwrap(), "--static-token-file", users.to_str().unwrap()]);
    assert!(message.contains("users.yaml:3:"), "{message}");
}

#[test]
fn a_second_server_on_the_same_folder_is_refused() {
    let server = Server::start();
    let data = server.data_dir();
    let message = serve(&["--auth", "none", "--listen", "127.0.0.1:0", "--data-dir", data.to_str().unwrap()]);
    assert!(message.contains("another crowsnest"), "{message}");
}

#[test]
fn sigterm_ends_the_server_in_order() {
    let mut server = Server::start();
    assert!(server.listen_file()["ca"].as_str().unwrap().ends_with("tls/ca.crt"));
    assert!(server.terminate());
    assert!(!server.data_dir().join("listen.json").exists());
}

#[test]
fn the_plain_listener_answers_to_names_of_this_machine_only() {
    let server = Server::start_with(&["--http-listen", "127.0.0.1:0"]);
    let address = server.listen_file()["http_listen"].as_str().unwrap().to_owned();
    let healthz = |host: &str| {
        let request = server.http.get(format!("http://{address}/healthz")).header("host", host);
        request.send().unwrap().status().as_u16()
    };
    assert_eq!(healthz(&address), 200);
    assert_eq!(healthz("localhost"), 200);
    assert_eq!(healthz("evil.example"), 421);
}

#[test]
fn users_and_ingest_tokens_are_read_again_when_their_files_change() {
    let server = Server::start();
    std::fs::write(server.ingest_file(), "another-ingest-token\n").unwrap();
    let reload = |token: &str| server.post("-/reload").bearer_auth(token).send().unwrap().status().as_u16();
    assert_eq!(reload(crate::support::server::VIEWER), 403);
    assert_eq!(reload(crate::support::server::ADMIN), 200);
    let pushed = server.push_request(Vec::new()).bearer_auth("another-ingest-token").send();
    assert_eq!(pushed.unwrap().status().as_u16(), 401, "two Authorization headers are no good");
    assert_eq!(server.push_bytes(Vec::new()).status().as_u16(), 401, "the old token is gone");
    std::fs::write(server.users_file(), "- user: broken\n").unwrap();
    let refused = server.post("-/reload").bearer_auth(crate::support::server::ADMIN).send().unwrap();
    assert_eq!(refused.status().as_u16(), 400);
    let message = refused.text().unwrap();
    assert!(message.contains("users.yaml:1:"), "{message}");
}

#[test]
fn tls_is_at_least_1_2_and_speaks_http_2() {
    let server = Server::start();
    assert_eq!(server.get("healthz").send().unwrap().version(), reqwest::Version::HTTP_11);
    let address = server.listen_file()["listen"].as_str().unwrap().to_owned();
    let handshake = |version| {
        let mut builder = openssl::ssl::SslConnector::builder(openssl::ssl::SslMethod::tls_client()).unwrap();
        builder.set_ca_file(server.ca()).unwrap();
        builder.set_alpn_protos(b"\x02h2\x08http/1.1").unwrap();
        builder.set_max_proto_version(Some(version)).unwrap();
        builder.set_min_proto_version(None).unwrap();
        let stream = std::net::TcpStream::connect(&address).unwrap();
        builder
            .build()
            .connect("localhost", stream)
            .map(|tls| tls.ssl().selected_alpn_protocol().map(<[u8]>::to_vec))
    };
    assert_eq!(handshake(openssl::ssl::SslVersion::TLS1_3).unwrap().as_deref(), Some(&b"h2"[..]));
    assert!(handshake(openssl::ssl::SslVersion::TLS1_2).is_ok());
    assert!(handshake(openssl::ssl::SslVersion::TLS1_1).is_err());
}
