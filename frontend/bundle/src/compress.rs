//! Compressed copies beside each file, so that the server never compresses the interface itself.

use std::io::Write as _;
use std::thread;

use anyhow::{Context as _, Result, anyhow};
use brotli::enc::BrotliEncoderParams;
use flate2::write::GzEncoder;

use crate::assets::Asset;

/// Extensions of files whose formats compress already.
const COMPRESSED_FORMATS: &[&str] = &["woff2", "png", "jpg", "webp"];

/// How hard to compress.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effort {
    /// Brotli 5, gzip 6: a second.
    Quick,
    /// Brotli 11, gzip 9: some ten seconds for a large module.
    Smallest,
}

impl Effort {
    fn brotli_quality(self) -> i32 {
        match self {
            Self::Quick => 5,
            Self::Smallest => 11,
        }
    }

    fn gzip_level(self) -> flate2::Compression {
        match self {
            Self::Quick => flate2::Compression::new(6),
            Self::Smallest => flate2::Compression::best(),
        }
    }
}

/// A file with its compressed forms; a form that would not be smaller is left out.
pub(crate) struct CompressedFile {
    pub(crate) file: Asset,
    pub(crate) brotli: Option<Vec<u8>>,
    pub(crate) gzip: Option<Vec<u8>>,
}

/// Compresses every file, each on a thread of its own: one of them, the module, takes longer than all others.
pub(crate) fn compress_all(files: Vec<Asset>, effort: Effort) -> Result<Vec<CompressedFile>> {
    let workers: Vec<_> =
        files.into_iter().map(|file| thread::spawn(move || compress(file, effort))).collect();
    workers
        .into_iter()
        .map(|worker| worker.join().map_err(|_| anyhow!("a compressing thread panicked"))?)
        .collect()
}

fn compress(file: Asset, effort: Effort) -> Result<CompressedFile> {
    let extension = file.path.rsplit('.').next().unwrap_or_default();
    if COMPRESSED_FORMATS.contains(&extension) {
        return Ok(CompressedFile { file, brotli: None, gzip: None });
    }
    let smaller = |compressed: Vec<u8>| (compressed.len() < file.content.len()).then_some(compressed);
    let brotli =
        smaller(brotli(&file.content, effort).with_context(|| format!("cannot compress {}", file.path))?);
    let gzip =
        smaller(gzip(&file.content, effort).with_context(|| format!("cannot compress {}", file.path))?);
    Ok(CompressedFile { file, brotli, gzip })
}

fn brotli(content: &[u8], effort: Effort) -> Result<Vec<u8>> {
    let parameters = BrotliEncoderParams {
        quality: effort.brotli_quality(),
        lgwin: 24,
        size_hint: content.len(),
        ..BrotliEncoderParams::default()
    };
    let mut compressed = Vec::new();
    brotli::BrotliCompress(&mut &*content, &mut compressed, &parameters)?;
    Ok(compressed)
}

/// Without name and time in the header, so that the same input gives the same file.
fn gzip(content: &[u8], effort: Effort) -> Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), effort.gzip_level());
    encoder.write_all(content)?;
    Ok(encoder.finish()?)
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    fn asset(path: &str, content: &[u8]) -> Asset {
        Asset { path: path.to_owned(), content: content.to_vec() }
    }

    #[test]
    fn both_forms_give_the_file_back() {
        let text = "crow's nest, ".repeat(100);
        let done = compress(asset("a.js", text.as_bytes()), Effort::Smallest).unwrap();

        let mut from_brotli = Vec::new();
        brotli::BrotliDecompress(&mut done.brotli.unwrap().as_slice(), &mut from_brotli).unwrap();
        assert_eq!(from_brotli, text.as_bytes());

        let mut from_gzip = String::new();
        flate2::read::GzDecoder::new(done.gzip.unwrap().as_slice()).read_to_string(&mut from_gzip).unwrap();
        assert_eq!(from_gzip, text);
    }

    #[test]
    fn a_file_that_would_grow_has_no_compressed_form() {
        let done = compress(asset("a.txt", b"x"), Effort::Quick).unwrap();
        assert!(done.brotli.is_none() && done.gzip.is_none());
    }

    #[test]
    fn a_font_is_not_compressed_twice() {
        let done = compress(asset("a.woff2", &[0; 1000]), Effort::Quick).unwrap();
        assert!(done.brotli.is_none() && done.gzip.is_none());
    }
}
