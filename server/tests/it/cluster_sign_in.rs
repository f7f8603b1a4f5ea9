//! Sign-in with the tokens of a Kubernetes cluster.

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
