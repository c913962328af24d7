//! Many rows as one parameter. A batch of any size is one statement with one text, so that it costs one round trip and is
//! prepared once: Postgres reads the rows with `json_to_recordset`, SQLite with `json_each`.

use ingot_domain::Instant;
use sea_orm::sqlx::types::Json;
use sea_orm::{ConnectionTrait, DbBackend, DbErr, ExecResult, QueryResult, Statement};
use serde::Serialize;
use serde_json::Value;

/// A column of a set of rows: its name, and its type in Postgres.
pub(super) type Column = (&'static str, &'static str);

/// A value as it travels in a set of rows.
pub(super) trait Cell {
    /// As JSON. Nothing for a null, which need not travel: a cell that is missing reads as null.
    fn write(&self, text: &mut Vec<u8>) -> Option<()>;
}

impl Cell for str {
    fn write(&self, text: &mut Vec<u8>) -> Option<()> {
        serde_json::to_writer(text, self).ok()
    }
}

impl<T: Cell + ?Sized> Cell for &T {
    fn write(&self, text: &mut Vec<u8>) -> Option<()> {
        T::write(self, text)
    }
}

impl Cell for String {
    fn write(&self, text: &mut Vec<u8>) -> Option<()> {
        str::write(self, text)
    }
}

impl Cell for i32 {
    fn write(&self, text: &mut Vec<u8>) -> Option<()> {
        serde_json::to_writer(text, self).ok()
    }
}

impl Cell for i64 {
    fn write(&self, text: &mut Vec<u8>) -> Option<()> {
        serde_json::to_writer(text, self).ok()
    }
}

impl Cell for bool {
    fn write(&self, text: &mut Vec<u8>) -> Option<()> {
        serde_json::to_writer(text, self).ok()
    }
}

impl Cell for Instant {
    /// The text the SQLite driver stores, so that stored instants stay comparable as text.
    fn write(&self, text: &mut Vec<u8>) -> Option<()> {
        self.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, false)
            .write(text)
    }
}

impl Cell for Value {
    fn write(&self, text: &mut Vec<u8>) -> Option<()> {
        match self {
            Self::Null => None,
            value => serde_json::to_writer(text, value).ok(),
        }
    }
}

impl<T: Serialize> Cell for Json<T> {
    fn write(&self, text: &mut Vec<u8>) -> Option<()> {
        serde_json::to_writer(text, &self.0).ok()
    }
}

impl<T: Cell> Cell for Option<T> {
    fn write(&self, text: &mut Vec<u8>) -> Option<()> {
        self.as_ref()?.write(text)
    }
}

/// One row as it travels: a JSON object that is written cell by cell, for thousands of them are written a second.
#[derive(Debug, Clone)]
pub(super) struct Row(Vec<u8>);

impl Row {
    /// A row without cells.
    pub(super) fn new() -> Self {
        Self(Vec::with_capacity(512))
    }

    /// Adds a cell; the names are ours and need no escaping.
    pub(super) fn with(mut self, name: &str, cell: &(impl Cell + ?Sized)) -> Self {
        let text = &mut self.0;
        let before = text.len();
        text.push(if before == 0 { b'{' } else { b',' });
        text.push(b'"');
        text.extend_from_slice(name.as_bytes());
        text.extend_from_slice(b"\":");
        if cell.write(text).is_none() {
            text.truncate(before);
        }
        self
    }
}

/// Declares columns of a row together with how a row becomes one of a set.
macro_rules! record {
    ($(#[doc = $doc:literal])+ $columns:ident, $function:ident of $model:ty { $($field:ident: $type:literal),+ $(,)? }) => {
        $(#[doc = $doc])+
        const $columns: &[$crate::store::rows::Column] = &[$((stringify!($field), $type)),+];

        $(#[doc = $doc])+
        fn $function(row: &$model) -> $crate::store::rows::Row {
            $crate::store::rows::Row::new()$(.with(stringify!($field), &row.$field))+
        }
    };
}
pub(super) use record;

/// Rows with their columns.
#[derive(Debug)]
pub(super) struct Rows {
    columns: Vec<Column>,
    /// The rows, without the brackets around them.
    text: Vec<u8>,
}

impl Rows {
    /// No rows yet.
    pub(super) fn of(columns: &[&[Column]]) -> Self {
        Self {
            columns: columns.concat(),
            text: Vec::new(),
        }
    }

    /// Adds a row.
    pub(super) fn push(&mut self, row: &Row) {
        if !self.text.is_empty() {
            self.text.push(b',');
        }
        if row.0.is_empty() {
            self.text.push(b'{');
        }
        self.text.extend_from_slice(&row.0);
        self.text.push(b'}');
    }

    pub(super) fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// `… AS v`, for a FROM; the rows are parameter number `place`.
    pub(super) fn source(&self, backend: DbBackend, place: usize) -> String {
        let all = self.columns.iter();
        match backend {
            DbBackend::Sqlite => {
                let column =
                    |(name, _): &Column| format!("value ->> '$.{name}' AS {}", quoted(name));
                let columns: Vec<String> = all.map(column).collect();
                format!(
                    "(SELECT {} FROM json_each(?{place})) AS v",
                    columns.join(", ")
                )
            }
            _ => {
                let column = |(name, kind): &Column| format!("{} {kind}", quoted(name));
                let columns: Vec<String> = all.map(column).collect();
                format!(
                    "json_to_recordset(CAST(${place} AS json)) AS v({})",
                    columns.join(", ")
                )
            }
        }
    }

    /// The rows as the text that travels.
    pub(super) fn parameter(&self) -> Result<sea_orm::Value, DbErr> {
        let text =
            std::str::from_utf8(&self.text).map_err(|error| DbErr::Json(error.to_string()))?;
        Ok(format!("[{text}]").into())
    }

    fn statement(
        &self,
        backend: DbBackend,
        sql: String,
        more: impl IntoIterator<Item = sea_orm::Value>,
    ) -> Result<Statement, DbErr> {
        let values = std::iter::once(self.parameter()?).chain(more);
        Ok(Statement::from_sql_and_values(backend, sql, values))
    }

    /// Inserts the rows; `rest` follows the statement (`ON CONFLICT …`).
    pub(super) async fn insert<C: ConnectionTrait>(
        &self,
        db: &C,
        table: &str,
        rest: &str,
    ) -> Result<ExecResult, DbErr> {
        let statement = self.insertion(db.get_database_backend(), table, rest)?;
        db.execute_raw(statement).await
    }

    fn insertion(&self, backend: DbBackend, table: &str, rest: &str) -> Result<Statement, DbErr> {
        let (names, source) = (names(&self.columns), self.source(backend, 1));
        // SQLite needs the WHERE to tell ON CONFLICT from a join's ON.
        let sql =
            format!("INSERT INTO {table} ({names}) SELECT {names} FROM {source} WHERE true {rest}");
        self.statement(backend, sql, [])
    }

    /// Updates `table` from the rows, which are `v` in `set` and `rest` (`WHERE … RETURNING …`); `more` are the parameters
    /// from the second on.
    pub(super) async fn update<C: ConnectionTrait>(
        &self,
        db: &C,
        table: &str,
        set: &str,
        rest: &str,
        more: impl IntoIterator<Item = sea_orm::Value>,
    ) -> Result<Vec<QueryResult>, DbErr> {
        let backend = db.get_database_backend();
        let source = self.source(backend, 1);
        let sql = format!("UPDATE {table} SET {set} FROM {source} {rest}");
        db.query_all_raw(self.statement(backend, sql, more)?).await
    }
}

/// The column names, quoted.
pub(super) fn names(columns: &[Column]) -> String {
    let names: Vec<String> = columns.iter().map(|(name, _)| quoted(name)).collect();
    names.join(", ")
}

/// `a = v.a, b = v.b` for every column.
pub(super) fn assignments(columns: &[&[Column]]) -> String {
    let assignment = |(name, _): &Column| format!("{0} = v.{0}", quoted(name));
    let all: Vec<String> = columns.concat().iter().map(assignment).collect();
    all.join(", ")
}

/// Some of our columns (`order`) are words of SQL.
fn quoted(name: &str) -> String {
    format!("\"{name}\"")
}
