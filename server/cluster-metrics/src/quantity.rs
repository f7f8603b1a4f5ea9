//! Amounts of resources, as Kubernetes writes them.

use std::borrow::Cow;
use std::hash::{Hash, Hasher};

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

/// An amount in the resource's own unit: cores, bytes, pieces.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Quantity(pub(crate) f64);

/// Two amounts are the same when all their bits are: for finding equal objects, not for arithmetic.
impl PartialEq for Quantity {
    fn eq(&self, other: &Self) -> bool {
        self.0.to_bits() == other.0.to_bits()
    }
}

impl Eq for Quantity {}

impl Hash for Quantity {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.to_bits().hash(state);
    }
}

/// Suffixes, what they multiply by, and what they divide by: a thousandth is not a binary fraction, so it is never multiplied by.
const SUFFIXES: &[(&str, f64, f64)] = &[
    ("Ki", 1024.0, 1.0),
    ("Mi", 1_048_576.0, 1.0),
    ("Gi", 1_073_741_824.0, 1.0),
    ("Ti", 1_099_511_627_776.0, 1.0),
    ("Pi", 1_125_899_906_842_624.0, 1.0),
    ("Ei", 1_152_921_504_606_846_976.0, 1.0),
    ("n", 1.0, 1e9),
    ("u", 1.0, 1e6),
    ("m", 1.0, 1e3),
    ("k", 1e3, 1.0),
    ("M", 1e6, 1.0),
    ("G", 1e9, 1.0),
    ("T", 1e12, 1.0),
    ("P", 1e15, 1.0),
    ("E", 1e18, 1.0),
];

impl Quantity {
    /// Reads `100m`, `1.5Gi`, `1e3`. Finer than a thousandth is rounded up to one, as kube-state-metrics does.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (value, over) = read(text)?;
        Some(Self(if over > 1e3 { (value * 1e3).ceil() / 1e3 } else { value }))
    }
}

/// The same, however fine it is.
pub(crate) fn amount(text: &str) -> Option<f64> {
    read(text).map(|(value, _)| value)
}

/// An amount, and what its suffix divides by.
fn read(text: &str) -> Option<(f64, f64)> {
    let suffix = SUFFIXES.iter().find(|(suffix, ..)| text.ends_with(suffix));
    let &(suffix, times, over) = suffix.unwrap_or(&("", 1.0, 1.0));
    let digits = text.strip_suffix(suffix)?;
    // `inf` and `nan` are numbers to Rust.
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
    let value = digits.parse::<f64>().ok().filter(|_| plain)? * times / over;
    Some((value, over))
}

/// A string or a number.
impl<'de> Deserialize<'de> for Quantity {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written<'a> {
            Number(f64),
            #[serde(borrow)]
            Text(Cow<'a, str>),
        }
        match Written::deserialize(deserializer)? {
            Written::Number(number) => Ok(Self(number)),
            Written::Text(text) => {
                Self::parse(&text).ok_or_else(|| D::Error::custom(format!("{text:?} is no quantity")))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, value: f64) {
        assert_eq!(Quantity::parse(text).map(|quantity| quantity.0), Some(value), "{text}");
    }

    #[test]
    fn amounts_are_read_as_kubernetes_writes_them() {
        check("100m", 0.1);
        check("300m", 0.3);
        check("2", 2.0);
        check("0.5", 0.5);
        check("128Mi", 134_217_728.0);
        check("1.5Gi", 1_610_612_736.0);
        check("1e3", 1000.0);
        check("4E", 4e18);
        check("12k", 12_000.0);
        check("1u", 0.001);
        check("1500000n", 0.002);
    }

    #[test]
    fn nonsense_is_no_amount() {
        for text in ["", "Mi", "inf", "nan", "1x", "m"] {
            assert_eq!(Quantity::parse(text), None, "{text}");
        }
    }
}
