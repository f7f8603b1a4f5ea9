//! What signing in and the way through the guard cost. `cargo test --release -p crowsnest --lib -- --ignored --nocapture figures`
//! prints them.

use std::time::{Duration, Instant};

use crowsnest_rbac::{Access, Role};
use http::header::{AUTHORIZATION, COOKIE};
use http::{HeaderMap, HeaderValue};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike as _;

use super::matrix::Scene;
use crate::auth::Credentials;
use crate::clock;

const ROUNDS: u32 = 20_000;
const SIGN_INS: usize = 500;

/// Processor time of this thread so far.
fn spent() -> Duration {
    let usage = getrusage(UsageWho::RUSAGE_THREAD).unwrap();
    let micros = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    Duration::from_micros(u64::try_from(micros).unwrap())
}

/// Microseconds of processor time for one request's way: whose credentials, and may they.
async fn guard_costs(scene: &Scene, headers: &HeaderMap) -> f64 {
    let once = async || {
        let identified = scene.app.auth.identify(&Credentials::of(headers), clock::now()).await.unwrap();
        scene.app.auth.authoriser.authorise(&identified.caller, Access::Role(Role::Viewer)).await.unwrap();
    };
    once().await;
    let began = spent();
    for _ in 0..ROUNDS {
        once().await;
    }
    (spent() - began).as_secs_f64() * 1e6 / f64::from(ROUNDS)
}

#[tokio::test]
#[ignore = "prints figures, which mean something in a release build alone"]
async fn figures_of_signing_in_and_of_the_way_through_the_guard() {
    let scene = Scene::new().await;
    let (_, token) = scene.users.iter().find(|(user, _)| *user == "root").unwrap();
    let mut bearer = HeaderMap::new();
    bearer.insert(AUTHORIZATION, HeaderValue::try_from(format!("Bearer {token}")).unwrap());
    let mut took = Vec::new();
    let mut session = String::new();
    for _ in 0..SIGN_INS {
        let began = Instant::now();
        let from = std::net::Ipv4Addr::LOCALHOST.into();
        let signed_in = scene.app.auth.sign_in_with_token(token, from, clock::now()).await.unwrap();
        session = scene.app.auth.sessions.begin(signed_in, None, clock::now()).unwrap().token;
        took.push(began.elapsed());
    }
    took.sort();
    let at = |share: usize| took[took.len() * share / 100].as_secs_f64() * 1e3;
    println!("sign-in with a token: p50 {:.2} ms, p99 {:.2} ms", at(50), at(99));
    println!("guard, bearer token: {:.1} µs of processor time a request", guard_costs(&scene, &bearer).await);
    let mut cookie = HeaderMap::new();
    cookie.insert(COOKIE, HeaderValue::try_from(format!("crowsnest_session={session}")).unwrap());
    println!("guard, session: {:.1} µs of processor time a request", guard_costs(&scene, &cookie).await);
}
