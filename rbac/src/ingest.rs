//! Ingest tokens: who may push samples. One token a line; empty lines and lines that begin with `#` are skipped.

use crate::Digest;

/// Shorter tokens can be guessed.
const MIN_TOKEN_BYTES: usize = 16;
/// Longer ones are a mistake, such as a file of another kind.
const MAX_TOKEN_BYTES: usize = 4096;

/// A line that is not a token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{line}: {message}")]
pub struct IngestTokensError {
    /// Counted from 1.
    pub line: usize,
    /// What is wrong there.
    pub message: &'static str,
}

/// The tokens that may push.
#[derive(Clone, Debug, Default)]
pub struct IngestTokens(Vec<(Digest, String)>);

impl IngestTokens {
    /// Reads a list of tokens.
    ///
    /// # Errors
    /// The first line that cannot be one. No message contains a token.
    pub fn parse(text: &str) -> Result<Self, IngestTokensError> {
        let mut tokens = Vec::new();
        for (index, line) in text.lines().enumerate() {
            let token = line.trim();
            if token.is_empty() || token.starts_with('#') {
                continue;
            }
            let wrong = |message| IngestTokensError { line: index + 1, message };
            if token.contains(char::is_whitespace) {
                return Err(wrong("a token has no spaces"));
            }
            if !(MIN_TOKEN_BYTES..=MAX_TOKEN_BYTES).contains(&token.len()) {
                return Err(wrong("a token has 16 to 4096 characters"));
            }
            let digest = Digest::of(token.as_bytes());
            let name = format!("ingest-{}", digest.to_hex().chars().take(12).collect::<String>());
            tokens.push((digest, name));
        }
        Ok(Self(tokens))
    }

    /// The name of the sender with this token: stable for a token, and telling nothing about it. Looks at every
    /// token, so that the time taken tells nothing either.
    pub fn verify(&self, token: &str) -> Option<&str> {
        if token.len() > MAX_TOKEN_BYTES {
            return None;
        }
        let digest = Digest::of(token.as_bytes());
        let mut found = None;
        for (known, name) in &self.0 {
            if known.matches(&digest) {
                found = Some(name.as_str());
            }
        }
        found
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_is_a_token_but_for_comments_and_empty_lines() {
        let tokens =
            IngestTokens::parse("# nodes\n\nfirst-token-of-two\n  second-token-of-two  \r\n").unwrap();
        assert_eq!(tokens.len(), 2);
        assert!(tokens.verify("second-token-of-two").is_some_and(|name| name.starts_with("ingest-")));
        assert_ne!(tokens.verify("first-token-of-two"), tokens.verify("second-token-of-two"));
        assert_eq!(tokens.verify("# nodes"), None);
        assert_eq!(tokens.verify(""), None);
    }

    #[test]
    fn a_name_does_not_show_its_token() {
        let tokens = IngestTokens::parse("first-token-of-two").unwrap();
        assert!(!tokens.verify("first-token-of-two").unwrap().contains("first"));
    }

    #[test]
    fn short_tokens_and_spaces_are_refused_with_their_line() {
        assert_eq!(IngestTokens::parse("long-enough-token-here\nshort").unwrap_err().line, 2);
        assert_eq!(IngestTokens::parse("two tokens on one line here").unwrap_err().line, 1);
    }
}
