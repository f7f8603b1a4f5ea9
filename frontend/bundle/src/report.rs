//! What the bundle weighs, and what it may weigh.

use std::fmt::Write as _;

use anyhow::{Result, ensure};

use crate::compress::CompressedFile;

/// Brotli bytes of the module that every page waits for. What few pages need goes into a part of its own (`views/parts.rs` of the interface).
const FIRST_BUDGET: usize = 700_000;
/// Brotli bytes of all modules together, as the interface grows. More than a quarter is the part that draws dashboards.
const WASM_BUDGET: usize = 1_900_000;
/// The module that every page waits for, in the bundle.
const FIRST: &str = "assets/app-";

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

/// Fails when the first WASM module, or all together, are over their budget.
pub(crate) fn enforce_budget(files: &[CompressedFile]) -> Result<()> {
    let modules = || files.iter().filter(|file| file.file.path.ends_with(".wasm"));
    let all: usize = modules().map(|file| Sizes::of(file).brotli).sum();
    let first =
        modules().filter(|file| file.file.path.starts_with(FIRST)).map(|file| Sizes::of(file).brotli).sum();
    for (what, bytes, budget) in [("first WASM module", first, FIRST_BUDGET), ("WASM", all, WASM_BUDGET)] {
        ensure!(
            bytes <= budget,
            "the interface's {what} has {bytes} bytes after brotli; the budget is {budget}. \
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
    fn a_module_at_its_budget_passes_and_one_byte_more_fails() {
        let part = |brotli_bytes| {
            let mut part = module(brotli_bytes);
            part.file.path = "assets/part-0.wasm".to_owned();
            part
        };
        let others = WASM_BUDGET - FIRST_BUDGET;
        assert!(enforce_budget(&[module(FIRST_BUDGET), part(others)]).is_ok());
        assert!(enforce_budget(&[module(FIRST_BUDGET + 1)]).is_err());
        assert!(enforce_budget(&[module(FIRST_BUDGET), part(others + 1)]).is_err());
    }

    #[test]
    fn the_table_ends_with_the_total() {
        let table = table(&[module(1_500), module(2_550)]);
        let last: Vec<&str> = table.lines().last().unwrap().split_whitespace().collect();
        assert_eq!(last, ["total", "6000.0", "6000.0", "4.0"]);
    }
}
