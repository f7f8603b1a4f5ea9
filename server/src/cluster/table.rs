//! The API server's own tables: of each row the metadata of its object, and its cells by the names of their columns.
//!
//! Cells by name stay right whatever becomes of the columns meanwhile, and a table has nothing of an object that it does not print: so
//! Secrets and large ConfigMaps are listed without their values ever coming here.

use crowsnest_api::kinds::TableColumn;
use serde_json::{Map, Value};

/// The field with the cells of a row.
pub(crate) const CELLS: &str = "cells";
/// Letters of a cell that are passed on.
const LONGEST_CELL: usize = 400;
/// Columns that a table may have.
const MAX_COLUMNS: usize = 64;

/// The columns of a table, as far as it has told them: a watch says them once, with its first row.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rows {
    columns: Vec<TableColumn>,
}

/// What a page of a list says as a table.
#[derive(Debug)]
pub(crate) struct RowsPage {
    pub(crate) columns: Vec<TableColumn>,
    pub(crate) items: Vec<Value>,
}

impl Rows {
    /// The objects of a table. Of an answer that is no table, which servers behind the API server may give, the metadata of its items.
    pub(crate) fn read(&mut self, mut answer: Value) -> Vec<Value> {
        if answer.get("kind").and_then(Value::as_str) != Some("Table") {
            return match answer.get_mut("items").map(Value::take) {
                Some(Value::Array(items)) => items.into_iter().map(|item| bare(item, Map::new())).collect(),
                _ => vec![bare(answer, Map::new())],
            };
        }
        if let Some(columns) =
            answer.get("columnDefinitions").and_then(Value::as_array).filter(|all| !all.is_empty())
        {
            let known = columns.iter().take(MAX_COLUMNS);
            self.columns = known.map(|one| serde_json::from_value(one.clone()).unwrap_or_default()).collect();
        }
        let Some(Value::Array(rows)) = answer.get_mut("rows").map(Value::take) else { return Vec::new() };
        rows.into_iter().map(|row| self.object(row)).collect()
    }

    /// The same, with the columns.
    pub(crate) fn page(answer: Value) -> RowsPage {
        let mut rows = Self::default();
        let items = rows.read(answer);
        RowsPage { columns: rows.columns, items }
    }

    fn object(&self, mut row: Value) -> Value {
        let cells = match row.get_mut("cells").map(Value::take) {
            Some(Value::Array(cells)) => cells,
            _ => Vec::new(),
        };
        // The name is among the metadata, and the age comes of it.
        let told = self.columns.iter().zip(cells).filter(|(column, cell)| {
            column.format != "name" && !matches!(column.name.as_str(), "Name" | "Age") && !cell.is_null()
        });
        let cells = told.map(|(column, cell)| (column.name.clone(), shortened(cell))).collect();
        bare(row.get_mut("object").map(Value::take).unwrap_or_default(), cells)
    }
}

fn shortened(cell: Value) -> Value {
    match cell {
        Value::String(text) if text.len() > LONGEST_CELL => {
            Value::String(text.chars().take(LONGEST_CELL).collect())
        }
        Value::Array(_) | Value::Object(_) => shortened(Value::String(cell.to_string())),
        cell => cell,
    }
}

/// An object with its metadata and these cells alone.
fn bare(mut object: Value, cells: Map<String, Value>) -> Value {
    let mut bare = Map::new();
    bare.insert("metadata".to_owned(), object.get_mut("metadata").map(Value::take).unwrap_or_default());
    bare.insert(CELLS.to_owned(), Value::Object(cells));
    Value::Object(bare)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn table() -> Value {
        json!({
            "kind": "Table", "columnDefinitions": [{"name": "Name", "type": "string", "format": "name"},
                {"name": "Type", "type": "string"}, {"name": "Data", "type": "integer"}, {"name": "Age", "type": "string"}],
            "rows": [{"cells": ["db", "Opaque", 2, "5m"], "object": {"kind": "PartialObjectMetadata",
                "metadata": {"name": "db"}, "data": {"password": "x"}}}],
        })
    }

    #[test]
    fn a_row_is_its_metadata_and_its_cells_by_name_and_nothing_else_that_was_sent() {
        let page = Rows::page(table());
        assert_eq!(page.items, [json!({"metadata": {"name": "db"}, "cells": {"Type": "Opaque", "Data": 2}})]);
        assert_eq!(page.columns.len(), 4);
    }

    #[test]
    fn a_later_table_without_columns_has_those_of_the_first() {
        let mut rows = Rows::default();
        rows.read(table());
        let later = json!({"kind": "Table", "rows": [{"cells": ["db", "Opaque", 3, "6m"], "object": {"metadata": {}}}]});
        assert_eq!(rows.read(later), [json!({"metadata": {}, "cells": {"Type": "Opaque", "Data": 3}})]);
    }

    #[test]
    fn who_makes_no_tables_is_shown_by_metadata() {
        let list =
            json!({"kind": "WidgetList", "items": [{"metadata": {"name": "a"}, "spec": {"secret": "x"}}]});
        assert_eq!(Rows::page(list).items, [json!({"metadata": {"name": "a"}, "cells": {}})]);
        let mut rows = Rows::default();
        assert_eq!(
            rows.read(json!({"kind": "Widget", "metadata": {"name": "a"}})),
            [json!({"metadata": {"name": "a"}, "cells": {}})]
        );
    }

    #[test]
    fn a_long_cell_is_cut() {
        let mut long = table();
        long["rows"][0]["cells"][1] = "x".repeat(10_000).into();
        let items = Rows::page(long).items;
        assert_eq!(items[0]["cells"]["Type"].as_str().map(str::len), Some(LONGEST_CELL));
    }
}
