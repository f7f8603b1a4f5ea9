//! The terminal of the interface: xterm.js and what holds it, as one script that is loaded when a terminal is opened, and its style sheet.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};

/// Where `npm ci` puts the library, and its parts in the order in which they are needed.
const LIBRARY: &[&str] = &["@xterm/xterm/lib/xterm.js", "@xterm/addon-fit/lib/addon-fit.js"];
const SHEET: &str = "@xterm/xterm/css/xterm.css";
const GLUE: &str = "frontend/terminal/glue.js";

/// What the library does that the page's Content-Security-Policy refuses, what it does instead, and how often it is there. It is
/// never allowed more; a version in which something is otherwise has to be looked at.
const CHANGES: &[(&str, &str, usize)] = &[
    ("this._document.createElement(\"style\")", "globalThis.crowsnestSheet()", 2),
    (".mainDocument.createElement(\"style\")", ".mainDocument.crowsnestSheet()", 1),
    ("document.createElement(\"style\")", "globalThis.crowsnestSheet()", 1),
    ("e.setAttribute(\"style\",`${e.getAttribute(\"style\")||\"\"}${t};`)", "e.style.cssText+=`${t};`", 1),
];
/// The third of them is a property of an object that stands before it.
const ON_DOCUMENT: &str = "Document.prototype.crowsnestSheet=()=>globalThis.crowsnestSheet();\n";

/// The script.
pub(crate) fn script(workspace: &Path) -> Result<Vec<u8>> {
    let mut script = String::new();
    for part in LIBRARY {
        script.push_str(&without_map(&read(workspace, part)?));
        script.push('\n');
    }
    let mut script = allowed(&script)?;
    script
        .push_str(&fs::read_to_string(workspace.join(GLUE)).with_context(|| format!("cannot read {GLUE}"))?);
    script.push_str(ON_DOCUMENT);
    Ok(script.into_bytes())
}

/// The style sheet.
pub(crate) fn sheet(workspace: &Path) -> Result<Vec<u8>> {
    read(workspace, SHEET).map(String::into_bytes)
}

fn read(workspace: &Path, part: &str) -> Result<String> {
    let path = workspace.join("frontend/node_modules").join(part);
    fs::read_to_string(&path)
        .with_context(|| format!("cannot read {}; `npm ci --prefix frontend` brings it", path.display()))
}

/// The library as our policy allows it.
fn allowed(script: &str) -> Result<String> {
    let mut script = script.to_owned();
    for (refused, instead, count) in CHANGES {
        let found = script.matches(refused).count();
        ensure!(
            found == *count,
            "xterm.js has {refused:?} {found} times, not {count}: look at what it does now"
        );
        script = script.replace(refused, instead);
    }
    for word in ["createElement(\"style\")", "setAttribute(\"style\"", "eval(", "new Function(", ".innerHTML"]
    {
        ensure!(!script.contains(word), "xterm.js has {word:?}, which the page's policy refuses");
    }
    Ok(script)
}

/// Nobody is told of a source map that is not there.
fn without_map(script: &str) -> String {
    script.lines().filter(|line| !line.starts_with("//# sourceMappingURL=")).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_library_that_does_something_else_is_refused() {
        assert!(allowed("").is_err());
        let known: String =
            CHANGES.iter().map(|(refused, _, count)| format!("{refused};").repeat(*count)).collect();
        let known = known.replacen(";this._", ";\nthis._", 1);
        // What stands before a property is part of no change.
        assert!(allowed(&known.replace(".mainDocument", "s.mainDocument")).is_ok());
        assert!(allowed(&format!("{known};x.innerHTML=1")).is_err());
    }

    #[test]
    fn source_maps_are_left_out() {
        assert_eq!(without_map("a;\n//# sourceMappingURL=a.map"), "a;");
    }
}
