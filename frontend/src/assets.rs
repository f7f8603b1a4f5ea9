//! Scripts and style sheets that are loaded when they are needed, once. The page (`frontend/index.html`) says where they are and what is in them.

use std::cell::RefCell;
use std::collections::HashMap;

use futures_util::future::{FutureExt as _, LocalBoxFuture, Shared};
use js_sys::Promise;
use leptos::prelude::document;
use wasm_bindgen_futures::JsFuture;

type Loading = Shared<LocalBoxFuture<'static, bool>>;

thread_local! {
    static LOADED: RefCell<HashMap<&'static str, Loading>> = RefCell::new(HashMap::new());
}

/// Loads an asset, such as `editor.js`; whether it is there now. One that failed is tried again.
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
    let Some(element) = element(name) else { return false };
    let loaded = Promise::new(&mut |resolve, reject| {
        for (event, then) in [("load", &resolve), ("error", &reject)] {
            // Only for names that are no events it fails.
            let _ = element.add_event_listener_with_callback(event, then);
        }
        if let Some(head) = document().head() {
            let _ = head.append_child(&element);
        }
    });
    JsFuture::from(loaded).await.is_ok()
}

/// The element that has the browser load it, from what the page says about it.
fn element(name: &str) -> Option<web_sys::Element> {
    let named = document().query_selector(&format!("meta[name='asset:{name}']")).ok()??;
    let (tag, address, kind) = match name.rsplit_once('.') {
        Some((_, "css")) => ("link", "href", ("rel", "stylesheet")),
        _ => ("script", "src", ("type", "module")),
    };
    let element = document().create_element(tag).ok()?;
    let of_page = |attribute: &str| named.get_attribute(attribute);
    let attributes = [
        (kind.0, kind.1.to_owned()),
        ("integrity", of_page("data-integrity")?),
        (address, of_page("content")?),
    ];
    for (attribute, value) in attributes {
        element.set_attribute(attribute, &value).ok()?;
    }
    Some(element)
}
