//! Scripts that are loaded when they are needed, once. The page names them; see `frontend/scripts`.

use std::cell::RefCell;
use std::collections::HashMap;

use futures_util::future::{FutureExt as _, LocalBoxFuture, Shared};
use js_sys::Promise;
use leptos::prelude::document;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;

type Loading = Shared<LocalBoxFuture<'static, bool>>;

thread_local! {
    static LOADED: RefCell<HashMap<&'static str, Loading>> = RefCell::new(HashMap::new());
}

/// Loads a script; whether it is there now. One that failed is tried again.
pub(crate) async fn load(name: &'static str) -> bool {
    let known = LOADED.with_borrow(|loaded| loaded.get(name).cloned());
    let loading = known.unwrap_or_else(|| {
        let loading = fetch(name).boxed_local().shared();
        LOADED.with_borrow_mut(|loaded| _ = loaded.insert(name, loading.clone()));
        loading
    });
    let is_there = loading.await;
    if !is_there {
        LOADED.with_borrow_mut(|loaded| _ = loaded.remove(name));
    }
    is_there
}

async fn fetch(name: &'static str) -> bool {
    let Some(script) = element(name) else { return false };
    let loaded = Promise::new(&mut |resolve, reject| {
        for (event, then) in [("load", &resolve), ("error", &reject)] {
            // Only for names that are no events it fails.
            let _ = script.add_event_listener_with_callback(event, then);
        }
        if let Some(body) = document().body() {
            let _ = body.append_child(&script);
        }
    });
    JsFuture::from(loaded).await.is_ok()
}

/// The element that has the browser load it, from what the page says about it.
fn element(name: &str) -> Option<web_sys::Element> {
    let named = document().query_selector(&format!("meta[name='script:{name}']")).ok()??;
    let script = document().create_element("script").ok()?;
    let set = |attribute: &str, value: Option<String>| -> Option<Result<(), JsValue>> {
        Some(script.set_attribute(attribute, &value?))
    };
    set("type", Some("module".to_owned()))?.ok()?;
    set("src", named.get_attribute("content"))?.ok()?;
    set("integrity", named.get_attribute("data-integrity"))?.ok()?;
    Some(script)
}
