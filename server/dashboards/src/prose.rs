//! Texts of text panels: Markdown and HTML as paragraphs, lists, tables and links, and nothing else.
//!
//! What comes out has no markup of its own left: whoever shows it makes elements of it, so no script, event handler, style, frame or form can
//! come through, whatever the text tried. Tags that are not known are left out and their contents stay; scripts, styles and the like are left out
//! with their contents. Input is untrusted and bounded.

mod build;
mod html;
mod markdown;

pub use html::html;
pub use markdown::markdown;

/// The longest text that is read, in bytes; the rest is cut off.
const LONGEST: usize = 1 << 20;

/// `text`, or its beginning.
fn bounded(text: &str) -> &str {
    let end = (0..=text.len().min(LONGEST)).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    text.get(..end).unwrap_or_default()
}

/// A part of a text that stands by itself.
#[derive(Clone, Debug, PartialEq)]
pub enum Block {
    /// A heading of level 1 to 6.
    Heading(u8, Vec<Inline>),
    /// A paragraph.
    Paragraph(Vec<Inline>),
    /// A list.
    List {
        /// The first number; `None` for bullets.
        start: Option<u64>,
        /// Its items.
        items: Vec<Vec<Block>>,
    },
    /// Somebody else's words.
    Quote(Vec<Block>),
    /// Lines as they are written.
    Code(String),
    /// A line across.
    Rule,
    /// A table.
    Table {
        /// Whether the first row is of heads.
        head: bool,
        /// Rows of cells.
        rows: Vec<Vec<Vec<Inline>>>,
    },
}

/// A part of a line.
#[derive(Clone, Debug, PartialEq)]
pub enum Inline {
    /// Text.
    Text(String),
    /// Heavier.
    Strong(Vec<Inline>),
    /// Slanted.
    Emphasis(Vec<Inline>),
    /// Struck out.
    Struck(Vec<Inline>),
    /// In a monospaced type.
    Code(String),
    /// A link. Its URL passed [`crate::link::is_safe`].
    Link {
        /// Where it leads.
        url: String,
        /// What is clicked.
        inside: Vec<Inline>,
    },
    /// An image by a URL that passed [`crate::link::is_safe`].
    Image {
        /// Where it is.
        url: String,
        /// What it shows.
        alt: String,
    },
    /// The line ends here.
    Break,
}

/// The text of inlines without their looks.
pub fn plain(inlines: &[Inline]) -> String {
    let one = |inline: &Inline| match inline {
        Inline::Text(text) | Inline::Code(text) => text.clone(),
        Inline::Strong(inside)
        | Inline::Emphasis(inside)
        | Inline::Struck(inside)
        | Inline::Link { inside, .. } => plain(inside),
        Inline::Image { alt, .. } => alt.clone(),
        Inline::Break => "\n".to_owned(),
    };
    inlines.iter().map(one).collect()
}
