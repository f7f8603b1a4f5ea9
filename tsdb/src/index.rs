//! Which series match: posting lists of the head and of blocks behind one trait, and the set operations over them.

use std::borrow::Cow;

use crowsnest_promql::{MatchOp, Matcher};

use crate::varint::Damaged;

/// Posting lists: for each label name and value the series that carry it, as ascending numbers.
pub(crate) trait Index {
    /// All series.
    fn all(&self) -> Result<Cow<'_, [u32]>, Damaged>;
    /// The series on which label `name` has `value`.
    fn exact(&self, name: &str, value: &str) -> Result<Cow<'_, [u32]>, Damaged>;
    /// The series on which label `name` is present with an accepted value.
    fn accepted(&self, name: &str, accept: &mut dyn FnMut(&str) -> bool) -> Result<Vec<u32>, Damaged>;
}

/// The series for which all matchers hold, ascending.
pub(crate) fn matching(index: &impl Index, matchers: &[Matcher]) -> Result<Vec<u32>, Damaged> {
    let mut wanted: Vec<Cow<'_, [u32]>> = Vec::new();
    let mut unwanted: Vec<Vec<u32>> = Vec::new();
    for matcher in matchers {
        if matcher.matches_value("") {
            // Series without the label match too: take away those whose value does not.
            unwanted.push(index.accepted(matcher.name(), &mut |value| !matcher.matches_value(value))?);
        } else if matcher.op() == MatchOp::Equal {
            wanted.push(index.exact(matcher.name(), matcher.value())?);
        } else {
            wanted
                .push(Cow::Owned(index.accepted(matcher.name(), &mut |value| matcher.matches_value(value))?));
        }
    }
    wanted.sort_by_key(|list| list.len());
    let mut lists = wanted.into_iter();
    let mut result = match lists.next() {
        Some(smallest) => smallest.into_owned(),
        None => index.all()?.into_owned(),
    };
    for list in lists {
        result = intersection(&result, &list);
    }
    for list in unwanted {
        result = difference(&result, &list);
    }
    Ok(result)
}

/// The numbers in both ascending lists; quick when `few` is much the shorter one.
fn intersection(few: &[u32], many: &[u32]) -> Vec<u32> {
    let mut rest = many;
    few.iter().copied().filter(|&wanted| advance(&mut rest, wanted)).collect()
}

/// The numbers of `from` that are not in `unwanted`.
fn difference(from: &[u32], unwanted: &[u32]) -> Vec<u32> {
    let mut rest = unwanted;
    from.iter().copied().filter(|&candidate| !advance(&mut rest, candidate)).collect()
}

/// Drops what is smaller than `wanted` from the front of `rest`, galloping, and says whether `wanted` is next.
fn advance(rest: &mut &[u32], wanted: u32) -> bool {
    let mut step = 1;
    while rest.get(step).is_some_and(|&next| next < wanted) {
        step *= 2;
    }
    let window = rest.get(..=step).unwrap_or(rest);
    let skip = window.partition_point(|&next| next < wanted);
    *rest = rest.get(skip..).unwrap_or_default();
    rest.first() == Some(&wanted)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn set_operations_are_those_of_sets(
            a in prop::collection::btree_set(0u32..300, 0..100), b in prop::collection::btree_set(0u32..300, 0..200),
        ) {
            let list = |set: &BTreeSet<u32>| set.iter().copied().collect::<Vec<_>>();
            prop_assert_eq!(intersection(&list(&a), &list(&b)), a.intersection(&b).copied().collect::<Vec<_>>());
            prop_assert_eq!(difference(&list(&a), &list(&b)), a.difference(&b).copied().collect::<Vec<_>>());
        }
    }
}
