//! The queries of all panels that are seen, gathered for a moment and sent in few requests.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use crowsnest_api::answers::{Answer, Question, Questions};
use futures_channel::oneshot;
use futures_util::future::{Either, select};
use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{AbortController, AbortSignal};

use crate::api::{ApiError, Client, fetch_answers, use_client};

/// How long queries are gathered: panels that come into sight together ask within one frame.
const GATHER: Duration = Duration::from_millis(12);
/// Queries in one request. What is seen first is answered first, and few requests go at once.
const IN_ONE: usize = 24;

/// One panel's queries, and where their answers go.
struct Waiting {
    questions: Vec<Question>,
    reply: oneshot::Sender<Result<Vec<Answer>, ApiError>>,
    signal: AbortSignal,
}

/// Gathers and sends. Cheap to copy.
#[derive(Clone, Copy)]
pub(crate) struct Asker {
    client: Client,
    waiting: StoredValue<Rc<RefCell<Vec<Waiting>>>, LocalStorage>,
}

/// Puts one into the context.
pub(crate) fn provide_asker() {
    provide_context(Asker { client: use_client(), waiting: StoredValue::new_local(Rc::default()) });
}

/// The asker of this page.
pub(crate) fn use_asker() -> Asker {
    expect_context()
}

impl Asker {
    /// The answers to `questions`, in their order.
    pub(crate) async fn ask(
        self,
        questions: Vec<Question>,
        signal: AbortSignal,
    ) -> Result<Vec<Answer>, ApiError> {
        if questions.is_empty() {
            return Ok(Vec::new());
        }
        let (reply, answer) = oneshot::channel();
        let Some(waiting) = self.waiting.try_get_value() else { return Err(ApiError::Aborted) };
        let is_first = waiting.borrow().is_empty();
        waiting.borrow_mut().push(Waiting { questions, reply, signal: signal.clone() });
        if is_first {
            set_timeout(move || self.send(), GATHER);
        }
        // Whoever gives up drops the receiving end, by which the request learns of it.
        match select(answer, aborted(&signal)).await {
            Either::Left((Ok(answer), _)) => answer,
            _ => Err(ApiError::Aborted),
        }
    }

    fn send(self) {
        let Some(waiting) = self.waiting.try_get_value() else { return };
        let mut batch = Vec::new();
        let mut queries = 0;
        for one in waiting.take() {
            if one.signal.aborted() {
                continue;
            }
            if queries > 0 && queries + one.questions.len() > IN_ONE {
                self.send_batch(std::mem::take(&mut batch));
                queries = 0;
            }
            queries += one.questions.len();
            batch.push(one);
        }
        if !batch.is_empty() {
            self.send_batch(batch);
        }
    }

    fn send_batch(self, batch: Vec<Waiting>) {
        let queries = batch.iter().flat_map(|one| one.questions.iter().cloned()).collect();
        let (lengths, replies): (Vec<usize>, Vec<_>) =
            batch.into_iter().map(|one| (one.questions.len(), one.reply)).unzip();
        let Ok(controller) = AbortController::new() else { return };
        let signal = controller.signal();
        let client = self.client;
        spawn_local(async move {
            let mut replies = replies;
            let gone = async {
                for reply in &mut replies {
                    reply.cancellation().await;
                }
            };
            let questions = Questions { queries };
            let answers = Box::pin(fetch_answers(client, &questions, &signal));
            let answers = match select(answers, Box::pin(gone)).await {
                Either::Left((answers, _)) => answers,
                // Nobody waits for any of it.
                Either::Right(((), _)) => return controller.abort(),
            };
            hand_out(answers, &lengths, replies);
        });
    }
}

/// Gives each panel the answers to its own queries.
fn hand_out(
    answers: Result<Vec<Answer>, ApiError>,
    lengths: &[usize],
    replies: Vec<oneshot::Sender<Result<Vec<Answer>, ApiError>>>,
) {
    let mut answers = match answers {
        Ok(answers) => answers,
        Err(error) => {
            for reply in replies {
                drop(reply.send(Err(error.clone())));
            }
            return;
        }
    };
    answers.sort_by_key(|answer| answer.index);
    let mut answers = answers.into_iter();
    for (length, reply) in lengths.iter().zip(replies) {
        let own: Vec<Answer> = answers.by_ref().take(*length).collect();
        let answer = if own.len() == *length { Ok(own) } else { Err(ApiError::Unreadable) };
        drop(reply.send(answer));
    }
}

/// Ends when `signal` does.
fn aborted(signal: &AbortSignal) -> oneshot::Receiver<()> {
    let (sender, receiver) = oneshot::channel();
    let mut sender = Some(sender);
    let on_abort = Closure::once_into_js(move || {
        if let Some(sender) = sender.take() {
            // Nobody may be listening any more.
            let _ = sender.send(());
        }
    });
    if signal.aborted() {
        // It will not be told again.
        let _ = on_abort.unchecked_ref::<js_sys::Function>().call0(&wasm_bindgen::JsValue::NULL);
    } else {
        signal.set_onabort(Some(on_abort.unchecked_ref()));
    }
    receiver
}
