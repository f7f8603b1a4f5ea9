//! Requests: the session's header on what changes state, 401 noticed wherever it comes, the server's clock read along.

use gloo_net::http::{Request, RequestBuilder, Response};
use leptos::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;
use wasm_bindgen::JsValue;
use web_sys::AbortSignal;

use super::{ApiError, Refusal, SessionStore};
use crate::clock::Clock;
use crowsnest_api::Problem;
use crowsnest_api::session::CSRF_HEADER;

/// Queries longer than this go into a body; proxies cut long URLs.
const LONGEST_URL: usize = 3_000;

/// Sends requests on behalf of whoever is signed in. Cheap to copy.
#[derive(Clone, Copy)]
pub(crate) struct Client {
    session: SessionStore,
    clock: Clock,
}

impl Client {
    /// Asks for `path` with `query`, already encoded.
    pub(crate) async fn get<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &str,
        abort: Option<&AbortSignal>,
    ) -> Result<T, ApiError> {
        let text = self.get_text(path, query, abort).await?;
        serde_json::from_str(&text).map_err(|_| ApiError::Unreadable)
    }

    /// The same, as the server wrote it.
    pub(crate) async fn get_text(
        &self,
        path: &str,
        query: &str,
        abort: Option<&AbortSignal>,
    ) -> Result<String, ApiError> {
        let request = if path.len() + query.len() <= LONGEST_URL {
            let url = if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") };
            Request::get(&url).abort_signal(abort).build()
        } else {
            self.signed(Request::post(path))
                .header("content-type", "application/x-www-form-urlencoded")
                .abort_signal(abort)
                .body(JsValue::from_str(query))
        };
        self.text(request, abort).await
    }

    /// Posts what somebody signs in with. Whoever is refused is told what the server says about it.
    pub(crate) async fn post_credentials<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, ApiError> {
        let (status, text) = self.answer(Request::post(path).json(body), None).await?;
        match status {
            200..300 => serde_json::from_str(&text).map_err(|_| ApiError::Unreadable),
            401 => Err(ApiError::Refused { status, message: ApiError::detail(&text) }),
            _ => Err(ApiError::of_response(status, &text)),
        }
    }

    /// Posts what changes something; gives the answer as the server wrote it.
    pub(crate) async fn post(&self, path: &str, body: &impl Serialize) -> Result<String, ApiError> {
        self.text(self.signed(Request::post(path)).json(body), None).await
    }

    /// Posts a question; gives the bytes of the answer.
    pub(crate) async fn post_for_bytes(
        &self,
        path: &str,
        body: &impl Serialize,
        abort: &AbortSignal,
    ) -> Result<Vec<u8>, ApiError> {
        let request = self.signed(Request::post(path)).abort_signal(Some(abort)).json(body);
        let response = self.sent(request, Some(abort)).await?;
        let status = response.status();
        if (200..300).contains(&status) {
            return response.binary().await.map_err(|_| unreached(Some(abort)));
        }
        let error = ApiError::of_response(status, &response.text().await.unwrap_or_default());
        if error == ApiError::SignedOut {
            self.session.lost();
        }
        Err(error)
    }

    /// Deletes `path`.
    pub(crate) async fn delete(&self, path: &str) -> Result<(), ApiError> {
        self.text(self.signed(Request::delete(path)).build(), None).await.map(drop)
    }

    /// Sends what changes something, of any media type; gives the answer as the server wrote it.
    pub(crate) async fn send(
        &self,
        method: &str,
        path: &str,
        media_type: &str,
        body: &str,
    ) -> Result<String, Refusal> {
        let request = match method {
            "DELETE" => Request::delete(path),
            "PATCH" => Request::patch(path),
            "PUT" => Request::put(path),
            _ => Request::post(path),
        };
        let mut request = self.signed(request);
        if !media_type.is_empty() {
            request = request.header("content-type", media_type);
        }
        let request = if body.is_empty() { request.build() } else { request.body(JsValue::from_str(body)) };
        let (status, text) = self.answer(request, None).await?;
        if (200..300).contains(&status) {
            return Ok(text);
        }
        let error = ApiError::of_response(status, &text);
        if error == ApiError::SignedOut {
            self.session.lost();
        }
        let causes = serde_json::from_str::<Problem>(&text).map(|problem| problem.causes).unwrap_or_default();
        Err(Refusal { error, causes })
    }

    fn signed(&self, request: RequestBuilder) -> RequestBuilder {
        match self.session.csrf() {
            Some(csrf) => request.header(CSRF_HEADER, &csrf),
            None => request,
        }
    }

    async fn text(
        &self,
        request: Result<Request, gloo_net::Error>,
        abort: Option<&AbortSignal>,
    ) -> Result<String, ApiError> {
        let (status, body) = self.answer(request, abort).await?;
        if (200..300).contains(&status) {
            return Ok(body);
        }
        let error = ApiError::of_response(status, &body);
        if error == ApiError::SignedOut {
            self.session.lost();
        }
        Err(error)
    }

    /// The status and the body, whatever they are.
    async fn answer(
        &self,
        request: Result<Request, gloo_net::Error>,
        abort: Option<&AbortSignal>,
    ) -> Result<(u16, String), ApiError> {
        let response = self.sent(request, abort).await?;
        Ok((response.status(), response.text().await.map_err(|_| unreached(abort))?))
    }

    async fn sent(
        &self,
        request: Result<Request, gloo_net::Error>,
        abort: Option<&AbortSignal>,
    ) -> Result<Response, ApiError> {
        let failed = |_| unreached(abort);
        let response: Response = request.map_err(failed)?.send().await.map_err(failed)?;
        if let Some(date) = response.headers().get("date") {
            self.clock.observe(&date);
        }
        Ok(response)
    }
}

/// Why there is no answer.
fn unreached(abort: Option<&AbortSignal>) -> ApiError {
    if abort.is_some_and(AbortSignal::aborted) { ApiError::Aborted } else { ApiError::Unreachable }
}

/// Puts the client into the context.
pub(crate) fn provide_client(session: SessionStore, clock: Clock) -> Client {
    let client = Client { session, clock };
    provide_context(client);
    client
}

/// The client of this application.
pub(crate) fn use_client() -> Client {
    expect_context()
}
