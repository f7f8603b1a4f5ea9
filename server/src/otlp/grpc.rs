//! The same over gRPC: one message there, one back, each behind five bytes
//! (<https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md>). The answer's status stands in trailers.

use axum::body::Body;
use axum::extract::{Extension, State};
use axum::response::{IntoResponse as _, Response};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use http_body_util::{BodyExt as _, Full};
use prost::Message as _;

use super::wire::ExportResponse;
use super::{Form, store};
use crate::api_v1::write::{self, Sender};
use crate::auth::Identified;
use crate::http::{ApiError, App, AppState, ErrorKind};
use crate::sources::Way;

const GRPC: &str = "application/grpc";
const STATUS: HeaderName = HeaderName::from_static("grpc-status");
const MESSAGE: HeaderName = HeaderName::from_static("grpc-message");
const ENCODING: HeaderName = HeaderName::from_static("grpc-encoding");
/// What stands before a message: whether it is packed, and its length.
const PREFIX: usize = 5;

/// Status codes that are answered.
#[derive(Clone, Copy)]
enum Code {
    Ok = 0,
    InvalidArgument = 3,
    ResourceExhausted = 8,
    Unimplemented = 12,
    Internal = 13,
    Unavailable = 14,
}

impl Code {
    fn of(error: &ApiError) -> Self {
        match error.status() {
            StatusCode::TOO_MANY_REQUESTS => Self::ResourceExhausted,
            StatusCode::SERVICE_UNAVAILABLE => Self::Unavailable,
            StatusCode::UNSUPPORTED_MEDIA_TYPE => Self::Unimplemented,
            status if status.is_client_error() => Self::InvalidArgument,
            _ => Self::Internal,
        }
    }

    fn value(self) -> HeaderValue {
        HeaderValue::from(self as u16)
    }
}

/// Takes metrics; answers once they are on the disk.
pub(crate) async fn export(
    State(app): State<AppState>,
    Extension(identified): Extension<Identified>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let told = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !told.starts_with(GRPC) {
        let message = format!("Content-Type must be {GRPC}; OTLP over HTTP is at /api/v1/otlp/v1/metrics");
        return ApiError::new(ErrorKind::UnsupportedMediaType, message).into_response();
    }
    let sender = Sender::new(&identified.caller, Way::OtlpGrpc);
    match answer(&app, &sender, &headers, body).await {
        Ok(answer) => told_well(&answer),
        Err(error) => {
            write::note_failure(&app, &sender, &error);
            told_badly(&error)
        }
    }
}

async fn answer(
    app: &App,
    sender: &Sender,
    headers: &HeaderMap,
    body: Body,
) -> Result<ExportResponse, ApiError> {
    let received = write::receive(app, sender, headers, body).await?;
    let encoding = headers.get(ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let message = unframe(encoding, &received.body)?;
    let request = Form::Protobuf.read(&message)?;
    store(app, sender, received, request).await
}

/// The message of a body that has one.
fn unframe(encoding: &str, body: &[u8]) -> Result<Vec<u8>, ApiError> {
    let Some((&[packed, a, b, c, d], message)) = body.split_first_chunk::<PREFIX>() else {
        return Err(ApiError::bad_request("the body has no message"));
    };
    if u32::from_be_bytes([a, b, c, d]) as usize != message.len() {
        return Err(ApiError::bad_request("the body is not one message of the length that it tells"));
    }
    write::unpack(if packed == 0 { "" } else { encoding }, message)
}

#[cfg(fuzzing)]
pub(super) fn unframe_any(body: &[u8]) -> Vec<u8> {
    unframe("gzip", body).unwrap_or_default()
}

fn told_well(answer: &ExportResponse) -> Response {
    let message = answer.encode_to_vec();
    let mut framed = vec![0];
    framed.extend((message.len() as u32).to_be_bytes());
    framed.extend(message);
    let trailers: HeaderMap = [(STATUS, Code::Ok.value())].into_iter().collect();
    let body = Full::from(framed).with_trailers(async move { Some(Ok(trailers)) });
    ([(CONTENT_TYPE, GRPC)], Body::new(body)).into_response()
}

/// An answer without a message has its status in its headers.
fn told_badly(error: &ApiError) -> Response {
    let message = percent_encoded(error.message());
    let mut answer = ([(CONTENT_TYPE, GRPC)], Body::empty()).into_response();
    answer.headers_mut().insert(STATUS, Code::of(error).value());
    if let Ok(message) = HeaderValue::try_from(message) {
        answer.headers_mut().insert(MESSAGE, message);
    }
    answer
}

/// As gRPC wants messages in headers: what is not printable ASCII, and `%`, by its bytes in hexadecimal digits.
fn percent_encoded(message: &str) -> String {
    let mut encoded = String::new();
    for byte in message.bytes() {
        match byte {
            b' '..=b'$' | b'&'..=b'~' => encoded.push(byte as char),
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_taken_out_of_its_frame() {
        assert_eq!(unframe("", &[0, 0, 0, 0, 2, 7, 8]).unwrap(), [7, 8]);
        assert!(unframe("", &[0, 0, 0, 0, 3, 7, 8]).is_err());
        assert!(unframe("", &[0, 0, 0]).is_err());
        let packed = zstd::encode_all(&[7_u8, 8][..], 1).unwrap();
        let mut framed = vec![1, 0, 0, 0, packed.len() as u8];
        framed.extend(packed);
        assert_eq!(unframe("zstd", &framed).unwrap(), [7, 8]);
    }

    #[test]
    fn messages_are_encoded_for_a_header() {
        assert_eq!(percent_encoded("50 % ü\n"), "50 %25 %C3%BC%0A");
    }
}
