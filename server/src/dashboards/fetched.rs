//! Dashboards that are fetched by their number, from grafana.com or a mirror of it.

use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use reqwest::Url;

use crate::fetch::Fetcher;

/// Longer answers are cut off; the import has the same limit.
const MAX_BYTES: usize = 8 << 20;
const TIMEOUT: Duration = Duration::from_secs(20);

/// The text of the newest revision of a dashboard.
///
/// # Errors
/// What went wrong, with what to do about it.
pub(crate) async fn fetch(fetcher: &Fetcher, base: Option<&Url>, id: u64) -> anyhow::Result<String> {
    let Some(base) = base else {
        bail!(
            "this server fetches no dashboards (--dashboards-url off): download number {id} as a JSON file elsewhere and import that"
        );
    };
    let url: Url = format!("{base}/{id}/revisions/latest/download").parse().context("not a URL")?;
    let told = || {
        format!(
            "cannot fetch dashboard {id} from {}; where there is no way out, download it as a JSON file elsewhere, or name a mirror \
             with --dashboards-url",
            base.host_str().unwrap_or_default()
        )
    };
    let client =
        fetcher.client(&url).await.with_context(told)?.timeout(TIMEOUT).build().with_context(told)?;
    let mut answer = client.get(url).send().await.with_context(told)?;
    let status = answer.status();
    ensure!(status.as_u16() != 404, "there is no dashboard {id} at {}", base.host_str().unwrap_or_default());
    ensure!(status.is_success(), "{}: it answers {status}", told());
    let mut text = Vec::new();
    while let Some(part) = answer.chunk().await.with_context(told)? {
        text.extend_from_slice(&part);
        ensure!(text.len() <= MAX_BYTES, "dashboard {id} has more than {MAX_BYTES} bytes");
    }
    String::from_utf8(text).with_context(|| format!("dashboard {id} is no text"))
}
