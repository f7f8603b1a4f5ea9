//! What a drawing needs to know of the page: its colours and font, the size of an element, the density of the screen.

use crowsnest_chart::{Surface, Theme};
use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{MutationObserver, MutationObserverInit, ResizeObserver};

thread_local! {
    /// One for the page: reading the tokens asks the browser for every computed style, and tables have a hundred
    /// sparklines. Its observer lives as long as the page.
    static THEME: ArcRwSignal<Theme> = observed_theme();
}

/// The design tokens as they are now; changes with the theme.
pub(crate) fn use_chart_theme() -> RwSignal<Theme> {
    THEME.with(Clone::clone).into()
}

fn observed_theme() -> ArcRwSignal<Theme> {
    let theme = ArcRwSignal::new(read_theme());
    let observed = theme.clone();
    let on_change = Closure::<dyn FnMut()>::new(move || observed.set(read_theme()));
    if let (Some(root), Ok(observer)) =
        (document().document_element(), MutationObserver::new(on_change.as_ref().unchecked_ref()))
    {
        let options = MutationObserverInit::new();
        options.set_attributes(true);
        options.set_attribute_filter(&js_sys::Array::of1(&"data-theme".into()));
        // Fails only for options that contradict themselves.
        let _ = observer.observe_with_options(&root, &options);
        on_change.forget();
    }
    theme
}

fn read_theme() -> Theme {
    let root = document().document_element();
    let style = root.as_ref().and_then(|root| window().get_computed_style(root).ok().flatten());
    let base = match root.and_then(|root| root.get_attribute("data-theme")).as_deref() {
        Some("dark") => Theme::dark(),
        _ => Theme::light(),
    };
    base.with_tokens(|name| style.as_ref()?.get_property_value(name).ok().filter(|value| !value.is_empty()))
}

/// The surface that the element offers, once it is on the page; follows its size and the screen's density.
pub(crate) fn element_size(element: NodeRef<html::Div>) -> Signal<Option<Surface>> {
    let surface = RwSignal::new(None::<Surface>);
    let measure = move || {
        let Some(element) = element.try_get_untracked().flatten() else { return };
        let rect = element.get_bounding_client_rect();
        let scale = window().device_pixel_ratio();
        let now = Surface::canvas(rect.width().floor(), rect.height().floor(), scale);
        if rect.width() >= 1.0 && surface.try_get_untracked().flatten() != Some(now) {
            surface.try_set(Some(now));
        }
    };
    Effect::new(move |_| {
        let Some(element) = element.get() else { return };
        measure();
        let on_resize = Closure::<dyn FnMut()>::new(measure);
        if let Ok(observer) = ResizeObserver::new(on_resize.as_ref().unchecked_ref()) {
            observer.observe(&element);
            let kept = StoredValue::new_local((observer, on_resize));
            on_cleanup(move || kept.with_value(|(observer, _)| observer.disconnect()));
        }
    });
    // Moving to another screen changes the density but not the size.
    let handle = window_event_listener(leptos::ev::resize, move |_| measure());
    on_cleanup(move || handle.remove());
    surface.into()
}
