//! Laws of the exposition formats and of scraping, checked against generated input.
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up fails, as it should")]

mod scraping;
mod text;
