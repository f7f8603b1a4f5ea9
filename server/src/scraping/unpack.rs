//! Pages that come compressed, unpacked as they come.

use std::io::{self, Write as _};

use flate2::write::MultiGzDecoder;
use reqwest::Response;
use reqwest::header::CONTENT_ENCODING;

/// How much is unpacked at once: gzip makes at most a thousand times as much of it.
const SLICE: usize = 4 << 10;

/// A page's body.
pub(super) enum Unpacker {
    Plain,
    Gzip(Box<MultiGzDecoder<Vec<u8>>>),
}

impl Unpacker {
    /// For the body of this answer.
    pub(super) fn of(answer: &Response) -> Self {
        let encoding = answer.headers().get(CONTENT_ENCODING).map(|value| value.as_bytes());
        match encoding {
            Some(encoding) if encoding.eq_ignore_ascii_case(b"gzip") => {
                Self::Gzip(Box::new(MultiGzDecoder::new(Vec::new())))
            }
            _ => Self::Plain,
        }
    }

    /// Hands what a piece of the body holds to `take`, part by part, until that has had enough.
    pub(super) fn feed<E: From<io::Error>>(
        &mut self,
        piece: &[u8],
        mut take: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        let Self::Gzip(decoder) = self else { return take(piece) };
        for slice in piece.chunks(SLICE) {
            decoder.write_all(slice)?;
            take(decoder.get_ref())?;
            decoder.get_mut().clear();
        }
        Ok(())
    }

    /// The same with what was left.
    pub(super) fn finish<E: From<io::Error>>(
        &mut self,
        mut take: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        let Self::Gzip(decoder) = self else { return Ok(()) };
        decoder.try_finish()?;
        take(decoder.get_ref())
    }
}

#[cfg(test)]
mod tests {
    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn packed(text: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    fn unpacked(body: &[u8], pieces: usize) -> io::Result<Vec<u8>> {
        let mut unpacker = Unpacker::Gzip(Box::new(MultiGzDecoder::new(Vec::new())));
        let mut all = Vec::new();
        for piece in body.chunks(pieces) {
            unpacker.feed::<io::Error>(piece, |part| {
                all.extend_from_slice(part);
                Ok(())
            })?;
        }
        unpacker.finish::<io::Error>(|part| {
            all.extend_from_slice(part);
            Ok(())
        })?;
        Ok(all)
    }

    #[test]
    fn a_page_is_the_same_however_its_body_is_cut() {
        let text: Vec<u8> =
            (0..20_000).flat_map(|n: u32| format!("a{{n=\"{n}\"}} {}\n", n * n % 97).into_bytes()).collect();
        let body = packed(&text);
        for pieces in [1, 7, 4096, body.len()] {
            assert!(unpacked(&body, pieces).unwrap() == text, "{pieces}");
        }
    }

    #[test]
    fn what_is_cut_off_or_no_gzip_is_an_error() {
        let body = packed(b"a 1\n");
        assert!(unpacked(&body[..body.len() - 6], 4096).is_err());
        assert!(unpacked(b"a 1\n", 4096).is_err());
    }

    #[test]
    fn whoever_has_enough_is_given_no_more() {
        let body = packed(&vec![b'x'; 64 << 20]);
        let mut unpacker = Unpacker::Gzip(Box::new(MultiGzDecoder::new(Vec::new())));
        let mut had = 0;
        let enough = unpacker.feed::<io::Error>(&body, |part| {
            had += part.len();
            if had > 1 << 20 { Err(io::Error::other("enough")) } else { Ok(()) }
        });
        assert!(enough.is_err() && had < 8 << 20, "{had}");
    }
}
