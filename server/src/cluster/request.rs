//! One request to the API server.

use std::fmt;
use std::time::{Duration, Instant};

use bytes::Bytes;
use crowsnest_api::cluster::{Kind, ObjectName, Scope};
use crowsnest_rbac::{ClientCertificate, Credential, Impersonation};
use form_urlencoded::byte_serialize;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue, USER_AGENT};
use http::{HeaderMap, Method, Request, Response};
use http_body_util::{BodyExt as _, Limited};
use kube::Client;
use kube::client::Body;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{Cluster, ClusterError, Status};

/// An ordinary request takes no longer, its answer's body included.
const TIMEOUT: Duration = Duration::from_secs(30);
/// The largest answer that is read; a page of five hundred large objects is smaller.
const MAX_ANSWER: usize = 32 << 20;
/// The largest refusal that is read.
const MAX_REFUSAL: usize = 64 << 10;
/// Answers of more bytes are parsed where they hold up nobody else.
const LARGE: usize = 64 << 10;

const JSON: &str = "application/json";

/// In whose name a request is made.
#[derive(Clone, Copy, Debug)]
pub(crate) enum As<'a> {
    /// The server's own.
    Server,
    /// A user's.
    User(&'a Credential),
    /// None: what the API server tells everybody.
    Nobody,
}

/// How much of objects is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// All of them.
    Whole,
    /// Their metadata, of a list.
    MetadataList,
    /// Their metadata, of one object or a watch.
    Metadata,
    /// Rows as `kubectl get` shows them, with the metadata of each, of a list or a watch.
    Table,
    /// Everything that is served, at once where the API server can tell it so.
    Discovery,
}

impl Form {
    const fn media_type(self) -> &'static str {
        match self {
            Self::Whole => JSON,
            Self::MetadataList => "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1",
            Self::Metadata => "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1",
            // Servers behind the API server may make no tables.
            Self::Table => "application/json;as=Table;g=meta.k8s.io;v=v1,application/json",
            Self::Discovery => {
                "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,\
                 application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json"
            }
        }
    }
}

/// A request that changes an object.
#[derive(Debug)]
pub(crate) struct Change {
    pub(crate) method: Method,
    pub(crate) path: Path,
    pub(crate) media_type: &'static str,
    pub(crate) body: Vec<u8>,
}

/// Path and query of a request to the API server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Path(String);

impl Path {
    /// The objects of a kind, in a namespace or everywhere.
    pub(crate) fn list(kind: &Kind, scope: &Scope) -> Self {
        let (group, version, resource) = (kind.group(), kind.version(), kind.resource());
        let root = if group.is_empty() { "/api".to_owned() } else { format!("/apis/{group}") };
        Self(match scope.namespace() {
            Some(namespace) => format!("{root}/{version}/namespaces/{namespace}/{resource}"),
            None => format!("{root}/{version}/{resource}"),
        })
    }

    /// One object.
    pub(crate) fn object(kind: &Kind, scope: &Scope, name: &ObjectName) -> Self {
        let list = Self::list(kind, scope).0;
        Self(format!("{list}/{}", byte_serialize(name.as_str().as_bytes()).collect::<String>()))
    }

    /// A group that is not the core group.
    pub(super) fn group(group: &str) -> Self {
        Self(format!("/apis/{group}"))
    }

    /// A ConfigMap.
    pub(super) fn config_map(scope: &Scope, name: &ObjectName) -> Self {
        let name: String = byte_serialize(name.as_str().as_bytes()).collect();
        let namespace = scope.namespace().unwrap_or_default();
        Self(format!("/api/v1/namespaces/{namespace}/configmaps/{name}"))
    }

    /// The requests for certificates, or one of them and what is below it.
    pub(crate) fn signing_requests(name: &str, below: &str) -> Self {
        let all = "/apis/certificates.k8s.io/v1/certificatesigningrequests";
        let name: String = byte_serialize(name.as_bytes()).collect();
        Self(if name.is_empty() { all.to_owned() } else { format!("{all}/{name}{below}") })
    }

    /// What lies below an object, such as its `log`.
    pub(crate) fn below(self, subresource: &'static str) -> Self {
        Self(format!("{}/{subresource}", self.0))
    }

    /// Where nothing is.
    pub(crate) fn nowhere() -> Self {
        Self::fixed("/nowhere")
    }

    /// What a version of a group has. `None` where the names cannot be such.
    pub(super) fn version(group: &str, version: &str) -> Option<Self> {
        // Any resource will do: the names of group and version are checked with it.
        Kind::new(group, version, "x").ok()?;
        let root = if group.is_empty() { "/api".to_owned() } else { format!("/apis/{group}") };
        Some(Self(format!("{root}/{version}")))
    }

    /// What the types of a version of a group are made of. The name is one of the API server's own.
    pub(super) fn openapi(name: &str) -> Self {
        Self(format!("/openapi/v3/{name}"))
    }

    /// A path without anything of a user's in it.
    pub(super) fn fixed(path: &'static str) -> Self {
        Self(path.to_owned())
    }

    /// The same with one parameter more.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.0.push(if self.0.contains('?') { '&' } else { '?' });
        self.0.extend(byte_serialize(name.as_bytes()));
        self.0.push('=');
        self.0.extend(byte_serialize(value.as_bytes()));
        self
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Cluster {
    /// Asks for objects.
    pub(crate) async fn get<T>(&self, who: As<'_>, path: &Path, form: Form) -> Result<T, ClusterError>
    where
        T: DeserializeOwned + Send + 'static,
    {
        let request = Request::get(&path.0).header(ACCEPT, form.media_type());
        within(TIMEOUT, async { parse(read(self.send(who, request, Vec::new()).await?).await?).await }).await
    }

    /// The same, as the bytes of the answer: for those who read less of it than there is.
    pub(crate) async fn get_bytes(
        &self,
        who: As<'_>,
        path: &Path,
        form: Form,
    ) -> Result<Bytes, ClusterError> {
        let request = Request::get(&path.0).header(ACCEPT, form.media_type());
        within(TIMEOUT, async { read(self.send(who, request, Vec::new()).await?).await }).await
    }

    /// Creates an object, which for reviews is how one asks.
    pub(crate) async fn create<T>(
        &self,
        who: As<'_>,
        path: &Path,
        object: &(impl Serialize + Sync),
    ) -> Result<T, ClusterError>
    where
        T: DeserializeOwned + Send + 'static,
    {
        self.bring(who, Request::post(&path.0), JSON, object).await
    }

    /// Replaces an object, or what a subresource is of it.
    pub(crate) async fn replace<T>(
        &self,
        who: As<'_>,
        path: &Path,
        object: &(impl Serialize + Sync),
    ) -> Result<T, ClusterError>
    where
        T: DeserializeOwned + Send + 'static,
    {
        self.bring(who, Request::put(&path.0), JSON, object).await
    }

    /// Changes an object's fields to those of `object`, and leaves its others.
    pub(crate) async fn merge(
        &self,
        who: As<'_>,
        path: &Path,
        object: &(impl Serialize + Sync),
    ) -> Result<serde::de::IgnoredAny, ClusterError> {
        self.bring(who, Request::patch(&path.0), "application/merge-patch+json", object).await
    }

    /// Sends a change as it is, and gives back what the API server makes of it.
    pub(crate) async fn change(&self, who: As<'_>, change: Change) -> Result<Value, ClusterError> {
        let Change { method, path, media_type, body } = change;
        let request = Request::builder().method(method).uri(&path.0);
        let request = request.header(ACCEPT, JSON).header(CONTENT_TYPE, media_type);
        within(TIMEOUT, async { parse(read(self.send(who, request, body).await?).await?).await }).await
    }

    async fn bring<T>(
        &self,
        who: As<'_>,
        request: http::request::Builder,
        media_type: &str,
        object: &(impl Serialize + Sync),
    ) -> Result<T, ClusterError>
    where
        T: DeserializeOwned + Send + 'static,
    {
        let body = serde_json::to_vec(object).map_err(|error| ClusterError::Answer(error.to_string()))?;
        let request = request.header(ACCEPT, JSON).header(CONTENT_TYPE, media_type);
        within(TIMEOUT, async { parse(read(self.send(who, request, body).await?).await?).await }).await
    }

    /// Opens an answer that has no end, such as a watch's. Only its beginning has to come soon.
    pub(crate) async fn open(
        &self,
        who: As<'_>,
        path: &Path,
        form: Form,
    ) -> Result<Response<Body>, ClusterError> {
        let request = Request::get(&path.0).header(ACCEPT, form.media_type());
        within(TIMEOUT, self.send(who, request, Vec::new())).await
    }

    /// Sends a request and turns a refusal into an error.
    async fn send(
        &self,
        who: As<'_>,
        request: http::request::Builder,
        body: Vec<u8>,
    ) -> Result<Response<Body>, ClusterError> {
        let response = self.exchange(who, request, body).await?;
        self.accept(response).await
    }

    /// Sends a request, and gives whatever is answered.
    pub(super) async fn exchange(
        &self,
        who: As<'_>,
        request: http::request::Builder,
        body: Vec<u8>,
    ) -> Result<Response<Body>, ClusterError> {
        let mut request = request
            .header(USER_AGENT, concat!("crowsnest/", env!("CARGO_PKG_VERSION")))
            .body(Body::from(body))
            .map_err(|error| ClusterError::Answer(format!("no request can be made of it: {error}")))?;
        let client = match who {
            As::Server => self.own.clone(),
            As::Nobody => self.bare.clone(),
            As::User(Credential::Token(token)) => {
                let mut value = HeaderValue::try_from(format!("Bearer {}", token.reveal()))
                    .map_err(|_| ClusterError::Refused(Status::unauthorized()))?;
                value.set_sensitive(true);
                request.headers_mut().insert(AUTHORIZATION, value);
                self.bare.clone()
            }
            As::User(Credential::Certificate(certificate)) => self.client_of(certificate)?,
            As::User(Credential::Impersonated(user)) => {
                impersonate(request.headers_mut(), user)?;
                self.own.clone()
            }
        };
        client.send(request).await.map_err(|error| ClusterError::Unreachable(error.into()))
    }

    /// Turns a refusal into an error.
    pub(super) async fn accept(&self, response: Response<Body>) -> Result<Response<Body>, ClusterError> {
        let code = response.status();
        if code.is_success() {
            return Ok(response);
        }
        if !code.is_client_error() && !code.is_server_error() {
            return Err(ClusterError::Answer(format!("HTTP status {code}")));
        }
        let body = Limited::new(response.into_body(), MAX_REFUSAL).collect().await;
        let body = body.map(http_body_util::Collected::to_bytes).unwrap_or_default();
        Err(ClusterError::Refused(Status::of(code.as_u16(), &body)))
    }
}

impl Cluster {
    /// A client whose connections are those of a certificate's owner.
    fn client_of(&self, certificate: &ClientCertificate) -> Result<Client, ClusterError> {
        let fingerprint = certificate.fingerprint();
        if let Some(client) = self.certified.recall(&fingerprint, Instant::now()) {
            return Ok(client);
        }
        let client =
            self.source.client_of(certificate).map_err(|error| ClusterError::Unreachable(error.into()))?;
        self.certified.remember(fingerprint, client.clone(), Instant::now());
        Ok(client)
    }
}

/// Makes a request somebody else's than the server's. Nothing of a client's is among its headers, so that no header of a client's
/// takes these away again.
fn impersonate(headers: &mut HeaderMap, user: &Impersonation) -> Result<(), ClusterError> {
    let value = |name: &str| match HeaderValue::from_bytes(name.as_bytes()) {
        Ok(value) if !name.is_empty() => Ok(value),
        // Without the header the request would be the server's own.
        _ => Err(ClusterError::Answer(format!("{name:?} is no name that can be asked for"))),
    };
    headers.insert("impersonate-user", value(&user.user)?);
    for group in user.asked_groups() {
        headers.append("impersonate-group", value(group)?);
    }
    Ok(())
}

async fn within<T>(
    time: Duration,
    work: impl Future<Output = Result<T, ClusterError>>,
) -> Result<T, ClusterError> {
    tokio::time::timeout(time, work).await.unwrap_or(Err(ClusterError::TimedOut(time)))
}

async fn read(response: Response<Body>) -> Result<Bytes, ClusterError> {
    match Limited::new(response.into_body(), MAX_ANSWER).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<http_body_util::LengthLimitError>() => {
            Err(ClusterError::Answer(format!("it has more than {MAX_ANSWER} bytes; ask for fewer objects")))
        }
        Err(error) => Err(ClusterError::Unreachable(error)),
    }
}

async fn parse<T: DeserializeOwned + Send + 'static>(body: Bytes) -> Result<T, ClusterError> {
    let parse =
        |body: &[u8]| serde_json::from_slice(body).map_err(|error| ClusterError::Answer(error.to_string()));
    if body.len() < LARGE {
        return parse(&body);
    }
    let parsed = tokio::task::spawn_blocking(move || parse(&body)).await;
    parsed.unwrap_or_else(|error| Err(ClusterError::Answer(error.to_string())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(kind: &str, scope: &str, name: Option<&str>, path: &str) {
        let (kind, scope) = (kind.parse().unwrap(), scope.parse().unwrap());
        let found = match name {
            None => Path::list(&kind, &scope),
            Some(name) => Path::object(&kind, &scope, &name.parse().unwrap()),
        };
        assert_eq!(found.to_string(), path);
    }

    #[test]
    fn paths_are_those_of_the_kubernetes_api() {
        check("core.v1.pods", "shop", None, "/api/v1/namespaces/shop/pods");
        check("core.v1.nodes", "-", Some("demo-1"), "/api/v1/nodes/demo-1");
        check("apps.v1.deployments", "-", None, "/apis/apps/v1/deployments");
        check(
            "rbac.authorization.k8s.io.v1.clusterroles",
            "-",
            Some("system:node"),
            "/apis/rbac.authorization.k8s.io/v1/clusterroles/system%3Anode",
        );
        check("core.v1.pods", "shop", Some("a?b#c"), "/api/v1/namespaces/shop/pods/a%3Fb%23c");
    }

    #[test]
    fn what_a_parameter_holds_stays_in_it() {
        let path = Path::fixed("/x").with("labelSelector", "a=b&limit=0").with("continue", "é #");
        assert_eq!(path.to_string(), "/x?labelSelector=a%3Db%26limit%3D0&continue=%C3%A9+%23");
    }
}
