//! Lists that are read to their end, page by page.

use crowsnest_api::cluster::{Kind, Scope};
use crowsnest_rbac::Credential;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::{As, Cluster, ClusterError, Form, Path};

/// Objects in one page.
const PAGE: &str = "500";

#[derive(Deserialize)]
struct Page<T> {
    #[serde(default)]
    metadata: PageMetadata,
    items: Vec<T>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct PageMetadata {
    r#continue: String,
}

impl Cluster {
    /// The objects of a list, `most` pages of 500 of them; and whether these are all.
    ///
    /// # Errors
    /// When a page cannot be had: then there is nothing.
    pub(crate) async fn list<T>(
        &self,
        who: As<'_>,
        list: Path,
        form: Form,
        most: usize,
    ) -> Result<(Vec<T>, bool), ClusterError>
    where
        T: DeserializeOwned + Send + 'static,
    {
        let list = list.with("limit", PAGE);
        let (mut objects, mut next) = (Vec::new(), String::new());
        for _ in 0..most {
            let path = if next.is_empty() { list.clone() } else { list.clone().with("continue", &next) };
            let page: Page<T> = self.get(who, &path, form).await?;
            objects.extend(page.items);
            next = page.metadata.r#continue;
            if next.is_empty() {
                return Ok((objects, true));
            }
        }
        Ok((objects, false))
    }

    /// All objects of a kind that a user may read and `fields` select, or none and why: that is added to `unread`, as is that there are too many.
    pub(super) async fn readable<T>(
        &self,
        credential: &Credential,
        (kind, scope, fields): (&Kind, &Scope, &str),
        most: usize,
        unread: &mut Vec<String>,
    ) -> Result<Vec<T>, ClusterError>
    where
        T: DeserializeOwned + Send + 'static,
    {
        let list = Path::list(kind, scope);
        let list = if fields.is_empty() { list } else { list.with("fieldSelector", fields) };
        match self.list(As::User(credential), list, Form::Whole, most).await {
            Ok((objects, is_all)) => {
                if !is_all {
                    unread.push(format!("there are more {} than {}", kind.resource(), objects.len()));
                }
                Ok(objects)
            }
            Err(ClusterError::Refused(status)) if status.code == 403 => {
                unread.push(status.message);
                Ok(Vec::new())
            }
            Err(error) => Err(error),
        }
    }
}
