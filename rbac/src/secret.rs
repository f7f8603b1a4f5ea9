//! Digests of secrets, comparisons that take the same time whatever they compare, and new random secrets.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use openssl::error::ErrorStack;

/// SHA-256 of a secret. Comparing digests instead of secrets hides even the secret's length.
#[derive(Clone, Copy)]
pub struct Digest([u8; 32]);

impl Digest {
    /// The digest of `secret`.
    pub fn of(secret: &[u8]) -> Self {
        Self(openssl::sha::sha256(secret))
    }

    /// Reads 64 hexadecimal digits, as `sha256sum` prints them.
    pub fn from_hex(hex: &str) -> Option<Self> {
        let bytes = hex.as_bytes();
        if bytes.len() != 64 {
            return None;
        }
        let mut digest = [0; 32];
        for (byte, pair) in digest.iter_mut().zip(bytes.chunks_exact(2)) {
            let pair =
                std::str::from_utf8(pair).ok().filter(|pair| pair.bytes().all(|b| b.is_ascii_hexdigit()))?;
            *byte = u8::from_str_radix(pair, 16).ok()?;
        }
        Some(Self(digest))
    }

    /// 64 hexadecimal digits.
    pub fn to_hex(self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Whether both are equal, in constant time.
    pub fn matches(&self, other: &Self) -> bool {
        openssl::memcmp::eq(&self.0, &other.0)
    }
}

/// Never prints the digest: that of a weak secret can be guessed from it.
impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Digest(…)")
    }
}

/// Whether two secrets are equal, in a time that tells nothing about either.
pub fn equal_in_constant_time(a: &str, b: &str) -> bool {
    Digest::of(a.as_bytes()).matches(&Digest::of(b.as_bytes()))
}

/// A new secret: 32 random bytes in 43 characters that are safe in URLs, headers and files.
///
/// # Errors
/// When the operating system has no randomness.
pub fn random_token() -> Result<String, ErrorStack> {
    let mut bytes = [0; 32];
    openssl::rand::rand_bytes(&mut bytes)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_read_back_from_its_hexadecimal_form() {
        let digest = Digest::of(b"secret");
        assert!(Digest::from_hex(&digest.to_hex()).unwrap().matches(&digest));
        assert!(Digest::from_hex(&digest.to_hex().to_uppercase()).unwrap().matches(&digest));
    }

    #[test]
    fn what_is_not_64_hexadecimal_digits_is_no_digest() {
        for wrong in ["", "ab", &"g".repeat(64), &"+1".repeat(32), &"é".repeat(32)] {
            assert!(Digest::from_hex(wrong).is_none(), "{wrong:?}");
        }
    }

    #[test]
    fn debug_output_does_not_show_the_digest() {
        assert_eq!(format!("{:?}", Digest::of(b"secret")), "Digest(…)");
    }

    #[test]
    fn random_tokens_differ_and_are_43_characters_long() {
        let (a, b) = (random_token().unwrap(), random_token().unwrap());
        assert_ne!(a, b);
        assert_eq!(a.len(), 43);
        assert!(!equal_in_constant_time(&a, &b) && equal_in_constant_time(&a, &a));
    }
}
