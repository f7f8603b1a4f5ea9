//! Queries at random, of what versions 2.42 and 3 both have.
//!
//! Times are chosen so that no edge meets anything: queries are asked a quarter of a second after a whole second, windows
//! and steps are whole seconds, and subqueries within subqueries are moved by a third of a second.

use super::data::START;
use super::random::Random;

/// How far query times lie off whole seconds.
const OFF_GRID: i64 = 250;

/// A query and when to ask it.
#[derive(Clone, Debug)]
pub(crate) struct Question {
    pub(crate) text: String,
    pub(crate) when: When,
}

/// Milliseconds.
#[derive(Clone, Copy, Debug)]
pub(crate) enum When {
    Instant(i64),
    Range { start: i64, end: i64, step: i64 },
}

impl std::fmt::Display for When {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Instant(at) => write!(f, "at {at}"),
            Self::Range { start, end, step } => write!(f, "from {start} to {end} step {step}"),
        }
    }
}

const SELECTORS: &[&str] = &[
    "c_total",
    "g",
    "h",
    "n",
    "d_bucket",
    "g{a=\"1\"}",
    "g{a!=\"1\"}",
    "h{b=~\"x|z\"}",
    "h{b!~\"x\"}",
    "n{c=\"\"}",
    "g{c!=\"\"}",
    "{__name__=~\"g|h\"}",
    "{__name__=~\"g|h\",a=\"2\",b=\"y\"}",
    "c_total{a=\"3\",b=\"x\"}",
    "none",
    "none{a=\"1\"}",
    "h{a=~\".*\"}",
];
const COUNTERS: &[&str] = &["c_total", "d_bucket", "c_total{a!=\"2\"}", "c_total{a=\"3\",b=\"x\"}"];
const RANGES: &[&str] = &["1s", "10s", "20s", "45s", "1m", "5m", "10m", "1h", "90m"];
/// Far longer than there is data.
const HUGE_RANGES: &[&str] = &["1d", "3w", "100y"];
const STEPS: &[&str] = &["1s", "7s", "15s", "30s", "1m", ""];
const OFFSETS: &[&str] = &["10s", "1m", "7m", "-30s", "-5m", "10s", "1m", "20m", "1y", "-1y"];
const NUMBERS: &[&str] = &[
    "0", "1", "2", "-1", "0.5", "3", "10", "100", "1000000", "-0.25", "0.9", "NaN", "Inf", "-Inf", "1e300",
    "-0", "2.5",
];
const OF_VECTOR: &[&str] = &[
    "abs",
    "ceil",
    "floor",
    "exp",
    "sqrt",
    "ln",
    "log2",
    "log10",
    "sgn",
    "deg",
    "rad",
    "sin",
    "cos",
    "tan",
    "asin",
    "acos",
    "atan",
    "sinh",
    "cosh",
    "tanh",
    "asinh",
    "acosh",
    "atanh",
    "minute",
    "hour",
    "day_of_week",
    "day_of_month",
    "day_of_year",
    "days_in_month",
    "month",
    "year",
    "timestamp",
    "absent",
    "sort",
    "sort_desc",
    "round",
];
const OF_RANGE: &[&str] = &[
    "irate",
    "resets",
    "changes",
    "delta",
    "idelta",
    "deriv",
    "avg_over_time",
    "sum_over_time",
    "min_over_time",
    "max_over_time",
    "count_over_time",
    "last_over_time",
    "present_over_time",
    "stddev_over_time",
    "stdvar_over_time",
    "absent_over_time",
];
const AGGREGATORS: &[&str] = &["sum", "avg", "min", "max", "count", "group", "stddev", "stdvar"];
const GROUPINGS: &[&str] = &[
    "",
    " by (a)",
    " by (a, b)",
    " without (a)",
    " without (b, c)",
    " by ()",
    " without ()",
    " by (nothing)",
    " by (__name__)",
];
const ARITHMETIC: &[&str] = &["+", "-", "*", "/", "%", "^", "atan2"];
const COMPARISONS: &[&str] =
    &["==", "!=", "<", ">", "<=", ">=", "== bool", "!= bool", "< bool", "> bool", "<= bool", ">= bool"];
const SETS: &[&str] = &["and", "or", "unless"];
const MATCHING: &[&str] = &[
    "",
    "",
    "on (a)",
    "on (a, b)",
    "ignoring (c)",
    "on ()",
    "on (a) group_left",
    "on (b) group_left (c)",
    "on (a, b) group_right",
    "ignoring (b) group_right (c)",
];

impl Question {
    pub(crate) fn new(random: &mut Random) -> Self {
        let depth = 1 + random.below(4) as u32;
        let mut writer = Writer { random, within_subquery: false };
        let text = match writer.random.below(20) {
            0 => writer.scalar(depth),
            1 if writer.random.chance(50) => writer.range(depth),
            _ => writer.vector(depth),
        };
        let is_range_vector = text.ends_with(']') || text.contains("] offset ") && !text.ends_with(')');
        let at = START + random.below(1_900) as i64 * 1000 + OFF_GRID;
        if is_range_vector || random.chance(40) {
            return Self { text, when: When::Instant(at) };
        }
        let step = [1_000, 7_000, 15_000, 60_000, 300_000][random.below(5) as usize];
        Self { text, when: When::Range { start: at, end: at + step * random.below(20) as i64, step } }
    }
}

struct Writer<'a> {
    random: &'a mut Random,
    within_subquery: bool,
}

impl Writer<'_> {
    fn pick(&mut self, of: &[&'static str]) -> &'static str {
        self.random.pick(of)
    }

    fn scalar(&mut self, depth: u32) -> String {
        if depth == 0 || self.random.chance(40) {
            return match self.random.below(8) {
                0 => "time()".to_owned(),
                1 => "pi()".to_owned(),
                _ => self.pick(NUMBERS).to_owned(),
            };
        }
        match self.random.below(4) {
            0 => format!("scalar({})", self.vector(depth - 1)),
            1 => format!("-({})", self.scalar(depth - 1)),
            2 => {
                let op = self.pick(&["== bool", "< bool", ">= bool"]);
                format!("({} {op} {})", self.scalar(depth - 1), self.scalar(depth - 1))
            }
            _ => format!("({} {} {})", self.scalar(depth - 1), self.pick(ARITHMETIC), self.scalar(depth - 1)),
        }
    }

    fn selector(&mut self) -> String {
        let selector = self.pick(SELECTORS);
        format!("{selector}{}", self.modifiers())
    }

    fn modifiers(&mut self) -> String {
        let mut text = String::new();
        if self.random.chance(10) {
            let at = START / 1000 + self.random.below(1_900) as i64;
            text.push_str(&format!(" @ {at}.25"));
        } else if self.random.chance(3) {
            text.push_str(self.pick(&[" @ start()", " @ end()"]));
        }
        if self.random.chance(20) {
            text.push_str(&format!(" offset {}", self.pick(OFFSETS)));
        }
        text
    }

    fn range(&mut self, depth: u32) -> String {
        let range = self.pick(RANGES);
        if depth == 0 || self.random.chance(70) {
            let selector = self.pick(SELECTORS);
            let range = if self.random.chance(8) { self.pick(HUGE_RANGES) } else { range };
            return format!("{selector}[{range}]{}", self.modifiers());
        }
        let nested = std::mem::replace(&mut self.within_subquery, true);
        let inner = self.vector(depth - 1);
        self.within_subquery = nested;
        // Small steps over long ranges are slow, and tell nothing new.
        let (range, step) = match self.pick(STEPS) {
            "1s" => (self.pick(&["10s", "1m", "5m"]), "1s"),
            step => (range, step),
        };
        // The windows of a subquery must not begin at a step of that within it.
        let offset = if nested { " offset 333ms".to_owned() } else { self.modifiers() };
        format!("({inner})[{range}:{step}]{offset}")
    }

    fn vector(&mut self, depth: u32) -> String {
        if depth == 0 {
            return self.selector();
        }
        match self.random.below(12) {
            0 => self.selector(),
            1 | 2 => {
                if self.random.chance(25) {
                    // Of counters only, which stay far from zero: the versions extrapolate towards it differently.
                    let (function, counter) = (self.pick(&["rate", "increase"]), self.pick(COUNTERS));
                    let (range, modifiers) = (self.pick(RANGES), self.modifiers());
                    return format!("{function}({counter}[{range}]{modifiers})");
                }
                let range = self.range(depth - 1);
                match self.random.below(10) {
                    0 => format!("quantile_over_time({}, {range})", self.scalar(0)),
                    1 => format!("predict_linear({range}, {})", self.pick(&["0", "60", "-600", "3600"])),
                    _ => format!("{}({range})", self.pick(OF_RANGE)),
                }
            }
            3 | 4 => self.aggregate(depth),
            5 => format!("{}({})", self.pick(OF_VECTOR), self.vector(depth - 1)),
            6 => self.call(depth),
            7 => format!("-{}", self.vector(depth - 1)).replace("--", "-"),
            8 => {
                let (left, op) = (self.scalar(depth - 1), self.operator());
                let right = self.vector(depth - 1);
                calculation(&left, op, "", &right)
            }
            9 => {
                let (left, op) = (self.vector(depth - 1), self.operator());
                let right = self.scalar(depth - 1);
                calculation(&left, op, "", &right)
            }
            10 => {
                let matching = self.pick(&["", "", "on (a)", "on (a, b)", "ignoring (c)", "on ()"]);
                format!(
                    "({} {} {matching} {})",
                    self.vector(depth - 1),
                    self.pick(SETS),
                    self.vector(depth - 1)
                )
            }
            _ => {
                let (op, matching) = (self.operator(), self.pick(MATCHING));
                let (left, right) = (self.vector(depth - 1), self.vector(depth - 1));
                calculation(&left, op, matching, &right)
            }
        }
    }

    fn operator(&mut self) -> &'static str {
        if self.random.chance(60) { self.pick(ARITHMETIC) } else { self.pick(COMPARISONS) }
    }

    fn aggregate(&mut self, depth: u32) -> String {
        let (grouping, inner) = (self.pick(GROUPINGS), self.vector(depth - 1));
        match self.random.below(8) {
            0 => {
                let (op, k) =
                    (self.pick(&["topk", "bottomk"]), self.pick(&["0", "1", "2", "3", "-1", "100", "2.7"]));
                format!("{op}{grouping} ({k}, {inner})")
            }
            1 => format!(
                "quantile{grouping} ({}, {inner})",
                self.pick(&["0", "0.5", "0.9", "1", "-1", "2", "NaN"])
            ),
            2 => format!("count_values{grouping} (\"v\", {inner})"),
            _ => format!("{}{grouping} ({inner})", self.pick(AGGREGATORS)),
        }
    }

    fn call(&mut self, depth: u32) -> String {
        let inner = self.vector(depth - 1);
        match self.random.below(9) {
            0 => format!("round({inner}, {})", self.pick(&["1", "0.5", "10", "0", "-2"])),
            1 => format!("clamp({inner}, {}, {})", self.pick(NUMBERS), self.pick(NUMBERS)),
            2 => format!("clamp_min({inner}, {})", self.scalar(0)),
            3 => format!("clamp_max({inner}, {})", self.scalar(0)),
            4 => {
                let (to, template) =
                    (self.pick(&["a", "new", "__name__"]), self.pick(&["$1", "x-$1", "", "lit"]));
                let (from, regex) =
                    (self.pick(&["a", "b", "none", "__name__"]), self.pick(&["(.*)", "(x|1)", "", "(.)(.)"]));
                format!("label_replace({inner}, \"{to}\", \"{template}\", \"{from}\", \"{regex}\")")
            }
            5 => {
                let to = self.pick(&["a", "new", "c"]);
                format!("label_join({inner}, \"{to}\", \"{}\", \"a\", \"b\")", self.pick(&["-", ""]))
            }
            6 => format!(
                "histogram_quantile({}, {})",
                self.pick(&["0", "0.5", "0.99", "1", "-1", "2"]),
                self.buckets()
            ),
            7 => format!("vector({})", self.scalar(depth - 1)),
            _ => format!("absent({inner})"),
        }
    }

    fn buckets(&mut self) -> String {
        let range = self.pick(&["1m", "5m", "10m"]);
        self.pick_text(&[
            "d_bucket".to_owned(),
            format!("rate(d_bucket[{range}])"),
            format!("sum by (le) (rate(d_bucket[{range}]))"),
            format!("increase(d_bucket{{b=\"x\"}}[{range}])"),
            "h".to_owned(),
        ])
    }

    fn pick_text(&mut self, of: &[String]) -> String {
        of[self.random.below(of.len() as u64) as usize].clone()
    }
}

/// Two operands and what stands between them. `atan2` keeps names in version 2; so something drops them at once.
fn calculation(left: &str, op: &str, matching: &str, right: &str) -> String {
    let text = format!("({left} {op} {matching} {right})");
    if op == "atan2" { format!("(0 + {text})") } else { text }
}
