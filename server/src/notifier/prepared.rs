//! What is sent to an integration: an HTTP request, or an e-mail.

use crowsnest_alerting::alertmanager::Integration;
use crowsnest_alerting::dispatch::Notification;
use crowsnest_alerting::message::Templates;

use super::deliver::Failure;
use super::mail::Letter;
use super::request::{self, Request};
use super::told::Shown;
use crate::fetch::Fetcher;

/// What a receiver said.
#[derive(Clone, Debug, Default)]
pub(super) struct Answer {
    pub(super) status: Option<u16>,
    /// Its words, or why there are none.
    pub(super) text: String,
}

impl Answer {
    /// There is none, because an attempt has failed.
    pub(super) fn none(failure: &Failure) -> Self {
        let (Failure::Passing(text) | Failure::Final(text)) = failure;
        Self { status: None, text: text.clone() }
    }
}

/// A notification that is ready to be sent.
pub(super) enum Prepared<'a> {
    Request(Request<'a>),
    Letter(Letter<'a>),
}

/// Prepares to tell an integration of a notification, with a chart (PNG) where the kind can carry one.
pub(super) fn prepare<'a>(
    integration: &'a Integration,
    notification: &Notification,
    external_url: &str,
    templates: &Templates,
    chart: Option<&[u8]>,
) -> Result<Prepared<'a>, Failure> {
    Ok(match integration.kind {
        "email" => Prepared::Letter(Letter::new(integration, notification, external_url, templates, chart)?),
        _ => Prepared::Request(request::prepare(integration, notification, external_url, templates, chart)?),
    })
}

impl Prepared<'_> {
    /// What of it can be shown.
    pub(super) fn shown(&self) -> Shown {
        match self {
            Self::Request(request) => request.shown(),
            Self::Letter(letter) => letter.shown(),
        }
    }

    /// Sends it once.
    pub(super) async fn send(&self, fetcher: &Fetcher) -> (Answer, Result<(), Failure>) {
        match self {
            Self::Request(request) => request.send(fetcher).await,
            Self::Letter(letter) => letter.send(fetcher).await,
        }
    }
}

/// A setting, or what is in the file of the setting with `_file` behind its name.
pub(super) fn secret(integration: &Integration, name: &str) -> Result<String, Failure> {
    if let Some(text) = integration.text(name) {
        return Ok(text.to_owned());
    }
    match integration.text(&format!("{name}_file")) {
        Some(path) => read(path),
        None => Err(Failure::Final(format!("there is no {name}"))),
    }
}

/// A file of the operator's, without the white space around it.
pub(super) fn read(path: &str) -> Result<String, Failure> {
    let text = std::fs::read_to_string(path);
    text.map(|text| text.trim().to_owned())
        .map_err(|error| Failure::Passing(format!("cannot read {path}: {error}")))
}
