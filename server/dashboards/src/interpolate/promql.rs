//! How values go into PromQL where nothing else is asked for, as the Prometheus data source of Grafana 13 writes them: always for
//! the inside of a string literal.

/// The value of a variable that has one: ready for a string, not for a pattern.
pub(super) fn single(value: &str) -> String {
    value.replace('\\', "\\\\").replace('\'', "\\\\'")
}

/// The values of a variable that may have several: each as a pattern inside a string, so two backslashes.
pub(super) fn several(values: &[String]) -> String {
    match values {
        [value] => pattern(value),
        values => format!("({})", values.iter().map(|value| pattern(value)).collect::<Vec<_>>().join("|")),
    }
}

fn pattern(value: &str) -> String {
    let mut result = String::with_capacity(value.len());
    for c in value.chars() {
        match c {
            '\\' => result.push_str(r"\\\\"),
            '$' | '^' | '*' | '{' | '}' | '[' | ']' | '+' | '?' | '.' | '(' | ')' | '|' => {
                result.push_str(r"\\");
                result.push(c);
            }
            // A quote would end the string.
            '"' => result.push_str("\\\""),
            c => result.push(c),
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use crowsnest_promql::parse;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn several_become_alternatives_and_dots_are_dots() {
        assert_eq!(several(&["10.0.0.1:9100".to_owned(), "b".to_owned()]), r"(10\\.0\\.0\\.1:9100|b)");
        assert_eq!(several(&["a|b".to_owned()]), r"a\\|b");
        assert_eq!(single(r"C:\x"), r"C:\\x");
    }

    proptest! {
        #[test]
        fn no_value_gets_out_of_its_string(value in "[^\n]{0,20}") {
            let query = format!("up{{a=~\"{}\"}}", several(&[value.clone(), value]));
            prop_assert!(parse(&query).is_ok(), "{}", query);
        }
    }
}
