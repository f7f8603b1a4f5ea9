//! Users whom somebody else shows to be who they are: their browser with a client certificate of the cluster's, or the API server
//! that passes their requests on.

use std::sync::Arc;

use anyhow::{Context as _, anyhow};
use arc_swap::ArcSwapOption;
use crowsnest_api::Timestamp;
use crowsnest_rbac::{
    Authorities, CertificateError, DeniedCertificates, FrontProxy, Impersonation, certificate_fingerprint,
    user_of_certificate,
};
use http::HeaderMap;
use openssl::x509::X509;

use super::SignInFailure;
use crate::cluster::ExtensionAuthentication;
use crate::listen::ShownCertificate;
use crate::watched::Watched;

/// Where the API server says who sends a request that it passes on.
const USER: &str = "x-remote-user";
const GROUP: &str = "x-remote-group";

/// Which ways are open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Opened {
    /// Client certificates of browsers.
    pub(crate) certificates: bool,
    /// The API server's word.
    pub(crate) sign_on: bool,
    /// The API server passes requests for `metrics.k8s.io` on, which are nobody's sign-in.
    pub(crate) metrics_api: bool,
}

impl Opened {
    /// Whether the API server is to be told from others.
    const fn knows_proxy(self) -> bool {
        self.sign_on || self.metrics_api
    }
}

/// Whom to believe.
#[derive(Default)]
pub(crate) struct Trusted {
    opened: Opened,
    /// The authority of client certificates comes from a file, and not from the cluster.
    has_file: bool,
    authorities: ArcSwapOption<Authorities>,
    proxy: ArcSwapOption<FrontProxy>,
    denied: Option<Watched<DeniedCertificates>>,
}

/// Somebody whose connection shows who they are.
#[derive(Debug)]
pub(crate) enum Vouched {
    /// By the certificate of their browser.
    Certificate(Impersonation),
    /// By the API server.
    SignOn(Impersonation),
}

impl Trusted {
    /// With the authority in a file, if it is in one.
    pub(crate) fn new(
        opened: Opened,
        file: Option<&std::path::Path>,
        denied: Option<Watched<DeniedCertificates>>,
    ) -> anyhow::Result<Self> {
        let authorities = match file {
            None => None,
            Some(file) => {
                let pem = std::fs::read(file)
                    .with_context(|| format!("cannot read --client-ca {}", file.display()))?;
                let read = Authorities::parse(&pem).map_err(|error| anyhow!("{error}"));
                Some(Arc::new(read.with_context(|| format!("--client-ca {}", file.display()))?))
            }
        };
        Ok(Self {
            opened,
            has_file: file.is_some(),
            authorities: ArcSwapOption::new(authorities),
            proxy: ArcSwapOption::empty(),
            denied,
        })
    }

    pub(crate) const fn opened(&self) -> Opened {
        self.opened
    }

    /// Whether the cluster is to be asked whom it believes itself.
    pub(crate) const fn asks_cluster(&self) -> bool {
        self.opened.knows_proxy() || self.opened.certificates && !self.has_file
    }

    /// Believes whom the cluster believes from now on.
    ///
    /// # Errors
    /// What the cluster says that cannot be used; then what was believed before still is.
    pub(crate) fn learn(&self, told: &ExtensionAuthentication) -> Result<(), String> {
        if self.opened.certificates && !self.has_file {
            let authorities = Authorities::parse(told.client_ca.as_bytes());
            let authorities = authorities.map_err(|error| format!("client-ca-file: {error}"))?;
            self.authorities.store(Some(Arc::new(authorities)));
        }
        if self.opened.knows_proxy() {
            let proxy = FrontProxy::parse(told.proxy_ca.as_bytes(), &told.proxy_names);
            let proxy = proxy.map_err(|error| format!("requestheader-client-ca-file: {error}"))?;
            self.proxy.store(Some(Arc::new(proxy)));
        }
        Ok(())
    }

    /// Of which authorities clients may show certificates.
    pub(crate) fn hints(&self) -> Vec<X509> {
        let (authorities, proxy) = (self.authorities.load(), self.proxy.load());
        let authorities = authorities.as_ref().map(|authorities| authorities.certificates());
        let proxy = proxy.as_ref().map(|proxy| proxy.certificates());
        [authorities, proxy].into_iter().flatten().flatten().cloned().collect()
    }

    /// Reads the deny-list again if it has changed.
    pub(crate) fn denied(&self) -> Option<&Watched<DeniedCertificates>> {
        self.denied.as_ref()
    }

    /// Whether somebody who signed in with a certificate may go on.
    pub(crate) fn is_denied(&self, user: &Impersonation) -> bool {
        match (&self.denied, &user.certificate) {
            (Some(denied), Some(fingerprint)) => denied.get().has(fingerprint),
            _ => false,
        }
    }

    /// Whether the API server is at the other end of a connection, and its requests for `metrics.k8s.io` are answered.
    pub(crate) fn asks_for_metrics(&self, shown: &ShownCertificate, now: Timestamp) -> bool {
        self.opened.metrics_api && self.is_proxy(shown, now)
    }

    /// Whether the API server is at the other end of a connection, passing requests of others on.
    fn is_proxy(&self, shown: &ShownCertificate, now: Timestamp) -> bool {
        self.proxy.load().as_ref().is_some_and(|proxy| proxy.is_proxy(shown.chain(), now))
    }

    /// Who a connection shows its user to be. The API server's headers count on its own connections and nowhere else.
    ///
    /// # Errors
    /// Why nobody, as told to them.
    pub(crate) fn user_of(
        &self,
        shown: Option<&ShownCertificate>,
        headers: &HeaderMap,
        now: Timestamp,
    ) -> Result<Vouched, SignInFailure> {
        let refused = |why: String| Err(SignInFailure::Refused(why));
        if !self.opened.certificates && !self.opened.sign_on {
            return refused(
                "this server does not take certificates of browsers; sign in with a token, or upload the certificate as a \
                 p12 file"
                    .to_owned(),
            );
        }
        let Some(shown) = shown else {
            return refused(
                "your browser has shown no certificate: import the p12 file into it, close all its windows of this site, and \
                 come back; or upload the file here"
                    .to_owned(),
            );
        };
        if self.opened.sign_on && self.is_proxy(shown, now) {
            return passed_on(headers).map(Vouched::SignOn).map_err(SignInFailure::Refused);
        }
        if !self.opened.certificates {
            return refused("this connection does not come from the API server".to_owned());
        }
        let Some(authorities) = self.authorities.load_full() else {
            return Err(SignInFailure::CannotAsk(
                "the cluster has not said yet which authority signs its client certificates; try again in a moment"
                    .to_owned(),
            ));
        };
        let user = self.holder(&authorities, shown.chain(), now);
        user.map(Vouched::Certificate).map_err(|error| SignInFailure::Refused(error.to_string()))
    }

    fn holder(
        &self,
        authorities: &Authorities,
        chain: &[X509],
        now: Timestamp,
    ) -> Result<Impersonation, CertificateError> {
        let own = chain.first().ok_or(CertificateError::NoCertificate)?;
        let claims = authorities.verify(chain, now)?;
        if self.denied.as_ref().is_some_and(|denied| {
            certificate_fingerprint(own).is_ok_and(|fingerprint| denied.get().has(&fingerprint))
        }) {
            return Err(CertificateError::Denied);
        }
        user_of_certificate(own, claims)
    }
}

/// Whom the API server names. UID and extra fields stay behind: impersonating those would need rights that no role can
/// reasonably list, and no access rule of Kubernetes' own looks at them.
fn passed_on(headers: &HeaderMap) -> Result<Impersonation, String> {
    let text = |name: &str| -> Result<Vec<String>, String> {
        let values = headers.get_all(name).iter();
        let values = values.map(|value| String::from_utf8(value.as_bytes().to_vec()));
        values.collect::<Result<_, _>>().map_err(|_| format!("{name} is not UTF-8"))
    };
    match text(USER)?.as_slice() {
        [user] => Impersonation::new(user.clone(), text(GROUP)?, None, None),
        [] => Err("the API server does not say who you are".to_owned()),
        _ => Err("the API server names more than one user".to_owned()),
    }
}
