//! Histograms as text.

use std::fmt;

use super::{Bound, Bucket, FloatHistogram};
use crate::text::general;

/// `{count:3, sum:5, (1,2]:3}`
impl fmt::Display for FloatHistogram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{count:{}, sum:{}", general(self.count), general(self.sum))?;
        for bucket in self.buckets() {
            write!(f, ", {bucket}")?;
        }
        f.write_str("}")
    }
}

/// `(1,2]:3`
impl fmt::Display for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (open, close) = match self.bounds {
            Bound::Upper => ('(', ']'),
            Bound::Lower => ('[', ')'),
            Bound::Both => ('[', ']'),
        };
        let [lower, upper, count] = [self.lower, self.upper, self.count].map(general);
        write!(f, "{open}{lower},{upper}{close}:{count}")
    }
}
