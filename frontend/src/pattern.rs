//! The browser's regular expressions.

use js_sys::{Array, Function, Reflect, RegExp};
use wasm_bindgen::JsCast as _;

/// The expression that a text says; `None` where it is none: `new RegExp` throws then, which the constructor's own binding would pass on as a
/// panic.
pub(crate) fn regexp(source: &str, flags: &str) -> Option<RegExp> {
    let class: Function = Reflect::get(&js_sys::global(), &"RegExp".into()).ok()?.dyn_into().ok()?;
    let arguments = Array::of2(&source.into(), &flags.into());
    Reflect::construct(&class, &arguments).ok()?.dyn_into().ok()
}
