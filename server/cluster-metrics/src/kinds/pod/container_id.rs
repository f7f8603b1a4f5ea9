//! Names of containers, of which there are as many as pods and more.

use std::fmt;

use crate::pool::{Pool, Word};

/// `containerd://{64 hexadecimal digits}`, in half of what the text takes.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum ContainerId {
    /// A runtime and what it calls the container.
    Hash(Word, Box<[u8; 32]>),
    /// Anything else; nothing for a container that has not been made.
    Text(Box<str>),
}

impl ContainerId {
    pub(super) fn of(text: &str, words: &mut Pool<Word>) -> Self {
        let hash = text.split_once("://").and_then(|(runtime, digits)| Some((runtime, hash(digits)?)));
        match hash {
            Some((runtime, hash)) => Self::Hash(words.word(runtime), Box::new(hash)),
            None => Self::Text(text.into()),
        }
    }
}

fn hash(digits: &str) -> Option<[u8; 32]> {
    let small = digits.bytes().all(|digit| digit.is_ascii_digit() || (b'a'..=b'f').contains(&digit));
    if digits.len() != 64 || !small {
        return None;
    }
    let (high, low) = digits.split_at_checked(32)?;
    let half = |digits| u128::from_str_radix(digits, 16).ok().map(u128::to_be_bytes);
    [half(high)?, half(low)?].concat().try_into().ok()
}

impl fmt::Display for ContainerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hash(runtime, hash) => {
                write!(f, "{}://", &**runtime)?;
                hash.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
            Self::Text(text) => f.write_str(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_told_as_it_was_written() {
        let mut words = Pool::default();
        let hash = format!("containerd://{}", "0a1b2c3d".repeat(8));
        assert!(matches!(ContainerId::of(&hash, &mut words), ContainerId::Hash(..)));
        for text in [hash.as_str(), &hash.to_uppercase(), "docker://cd456", "", "containerd://é"] {
            assert_eq!(ContainerId::of(text, &mut words).to_string(), text);
        }
    }
}
