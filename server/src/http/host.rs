//! The Host allow-list of the plain listener: without it any web page could reach us by DNS rebinding.

use std::net::{IpAddr, SocketAddr};

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::header::HOST;

use super::{ApiError, App, AppState, ErrorKind};
use crate::external_url::ExternalUrl;
use crate::listen::{Peer, Transport};
use crate::settings::AuthMode;

/// Middleware: on plain HTTP, and wherever nobody signs in, only names of this machine are answered.
pub(super) async fn check(
    State(app): State<AppState>,
    request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    let plain = request.extensions().get::<Peer>().is_none_or(|peer| peer.transport == Transport::Plain);
    if plain || app.config.auth == AuthMode::None {
        let authority = request.uri().authority().map(http::uri::Authority::as_str);
        let host = authority.or_else(|| request.headers().get(HOST).and_then(|value| value.to_str().ok()));
        if !host.is_some_and(|host| is_ours(host, &app)) {
            let message = "this address answers to localhost and loopback addresses only";
            return Err(ApiError::new(ErrorKind::MisdirectedRequest, message));
        }
    }
    Ok(next.run(request).await)
}

/// Whether an `Origin` is that of a page of ours, where we are reached by names of this machine only.
pub(super) fn is_own_origin(origin: &str, app: &App) -> bool {
    origin.split_once("://").is_some_and(|(_, authority)| is_ours(authority, app))
}

fn is_ours(host: &str, app: &App) -> bool {
    is_this_machine(host, app.config.external_url.as_ref().map(ExternalUrl::host))
}

fn is_this_machine(host: &str, external: Option<&str>) -> bool {
    let loopback = |ip: IpAddr| ip.to_canonical().is_loopback();
    let name = without_port(host);
    let address = name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>().ok();
    address.is_some_and(loopback)
        || host.parse::<SocketAddr>().is_ok_and(|address| loopback(address.ip()))
        || name.eq_ignore_ascii_case("localhost")
        || external.is_some_and(|external| external.eq_ignore_ascii_case(name))
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) && !name.ends_with(':') => name,
        _ => host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(host: &str, expected: bool) {
        assert_eq!(is_this_machine(host, Some("nest.example")), expected, "{host}");
    }

    #[test]
    fn names_and_addresses_of_this_machine_are_answered() {
        for host in [
            "localhost",
            "LOCALHOST:8080",
            "127.0.0.1:1",
            "127.8.8.8",
            "[::1]",
            "[::1]:8080",
            "nest.example:8080",
        ] {
            check(host, true);
        }
    }

    #[test]
    fn other_names_are_not() {
        for host in [
            "evil.example",
            "evil.example:8080",
            "localhost.evil.example",
            "192.0.2.1",
            "[2001:db8::1]:80",
            "",
        ] {
            check(host, false);
        }
    }
}
