//! What was done, told at the edge of the page for a while; what failed stays until somebody has read it.

use std::time::Duration;

use leptos::prelude::*;

use crate::components::{Icon, IconName, Tone};
use crate::i18n::{Msg, tr};

/// How long good news are seen.
const SEEN: Duration = Duration::from_secs(8);
/// Older ones go when there are more.
const MOST: usize = 5;

#[derive(Clone, Debug, PartialEq, Eq)]
struct Notice {
    id: u64,
    told: Told,
}

/// Something to tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) tone: Tone,
    pub(crate) text: String,
    /// Where it leads.
    pub(crate) way: Option<String>,
    /// How long it is seen; `None` until somebody has read it.
    pub(crate) stays: Option<Duration>,
}

/// What is told. Cheap to copy.
#[derive(Clone, Copy)]
pub(crate) struct Notices {
    all: RwSignal<Vec<Notice>>,
    next: StoredValue<u64>,
}

impl Notices {
    /// Tells something.
    pub(crate) fn tell(self, tone: Tone, text: String) {
        self.put(Told { tone, text, way: None, stays: (tone == Tone::Ok).then_some(SEEN) });
    }

    /// Tells something in its own way.
    pub(crate) fn put(self, told: Told) {
        let (id, stays) = (self.next.get_value(), told.stays);
        self.next.set_value(id + 1);
        self.all.update(|all| {
            all.push(Notice { id, told });
            let over = all.len().saturating_sub(MOST);
            all.drain(..over);
        });
        if let Some(stays) = stays {
            set_timeout(move || self.forget(id), stays);
        }
    }

    fn forget(self, id: u64) {
        self.all.try_update(|all| all.retain(|notice| notice.id != id));
    }
}

/// Puts them into the context.
pub(crate) fn provide_notices() -> Notices {
    let notices = Notices { all: RwSignal::new(Vec::new()), next: StoredValue::new(0) };
    provide_context(notices);
    notices
}

/// The notices of this application.
pub(crate) fn use_notices() -> Notices {
    expect_context()
}

/// The place where they are seen.
#[component]
pub(crate) fn NoticeList() -> impl IntoView {
    let notices = use_notices();
    let close = tr(Msg::Close);
    view! {
        <div class="notices" role="status" aria-live="polite">
            <For each=move || notices.all.get() key=|notice| notice.id let(notice)>
                <div class=format!("notice {}", notice.told.tone.class())>
                    <Icon name=notice.told.tone.icon()/>
                    <span class="notice__text">{words(notice.told.clone())}</span>
                    <button type="button" class="btn btn--quiet btn--icon btn--sm" aria-label=close on:click=move |_| notices.forget(notice.id)>
                        <Icon name=IconName::Close/>
                    </button>
                </div>
            </For>
        </div>
    }
}

/// What is told, as a link where it leads somewhere.
fn words(told: Told) -> AnyView {
    match told.way {
        Some(way) => view! { <a class="link" href=way>{told.text}</a> }.into_any(),
        None => told.text.into_any(),
    }
}
