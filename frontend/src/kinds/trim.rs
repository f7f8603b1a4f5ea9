//! Leaving out of an object what its list never shows: ten thousand pods are to fit into a browser.

use crate::json::Value;

/// Takes the values at `paths` out of `object`; `*` stands for every element of a list.
pub(crate) fn trim(object: &mut Value, paths: &[&[&str]]) {
    for path in paths {
        drop_at(object, path);
    }
}

fn drop_at(value: &mut Value, path: &[&str]) {
    match (path, value) {
        ([], _) => {}
        (["*", rest @ ..], Value::Array(elements)) => {
            for element in elements {
                drop_at(element, rest);
            }
        }
        ([last], Value::Object(fields)) => {
            fields.remove(last);
        }
        ([first, rest @ ..], Value::Object(fields)) => {
            if let Some(value) = fields.get_mut(first) {
                drop_at(value, rest);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use crate::json::json;

    use super::*;

    #[test]
    fn what_is_named_goes_and_the_rest_stays() {
        let mut object =
            json!({"spec": {"volumes": [1], "containers": [{"name": "a", "env": []}, {"name": "b"}]}});
        trim(
            &mut object,
            &[&["spec", "volumes"], &["spec", "containers", "*", "env"], &["status", "x"], &["spec", "*"]],
        );
        assert_eq!(object, json!({"spec": {"containers": [{"name": "a"}, {"name": "b"}]}}));
    }
}
