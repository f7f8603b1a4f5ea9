//! Labels and annotations.

use leptos::prelude::*;

use super::ObjectPage;
use crate::cluster::object::pairs;
use crate::components::Panel;
use crate::format::NONE;
use crate::i18n::{Msg, tr};
use crate::links::web_address;
use crate::router::Route;

/// Both, as keys and values.
#[component]
pub(super) fn Labels(page: ObjectPage) -> impl IntoView {
    let read = move |which: &'static str| {
        Memo::new(move |_| {
            page.about(|object| {
                let pair = |(key, value): (&str, &str)| (key.to_owned(), value.to_owned());
                pairs(object, &["metadata", which]).map(pair).collect::<Vec<_>>()
            })
        })
    };
    let list = move |all: Memo<Vec<(String, String)>>, is_label: bool| {
        let pair = move |(key, value): (String, String)| {
            // Those of labels lead to all that have the same, annotations to the web where that is what they say.
            let same = is_label.then(|| {
                let labels = if value.is_empty() { key.clone() } else { format!("{key}={value}") };
                Route::to(page.row.list_page()).with("labels", &labels).to_string()
            });
            let elsewhere = if is_label { None } else { web_address(&value).map(str::to_owned) };
            let value = if value.is_empty() { NONE.to_owned() } else { value };
            let words = match (same, elsewhere) {
                (Some(href), _) => view! { <a href=href>{value}</a> }.into_any(),
                (None, Some(href)) => {
                    view! { <a href=href target="_blank" rel="noopener noreferrer">{value}</a> }.into_any()
                }
                (None, None) => value.into_any(),
            };
            view! { <div class="label"><dt>{key}</dt><dd>{words}</dd></div> }
        };
        view! {
            <Show
                when=move || all.with(|all| !all.is_empty())
                fallback=move || view! { <p class="panel__none">{tr(Msg::NoLabels)}</p> }
            >
                <dl class="labels">{move || all.get().into_iter().map(pair).collect_view()}</dl>
            </Show>
        }
    };
    let (labels, annotations) = (read("labels"), read("annotations"));
    let heading = tr(Msg::LabelsTitle);
    view! {
        <Panel title=Signal::derive(move || heading().to_owned()) class="grid__8">
            {list(labels, true)}
            <Show when=move || annotations.with(|all| !all.is_empty())>
                <h3 class="labels__more">{tr(Msg::Annotations)}</h3>
                {list(annotations, false)}
            </Show>
        </Panel>
    }
}
