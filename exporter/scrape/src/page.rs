//! What a page of metrics says, one thing after the other, whatever its format; and what can be wrong with it.

use crowsnest_api::Timestamp;
use crowsnest_api::remote_write::{Histogram, MetricType};
use smol_str::SmolStr;

use crate::scrape::ScrapeError;
use crate::text::{ParseError, Problem};

/// Something about a family.
#[derive(Clone, Debug, PartialEq)]
pub enum Fact {
    /// What kind it is.
    Type(MetricType),
    /// One sentence for people.
    Help(SmolStr),
    /// Its unit.
    Unit(SmolStr),
}

/// What was observed.
#[derive(Clone, Debug, PartialEq)]
pub enum Point {
    /// A number.
    Float(f64),
    /// A native histogram; the timestamp in it does not count.
    Histogram(Box<Histogram>),
}

/// Takes what a page says.
pub trait Sink {
    /// Why it may want no more of the page.
    type Stop;

    /// Something about a family.
    fn fact(&mut self, family: &SmolStr, fact: Fact);

    /// A sample. `series` is its name and labels as the text format writes them.
    ///
    /// # Errors
    /// When the series cannot be read, or the page is not read any further.
    fn sample(
        &mut self,
        series: &str,
        point: Point,
        timestamp: Option<Timestamp>,
    ) -> Result<(), Refusal<Self::Stop>>;
}

/// Why a sample is not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal<Stop> {
    /// The series is none; with the bytes before what is wrong with it.
    Series(usize, Problem),
    /// The page is not read any further.
    Stop(Stop),
}

/// Why a page of text is not read to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Interrupted<Stop> {
    /// It is no page of its format.
    Parse(ParseError),
    /// Somebody had enough.
    Stopped(Stop),
}

/// Why a page is not read to its end.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PageError {
    /// It is no page of its format.
    #[error(transparent)]
    Parse(#[from] ParseError),
    /// A message of the protobuf format that is none.
    #[error("message {message} of the page is no metric family: {why}")]
    Message {
        /// Which one, from 1.
        message: usize,
        /// What is wrong with it.
        why: String,
    },
    /// Somebody had enough.
    #[error(transparent)]
    Stopped(#[from] ScrapeError),
}

impl From<Interrupted<ScrapeError>> for PageError {
    fn from(interrupted: Interrupted<ScrapeError>) -> Self {
        match interrupted {
            Interrupted::Parse(error) => Self::Parse(error),
            Interrupted::Stopped(error) => Self::Stopped(error),
        }
    }
}
