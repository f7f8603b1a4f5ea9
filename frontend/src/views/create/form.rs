//! A form that writes the text: each answer changes it at once, and the page tries and applies it as any other.

use leptos::prelude::*;

use crate::actions::{Field, Given};
use crate::components::Panel;
use crate::i18n::{Msg, tr, use_lang};
use crate::templates::Template;
use crate::views::act::AskedField;

#[component]
pub(super) fn TemplateForm(template: &'static Template, text: RwSignal<String>) -> impl IntoView {
    let lang = use_lang();
    let values: Vec<RwSignal<String>> = template.initial().into_iter().map(RwSignal::new).collect();
    let fields: Vec<(&'static Field, RwSignal<String>)> =
        template.fields().zip(values.iter().copied()).collect();
    let made = Memo::new(move |_| {
        let values: Vec<String> = values.iter().map(|value| value.get()).collect();
        (template.make)(&Given { values: &values, now: "" })
    });
    Effect::new(move || {
        let written = made.with(|made| {
            let objects = made.as_ref().map(Vec::as_slice).unwrap_or_default();
            objects.iter().map(crowsnest_yaml::print).collect::<Vec<_>>().join("---\n")
        });
        text.set(written);
    });
    let lacks = move || made.with(|made| made.as_ref().err().map(|msg| msg.text(lang.get())));
    let mut fields = fields.into_iter();
    let mut section = move |(title, own): &'static (Option<Msg>, &'static [Field])| {
        let asked = fields
            .by_ref()
            .take(own.len())
            .map(|(field, value)| view! { <AskedField field=field value=value object=crate::json::Value::Null/> })
            .collect_view();
        match title {
            None => view! { <div class="create__fields">{asked}</div> }.into_any(),
            Some(title) => view! {
                <details class="create__fold">
                    <summary>{tr(*title)}</summary>
                    <div class="create__fields">{asked}</div>
                </details>
            }
            .into_any(),
        }
    };
    let sections = template.sections.iter().map(&mut section).collect_view();
    let heading = tr(template.title);
    view! {
        <Panel title=Signal::derive(move || heading().to_owned()) class="create__form">
            <div class="act">
                <p class="field__hint">{tr(template.what)}</p>
                {sections}
                <p class="field__hint" role="status">{lacks}</p>
            </div>
        </Panel>
    }
}
