//! OpenTelemetry's metrics: OTLP over HTTP and gRPC (<https://opentelemetry.io/docs/specs/otlp/>).
//!
//! What becomes of names, resources and values is Prometheus's default; `docs/ingest.md` says it.

mod attributes;
mod bounds;
mod deltas;
mod grpc;
mod names;
mod translate;
mod wire;

pub(crate) use deltas::Deltas;
pub(crate) use grpc::export as grpc_export;

use axum::Json;
use axum::body::Body;
use axum::extract::{Extension, State};
use axum::response::{IntoResponse as _, Response};
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use prost::Message as _;

use crate::api_v1::write::{self, Received, Sender};
use crate::auth::Identified;
use crate::http::{ApiError, App, AppState, ErrorKind};
use crate::sources::Way;
use deltas::Adding;
use wire::{ExportRequest, ExportResponse, PartialSuccess};

/// The forms of a request, and of the answer to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Protobuf,
    Json,
}

const PROTOBUF: &str = "application/x-protobuf";

impl Form {
    fn of(headers: &HeaderMap) -> Result<Self, ApiError> {
        let told = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        match told.split(';').next().unwrap_or_default().trim() {
            PROTOBUF => Ok(Self::Protobuf),
            "application/json" => Ok(Self::Json),
            _ => {
                let message = format!("Content-Type must be {PROTOBUF} or application/json");
                Err(ApiError::new(ErrorKind::UnsupportedMediaType, message))
            }
        }
    }

    fn read(self, body: &[u8]) -> Result<ExportRequest, ApiError> {
        match self {
            Self::Protobuf => {
                bounds::check(body)?;
                ExportRequest::decode(body).map_err(|error| malformed(&error))
            }
            Self::Json => {
                bounds::check_json(body)?;
                serde_json::from_slice(body).map_err(|error| malformed(&error))
            }
        }
    }
}

fn malformed(error: &dyn std::fmt::Display) -> ApiError {
    ApiError::bad_request(format!("the body is not an ExportMetricsServiceRequest: {error}"))
}

/// Takes metrics over HTTP; answers once they are on the disk.
pub(crate) async fn export(
    State(app): State<AppState>,
    Extension(identified): Extension<Identified>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let form = Form::of(&headers)?;
    let sender = Sender::new(&identified.caller, Way::OtlpHttp);
    let stored = async {
        let received = write::receive(&app, &sender, &headers, body).await?;
        let request = form.read(&received.body)?;
        store(&app, &sender, received, request).await
    };
    let answer = stored.await.inspect_err(|error| write::note_failure(&app, &sender, error))?;
    Ok(match form {
        Form::Protobuf => ([(CONTENT_TYPE, PROTOBUF)], answer.encode_to_vec()).into_response(),
        Form::Json => Json(answer).into_response(),
    })
}

/// Stores what a request says, and says what was refused of it.
async fn store(
    app: &App,
    sender: &Sender,
    received: Received,
    request: ExportRequest,
) -> Result<ExportResponse, ApiError> {
    // One push with deltas after the other: each adds to what the one before has left.
    let mut deltas = if translate::has_deltas(&request) { Some(app.deltas.lock().await) } else { None };
    let mut adding = Adding::to(deltas.as_deref_mut());
    let pushed = translate::translate(&request, &mut adding);
    drop(request);
    let appended = received.store(app, sender, pushed).await?;
    adding.keep();
    let refused = write::refusal(&appended).map(|(samples, why)| PartialSuccess {
        rejected_data_points: samples as i64,
        error_message: why.message().to_owned(),
    });
    Ok(ExportResponse { partial_success: refused })
}

/// Reads a body, with what is packed into a gRPC frame.
#[cfg(fuzzing)]
pub(crate) fn read_any(body: &[u8], is_json: bool) {
    let form = if is_json { Form::Json } else { Form::Protobuf };
    for body in [body, &grpc::unframe_any(body)] {
        if let Ok(request) = form.read(body) {
            translate::translate(&request, &mut Adding::to(Some(&mut Deltas::default())));
        }
    }
}

#[cfg(test)]
mod tests;
