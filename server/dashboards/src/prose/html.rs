//! HTML: tags as browsers cut them, of which a short list counts.

use html5gum::{DefaultEmitter, StartTag, Token, Tokenizer};

use super::build::{Builder, Tag};
use super::{Block, Inline, bounded};

/// What is left out with all that is in it.
const DROPPED: &[&str] = &[
    "applet", "audio", "button", "canvas", "embed", "form", "frame", "frameset", "head", "iframe", "input",
    "math", "noembed", "noframes", "noscript", "object", "script", "select", "style", "svg", "template",
    "textarea", "title", "video", "xmp",
];
/// Those of them that have no end.
const VOID: &[&str] = &["embed", "frame", "input"];

/// The blocks of an HTML text.
pub fn html(text: &str) -> Vec<Block> {
    let mut builder = Builder::new();
    let mut dropping = None;
    feed(bounded(text), &mut builder, &mut dropping);
    builder.finish()
}

/// Feeds HTML into `builder`. `dropping` is the tag whose contents are being left out, and how often it is open within itself.
pub(super) fn feed(text: &str, builder: &mut Builder, dropping: &mut Option<(String, usize)>) {
    let mut emitter = DefaultEmitter::default();
    emitter.naively_switch_states(true);
    let tokens = Tokenizer::new_with_emitter(text, emitter);
    for token in tokens {
        // Reading from memory does not fail.
        let Ok(token) = token;
        match token {
            Token::StartTag(tag) => start(&tag, builder, dropping),
            Token::EndTag(tag) => {
                let name = String::from_utf8_lossy(&tag.name).into_owned();
                match dropping {
                    Some((dropped, depth)) if *dropped == name => {
                        *depth = depth.saturating_sub(1);
                        if *depth == 0 {
                            *dropping = None;
                        }
                    }
                    Some(_) => {}
                    None => end(&name, builder),
                }
            }
            Token::String(text) if dropping.is_none() => builder.text(&String::from_utf8_lossy(&text)),
            _ => {}
        }
    }
}

fn start(tag: &StartTag<()>, builder: &mut Builder, dropping: &mut Option<(String, usize)>) {
    let name = String::from_utf8_lossy(&tag.name).into_owned();
    if let Some((dropped, depth)) = dropping {
        *depth += usize::from(*dropped == name && !tag.self_closing);
        return;
    }
    let attribute = |wanted: &[u8]| {
        let found = tag.attributes.iter().find(|(name, _)| name.as_slice() == wanted);
        found.map(|(_, value)| String::from_utf8_lossy(value).into_owned()).unwrap_or_default()
    };
    match name.as_str() {
        name if DROPPED.contains(&name) => {
            if !VOID.contains(&name) && !tag.self_closing {
                *dropping = Some((name.to_owned(), 1));
            }
        }
        "br" => builder.inline(Inline::Break),
        "hr" => builder.rule(),
        "img" => builder.image(&attribute(b"src"), &attribute(b"alt")),
        "a" => builder.open(Tag::Link(attribute(b"href").trim().to_owned())),
        "ol" => builder.open(Tag::List(Some(attribute(b"start").parse().unwrap_or(1)))),
        name => {
            if let Some(tag) = known(name) {
                builder.open(tag);
            }
        }
    }
}

fn end(name: &str, builder: &mut Builder) {
    match name {
        "a" => builder.close(&Tag::Link(String::new())),
        "ol" => builder.close(&Tag::List(None)),
        name => {
            if let Some(tag) = known(name) {
                builder.close(&tag);
            }
        }
    }
}

fn known(name: &str) -> Option<Tag> {
    Some(match name {
        "p" | "div" | "section" | "article" | "header" | "footer" | "center" | "main" | "figure" => {
            Tag::Paragraph
        }
        "h1" => Tag::Heading(1),
        "h2" => Tag::Heading(2),
        "h3" => Tag::Heading(3),
        "h4" => Tag::Heading(4),
        "h5" => Tag::Heading(5),
        "h6" => Tag::Heading(6),
        "ul" | "menu" => Tag::List(None),
        "li" => Tag::Item,
        "blockquote" => Tag::Quote,
        "pre" => Tag::Pre,
        "table" => Tag::Table,
        "tr" => Tag::Row,
        "th" => Tag::Cell(true),
        "td" => Tag::Cell(false),
        "b" | "strong" => Tag::Strong,
        "i" | "em" | "cite" => Tag::Emphasis,
        "s" | "del" | "strike" => Tag::Struck,
        "code" | "kbd" | "samp" | "tt" => Tag::Code,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Inline {
        Inline::Text(text.to_owned())
    }

    #[test]
    fn what_is_known_becomes_blocks() {
        let found =
            html("<h1>T</h1><p>a <b>b</b><br>c</p><ul><li>x<li>y</ul><table><tr><th>k<tr><td>v</table>");
        let expected = vec![
            Block::Heading(1, vec![text("T")]),
            Block::Paragraph(vec![text("a "), Inline::Strong(vec![text("b")]), Inline::Break, text("c")]),
            Block::List {
                start: None,
                items: vec![vec![Block::Paragraph(vec![text("x")])], vec![Block::Paragraph(vec![text("y")])]],
            },
            Block::Table { head: true, rows: vec![vec![vec![text("k")]], vec![vec![text("v")]]] },
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn nothing_that_runs_comes_through() {
        for bad in [
            "<script>alert(1)</script>",
            "<script>alert(1)",
            "<ScRiPt src=//x></sCrIpT>",
            "<svg onload=alert(1)><script>alert(1)</script></svg>",
            "<style>*{background:url(javascript:alert(1))}</style>",
            "<iframe src='javascript:alert(1)'></iframe>",
            "<form action=//x><input name=alert></form>",
            "<object data=alert></object>",
            "<template><b>alert</b></template>",
        ] {
            let found = format!("{:?}", html(bad));
            assert!(!found.contains("alert"), "{bad}: {found}");
        }
        let link = html("<a href='java\tscript:alert(1)' onclick=alert(1) style='x:url(y)'>words</a>");
        assert_eq!(link, vec![Block::Paragraph(vec![text("words")])]);
        assert_eq!(
            html("<img src=javascript:x alt=words onerror=y>"),
            vec![Block::Paragraph(vec![text("words")])]
        );
    }

    #[test]
    fn tags_in_any_order_and_depth_end() {
        for bad in [
            "<li></ul><td></b>x</p>".to_owned(),
            "<div><b>".repeat(50_000),
            "</p></a>".repeat(1000),
            "<".repeat(100_000),
        ] {
            let _ = html(&bad);
        }
        assert_eq!(html("<b><p>x</b>y</p>").len(), 1);
    }
}
