//! One style sheet from many: the order of the cascade, comments dropped, referenced files hashed.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use crate::assets::{Assets, file_name};

/// Files and folders below `style/` in the order in which they are joined; a folder stands for its sheets by name.
const ORDER: &[&str] = &["tokens.css", "base.css", "layout.css", "components", "views"];

/// Joins the sheets below `folder`; files named by `url(…)` become assets.
pub(crate) fn join(folder: &Path, assets: &mut Assets) -> Result<String> {
    let mut joined = String::new();
    for path in sheets(folder)? {
        let source = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let compact = compact(&source).with_context(|| format!("in {}", path.display()))?;
        let here = path.parent().unwrap_or(folder);
        joined.push_str(
            &link_assets(&compact, here, assets).with_context(|| format!("in {}", path.display()))?,
        );
    }
    Ok(joined)
}

/// The sheets in cascade order. Names of [`ORDER`] that do not exist are left out: an interface without views has none.
pub(crate) fn sheets(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut sheets = Vec::new();
    for name in ORDER {
        let path = folder.join(name);
        if path.is_file() {
            sheets.push(path);
        } else if path.is_dir() {
            let mut members = fs::read_dir(&path)
                .and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>, _>>())
                .with_context(|| format!("cannot list {}", path.display()))?;
            members.retain(|member| member.extension().is_some_and(|extension| extension == "css"));
            members.sort();
            sheets.append(&mut members);
        }
    }
    Ok(sheets)
}

/// Drops comments, indentation and empty lines. Strings are left alone; what is left differs from the source in
/// white space only, and compression does the rest.
fn compact(source: &str) -> Result<String> {
    let mut bare = String::with_capacity(source.len());
    let mut rest = source;
    while let Some(at) = rest.find(['/', '"', '\'']) {
        let (before, from) = rest.split_at(at);
        bare.push_str(before);
        let length = if from.starts_with("/*") {
            let end = from.find("*/").context("a comment is not closed")?;
            end + "*/".len()
        } else if from.starts_with('/') {
            bare.push('/');
            1
        } else {
            let end = string_end(from).context("a string is not closed")?;
            bare.push_str(from.split_at(end).0);
            end
        };
        rest = from.split_at(length).1;
    }
    bare.push_str(rest);

    let mut compact = String::with_capacity(bare.len());
    for line in bare.lines().map(str::trim).filter(|line| !line.is_empty()) {
        compact.push_str(line);
        compact.push('\n');
    }
    Ok(compact)
}

/// Bytes of the quoted string at the start of `text`, quotes included.
fn string_end(text: &str) -> Option<usize> {
    let mut characters = text.char_indices();
    let (_, quote) = characters.next()?;
    while let Some((at, character)) = characters.next() {
        match character {
            '\\' => _ = characters.next(),
            '\n' => return None,
            _ if character == quote => return Some(at + quote.len_utf8()),
            _ => {}
        }
    }
    None
}

/// Replaces each relative `url(…)` by the hashed name of the file; the sheet and its files share one folder.
fn link_assets(sheet: &str, folder: &Path, assets: &mut Assets) -> Result<String> {
    let mut linked = String::with_capacity(sheet.len());
    let mut parts = sheet.split("url(");
    linked.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let (target, rest) = part.split_once(')').context("url( is not closed")?;
        let target = target.trim().trim_matches(['"', '\'']);
        if target.starts_with("data:") || target.starts_with('#') {
            bail!("url({target}): the Content-Security-Policy allows files of the interface only");
        }
        let path = folder.join(target);
        let content = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let hashed = assets.add(file_name(&path)?, content)?;
        linked.push_str("url(");
        linked.push_str(&hashed);
        linked.push(')');
        linked.push_str(rest);
    }
    Ok(linked)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(source: &str, expected: &str) {
        assert_eq!(compact(source).unwrap(), expected);
    }

    #[test]
    fn comments_and_indentation_go_and_strings_stay() {
        check("a {\n  color: red; /* why */\n\n}\n", "a {\ncolor: red;\n}\n");
        check("a::after { content: \"/* kept */\"; }", "a::after { content: \"/* kept */\"; }\n");
        check("a::after { content: '\\'/*'; }", "a::after { content: '\\'/*'; }\n");
        check("a { grid-area: 1 / 2; }", "a { grid-area: 1 / 2; }\n");
        check("/* — */ b { }", "b { }\n");
    }

    #[test]
    fn an_open_comment_or_string_is_an_error() {
        assert!(compact("a {} /* open").is_err());
        assert!(compact("a { content: \"open; }\n").is_err());
    }

    #[test]
    fn a_referenced_file_becomes_a_hashed_asset() {
        let folder = std::env::temp_dir().join(format!("crowsnest-bundle-style-{}", std::process::id()));
        fs::create_dir_all(folder.join("fonts")).unwrap();
        fs::write(folder.join("fonts/plex.woff2"), b"font").unwrap();
        fs::write(
            folder.join("tokens.css"),
            "@font-face { src: url(\"fonts/plex.woff2\") format(\"woff2\"); }",
        )
        .unwrap();
        let mut assets = Assets::default();
        let sheet = join(&folder, &mut assets);
        fs::remove_dir_all(&folder).unwrap();

        let path = &assets.get("plex.woff2").unwrap().path;
        let name = path.strip_prefix("assets/").unwrap();
        assert_eq!(sheet.unwrap(), format!("@font-face {{ src: url({name}) format(\"woff2\"); }}\n"));
    }

    #[test]
    fn a_file_that_is_not_there_is_named() {
        let error =
            link_assets("a { background: url(x.svg); }", Path::new("/nowhere"), &mut Assets::default());
        assert_eq!(error.unwrap_err().to_string(), "cannot read /nowhere/x.svg");
    }
}
