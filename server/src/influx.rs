//! Influx's line protocol, as Telegraf and `influxdb-client` send it to `/write` and `/api/v2/write`.
//!
//! A field becomes the metric `<measurement>_<field>`, tags become labels, and the database or bucket becomes the label `db`,
//! as in VictoriaMetrics. Texts are no samples and are passed over.

mod line;

use axum::body::Body;
use axum::extract::{Extension, Query, State};
use crowsnest_api::{Labels, METRIC_NAME, Timestamp};
use http::{HeaderMap, StatusCode};

use crate::api_v1::write::{self, Pushed, Sender};
use crate::auth::Identified;
use crate::clock;
use crate::http::{ApiError, AppState};
use crate::sources::Way;
use line::{Point, Reader, Value};

/// Points that one push may have.
const MAX_POINTS: usize = 500_000;

/// What the parameters say.
struct Wanted {
    /// Database or bucket; empty where none is named.
    db: String,
    /// What a timestamp is multiplied by and divided by to be in milliseconds.
    scale: (i64, i64),
    /// The time of points that have none.
    now: Timestamp,
}

/// Takes lines; answers 204 once all of them are on the disk. When one cannot be read, none is stored.
pub(crate) async fn write(
    State(app): State<AppState>,
    Extension(identified): Extension<Identified>,
    Query(params): Query<Vec<(String, String)>>,
    headers: HeaderMap,
    body: Body,
) -> Result<StatusCode, ApiError> {
    let wanted = Wanted::of(&params, clock::now())?;
    let sender = Sender::new(&identified.caller, Way::Influx);
    write::take(&app, &sender, &headers, body, |lines| pushed(lines, &wanted)).await
}

impl Wanted {
    fn of(params: &[(String, String)], now: Timestamp) -> Result<Self, ApiError> {
        let param =
            |name: &str| params.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
        let scale = match param("precision").unwrap_or("ns") {
            "" | "n" | "ns" => (1, 1_000_000),
            "u" | "us" | "µ" => (1, 1000),
            "ms" => (1, 1),
            "s" => (1000, 1),
            "m" => (60_000, 1),
            "h" => (3_600_000, 1),
            other => {
                let message = format!("parameter precision: {other:?} is none of ns, us, ms, s, m, h");
                return Err(ApiError::bad_request(message));
            }
        };
        let db = param("db").or_else(|| param("bucket")).unwrap_or_default().to_owned();
        Ok(Self { db, scale, now })
    }

    fn time(&self, told: Option<i64>) -> Timestamp {
        let (times, per) = self.scale;
        told.map_or(self.now, |told| Timestamp::from_millis(told.saturating_mul(times).div_euclid(per)))
    }
}

fn pushed(body: &[u8], wanted: &Wanted) -> Result<Pushed, ApiError> {
    let text = std::str::from_utf8(body)
        .map_err(|error| ApiError::bad_request(format!("byte {} is not UTF-8", error.valid_up_to() + 1)))?;
    let mut pushed = Pushed::default();
    let mut reader = Reader::new(text);
    let mut points = 0;
    while let Some(point) = reader.point().map_err(|error| ApiError::bad_request(error.to_string()))? {
        points += 1;
        if points > MAX_POINTS {
            return Err(ApiError::bad_request(format!("more than {MAX_POINTS} points; send fewer at once")));
        }
        add(&mut pushed, point, wanted);
    }
    Ok(pushed)
}

#[cfg(fuzzing)]
pub(crate) fn read_any(body: &[u8]) {
    let _ = Wanted::of(&[], Timestamp::MIN).and_then(|wanted| pushed(body, &wanted));
}

fn add(pushed: &mut Pushed, point: Point, wanted: &Wanted) {
    let at = wanted.time(point.timestamp);
    let db = (!wanted.db.is_empty()).then(|| ("db".to_owned(), wanted.db.clone()));
    let tags = point.tags.into_iter().map(|(name, value)| (plain(&name, false), value));
    let labels: Vec<(String, String)> = db.into_iter().chain(tags).collect();
    for (field, value) in point.fields {
        let Value::Number(value) = value else { continue };
        let name = plain(&format!("{}_{field}", point.measurement), true);
        let labels = labels.iter().cloned().chain([(METRIC_NAME.to_owned(), name)]);
        pushed.float(&Labels::from_pairs(labels), at, value, None);
    }
}

/// A name that PromQL can write without quotes.
fn plain(name: &str, is_metric: bool) -> String {
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '_' || (is_metric && c == ':');
    let plain: String = name.chars().map(|c| if allowed(c) { c } else { '_' }).collect();
    if plain.starts_with(|c: char| c.is_ascii_digit()) { format!("_{plain}") } else { plain }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(lines: &str, params: &[(&str, &str)]) -> Vec<String> {
        let params: Vec<_> = params.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
        let wanted = Wanted::of(&params, Timestamp::from_millis(7)).unwrap();
        let series = pushed(lines.as_bytes(), &wanted).unwrap().into_series().into_iter();
        let written = series.map(|series| {
            let sample = series.samples[0];
            format!("{} {}@{}", series.labels, sample.value, sample.timestamp.millis())
        });
        written.collect()
    }

    #[test]
    fn fields_become_metrics_and_tags_labels() {
        assert_eq!(
            series(
                "cpu.load,host=a,cpu-id=0 user=1.5,idle=2i,note=\"x\",up=true 5000000\n",
                &[("db", "telegraf")]
            ),
            [
                "cpu_load_user{cpu_id=\"0\", db=\"telegraf\", host=\"a\"} 1.5@5",
                "cpu_load_idle{cpu_id=\"0\", db=\"telegraf\", host=\"a\"} 2@5",
                "cpu_load_up{cpu_id=\"0\", db=\"telegraf\", host=\"a\"} 1@5",
            ]
        );
    }

    #[test]
    fn times_are_of_the_precision_that_is_told() {
        for (precision, told, expected) in
            [("s", 2, 2000), ("ms", 2, 2), ("us", 2999, 2), ("h", 1, 3_600_000)]
        {
            let lines = format!("a b=1 {told}");
            assert_eq!(
                series(&lines, &[("precision", precision), ("bucket", "x")]),
                [format!("a_b{{db=\"x\"}} 1@{expected}")]
            );
        }
        assert_eq!(series("a b=1", &[]), ["a_b 1@7"]);
        assert!(Wanted::of(&[("precision".to_owned(), "y".to_owned())], Timestamp::MIN).is_err());
    }

    #[test]
    fn a_line_that_cannot_be_read_refuses_all_of_them_and_is_named() {
        let wanted = Wanted::of(&[], Timestamp::MIN).unwrap();
        let error = pushed(b"a b=1\n\na b=x 1\n", &wanted).unwrap_err();
        assert!(error.message().starts_with("line 3, column 5: "), "{}", error.message());
    }
}
