//! The style sheets keep their promises: raw values in the tokens only, nothing undefined, enough contrast in both
//! themes.

#![expect(clippy::unwrap_used, clippy::panic, clippy::string_slice, reason = "a test may panic")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Text on every surface it may stand on.
const TEXTS: &[&str] =
    &["text-1", "text-2", "text-3", "accent-text", "status-warning", "status-critical", "status-progress"];
const SURFACES: &[&str] = &["bg-canvas", "bg-surface", "bg-sunken", "bg-raised", "bg-hover", "bg-selected"];
/// Pairs of their own: what stands on a tinted or filled ground.
const PAIRS: &[(&str, &str)] = &[
    ("text-on-accent", "accent"),
    ("text-on-accent", "accent-hover"),
    ("status-ok", "status-ok-soft"),
    ("status-warning", "status-warning-soft"),
    ("status-critical", "status-critical-soft"),
    ("status-progress", "status-progress-soft"),
    ("status-unknown", "status-unknown-soft"),
    ("text-1", "bg-active"),
    ("text-2", "bg-active"),
    ("accent-text", "accent-soft"),
    ("code-function", "bg-surface"),
    ("code-label", "bg-surface"),
    ("code-string", "bg-surface"),
    ("code-number", "bg-surface"),
    ("code-keyword", "bg-surface"),
    ("code-comment", "bg-surface"),
    ("chart-axis", "bg-surface"),
];
/// Shapes that must be seen on panels.
const SHAPES: &[&str] = &[
    "status-ok",
    "status-unknown",
    "focus",
    "chart-1",
    "chart-2",
    "chart-3",
    "chart-4",
    "chart-5",
    "chart-6",
    "chart-7",
    "chart-8",
];

fn style_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../style")
}

fn read(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    // Comments say pixels and names freely.
    let mut out = String::new();
    let mut rest = text.as_str();
    while let Some((before, after)) = rest.split_once("/*") {
        out.push_str(before);
        rest = after.split_once("*/").unwrap().1;
    }
    out + rest
}

fn sheets(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sheets(&path));
        } else if path.extension().is_some_and(|extension| extension == "css") {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn is_name(character: char) -> bool {
    character.is_ascii_alphanumeric() || character == '-' || character == '_'
}

/// Names after each `prefix`, without it.
fn names_after<'a>(text: &'a str, prefix: &str) -> BTreeSet<&'a str> {
    let name = |(at, found): (usize, &str)| text[at + found.len()..].split(|c| !is_name(c)).next().unwrap();
    text.match_indices(prefix).map(name).collect()
}

#[test]
fn raw_colours_and_pixels_are_in_the_tokens_only() {
    for path in sheets(&style_folder()).iter().filter(|path| !path.ends_with("tokens.css")) {
        for line in read(path).lines() {
            let pixels =
                line.match_indices("px").any(|(at, _)| line[..at].ends_with(|c: char| c.is_ascii_digit()));
            let is_hex = |(at, _): (usize, &str)| {
                let digits = line[at + 1..].chars().take_while(char::is_ascii_hexdigit).count();
                matches!(digits, 3 | 4 | 6 | 8)
            };
            let colour =
                line.match_indices('#').any(is_hex) || line.contains("rgb(") || line.contains("hsl(");
            assert!(!pixels && !colour, "{}: {line}", path.display());
        }
    }
}

#[test]
fn every_property_that_is_used_is_defined() {
    let all: String = sheets(&style_folder()).iter().map(|path| read(path)).collect();
    let defined: BTreeSet<&str> = all
        .match_indices("--")
        .filter_map(|(at, _)| {
            let name = all[at + 2..].split(|c| !is_name(c)).next()?;
            all[at + 2 + name.len()..].starts_with(':').then_some(name)
        })
        .collect();
    // Set by components, where they are.
    let dynamic = BTreeSet::from(["map-card", "map-height", "map-width", "map-x", "map-y", "tip-x"]);
    for name in names_after(&all, "var(--") {
        assert!(defined.contains(name) || dynamic.contains(name), "--{name} is used and never defined");
    }
}

#[test]
fn every_sheet_names_its_layer() {
    for path in sheets(&style_folder()) {
        assert!(read(&path).contains("@layer "), "{} is outside of the layers", path.display());
    }
}

#[test]
fn nothing_is_forced() {
    for path in sheets(&style_folder()) {
        let text = read(&path);
        assert!(!text.contains("!important"), "{} forces a value", path.display());
    }
}

/// The tokens of a theme: name and `#rrggbb`.
fn theme(selector: &str) -> BTreeMap<String, [f64; 3]> {
    let text = read(&style_folder().join("tokens.css"));
    let (_, block) = text.split_once(selector).unwrap();
    let (block, _) = block.split_once('}').unwrap();
    let token = |line: &str| {
        let (name, value) = line.trim().strip_prefix("--")?.split_once(": ")?;
        let digits = value.trim().trim_end_matches(';').strip_prefix('#')?;
        let channel = |at: usize| {
            u8::from_str_radix(digits.get(at..at + 2)?, 16).ok().map(|value| f64::from(value) / 255.0)
        };
        // Colours with opacity have no contrast of their own.
        (digits.len() == 6).then_some(())?;
        Some((name.to_owned(), [channel(0)?, channel(2)?, channel(4)?]))
    };
    block.lines().filter_map(token).collect()
}

/// The contrast of two colours by WCAG 2.2, 1 to 21.
fn contrast(a: [f64; 3], b: [f64; 3]) -> f64 {
    let linear = |channel: f64| {
        if channel <= 0.04045 { channel / 12.92 } else { ((channel + 0.055) / 1.055).powf(2.4) }
    };
    let luminance = |[r, g, b]: [f64; 3]| 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

#[track_caller]
fn check_theme(selector: &str) {
    let tokens = theme(selector);
    let ratio = |a: &str, b: &str| {
        let colour = |name: &str| *tokens.get(name).unwrap_or_else(|| panic!("{selector} has no --{name}"));
        contrast(colour(a), colour(b))
    };
    let on_surfaces = TEXTS.iter().flat_map(|text| SURFACES.iter().map(move |surface| (*text, *surface)));
    for (text, ground) in on_surfaces.chain(PAIRS.iter().copied()) {
        let ratio = ratio(text, ground);
        assert!(ratio >= 4.5, "--{text} on --{ground} has {ratio:.2}:1 in {selector}");
    }
    for shape in SHAPES {
        let ratio = ratio(shape, "bg-surface");
        assert!(ratio >= 3.0, "--{shape} on --bg-surface has {ratio:.2}:1 in {selector}");
    }
}

#[test]
fn the_light_theme_has_enough_contrast() {
    check_theme(r#"[data-theme="light"] {"#);
}

#[test]
fn the_dark_theme_has_enough_contrast() {
    check_theme(r#"[data-theme="dark"] {"#);
}
