//! `crowsnest cert mint`, and what its files are good for.

use std::path::Path;
use std::process::{Command, Output};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use crate::support::Server;
use crate::support::cluster::Sim;
use crate::support::server::json as status_and_body;

/// Runs it for bob in a folder where the password is, with a kubeconfig.
fn mint(dir: &Path, kubeconfig: &Path, more: &[&str]) -> Output {
    std::fs::write(dir.join("password"), "hunter2\n").unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_crowsnest"));
    command.args([
        "cert",
        "mint",
        "--user",
        "bob",
        "--group",
        "devs",
        "--password-file",
        "password",
        "--out",
        "bob.p12",
    ]);
    command.arg("--kubeconfig").arg(kubeconfig).args(more).current_dir(dir).output().unwrap()
}

#[test]
fn a_minted_p12_signs_in_and_is_read_by_openssl() {
    let sim = Sim::still();
    let dir = tempfile::tempdir().unwrap();
    let output = mint(dir.path(), &sim.kubeconfig(), &["--expires", "30d"]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.starts_with("wrote bob.p12: bob, good until "), "{said}");
    assert_eq!(
        std::fs::read_to_string(dir.path().join("bob.ca.crt")).unwrap().trim(),
        sim.running.ca_pem().trim()
    );

    let read = Command::new("openssl")
        .args(["pkcs12", "-in", "bob.p12", "-nodes", "-passin", "pass:hunter2"])
        .current_dir(dir.path())
        .output()
        .unwrap();
    let read = String::from_utf8_lossy(&read.stdout).into_owned();
    assert!(read.contains("CN = bob") && read.contains("PRIVATE KEY"), "{read}");

    let server = Server::of(&sim);
    let p12 = STANDARD.encode(std::fs::read(dir.path().join("bob.p12")).unwrap());
    let sign_in = server.post("api/crowsnest/v1/session").json(&json!({"p12": p12, "password": "hunter2"}));
    let (status, session) = status_and_body(sign_in.send().unwrap());
    assert_eq!((status, &session["user"]), (200, &json!("bob")), "{session}");
    assert_eq!(session["groups"], json!(["devs", "system:authenticated"]));

    let again = mint(dir.path(), &sim.kubeconfig(), &[]);
    let said = String::from_utf8_lossy(&again.stderr).into_owned();
    assert!(!again.status.success() && said.contains("bob.p12 exists"), "{said}");
}

#[test]
fn what_the_api_server_does_not_allow_is_not_minted() {
    let sim = Sim::still();
    let dir = tempfile::tempdir().unwrap();
    let viewer = dir.path().join("viewer");
    std::fs::write(&viewer, sim.running.kubeconfig("shop", "viewer", 600).unwrap()).unwrap();
    for (kubeconfig, more, why) in [
        (viewer.as_path(), &[][..], "cannot create resource \"certificatesigningrequests\""),
        (&sim.kubeconfig(), &["--group", "system:masters"], "system:masters"),
        (&sim.kubeconfig(), &["--expires", "1m"], "10m"),
    ] {
        let output = mint(dir.path(), kubeconfig, more);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && said.contains(why), "{said}");
        assert!(!dir.path().join("bob.p12").exists());
    }
}
