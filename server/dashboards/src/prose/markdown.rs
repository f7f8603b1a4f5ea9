//! Markdown, with the HTML that stands in it.

use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag as Mark, TagEnd};

use super::build::{Builder, Tag};
use super::{Block, Inline, bounded, html};

/// The blocks of a Markdown text.
pub fn markdown(text: &str) -> Vec<Block> {
    let mut builder = Builder::new();
    let mut dropping = None;
    let mut raw: Option<String> = None;
    // The description of an image is its text, which comes between its tags.
    let mut image: Option<(String, String)> = None;
    let mut heads = false;
    for event in Parser::new_ext(bounded(text), Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH) {
        match event {
            Event::Start(Mark::HtmlBlock) => raw = Some(String::new()),
            Event::End(TagEnd::HtmlBlock) => {
                let block = raw.take().unwrap_or_default();
                html::feed(&block, &mut builder, &mut dropping);
            }
            Event::Html(piece) | Event::InlineHtml(piece) => match &mut raw {
                Some(block) => block.push_str(&piece),
                None => html::feed(&piece, &mut builder, &mut dropping),
            },
            _ if dropping.is_some() => {}
            Event::Start(Mark::Image { dest_url, .. }) => image = Some((dest_url.to_string(), String::new())),
            Event::End(TagEnd::Image) => {
                if let Some((url, alt)) = image.take() {
                    builder.image(&url, &alt);
                }
            }
            Event::Text(text) | Event::Code(text) if image.is_some() => {
                if let Some((_, alt)) = &mut image {
                    alt.push_str(&text);
                }
            }
            Event::Start(Mark::TableHead) => {
                heads = true;
                builder.open(Tag::Row);
            }
            Event::End(TagEnd::TableHead) => {
                heads = false;
                builder.close(&Tag::Row);
            }
            Event::Start(Mark::TableCell) => builder.open(Tag::Cell(heads)),
            Event::Start(mark) => {
                if let Some(tag) = opening(mark) {
                    builder.open(tag);
                }
            }
            Event::End(mark) => {
                if let Some(tag) = closing(mark) {
                    builder.close(&tag);
                }
            }
            Event::Text(text) => builder.text(&text),
            Event::Code(text) => builder.inline(Inline::Code(text.to_string())),
            Event::SoftBreak => builder.text(" "),
            Event::HardBreak => builder.inline(Inline::Break),
            Event::Rule => builder.rule(),
            _ => {}
        }
    }
    builder.finish()
}

fn opening(mark: Mark<'_>) -> Option<Tag> {
    Some(match mark {
        Mark::Paragraph => Tag::Paragraph,
        Mark::Heading { level, .. } => Tag::Heading(number(level)),
        Mark::BlockQuote(_) => Tag::Quote,
        Mark::CodeBlock(_) => Tag::Pre,
        Mark::List(start) => Tag::List(start),
        Mark::Item => Tag::Item,
        Mark::Table(_) => Tag::Table,
        Mark::TableRow => Tag::Row,
        Mark::Emphasis => Tag::Emphasis,
        Mark::Strong => Tag::Strong,
        Mark::Strikethrough => Tag::Struck,
        Mark::Link { dest_url, .. } => Tag::Link(dest_url.trim().to_owned()),
        _ => return None,
    })
}

fn closing(mark: TagEnd) -> Option<Tag> {
    Some(match mark {
        TagEnd::Paragraph => Tag::Paragraph,
        TagEnd::Heading(level) => Tag::Heading(number(level)),
        TagEnd::BlockQuote(_) => Tag::Quote,
        TagEnd::CodeBlock => Tag::Pre,
        TagEnd::List(_) => Tag::List(None),
        TagEnd::Item => Tag::Item,
        TagEnd::Table => Tag::Table,
        TagEnd::TableRow => Tag::Row,
        TagEnd::TableCell => Tag::Cell(false),
        TagEnd::Emphasis => Tag::Emphasis,
        TagEnd::Strong => Tag::Strong,
        TagEnd::Strikethrough => Tag::Struck,
        TagEnd::Link => Tag::Link(String::new()),
        _ => return None,
    })
}

fn number(level: HeadingLevel) -> u8 {
    match level {
        HeadingLevel::H1 => 1,
        HeadingLevel::H2 => 2,
        HeadingLevel::H3 => 3,
        HeadingLevel::H4 => 4,
        HeadingLevel::H5 => 5,
        HeadingLevel::H6 => 6,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markdown_becomes_blocks() {
        let found = markdown(
            "# T\n\na **b** [c](https://x.y)\n\n1. one\n2. two\n\n| k | v |\n|---|---|\n| a | 1 |\n\n```\ncode\n```\n",
        );
        assert_eq!(found.len(), 5, "{found:?}");
        assert!(matches!(&found[0], Block::Heading(1, inside) if super::super::plain(inside) == "T"));
        assert!(matches!(&found[2], Block::List { start: Some(1), items } if items.len() == 2));
        assert!(matches!(&found[3], Block::Table { head: true, rows } if rows.len() == 2));
        assert_eq!(found[4], Block::Code("code".to_owned()));
    }

    #[test]
    fn html_in_markdown_is_looked_at_like_any_other() {
        for bad in [
            "x <script>alert(1)</script> y",
            "<script>\nalert(1)\n\nalert(2)\n</script>\n\ntext",
            "[a](javascript:alert(1))",
            "![alt](javascript:alert)",
            "<div onclick=alert(1)>\n\n**b**\n\n</div>",
            "[a]: javascript:alert(1)\n\n[a]",
        ] {
            let found = format!("{:?}", markdown(bad));
            assert!(!found.contains("alert"), "{bad}: {found}");
        }
    }
}
