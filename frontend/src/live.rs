//! The cluster as it changes: lists that keep themselves up to date over one stream.
//!
//! However many lists a page shows, a tab has one stream of server-sent events. [`Hub::list`] adds to what is wanted;
//! the hub opens the stream anew when that grows, and lets go of what nobody wants then.

mod collection;
mod health;
mod hub;
mod source;

#[cfg(test)]
pub(crate) use collection::Collection;
pub(crate) use collection::{Entry, Key};
pub(crate) use health::{Health, missing_words};
pub(crate) use hub::{Hub, List, provide_hub};
