//! The web UI: files that `frontend/bundle` has built, embedded in the binary.
//!
//! Each file may have its compressed forms beside it (`app-….wasm.br`, `app-….wasm.gz`). Names in `assets/` carry a
//! hash of their contents, so browsers may keep them for ever; the page itself they must ask for each time.

use axum::extract::Path;
use axum::response::{Html, IntoResponse as _, Response};
use http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, HeaderValue, IF_NONE_MATCH, VARY,
};
use http::{HeaderMap, StatusCode};
use rust_embed::{EmbeddedFile, RustEmbed};

use super::{ApiError, ErrorKind};

#[derive(RustEmbed)]
#[folder = "../frontend/dist/"]
#[allow_missing = true]
struct Files;

const FOREVER: &str = "public, max-age=31536000, immutable";
const ASK_EACH_TIME: &str = "no-cache";

/// What is served when the UI was not built into the binary.
const ABSENT: &str = "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>Crowsnest</title>\n\
    <h1>Crowsnest</h1>\n<p>The server runs, but this binary was built without the web UI. \
    <code>make build</code> makes one that has it.</p>\n<p>The HTTP API is at <code>api/v1/</code>.</p></html>\n";

/// Media types by the end of the name.
const TYPES: &[(&str, &str)] = &[
    (".html", "text/html; charset=utf-8"),
    (".js", "text/javascript; charset=utf-8"),
    (".css", "text/css; charset=utf-8"),
    (".wasm", "application/wasm"),
    (".svg", "image/svg+xml"),
    (".png", "image/png"),
    (".ico", "image/x-icon"),
    (".woff2", "font/woff2"),
    (".json", "application/json"),
    (".webmanifest", "application/manifest+json"),
];

/// `Accept-Encoding`'s word, and what a file in that form is called.
const ENCODINGS: &[(&str, &str)] = &[("br", ".br"), ("gzip", ".gz")];

/// `/`: the page.
pub(super) async fn index(headers: HeaderMap) -> Response {
    serve::<Files>("index.html", &headers, ASK_EACH_TIME).unwrap_or_else(|| Html(ABSENT).into_response())
}

/// `/assets/…`: everything that the page loads.
pub(super) async fn asset(Path(name): Path<String>, headers: HeaderMap) -> Result<Response, ApiError> {
    serve::<Files>(&format!("assets/{name}"), &headers, FOREVER)
        .ok_or_else(|| ApiError::new(ErrorKind::NotFound, "no such file"))
}

fn serve<F: RustEmbed>(name: &str, request: &HeaderMap, caching: &'static str) -> Option<Response> {
    let (_, media_type) = TYPES.iter().find(|(end, _)| name.ends_with(end))?;
    let plain = F::get(name)?;
    let compressed = ENCODINGS.iter().find_map(|(word, end)| {
        let file = accepts(request, word).then(|| F::get(&format!("{name}{end}")))??;
        Some((file, Some(*word)))
    });
    let (file, encoding) = compressed.unwrap_or((plain, None));
    let tag = etag(&file);
    let known = request.get(IF_NONE_MATCH).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut response = if known.split(',').any(|known| known.trim().trim_start_matches("W/") == tag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let mut response = file.data.into_response();
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
        if let Some(encoding) = encoding {
            response.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static(encoding));
        }
        response
    };
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(caching));
    headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(ETAG, tag);
    }
    Some(response)
}

fn etag(file: &EmbeddedFile) -> String {
    let hash = file.metadata.sha256_hash();
    let hex: String = hash.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    format!("\"{hex}\"")
}

/// Whether the client takes `encoding`; a weight of zero is a refusal.
fn accepts(request: &HeaderMap, encoding: &str) -> bool {
    let offers = request.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    offers.flat_map(|value| value.split(',')).any(|offer| {
        let mut parts = offer.split(';').map(str::trim);
        let named = parts.next().is_some_and(|name| name.eq_ignore_ascii_case(encoding));
        let refused = parts.any(|part| {
            part.strip_prefix("q=")
                .and_then(|weight| weight.parse::<f32>().ok())
                .is_some_and(|weight| weight == 0.0)
        });
        named && !refused
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A page and one asset with a form for each encoding, as the bundle tool leaves them.
    struct Bundle;

    impl RustEmbed for Bundle {
        fn get(name: &str) -> Option<EmbeddedFile> {
            let data: &[u8] = match name {
                "index.html" => b"<!doctype html>",
                "assets/app-0123abcd.js" => b"plain",
                "assets/app-0123abcd.js.br" => b"brotli",
                "assets/app-0123abcd.js.gz" => b"gzip",
                _ => return None,
            };
            let metadata = rust_embed::Metadata::__rust_embed_new(openssl::sha::sha256(data), None, None);
            Some(EmbeddedFile { data: data.into(), metadata })
        }

        fn iter() -> impl Iterator<Item = std::borrow::Cow<'static, str>> {
            std::iter::empty()
        }
    }

    fn ask(name: &str, headers: &[(&'static str, &str)]) -> Option<Response> {
        let headers =
            headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
        serve::<Bundle>(name, &headers, FOREVER)
    }

    const ASSET: &str = "assets/app-0123abcd.js";

    #[track_caller]
    fn check_encoding(accept: &str, encoding: Option<&str>) {
        let response = ask(ASSET, &[("accept-encoding", accept)]).unwrap();
        let found = response.headers().get(CONTENT_ENCODING).map(|value| value.to_str().unwrap());
        assert_eq!(found, encoding, "{accept}");
        assert_eq!(response.headers()[CONTENT_TYPE], "text/javascript; charset=utf-8");
    }

    #[test]
    fn the_smallest_form_that_the_browser_reads_is_sent() {
        check_encoding("gzip, deflate, br, zstd", Some("br"));
        check_encoding("gzip", Some("gzip"));
        check_encoding("identity", None);
    }

    #[test]
    fn a_browser_that_has_the_file_gets_no_second_copy() {
        let first = ask(ASSET, &[]).unwrap();
        assert_eq!(first.headers()[CACHE_CONTROL], FOREVER);
        let tag = first.headers()[ETAG].to_str().unwrap().to_owned();
        let again = ask(ASSET, &[("if-none-match", &format!("\"other\", W/{tag}"))]).unwrap();
        assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
        let other_form = ask(ASSET, &[("if-none-match", &tag), ("accept-encoding", "br")]).unwrap();
        assert_eq!(other_form.status(), StatusCode::OK);
    }

    #[test]
    fn files_that_are_not_there_and_types_that_are_not_known_are_not_served() {
        assert!(ask("assets/other.js", &[]).is_none());
        assert!(ask("assets/app-0123abcd.js.br", &[]).is_none());
        assert!(ask("assets/../index.html", &[]).is_none());
    }

    #[test]
    fn an_encoding_is_used_when_it_is_offered_and_not_refused() {
        let check = |header: &str, encoding: &str, expected: bool| {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT_ENCODING, header.parse().unwrap());
            assert_eq!(accepts(&headers, encoding), expected, "{header}");
        };
        check("gzip, deflate, br", "br", true);
        check("GZIP;q=0.5", "gzip", true);
        check("br;q=0, gzip", "br", false);
        check("identity", "gzip", false);
        check("brotli", "br", false);
    }
}
