//! Transformations: what is done with the frames of a panel before they are drawn.

/// Whether a transformation has an effect here.
pub(crate) fn is_known(id: &str) -> bool {
    KNOWN.contains(&id)
}

const KNOWN: &[&str] = &[];
