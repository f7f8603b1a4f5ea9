//! Sign-in, sessions, and what mutations must show.

use reqwest::StatusCode;
use reqwest::blocking::{RequestBuilder, Response};
use serde_json::{Value, json};

use crate::support::Server;
use crate::support::server::{ADMIN, PASSWORD, PUSHER, VIEWER};

const SESSION: &str = "api/crowsnest/v1/session";
const ORIGIN: &str = "https://nest.example:30443";

fn sign_in(server: &Server, body: &Value) -> Response {
    server.post(SESSION).header("origin", ORIGIN).json(body).send().unwrap()
}

/// The cookie pair and the body of a successful sign-in.
#[track_caller]
fn signed_in(server: &Server, body: &Value) -> (String, Value) {
    let response = sign_in(server, body);
    assert_eq!(response.status(), StatusCode::OK);
    let cookie = response.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    (cookie, response.json().unwrap())
}

fn status(request: RequestBuilder) -> u16 {
    request.send().unwrap().status().as_u16()
}

#[test]
fn a_token_opens_a_session_that_signing_out_ends() {
    let server = Server::start();
    let response = sign_in(&server, &json!({"token": ADMIN}));
    let set_cookie = response.headers()["set-cookie"].to_str().unwrap().to_owned();
    for attribute in ["HttpOnly", "SameSite=Strict", "Path=/;", "Secure"] {
        assert!(set_cookie.contains(attribute), "{set_cookie}");
    }
    let (cookie, session) = signed_in(&server, &json!({"token": ADMIN}));
    assert_eq!((&session["user"], &session["groups"]), (&json!("ann"), &json!(["operators"])));

    let who: Value = server.get(SESSION).header("cookie", &cookie).send().unwrap().json().unwrap();
    assert_eq!((&who["user"], &who["csrf"]), (&session["user"], &session["csrf"]));
    assert_eq!(status(server.get("api/v1/labels").header("cookie", &cookie)), 200);

    let sign_out = server.http.delete(format!("{}{SESSION}", server.url)).header("cookie", &cookie);
    let sign_out =
        sign_out.header("origin", ORIGIN).header("x-crowsnest-csrf", session["csrf"].as_str().unwrap());
    let response = sign_out.send().unwrap();
    assert_eq!(response.status(), StatusCode::NO_CONTENT);
    assert!(response.headers()["set-cookie"].to_str().unwrap().contains("Max-Age=0"));
    assert_eq!(status(server.get(SESSION).header("cookie", &cookie)), 401);
    assert_eq!(status(server.get("api/v1/labels").header("cookie", &cookie)), 401);
}

#[test]
fn a_password_opens_a_session() {
    let server = Server::start();
    let (_, session) = signed_in(&server, &json!({"user": "pat", "password": PASSWORD}));
    assert_eq!(session["user"], "pat");
    for wrong in [json!({"user": "pat", "password": "x"}), json!({"user": "nobody", "password": PASSWORD})] {
        let refused = sign_in(&server, &wrong);
        assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);
        let problem: Value = refused.json().unwrap();
        assert_eq!(problem["detail"], "the user name or the password is wrong");
    }
}

#[test]
fn a_wrong_token_is_refused_with_a_clear_message_and_leaks_nothing() {
    let server = Server::start();
    let wrong = "a-token-that-nobody-has";
    let refused = sign_in(&server, &json!({"token": wrong}));
    assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(refused.headers()["content-type"], "application/problem+json");
    assert!(refused.headers().get("set-cookie").is_none());
    let text = refused.text().unwrap();
    assert!(text.contains("the token is wrong or has been revoked"), "{text}");
    let as_bearer = server.get("api/v1/labels").bearer_auth(wrong).send().unwrap();
    assert_eq!(as_bearer.status(), StatusCode::UNAUTHORIZED);
    let bearer_text = as_bearer.text().unwrap();
    signed_in(&server, &json!({"token": VIEWER}));
    for place in [text, bearer_text, server.log()] {
        for secret in [wrong, ADMIN, VIEWER, PUSHER] {
            assert!(!place.contains(secret), "{secret} in {place}");
        }
    }
}

#[test]
fn mutations_of_a_cookie_session_need_the_origin_of_the_sign_in_and_the_csrf_header() {
    let server = Server::start();
    let (cookie, session) = signed_in(&server, &json!({"token": ADMIN}));
    let csrf = session["csrf"].as_str().unwrap();
    let reload = || server.post("-/reload").header("cookie", &cookie);
    assert_eq!(status(reload()), 403);
    assert_eq!(status(reload().header("origin", ORIGIN)), 403);
    assert_eq!(status(reload().header("x-crowsnest-csrf", csrf)), 403);
    assert_eq!(
        status(reload().header("origin", "https://evil.example").header("x-crowsnest-csrf", csrf)),
        403
    );
    assert_eq!(status(reload().header("origin", ORIGIN).header("x-crowsnest-csrf", "wrong")), 403);
    assert_eq!(status(reload().header("origin", ORIGIN).header("x-crowsnest-csrf", csrf)), 200);
    assert_eq!(
        status(reload().header("sec-fetch-site", "same-origin").header("x-crowsnest-csrf", csrf)),
        200
    );
    assert_eq!(status(server.post("-/reload").bearer_auth(ADMIN)), 200, "a bearer token needs neither");
    let query = server.post("api/v1/query").header("cookie", &cookie).form(&[("query", "1")]);
    assert_eq!(status(query), 200, "a question changes nothing");
}

#[test]
fn a_session_survives_a_restart_and_ends_with_its_users_credential() {
    let mut server = Server::start();
    let (cookie, _) = signed_in(&server, &json!({"token": VIEWER}));
    server.crash_and_restart();
    assert_eq!(status(server.get(SESSION).header("cookie", &cookie)), 200);
    let users = std::fs::read_to_string(server.users_file()).unwrap();
    std::fs::write(server.users_file(), users.replace("user: vic", "user: viv")).unwrap();
    assert_eq!(status(server.post("-/reload").bearer_auth(ADMIN)), 200);
    assert_eq!(status(server.get(SESSION).header("cookie", &cookie)), 401);
}

#[test]
fn forms_and_nonsense_are_no_sign_in() {
    let server = Server::start();
    let form = server.post(SESSION).form(&[("token", ADMIN)]);
    assert_eq!(status(form), 415);
    assert_eq!(status(server.post(SESSION).json(&json!({"user": "ann"}))), 400);
    let large = "x".repeat(1 << 20);
    assert_eq!(status(server.post(SESSION).json(&json!({"token": large}))), 413);
}

#[test]
fn too_many_failures_from_one_address_have_to_wait() {
    let server = Server::start();
    let statuses: Vec<u16> =
        (0..12).map(|_| sign_in(&server, &json!({"token": "wrong"})).status().as_u16()).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 401).count(), 10, "{statuses:?}");
    let refused = sign_in(&server, &json!({"token": ADMIN}));
    assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
    assert!(refused.headers().contains_key("retry-after"));
}

#[test]
fn the_cookie_lives_below_the_base_path_that_the_proxy_tells() {
    let server = Server::start();
    let prefix = "/api/v1/namespaces/crowsnest/services/https:crowsnest:/proxy";
    let response = server
        .post(SESSION)
        .header("origin", "http://localhost:8001")
        .header("x-forwarded-uri", format!("{prefix}/{SESSION}"))
        .json(&json!({"token": VIEWER}))
        .send()
        .unwrap();
    let cookie = response.headers()["set-cookie"].to_str().unwrap();
    assert!(cookie.contains(&format!("Path={prefix}/;")), "{cookie}");
    assert!(!cookie.contains("Secure"), "the browser speaks plain HTTP to kubectl proxy: {cookie}");
}

#[test]
fn routes_answer_below_a_prefix_that_the_proxy_leaves_in_place() {
    let server = Server::start_with(&["--base-path", "/nest"]);
    assert!(server.url.ends_with("/nest/"));
    assert_eq!(status(server.get("healthz")), 200);
    let root = server.url.strip_suffix("/nest/").unwrap();
    assert_eq!(status(server.http.get(format!("{root}/healthz"))), 200, "stripped by the proxy");
    let redirect = server.http.get(format!("{root}/nest")).send().unwrap();
    assert_eq!(
        (redirect.status().as_u16(), redirect.headers()["location"].to_str().unwrap()),
        (308, "nest/")
    );
}

#[test]
fn every_answer_carries_the_security_headers() {
    let server = Server::start();
    for path in ["", "healthz", "api/v1/labels", "assets/none.js", "nowhere"] {
        let response = server.get(path).send().unwrap();
        let header = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
        assert!(
            header("content-security-policy").starts_with("default-src 'none'; script-src 'self'"),
            "{path}"
        );
        assert_eq!(header("x-content-type-options"), "nosniff");
        assert_eq!(header("referrer-policy"), "no-referrer");
        assert_eq!(header("cross-origin-opener-policy"), "same-origin");
        assert!(response.headers().contains_key("x-request-id"));
    }
    assert_eq!(status(server.get("nowhere")), 401, "even to learn that there is nothing, one signs in");
    assert_eq!(status(server.get("nowhere").bearer_auth(VIEWER)), 404);
    assert_eq!(status(server.http.delete(format!("{}api/v1/query", server.url)).bearer_auth(VIEWER)), 405);
}
