//! Which namespaces are shown; the choice is in the address.

use leptos::prelude::*;

use super::cluster::Cluster;
use crate::arrange::Arrange as _;
use crate::components::{Icon, IconName, Popover};
use crate::i18n::{Msg, fill, tr, use_lang};
use crate::router::use_router;
use crate::shortcuts::shortcut;

/// From so many on, the list has a field to find one.
const MANY: usize = 10;

/// "Namespaces All 9", and behind it a box for each.
#[component]
pub(super) fn NamespacePicker(cluster: Cluster) -> impl IntoView {
    let lang = use_lang();
    let open = RwSignal::new(false);
    shortcut("n", move || open.update(|open| *open = !*open));
    let names = Memo::new(move |_| {
        cluster
            .namespaces
            .value
            .with(|known| known.as_ref().map(|known| known.names.clone()).unwrap_or_default())
    });
    let value = Memo::new(move |_| {
        let lang = lang.get();
        cluster.chosen.with(|chosen| match chosen.as_slice() {
            [] if names.with(Vec::len) == 1 => names.with(|names| names.concat()),
            [] => fill(Msg::AllOf.text(lang), &[("n", &names.with(Vec::len).to_string())]),
            [one] => one.clone(),
            [one, two] => format!("{one}, {two}"),
            [one, rest @ ..] => format!("{one} + {}", rest.len()),
        })
    });
    let label = move || format!("{} {}", Msg::Namespaces.text(lang.get()), value.get());
    view! {
        <Popover
            open=open
            label=Signal::derive(label)
            class="btn ns-picker"
            trigger=move || {
                view! {
                    <span class="ns-picker__label">{tr(Msg::Namespaces)}</span>
                    " "
                    <span class="ns-picker__value">{value}</span>
                    <Icon name=IconName::Down/>
                }
            }
        >
            <Choices cluster=cluster names=names/>
        </Popover>
    }
}

#[component]
fn Choices(cluster: Cluster, names: Memo<Vec<String>>) -> impl IntoView {
    let router = use_router();
    let find = RwSignal::new(String::new());
    let choose = move |chosen: &[String]| router.push(router.route_now().with("ns", &chosen.join(",")));
    let toggle = move |name: &str| {
        let mut chosen = cluster.chosen.get_untracked();
        match chosen.iter().position(|one| one == name) {
            Some(at) => drop(chosen.remove(at)),
            None => chosen.push(name.to_owned()),
        }
        chosen.arrange();
        choose(&chosen);
    };
    let shown = move || {
        let find = find.get().to_lowercase();
        names.get().into_iter().filter(|name| name.contains(&find)).collect::<Vec<_>>()
    };
    let choice = move |name: String| {
        let (of_name, toggled) = (name.clone(), name.clone());
        let is_chosen = move || cluster.chosen.with(|chosen| chosen.contains(&of_name));
        view! {
            <label class="menu__item">
                <input type="checkbox" prop:checked=is_chosen on:change=move |_| toggle(&toggled)/>
                <span class="ns-picker__name">{name}</span>
            </label>
        }
    };
    view! {
        <div class="menu ns-picker__menu">
            <Show when=move || names.with(|names| names.len() >= MANY)>
                <label class="input ns-picker__find">
                    <Icon name=IconName::Search/>
                    <input
                        type="search"
                        aria-label=tr(Msg::FilterByName)
                        placeholder=tr(Msg::FilterByName)
                        on:input:target=move |event| find.set(event.target().value())
                    />
                </label>
            </Show>
            <label class="menu__item">
                <input
                    type="checkbox"
                    prop:checked=move || cluster.chosen.with(Vec::is_empty)
                    on:change=move |_| choose(&[])
                />
                <span>{tr(Msg::AllNamespaces)}</span>
            </label>
            <div class="ns-picker__list">{move || shown().into_iter().map(choice).collect_view()}</div>
        </div>
    }
}
