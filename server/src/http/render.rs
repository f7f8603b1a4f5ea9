//! `/api/crowsnest/v1/render`: a dashboard or one of its panels as a picture, as the caller may see it.

use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{Extension, RawQuery, State};
use axum::response::{IntoResponse as _, Response};
use crowsnest_api::cluster::Scope;
use crowsnest_api::events::Event;
use crowsnest_dashboards::Dashboard;
use crowsnest_dashboards::import::{Answers, Limits, import};
use crowsnest_dashboards::marks::EventsAsked;
use http::HeaderValue;
use http::header::CONTENT_TYPE;
use tokio::runtime::Handle;

use super::about::MAX_NAMESPACES;
use super::{ApiError, AppState, ErrorKind, Viewer, blocking, dashboards};
use crate::api_v1::{Seen, pool_failed, query_failed};
use crate::auth::Identified;
use crate::clock;
use crate::cluster::Gravity;
use crate::dashboards::scrape_intervals;
use crate::query_pool::asker;
use crate::render::{RenderError, Source, Wish, render};

/// How long a picture may take.
const TIMEOUT: Duration = Duration::from_secs(60);
/// How long it waits for the cluster's events.
const EVENTS_TIMEOUT: Duration = Duration::from_secs(5);

/// `GET ?dashboard=UID`: of a dashboard that is kept here.
pub(super) async fn kept(
    State(app): State<AppState>,
    Extension(identified): Extension<Identified>,
    seen: Seen,
    RawQuery(query): RawQuery,
) -> Result<Response, ApiError> {
    let pairs = pairs(query.as_deref());
    let uid = pairs.iter().find(|(name, _)| name == "dashboard").map(|(_, value)| value.clone());
    let uid = uid.ok_or_else(|| ApiError::bad_request("dashboard is missing: the uid of a dashboard"))?;
    let json = dashboards::json_of(&app, &identified, uid).await?;
    drawn(&app, &identified, seen, &pairs, Dashboard::from_json(json)).await
}

/// `POST`: of the dashboard in the body, in any of the forms that are imported.
pub(super) async fn sent(
    State(app): State<AppState>,
    Extension(identified): Extension<Identified>,
    seen: Seen,
    RawQuery(query): RawQuery,
    body: String,
) -> Result<Response, ApiError> {
    let imported = blocking(&app, move |_| {
        import(&body, &Answers::new(), &Limits::default())
            .map_err(|error| ApiError::bad_request(error.to_string()))
    });
    let imported = imported.await?;
    drawn(&app, &identified, seen, &pairs(query.as_deref()), imported.dashboard).await
}

async fn drawn(
    app: &AppState,
    identified: &Identified,
    seen: Seen,
    pairs: &[(String, String)],
    dashboard: Dashboard,
) -> Result<Response, ApiError> {
    let wish = wish(pairs)?;
    let busy = "one picture at a time: another one is being drawn for you";
    let busy = || ApiError::new(ErrorKind::Unavailable, busy).retry_after(Duration::from_secs(2));
    let place = app.pictures.take(asker().to_string()).ok_or_else(busy)?;
    let png = wish.png;
    let engine = app.engine.clone();
    let title = format!("picture of {}", dashboard.title());
    // Pictures are drawn on threads of their own, which may wait.
    let (viewer, runtime) = (Viewer::of(app, identified).ok(), Handle::current());
    let picture = app.pool.run(&title, Some(TIMEOUT), move |job| {
        let store = seen.store();
        let scrape = scrape_intervals(&dashboard, &store, clock::now());
        let events = |asked: &EventsAsked| runtime.block_on(happened(viewer.as_ref(), asked));
        let source = Source { store: &store, engine: &engine, scrape, events: &events };
        let picture = render(&dashboard, &wish, &source, &job.control, clock::now());
        drop(place);
        picture
    });
    let picture = picture.await.map_err(pool_failed)?.map_err(refused)?;
    let kind = if png { "image/png" } else { "image/svg+xml" };
    Ok(([(CONTENT_TYPE, HeaderValue::from_static(kind))], Bytes::from(picture)).into_response())
}

/// What happened in the cluster; nothing where there is none, or where it cannot be read.
async fn happened(viewer: Option<&Viewer>, asked: &EventsAsked) -> Vec<Event> {
    let Some(viewer) = viewer else { return Vec::new() };
    let named = asked.namespaces.iter().take(MAX_NAMESPACES).filter_map(|name| name.parse().ok());
    let scopes: Vec<Scope> = match asked.namespaces.is_empty() {
        true => vec![Scope::CLUSTER],
        false => named.collect(),
    };
    let gravity = if asked.with_normal { Gravity::All } else { Gravity::Warnings };
    // What may not be read is not marked.
    let mut unread = Vec::new();
    let read = viewer.cluster.events(&viewer.credential, &scopes, gravity, asked.range, &mut unread);
    tokio::time::timeout(EVENTS_TIMEOUT, read).await.ok().and_then(Result::ok).unwrap_or_default()
}

fn refused(error: RenderError) -> ApiError {
    match error {
        RenderError::Query(error) => query_failed(error),
        RenderError::NoPanel(_) => ApiError::new(ErrorKind::NotFound, error.to_string()),
        RenderError::Time | RenderError::TooLarge => ApiError::bad_request(error.to_string()),
        RenderError::Png(_) | RenderError::Svg => ApiError::internal(error),
    }
}

fn pairs(query: Option<&str>) -> Vec<(String, String)> {
    form_urlencoded::parse(query.unwrap_or_default().as_bytes()).into_owned().take(2_000).collect()
}

/// What the parameters ask for.
fn wish(pairs: &[(String, String)]) -> Result<Wish, ApiError> {
    let mut wish = Wish { scale: 1, ..Wish::default() };
    for (name, value) in pairs {
        let bad = || ApiError::bad_request(format!("{name}: {value:?} cannot be read"));
        match name.as_str() {
            "panel" => wish.panel = Some(value.parse().map_err(|_| bad())?),
            "from" => wish.from = Some(value.clone()),
            "to" => wish.to = Some(value.clone()),
            "width" => wish.width = Some(value.parse().map_err(|_| bad())?),
            "height" => wish.height = Some(value.parse().map_err(|_| bad())?),
            "scale" => {
                wish.scale = value.parse().ok().filter(|scale| (1..=3).contains(scale)).ok_or_else(bad)?;
            }
            "utc_offset" => {
                let minutes = value.parse().ok().filter(|minutes: &i32| minutes.abs() <= 1_080);
                wish.utc_offset_minutes = minutes.ok_or_else(bad)?;
            }
            "theme" => match value.as_str() {
                "dark" => wish.dark = true,
                "light" | "" => wish.dark = false,
                _ => return Err(bad()),
            },
            "format" => match value.as_str() {
                "png" => wish.png = true,
                "svg" | "" => wish.png = false,
                _ => return Err(bad()),
            },
            name if name.starts_with("var-") => wish.variables.push((name.to_owned(), value.clone())),
            _ => {}
        }
    }
    Ok(wish)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_read_and_bad_ones_refused() {
        let asked =
            wish(&pairs(Some("panel=3&width=800&theme=dark&format=png&var-node=a&var-node=b&x=y"))).unwrap();
        assert_eq!((asked.panel, asked.width, asked.dark, asked.png), (Some(3), Some(800), true, true));
        assert_eq!(asked.variables.len(), 2);
        for bad in
            ["panel=x", "width=-1", "height=1e9", "theme=pink", "format=gif", "scale=9", "utc_offset=99999"]
        {
            assert!(wish(&pairs(Some(bad))).is_err(), "{bad}");
        }
    }
}
