//! The table itself.

use std::collections::BTreeSet;

use crate::{KINDS, MetricKind};

#[test]
fn names_are_unique_and_sorted_and_explained() {
    let mut seen = BTreeSet::new();
    for kind in KINDS {
        let families = kind.families();
        let sorted = families.windows(2).all(|pair| pair[0].name < pair[1].name);
        assert!(sorted, "the families of {} are not in the order of their names", kind.resource);
        for family in families {
            assert!(seen.insert(family.name.clone()), "{} is there twice", family.name);
            assert!(family.name.starts_with("kube_") && !family.help.is_empty(), "{}", family.name);
            let counter = family.kind == MetricKind::Counter;
            assert_eq!(counter, family.name.ends_with("_total"), "{}", family.name);
        }
    }
}

#[test]
fn kinds_are_unique_and_sorted_and_secrets_are_rows_of_a_table() {
    let place = |kind: &crate::Kind| (kind.group.clone(), kind.resource.clone());
    assert!(KINDS.windows(2).all(|pair| place(&pair[0]) < place(&pair[1])));
    let in_form = |form| -> Vec<&str> {
        KINDS.iter().filter(|kind| kind.form == form).map(|kind| &*kind.resource).collect()
    };
    assert_eq!(in_form(crate::Form::Metadata), ["configmaps"]);
    assert_eq!(in_form(crate::Form::Row), ["secrets"]);
}
