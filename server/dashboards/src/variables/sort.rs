//! Order of options: Grafana's numbers 0 to 8.

use std::cmp::Ordering;

/// How two labels are ordered by `sort`; `None` where options stay as they come.
pub(super) fn comparison(sort: u8) -> Option<fn(&str, &str) -> Ordering> {
    Some(match sort {
        1 => alphabetical,
        2 => |a, b| alphabetical(b, a),
        3 => numerical,
        4 => |a, b| numerical(b, a),
        5 => caseless,
        6 => |a, b| caseless(b, a),
        7 => natural,
        8 => |a, b| natural(b, a),
        _ => return None,
    })
}

fn alphabetical(a: &str, b: &str) -> Ordering {
    a.cmp(b)
}

fn caseless(a: &str, b: &str) -> Ordering {
    a.to_lowercase().cmp(&b.to_lowercase())
}

/// By the first number in the text; texts without one come first.
fn numerical(a: &str, b: &str) -> Ordering {
    let number = |text: &str| {
        let digits = text.split(|c: char| !c.is_ascii_digit()).find(|run| !run.is_empty());
        digits.and_then(|run| run.parse::<f64>().ok()).unwrap_or(-1.0)
    };
    number(a).total_cmp(&number(b))
}

/// Runs of digits by their numbers, everything else by its letters.
fn natural(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (a, b);
    loop {
        let (Some(first), Some(second)) = (a.chars().next(), b.chars().next()) else {
            return a.len().cmp(&b.len());
        };
        let digits = |text: &str| text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        if first.is_ascii_digit() && second.is_ascii_digit() {
            let ((x, a_rest), (y, b_rest)) = (a.split_at(digits(a)), b.split_at(digits(b)));
            let (x, y) = (x.trim_start_matches('0'), y.trim_start_matches('0'));
            let order = x.len().cmp(&y.len()).then_with(|| x.cmp(y));
            if order.is_ne() {
                return order;
            }
            (a, b) = (a_rest, b_rest);
            continue;
        }
        let order = first.to_lowercase().cmp(second.to_lowercase());
        if order.is_ne() {
            return order;
        }
        let rest = |text: &'_ str, c: char| text.get(c.len_utf8()..).map_or(0, str::len);
        (a, b) = (a.split_at(a.len() - rest(a, first)).1, b.split_at(b.len() - rest(b, second)).1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_number_is_an_order() {
        let sorted = |sort: u8| {
            let mut texts = vec!["node-10", "Node-9", "node-2", "b", "x-3a"];
            if let Some(compare) = comparison(sort) {
                texts.sort_by(|a, b| compare(a, b));
            }
            texts
        };
        assert_eq!(sorted(0), ["node-10", "Node-9", "node-2", "b", "x-3a"]);
        assert_eq!(sorted(1), ["Node-9", "b", "node-10", "node-2", "x-3a"]);
        assert_eq!(sorted(3), ["b", "node-2", "x-3a", "Node-9", "node-10"]);
        assert_eq!(sorted(5), ["b", "node-10", "node-2", "Node-9", "x-3a"]);
        assert_eq!(sorted(7), ["b", "node-2", "Node-9", "node-10", "x-3a"]);
        assert_eq!(sorted(8), ["x-3a", "node-10", "Node-9", "node-2", "b"]);
    }
}
