//! Choices in URLs: `var-name=value`, one for each value, as people's links have them from Grafana.

use super::{ALL, Choice, Variable};
use crate::interpolate;

/// The choice that a URL's parameters make, `(name, value)` each, decoded; `None` where they say nothing of the variable.
pub fn from_query<'a>(
    variable: &Variable,
    parameters: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Option<Choice> {
    let mine = |name: &str| name.strip_prefix("var-") == Some(&variable.name);
    let values: Vec<&str> =
        parameters.into_iter().filter(|(name, _)| mine(name)).map(|(_, value)| value).take(1000).collect();
    match values.as_slice() {
        [] => None,
        // Links of before Grafana 5 say `All`.
        [value] if variable.include_all && (*value == ALL || *value == "All") => Some(Choice::all()),
        values if values.contains(&ALL) && variable.include_all => Some(Choice::all()),
        values => Some(Choice::of(values.iter().copied())),
    }
}

/// The parameters of a choice, encoded: `var-a=1&var-a=2`. Empty for a variable that is left out of URLs.
pub fn to_query(variable: &Variable, choice: &Choice) -> String {
    if variable.skip_url {
        return String::new();
    }
    let name = interpolate::percent_encode(&variable.name, false);
    let one = |value: &String| format!("var-{name}={}", interpolate::percent_encode(value, false));
    match choice.values.as_slice() {
        [] => format!("var-{name}="),
        values => values.iter().map(one).collect::<Vec<_>>().join("&"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_a_link_says_is_what_it_was_made_of() {
        let variable =
            Variable::read(&json!({"name": "pod", "type": "query", "multi": true, "includeAll": true}));
        let choice = Choice::of(["a b", "c&d"]);
        assert_eq!(to_query(&variable, &choice), "var-pod=a%20b&var-pod=c%26d");
        let parameters = [("var-pod", "a b"), ("var-other", "x"), ("var-pod", "c&d")];
        assert_eq!(from_query(&variable, parameters), Some(choice));
        assert!(from_query(&variable, [("var-pod", "All")]).unwrap().is_all());
        assert_eq!(from_query(&variable, [("from", "now-1h")]), None);
    }
}
