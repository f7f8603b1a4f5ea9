//! What the parts of a query cost, as lines of a tree.

use crate::arrange::Arrange as _;
use std::ops::Range;

use crowsnest_api::query_stats::PartStatistics;
use crowsnest_promql::ast::ExprKind;
use crowsnest_promql::parse;

/// One part of a query.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Line {
    /// How deep it lies; 0 for the whole query.
    pub(super) depth: usize,
    /// Its bytes in the query.
    pub(super) span: Range<usize>,
    /// Its text on one line, with `…` for the parts that have lines of their own.
    pub(super) text: String,
    pub(super) series: usize,
    /// Samples of these, over all steps.
    pub(super) samples: usize,
    /// Milliseconds that it took without its parts, and with them.
    pub(super) own: f64,
    pub(super) total: f64,
}

/// The parts of `query`, each before its own parts.
pub(super) fn lines(query: &str, root: &PartStatistics) -> Vec<Line> {
    let mut lines = Vec::new();
    add(query, root, 0, &mut lines);
    lines
}

fn add(query: &str, part: &PartStatistics, depth: usize, lines: &mut Vec<Line>) {
    let span = span_of(part);
    let mut parts: Vec<&PartStatistics> =
        part.parts.iter().filter(|inner| !is_literal(query, inner)).collect();
    let own = part.seconds - part.parts.iter().map(|inner| inner.seconds).sum::<f64>();
    parts.arrange_by_key(|inner| inner.start);
    let mut text = String::new();
    let mut at = span.start;
    for inner in parts.iter().map(|inner| span_of(inner)) {
        text.push_str(query.get(at..inner.start).unwrap_or_default());
        text.push('…');
        at = inner.end.max(at);
    }
    text.push_str(query.get(at..span.end).unwrap_or_default());
    lines.push(Line {
        depth,
        span,
        text: text.split_whitespace().collect::<Vec<_>>().join(" "),
        series: part.series,
        samples: part.samples,
        own: own.max(0.0) * 1e3,
        total: part.seconds * 1e3,
    });
    for inner in parts {
        add(query, inner, depth + 1, lines);
    }
}

fn span_of(part: &PartStatistics) -> Range<usize> {
    part.start as usize..part.end as usize
}

/// Numbers and texts cost nothing, and say what they are.
fn is_literal(query: &str, part: &PartStatistics) -> bool {
    let parsed = query.get(span_of(part)).and_then(|text| parse(text).ok());
    parsed.is_some_and(|expr| matches!(expr.kind, ExprKind::Number(_) | ExprKind::String(_)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(query: &str, text: &str, seconds: f64, parts: Vec<PartStatistics>) -> PartStatistics {
        let start = query.find(text).unwrap();
        let [start, end] = [start, start + text.len()].map(|at| u32::try_from(at).unwrap());
        PartStatistics { start, end, series: 1, samples: 2, seconds, parts }
    }

    #[test]
    fn parts_stand_below_what_they_are_part_of() {
        let query = "topk(5,\n  sum by (a) (rate(x[5m])))";
        let rate = part(query, "rate(x[5m])", 0.006, vec![part(query, "x[5m]", 0.002, vec![])]);
        let sum = part(query, "sum by (a) (rate(x[5m]))", 0.007, vec![rate]);
        let root = part(query, query, 0.008, vec![part(query, "5", 0.0, vec![]), sum]);
        let lines = lines(query, &root);
        let shown: Vec<_> =
            lines.iter().map(|line| (line.depth, line.text.as_str(), line.own.round())).collect();
        assert_eq!(
            shown,
            [(0, "topk(5, …)", 1.0), (1, "sum by (a) (…)", 1.0), (2, "rate(…)", 4.0), (3, "x[5m]", 2.0)]
        );
        assert_eq!(query.get(lines[3].span.clone()), Some("x[5m]"));
    }

    #[test]
    fn a_part_that_does_not_fit_the_query_is_an_empty_line() {
        let root = PartStatistics { start: 3, end: 99, series: 0, samples: 0, seconds: 0.0, parts: vec![] };
        assert_eq!(lines("up", &root)[0].text, "");
    }
}
