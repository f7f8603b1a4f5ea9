//! The parameters behind the `?` of a request.

use crate::status::ApiError;

/// Decoded query parameters, in order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    pub(crate) fn parse(query: &str) -> Query {
        Query(form_urlencoded::parse(query.as_bytes()).into_owned().collect())
    }

    /// The first value of a parameter.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// All values of a parameter.
    pub(crate) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The first value of a parameter, unless it is empty.
    pub(crate) fn non_empty(&self, name: &str) -> Option<&str> {
        self.get(name).filter(|value| !value.is_empty())
    }

    /// Whether a flag is set: `1`, `true`, or the name alone.
    pub(crate) fn flag(&self, name: &str) -> bool {
        self.get(name).is_some_and(|value| !matches!(value.to_ascii_lowercase().as_str(), "0" | "false"))
    }

    /// A number; text that is none is refused.
    pub(crate) fn integer(&self, name: &str) -> Result<Option<i64>, ApiError> {
        let Some(text) = self.non_empty(name) else { return Ok(None) };
        text.parse()
            .map(Some)
            .map_err(|_| ApiError::bad_request(format!("strconv.ParseInt: parsing {text:?}: invalid syntax")))
    }

    /// A resourceVersion; text that is none is refused in the words of the API server.
    pub(crate) fn resource_version(&self) -> Result<Option<u64>, ApiError> {
        let Some(text) = self.non_empty("resourceVersion") else { return Ok(None) };
        text.parse().map(Some).map_err(|_| {
            ApiError::unexpected(format!(
                "resourceVersion: Invalid value: {text:?}: strconv.ParseUint: parsing {text:?}: invalid syntax"
            ))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plus_is_a_space_and_a_bare_name_is_a_set_flag() {
        let query = Query::parse("labelSelector=app+in+(web,db)&watch&a=%3D");
        assert_eq!(query.get("labelSelector"), Some("app in (web,db)"));
        assert!(query.flag("watch"));
        assert!(!query.flag("force"));
        assert_eq!(query.get("a"), Some("="));
    }
}
