//! Making the API server fail on purpose.

use std::time::Duration;

use serde_json::{Value, json};

/// The longest delay before an answer: clients and tests give up before it.
const LONGEST_LATENCY: Duration = Duration::from_secs(60);

/// What goes wrong. `Chaos::default()` is nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Chaos {
    /// Added before every answer.
    pub latency: Duration,
    /// Of a thousand requests, how many are answered with 500.
    pub errors_per_thousand: u16,
    /// Connections end without an answer, and those that are there are cut. Only the switch itself still answers.
    pub cut: bool,
}

/// What a client asks of the switch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Wish {
    pub(crate) chaos: Chaos,
    /// All watches are to end now.
    pub(crate) drop_watches: bool,
}

impl Chaos {
    /// The state of the switch, as its page shows it.
    pub(crate) fn to_value(self) -> Value {
        json!({
            "latency_ms": u64::try_from(self.latency.as_millis()).unwrap_or(u64::MAX),
            "errors_per_thousand": self.errors_per_thousand,
            "cut": self.cut,
        })
    }
}

impl Wish {
    /// Reads what was put: a JSON object, in which everything absent is off.
    ///
    /// # Errors
    /// What is wrong with it, and what would be right.
    pub(crate) fn parse(body: &[u8]) -> Result<Wish, String> {
        let parsed: Value = serde_json::from_slice(body).map_err(|error| format!("not JSON: {error}"))?;
        let Value::Object(fields) = parsed else { return Err("not a JSON object".to_owned()) };
        let mut wish = Wish::default();
        for (name, value) in &fields {
            let flag = || value.as_bool().ok_or_else(|| format!("{name} must be true or false"));
            let number = |limit: u64| {
                value
                    .as_u64()
                    .filter(|number| *number <= limit)
                    .ok_or_else(|| format!("{name} must be a whole number up to {limit}"))
            };
            match name.as_str() {
                "latency_ms" => {
                    wish.chaos.latency = Duration::from_millis(number(LONGEST_LATENCY.as_secs() * 1000)?);
                }
                "errors_per_thousand" => {
                    wish.chaos.errors_per_thousand = u16::try_from(number(1000)?).unwrap_or(1000);
                }
                "cut" => wish.chaos.cut = flag()?,
                "drop_watches" => wish.drop_watches = flag()?,
                other => {
                    return Err(format!(
                        "unknown field {other:?}: there are latency_ms, errors_per_thousand, cut and drop_watches"
                    ));
                }
            }
        }
        Ok(wish)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_put_is_off() {
        let wish = Wish::parse(br#"{"latency_ms": 250, "drop_watches": true}"#).unwrap();
        assert_eq!(wish.chaos, Chaos { latency: Duration::from_millis(250), ..Chaos::default() });
        assert!(wish.drop_watches);
        assert_eq!(Wish::parse(b"{}").unwrap(), Wish::default());
    }

    #[test]
    fn a_wish_that_cannot_be_granted_says_why() {
        for (body, expected) in [
            (r#"{"errors_per_thousand": 1001}"#, "a whole number up to 1000"),
            (r#"{"latency_ms": -1}"#, "a whole number up to 60000"),
            (r#"{"cut": 1}"#, "true or false"),
            (r#"{"explode": true}"#, "unknown field \"explode\""),
            ("[]", "not a JSON object"),
            ("", "not JSON"),
        ] {
            let problem = Wish::parse(body.as_bytes()).unwrap_err();
            assert!(problem.contains(expected), "{body}: {problem}");
        }
    }
}
