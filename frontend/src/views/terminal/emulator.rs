//! What draws a terminal: xterm.js, loaded when the first terminal is opened.

use js_sys::{Function, Reflect, Uint8Array};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::HtmlElement;

use crate::assets;

/// What the script leaves behind.
const OPEN: &str = "crowsnestTerminal";

/// Loads what draws terminals; whether it is there now.
pub(super) async fn load() -> bool {
    assets::load("terminal.css").await && assets::load("terminal.js").await
}

/// A terminal on the page.
pub(super) struct Emulator {
    object: JsValue,
    _typed: Closure<dyn Fn(Uint8Array)>,
    _resized: Closure<dyn Fn(u16, u16)>,
}

impl Emulator {
    /// Opens one in `place`, once the script is there.
    pub(super) fn open(
        place: &HtmlElement,
        typed: impl Fn(Vec<u8>) + 'static,
        resized: impl Fn(u16, u16) + 'static,
    ) -> Option<Self> {
        let typed = Closure::<dyn Fn(Uint8Array)>::new(move |bytes: Uint8Array| typed(bytes.to_vec()));
        let resized = Closure::<dyn Fn(u16, u16)>::new(resized);
        let open: Function = Reflect::get(&js_sys::global(), &OPEN.into()).ok()?.dyn_into().ok()?;
        let object = open.call3(&JsValue::NULL, place, typed.as_ref(), resized.as_ref()).ok()?;
        Some(Self { object, _typed: typed, _resized: resized })
    }

    fn call(&self, name: &str, argument: Option<&JsValue>) -> Option<JsValue> {
        let function: Function = Reflect::get(&self.object, &name.into()).ok()?.dyn_into().ok()?;
        match argument {
            Some(argument) => function.call1(&self.object, argument).ok(),
            None => function.call0(&self.object).ok(),
        }
    }

    pub(super) fn write(&self, bytes: &[u8]) {
        self.call("write", Some(&Uint8Array::from(bytes)));
    }

    pub(super) fn focus(&self) {
        self.call("focus", None);
    }

    /// Columns and rows.
    pub(super) fn size(&self) -> (u16, u16) {
        let side = |name| self.call(name, None).and_then(|side| side.as_f64()).map_or(0, |side| side as u16);
        (side("columns"), side("rows"))
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        self.call("dispose", None);
    }
}
