//! What access control was asked, and what it said: for tests that hold a role against what its owner does.

use std::collections::VecDeque;

use parking_lot::Mutex;

use crate::{identity::User, rbac::Decision, request::Attributes};

/// Questions that are remembered; past it the oldest is forgotten.
const CAPACITY: usize = 4096;

/// A question to access control: of a request, or of a review of access.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Who wants to.
    pub user: String,
    /// The verb, as rules have it.
    pub verb: String,
    /// The API group; empty for the core.
    pub group: String,
    /// The resource, with `/subresource` where there is one; empty for paths that are no resources.
    pub resource: String,
    /// The namespace; empty for all, or none.
    pub namespace: String,
    /// The object's name; empty for all.
    pub name: String,
    /// The path, of what is no resource.
    pub path: String,
    /// Whether some rule allows it.
    pub allowed: bool,
}

/// The newest questions.
#[derive(Default)]
pub(crate) struct Questions(Mutex<VecDeque<Asked>>);

impl Questions {
    pub(crate) fn note(&self, user: &User, attributes: &Attributes, decision: &Decision) {
        let is_resource = attributes.is_resource();
        let mut questions = self.0.lock();
        if questions.len() >= CAPACITY {
            questions.pop_front();
        }
        questions.push_back(Asked {
            user: user.name.clone(),
            verb: attributes.verb.clone(),
            group: attributes.group.clone(),
            resource: if is_resource { attributes.full_resource() } else { String::new() },
            namespace: attributes.namespace.clone(),
            name: attributes.name.clone(),
            path: if is_resource { String::new() } else { attributes.path.clone() },
            allowed: decision.is_allowed(),
        });
    }

    pub(crate) fn all(&self) -> Vec<Asked> {
        self.0.lock().iter().cloned().collect()
    }
}
