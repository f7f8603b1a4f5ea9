//! Names of Kubernetes labels and annotations as names of Prometheus labels.

/// `app.kubernetes.io/name` → `app_kubernetes_io_name`, `appName` → `app_name`: what a label name cannot hold becomes `_`, and capitals
/// become small, after a `_` where they follow a small letter or a digit.
pub(crate) fn sanitize(key: &str) -> String {
    let mut name = String::with_capacity(key.len());
    let mut after_small = false;
    for char in key.chars() {
        if char.is_ascii_uppercase() && after_small {
            name.push('_');
        }
        after_small = char.is_ascii_lowercase() || char.is_ascii_digit();
        name.push(if char.is_ascii_alphanumeric() { char.to_ascii_lowercase() } else { '_' });
    }
    name
}

/// The names of several keys, in their order: `{prefix}_{key}`. Keys that would have one name between them are told apart by
/// `_conflict1`, `_conflict2`, …
pub(crate) fn names<'k>(prefix: &str, keys: impl Iterator<Item = &'k str>) -> Vec<String> {
    let plain: Vec<String> = keys.map(|key| format!("{prefix}_{}", sanitize(key))).collect();
    let mut names = Vec::with_capacity(plain.len());
    for (place, name) in plain.iter().enumerate() {
        let others = plain.iter().filter(|other| *other == name).count();
        let before = plain.iter().take(place).filter(|other| *other == name).count();
        names.push(if others > 1 { format!("{name}_conflict{}", before + 1) } else { name.clone() });
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_label_name_cannot_hold_becomes_an_underscore() {
        assert_eq!(sanitize("app.kubernetes.io/name"), "app_kubernetes_io_name");
        assert_eq!(sanitize("appName"), "app_name");
        assert_eq!(sanitize("HTTPProxy"), "httpproxy");
        assert_eq!(sanitize("node1Name"), "node1_name");
        assert_eq!(sanitize("ümlaut-x"), "_mlaut_x");
    }

    #[test]
    fn keys_of_one_name_are_told_apart() {
        let names = names("label", ["a.b", "c", "a_b"].into_iter());
        assert_eq!(names, ["label_a_b_conflict1", "label_c", "label_a_b_conflict2"]);
    }
}
