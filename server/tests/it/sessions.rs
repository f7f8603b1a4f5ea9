//! One's own sessions: listed, ended one by one or all at once; and what is written down of signing in.

use serde_json::{Value, json};

use crate::support::Server;
use crate::support::server::{ADMIN, PASSWORD, VIEWER, json as status_and_body};

const SESSION: &str = "api/crowsnest/v1/session";
const SESSIONS: &str = "api/crowsnest/v1/sessions";

/// Ends something, as the page does.
fn end(server: &Server, cookie: &str, path: &str) -> u16 {
    let (_, session) = server.get_as(cookie, SESSION);
    let request = server.http.delete(format!("{}{path}", server.url)).header("cookie", cookie);
    let request = request.header("sec-fetch-site", "same-origin");
    let csrf = session["csrf"].as_str().unwrap_or_default();
    request.header("x-crowsnest-csrf", csrf).send().unwrap().status().as_u16()
}

fn sessions(server: &Server, cookie: &str) -> Vec<Value> {
    let (status, own) = server.get_as(cookie, SESSIONS);
    assert_eq!(status, 200, "{own}");
    own.as_array().unwrap().clone()
}

#[test]
fn one_ends_a_session_of_ones_own_from_another() {
    let server = Server::start();
    let (here, there) = (server.sign_in(VIEWER), server.sign_in(VIEWER));
    let own = sessions(&server, &here);
    assert_eq!(own.len(), 2);
    let (current, other): (Vec<&Value>, Vec<&Value>) =
        own.iter().partition(|session| session["current"] == true);
    assert_eq!((current.len(), other.len()), (1, 1));
    assert_eq!(end(&server, &here, &format!("{SESSIONS}/{}", other[0]["id"].as_str().unwrap())), 204);
    assert_eq!(server.get_as(&there, SESSION).0, 401);
    assert_eq!(server.get_as(&here, SESSION).0, 200);
    assert_eq!(sessions(&server, &here).len(), 1);
}

/// Incident 17, CVE-2026-21721: an action that is allowed, on a thing that is somebody else's.
#[test]
fn somebody_elses_session_is_neither_seen_nor_ended() {
    let server = Server::start();
    let (viewer, admin) = (server.sign_in(VIEWER), server.sign_in(ADMIN));
    let id = sessions(&server, &admin)[0]["id"].as_str().unwrap().to_owned();
    assert_eq!(sessions(&server, &viewer).len(), 1);
    assert_eq!(end(&server, &viewer, &format!("{SESSIONS}/{id}")), 404);
    assert_eq!(end(&server, &viewer, &format!("{SESSIONS}/:id")), 404);
    assert_eq!(server.get_as(&admin, SESSION).0, 200);
}

#[test]
fn one_signs_out_everywhere_at_once() {
    let server = Server::start();
    let cookies = [server.sign_in(VIEWER), server.sign_in(VIEWER), server.sign_in(VIEWER)];
    let other = server.sign_in(ADMIN);
    assert_eq!(end(&server, &cookies[1], SESSIONS), 204);
    for cookie in &cookies {
        assert_eq!(server.get_as(cookie, SESSION).0, 401);
    }
    assert_eq!(server.get_as(&other, SESSION).0, 200);
}

#[test]
fn signing_in_and_being_refused_is_written_down_without_any_secret() {
    let server = Server::start();
    let attempt = |body: Value| server.post(SESSION).json(&body).send().unwrap().status().as_u16();
    assert_eq!(attempt(json!({"user": "pat", "password": PASSWORD})), 200);
    assert_eq!(attempt(json!({"user": "pat", "password": "hunter2"})), 401);
    assert_eq!(attempt(json!({"token": "not-a-token-of-anybodys"})), 401);
    let cookie = server.sign_in(VIEWER);
    assert_eq!(end(&server, &cookie, SESSION), 204);
    let text = std::fs::read_to_string(server.data_dir().join("audit.log")).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let told: Vec<String> = lines
        .iter()
        .map(|line| {
            let word = |field: &str| line[field].as_str().unwrap_or_default();
            format!("{} {} {} {}", word("action"), word("outcome"), word("user"), word("from"))
        })
        .collect();
    let expected = [
        "sign-in done pat 127.0.0.1",
        "sign-in refused pat 127.0.0.1",
        "sign-in refused  127.0.0.1",
        "sign-in done vic 127.0.0.1",
        "sign-out done vic 127.0.0.1",
    ];
    assert_eq!(told, expected, "{text}");
    for secret in [PASSWORD, "hunter2", "not-a-token", VIEWER, &cookie] {
        assert!(!text.contains(secret), "{text}");
    }
}

#[test]
fn an_account_that_is_guessed_at_waits_and_others_sign_in() {
    let server = Server::start();
    let guess = || {
        let request = server.post(SESSION).json(&json!({"user": "pat", "password": "guess"}));
        status_and_body(request.send().unwrap())
    };
    let (status, problem) = (0..20).map(|_| guess()).find(|(status, _)| *status != 401).unwrap();
    assert!(status == 429 && problem["detail"].as_str().unwrap().contains("wait"), "{problem}");
}
