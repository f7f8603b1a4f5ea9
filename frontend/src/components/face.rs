//! The faces of a view besides its content: loading, empty, error, denied, stale. Signed out is the sign-in page.

use leptos::prelude::*;

use super::{CopyButton, Icon, IconName, Tone};
use crate::api::{ApiError, use_session};
use crate::clock::use_clock;
use crate::format;
use crate::i18n::{Lang, Msg, Words, fill, tr, use_lang};
use crate::poll::{Failure, Feed};
use crate::range::SECOND;

/// What stands where content would: an icon, what is (not) there, why, and what can be done.
#[component]
pub(crate) fn Blank(
    #[prop(into)] icon: Signal<IconName>,
    /// Colours the icon; grey without.
    #[prop(optional)]
    tone: Option<Tone>,
    #[prop(into)] title: Signal<String>,
    #[prop(into)] why: Signal<String>,
    /// Buttons.
    #[prop(optional, into)]
    actions: Option<ViewFn>,
) -> impl IntoView {
    let class = format!("blank {}", tone.map(Tone::class).unwrap_or_default());
    view! {
        <div class=class>
            <Icon name=icon/>
            <p class="blank__title">{move || title.get()}</p>
            <p class="blank__why">{move || why.get()}</p>
            {actions.map(|actions| view! { <div class="blank__actions">{actions.run()}</div> })}
        </div>
    }
}

/// Grey bones where rows of a table will be.
#[component]
pub(crate) fn BoneRows(rows: usize) -> impl IntoView {
    let rows = (0..rows).map(|_| view! { <span class="bones__row"><i class="bone"></i><i class="bone"></i><i class="bone"></i></span> });
    view! {
        <div class="bones" role="status" aria-label=tr(Msg::Loading)>{rows.collect_view()}</div>
    }
}

/// Grey bones where a chart or a text will be.
#[component]
pub(crate) fn BoneLines() -> impl IntoView {
    view! {
        <div class="bones bones--block" role="status" aria-label=tr(Msg::Loading)>
            <i class="bone"></i>
            <i class="bone"></i>
        </div>
    }
}

/// Why there is no answer, and what happens next.
#[component]
pub(crate) fn FailureFace(
    #[prop(into)] failure: Signal<Failure>,
    /// What could not be had.
    #[prop(into)]
    what: Words,
    /// Asks again at once.
    #[prop(into)]
    on_retry: Callback<()>,
) -> impl IntoView {
    let lang = use_lang();
    let clock = use_clock();
    let session = use_session();
    let user = Signal::derive(move || session.user());
    let request = move |()| {
        let lang = lang.get_untracked();
        let url = window().location().href().unwrap_or_default();
        let why = failure.with_untracked(|failure| reason(lang, &failure.error));
        let user = user.get_untracked();
        let values = [("user", user.as_str()), ("what", what.text(lang)), ("url", &url), ("why", &why)];
        fill(Msg::AdminRequest.text(lang), &values)
    };
    let denied = Memo::new(move |_| failure.with(|failure| matches!(failure.error, ApiError::Denied(_))));
    let title = move || failure.with(|failure| title_words(lang.get(), what, &failure.error));
    let why = move || {
        let lang = lang.get();
        let (why, retry_at) = failure.with(|failure| (reason(lang, &failure.error), failure.retry_at));
        match retry_at {
            Some(at) => {
                let wait = ((at - clock.ticking() + SECOND - 1) / SECOND).max(0) * SECOND;
                let retry = fill(Msg::RetryIn.text(lang), &[("time", &format::duration(lang, wait))]);
                format!("{why} {retry}")
            }
            None => why,
        }
    };
    let view_of = move |is_denied: bool| {
        let actions = move || {
            if is_denied {
                view! { <CopyButton label=Msg::CopyRequest text=request/> }.into_any()
            } else {
                view! {
                    <button type="button" class="btn btn--sm" on:click=move |_| on_retry.run(())>{tr(Msg::TryNow)}</button>
                }
                .into_any()
            }
        };
        let (icon, tone) =
            if is_denied { (IconName::Lock, Tone::Unknown) } else { (IconName::Critical, Tone::Critical) };
        view! { <Blank icon=icon tone=tone title=Signal::derive(title) why=Signal::derive(why) actions=actions/> }
    };
    view! { <div role="alert">{move || view_of(denied.get())}</div> }
}

/// What failed.
fn title_words(lang: Lang, what: impl Into<Words>, error: &ApiError) -> String {
    let msg = match error {
        ApiError::Unreachable => Msg::CannotReach,
        ApiError::Denied(_) => Msg::DeniedTitle,
        _ => Msg::CannotLoad,
    };
    fill(msg.text(lang), &[("what", what.into().text(lang))])
}

/// The cause in a sentence.
fn reason(lang: Lang, error: &ApiError) -> String {
    match error {
        ApiError::Unreachable => Msg::CannotReachWhy.text(lang).to_owned(),
        ApiError::Denied(message) | ApiError::Query(message) | ApiError::Refused { message, .. } => {
            fill(Msg::ServerSaid.text(lang), &[("why", message)])
        }
        ApiError::Unreadable | ApiError::SignedOut | ApiError::Aborted => {
            Msg::NotUnderstood.text(lang).to_owned()
        }
    }
}

/// Which face a feed has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FaceKind {
    Loading,
    Failed,
    Content,
}

impl FaceKind {
    /// What was once there stays, whatever fails after it: late data is better than none.
    fn of(has_value: bool, has_failure: bool) -> Self {
        match (has_value, has_failure) {
            (true, _) => Self::Content,
            (false, true) => Self::Failed,
            (false, false) => Self::Loading,
        }
    }
}

/// Shows `content` as soon as the feed has an answer, and for as long: dimmed while newer ones fail to come. Until
/// then it shows bones, or why there is nothing.
#[component]
pub(crate) fn Faced<T: Send + Sync + 'static>(
    feed: Feed<T>,
    /// What the feed brings, for messages.
    #[prop(into)]
    what: Words,
    /// Shown while the first answer is on its way.
    #[prop(into)]
    bones: ViewFn,
    /// Drawn once; it reads the feed itself.
    #[prop(into)]
    content: ViewFn,
) -> impl IntoView {
    let kind = Memo::new(move |_| {
        FaceKind::of(feed.value.with(Option::is_some), feed.failure.with(Option::is_some))
    });
    let failure = Signal::derive(move || {
        feed.failure.get().unwrap_or(Failure { error: ApiError::Aborted, retry_at: None })
    });
    let is_stale = move || feed.failure.with(Option::is_some);
    move || match kind.get() {
        FaceKind::Loading => bones.run(),
        FaceKind::Failed => {
            view! { <FailureFace failure=failure what=what on_retry=move |()| feed.refresh()/> }.into_any()
        }
        FaceKind::Content => {
            view! { <div class="faced" class:is-stale=is_stale>{content.run()}</div> }.into_any()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bones_come_first_then_content_or_the_reason_why_not() {
        assert_eq!(FaceKind::of(false, false), FaceKind::Loading);
        assert_eq!(FaceKind::of(false, true), FaceKind::Failed);
        assert_eq!(FaceKind::of(true, false), FaceKind::Content);
    }

    #[test]
    fn content_stays_when_newer_content_fails_to_come() {
        assert_eq!(FaceKind::of(true, true), FaceKind::Content);
    }

    #[test]
    fn a_failure_says_what_failed_and_why() {
        let refused = ApiError::Refused { status: 500, message: "disk full".into() };
        assert_eq!(title_words(Lang::English, Msg::NodesWord, &refused), "Cannot load the nodes");
        assert_eq!(reason(Lang::English, &refused), "The server answered: disk full");
        assert_eq!(
            title_words(Lang::English, Msg::NodesWord, &ApiError::Unreachable),
            "Cannot reach the server"
        );
    }

    #[test]
    fn what_may_not_be_seen_is_named() {
        let denied = ApiError::Denied("needs get on nodes".into());
        assert_eq!(title_words(Lang::English, Msg::NodesWord, &denied), "You may not see the nodes here");
        assert_eq!(title_words(Lang::Korean, Msg::NodesWord, &denied), "노드 정보를 볼 권한이 없습니다");
        assert_eq!(reason(Lang::English, &denied), "The server answered: needs get on nodes");
    }
}
