//! The agent's parts against fixture trees, failing disks, scripted servers and the exporter it stands in for.

// `cfg(test)` tells clippy that helper functions here are test code too.
#[cfg(test)]
mod binary;
#[cfg(test)]
mod collectors;
#[cfg(test)]
mod containers;
#[cfg(test)]
mod known;
#[cfg(test)]
mod named;
#[cfg(test)]
mod peers;
#[cfg(test)]
mod push;
#[cfg(test)]
mod queue;
#[cfg(test)]
mod receiver;
#[cfg(test)]
mod reference;
#[cfg(test)]
mod scraping;
#[cfg(test)]
mod systemd;
#[cfg(test)]
mod textfile;
#[cfg(test)]
mod tools;
#[cfg(test)]
mod tree;
