//! The terminal's script and style sheet: loaded once, when the first terminal is opened.

use futures_util::future::{FutureExt as _, LocalBoxFuture, Shared};
use js_sys::{Function, Promise, Reflect, Uint8Array};
use leptos::prelude::*;
use std::cell::RefCell;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::HtmlElement;

/// What the script leaves behind.
const OPEN: &str = "crowsnestTerminal";

thread_local! {
    static LOADED: RefCell<Option<Shared<LocalBoxFuture<'static, bool>>>> = const { RefCell::new(None) };
}

/// Loads both; whether that worked. One that did not is tried again the next time.
pub(super) async fn load() -> bool {
    let loading = LOADED.with_borrow_mut(|loaded| {
        let fresh =
            || async { element("link", "terminal.css").await && element("script", "terminal.js").await };
        loaded.get_or_insert_with(|| fresh().boxed_local().shared()).clone()
    });
    let worked = loading.await;
    if !worked {
        LOADED.with_borrow_mut(|loaded| *loaded = None);
    }
    worked
}

/// Adds an element that loads an asset; the page says where it is and what is in it.
async fn element(tag: &'static str, asset: &'static str) -> bool {
    let add = || {
        let meta = document().query_selector(&format!("meta[name=\"{asset}\"]")).ok()??;
        let element = document().create_element(tag).ok()?;
        let address = meta.get_attribute("content")?;
        let named: &[(&str, &str)] = match tag {
            "link" => &[("rel", "stylesheet"), ("href", &address)],
            _ => &[("src", &address)],
        };
        for (name, value) in named {
            element.set_attribute(name, value).ok()?;
        }
        element.set_attribute("integrity", &meta.get_attribute("data-integrity")?).ok()?;
        let promise = Promise::new(&mut |done: Function, failed: Function| {
            for (event, then) in [("load", done), ("error", failed)] {
                let then = Closure::once_into_js(move || then.call0(&JsValue::NULL).map(drop));
                let _ = element.add_event_listener_with_callback(event, then.unchecked_ref());
            }
        });
        document().head()?.append_child(&element).ok()?;
        Some(promise)
    };
    match add() {
        Some(promise) => JsFuture::from(promise).await.is_ok(),
        None => false,
    }
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
