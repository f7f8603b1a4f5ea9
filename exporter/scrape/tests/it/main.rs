//! Laws of the exposition formats, checked against generated input.

mod text;
