//! Doing something to objects: the buttons, and the window that asks before.

mod bar;
mod drain;
mod form;
mod goes;
mod refused;
mod roll_back;

use crate::json::Value;
use leptos::prelude::*;
use leptos::task::spawn_local;

use self::drain::Drain;
use self::form::ActionForm;
use self::roll_back::RollBack;
use super::parts::{self, Lazy};
use crate::actions::{Action, Danger, Given, Window};
use crate::api::{ApiError, ObjectRef, change, read_object, use_client};
use crate::clock::use_clock;
use crate::components::{BoneLines, Dialog, Tone};
use crate::i18n::{Lang, Msg, fill, use_lang};
use crate::notices::use_notices;

pub(super) use bar::{ActionBar, Bulk};
pub(super) use form::AskedField;
pub(super) use refused::{RefusalFace, why};

/// An object that something is done to, as far as it is known.
pub(crate) type Subject = (ObjectRef, Value);

/// What somebody chose to do, and to what.
#[derive(Clone)]
pub(super) struct Chosen {
    action: &'static Action,
    targets: Vec<ObjectRef>,
}

/// The action under way on a page. Cheap to copy.
#[derive(Clone, Copy)]
pub(super) struct Acting {
    chosen: RwSignal<Option<Chosen>>,
    open: RwSignal<bool>,
    /// Called when something has been done.
    on_done: Callback<()>,
}

impl Acting {
    /// Nothing is under way.
    pub(super) fn new(on_done: Callback<()>) -> Self {
        Self { chosen: RwSignal::new(None), open: RwSignal::new(false), on_done }
    }

    fn ask(self, action: &'static Action, targets: Vec<ObjectRef>) {
        self.chosen.set(Some(Chosen { action, targets }));
        self.open.set(true);
    }

    /// Closes the window.
    fn done(self) {
        self.open.try_set(false);
        self.on_done.run(());
    }
}

/// Begins an action: at once where nothing is asked before it, else by its window.
fn begin(acting: Acting) -> impl Fn(&'static Action, Vec<ObjectRef>) + Copy + 'static {
    let (client, lang, notices, now) = (use_client(), use_lang(), use_notices(), rfc3339());
    move |action, targets| {
        let asks = action.danger != Danger::Plain || !action.fields.is_empty() || targets.len() != 1;
        if asks {
            return acting.ask(action, targets);
        }
        let Some(target) = targets.into_iter().next() else { return };
        spawn_local(async move {
            let name = target.name.clone();
            let now = now();
            let result = async {
                let object = read_object(client, &target, false).await?;
                let changes = (action.changes)(&target, &object, &Given { values: &[], now: &now });
                for one in changes.unwrap_or_default() {
                    change(client, &one).await?;
                }
                Ok(())
            }
            .await;
            let lang = lang.get_untracked();
            match result {
                Ok(()) => notices.tell(Tone::Ok, told(lang, Msg::ActionDone, action, &name)),
                Err(refusal) => {
                    notices.tell(
                        Tone::Critical,
                        format!("{} {}", told(lang, Msg::ActionFailed, action, &name), why(lang, &refusal)),
                    );
                }
            }
        });
    }
}

/// "Scale: web": what was done to what.
fn told(lang: Lang, msg: Msg, action: &Action, name: &str) -> String {
    fill(msg.text(lang), &[("action", action.label.text(lang)), ("name", name)])
}

/// Now, as Kubernetes writes times.
fn rfc3339() -> impl Fn() -> String + Copy + 'static {
    let clock = use_clock();
    move || {
        let now = js_sys::Date::new(&wasm_bindgen::JsValue::from_f64(clock.now() as f64));
        let text = String::from(now.to_iso_string());
        // Kubernetes has whole seconds.
        text.split_once('.').map_or(text.clone(), |(seconds, _)| format!("{seconds}Z"))
    }
}

/// The window of the action that was chosen.
#[component]
pub(super) fn ActionWindow(acting: Acting) -> impl IntoView {
    let lang = use_lang();
    let title = Signal::derive(move || {
        let lang = lang.get();
        acting.chosen.with(|chosen| match chosen {
            None => String::new(),
            Some(Chosen { action, targets }) => {
                let what = match targets.as_slice() {
                    [one] => one.name.clone(),
                    many => fill(Msg::ObjectsCount.text(lang), &[("n", &many.len().to_string())]),
                };
                format!("{} · {what}", action.label.text(lang))
            }
        })
    });
    view! {
        <Dialog title=title open=acting.open>
            {move || acting.chosen.get().map(|chosen| {
                view! { <Lazy part=move || parts::act(acting, chosen.clone())/> }
            })}
        </Dialog>
    }
}

/// The objects as they are now, then what is asked.
#[component]
pub(super) fn Asked(acting: Acting, chosen: Chosen) -> impl IntoView {
    let lang = use_lang();
    let client = use_client();
    let Chosen { action, targets } = chosen;
    let loaded = RwSignal::new(None::<Result<Vec<Subject>, ApiError>>);
    spawn_local(async move {
        let mut subjects = Vec::with_capacity(targets.len());
        for target in targets {
            match read_object(client, &target, false).await {
                Ok(object) => subjects.push((target, object)),
                Err(error) => {
                    loaded.try_set(Some(Err(error)));
                    return;
                }
            }
        }
        loaded.try_set(Some(Ok(subjects)));
    });
    move || match loaded.get() {
        None => view! { <BoneLines/> }.into_any(),
        Some(Err(error)) => {
            let text = move || why(lang.get(), &error.clone().into());
            view! { <p class="act__complaint" role="alert">{text}</p> }.into_any()
        }
        Some(Ok(subjects)) => match (action.window, subjects.first().cloned()) {
            (Window::Drain, Some(node)) => view! { <Drain acting=acting node=node/> }.into_any(),
            (Window::RollBack, Some(subject)) => {
                view! { <RollBack acting=acting action=action subject=subject/> }.into_any()
            }
            _ => view! { <ActionForm acting=acting action=action subjects=subjects/> }.into_any(),
        },
    }
}
