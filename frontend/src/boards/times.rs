//! The time range of a dashboard: as it is written in its URL, in Grafana's words, and what that means now.

use crowsnest_dashboards::time::range::{Context, parse};

use crate::range::{HOUR, Range, read_duration, write_duration};
use crate::router::{Params, Route};
use crate::zone::Zone;

/// Begin and end as they are written: `("now-6h", "now")`, milliseconds, `now/d`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Times {
    pub(crate) from: String,
    pub(crate) to: String,
}

impl Times {
    /// Those of a URL, with `default` for what it does not say.
    pub(crate) fn of(params: &Params, default: &Self) -> Self {
        match (params.get("from"), params.get("to")) {
            (None, None) => default.clone(),
            (from, to) => {
                Self { from: from.unwrap_or(&default.from).to_owned(), to: to.unwrap_or("now").to_owned() }
            }
        }
    }

    /// The route with this range in it.
    pub(crate) fn put(&self, route: Route, default: &Self) -> Route {
        let text = |text: &str| if self == default { String::new() } else { text.to_owned() };
        route.with("from", &text(&self.from)).with("to", &text(&self.to))
    }

    /// The range that somebody chose.
    pub(crate) fn chosen(range: Range) -> Self {
        match range {
            Range::Last(length) => {
                Self { from: format!("now-{}", write_duration(length)), to: "now".to_owned() }
            }
            Range::Between(from, to) => Self { from: from.to_string(), to: to.to_string() },
        }
    }

    /// Whether it moves on as time goes by.
    pub(crate) fn is_live(&self) -> bool {
        self.from.contains("now") || self.to.contains("now")
    }

    /// Begin and end in milliseconds when it is `now`; the last hour where the texts say no time.
    pub(crate) fn window(&self, now: i64, zone: &Zone, (fiscal_start, week_start): (i64, i64)) -> (i64, i64) {
        let zone = |utc_ms: i64| zone.offset_ms(utc_ms);
        let context = Context { now, zone: &zone, week_start, fiscal_start };
        parse(&self.from, &self.to, &context).unwrap_or((now - HOUR, now))
    }

    /// As the control for time ranges knows it.
    pub(crate) fn range(&self, now: i64, zone: &Zone) -> Range {
        let length = self.from.strip_prefix("now-").and_then(read_duration);
        match length.filter(|_| self.to == "now") {
            Some(length) => Range::Last(length),
            None => {
                let (from, to) = self.window(now, zone, (0, 1));
                Range::between(from, to)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(from: &str, to: &str) -> Times {
        Times { from: from.into(), to: to.into() }
    }

    #[test]
    fn links_of_grafana_say_what_they_say_there() {
        let default = times("now-6h", "now");
        let of = |fragment: &str| Times::of(&Route::parse(fragment).params, &default);
        assert_eq!(of("#/dashboards/a"), default);
        assert_eq!(of("#/dashboards/a?from=now-1h&to=now"), times("now-1h", "now"));
        assert_eq!(of("#/dashboards/a?from=now-1h"), times("now-1h", "now"));
    }

    #[test]
    fn what_is_chosen_is_written_and_read_again() {
        for range in [Range::Last(90 * 60_000), Range::Between(1_000_000_000_000, 1_000_000_060_000)] {
            assert_eq!(Times::chosen(range).range(2_000_000_000_000, &Zone::default()), range);
        }
        let default = times("now-6h", "now");
        let route = times("now-1h", "now").put(Route::parse("#/dashboards/a"), &default);
        assert_eq!(route.to_string(), "#/dashboards/a?from=now-1h&to=now");
        assert_eq!(default.put(route, &default).to_string(), "#/dashboards/a");
    }
}
