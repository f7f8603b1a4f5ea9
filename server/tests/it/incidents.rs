//! What went wrong elsewhere, each under its own name, and that it does not go wrong here. docs/security.md has the whole table.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};

use openssl::ssl::{SslConnector, SslMethod, SslVerifyMode};
use serde_json::json;

use crate::support::Server;
use crate::support::cluster::Sim;
use crate::support::installed::{cluster, serve};
use crate::support::server::{ADMIN, VIEWER, json as status_and_body};

const SESSION: &str = "api/crowsnest/v1/session";
const PODS: &str = "api/crowsnest/v1/objects/core.v1.pods/shop";
/// What answers with something of somebody's.
const PRIVATE: &[&str] = &[
    SESSION,
    PODS,
    "api/crowsnest/v1/objects/core.v1.secrets/shop",
    "api/crowsnest/v1/objects/core.v1.secrets/shop/db-credentials",
    "api/crowsnest/v1/namespaces",
    "api/crowsnest/v1/queries",
    "api/crowsnest/v1/sessions",
    "api/v1/query?query=up",
    "api/v1/status/config",
    "api/v1/status/flags",
    "api/v1/targets",
    "federate?match[]=up",
    "metrics",
    "alertmanager/api/v2/status",
    "stream/log?kind=watch&of=core.v1.pods/shop",
];

fn status(server: &Server, path: &str) -> u16 {
    server.get(path).send().unwrap().status().as_u16()
}

/// Whether the server's own account, as the manifest makes it, may do something.
fn may_the_server(sim: &Sim, verb: &str, resource: &str, subresource: &str) -> bool {
    let token = sim.running.token("crowsnest", "crowsnest", 600).unwrap();
    let ca = reqwest::Certificate::from_pem(sim.running.ca_pem().as_bytes()).unwrap();
    let client = reqwest::blocking::Client::builder().tls_certs_only([ca]).build().unwrap();
    let attributes = json!({"verb": verb, "resource": resource, "subresource": subresource});
    let review = json!({"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": attributes}});
    let url = format!("{}/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", sim.running.url());
    let (status, answer) = status_and_body(client.post(url).bearer_auth(token).json(&review).send().unwrap());
    assert_eq!(status, 201, "{answer}");
    answer["status"]["allowed"].as_bool().unwrap()
}

/// 1: whoever skipped the sign-in read Secrets with the Dashboard's own account.
#[test]
fn cve_2018_18264_nobody_gets_in_without_signing_in_and_the_servers_account_reads_no_secrets() {
    let sim = cluster(&[], crowsnest_kubesim::Options::default());
    let server = serve(&sim, &[], &[]);
    for path in PRIVATE {
        assert_eq!(status(&server, path), 401, "{path}");
    }
    for verb in ["get", "list", "watch"] {
        assert!(!may_the_server(&sim, verb, "secrets", ""), "{verb}");
    }
}

/// 2: dashboards that were open to the world.
#[test]
fn tesla_2018_a_fresh_installation_shows_a_stranger_the_sign_in_page_and_nothing_else() {
    let sim = Sim::still();
    let server = Server::of(&sim);
    let (_, ways) = status_and_body(server.get(&format!("{SESSION}/ways")).send().unwrap());
    assert_eq!(ways, json!({"ways": ["token", "p12", "kubeconfig"]}));
    for path in ["healthz", "readyz", "-/healthy", "-/ready"] {
        let said = server.get(path).send().unwrap().text().unwrap();
        assert!(said.len() < 40, "{path} tells a stranger {said}");
    }
    for path in PRIVATE {
        assert_eq!(status(&server, path), 401, "{path}");
    }
}

/// 3: "Skip" with an account that may do everything. Where nobody signs in, nobody sees the cluster either.
#[test]
fn dashboard_2412_no_setting_lends_the_servers_own_rights_to_a_visitor() {
    let sim = Sim::still();
    let kubeconfig = sim.kubeconfig();
    // What the server asks for by itself, for metrics, would hide what it asks for a visitor.
    let flags = ["--auth", "none", "--cluster-metrics", "none", "--kubeconfig", kubeconfig.to_str().unwrap()];
    let server = Server::start_with(&flags);
    assert_eq!(status(&server, "api/v1/query?query=up"), 200);
    for path in [PODS, "api/crowsnest/v1/objects/core.v1.secrets/shop", "api/crowsnest/v1/namespaces"] {
        assert_eq!(status(&server, path), 404, "{path}");
    }
    assert!(sim.running.asked().iter().all(|asked| asked.resource != "secrets" && asked.resource != "pods"));
}

/// 5: a proxy to wherever a user said. An uploaded kubeconfig names a server; nobody goes there.
#[test]
fn cve_2021_25320_no_user_says_where_the_server_sends_requests() {
    let sim = Sim::still();
    let server = Server::of(&sim);
    let elsewhere = TcpListener::bind("127.0.0.1:0").unwrap();
    elsewhere.set_nonblocking(true).unwrap();
    let kubeconfig = sim.running.kubeconfig("shop", "viewer", 600).unwrap();
    let kubeconfig =
        kubeconfig.replace(&sim.running.url(), &format!("https://{}", elsewhere.local_addr().unwrap()));
    let request = server.post(SESSION).json(&json!({"kubeconfig": kubeconfig}));
    let (status, session) = status_and_body(request.send().unwrap());
    assert_eq!((status, &session["user"]), (200, &json!("system:serviceaccount:shop:viewer")));
    assert!(elsewhere.accept().is_err(), "somebody went to the kubeconfig's server");
}

/// 6: credentials that could be read from objects of an API.
#[test]
fn cve_2021_36782_no_answer_holds_a_credential() {
    let sim = Sim::still();
    let server = Server::of(&sim);
    let token = sim.admin();
    let cookie = server.sign_in(&token);
    let value = cookie.split_once('=').unwrap().1;
    for path in PRIVATE.iter().filter(|path| !path.starts_with("stream")) {
        let text = server.get(path).header("cookie", &cookie).send().unwrap().text().unwrap();
        for secret in [token.as_str(), value, "PRIVATE KEY", "eyJhbGciOi"] {
            assert!(!text.contains(secret), "{path} holds {secret}");
        }
    }
    let log = server.log();
    assert!(!log.contains(&token) && !log.contains(value), "the log holds a credential");
}

/// 7: what had been kept for one user was given to another, who had not even signed in.
#[test]
fn cve_2025_14269_what_one_user_has_asked_for_no_other_is_given() {
    let sim = Sim::still();
    let server = Server::of(&sim);
    let (admin, viewer) = (sim.admin(), sim.viewer());
    let secrets = "api/crowsnest/v1/objects/core.v1.secrets/shop";
    let metrics = "api/v1/targets";
    let ask = |path: &str, token: Option<&str>| {
        let request = server.get(path);
        let request = match token {
            Some(token) => request.bearer_auth(token),
            None => request,
        };
        request.send().unwrap().status().as_u16()
    };
    for path in [secrets, metrics] {
        for _ in 0..2 {
            assert_eq!(ask(path, Some(&admin)), 200, "{path}");
            assert_eq!(ask(path, Some(&viewer)), 403, "{path}");
            assert_eq!(ask(path, None), 401, "{path}");
        }
    }
}

/// 13: sessions that never ended, not even by signing out.
#[test]
fn cve_2020_8826_a_session_that_was_left_is_over() {
    let server = Server::start();
    let cookie = server.sign_in(ADMIN);
    let (_, session) = server.get_as(&cookie, SESSION);
    let sign_out = server.http.delete(format!("{}{SESSION}", server.url)).header("cookie", &cookie);
    let sign_out = sign_out.header("sec-fetch-site", "same-origin");
    let status =
        sign_out.header("x-crowsnest-csrf", session["csrf"].as_str().unwrap()).send().unwrap().status();
    assert_eq!(status.as_u16(), 204);
    assert_eq!(server.get_as(&cookie, SESSION).0, 401, "a copy of the cookie still works");
    assert!(session["expires"].is_string());
}

/// The status of a request whose path no client library tidies up.
fn raw(server: &Server, path: &str) -> u16 {
    let address = server.listen_file()["listen"].as_str().unwrap().to_owned();
    let mut connector = SslConnector::builder(SslMethod::tls_client()).unwrap();
    connector.set_verify(SslVerifyMode::NONE);
    let mut stream = connector.build().connect("localhost", TcpStream::connect(&address).unwrap()).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    // Some servers' way of closing is an error here.
    stream.read_to_end(&mut answer).ok();
    let answer = String::from_utf8_lossy(&answer).into_owned();
    assert!(!answer.contains("root:"), "{path} gave away a file");
    answer.split(' ').nth(1).unwrap().parse().unwrap()
}

/// 14: `..` in the path of a static file led to any file.
#[test]
fn cve_2021_43798_no_path_leads_out_of_the_files_that_are_served() {
    let server = Server::start();
    for up in
        ["..", "%2e%2e", "%2E%2E", ".%2e", "..%2f..", "%2e%2e%2f", "..%5c..", "%5c..", "..;", "%c0%ae%c0%ae"]
    {
        for root in ["/assets", "/assets/x", ""] {
            let path = format!("{root}/{up}/{up}/{up}/{up}/etc/passwd");
            let status = raw(&server, &path);
            assert!(matches!(status, 400 | 401 | 404), "{path}: {status}");
        }
    }
}

/// 20: an account that may reach kubelets through the API server may do everything on them.
#[test]
fn ncc_e003660_the_servers_account_reaches_no_kubelet() {
    let sim = cluster(&[], crowsnest_kubesim::Options::default());
    for verb in ["get", "create"] {
        for (resource, subresource) in
            [("nodes", "proxy"), ("services", "proxy"), ("pods", "proxy"), ("pods", "exec")]
        {
            assert!(!may_the_server(&sim, verb, resource, subresource), "{verb} {resource}/{subresource}");
        }
    }
    assert!(may_the_server(&sim, "list", "nodes", ""), "the review itself works");
}

/// 21: a page behind the API server's proxy owns everything of that origin, so nothing that was sent in may become a page.
#[test]
fn kubernetes_78467_what_a_request_says_never_comes_back_as_a_page() {
    let server = Server::start();
    let script = "%3Cscript%3Ealert(1)%3C/script%3E";
    let paths = [
        script.to_owned(),
        format!("api/v1/query?query={script}"),
        format!("api/v1/label/{script}/values"),
        format!("api/crowsnest/v1/objects/{script}/shop"),
        format!("assets/{script}.js"),
        format!("federate?match[]={script}"),
    ];
    for path in paths {
        for token in [None, Some(VIEWER)] {
            let mut request = server.get(&path).header("accept", "text/html");
            if let Some(token) = token {
                request = request.bearer_auth(token);
            }
            let response = request.send().unwrap();
            let headers = response.headers();
            let media_type = headers["content-type"].to_str().unwrap().to_owned();
            assert!(media_type.contains("json"), "{path}: {media_type}");
            assert_eq!(headers["x-content-type-options"], "nosniff", "{path}");
            let policy = headers["content-security-policy"].to_str().unwrap();
            assert!(
                policy.starts_with("default-src 'none'") && !policy.contains("unsafe-inline"),
                "{policy}"
            );
        }
    }
}

/// 22: a page whose name was made to lead to this machine.
#[test]
fn kubernetes_8871_the_plain_listener_answers_to_names_of_this_machine_only() {
    let server = Server::start_with(&["--http-listen", "127.0.0.1:0"]);
    let plain = server.listen_file()["http_listen"].as_str().unwrap().to_owned();
    let ask = |host: &str| {
        let request = server.http.get(format!("http://{plain}/healthz")).header("host", host);
        request.send().unwrap().status().as_u16()
    };
    assert_eq!(ask("localhost"), 200);
    for host in ["evil.example", "localhost.evil.example", "192.0.2.1", "127.0.0.1.nip.io"] {
        assert_eq!(ask(host), 421, "{host}");
    }
}

/// 23: a YAML file that crashed the server.
#[test]
fn portainer_13051_malformed_yaml_is_refused_and_the_server_lives() {
    let sim = Sim::still();
    let server = Server::of(&sim);
    let mut bomb = String::from("a0: &a0 [x, x]\n");
    for level in 1..40 {
        let before = level - 1;
        bomb.push_str(&format!("a{level}: &a{level} [{}]\n", vec![format!("*a{before}"); 9].join(", ")));
    }
    let deep = format!("{}{}", "[".repeat(50_000), "]".repeat(50_000));
    let quotes = "\"".repeat(10_001);
    for yaml in [&bomb, &deep, &quotes, "\u{0}", "a: *a", "- {", "%TAG ! x\n---\n", "? ? ? ?", "a: &a *a"] {
        let request = server.post(SESSION).json(&json!({"kubeconfig": yaml}));
        let (status, answer) = status_and_body(request.send().unwrap());
        assert!(matches!(status, 400 | 401), "{status} {answer}");
    }
    assert_eq!(status(&server, "healthz"), 200);
}
