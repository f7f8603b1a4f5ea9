//! Parameters, from the URL and – for `POST` and `PUT` – from a form, read as Prometheus reads them.

use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use crowsnest_api::Timestamp;
use crowsnest_promql::{Expr, Matcher, PatternBudget, Resolution, parse_matchers};
use http::header::CONTENT_TYPE;
use http::{Method, StatusCode};

use crate::http::{ApiError, AppState, ErrorKind};
use crate::units::parse_duration;

/// Selectors in one question about the index. Each costs a walk through it, and a megabyte has room for fifty thousand.
const MAX_SELECTORS: usize = 100;

/// Seconds whose nanoseconds fit a Go duration.
const LONGEST_SECONDS: f64 = 9_223_372_036.0;

/// The earliest and latest time that Prometheus's Go clients print, which stand for "without bound".
const UNBOUNDED: &[(&str, Timestamp)] = &[
    ("-292273086-05-16T16:47:06Z", Timestamp::MIN),
    ("292277025-08-18T07:12:54.999999999Z", Timestamp::MAX),
];

/// Parameters in the order of the form and then the URL. Later ones of the same name count only where lists are meant.
#[derive(Debug, Default)]
pub(crate) struct Params(Vec<(String, String)>);

impl FromRequest<AppState> for Params {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, ApiError> {
        let url = request.uri().query().map(str::to_owned).unwrap_or_default();
        let mut params = Self::default();
        if matches!(*request.method(), Method::POST | Method::PUT) {
            let media_type = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
            let form = media_type
                .is_some_and(|media_type| media_type.starts_with("application/x-www-form-urlencoded"));
            let body = Bytes::from_request(request, state).await.map_err(|rejection| {
                let kind = match rejection.status() {
                    StatusCode::PAYLOAD_TOO_LARGE => ErrorKind::TooLarge,
                    _ => ErrorKind::BadRequest,
                };
                ApiError::new(kind, "cannot read the form in the request's body").closing()
            })?;
            if form {
                params.add(&body);
            }
        }
        params.add(url.as_bytes());
        Ok(params)
    }
}

impl Params {
    fn add(&mut self, encoded: &[u8]) {
        self.0.extend(form_urlencoded::parse(encoded).into_owned());
    }

    /// The value of `name`; an empty one counts as absent.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
            .filter(|value| !value.is_empty())
    }

    /// Every value of `name`.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// A time: seconds since the epoch, or RFC 3339.
    pub(crate) fn time(&self, name: &str) -> Result<Option<Timestamp>, ApiError> {
        let parse = |text: &str| {
            parse_time(text).ok_or_else(|| {
                let what = format!("cannot parse {text:?} to a valid timestamp");
                invalid(name, &format!("invalid time value for '{name}': {what}"))
            })
        };
        self.get(name).map(parse).transpose()
    }

    /// A time that must be given.
    pub(crate) fn required_time(&self, name: &str) -> Result<Timestamp, ApiError> {
        let text = self.get(name).unwrap_or_default();
        parse_time(text).ok_or_else(|| invalid(name, &format!("cannot parse {text:?} to a valid timestamp")))
    }

    /// How long a sample counts, when the query does not leave it to the engine.
    pub(crate) fn lookback(&self) -> Result<Option<Duration>, ApiError> {
        let name = "lookback_delta";
        let parse = |text: &str| {
            parse_seconds(text).ok_or_else(|| {
                let what = format!("cannot parse {text:?} to a valid duration");
                ApiError::bad_request(format!("error parsing lookback delta duration: {what}"))
            })
        };
        Ok(self.get(name).map(parse).transpose()?.filter(|lookback| !lookback.is_zero()))
    }

    /// The finest buckets that are wanted, when that is not left to the store.
    pub(crate) fn resolution(&self) -> Result<Option<Resolution>, ApiError> {
        let parse = |text: &str| {
            let names = Resolution::ALL.map(Resolution::name).join(" or ");
            Resolution::of_name(text)
                .ok_or_else(|| invalid("resolution", &format!("{text:?} is not {names}")))
        };
        self.get("resolution").filter(|text| !text.is_empty()).map(parse).transpose()
    }

    /// A duration: seconds, or with units.
    pub(crate) fn duration(&self, name: &str) -> Result<Option<Duration>, ApiError> {
        let parse = |text: &str| {
            parse_seconds(text).ok_or_else(|| {
                let overflows = text.parse::<f64>().is_ok_and(|seconds| seconds.abs() > LONGEST_SECONDS);
                let why = if overflows { ". It overflows int64" } else { "" };
                invalid(name, &format!("cannot parse {text:?} to a valid duration{why}"))
            })
        };
        self.get(name).map(parse).transpose()
    }

    /// The step of a range query.
    pub(crate) fn step(&self) -> Result<Duration, ApiError> {
        let step = self.get("step").unwrap_or_default();
        if step.parse::<f64>().is_ok_and(|seconds| seconds.is_nan() || seconds <= 0.0) {
            return Err(invalid(
                "step",
                "zero or negative query resolution step widths are not accepted. Try a positive integer",
            ));
        }
        self.duration("step")?.ok_or_else(|| invalid("step", "cannot parse \"\" to a valid duration"))
    }

    /// How many entries an answer may have; `None` is no limit.
    pub(crate) fn limit(&self, name: &str) -> Result<Option<usize>, ApiError> {
        let Some(text) = self.get(name) else { return Ok(None) };
        let limit: i64 =
            text.parse().map_err(|_| invalid(name, &format!("cannot parse {text:?} to a valid limit")))?;
        let limit = usize::try_from(limit).map_err(|_| invalid(name, "limit must be non-negative"))?;
        Ok((limit > 0).then_some(limit))
    }

    /// A number where Prometheus takes any, and an upper bound only when it is not negative.
    pub(crate) fn number(&self, name: &str) -> Result<Option<i64>, ApiError> {
        let parse =
            |text: &str| text.parse().map_err(|_| ApiError::bad_request(format!("{name} must be a number")));
        self.get(name).map(parse).transpose()
    }

    /// A yes or no, in any of the words that Go takes for one; absent is no.
    pub(crate) fn flag(&self, name: &str) -> Result<bool, ApiError> {
        match self.get(name).map(str::to_lowercase).as_deref() {
            None | Some("0" | "f" | "false") => Ok(false),
            Some("1" | "t" | "true") => Ok(true),
            Some(text) => Err(invalid(name, &format!("error converting {name}: {text:?} is not a boolean"))),
        }
    }

    /// The matchers of one series selector.
    pub(crate) fn selector(&self, name: &str, text: &str) -> Result<Vec<Matcher>, ApiError> {
        parse_matchers(text, &mut PatternBudget::default()).map_err(|error| invalid(name, &error.to_string()))
    }

    /// The query, parsed.
    pub(crate) fn expr(&self) -> Result<(String, Expr), ApiError> {
        let query = self.get("query").unwrap_or_default();
        let expr = crowsnest_promql::parse(query).map_err(|error| invalid("query", &error.to_string()))?;
        Ok((query.to_owned(), expr))
    }

    /// The matchers of every `match[]`, none of which may let every series pass.
    ///
    /// # Errors
    /// What is wrong, in Prometheus's words, which name the parameter at some endpoints only.
    pub(crate) fn matcher_sets(&self) -> Result<Vec<Vec<Matcher>>, String> {
        let sets = self.selectors()?;
        if sets.iter().any(|matchers| matchers.iter().all(|matcher| matcher.matches_value(""))) {
            return Err("match[] must contain at least one non-empty matcher".to_owned());
        }
        Ok(sets)
    }

    /// The matchers of every `match[]`.
    ///
    /// # Errors
    /// As [`Self::matcher_sets`].
    pub(crate) fn selectors(&self) -> Result<Vec<Vec<Matcher>>, String> {
        let mut budget = PatternBudget::default();
        let count = self.all("match[]").count();
        if count > MAX_SELECTORS {
            return Err(format!("match[] has {count} selectors, at most {MAX_SELECTORS} are allowed"));
        }
        self.all("match[]")
            .map(|text| parse_matchers(text, &mut budget).map_err(|error| error.to_string()))
            .collect()
    }
}

/// Reads a form in every way that a parameter is read.
#[cfg(fuzzing)]
pub(crate) fn read_any(form: &[u8]) {
    let mut params = Params::default();
    params.add(form);
    let names: Vec<String> = params.0.iter().map(|(name, _)| name.clone()).collect();
    for name in &names {
        drop((
            params.time(name),
            params.duration(name),
            params.limit(name),
            params.number(name),
            params.flag(name),
        ));
    }
    drop((params.step(), params.lookback(), params.expr(), params.selectors(), params.matcher_sets()));
}

/// `invalid parameter "…": …`, as Prometheus words it.
pub(crate) fn invalid(name: &str, what: &str) -> ApiError {
    ApiError::bad_request(format!("invalid parameter {name:?}: {what}"))
}

/// A time: seconds since 1970, or RFC 3339.
pub(crate) fn parse_time(text: &str) -> Option<Timestamp> {
    if let Some((_, bound)) = UNBOUNDED.iter().find(|(form, _)| *form == text) {
        return Some(*bound);
    }
    if let Ok(seconds) = text.parse::<f64>() {
        return seconds.is_finite().then(|| Timestamp::from_seconds(seconds));
    }
    let parsed: jiff::Timestamp = text.parse().ok()?;
    Some(Timestamp::from_millis(parsed.as_millisecond()))
}

fn parse_seconds(text: &str) -> Option<Duration> {
    match text.parse::<f64>() {
        Ok(seconds) => Duration::try_from_secs_f64(seconds)
            .ok()
            .filter(|duration| duration.as_secs_f64() <= LONGEST_SECONDS),
        Err(_) => parse_duration(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params(encoded: &str) -> Params {
        let mut params = Params::default();
        params.add(encoded.as_bytes());
        params
    }

    #[test]
    fn times_are_seconds_or_rfc_3339() {
        let time = |text: &str| parse_time(text).map(Timestamp::millis);
        assert_eq!(time("1435781451.781"), Some(1_435_781_451_781));
        assert_eq!(time("2015-07-01T20:10:51.781Z"), Some(1_435_781_451_781));
        assert_eq!(time("2015-07-01T22:10:51.781+02:00"), Some(1_435_781_451_781));
        assert_eq!(time("-292273086-05-16T16:47:06Z"), Some(i64::MIN));
        for wrong in ["", "now", "NaN", "inf", "2015-07-01", "1,5"] {
            assert_eq!(time(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn durations_are_seconds_or_have_units() {
        assert_eq!(parse_seconds("1.5"), Some(Duration::from_millis(1500)));
        assert_eq!(parse_seconds("5m"), Some(Duration::from_secs(300)));
        for wrong in ["", "x", "-1", "NaN", "1e300", "inf"] {
            assert_eq!(parse_seconds(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn the_form_comes_before_the_url_and_empty_values_are_absent() {
        let mut params = params("query=form&limit=");
        params.add(b"query=url&limit=5");
        assert_eq!(params.get("query"), Some("form"));
        assert_eq!(params.get("limit"), None);
    }

    #[test]
    fn a_limit_of_zero_is_none_and_a_negative_one_is_refused() {
        assert_eq!(params("limit=0").limit("limit").unwrap(), None);
        assert_eq!(params("limit=7").limit("limit").unwrap(), Some(7));
        assert!(params("limit=-1").limit("limit").is_err());
        assert!(params("limit=x").limit("limit").is_err());
    }

    #[test]
    fn a_selector_that_lets_everything_pass_is_refused_where_the_index_is_asked() {
        for text in ["{}", "{job=~\".*\"}", "{job=\"\"}"] {
            let encoded: String = form_urlencoded::byte_serialize(text.as_bytes()).collect();
            let params = params(&format!("match[]=up&match[]={encoded}"));
            assert_eq!(params.selectors().unwrap().len(), 2, "{text}");
            assert!(params.matcher_sets().unwrap_err().contains("non-empty matcher"), "{text}");
        }
    }

    #[test]
    fn a_question_about_the_index_has_a_hundred_selectors_at_most() {
        let selectors = |count: usize| params(&vec!["match[]=up"; count].join("&")).matcher_sets();
        assert_eq!(selectors(MAX_SELECTORS).unwrap().len(), MAX_SELECTORS);
        assert!(selectors(MAX_SELECTORS + 1).is_err());
    }

    #[test]
    fn the_expressions_of_all_selectors_share_their_room() {
        let selectors = |count: usize| {
            let one = |n: usize| format!("match[]=up{{a=~\"(?:a{{200}}){{200}}\",b=\"{n}\"}}");
            (0..count).map(one).collect::<Vec<_>>().join("&")
        };
        assert_eq!(params(&selectors(1)).matcher_sets().unwrap().len(), 1);
        assert!(params(&selectors(20)).matcher_sets().is_err());
    }
}
