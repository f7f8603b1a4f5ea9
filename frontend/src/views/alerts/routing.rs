//! Who is told of alerts: typed here, where no file says it.

use crowsnest_api::alerts::{Routing, RoutingSource, SavingRouting};
use leptos::ev;
use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::api::{Refusal, fetch_routing, save_routing, use_client};
use crate::components::{Blank, BoneRows, Faced, IconName, Panel, Tone};
use crate::i18n::{Msg, tr, use_lang};
use crate::notices::use_notices;
use crate::poll::{Cadence, Feed, poll};
use crate::views::act::RefusalFace;

/// What there is to begin with.
const EXAMPLE: &str = "\
route:
  receiver: team
  group_by: [alertname, namespace]
  routes:
  - matchers: [severity=~\"critical|page\"]
    receiver: on-call
receivers:
- name: team
  webhook_configs:
  - url: http://example.org/alerts
- name: on-call
  ntfy_configs:
  - topic: alerts
    chart: true
";

/// The text, or who says it instead.
#[component]
pub(super) fn RoutingView() -> impl IntoView {
    let (client, lang) = (use_client(), use_lang());
    let feed = poll(|| ((), Cadence::Once), move |(), abort| fetch_routing(client, abort));
    let word = move |msg: Msg| Signal::derive(move || msg.text(lang.get()).to_owned());
    let content = move || {
        let routing = feed.value.get().unwrap_or_default();
        let elsewhere = |why: Msg| {
            view! { <Blank icon=IconName::Bell title=word(Msg::RoutedElsewhere) why=word(why)/> }.into_any()
        };
        match (routing.source, routing.may_change) {
            (RoutingSource::File, _) => elsewhere(Msg::RoutedByFile),
            (RoutingSource::Forwarded, _) => elsewhere(Msg::RoutedByForwarding),
            (RoutingSource::Nobody | RoutingSource::Typed, false) => elsewhere(Msg::RoutedByOthers),
            (RoutingSource::Nobody | RoutingSource::Typed, true) => {
                view! { <RoutingForm feed=feed routing=routing/> }.into_any()
            }
        }
    };
    view! { <Faced feed=feed what=Msg::RoutingWord bones=|| view! { <BoneRows rows=6/> } content=content/> }
}

#[component]
fn RoutingForm(feed: Feed<Routing>, routing: Routing) -> impl IntoView {
    let (client, lang, notices) = (use_client(), use_lang(), use_notices());
    let is_new = routing.text.trim().is_empty();
    let text = RwSignal::new(if is_new { EXAMPLE.to_owned() } else { routing.text });
    let refusal = RwSignal::new(None::<Refusal>);
    let busy = RwSignal::new(false);
    let version = routing.version;
    let send = move |text: String| {
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        spawn_local(async move {
            let result = save_routing(client, &SavingRouting { text, version }).await;
            busy.try_set(false);
            match result {
                Ok(()) => {
                    notices.tell(Tone::Ok, Msg::RoutingSaved.text(lang.get_untracked()).to_owned());
                    feed.refresh();
                }
                Err(why) => drop(refusal.try_set(Some(why))),
            }
        });
    };
    let save = move |event: ev::SubmitEvent| {
        event.prevent_default();
        send(text.get_untracked());
    };
    let title = Signal::derive(move || Msg::RoutingTitle.text(lang.get()).to_owned());
    view! {
        <Panel title=title>
            <form class="rule-editor__form" on:submit=save>
                <p class="field__hint">{tr(Msg::RoutingWhy)}</p>
                <label class="field">
                    <span class="field__label">{tr(Msg::RoutingText)}</span>
                    <textarea
                        class="textarea mono"
                        rows="20"
                        spellcheck="false"
                        prop:value=move || text.get()
                        on:input:target=move |event| text.set(event.target().value())
                    ></textarea>
                </label>
                {move || refusal.get().map(|refusal| view! { <RefusalFace refusal=refusal/> })}
                <div class="dialog__foot">
                    <Show when=move || !is_new>
                        <button type="button" class="btn is-critical" disabled=move || busy.get() on:click=move |_| send(String::new())>
                            {tr(Msg::RoutingRemove)}
                        </button>
                    </Show>
                    <button type="submit" class="btn btn--primary" disabled=move || busy.get()>{tr(Msg::Save)}</button>
                </div>
            </form>
        </Panel>
    }
}
