//! What the bundle weighs, and what it may weigh.

use std::fmt::Write as _;

use anyhow::{Result, bail};

use crate::compress::CompressedFile;

/// Brotli bytes that the WASM of the whole interface may come to, as it grows: with every kind's lists and pages it has 712,000, and
/// changes, logs and the terminal are still to come. Past this the parts that few pages need are to be fetched when they are.
const WASM_BUDGET: usize = 900_000;

/// One line a file, with its sizes in kilobytes (1000 bytes) as they go over the wire.
pub(crate) fn table(files: &[CompressedFile]) -> String {
    let mut table = format!("{:<36} {:>10} {:>10} {:>10}\n", "file", "raw kB", "gzip kB", "brotli kB");
    let mut total = Sizes::default();
    for file in files {
        let sizes = Sizes::of(file);
        row(&mut table, &file.file.path, sizes);
        total = total.plus(sizes);
    }
    row(&mut table, "total", total);
    table
}

/// Fails when the WASM modules together are over the budget.
pub(crate) fn enforce_budget(files: &[CompressedFile]) -> Result<()> {
    let wasm: usize = files
        .iter()
        .filter(|file| file.file.path.ends_with(".wasm"))
        .map(|file| Sizes::of(file).brotli)
        .sum();
    if wasm > WASM_BUDGET {
        bail!(
            "the interface's WASM is {wasm} bytes after brotli; the budget is {WASM_BUDGET}. \
             Look for what grew with `twiggy top` or `cargo tree -p crowsnest-frontend`"
        );
    }
    Ok(())
}

/// Bytes of one file in each form; a form that is left out counts as the raw file, which is what is sent then.
#[derive(Clone, Copy, Default)]
struct Sizes {
    raw: usize,
    gzip: usize,
    brotli: usize,
}

impl Sizes {
    fn of(file: &CompressedFile) -> Self {
        let raw = file.file.content.len();
        Self {
            raw,
            gzip: file.gzip.as_ref().map_or(raw, Vec::len),
            brotli: file.brotli.as_ref().map_or(raw, Vec::len),
        }
    }

    fn plus(self, other: Self) -> Self {
        Self { raw: self.raw + other.raw, gzip: self.gzip + other.gzip, brotli: self.brotli + other.brotli }
    }
}

fn row(table: &mut String, name: &str, sizes: Sizes) {
    let kilobytes = |bytes: usize| format!("{}.{}", bytes / 1000, bytes % 1000 / 100);
    // Writing to a String cannot fail.
    _ = writeln!(
        table,
        "{name:<36} {:>10} {:>10} {:>10}",
        kilobytes(sizes.raw),
        kilobytes(sizes.gzip),
        kilobytes(sizes.brotli)
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assets::Asset;

    fn module(brotli_bytes: usize) -> CompressedFile {
        CompressedFile {
            file: Asset { path: "assets/app-0.wasm".to_owned(), content: vec![0; 3_000_000] },
            brotli: Some(vec![0; brotli_bytes]),
            gzip: None,
        }
    }

    #[test]
    fn a_module_at_the_budget_passes_and_one_byte_more_fails() {
        assert!(enforce_budget(&[module(WASM_BUDGET)]).is_ok());
        assert!(enforce_budget(&[module(WASM_BUDGET + 1)]).is_err());
    }

    #[test]
    fn the_table_ends_with_the_total() {
        let table = table(&[module(1_500), module(2_550)]);
        let last: Vec<&str> = table.lines().last().unwrap().split_whitespace().collect();
        assert_eq!(last, ["total", "6000.0", "6000.0", "4.0"]);
    }
}
