//! Ports of pods and Services in the browser: what is there is a stranger, to us and to whoever looks at it.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::sync::mpsc::{Receiver, channel};

use reqwest::blocking::{Client, Response};
use serde_json::{Value, json};

use crate::logs::{pod, running};
use crate::support::cluster::Sim;
use crate::support::{Server, wait_for};

const FORWARDS: &str = "api/crowsnest/v1/forwards";
const SESSION: &str = "api/crowsnest/v1/session";
const ADDRESS: &str = "10.244.7.7";

/// A pod with an address, whose port 80 has the simulated cluster's own site.
fn web() -> Value {
    let mut pod = pod("web-1", &["main"], 0);
    pod["spec"]["containers"][0]["ports"] = json!([{"name": "main", "containerPort": 80, "protocol": "TCP"}]);
    pod["status"]["podIP"] = ADDRESS.into();
    pod
}

fn scene() -> (Sim, Server) {
    let sim = running(vec![web()]);
    let server = Server::of(&sim);
    (sim, server)
}

/// Asks for a port as a page of ours does.
fn ask(server: &Server, cookie: &str, question: &Value) -> (u16, Value) {
    let csrf = server.get_as(cookie, SESSION).1["csrf"].as_str().unwrap().to_owned();
    let request = server.post(FORWARDS).header("cookie", cookie).header("x-crowsnest-csrf", csrf);
    let response = request.header("sec-fetch-site", "same-origin").json(question).send().unwrap();
    (response.status().as_u16(), response.json().unwrap_or_default())
}

fn question(kind: &str, name: &str, port: u16) -> Value {
    json!({"kind": kind, "namespace": "shop", "name": name, "port": port})
}

/// Where a port of the pod is, for an administrator who is signed in.
fn open(sim: &Sim, server: &Server, port: u16) -> (String, String) {
    let cookie = server.sign_in(&sim.admin());
    let (status, answer) = ask(server, &cookie, &question("core.v1.pods", "web-1", port));
    assert_eq!(status, 200, "{answer}");
    (cookie, answer["path"].as_str().unwrap().to_owned())
}

fn header<'r>(response: &'r Response, name: &str) -> &'r str {
    response.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

/// A target that answers every request with these bytes, and tells what it was asked.
fn target(sim: &Sim, port: u16, answer: &'static str) -> Receiver<String> {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    sim.running.route(&format!("{ADDRESS}:{port}"), listener.local_addr().unwrap());
    let (tell, told) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let (mut head, mut length) = (String::new(), 0);
            loop {
                let mut line = String::new();
                if reader.read_line(&mut line).unwrap_or_default() == 0 || line == "\r\n" {
                    break;
                }
                if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                    length = value.trim().parse().unwrap();
                }
                head.push_str(&line);
            }
            // A connection that only shows that somebody is there.
            if head.is_empty() {
                continue;
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body).unwrap();
            head.push_str(&String::from_utf8_lossy(&body));
            stream.write_all(answer.as_bytes()).unwrap();
            if tell.send(head).is_err() {
                return;
            }
        }
    });
    told
}

#[test]
fn a_page_behind_a_port_is_shown_with_its_links_below_its_address() {
    let (sim, server) = scene();
    let (_, path) = open(&sim, &server, 80);
    // The page's own requests come without the session.
    let page = server.get(&path).send().unwrap();
    assert_eq!(page.status().as_u16(), 200);
    let html = page.text().unwrap();
    assert!(html.contains("<h1>main of web-1</h1>"), "{html}");
    for link in ["style.css", "headers", "app.js", "echo"] {
        assert!(html.contains(&format!("\"/{path}{link}\"")), "{link}: {html}");
    }
    let script = server.get(&format!("{path}app.js?v=1")).send().unwrap();
    assert_eq!(
        (header(&script, "content-type"), header(&script, "access-control-allow-origin")),
        ("text/javascript", "*")
    );
    let packed = server.get(&format!("{path}app.js")).header("accept-encoding", "gzip").send().unwrap();
    assert_eq!(header(&packed, "content-encoding"), "gzip");
    assert!(
        packed.bytes().unwrap().starts_with(&[0x1f, 0x8b]),
        "what is compressed on its way ends well, too"
    );
    let said = server.post(&format!("{path}echo")).header("origin", "null").body("hello").send().unwrap();
    assert_eq!(said.text().unwrap(), "hello");
    let shown: Value = server.get(&format!("{path}headers")).send().unwrap().json().unwrap();
    assert_eq!(shown["host"], "localhost:80");
    assert_eq!(shown["x-forwarded-prefix"], format!("/{}", path.trim_end_matches('/')));
    let log = std::fs::read_to_string(server.data_dir().join("audit.log")).unwrap();
    assert!(
        log.lines().any(|line| line.contains("open-port") && line.contains("pods shop/web-1:80")),
        "{log}"
    );
}

#[test]
fn a_service_leads_to_a_pod_of_its_own() {
    let (sim, server) = scene();
    let service = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "front"},
        "spec": {"selector": {"app": "web"}, "ports": [{"name": "http", "port": 8000, "targetPort": "main", "protocol": "TCP"}]}});
    sim.create("/api/v1/namespaces/shop/services", &service);
    let cookie = server.sign_in(&sim.admin());
    let path = wait_for("the Service's endpoints", || {
        let (status, answer) = ask(&server, &cookie, &question("core.v1.services", "front", 8000));
        (status == 200).then(|| answer["path"].as_str().unwrap().to_owned())
    });
    assert!(server.get(&path).send().unwrap().text().unwrap().contains("main of web-1"));
    let (status, answer) = ask(&server, &cookie, &question("core.v1.services", "front", 8001));
    assert_eq!((status, answer["detail"].as_str()), (404, Some("the Service has no port 8001")));
}

#[test]
fn a_page_behind_a_port_is_a_stranger_to_us_whatever_it_says() {
    let (sim, server) = scene();
    let _told = target(
        &sim,
        7777,
        "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nSet-Cookie: crowsnest_session=stolen; Path=/\r\n\
         Content-Security-Policy: sandbox allow-scripts allow-same-origin\r\nClear-Site-Data: \"*\"\r\n\
         Strict-Transport-Security: max-age=1\r\nService-Worker-Allowed: /\r\nAlt-Svc: h3=\":1\"\r\n\
         WWW-Authenticate: Basic\r\nAccess-Control-Allow-Credentials: true\r\nContent-Length: 2\r\n\r\nhi",
    );
    let (cookie, path) = open(&sim, &server, 7777);
    let page = server.get(&path).header("cookie", &cookie).send().unwrap();
    let policies: Vec<_> = page.headers().get_all("content-security-policy").iter().collect();
    assert_eq!(policies.len(), 1, "{policies:?}");
    let policy = policies[0].to_str().unwrap();
    assert!(policy.starts_with("sandbox ") && !policy.contains("allow-same-origin"), "{policy}");
    assert!(!policy.contains("top-navigation") && !policy.contains("escape"), "{policy}");
    for name in [
        "set-cookie",
        "clear-site-data",
        "strict-transport-security",
        "service-worker-allowed",
        "alt-svc",
        "www-authenticate",
        "access-control-allow-credentials",
    ] {
        assert_eq!(header(&page, name), "", "{name}");
    }
    assert_eq!(header(&page, "referrer-policy"), "no-referrer");
    assert_eq!(page.text().unwrap(), "hi");
}

#[test]
fn a_page_without_an_origin_changes_nothing_of_ours_and_is_told_nothing() {
    let (sim, server) = scene();
    let (cookie, path) = open(&sim, &server, 80);
    // What a browser sends for it, even one that would add the cookie.
    for site in ["cross-site", "same-site"] {
        let request = server.post(FORWARDS).header("cookie", &cookie).header("origin", "null");
        let request = request.header("sec-fetch-site", site).json(&question("core.v1.pods", "web-1", 80));
        assert_eq!(request.send().unwrap().status().as_u16(), 403, "{site}");
    }
    let own = server.get(SESSION).header("cookie", &cookie).header("origin", "null").send().unwrap();
    assert_eq!(header(&own, "access-control-allow-origin"), "", "it could be read");
    // One port's name opens no other place.
    for elsewhere in ["../../../api/crowsnest/v1/session", "%2e%2e/%2e%2e/%2e%2e/api/crowsnest/v1/session"] {
        let url = format!("{}{path}{elsewhere}", server.url);
        let status = server.http.get(url).send().unwrap().status().as_u16();
        assert!(matches!(status, 401 | 404), "{elsewhere}: {status}");
    }
}

#[test]
fn a_target_is_told_nothing_about_who_asks() {
    let (sim, server) = scene();
    let told = target(&sim, 7777, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    let (cookie, path) = open(&sim, &server, 7777);
    let request = server.post(&format!("{path}x?y=z")).header("cookie", &cookie).bearer_auth(sim.admin());
    let request = request.header("x-remote-user", "root").header("impersonate-user", "root");
    let request = request.header("referer", "https://c/").header("x-forwarded-for", "1.2.3.4").body("body");
    assert_eq!(request.send().unwrap().status().as_u16(), 200);
    let asked = told.recv_timeout(std::time::Duration::from_secs(10)).unwrap();
    assert!(asked.starts_with("POST /x?y=z HTTP/1.1\r\n") && asked.ends_with("body"), "{asked}");
    let asked = asked.to_ascii_lowercase();
    for name in
        ["cookie", "authorization", "x-remote", "impersonate", "referer", "x-forwarded-for", "x-crowsnest"]
    {
        assert!(!asked.contains(&format!("\n{name}")), "{name}: {asked}");
    }
}

#[test]
fn a_redirect_away_from_the_target_is_not_passed_on() {
    let (sim, server) = scene();
    let direct = Client::builder().redirect(reqwest::redirect::Policy::none());
    let ca = std::fs::read(server.data_dir().join("tls/ca.crt"));
    let direct = match ca {
        Ok(pem) => direct.tls_certs_only([reqwest::Certificate::from_pem(&pem).unwrap()]),
        Err(_) => direct.danger_accept_invalid_certs(true),
    };
    let direct = direct.build().unwrap();
    let (_, path) = open(&sim, &server, 80);
    let moved = direct.get(format!("{}{path}redirect", server.url)).send().unwrap();
    assert_eq!((moved.status().as_u16(), header(&moved, "location")), (302, &*format!("/{path}headers")));
    let _told =
        target(&sim, 7777, "HTTP/1.1 302 Found\r\nLocation: //evil.example/\r\nContent-Length: 0\r\n\r\n");
    let (_, path) = open(&sim, &server, 7777);
    let moved = direct.get(format!("{}{path}", server.url)).send().unwrap();
    assert_eq!((moved.status().as_u16(), header(&moved, "location")), (502, ""));
}

#[test]
fn only_whoever_may_forward_opens_a_port_and_only_a_signed_in_page_of_ours() {
    let (sim, server) = scene();
    let cookie = server.sign_in(&sim.viewer());
    let (status, answer) = ask(&server, &cookie, &question("core.v1.pods", "web-1", 80));
    assert_eq!(status, 403, "{answer}");
    let asked = sim.running.asked();
    assert!(
        !asked.iter().any(|asked| asked.resource == "pods/portforward" && asked.verb == "get"),
        "{asked:?}"
    );
    for wrong in [
        question("core.v1.nodes", "demo-1", 10250),
        question("core.v1.pods", "../../nodes/demo-1", 80),
        question("core.v1.pods", "web-1", 0),
    ] {
        let admin = server.sign_in(&sim.admin());
        let (status, answer) = ask(&server, &admin, &wrong);
        assert_eq!(status, 400, "{wrong}: {answer}");
    }
    let token = server.post(FORWARDS).bearer_auth(sim.admin()).json(&question("core.v1.pods", "web-1", 80));
    assert_eq!(token.send().unwrap().status().as_u16(), 400, "nothing would end it");
    assert_eq!(server.get("forward/proxy/guessed/").send().unwrap().status().as_u16(), 404);
}

#[test]
fn a_port_closes_with_the_session_and_with_the_right_to_it() {
    let (sim, server) = scene();
    let (cookie, path) = open(&sim, &server, 80);
    let status = |path: &str| server.get(path).send().unwrap().status().as_u16();
    assert_eq!(status(&path), 200);
    let csrf = server.get_as(&cookie, SESSION).1["csrf"].as_str().unwrap().to_owned();
    let out = server.http.delete(format!("{}{SESSION}", server.url)).header("cookie", &cookie);
    out.header("x-crowsnest-csrf", csrf).header("sec-fetch-site", "same-origin").send().unwrap();
    assert_eq!(status(&path), 404);
    let cookie = server.sign_in(&crate::terminals::operator(&sim));
    let (_, answer) = ask(&server, &cookie, &question("core.v1.pods", "web-1", 80));
    let path = answer["path"].as_str().unwrap();
    assert_eq!(status(path), 200);
    sim.delete("/apis/rbac.authorization.k8s.io/v1/namespaces/shop/rolebindings/ops");
    // The API server itself refuses the connection at once.
    assert!(matches!(status(path), 403 | 502));
}

#[test]
fn what_the_api_server_describes_is_told_once_for_a_hash() {
    let (sim, server) = scene();
    let cookie = server.sign_in(&sim.admin());
    let (status, schema) = server.get_as(&cookie, "api/crowsnest/v1/schema/apps/v1");
    assert_eq!(status, 200);
    let types = schema["components"]["schemas"].as_object().unwrap();
    assert!(
        types.contains_key("io.k8s.api.apps.v1.Deployment")
            && types.contains_key("io.k8s.api.core.v1.Container")
    );
    assert!(schema.get("paths").is_none());
    let whole = server.get("api/crowsnest/v1/schema/core/v1").header("cookie", &cookie).send().unwrap();
    let etag = header(&whole, "etag").to_owned();
    let again =
        server.get("api/crowsnest/v1/schema/core/v1").header("cookie", &cookie).header("if-none-match", etag);
    assert_eq!(again.send().unwrap().status().as_u16(), 304);
    let none =
        server.get("api/crowsnest/v1/schema/nope.example/v1").header("cookie", &cookie).send().unwrap();
    assert_eq!(none.status().as_u16(), 204, "an editor asks for whatever somebody types");
}
