//! The JavaScript side of the WASM module, by wasm-bindgen as a library: no installed tool whose version must match.

use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use wasm_bindgen_cli_support::Bindgen;

use crate::Profile;

/// What wasm-bindgen makes of a compiled module.
pub(crate) struct Bound {
    pub(crate) js: String,
    pub(crate) wasm: Vec<u8>,
}

/// Makes the glue for browsers' own modules (`web` target), without a default path to the WASM file. It imports `link` from beside itself.
pub(crate) fn bind(compiled: &Path, link: &str, profile: Profile) -> Result<Bound> {
    let mut bindgen = Bindgen::new();
    bindgen
        .input_path(compiled)
        .web(true)
        .context("wasm-bindgen has no web target")?
        .typescript(false)
        .omit_default_module_path(true)
        .keep_debug(false)
        // The parts that were cut out of the module import what they share with it.
        .keep_lld_exports(true)
        .demangle(profile == Profile::Dev)
        .remove_name_section(profile == Profile::Release)
        .remove_producers_section(true);
    let mut output = bindgen
        .generate_output()
        .with_context(|| format!("wasm-bindgen cannot bind {}", compiled.display()))?;
    // Crates without scripts are listed, too, with none.
    let scripts =
        output.snippets().iter().filter(|(_, scripts)| !scripts.is_empty()).map(|(name, _)| name.as_str());
    let foreign: Vec<&str> = scripts
        .chain(output.local_modules().keys().map(String::as_str))
        .chain(output.npm_dependencies().keys().map(String::as_str))
        .filter(|script| *script != link)
        .collect();
    ensure!(
        foreign.is_empty(),
        "crates of the interface bring JavaScript of their own ({}), and the bundle has no place for it: \
         put the script into frontend/static",
        foreign.join(", ")
    );
    Ok(Bound { js: output.js().to_owned(), wasm: output.wasm_mut().emit_wasm() })
}

/// The glue followed by the line that starts the interface.
///
/// The WASM file lies beside the script, so its address follows the script's and any base path works. Should the
/// start fail (a browser without a feature, a file cut short), the element marked `data-start-failure` is shown.
pub(crate) fn start_script(glue: &str, wasm_name: &str) -> Result<String> {
    ensure!(
        glue.contains("function __wbg_init("),
        "wasm-bindgen's glue no longer has __wbg_init: adapt the start of the interface to its new form"
    );
    Ok(format!(
        r#"{glue}
__wbg_init({{ module_or_path: new URL("{wasm_name}", import.meta.url) }}).catch((error) => {{
  document.querySelector("[data-start-failure]")?.removeAttribute("hidden");
  throw error;
}});
"#
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_start_script_loads_the_hashed_module_from_beside_itself() {
        let script =
            start_script("async function __wbg_init(module_or_path) {}", "app-0123456789.wasm").unwrap();
        assert!(script.contains(r#"new URL("app-0123456789.wasm", import.meta.url)"#));
    }

    #[test]
    fn glue_of_an_unknown_form_is_refused() {
        assert!(start_script("export default 1;", "app.wasm").is_err());
    }
}
