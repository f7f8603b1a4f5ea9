//! The sign-in page: who will I be here, and is this the real one?

use std::time::Duration;

use crowsnest_api::session::{LoginAt, OidcAnswer, Shown, SignIn as Credentials, Way, Ways};
use gloo_timers::future::sleep;
use leptos::ev;
use leptos::html;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen::JsValue;
use web_sys::UrlSearchParams;

use crate::api::{ApiError, Client, Farewell, SessionState, use_client, use_session};
use crate::components::{
    Brand, ChosenFile, FileField, Icon, IconName, LanguageSelect, Segmented, ThemeButton, Tone,
};
use crate::i18n::{Lang, Msg, fill, tr, use_lang};

/// Where the ways in are told.
const WAYS: &str = "api/crowsnest/v1/session/ways";
/// Where a login at the issuer begins.
const BEGIN: &str = "api/crowsnest/v1/session/oidc";
/// Under which this tab remembers where its user was.
const PLACE: &str = "crowsnest-place";

/// How long the form waits for them.
const PATIENCE: Duration = Duration::from_secs(2);

/// Why the last attempt failed.
#[derive(Clone, PartialEq)]
enum Complaint {
    Missing,
    Failed(ApiError),
}

/// What has been entered so far, whatever the way.
#[derive(Clone, Copy, Default)]
struct Entered {
    token: RwSignal<String>,
    user: RwSignal<String>,
    password: RwSignal<String>,
    file: RwSignal<Option<ChosenFile>>,
}

impl Entered {
    /// What to send, if everything that this way needs is there.
    fn credentials(self, way: Way) -> Option<Credentials> {
        let trimmed = |signal: RwSignal<String>| {
            Some(signal.with_untracked(|text| text.trim().to_owned())).filter(|text| !text.is_empty())
        };
        let password = self.password.get_untracked();
        Some(match way {
            Way::Token => Credentials::Token { token: trimmed(self.token)? },
            Way::P12 => Credentials::Pkcs12 { p12: base64(&self.file.get_untracked()?.bytes)?, password },
            Way::Kubeconfig => {
                let text = self.file.get_untracked()?.bytes;
                Credentials::Kubeconfig { kubeconfig: String::from_utf8_lossy(&text).into_owned() }
            }
            Way::Certificate => Credentials::Certificate { certificate: true },
            // The issuer sends the browser back with them.
            Way::Oidc => return None,
            Way::Password if password.is_empty() => return None,
            Way::Password => Credentials::Password { user: trimmed(self.user)?, password },
        })
    }
}

/// Goes to the issuer. Where the user was is kept in this tab, since the issuer's answer comes without it.
async fn leave_for_issuer(client: Client) -> Result<(), ApiError> {
    let at: LoginAt = client.post_credentials(BEGIN, &()).await?;
    let location = window().location();
    if let (Ok(Some(storage)), Ok(hash)) = (window().session_storage(), location.hash()) {
        // A browser without storage goes to the overview.
        let _ = storage.set_item(PLACE, &hash);
    }
    location.set_href(&at.url).map_err(|_| ApiError::Unreadable)
}

/// What the issuer has sent the browser back with, taken out of the address and of the history.
fn take_answer() -> Option<OidcAnswer> {
    let location = window().location();
    let params = UrlSearchParams::new_with_str(&location.search().ok()?).ok()?;
    let state = params.get("state")?;
    let storage = window().session_storage().ok().flatten();
    let place = storage.as_ref().and_then(|storage| storage.get_item(PLACE).ok().flatten());
    if let Some(storage) = storage {
        let _ = storage.remove_item(PLACE);
    }
    let address = location.pathname().ok()?;
    let _ = window().history().ok()?.replace_state_with_url(&JsValue::NULL, "", Some(&address));
    if let Some(place) = place.filter(|place| place.starts_with('#')) {
        // Unlike a new state of the history, this tells the router.
        let _ = location.replace(&place);
    }
    Some(OidcAnswer { code: params.get("code").unwrap_or_default(), state, iss: params.get("iss") })
}

/// What a way is called: its choice, its button, and what is missing.
const fn words_of(way: Way) -> [Msg; 3] {
    match way {
        Way::Token => [Msg::WayToken, Msg::SignInWithToken, Msg::TokenMissing],
        Way::P12 => [Msg::WayCertificate, Msg::SignInWithCertificate, Msg::FileMissing],
        Way::Kubeconfig => [Msg::WayKubeconfig, Msg::SignInWithKubeconfig, Msg::FileMissing],
        // Nothing has to be entered, so nothing is ever missing.
        Way::Certificate => [Msg::WayBrowser, Msg::SignInWithCertificate, Msg::SignInWithCertificate],
        Way::Oidc => [Msg::WayOidc, Msg::SignIn, Msg::SignIn],
        Way::Password => [Msg::WayPassword, Msg::SignIn, Msg::PasswordMissing],
    }
}

/// The browser's own encoder takes text of which each character is a byte.
fn base64(bytes: &[u8]) -> Option<String> {
    window().btoa(&bytes.iter().map(|byte| char::from(*byte)).collect::<String>()).ok()
}

/// The page shown to whoever has no session. What the URL says is kept, so that signing in goes there.
#[component]
pub(crate) fn SignIn() -> impl IntoView {
    let client = use_client();
    let session = use_session();
    let lang = use_lang();
    let way = RwSignal::new(Way::Token);
    let ways = RwSignal::new(vec![Way::Token]);
    // The form comes when the ways are known: choices that push it down later would move the button from under the pointer.
    let asking = RwSignal::new(true);
    let is_known = Memo::new(move |_| !asking.get());
    let shown = RwSignal::new(None::<Shown>);
    let issuer = RwSignal::new(String::new());
    // Before anything else is asked, so that the address does not keep it.
    let came_back = take_answer();
    let entered = Entered::default();
    let busy = RwSignal::new(false);
    let complaint = RwSignal::new(None::<Complaint>);
    let first_field = NodeRef::<html::Input>::new();

    Effect::new(move || {
        document().set_title(&format!("{} · Crowsnest", Msg::SignIn.text(lang.get())));
    });
    Effect::new(move || {
        if let Some(field) = first_field.get() {
            let _ = field.focus();
        }
    });

    if let Some(oidc) = came_back {
        busy.set(true);
        spawn_local(async move {
            if let Err(error) = session.sign_in(client, &Credentials::Oidc { oidc }).await {
                complaint.try_set(Some(Complaint::Failed(error)));
                busy.try_set(false);
            }
        });
    }
    spawn_local(async move {
        // Without an answer there is the way that is always there.
        if let Ok(found) = client.get::<Ways>(WAYS, "", None).await
            && let Some(first) = found.ways.first().copied()
        {
            way.try_update(|way| {
                if !found.ways.contains(way) || found.certificate.is_some() || found.issuer.is_some() {
                    *way = first;
                }
            });
            ways.try_set(found.ways);
            // Whoever the API server knows is in, unless they have just left.
            let at_once = found.certificate.as_ref().is_some_and(|shown| shown.sign_on)
                && !matches!(untrack(|| session.state()), SessionState::Out(Farewell::Left));
            shown.try_set(found.certificate);
            issuer.try_set(found.issuer.unwrap_or_default());
            asking.try_set(false);
            if at_once
                && let Err(error) =
                    session.sign_in(client, &Credentials::Certificate { certificate: true }).await
            {
                complaint.try_set(Some(Complaint::Failed(error)));
            }
        }
        asking.try_set(false);
    });
    spawn_local(async move {
        sleep(PATIENCE).await;
        asking.try_set(false);
    });

    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        if way.get_untracked() == Way::Oidc {
            if !busy.get_untracked() {
                busy.set(true);
                complaint.set(None);
                spawn_local(async move {
                    if let Err(error) = leave_for_issuer(client).await {
                        complaint.try_set(Some(Complaint::Failed(error)));
                        busy.try_set(false);
                    }
                });
            }
            return;
        }
        let Some(credentials) = entered.credentials(way.get_untracked()) else {
            complaint.set(Some(Complaint::Missing));
            return;
        };
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        complaint.set(None);
        spawn_local(async move {
            if let Err(error) = session.sign_in(client, &credentials).await {
                // On success the page is gone, and its signals with it.
                complaint.try_set(Some(Complaint::Failed(error)));
                busy.try_set(false);
            }
        });
    };

    let notice = move || match session.state() {
        SessionState::Out(Farewell::Ended) => Some((Tone::Warning, Msg::SessionEnded)),
        SessionState::Out(Farewell::Left) => Some((Tone::Ok, Msg::SignedOut)),
        _ => None,
    };
    let host = window().location().host().unwrap_or_default();
    let encrypted = window().location().protocol().is_ok_and(|protocol| protocol == "https:");
    let choices = move || {
        let lang = lang.get();
        ways.get().into_iter().map(|way| (way, words_of(way)[0].text(lang).to_owned())).collect()
    };
    let change_way = move |chosen| {
        complaint.set(None);
        entered.file.set(None);
        way.set(chosen);
    };
    let words = move || match (busy.get(), way.get(), shown.get()) {
        (true, ..) => Msg::SigningIn.text(lang.get()).to_owned(),
        (_, Way::Certificate, Some(shown)) => {
            fill(Msg::ContinueAs.text(lang.get()), &[("user", &shown.user)])
        }
        (_, Way::Oidc, _) => fill(Msg::SignInAt.text(lang.get()), &[("issuer", &issuer.get())]),
        (_, way, _) => words_of(way)[1].text(lang.get()).to_owned(),
    };
    let is_wrong = Signal::derive(move || complaint.with(Option::is_some));
    let file = NodeRef::new();
    let fields = move || {
        match way.get() {
        Way::Token => view! {
            <SecretField label=Msg::BearerToken value=entered.token autocomplete="off" is_wrong=is_wrong node_ref=first_field/>
            <Help asked=Msg::HowToGetToken answer=Msg::HowToGetTokenBody/>
        }
        .into_any(),
        Way::P12 => view! {
            <FileField label=Msg::CertificateFile accept=".p12,.pfx" value=entered.file is_wrong=is_wrong node_ref=file/>
            <SecretField label=Msg::FilePassword value=entered.password autocomplete="off" is_wrong=is_wrong node_ref=NodeRef::new()/>
            <Help asked=Msg::WhatHappensToFile answer=Msg::WhatHappensToFileBody/>
        }
        .into_any(),
        Way::Kubeconfig => view! {
            <FileField label=Msg::KubeconfigFile accept="" value=entered.file is_wrong=is_wrong node_ref=file/>
            <Help asked=Msg::WhichKubeconfig answer=Msg::WhichKubeconfigBody/>
        }
        .into_any(),
        Way::Certificate => ().into_any(),
        Way::Oidc => view! { <Help asked=Msg::WhatHappensAtIssuer answer=Msg::WhatHappensAtIssuerBody/> }.into_any(),
        Way::Password => view! {
            <UserField value=entered.user is_wrong=is_wrong node_ref=first_field/>
            <SecretField label=Msg::Password value=entered.password autocomplete="current-password" is_wrong=is_wrong node_ref=NodeRef::new()/>
        }
        .into_any(),
    }
    };
    view! {
        <div class="sign-in">
            <header class="sign-in__top">
                <Brand/>
                <div class="sign-in__switches">
                    <LanguageSelect/>
                    <ThemeButton/>
                </div>
            </header>
            <main class="sign-in__main">
                <div class="sign-in__card">
                    <div class="sign-in__head">
                        <h1 class="sign-in__title">{tr(Msg::SignInTitle)}</h1>
                        <p class="sign-in__where">{where_words(lang, host)}</p>
                    </div>
                    <div role="status">
                        {move || {
                            notice()
                                .map(|(tone, msg)| {
                                    view! {
                                        <p class=format!("note {}", tone.class())>
                                            <Icon name=tone.icon()/>
                                            {tr(msg)}
                                        </p>
                                    }
                                })
                        }}
                    </div>
                    {move || {
                        is_known.get().then(|| view! {
                            <form class="sign-in__form" on:submit=submit novalidate>
                                <Show when=move || ways.with(|ways| ways.len() > 1)>
                                    <Segmented
                                        label=Signal::derive(move || Msg::SignInWays.text(lang.get()).to_owned())
                                        options=Signal::derive(choices)
                                        value=way
                                        on_change=change_way
                                        block=true
                                    />
                                </Show>
                                {fields}
                                <div role="alert">
                                    {move || {
                                        complaint
                                            .get()
                                            .map(|complaint| {
                                                view! {
                                                    <p class="sign-in__complaint is-critical">
                                                        <Icon name=IconName::Critical/>
                                                        <span>{complaint_words(lang.get(), way.get_untracked(), &complaint)}</span>
                                                    </p>
                                                }
                                            })
                                    }}
                                </div>
                                <button type="submit" class="btn btn--primary btn--lg btn--block" aria-busy=move || busy.get().to_string()>
                                    {words}
                                </button>
                            </form>
                        })
                    }}
                </div>
            </main>
            <footer class="sign-in__foot">
                <span class="sign-in__transport">
                    <Icon name=if encrypted { IconName::Lock } else { IconName::Unlock }/>
                    {tr(if encrypted { Msg::OverTls } else { Msg::OverPlain })}
                </span>
                <span>
                    {move || fill(Msg::Version.text(lang.get()), &[("version", env!("CARGO_PKG_VERSION"))])}
                </span>
            </footer>
        </div>
    }
}

/// A question that some have, and its answer for those who ask.
#[component]
fn Help(asked: Msg, answer: Msg) -> impl IntoView {
    view! {
        <details class="sign-in__help">
            <summary>{tr(asked)}</summary>
            <p>{tr(answer)}</p>
        </details>
    }
}

#[component]
fn UserField(
    value: RwSignal<String>,
    is_wrong: Signal<bool>,
    node_ref: NodeRef<html::Input>,
) -> impl IntoView {
    view! {
        <label class="field">
            <span class="field__label">{tr(Msg::User)}</span>
            <span class="input input--lg" class:is-wrong=is_wrong>
                <input
                    node_ref=node_ref
                    type="text"
                    name="username"
                    autocomplete="username"
                    autocapitalize="off"
                    spellcheck="false"
                    prop:value=move || value.get()
                    on:input:target=move |event| value.set(event.target().value())
                />
            </span>
        </label>
    }
}

/// A field whose content is hidden until asked for.
#[component]
fn SecretField(
    label: Msg,
    value: RwSignal<String>,
    autocomplete: &'static str,
    is_wrong: Signal<bool>,
    node_ref: NodeRef<html::Input>,
) -> impl IntoView {
    let lang = use_lang();
    let shown = RwSignal::new(false);
    let toggle = move || if shown.get() { Msg::HideSecret } else { Msg::ShowSecret }.text(lang.get());
    view! {
        <div class="field">
            <label class="field__label" for="secret">{tr(label)}</label>
            <span class="input input--lg" class:is-wrong=is_wrong>
                <input
                    node_ref=node_ref
                    id="secret"
                    class="mono"
                    type=move || if shown.get() { "text" } else { "password" }
                    autocomplete=autocomplete
                    autocapitalize="off"
                    spellcheck="false"
                    aria-invalid=move || is_wrong.get().to_string()
                    prop:value=move || value.get()
                    on:input:target=move |event| value.set(event.target().value())
                />
                <button
                    type="button"
                    class="btn btn--quiet btn--icon btn--sm"
                    aria-label=toggle
                    title=toggle
                    aria-pressed=move || shown.get().to_string()
                    on:click=move |_| shown.update(|shown| *shown = !*shown)
                >
                    <Icon name=Signal::derive(move || if shown.get() { IconName::EyeOff } else { IconName::Eye })/>
                </button>
            </span>
        </div>
    }
}

/// The sentence under the title, its host in code.
fn where_words(lang: Signal<Lang>, host: String) -> impl Fn() -> AnyView {
    move || {
        let text = Msg::SignInWhere.text(lang.get());
        let (before, after) = text.split_once("{host}").unwrap_or((text, ""));
        view! { {before}<code>{host.clone()}</code>{after} }.into_any()
    }
}

fn complaint_words(lang: Lang, way: Way, complaint: &Complaint) -> String {
    let msg = match (complaint, way) {
        (Complaint::Missing, way) => words_of(way)[2],
        (Complaint::Failed(ApiError::Refused { status: 401, message }), Way::Token) => {
            let refused = Msg::TokenRefused.text(lang);
            // Where accounts of a cluster sign in, the server knows how to get a good token.
            return match message.contains("kubectl") {
                true => format!("{refused} {}", fill(Msg::ServerSaid.text(lang), &[("why", message)])),
                false => refused.to_owned(),
            };
        }
        (Complaint::Failed(ApiError::Refused { status: 401, .. }), Way::Password) => Msg::PasswordRefused,
        (Complaint::Failed(ApiError::Unreachable | ApiError::Aborted), _) => Msg::CannotReachWhy,
        (Complaint::Failed(ApiError::Unreadable | ApiError::SignedOut), _) => Msg::NotUnderstood,
        (
            Complaint::Failed(
                ApiError::Denied(message) | ApiError::Query(message) | ApiError::Refused { message, .. },
            ),
            _,
        ) => return fill(Msg::ServerSaid.text(lang), &[("why", message)]),
    };
    msg.text(lang).to_owned()
}
