//! Whose request is being answered. It goes with the request's task, so that no handler needs to pass it on.

use std::future::Future;
use std::sync::Arc;

tokio::task_local! {
    static ASKER: Arc<str>;
}

/// Answers a request for a user.
pub(crate) async fn asking_for<T>(user: &str, answering: impl Future<Output = T>) -> T {
    ASKER.scope(user.into(), answering).await
}

/// The user that is being answered; without a request, the server itself.
pub(crate) fn asker() -> Arc<str> {
    ASKER.try_with(Arc::clone).unwrap_or_else(|_| "".into())
}
