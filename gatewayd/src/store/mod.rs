//! The database: one writer, readers beside it. Nothing else knows SQL.
