//! The registry: every unit id that we know, with its rule.

/// One unit.
pub(super) struct Entry {
    /// Grafana's id.
    pub(super) id: &'static str,
    pub(super) rule: Rule,
}

/// How values of a unit are written.
pub(super) enum Rule {
    /// A number over the largest step of `ladder` that fits. `base` is how many of the ladder's base units one unit is.
    Scaled { ladder: &'static Ladder, base: f64, symbol: &'static str },
    /// `1 day, 3 hours`; `base` is seconds per unit.
    Words { base: f64 },
    /// `01:02:03`; `base` is seconds per unit.
    Clock { base: f64, style: ClockStyle },
    /// An instant in milliseconds since the Unix epoch.
    DateTime(DateStyle),
    /// Zero is `no`, everything else is `yes`.
    Truth { yes: &'static str, no: &'static str },
    /// Whole numbers to the base of sixteen.
    Hex,
    /// A symbol before the number, thousands as in `short`.
    Currency(&'static str),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ClockStyle {
    /// `26:03:04`
    Hours,
    /// `1 d 02:03:04`
    Days,
    /// `26h:03m:04s`
    Letters,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DateStyle {
    /// `2026-11-21 07:45:00`
    Iso,
    /// `11/21/2026 7:45:00 am`
    Us,
}

/// The steps of a unit, smallest first, and what is round on an axis of it.
#[derive(Debug)]
pub(super) struct Ladder {
    pub(super) steps: &'static [Step],
    pub(super) roundness: Roundness,
}

/// What people take for a round number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Roundness {
    /// 1, 2, 2.5, 4, 5 and their tens.
    Decimal,
    /// Powers of two.
    Binary,
    /// Decimal below a minute and above a day; halves, thirds and quarters of minutes, hours and days between.
    Time,
    /// Whole numbers only.
    Whole,
}

/// One rung of a ladder: what it is called and how many base units it holds.
#[derive(Debug, PartialEq)]
pub(super) struct Step {
    pub(super) size: f64,
    pub(super) prefix: &'static str,
}

impl Rule {
    /// Whether zero means that there is nothing.
    pub(super) fn is_amount(&self) -> bool {
        match self {
            Self::Scaled { symbol, .. } => !symbol.starts_with('°'),
            Self::Words { .. } | Self::Clock { .. } | Self::Truth { .. } | Self::Hex | Self::Currency(_) => {
                true
            }
            Self::DateTime(_) => false,
        }
    }
}

/// The suffix of one step of a unit: prefixes of the metric system stick to their symbol (`kB`), words do not (`K ops/s`).
pub(super) fn suffix(step: &Step, symbol: &str) -> String {
    match (step.prefix, symbol) {
        (prefix, "") => prefix.to_owned(),
        ("", symbol) => symbol.to_owned(),
        (prefix, symbol) => format!("{prefix}{symbol}"),
    }
}

const fn step(size: f64, prefix: &'static str) -> Step {
    Step { size, prefix }
}

const fn ladder(roundness: Roundness, steps: &'static [Step]) -> Ladder {
    Ladder { steps, roundness }
}

static FLAT: Ladder = ladder(Roundness::Decimal, &[step(1.0, "")]);
static BINARY: Ladder = ladder(
    Roundness::Binary,
    &[
        step(1.0, ""),
        step(1024.0, "Ki"),
        step(1_048_576.0, "Mi"),
        step(1_073_741_824.0, "Gi"),
        step(1_099_511_627_776.0, "Ti"),
        step(1_125_899_906_842_624.0, "Pi"),
        step(1_152_921_504_606_846_976.0, "Ei"),
    ],
);
/// Powers of a thousand, for what cannot be divided: a byte has no milli.
static DECIMAL: Ladder = ladder(
    Roundness::Decimal,
    &[
        step(1.0, ""),
        step(1e3, "k"),
        step(1e6, "M"),
        step(1e9, "G"),
        step(1e12, "T"),
        step(1e15, "P"),
        step(1e18, "E"),
    ],
);
/// Powers of a thousand on both sides of one.
static METRIC: Ladder = ladder(
    Roundness::Decimal,
    &[
        step(1e-9, "n"),
        step(1e-6, "µ"),
        step(1e-3, "m"),
        step(1.0, ""),
        step(1e3, "k"),
        step(1e6, "M"),
        step(1e9, "G"),
        step(1e12, "T"),
        step(1e15, "P"),
    ],
);
static COUNT: Ladder = ladder(
    Roundness::Decimal,
    &[step(1.0, ""), step(1e3, "K"), step(1e6, "Mil"), step(1e9, "Bil"), step(1e12, "Tri")],
);
/// For counts per time: the space before the symbol is part of the prefix.
static COUNT_RATE: Ladder = ladder(
    Roundness::Decimal,
    &[step(1.0, ""), step(1e3, "K "), step(1e6, "M "), step(1e9, "B "), step(1e12, "T ")],
);
/// Seconds. Weeks are left out: a tenth of a week says nothing to anyone. A year has 365 days.
static TIME: Ladder = ladder(
    Roundness::Time,
    &[
        step(1e-9, "ns"),
        step(1e-6, "µs"),
        step(1e-3, "ms"),
        step(1.0, "s"),
        step(60.0, "min"),
        step(3600.0, "h"),
        step(86_400.0, "d"),
        step(31_536_000.0, "y"),
    ],
);

const fn scaled(id: &'static str, ladder: &'static Ladder, base: f64, symbol: &'static str) -> Entry {
    Entry { id, rule: Rule::Scaled { ladder, base, symbol } }
}

const fn flat(id: &'static str, symbol: &'static str) -> Entry {
    scaled(id, &FLAT, 1.0, symbol)
}

const fn rate(id: &'static str, symbol: &'static str) -> Entry {
    scaled(id, &COUNT_RATE, 1.0, symbol)
}

const fn ruled(id: &'static str, rule: Rule) -> Entry {
    Entry { id, rule }
}

/// A plain number.
pub(super) static NONE: Entry = flat("none", "");
/// A count; also what follows a currency's symbol.
pub(super) static SHORT: Entry = scaled("short", &COUNT, 1.0, "");

/// All units, sorted by id so that [`find`] can search.
pub(super) static ENTRIES: &[Entry] = &[
    flat("", ""),
    rate("Bcps", "c/s"),
    scaled("Bps", &METRIC, 1.0, "B/s"),
    scaled("GBs", &METRIC, 1e9, "B/s"),
    scaled("Gbits", &METRIC, 1e9, "b/s"),
    scaled("KBs", &METRIC, 1e3, "B/s"),
    scaled("Kbits", &METRIC, 1e3, "b/s"),
    scaled("KiBs", &BINARY, 1024.0, "B/s"),
    scaled("MBs", &METRIC, 1e6, "B/s"),
    scaled("MHz", &METRIC, 1e6, "Hz"),
    scaled("Mbits", &METRIC, 1e6, "b/s"),
    scaled("MiBs", &BINARY, 1_048_576.0, "B/s"),
    scaled("amp", &METRIC, 1.0, "A"),
    scaled("binBps", &BINARY, 1.0, "B/s"),
    scaled("binbps", &BINARY, 1.0, "b/s"),
    scaled("bits", &BINARY, 1.0, "b"),
    ruled("bool", Rule::Truth { yes: "True", no: "False" }),
    ruled("bool_on_off", Rule::Truth { yes: "On", no: "Off" }),
    ruled("bool_yes_no", Rule::Truth { yes: "Yes", no: "No" }),
    scaled("bps", &METRIC, 1.0, "b/s"),
    scaled("bytes", &BINARY, 1.0, "B"),
    flat("celsius", "°C"),
    ruled("clockms", Rule::Clock { base: 1e-3, style: ClockStyle::Letters }),
    ruled("clocks", Rule::Clock { base: 1.0, style: ClockStyle::Letters }),
    rate("cpm", "c/min"),
    rate("cps", "c/s"),
    ruled("currencyEUR", Rule::Currency("€")),
    ruled("currencyGBP", Rule::Currency("£")),
    ruled("currencyJPY", Rule::Currency("¥")),
    ruled("currencyKRW", Rule::Currency("₩")),
    ruled("currencyUSD", Rule::Currency("$")),
    scaled("d", &TIME, 86_400.0, ""),
    ruled("dateTimeAsIso", Rule::DateTime(DateStyle::Iso)),
    ruled("dateTimeAsIsoNoDateIfToday", Rule::DateTime(DateStyle::Iso)),
    ruled("dateTimeAsSystem", Rule::DateTime(DateStyle::Iso)),
    ruled("dateTimeAsUS", Rule::DateTime(DateStyle::Us)),
    ruled("dateTimeFromNow", Rule::DateTime(DateStyle::Iso)),
    scaled("decbits", &DECIMAL, 1.0, "b"),
    scaled("decbytes", &DECIMAL, 1.0, "B"),
    scaled("decgbytes", &DECIMAL, 1e9, "B"),
    scaled("deckbytes", &DECIMAL, 1e3, "B"),
    scaled("decmbytes", &DECIMAL, 1e6, "B"),
    scaled("dectbytes", &DECIMAL, 1e12, "B"),
    flat("degree", "°"),
    ruled("dtdhms", Rule::Clock { base: 1.0, style: ClockStyle::Days }),
    ruled("dtdurationms", Rule::Words { base: 1e-3 }),
    ruled("dtdurations", Rule::Words { base: 1.0 }),
    ruled("dthms", Rule::Clock { base: 1.0, style: ClockStyle::Hours }),
    rate("epm", "evt/min"),
    rate("eps", "evt/s"),
    flat("fahrenheit", "°F"),
    scaled("gbytes", &BINARY, 1_073_741_824.0, "B"),
    scaled("h", &TIME, 3600.0, ""),
    scaled("hertz", &METRIC, 1.0, "Hz"),
    ruled("hex", Rule::Hex),
    flat("humidity", "%H"),
    rate("iops", "io/s"),
    scaled("joule", &METRIC, 1.0, "J"),
    scaled("kbytes", &BINARY, 1024.0, "B"),
    flat("kelvin", "K"),
    scaled("locale", &COUNT, 1.0, ""),
    scaled("m", &TIME, 60.0, ""),
    scaled("mbytes", &BINARY, 1_048_576.0, "B"),
    rate("mpm", "msg/min"),
    rate("mps", "msg/s"),
    scaled("ms", &TIME, 1e-3, ""),
    flat("none", ""),
    scaled("ns", &TIME, 1e-9, ""),
    rate("opm", "ops/min"),
    rate("ops", "ops/s"),
    scaled("percent", &FLAT, 1.0, "%"),
    scaled("percentunit", &FLAT, 100.0, "%"),
    scaled("pps", &METRIC, 1.0, "p/s"),
    rate("rdps", "rd/s"),
    rate("reqpm", "req/min"),
    rate("reqps", "req/s"),
    flat("rothz", "Hz"),
    flat("rotrpm", "rpm"),
    rate("rpm", "rd/min"),
    rate("rps", "rd/s"),
    scaled("s", &TIME, 1.0, ""),
    scaled("short", &COUNT, 1.0, ""),
    scaled("sishort", &METRIC, 1.0, ""),
    flat("string", ""),
    scaled("tbytes", &BINARY, 1_099_511_627_776.0, "B"),
    scaled("volt", &METRIC, 1.0, "V"),
    scaled("watt", &METRIC, 1.0, "W"),
    scaled("watth", &METRIC, 1.0, "Wh"),
    rate("wpm", "wr/min"),
    rate("wps", "wr/s"),
    scaled("µs", &TIME, 1e-6, ""),
];

/// The row of `id`.
pub(super) fn find(id: &str) -> Option<&'static Entry> {
    ENTRIES.binary_search_by(|entry| entry.id.cmp(id)).ok().and_then(|at| ENTRIES.get(at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_sorted_and_unique() {
        for pair in ENTRIES.windows(2) {
            assert!(pair[0].id < pair[1].id, "{} must come before {}", pair[0].id, pair[1].id);
        }
    }

    #[test]
    fn ladders_climb() {
        for steps in
            [&FLAT, &BINARY, &DECIMAL, &METRIC, &COUNT, &COUNT_RATE, &TIME].map(|ladder| ladder.steps)
        {
            assert!(steps.windows(2).all(|pair| pair[0].size < pair[1].size));
            assert!(steps.iter().any(|step| step.size == 1.0), "a ladder has its base unit");
        }
    }

    #[test]
    fn the_units_that_dashboards_use_most_are_known() {
        for id in "short bytes none s percentunit Bps percent pps ops decbytes bps ms reqps dtdurations iops binBps \
                   dateTimeAsIso celsius decbits hertz bool clocks opm eps rps bool_yes_no dateTimeFromNow cps d \
                   decmbytes rothz rotrpm watt wps µs string"
            .split_whitespace()
        {
            assert!(find(id).is_some(), "{id}");
        }
    }
}
