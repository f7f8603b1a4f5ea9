//! Rows with spans, schema versions before 16, as panels on the grid of 24 columns.
//!
//! Widths are twelfths, heights pixels; a grid unit is 30 px and 8 px between (Grafana 5's step to version 16).

use serde_json::{Value, json};

use crate::json;

/// Twelfths that a panel without a span takes.
const DEFAULT_SPAN: f64 = 4.0;
/// Pixels that a row without a height takes.
const DEFAULT_HEIGHT: f64 = 250.0;
const LEAST_HEIGHT: f64 = 90.0;
const UNIT_HEIGHT: f64 = 38.0;
const COLUMNS: i64 = 24;

/// Moves the panels of `rows` to `panels`; tells whether there were rows.
pub(crate) fn to_grid(dashboard: &mut Value) -> bool {
    let Value::Array(rows) = json::take(dashboard, "rows") else { return false };
    if rows.is_empty() || !json::list(dashboard, "panels").is_empty() {
        return false;
    }
    let headers = rows.iter().any(|row| {
        json::flag(row, "collapse") || json::flag(row, "showTitle") || json::filled(row, "repeat").is_some()
    });
    let mut next_id = 1 + rows.iter().flat_map(|row| json::list(row, "panels")).map(id).max().unwrap_or(0);
    let mut y = 0;
    let mut placed = Vec::new();
    for mut row in rows {
        let height = grid_height(row.get("height")).unwrap_or_else(|| units(DEFAULT_HEIGHT));
        let collapsed = json::flag(&row, "collapse");
        let Value::Array(mut panels) = json::take(&mut row, "panels") else { continue };
        let header = headers.then(|| {
            let header = json!({
                "type": "row", "id": next_id, "title": json::text(&row, "title").unwrap_or_default(),
                "collapsed": collapsed, "panels": [], "gridPos": {"x": 0, "y": y, "w": COLUMNS, "h": 1},
            });
            next_id += 1;
            y += 1;
            header
        });
        let below = place(&mut panels, y, height);
        let Some(mut header) = header else {
            y = below;
            placed.append(&mut panels);
            continue;
        };
        if let Some(repeat) = json::filled(&row, "repeat") {
            json::set(&mut header, "repeat", repeat);
        }
        if collapsed {
            json::set(&mut header, "panels", panels);
            placed.push(header);
        } else {
            y = below;
            placed.push(header);
            placed.append(&mut panels);
        }
    }
    json::set(dashboard, "panels", placed);
    true
}

/// Fills lines from left to right, beginning at `y`; gives where the next row begins.
fn place(panels: &mut [Value], mut y: i64, row_height: i64) -> i64 {
    let (mut x, mut line_height) = (0, 0);
    for panel in panels {
        let span = json::number(panel, "span").unwrap_or(DEFAULT_SPAN);
        let width = ((span * 2.0).floor() as i64).clamp(1, COLUMNS);
        let height = grid_height(panel.get("height")).unwrap_or(row_height);
        if x + width > COLUMNS {
            y += line_height;
            (x, line_height) = (0, 0);
        }
        json::set(panel, "gridPos", json!({"x": x, "y": y, "w": width, "h": height}));
        if let Some(object) = panel.as_object_mut() {
            object.remove("span");
            object.remove("height");
        }
        // Twelfths of the old layout told how many copies stand side by side.
        if let Some(least) = json::number(panel, "minSpan").filter(|least| *least >= 1.0) {
            json::take(panel, "minSpan");
            json::set_absent(panel, "maxPerRow", ((12.0 / least) as i64).max(1));
        }
        x += width;
        line_height = line_height.max(height);
    }
    y + line_height
}

/// Grid units of a height in pixels, `250`, `"250px"`.
fn grid_height(height: Option<&Value>) -> Option<i64> {
    let text = json::to_text(height?)?;
    let pixels: f64 = text.trim().trim_end_matches("px").trim().parse().ok()?;
    Some(units(pixels))
}

fn units(pixels: f64) -> i64 {
    ((pixels.max(LEAST_HEIGHT) / UNIT_HEIGHT).ceil() as i64).clamp(1, 1000)
}

fn id(panel: &Value) -> i64 {
    json::whole(panel, "id", 0, i64::from(u32::MAX), 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn positions(dashboard: &Value) -> Vec<String> {
        let line = |panel: &Value| {
            let part = |key: &str| json::whole(&panel["gridPos"], key, -1, 999, -1);
            format!(
                "{} {},{} {}x{}",
                panel["type"].as_str().unwrap(),
                part("x"),
                part("y"),
                part("w"),
                part("h")
            )
        };
        json::list(dashboard, "panels").iter().map(line).collect()
    }

    #[test]
    fn spans_fill_lines_of_twenty_four_columns() {
        let mut dashboard = json!({"rows": [
            {"panels": [{"type": "a", "span": 6}, {"type": "b", "span": 6, "height": "100px"}, {"type": "c"}]},
            {"height": 300, "panels": [{"type": "d", "span": 12}]},
        ]});
        assert!(to_grid(&mut dashboard));
        assert_eq!(positions(&dashboard), ["a 0,0 12x7", "b 12,0 12x3", "c 0,7 8x7", "d 0,14 24x8"]);
        assert!(!to_grid(&mut dashboard), "a second run finds nothing");
    }

    #[test]
    fn a_closed_row_keeps_its_panels_and_gives_all_rows_headers() {
        let mut dashboard = json!({"rows": [
            {"title": "One", "panels": [{"type": "a", "span": 12}]},
            {"title": "Two", "collapse": true, "panels": [{"type": "b", "span": 12}]},
            {"title": "Three", "repeat": "node", "panels": [{"type": "c", "span": 12}]},
        ]});
        to_grid(&mut dashboard);
        assert_eq!(
            positions(&dashboard),
            ["row 0,0 24x1", "a 0,1 24x7", "row 0,8 24x1", "row 0,9 24x1", "c 0,10 24x7"]
        );
        assert_eq!(dashboard["panels"][2]["panels"][0]["type"], "b");
        assert_eq!(dashboard["panels"][3]["repeat"], "node");
    }
}
