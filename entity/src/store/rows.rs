//! Many rows as one parameter. A batch of any size is one statement with one text, so that it costs one round trip and is
//! prepared once: Postgres reads the rows with `json_to_recordset`, SQLite with `json_each`.

use ingot_domain::Instant;
use sea_orm::{ConnectionTrait, DbBackend, DbErr, ExecResult, QueryResult, Statement};
use serde_json::{Map, Value};

/// A column of a set of rows: its name, and its type in Postgres.
pub(super) type Column = (&'static str, &'static str);

/// A value as it travels in a set of rows.
pub(super) trait Cell {
    /// As JSON.
    fn cell(&self) -> Value;
}

impl Cell for String {
    fn cell(&self) -> Value {
        Value::String(self.clone())
    }
}

impl Cell for i32 {
    fn cell(&self) -> Value {
        Value::from(*self)
    }
}

impl Cell for i64 {
    fn cell(&self) -> Value {
        Value::from(*self)
    }
}

impl Cell for Instant {
    /// The text the SQLite driver stores, so that stored instants stay comparable as text.
    fn cell(&self) -> Value {
        Value::String(self.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, false))
    }
}

impl Cell for Value {
    fn cell(&self) -> Value {
        self.clone()
    }
}

impl<T: Cell> Cell for Option<T> {
    fn cell(&self) -> Value {
        self.as_ref().map_or(Value::Null, Cell::cell)
    }
}

/// Declares columns of a row together with how a row becomes one of a set.
macro_rules! record {
    ($(#[doc = $doc:literal])+ $columns:ident, $function:ident of $model:ty { $($field:ident: $type:literal),+ $(,)? }) => {
        $(#[doc = $doc])+
        const $columns: &[$crate::store::rows::Column] = &[$((stringify!($field), $type)),+];

        $(#[doc = $doc])+
        fn $function(row: &$model) -> serde_json::Map<String, serde_json::Value> {
            use $crate::store::rows::Cell as _;
            let mut cells = serde_json::Map::new();
            $(cells.insert(stringify!($field).to_owned(), row.$field.cell());)+
            cells
        }
    };
}
pub(super) use record;

/// Rows with their columns.
#[derive(Debug)]
pub(super) struct Rows {
    columns: Vec<Column>,
    /// Columns that travel for a computed one or a condition, and are not the table's.
    beside: &'static [Column],
    /// What is inserted into a column instead of what travelled, as SQL over `v`.
    computed: &'static [(&'static str, &'static str)],
    rows: Vec<Value>,
}

impl Rows {
    /// No rows yet.
    pub(super) fn of(columns: &[&[Column]]) -> Self {
        Self {
            columns: columns.concat(),
            beside: &[],
            computed: &[],
            rows: Vec::new(),
        }
    }

    /// With columns that are computed from others beside them, when the rows are inserted.
    pub(super) fn computing(
        self,
        beside: &'static [Column],
        computed: &'static [(&'static str, &'static str)],
    ) -> Self {
        Self {
            beside,
            computed,
            ..self
        }
    }

    /// Adds a row. What is null need not travel: a cell that is missing reads as null.
    pub(super) fn push(&mut self, mut row: Map<String, Value>) {
        row.retain(|_, cell| !cell.is_null());
        self.rows.push(Value::Object(row));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The column names, quoted, for an INSERT.
    fn names(&self) -> String {
        let names: Vec<String> = self.columns.iter().map(|(name, _)| quoted(name)).collect();
        names.join(", ")
    }

    /// What is selected for an INSERT, in the order of the names.
    fn values(&self) -> String {
        let value = |(name, _): &Column| {
            let computed = self.computed.iter().find(|(column, _)| column == name);
            computed.map_or_else(
                || format!("v.{}", quoted(name)),
                |(_, sql)| (*sql).to_owned(),
            )
        };
        let values: Vec<String> = self.columns.iter().map(value).collect();
        values.join(", ")
    }

    /// `… AS v`, for a FROM; on Postgres the rows are parameter number `place`.
    fn source(&self, backend: DbBackend, place: usize) -> String {
        let all = self.columns.iter().chain(self.beside);
        match backend {
            DbBackend::Sqlite => {
                let column =
                    |(name, _): &Column| format!("value ->> '$.{name}' AS {}", quoted(name));
                let columns: Vec<String> = all.map(column).collect();
                format!("(SELECT {} FROM json_each(?)) AS v", columns.join(", "))
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
        let rows =
            serde_json::to_string(&self.rows).map_err(|error| DbErr::Json(error.to_string()))?;
        Ok(rows.into())
    }

    fn statement(&self, backend: DbBackend, sql: String) -> Result<Statement, DbErr> {
        let rows = self.parameter()?;
        Ok(Statement::from_sql_and_values(backend, sql, [rows]))
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

    /// Inserts the rows and answers what `rest` returns of them.
    pub(super) async fn insert_returning<C: ConnectionTrait>(
        &self,
        db: &C,
        table: &str,
        rest: &str,
    ) -> Result<Vec<QueryResult>, DbErr> {
        let statement = self.insertion(db.get_database_backend(), table, rest)?;
        db.query_all_raw(statement).await
    }

    fn insertion(&self, backend: DbBackend, table: &str, rest: &str) -> Result<Statement, DbErr> {
        // SQLite needs the WHERE to tell ON CONFLICT from a join's ON.
        let rest = format!("WHERE true {rest}");
        self.statement(backend, self.insert_sql(backend, table, 1, &rest))
    }

    /// The text of an INSERT of the rows, which are parameter number `place` of its statement and `v` in `rest`.
    pub(super) fn insert_sql(
        &self,
        backend: DbBackend,
        table: &str,
        place: usize,
        rest: &str,
    ) -> String {
        let (names, values) = (self.names(), self.values());
        let source = self.source(backend, place);
        format!("INSERT INTO {table} ({names}) SELECT {values} FROM {source} {rest}")
    }

    /// Updates `table` from the rows, which are `v` in `set` and `rest` (`WHERE … RETURNING …`).
    pub(super) async fn update<C: ConnectionTrait>(
        &self,
        db: &C,
        table: &str,
        set: &str,
        rest: &str,
    ) -> Result<Vec<QueryResult>, DbErr> {
        let backend = db.get_database_backend();
        let source = self.source(backend, 1);
        let sql = format!("UPDATE {table} SET {set} FROM {source} {rest}");
        db.query_all_raw(self.statement(backend, sql)?).await
    }
}

/// `a = v.a, b = v.b` for every column.
pub(super) fn assignments(columns: &[Column]) -> String {
    let assignment = |(name, _): &Column| format!("{0} = v.{0}", quoted(name));
    let all: Vec<String> = columns.iter().map(assignment).collect();
    all.join(", ")
}

/// Some of our columns (`order`) are words of SQL.
fn quoted(name: &str) -> String {
    format!("\"{name}\"")
}
