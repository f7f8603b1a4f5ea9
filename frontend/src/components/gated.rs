//! Actions that somebody may not take: seen, switched off, and explained.

use crowsnest_api::access::Right;
use leptos::prelude::*;

use super::{CopyButton, Icon, IconName, Popover};
use crate::access::{needs_words, role_manifest};
use crate::i18n::{Msg, fill, tr, use_lang};

/// A button for whoever has the rights; for others the same button, switched off, which says what is missing when asked.
#[component]
pub(crate) fn GatedButton(
    /// What it does.
    label: Msg,
    icon: IconName,
    /// More classes, such as `btn--primary`.
    #[prop(optional, into)]
    class: String,
    /// The rights that the user lacks; `None` until that is known.
    missing: Signal<Option<Vec<Right>>>,
    /// Who the user is.
    #[prop(into)]
    user: Signal<String>,
    #[prop(into)] on_click: Callback<()>,
) -> impl IntoView {
    let lang = use_lang();
    let open = RwSignal::new(false);
    let lacking = Memo::new(move |_| missing.get().unwrap_or_default());
    let is_refused = Memo::new(move |_| lacking.with(|lacking| !lacking.is_empty()));
    let is_known = Memo::new(move |_| missing.with(Option::is_some));
    let refused = Signal::derive(move || {
        let lang = lang.get();
        fill(Msg::NotAllowedTo.text(lang), &[("action", label.text(lang))])
    });
    move || {
        if is_refused.get() {
            view! {
                <Popover
                    open=open
                    label=refused
                    class=format!("btn {class} is-refused")
                    is_refused=true
                    trigger=move || view! { <Icon name=IconName::Lock/>{tr(label)} }
                >
                    <div class="refused"><Missing rights=lacking user=user/></div>
                </Popover>
            }
            .into_any()
        } else {
            view! {
                <button
                    type="button"
                    class=format!("btn {class}")
                    disabled=move || !is_known.get()
                    on:click=move |_| on_click.run(())
                >
                    <Icon name=icon/>
                    {tr(label)}
                </button>
            }
            .into_any()
        }
    }
}

/// What somebody lacks, in words, and a Role that would give it to them.
#[component]
pub(crate) fn Missing(
    #[prop(into)] rights: Signal<Vec<Right>>,
    #[prop(into)] user: Signal<String>,
) -> impl IntoView {
    let lang = use_lang();
    let words = move || {
        let (lang, user) = (lang.get(), user.get());
        let line = |right: &Right| view! { <li>{needs_words(lang, &user, right)}</li> };
        rights.with(|rights| rights.iter().map(line).collect_view())
    };
    let manifest = Memo::new(move |_| rights.with(|rights| role_manifest(&user.get(), rights)));
    view! {
        <ul class="missing__rights">{words}</ul>
        <p class="missing__how">{tr(Msg::RoleSnippetWhy)}</p>
        <pre class="snippet" tabindex="0" role="region" aria-label=tr(Msg::RoleSnippet)>{manifest}</pre>
        <CopyButton label=Msg::CopyRole text=move |()| manifest.get_untracked()/>
    }
}
