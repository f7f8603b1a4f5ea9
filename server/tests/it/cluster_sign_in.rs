//! Sign-in with the tokens of a Kubernetes cluster.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crowsnest_kubesim::ClientCertificate;
use reqwest::blocking::Response;
use serde_json::{Value, json};

use crate::support::cluster::Sim;
use crate::support::server::json as status_and_body;
use crate::support::{Server, wait_for};

const SESSION: &str = "api/crowsnest/v1/session";

fn sign_in(server: &Server, token: &str) -> Response {
    server.post(SESSION).json(&json!({"token": token})).send().unwrap()
}

/// The cookie pair and the body of a successful sign-in.
#[track_caller]
fn signed_in(server: &Server, token: &str) -> (String, Value) {
    let response = sign_in(server, token);
    let cookie = response.headers().get("set-cookie").map(|cookie| cookie.to_str().unwrap().to_owned());
    let (status, body) = status_and_body(response);
    assert_eq!(status, 200, "{body}");
    (cookie.unwrap().split(';').next().unwrap().to_owned(), body)
}

fn session_status(server: &Server, cookie: &str) -> u16 {
    server.get(SESSION).header("cookie", cookie).send().unwrap().status().as_u16()
}

#[test]
fn a_token_of_the_cluster_signs_in_as_the_user_that_kubernetes_knows() {
    let sim = Sim::still();
    let server = Server::of(&sim);
    let token = sim.viewer();
    let (cookie, session) = signed_in(&server, &token);
    assert_eq!(session["user"], "system:serviceaccount:shop:viewer");
    assert_eq!(session["cluster"], true);
    let groups = session["groups"].as_array().unwrap();
    assert!(groups.contains(&json!("system:serviceaccounts:shop")), "{groups:?}");
    let (_, who) = status_and_body(server.get(SESSION).header("cookie", &cookie).send().unwrap());
    assert_eq!((&who["user"], &who["cluster"]), (&session["user"], &json!(true)));
    let (_, as_bearer) = status_and_body(server.get(SESSION).bearer_auth(sim.viewer()).send().unwrap());
    assert_eq!(as_bearer["user"], session["user"]);
    assert!(!server.log().contains(&token), "the token is in the log");
}

#[test]
fn what_roles_are_for_static_users_access_rules_are_for_users_of_the_cluster() {
    let sim = Sim::still();
    let server = Server::of(&sim);
    let status = |method: reqwest::Method, path: &str, token: &str| {
        let request = server.http.request(method, format!("{}{path}", server.url)).bearer_auth(token);
        request.send().unwrap().status().as_u16()
    };
    let (admin, viewer) = (sim.admin(), sim.viewer());
    assert_eq!(status(reqwest::Method::GET, "metrics", &admin), 200);
    assert_eq!(status(reqwest::Method::POST, "-/reload", &admin), 200);
    assert_eq!(status(reqwest::Method::GET, "metrics", &viewer), 403);
    assert_eq!(status(reqwest::Method::POST, "-/reload", &viewer), 403);
    assert_eq!(status(reqwest::Method::GET, "metrics", "nonsense"), 401);
    let refused = server.get("metrics").bearer_auth(&viewer).send().unwrap().text().unwrap();
    assert!(refused.contains("get nodes"), "{refused}");
}

#[test]
fn a_refused_token_is_told_with_the_command_that_makes_a_good_one() {
    let sim = Sim::still();
    let server = Server::of(&sim);
    let forged = {
        let good = sim.viewer();
        let (unsigned, _) = good.rsplit_once('.').unwrap();
        format!("{unsigned}.c2lnbmF0dXJl")
    };
    let expired = sim.running.token("shop", "viewer", -10).unwrap();
    for (token, why, advice) in [
        ("not-a-token", "does not accept this token", "kubectl -n crowsnest create token admin-user"),
        (&forged, "does not accept this token", "kubectl -n shop create token viewer"),
        (&expired, "has expired", "kubectl -n shop create token viewer"),
        ("two words", "no bearer token", "kubectl -n crowsnest create token admin-user"),
    ] {
        let (status, problem) = status_and_body(sign_in(&server, token));
        let detail = problem["detail"].as_str().unwrap();
        assert!(status == 401 && detail.contains(why) && detail.contains(advice), "{status} {detail}");
        assert!(!detail.contains(token), "{detail}");
    }
    let password = server.post(SESSION).json(&json!({"user": "ann", "password": "x"}));
    assert_eq!(password.send().unwrap().status().as_u16(), 400);
}

fn post(server: &Server, body: &Value) -> Response {
    server.post(SESSION).json(body).send().unwrap()
}

/// A PKCS #12 file for a user of the cluster, made by the `openssl` command as somebody would.
fn p12(certificate: &ClientCertificate, password: &str, more: &[&str]) -> String {
    let dir = tempfile::tempdir().unwrap();
    let pem = dir.path().join("user.pem");
    std::fs::write(&pem, format!("{}{}", certificate.key_pem, certificate.certificate_pem)).unwrap();
    let out = dir.path().join("user.p12");
    let mut openssl = std::process::Command::new("openssl");
    openssl.args(["pkcs12", "-export", "-passout", &format!("pass:{password}")]).args(more);
    let status = openssl.arg("-in").arg(&pem).arg("-out").arg(&out).status().unwrap();
    assert!(status.success());
    STANDARD.encode(std::fs::read(out).unwrap())
}

/// Lets alice look at namespace `shop`.
fn alice(sim: &Sim) -> ClientCertificate {
    let binding = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": {"name": "alice"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "alice"}],
    });
    sim.create("/apis/rbac.authorization.k8s.io/v1/namespaces/shop/rolebindings", &binding);
    sim.running.client_certificate("alice", &["devs"]).unwrap()
}

/// Which of two namespaces somebody may list the pods of.
fn sees(server: &Server, cookie: &str) -> [u16; 2] {
    ["shop", "data"].map(|namespace| {
        let path = format!("api/crowsnest/v1/objects/core.v1.pods/{namespace}");
        server.get(&path).header("cookie", cookie).send().unwrap().status().as_u16()
    })
}

#[test]
fn a_p12_file_signs_in_as_its_owner_and_is_what_the_api_server_sees() {
    let sim = Sim::still();
    let server = Server::of(&sim);
    let alice = alice(&sim);
    for more in
        [&[][..], &["-legacy"], &["-certpbe", "PBE-SHA1-3DES", "-keypbe", "PBE-SHA1-3DES", "-macalg", "sha1"]]
    {
        let response = post(&server, &json!({"p12": p12(&alice, "secret", more), "password": "secret"}));
        let cookie = response.headers().get("set-cookie").map(|cookie| cookie.to_str().unwrap().to_owned());
        let (status, session) = status_and_body(response);
        assert_eq!(status, 200, "{more:?} {session}");
        assert_eq!(
            (&session["user"], &session["groups"]),
            (&json!("alice"), &json!(["devs", "system:authenticated"]))
        );
        let cookie = cookie.unwrap().split(';').next().unwrap().to_owned();
        assert_eq!(sees(&server, &cookie), [200, 403], "{more:?}");
    }
    let log = server.log();
    assert!(!log.contains("secret") && !log.contains("PRIVATE KEY"), "{log}");
}

#[test]
fn a_p12_file_that_signs_nobody_in_is_told_why() {
    let sim = Sim::still();
    let server = Server::of(&sim);
    let file = p12(&alice(&sim), "secret", &[]);
    let stranger = Sim::still().running.client_certificate("alice", &[]).unwrap();
    let slow = p12(&sim.running.client_certificate("alice", &[]).unwrap(), "secret", &["-iter", "1"]);
    let slow = with_iterations(&slow, 0x7fff_ffff);
    for (file, password, why) in [
        (file.as_str(), "wrong", "the password of the file is wrong"),
        (&STANDARD.encode("no file"), "", "no PKCS #12 file"),
        (&p12(&stranger, "secret", &[]), "secret", "not signed by the cluster's client authority"),
        (&slow, "secret", "takes too long"),
    ] {
        let (status, problem) = status_and_body(post(&server, &json!({"p12": file, "password": password})));
        let detail = problem["detail"].as_str().unwrap();
        assert!(status == 401 && detail.contains(why), "{status} {detail}");
    }
    let (status, problem) = status_and_body(post(&server, &json!({"p12": "?", "password": ""})));
    assert!(status == 400 && problem["detail"].as_str().unwrap().contains("base64"), "{problem}");
}

/// The same file, which says that its checksum is hashed so often.
fn with_iterations(p12: &str, iterations: u32) -> String {
    let mut der = STANDARD.decode(p12).unwrap();
    // The file ends with the checksum's salt and its iterations. With one, which is the default, they are left out; the
    // lengths of the two sequences around grow with what is added.
    let added = [&[2, 4][..], &iterations.to_be_bytes()].concat();
    let mac = der.len() - usize::from(mac_bytes(&der));
    der[mac + 1] += added.len() as u8;
    let whole = u16::from_be_bytes([der[2], der[3]]) + added.len() as u16;
    der[2..4].copy_from_slice(&whole.to_be_bytes());
    der.extend(added);
    STANDARD.encode(der)
}

/// Bytes of the last part of the file: a sequence of a digest and a salt.
fn mac_bytes(der: &[u8]) -> u8 {
    let candidates = (40..100_u8).rev();
    let is_mac = |bytes: &u8| {
        let at = der.len() - usize::from(*bytes);
        der[at] == 0x30 && der[at + 1] == bytes - 2 && der[at + 2] == 0x30
    };
    candidates.into_iter().find(is_mac).unwrap()
}

#[test]
fn a_kubeconfig_signs_in_with_the_token_or_the_certificate_in_it() {
    let sim = Sim::still();
    let server = Server::of(&sim);
    let token = sim.running.kubeconfig("shop", "viewer", 600).unwrap();
    let (status, session) = status_and_body(post(&server, &json!({"kubeconfig": token})));
    assert_eq!((status, &session["user"]), (200, &json!("system:serviceaccount:shop:viewer")), "{session}");
    let certificate = sim.running.admin_kubeconfig().unwrap();
    let (status, session) = status_and_body(post(&server, &json!({"kubeconfig": certificate})));
    assert_eq!((status, &session["user"]), (200, &json!("kubernetes-admin")), "{session}");
    let program = "current-context: c\ncontexts: [{name: c, context: {user: u}}]\n\
                   users: [{name: u, user: {exec: {command: aws, args: [eks, get-token, --cluster-name, c]}}}]";
    let (status, problem) = status_and_body(post(&server, &json!({"kubeconfig": program})));
    let detail = problem["detail"].as_str().unwrap();
    assert!(status == 401 && detail.contains("aws eks get-token --cluster-name c"), "{status} {detail}");
}

#[test]
fn a_session_with_a_certificate_outlives_a_restart() {
    let sim = Sim::still();
    let mut server = Server::of(&sim);
    let response = post(&server, &json!({"p12": p12(&alice(&sim), "", &[]), "password": ""}));
    let cookie = response.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    server.crash_and_restart();
    assert_eq!(sees(&server, &cookie), [200, 403]);
}

#[test]
fn a_stranger_is_told_the_ways_in_and_nothing_else() {
    let sim = Sim::still();
    let mut server = Server::of(&sim);
    let ways = |server: &Server| status_and_body(server.get("api/crowsnest/v1/session/ways").send().unwrap());
    assert_eq!(ways(&server), (200, json!({"ways": ["token", "p12", "kubeconfig"]})));
    server.kill();
    server.set_arguments(&[]);
    server.restart();
    assert_eq!(ways(&server), (200, json!({"ways": ["token", "password"]})));
    let (status, problem) = status_and_body(post(&server, &json!({"kubeconfig": "{}"})));
    assert!(status == 400 && problem["detail"].as_str().unwrap().contains("users of its own"), "{problem}");
}

#[test]
fn a_session_ends_when_its_token_does() {
    let sim = Sim::still();
    let server = Server::of(&sim);
    let (cookie, session) = signed_in(&server, &sim.running.token("shop", "viewer", 3).unwrap());
    let (other, longer) = signed_in(&server, &sim.running.token("shop", "viewer", 600).unwrap());
    assert!(session["expires"].as_str() < longer["expires"].as_str());
    wait_for("the end of the session", || (session_status(&server, &cookie) == 401).then_some(()));
    assert_eq!(session_status(&server, &other), 200);
}

#[test]
fn a_session_outlives_a_restart_and_an_api_server_that_is_away() {
    let sim = Sim::still();
    let mut server = Server::of(&sim);
    let (cookie, _) = signed_in(&server, &sim.viewer());
    sim.cut(true);
    server.crash_and_restart();
    assert_eq!(session_status(&server, &cookie), 200);
    let (status, problem) = status_and_body(sign_in(&server, &sim.admin()));
    let detail = problem["detail"].as_str().unwrap();
    assert!(status == 503 && detail.contains("cannot reach the Kubernetes API server"), "{status} {detail}");
    let bearer = server.get(SESSION).bearer_auth(sim.viewer()).send().unwrap();
    assert_eq!(bearer.status().as_u16(), 503, "neither let in nor sent away");
    sim.cut(false);
    signed_in(&server, &sim.admin());
}

#[test]
fn a_session_of_a_cluster_is_nothing_to_a_server_with_users_of_its_own() {
    let sim = Sim::still();
    let mut server = Server::of(&sim);
    let (cookie, _) = signed_in(&server, &sim.admin());
    server.kill();
    server.set_arguments(&[]);
    server.restart();
    assert_eq!(session_status(&server, &cookie), 401);
}
