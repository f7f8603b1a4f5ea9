//! The cluster, asked once: its lists come over the stream.

use crate::json::Value;
use crowsnest_api::cluster::Namespaces;
use crowsnest_api::kinds::{ServedKinds, TableColumn, TablePage};
use crowsnest_api::session::Session;
use web_sys::AbortSignal;

use super::{ApiError, Client};
use crate::cluster::object;
use crate::kinds::KindRow;
use crate::router::encode;

/// Which namespaces the user has a use for.
pub(crate) async fn fetch_namespaces(client: Client, abort: AbortSignal) -> Result<Namespaces, ApiError> {
    client.get("api/crowsnest/v1/namespaces", "", Some(&abort)).await
}

/// What the API server serves.
pub(crate) async fn fetch_kinds(client: Client, abort: AbortSignal) -> Result<ServedKinds, ApiError> {
    client.get("api/crowsnest/v1/kinds", "", Some(&abort)).await
}

/// One object, whole. The server hides the values of a Secret.
pub(crate) async fn fetch_object(
    client: Client,
    row: &'static KindRow,
    namespace: &str,
    name: &str,
    abort: AbortSignal,
) -> Result<Value, ApiError> {
    let path = format!("{}/{}", place(row, namespace)?, encode(name));
    client.get(&path, "", Some(&abort)).await
}

/// The columns that the API server's table of a kind has.
pub(crate) async fn fetch_columns(
    client: Client,
    row: &'static KindRow,
    namespace: &str,
    abort: AbortSignal,
) -> Result<Vec<TableColumn>, ApiError> {
    let page: TablePage = client.get(&place(row, namespace)?, "as=table&limit=1", Some(&abort)).await?;
    Ok(page.columns)
}

/// Namespaces and names of the objects of a kind: a page of them, of which nothing but metadata is sent.
pub(crate) async fn fetch_names(
    client: Client,
    row: &'static KindRow,
    namespace: &str,
    abort: AbortSignal,
) -> Result<Vec<(String, String)>, ApiError> {
    let page: TablePage = client.get(&place(row, namespace)?, "as=table&limit=500", Some(&abort)).await?;
    let key = |object: serde_json::Value| {
        let object = Value::from(object);
        (object::namespace(&object).to_owned(), object::name(&object).to_owned())
    };
    Ok(page.items.into_iter().map(key).collect())
}

/// Where the objects of a kind are in a namespace; empty is everywhere.
fn place(row: &KindRow, namespace: &str) -> Result<String, ApiError> {
    let kind = row.kind().ok_or(ApiError::Unreadable)?;
    let namespace = if namespace.is_empty() { "-" } else { namespace };
    Ok(format!("api/crowsnest/v1/objects/{kind}/{}", encode(namespace)))
}

/// Notices a session that has ended: the client turns to the sign-in page when the answer is 401.
pub(crate) async fn ask_whether_signed_in(client: Client) {
    // Any other answer changes nothing.
    let _ = client.get::<Session>(super::session::PATH, "", None).await;
}
