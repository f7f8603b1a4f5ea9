//! From tags that open and close, in whatever order, to blocks.

use super::{Block, Inline};
use crate::link;

/// Tags inside each other; what is deeper is taken as if it were here.
const DEEPEST: usize = 24;
/// The most parts of a text.
const MOST: usize = 20_000;

/// What opens and closes.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Tag {
    Root,
    Paragraph,
    Heading(u8),
    List(Option<u64>),
    Item,
    Quote,
    Pre,
    Table,
    Row,
    Cell(bool),
    Strong,
    Emphasis,
    Struck,
    Code,
    Link(String),
}

impl Tag {
    fn is_inline(&self) -> bool {
        matches!(self, Self::Strong | Self::Emphasis | Self::Struck | Self::Code | Self::Link(_))
    }

    /// Whether an end of `other` is one of this: what a tag holds does not matter.
    fn same(&self, other: &Self) -> bool {
        std::mem::discriminant(self) == std::mem::discriminant(other)
    }
}

/// A tag that is open.
struct Open {
    tag: Tag,
    blocks: Vec<Block>,
    inlines: Vec<Inline>,
    items: Vec<Vec<Block>>,
    cells: Vec<Vec<Inline>>,
    rows: Vec<Vec<Vec<Inline>>>,
    has_head: bool,
}

impl Open {
    fn new(tag: Tag) -> Self {
        Self {
            tag,
            blocks: Vec::new(),
            inlines: Vec::new(),
            items: Vec::new(),
            cells: Vec::new(),
            rows: Vec::new(),
            has_head: false,
        }
    }

    /// Makes a paragraph of what has no block around it.
    fn flush(&mut self) {
        let inlines = std::mem::take(&mut self.inlines);
        let blank = |inline: &Inline| match inline {
            Inline::Text(text) => text.trim().is_empty(),
            Inline::Break => true,
            _ => false,
        };
        if !inlines.iter().all(blank) {
            self.blocks.push(Block::Paragraph(inlines));
        }
    }
}

/// Builds blocks.
pub(super) struct Builder {
    open: Vec<Open>,
    parts: usize,
}

impl Builder {
    pub(super) fn new() -> Self {
        Self { open: vec![Open::new(Tag::Root)], parts: 0 }
    }

    /// Begins a tag.
    pub(super) fn open(&mut self, tag: Tag) {
        self.parts += 1;
        if self.open.len() >= DEEPEST || self.parts > MOST {
            return;
        }
        if !tag.is_inline() {
            // A block ends what is open within a line, and a paragraph holds no block.
            while self.open.last().is_some_and(|open| open.tag.is_inline() || open.tag == Tag::Paragraph) {
                self.pop();
            }
            if let Some(top) = self.open.last_mut() {
                top.flush();
            }
        }
        // Items, rows and cells end the one before them.
        let ends = |open: &Open| {
            matches!(
                (&tag, &open.tag),
                (Tag::Item, Tag::Item) | (Tag::Row, Tag::Row | Tag::Cell(_)) | (Tag::Cell(_), Tag::Cell(_))
            )
        };
        while self.open.last().is_some_and(ends) {
            self.pop();
        }
        self.open.push(Open::new(tag));
    }

    /// Ends the innermost tag of that kind, and all that is open within it; nothing where there is none.
    pub(super) fn close(&mut self, tag: &Tag) {
        let Some(at) = self.open.iter().rposition(|open| open.tag.same(tag)) else { return };
        // An end of something within a line does not reach out of its block.
        if tag.is_inline() && self.open.iter().skip(at).any(|open| !open.tag.is_inline()) {
            return;
        }
        while self.open.len() > at.max(1) {
            self.pop();
        }
    }

    pub(super) fn text(&mut self, text: &str) {
        self.parts += 1;
        if self.parts > MOST {
            return;
        }
        let pre = self.open.iter().any(|open| open.tag == Tag::Pre);
        let text = if pre { text.to_owned() } else { squeeze(text) };
        let Some(top) = self.open.last_mut() else { return };
        // Between rows and items there is only space.
        if matches!(top.tag, Tag::List(_) | Tag::Table | Tag::Row) && text.trim().is_empty() {
            return;
        }
        match top.inlines.last_mut() {
            Some(Inline::Text(last)) => last.push_str(&text),
            _ if !text.is_empty() => top.inlines.push(Inline::Text(text)),
            _ => {}
        }
    }

    pub(super) fn inline(&mut self, inline: Inline) {
        self.parts += 1;
        if self.parts <= MOST
            && let Some(top) = self.open.last_mut()
        {
            top.inlines.push(inline);
        }
    }

    /// An image, if its URL may be fetched.
    pub(super) fn image(&mut self, url: &str, alt: &str) {
        if !url.trim().is_empty() && link::is_safe(url) {
            self.inline(Inline::Image { url: url.trim().to_owned(), alt: alt.to_owned() });
        } else {
            self.text(alt);
        }
    }

    pub(super) fn rule(&mut self) {
        while self.open.last().is_some_and(|open| open.tag.is_inline() || open.tag == Tag::Paragraph) {
            self.pop();
        }
        if let Some(top) = self.open.last_mut() {
            top.flush();
            top.blocks.push(Block::Rule);
        }
    }

    pub(super) fn finish(mut self) -> Vec<Block> {
        while self.open.len() > 1 {
            self.pop();
        }
        self.open.pop().map_or_else(Vec::new, |mut root| {
            root.flush();
            root.blocks
        })
    }

    fn pop(&mut self) {
        let Some(mut done) = self.open.pop() else { return };
        let Some(top) = self.open.last_mut() else {
            self.open.push(done);
            return;
        };
        let inlines = |done: &mut Open| std::mem::take(&mut done.inlines);
        if done.tag.is_inline() && done.inlines.is_empty() {
            return;
        }
        match done.tag.clone() {
            Tag::Root => {}
            Tag::Strong => top.inlines.push(Inline::Strong(inlines(&mut done))),
            Tag::Emphasis => top.inlines.push(Inline::Emphasis(inlines(&mut done))),
            Tag::Struck => top.inlines.push(Inline::Struck(inlines(&mut done))),
            Tag::Code => top.inlines.push(Inline::Code(super::plain(&done.inlines))),
            Tag::Link(url) if !url.is_empty() && link::is_safe(&url) => {
                top.inlines.push(Inline::Link { url, inside: inlines(&mut done) });
            }
            Tag::Link(_) => top.inlines.append(&mut done.inlines),
            Tag::Pre => {
                top.blocks.push(Block::Code(super::plain(&done.inlines).trim_matches('\n').to_owned()));
            }
            Tag::Heading(level) => top.blocks.push(Block::Heading(level.clamp(1, 6), inlines(&mut done))),
            Tag::Paragraph => {
                done.flush();
                top.blocks.append(&mut done.blocks);
            }
            Tag::Quote => {
                done.flush();
                top.blocks.push(Block::Quote(done.blocks));
            }
            Tag::Item => {
                done.flush();
                match top.tag {
                    Tag::List(_) => top.items.push(done.blocks),
                    // An item without its list.
                    _ => top.blocks.append(&mut done.blocks),
                }
            }
            Tag::List(start) => {
                done.flush();
                if !done.blocks.is_empty() {
                    done.items.push(done.blocks);
                }
                top.blocks.push(Block::List { start, items: done.items });
            }
            Tag::Cell(head) => {
                let lines = done.blocks.into_iter().flat_map(inlines_of);
                let cell = lines.chain(done.inlines).collect();
                match top.tag {
                    Tag::Row => {
                        top.cells.push(cell);
                        top.has_head |= head;
                    }
                    _ => top.inlines.extend::<Vec<Inline>>(cell),
                }
            }
            Tag::Row => match top.tag {
                Tag::Table => {
                    top.has_head |= done.has_head && top.rows.is_empty();
                    top.rows.push(done.cells);
                }
                _ => top.inlines.extend(done.cells.into_iter().flatten()),
            },
            Tag::Table => {
                done.flush();
                top.blocks.append(&mut done.blocks);
                top.blocks.push(Block::Table { head: done.has_head, rows: done.rows });
            }
        }
    }
}

/// A block within a cell, which holds lines only.
fn inlines_of(block: Block) -> Vec<Inline> {
    match block {
        Block::Heading(_, inlines) | Block::Paragraph(inlines) => inlines,
        Block::Code(text) => vec![Inline::Code(text)],
        Block::Quote(blocks) => blocks.into_iter().flat_map(inlines_of).collect(),
        Block::List { items, .. } => items.into_iter().flatten().flat_map(inlines_of).collect(),
        Block::Table { rows, .. } => rows.into_iter().flatten().flatten().collect(),
        Block::Rule => Vec::new(),
    }
}

/// Runs of blanks as one.
fn squeeze(text: &str) -> String {
    let mut squeezed = String::with_capacity(text.len());
    for c in text.chars() {
        let blank = c.is_whitespace() && c != '\u{a0}';
        if !(blank && squeezed.ends_with(' ')) {
            squeezed.push(if blank || c.is_control() { ' ' } else { c });
        }
    }
    squeezed
}
