//! Volumes that are full, or nearly: by the kubelets' figures, and by which pod writes to them.

use crate::json::Value;

use super::object::{list, name, namespace, text};
use crate::format::{NONE, bytes, percent};
use crate::i18n::{Lang, Msg, fill};
use crate::verdict::{DISK, Severity};

/// How full the volume of a claim is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Filling {
    pub(crate) namespace: String,
    pub(crate) claim: String,
    /// The used share, 0 to 1.
    pub(crate) share: f64,
    /// Bytes left, where they are known; nothing for inodes.
    pub(crate) free: Option<f64>,
    pub(crate) of: Room,
}

/// What a volume runs out of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Room {
    Bytes,
    Inodes,
}

/// A volume that needs somebody.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct VolumeTrouble {
    pub(crate) severity: Severity,
    pub(crate) filling: Filling,
    /// A pod that uses it; empty where none that may be seen does.
    pub(crate) pod: String,
}

impl VolumeTrouble {
    /// A word for it.
    pub(crate) fn title(&self) -> Msg {
        match self.severity {
            Severity::Critical => Msg::VolumeFull,
            Severity::Warning => Msg::VolumeNearlyFull,
        }
    }

    /// How full it is, and what comes of that.
    pub(crate) fn why(&self, lang: Lang) -> String {
        let (share, free) =
            (percent(self.filling.share), self.filling.free.map_or_else(|| NONE.to_owned(), bytes));
        let msg = match self.filling.of {
            Room::Inodes => Msg::WhyInodes,
            Room::Bytes if self.pod.is_empty() => Msg::WhyVolume,
            Room::Bytes => Msg::WhyVolumePod,
        };
        fill(msg.text(lang), &[("share", &share), ("free", &free), ("pod", &self.pod)])
    }
}

/// The volumes that are nearly full.
pub(crate) fn troubles(fillings: &[Filling], pods: &[&Value]) -> Vec<VolumeTrouble> {
    let (look, broken) = DISK;
    let full = fillings.iter().filter(|filling| filling.share >= look);
    full.map(|filling| {
        let severity = if filling.share >= broken { Severity::Critical } else { Severity::Warning };
        let pod = pods.iter().find(|pod| uses(pod, filling)).map(|pod| name(pod).to_owned());
        VolumeTrouble { severity, filling: filling.clone(), pod: pod.unwrap_or_default() }
    })
    .collect()
}

fn uses(pod: &Value, filling: &Filling) -> bool {
    let mut volumes = list(pod, &["spec", "volumes"]).iter();
    namespace(pod) == filling.namespace
        && volumes.any(|volume| text(volume, &["persistentVolumeClaim", "claimName"]) == filling.claim)
}

#[cfg(test)]
mod tests {
    use crate::json::json;

    use super::*;

    #[test]
    fn a_full_volume_is_told_with_the_pod_that_writes_to_it() {
        let filling = |claim: &str, share| Filling {
            namespace: "data".into(),
            claim: claim.into(),
            share,
            free: Some(1.0),
            of: Room::Bytes,
        };
        let pod = |namespace: &str, claim: &str| {
            json!({"metadata": {"name": format!("{namespace}-0"), "namespace": namespace},
                "spec": {"volumes": [{"name": "tmp"}, {"persistentVolumeClaim": {"claimName": claim}}]}})
        };
        let pods = [pod("other", "full"), pod("data", "full")];
        let fillings = [filling("full", 0.99), filling("filling", 0.9), filling("empty", 0.1)];
        let found = troubles(&fillings, &pods.iter().collect::<Vec<_>>());
        let told: Vec<_> = found.iter().map(|one| (one.severity, one.pod.as_str())).collect();
        assert_eq!(told, [(Severity::Critical, "data-0"), (Severity::Warning, "")]);
    }
}
