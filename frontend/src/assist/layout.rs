//! A query laid out over as many lines as it needs.

use crowsnest_promql::{TokenKind, parse, pretty, tokenize};

/// The query as Prometheus lays it out; `None` where it cannot be read. Comments have no place in a tree: they are kept
/// on lines of their own before it.
pub(crate) fn lay_out(text: &str) -> Option<String> {
    let query = pretty(&parse(text).ok()?);
    let tokens = tokenize(text);
    let comments = tokens.iter().filter(|token| token.kind == TokenKind::Comment);
    let mut laid_out: String =
        comments.map(|token| format!("{}\n", token.span.of(text).trim_end())).collect();
    laid_out.push_str(&query);
    Some(laid_out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_survive_and_mistakes_are_left_alone() {
        assert_eq!(lay_out("sum( up )  by(job)").as_deref(), Some("sum by (job) (up)"));
        assert_eq!(lay_out("up # one\n+ # two\nup").as_deref(), Some("# one\n# two\nup + up"));
        assert_eq!(lay_out("sum("), None);
    }

    #[test]
    fn what_is_laid_out_stays_as_it_is() {
        let long = "sum by (a) (rate(a_metric_with_a_long_name{label=\"value\"}[5m])) / sum by (a) (rate(another_metric_with_a_name[5m]))";
        let once = lay_out(long).unwrap();
        assert!(once.lines().count() > 1);
        assert_eq!(lay_out(&once), Some(once.clone()));
    }
}
