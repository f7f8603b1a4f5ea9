//! The words of a text panel, as elements of the page.

use crowsnest_chart::Body;
use crowsnest_dashboards::prose::{Block, Inline};
use leptos::prelude::*;

use super::super::panel::SharedFigure;
use crate::boards::{href, is_here};

/// The words of a figure that is a text.
#[component]
pub(super) fn ProseView(figure: SharedFigure) -> impl IntoView {
    let words = move || {
        figure.with(|figure| match figure.as_ref().map(|figure| figure.body()) {
            Some(Body::Text(blocks)) => Some(blocks_view(blocks)),
            _ => None,
        })
    };
    view! { <div class="board__prose">{words}</div> }
}

fn blocks_view(blocks: &[Block]) -> AnyView {
    blocks.iter().map(block_view).collect_view().into_any()
}

fn block_view(block: &Block) -> AnyView {
    match block {
        // The page's own headings end at the panel's title, which is of level 3.
        Block::Heading(level, inlines) => {
            let words = inlines_view(inlines);
            let class = format!("board__heading--{level}");
            view! { <h4 class=class>{words}</h4> }.into_any()
        }
        Block::Paragraph(inlines) => view! { <p>{inlines_view(inlines)}</p> }.into_any(),
        Block::List { start: Some(start), items } => {
            let items = items.iter().map(|item| view! { <li>{blocks_view(item)}</li> }).collect_view();
            view! { <ol start=start.to_string()>{items}</ol> }.into_any()
        }
        Block::List { start: None, items } => {
            let items = items.iter().map(|item| view! { <li>{blocks_view(item)}</li> }).collect_view();
            view! { <ul>{items}</ul> }.into_any()
        }
        Block::Quote(blocks) => view! { <blockquote>{blocks_view(blocks)}</blockquote> }.into_any(),
        Block::Code(text) => view! { <pre>{text.clone()}</pre> }.into_any(),
        Block::Rule => view! { <hr/> }.into_any(),
        Block::Table { head, rows } => table_view(*head, rows),
    }
}

fn table_view(head: bool, rows: &[Vec<Vec<Inline>>]) -> AnyView {
    let cell = move |at: usize, inlines: &Vec<Inline>| match head && at == 0 {
        true => view! { <th scope="col">{inlines_view(inlines)}</th> }.into_any(),
        false => view! { <td>{inlines_view(inlines)}</td> }.into_any(),
    };
    let row = |(at, cells): (usize, &Vec<Vec<Inline>>)| {
        let cells = cells.iter().map(|inlines| cell(at, inlines)).collect_view();
        view! { <tr>{cells}</tr> }
    };
    let rows = rows.iter().enumerate().map(row).collect_view();
    view! { <table><tbody>{rows}</tbody></table> }.into_any()
}

fn inlines_view(inlines: &[Inline]) -> AnyView {
    inlines.iter().map(inline_view).collect_view().into_any()
}

fn inline_view(inline: &Inline) -> AnyView {
    match inline {
        Inline::Text(text) => text.clone().into_any(),
        Inline::Strong(inlines) => view! { <strong>{inlines_view(inlines)}</strong> }.into_any(),
        Inline::Emphasis(inlines) => view! { <em>{inlines_view(inlines)}</em> }.into_any(),
        Inline::Struck(inlines) => view! { <s>{inlines_view(inlines)}</s> }.into_any(),
        Inline::Code(text) => view! { <code>{text.clone()}</code> }.into_any(),
        Inline::Break => view! { <br/> }.into_any(),
        Inline::Link { url, inside } => {
            let href = href(url);
            let target = (!is_here(&href)).then_some("_blank");
            view! { <a class="link" href=href target=target rel="noreferrer noopener">{inlines_view(inside)}</a> }.into_any()
        }
        // Nothing is fetched from elsewhere by looking at a dashboard: whoever wants the image opens it.
        Inline::Image { url, alt } => {
            let words = if alt.is_empty() { url.clone() } else { alt.clone() };
            view! { <a class="link" href=url.clone() target="_blank" rel="noreferrer noopener">{words}</a> }
                .into_any()
        }
    }
}
