//! Tokens of browsers, which cannot set headers of a WebSocket: as one of the subprotocols that they offer.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use http::{HeaderMap, HeaderValue, header::SEC_WEBSOCKET_PROTOCOL};

use crate::{request, status::ApiError};

/// What precedes the token, which is encoded again, since it may hold what no subprotocol may.
const PREFIX: &str = "base64url.bearer.authorization.k8s.io.";

/// Takes the token out of the subprotocols that a WebSocket's request offers, lest whoever answers it sees the token.
///
/// # Errors
/// When there are several tokens, one is no text, or no other subprotocol is left that could be agreed upon.
pub(crate) fn take_token(headers: &mut HeaderMap) -> Result<Option<String>, ApiError> {
    if !request::is_websocket(headers) {
        return Ok(None);
    }
    let (mut token, mut others) = (None, Vec::new());
    for offered in headers.get_all(SEC_WEBSOCKET_PROTOCOL) {
        for protocol in offered.to_str().unwrap_or_default().split(',').map(str::trim) {
            let Some(encoded) = protocol.strip_prefix(PREFIX) else {
                others.push(protocol);
                continue;
            };
            let bytes = BASE64_URL_SAFE_NO_PAD.decode(encoded).map_err(|_| ApiError::unauthorized())?;
            let text = String::from_utf8(bytes).map_err(|_| ApiError::unauthorized())?;
            if token.replace(text).is_some() {
                return Err(ApiError::unauthorized());
            }
        }
    }
    if token.is_some() {
        if others.is_empty() {
            return Err(ApiError::unauthorized());
        }
        let others = HeaderValue::try_from(others.join(",")).map_err(|_| ApiError::unauthorized())?;
        headers.insert(SEC_WEBSOCKET_PROTOCOL, others);
    }
    Ok(token)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The token and the subprotocols that are left; nothing where the request is refused.
    #[track_caller]
    fn check(upgrade: &str, offered: &str, expected: Option<(Option<&str>, &str)>) {
        let mut headers = HeaderMap::new();
        headers.insert("connection", "keep-alive, Upgrade".parse().unwrap());
        headers.insert("upgrade", upgrade.parse().unwrap());
        headers.insert(SEC_WEBSOCKET_PROTOCOL, offered.parse().unwrap());
        let token = take_token(&mut headers).ok();
        let left = headers[SEC_WEBSOCKET_PROTOCOL].to_str().unwrap();
        assert_eq!(token.as_ref().map(|token| (token.as_deref(), left)), expected);
    }

    #[test]
    fn a_token_is_one_of_the_subprotocols() {
        check("websocket", &format!("{PREFIX}eC55Lno, a.b, c"), Some((Some("x.y.z"), "a.b,c")));
        check("websocket", "a.b, c", Some((None, "a.b, c")));
        check("SPDY/3.1", &format!("{PREFIX}eC55Lno, a"), Some((None, &format!("{PREFIX}eC55Lno, a"))));
    }

    #[test]
    fn a_token_without_another_subprotocol_is_refused_and_so_are_two_tokens() {
        check("websocket", &format!("{PREFIX}eC55Lno"), None);
        check("websocket", &format!("{PREFIX}eC55Lno, {PREFIX}eC55Lno, a"), None);
        check("websocket", &format!("{PREFIX}===, a"), None);
    }
}
