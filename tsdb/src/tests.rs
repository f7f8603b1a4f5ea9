//! The whole store on a disk that fails: what was acknowledged stays, whatever happens.

mod deletion;
mod faults;
mod model;
mod recovery;
mod snapshot;
mod support;
