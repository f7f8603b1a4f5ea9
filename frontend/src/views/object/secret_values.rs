//! The values of a Secret: hidden, and told one by one to whoever may read it.

use crate::json::Value;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::ObjectPage;
use crate::access::use_access;
use crate::actions::right;
use crate::api::{ObjectRef, Refusal, read_object, reveal, use_client, use_session};
use crate::components::{GatedButton, IconName, Panel};
use crate::download::from_base64;
use crate::i18n::{Msg, fill, tr, use_lang};
use crate::views::act::RefusalFace;

/// The names of its values, each with a button that shows the value.
#[component]
pub(super) fn SecretValues(page: ObjectPage, target: ObjectRef) -> impl IntoView {
    let client = use_client();
    let keys = RwSignal::new(Vec::<String>::new());
    let target = StoredValue::new(target);
    let version = Memo::new(move |_| {
        page.about(|object| crate::cluster::object::text(object, &["metadata", "resourceVersion"]).to_owned())
    });
    Effect::new(move || {
        version.track();
        spawn_local(async move {
            if let Ok(secret) = read_object::<Value>(client, &target.get_value(), false).await {
                let data = secret.get("data").and_then(Value::as_object);
                keys.try_set(data.map(|data| data.keys().map(str::to_owned).collect()).unwrap_or_default());
            }
        });
    });
    let heading = tr(Msg::SecretValues);
    view! {
        <Panel title=Signal::derive(move || heading().to_owned())>
            <p class="field__hint">{tr(Msg::RevealNoted)}</p>
            <dl class="secret">
                <For each=move || keys.get() key=String::clone let(key)>
                    <OneValue target=target name=key/>
                </For>
            </dl>
        </Panel>
    }
}

#[component]
fn OneValue(target: StoredValue<ObjectRef>, name: String) -> impl IntoView {
    let lang = use_lang();
    let client = use_client();
    let session = use_session();
    let shown = RwSignal::new(None::<Result<String, Refusal>>);
    let missing = use_access().missing(move || vec![target.with_value(|target| right(target, "get", ""))]);
    let key = StoredValue::new(name.clone());
    let show = move |()| {
        spawn_local(async move {
            let value = reveal(client, &target.get_value(), &key.get_value()).await;
            shown.try_set(Some(value));
        });
    };
    let words = move |value: String| {
        let bytes = from_base64(&value).unwrap_or_default();
        String::from_utf8(bytes).unwrap_or_else(|error| {
            let n = error.as_bytes().len().to_string();
            fill(Msg::NotText.text(lang.get()), &[("n", &n)])
        })
    };
    let face = move || match shown.get() {
        None => {
            view! { <span class="secret__hidden" aria-hidden="true">{crowsnest_api::changes::HIDDEN}</span> }
                .into_any()
        }
        Some(Ok(value)) => view! { <pre class="secret__value" tabindex="0">{words(value)}</pre> }.into_any(),
        Some(Err(refusal)) => view! { <RefusalFace refusal=refusal/> }.into_any(),
    };
    let button = move || {
        if shown.with(|shown| matches!(shown, Some(Ok(_)))) {
            view! {
                <button type="button" class="btn btn--sm" on:click=move |_| shown.set(None)>{tr(Msg::Hide)}</button>
            }
            .into_any()
        } else {
            view! {
                <GatedButton
                    label=Msg::Reveal
                    icon=IconName::Eye
                    class="btn--sm"
                    missing=missing
                    user=Signal::derive(move || session.user())
                    on_click=show
                />
            }
            .into_any()
        }
    };
    view! {
        <div class="secret__row">
            <dt class="mono">{name}</dt>
            <dd>{face}</dd>
            <dd>{button}</dd>
        </div>
    }
}
