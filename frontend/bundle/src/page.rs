//! The one HTML page: a template whose placeholders become relative addresses.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, bail};

use crate::assets::Assets;

/// Fills the template at `path`.
///
/// `{{url:NAME}}` is the relative address of an asset, `{{integrity:NAME}}` its hash for the `integrity` attribute.
/// Names are `app.js`, `app.wasm`, `style.css`, and those of the files in `frontend/static`.
pub(crate) fn fill(path: &Path, assets: &Assets) -> Result<String> {
    let template = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    fill_text(&template, assets).with_context(|| format!("in {}", path.display()))
}

fn fill_text(template: &str, assets: &Assets) -> Result<String> {
    let mut page = String::with_capacity(template.len());
    let mut parts = template.split("{{");
    page.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let (placeholder, rest) = part.split_once("}}").context("a placeholder is not closed")?;
        let (kind, name) = placeholder.split_once(':').with_context(|| {
            format!("placeholder {{{{{placeholder}}}}} is not of the form {{{{url:NAME}}}}")
        })?;
        let asset = assets.get(name).with_context(|| format!("placeholder {placeholder} names no asset"))?;
        match kind {
            "url" => page.push_str(&asset.path),
            "integrity" => page.push_str(&asset.integrity()),
            _ => bail!("placeholder kind {kind} is neither `url` nor `integrity`"),
        }
        page.push_str(rest);
    }
    Ok(page)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_become_relative_addresses_and_hashes() {
        let mut assets = Assets::default();
        let name = assets.add("app.js", b"1".to_vec()).unwrap();
        let page =
            fill_text(r#"<script src="{{url:app.js}}" integrity="{{integrity:app.js}}"></script>"#, &assets)
                .unwrap();
        let integrity = assets.get("app.js").unwrap().integrity();
        assert_eq!(page, format!(r#"<script src="assets/{name}" integrity="{integrity}"></script>"#));
    }

    #[test]
    fn a_placeholder_without_an_asset_is_an_error() {
        for template in ["{{url:none.js}}", "{{size:none.js}}", "{{none}}", "{{url:open"] {
            assert!(fill_text(template, &Assets::default()).is_err(), "{template}");
        }
    }
}
