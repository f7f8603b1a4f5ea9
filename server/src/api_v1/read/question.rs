//! From the bytes of a request to what the store is asked.

use crowsnest_api::remote_read::{LabelMatcher, MatchType, ReadRequest, ResponseType};
use crowsnest_api::{Labels, Timestamp};
use crowsnest_promql::{MatchOp, Matcher, PatternBudget, Selection};
use prost::Message as _;

use crate::http::{ApiError, ErrorKind};

/// The most that a request may decompress to.
const MAX_DECOMPRESSED: usize = 4 << 20;
/// Queries in one request.
const MAX_QUERIES: usize = 100;

/// A request, checked.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) queries: Vec<Query>,
    pub(super) form: ResponseType,
}

/// One question to the store.
#[derive(Debug)]
pub(super) struct Query {
    start: Timestamp,
    end: Timestamp,
    matchers: Vec<Matcher>,
}

impl Query {
    pub(super) fn selection(&self) -> Selection<'_> {
        Selection::new(&self.matchers, self.start, self.end)
    }
}

impl Request {
    pub(super) fn decode(body: &[u8], external: &Labels) -> Result<Self, ApiError> {
        let message = decompress(body)?;
        let request = ReadRequest::decode(message.as_slice()).map_err(|error| {
            ApiError::bad_request(format!("the body is not a prometheus.ReadRequest: {error}"))
        })?;
        if request.queries.len() > MAX_QUERIES {
            let count = request.queries.len();
            let message = format!("{count} queries in one request, at most {MAX_QUERIES} are allowed");
            return Err(ApiError::bad_request(message));
        }
        let form = form(&request.accepted_response_types)?;
        let mut budget = PatternBudget::default();
        let queries = request.queries.iter().map(|query| {
            let matchers = query.matchers.iter().map(|matcher| compile(matcher, external, &mut budget));
            Ok(Query {
                start: Timestamp::from_millis(query.start_timestamp_ms),
                end: Timestamp::from_millis(query.end_timestamp_ms),
                matchers: matchers.collect::<Result<_, ApiError>>()?,
            })
        });
        Ok(Self { queries: queries.collect::<Result<_, ApiError>>()?, form })
    }
}

fn decompress(body: &[u8]) -> Result<Vec<u8>, ApiError> {
    let bad =
        |error: snap::Error| ApiError::bad_request(format!("the body is not snappy's block format: {error}"));
    let declared = snap::raw::decompress_len(body).map_err(bad)?;
    if declared > MAX_DECOMPRESSED {
        let message =
            format!("the request decompresses to {declared} bytes, at most {MAX_DECOMPRESSED} are allowed");
        return Err(ApiError::new(ErrorKind::TooLarge, message));
    }
    snap::raw::Decoder::new().decompress_vec(body).map_err(bad)
}

/// The first form that both sides know; who names none gets samples.
fn form(accepted: &[i32]) -> Result<ResponseType, ApiError> {
    if accepted.is_empty() {
        return Ok(ResponseType::Samples);
    }
    accepted.iter().find_map(|form| ResponseType::try_from(*form).ok()).ok_or_else(|| {
        ApiError::bad_request(format!(
            "server does not support any of the requested response types: {accepted:?}; \
             supported: SAMPLES, STREAMED_XOR_CHUNKS"
        ))
    })
}

fn compile(
    matcher: &LabelMatcher,
    external: &Labels,
    budget: &mut PatternBudget,
) -> Result<Matcher, ApiError> {
    let op = match MatchType::try_from(matcher.r#type) {
        Ok(MatchType::Equal) => MatchOp::Equal,
        Ok(MatchType::NotEqual) => MatchOp::NotEqual,
        Ok(MatchType::Regex) => MatchOp::Regex,
        Ok(MatchType::NotRegex) => MatchOp::NotRegex,
        Err(_) => return Err(ApiError::bad_request("invalid matcher type")),
    };
    let given_away = external.get(&matcher.name).is_some_and(|value| *value == matcher.value);
    let value = if op == MatchOp::Equal && given_away { "" } else { matcher.value.as_str() };
    Matcher::within(budget, matcher.name.as_str(), op, value)
        .map_err(|error| ApiError::bad_request(error.to_string()))
}

#[cfg(test)]
mod tests {
    use crowsnest_api::remote_read;

    use super::*;

    fn body(request: &ReadRequest) -> Vec<u8> {
        snap::raw::Encoder::new().compress_vec(&request.encode_to_vec()).unwrap()
    }

    fn matcher(r#type: i32, name: &str, value: &str) -> LabelMatcher {
        LabelMatcher { r#type, name: name.into(), value: value.into() }
    }

    fn asking(matchers: Vec<LabelMatcher>, accepted: Vec<i32>) -> ReadRequest {
        let query = remote_read::Query { start_timestamp_ms: 1, end_timestamp_ms: 2, matchers };
        ReadRequest { queries: vec![query], accepted_response_types: accepted }
    }

    #[test]
    fn a_matcher_of_an_external_label_is_let_pass() {
        let external = Labels::from_pairs([("cluster", "demo")]);
        let matchers =
            vec![matcher(0, "cluster", "demo"), matcher(0, "job", "a"), matcher(1, "cluster", "demo")];
        let request = Request::decode(&body(&asking(matchers, vec![])), &external).unwrap();
        let absent = |index: usize| request.queries[0].matchers[index].matches_value("");
        assert!(absent(0) && !absent(1) && absent(2));
    }

    #[test]
    fn the_first_form_that_is_known_is_taken() {
        assert_eq!(form(&[]).unwrap(), ResponseType::Samples);
        assert_eq!(form(&[1, 0]).unwrap(), ResponseType::StreamedXorChunks);
        assert_eq!(form(&[7, 0]).unwrap(), ResponseType::Samples);
        assert!(form(&[7]).is_err());
    }

    #[test]
    fn what_is_no_request_is_refused() {
        let refused = |body: &[u8]| Request::decode(body, &Labels::empty()).is_err();
        assert!(refused(b"not snappy"));
        assert!(refused(&snap::raw::Encoder::new().compress_vec(&[0xff; 9]).unwrap()));
        assert!(refused(&body(&asking(vec![matcher(9, "a", "b")], vec![]))));
        assert!(refused(&body(&asking(vec![matcher(2, "a", "(")], vec![]))));
        let many = ReadRequest { queries: vec![remote_read::Query::default(); 101], ..Default::default() };
        assert!(refused(&body(&many)));
        // Says that it becomes a gigabyte.
        assert!(refused(&[0x80, 0x80, 0x80, 0x80, 0x04, 0]));
    }
}
