//! The metric families of kube-state-metrics, computed from objects of a cluster.
//!
//! It knows neither where objects come from nor where rows go: JSON of one object goes in (`Kind::project`), what its families
//! need of it is kept, and rows come out whenever they are asked for ([`Object::rows`]). It knows no clock: what a row says follows
//! from the object alone. Names, labels, values, types and help are those that kube-state-metrics documents.

mod allow;
mod cron;
mod custom;
mod family;
mod kinds;
mod label_name;
mod meta;
mod object;
mod pool;
mod quantity;
mod rows;
mod when;

pub use allow::{AllowError, AllowList, Allowed};
pub use custom::{CustomState, Served};
pub use family::{FamilyInfo, MetricKind};
pub use kinds::KINDS;
pub use meta::Uid;
pub use object::{Form, Kind, NotAnObject, Object, Projector};
pub use rows::Row;
