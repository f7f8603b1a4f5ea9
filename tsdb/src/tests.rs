//! The whole store on a disk that fails: what was acknowledged stays, whatever happens.

mod clock;
mod deletion;
mod faults;
mod flips;
mod inspection;
mod model;
mod recovery;
mod snapshot;
mod support;
mod tiers;
mod whole_chunks;
