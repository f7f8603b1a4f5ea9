//! The whole store on a disk that fails: what was acknowledged stays, whatever happens.

mod faults;
mod model;
mod recovery;
mod support;
