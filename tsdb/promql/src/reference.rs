//! `docs/promql.md`, written from the tables of functions, aggregations and operators. A test holds the file to them;
//! `make docs` writes it anew.

use std::fmt::Write as _;
use std::path::Path;

use crate::operators::Precedence;
use crate::{AGGREGATORS, BinaryOp, FUNCTIONS};

const BEGINNING: &str = "\
# PromQL

<!-- Written by `make docs` from the tables in tsdb/promql; changes here are lost. -->

The query language is that of Prometheus 3.14, and its own test files pass. What is **experimental** is refused until
`--enable-feature=promql-experimental-functions` switches it on. `crowsnest query EXPR` asks from the command line, Explore in the
interface; [api.md](api.md) has the HTTP API.

## Selectors

| Written | Selects |
|---|---|
| `up` | the newest sample of each series of that name, no older than five minutes |
| `up{job=\"a\",node!=\"b\",instance=~\"c.*\",zone!~\"d.*\"}` | those whose labels are equal, not equal, match, do not match; expressions match the whole value |
| `{\"http.requests\",\"status.code\"=\"200\"}` | names outside `[a-zA-Z_:][a-zA-Z0-9_:]*` stand in quotes inside the braces |
| `up[5m]` | the samples of the last five minutes; the one at the left edge is outside |
| `rate(up[5m])[1h:1m]` | an expression at every minute of the last hour |
| `up offset 1h`, `up offset -1h` | an hour earlier, an hour later |
| `up @ 1609746000`, `up @ start()`, `up @ end()` | at a fixed time, at the start or end of the query |
| `x[5m] anchored`, `x[5m] smoothed` | other treatment of a window's edges; `--enable-feature=promql-extended-range-selectors` |

Durations are `1h30m`, or numbers of seconds, or calculated: `x[5m * 2]`, `x offset step()`.

";

fn reference() -> String {
    let mut text = BEGINNING.to_owned();
    // Writing to a string cannot fail.
    functions(&mut text).ok();
    aggregations(&mut text).ok();
    operators(&mut text).ok();
    text
}

/// A mark where a row needs to be switched on.
fn mark(experimental: bool) -> &'static str {
    if experimental { " *Experimental.*" } else { "" }
}

fn functions(text: &mut String) -> std::fmt::Result {
    writeln!(text, "## Functions\n\n| Function | |\n|---|---|")?;
    for row in FUNCTIONS {
        writeln!(text, "| `{}` | {}{} |", row.signature(), row.doc, mark(row.experimental))?;
    }
    Ok(())
}

fn aggregations(text: &mut String) -> std::fmt::Result {
    writeln!(
        text,
        "\n## Aggregations\n\n\
         `sum by (job) (x)` keeps the labels named, `sum without (instance) (x)` all but those; without either, everything is one group.\n\n\
         | Aggregation | |\n|---|---|"
    )?;
    for row in AGGREGATORS {
        let parameter = row.parameter.map(|kind| format!("{kind}, ")).unwrap_or_default();
        let signature = format!("{}({parameter}instant vector)", row.name);
        writeln!(text, "| `{signature}` | {}{} |", row.doc, mark(row.experimental))?;
    }
    Ok(())
}

fn operators(text: &mut String) -> std::fmt::Result {
    const LEVELS: [(Precedence, &str); 6] = [
        (Precedence::Power, "powers; group from the right"),
        (Precedence::Product, "products, and the signs `+` and `-` before an expression"),
        (Precedence::Sum, "sums"),
        (
            Precedence::Comparison,
            "comparisons, which filter, or give 0 and 1 with `bool`; `</` and `>/` cut native histograms",
        ),
        (Precedence::And, "series that are, or are not, on the other side as well"),
        (Precedence::Or, "series of the left side, and those of the right that it has not"),
    ];
    writeln!(text, "\n## Operators\n\nFrom those that bind tightest.\n\n| Operators | |\n|---|---|")?;
    for (level, what) in LEVELS {
        let level = BinaryOp::ALL.iter().filter(|op| op.precedence() == level);
        let names: Vec<String> = level.map(|op| format!("`{}`", op.as_str())).collect();
        writeln!(text, "| {} | {what} |", names.join(" "))?;
    }
    writeln!(
        text,
        "\nBetween two vectors, series with the same labels meet. `on (…)` compares only the labels named, `ignoring (…)` all but those;\n\
         `group_left (…)` and `group_right (…)` let several series of that side meet one of the other, and copy labels from it;\n\
         `fill (0)`, `fill_left (0)` and `fill_right (0)` stand in for a series that is missing."
    )
}

#[test]
fn the_documentation_has_every_function_as_the_tables_have_it() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/promql.md");
    let expected = reference();
    if std::env::var_os("CROWSNEST_WRITE_DOCS").is_some() {
        std::fs::write(&path, expected).unwrap();
        return;
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(found == expected, "docs/promql.md is not what the tables say; `make docs` writes it anew");
}

#[test]
fn every_operator_has_a_level_in_the_documentation() {
    let text = reference();
    for op in BinaryOp::ALL {
        assert!(text.contains(&format!("`{}`", op.as_str())), "{op}");
    }
}
