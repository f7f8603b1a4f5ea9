//! Which series match: posting lists of the head and of blocks behind one trait, and the set operations over them.

use std::borrow::Cow;

use crowsnest_promql::{Candidates, Matcher};

use crate::varint::Damaged;

/// Posting lists: for each label name and value the series that carry it, as ascending numbers.
pub(crate) trait Index {
    /// All series.
    fn all(&self) -> Result<Cow<'_, [u32]>, Damaged>;
    /// The series on which label `name` has `value`.
    fn exact(&self, name: &str, value: &str) -> Result<Cow<'_, [u32]>, Damaged>;
    /// The series on which label `name` is present with an accepted value that begins with `beginning`.
    fn accepted(
        &self,
        name: &str,
        beginning: &str,
        accept: &mut dyn FnMut(&str) -> bool,
    ) -> Result<Vec<u32>, Damaged>;
}

/// The series for which all matchers hold, ascending.
pub(crate) fn matching(index: &impl Index, matchers: &[Matcher]) -> Result<Vec<u32>, Damaged> {
    let mut wanted: Vec<Cow<'_, [u32]>> = Vec::new();
    let mut unwanted: Vec<Cow<'_, [u32]>> = Vec::new();
    for matcher in matchers.iter().filter(|matcher| !matcher.passes_all()) {
        // Where series without the label match, those are taken away whose value does not.
        let lists = if matcher.matches_value("") { &mut unwanted } else { &mut wanted };
        lists.push(with_value(index, matcher)?);
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

/// The series whose value of the matcher's label decides otherwise than no value does.
fn with_value<'a>(index: &'a impl Index, matcher: &Matcher) -> Result<Cow<'a, [u32]>, Damaged> {
    let absent = matcher.matches_value("");
    let mut decides = |value: &str| matcher.matches_value(value) != absent;
    if matcher.is_negated() != absent {
        // These values are all but those that the matcher describes.
        return index.accepted(matcher.name(), "", &mut decides).map(Cow::Owned);
    }
    match matcher.candidates() {
        Candidates::Texts([text]) => index.exact(matcher.name(), text),
        Candidates::Texts(texts) => {
            let mut union = Vec::new();
            for text in texts {
                union.extend_from_slice(&index.exact(matcher.name(), text)?);
            }
            // A series has one value of a label: the lists are disjoint.
            union.sort_unstable();
            Ok(Cow::Owned(union))
        }
        Candidates::Beginning(beginning) => {
            index.accepted(matcher.name(), beginning, &mut decides).map(Cow::Owned)
        }
    }
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

    use crowsnest_promql::MatchOp;
    use proptest::prelude::*;

    use super::*;

    /// One label, `l`, whose value the series has by number; empty: not there.
    struct Plain(Vec<&'static str>);

    impl Index for Plain {
        fn all(&self) -> Result<Cow<'_, [u32]>, Damaged> {
            Ok((0..self.0.len() as u32).collect())
        }

        fn exact(&self, _: &str, value: &str) -> Result<Cow<'_, [u32]>, Damaged> {
            self.accepted("", "", &mut |other| other == value).map(Cow::Owned)
        }

        fn accepted(
            &self,
            _: &str,
            beginning: &str,
            accept: &mut dyn FnMut(&str) -> bool,
        ) -> Result<Vec<u32>, Damaged> {
            let mut passes = |value: &str| !value.is_empty() && value.starts_with(beginning) && accept(value);
            Ok((0..).zip(&self.0).filter_map(|(series, value)| passes(value).then_some(series)).collect())
        }
    }

    #[test]
    fn what_is_found_is_what_the_matcher_says_of_each_series() {
        let index = Plain(vec!["", "a", "ab", "b", "abc", "", "c", "b"]);
        const OPS: [MatchOp; 4] = [MatchOp::Equal, MatchOp::NotEqual, MatchOp::Regex, MatchOp::NotRegex];
        let patterns =
            ["", "a", "a|b", "a|", "a.*", ".*", ".+", "(a|c).*", ".*b", "a.+", "x", "x|b|b", "ab?.*c"];
        for (pattern, op) in patterns.iter().flat_map(|pattern| OPS.map(|op| (pattern, op))) {
            let matcher = Matcher::new("l", op, *pattern).unwrap();
            let expected: Vec<u32> = (0..)
                .zip(&index.0)
                .filter(|(_, v)| matcher.matches_value(v))
                .map(|(series, _)| series)
                .collect();
            assert_eq!(matching(&index, std::slice::from_ref(&matcher)).unwrap(), expected, "{matcher}");
        }
    }

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
