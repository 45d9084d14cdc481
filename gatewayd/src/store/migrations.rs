//! The database's tables, and how an older database becomes today's.

use rusqlite::Connection;

use super::{StoreError, convert, trail};

/// One script a version, in order; a script that was released is never edited. `PRAGMA
/// user_version` holds how many have run.
const SCRIPTS: &[&str] = &[
    include_str!("schema/v1.sql"),
    include_str!("schema/v2.sql"),
    include_str!("schema/v3.sql"),
    include_str!("schema/v4.sql"),
    include_str!("schema/v5.sql"),
    include_str!("schema/v6.sql"),
    include_str!("schema/v7.sql"),
];

/// The version from which on the entries of the audit trail have hashes.
const CHAINED: u32 = 5;

/// Brings the tables to the newest version, in one transaction.
///
/// # Errors
/// When the database was written by a newer program, or a script fails; nothing is changed then.
pub(super) fn migrate(connection: &mut Connection) -> Result<(), StoreError> {
    migrate_to(connection, SCRIPTS.len())
}

/// Brings them to that version, which tests do with an older one.
pub(super) fn migrate_to(connection: &mut Connection, version: usize) -> Result<(), StoreError> {
    let transaction = connection.transaction()?;
    let found: u32 = transaction.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let known = u32::try_from(version).unwrap_or(u32::MAX);
    if found > known {
        return Err(StoreError::Newer { found, known });
    }
    for script in SCRIPTS.iter().take(version).skip(usize::try_from(found).unwrap_or(usize::MAX)) {
        transaction.execute_batch(script)?;
    }
    convert::reservations(&transaction)?;
    if found < CHAINED && known >= CHAINED {
        trail::chain_older(&transaction)?;
    }
    transaction.pragma_update(None, "user_version", known)?;
    Ok(transaction.commit()?)
}

/// How many scripts this program knows.
pub(super) fn version() -> usize {
    SCRIPTS.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_of_a_newer_program_is_refused_and_left_alone() {
        let mut connection = Connection::open_in_memory().unwrap();
        connection.pragma_update(None, "user_version", 99).unwrap();
        let error = migrate(&mut connection).unwrap_err();
        assert!(matches!(error, StoreError::Newer { found: 99, .. }), "{error}");
        let tables: u32 = connection
            .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
            .unwrap();
        assert_eq!(tables, 0);
    }

    #[test]
    fn a_second_start_changes_nothing() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection).unwrap();
        connection.execute("INSERT INTO settings VALUES ('a', 'b', 1)", []).unwrap();
        migrate(&mut connection).unwrap();
        let rows: u32 =
            connection.query_row("SELECT count(*) FROM settings", [], |row| row.get(0)).unwrap();
        assert_eq!(rows, 1);
    }
    #[test]
    fn a_database_of_the_first_version_gets_the_new_tables_and_keeps_what_it_had() {
        let mut connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(SCRIPTS[0]).unwrap();
        connection.pragma_update(None, "user_version", 1).unwrap();
        connection
            .execute_batch(
                "INSERT INTO wallets (id, name, chain, environment, address, public_key, status,
                     created_at) VALUES ('w', 'n', 'ethereum', 'testnet', 'a', x'02', 'ACTIVE', 1);
                 INSERT INTO transactions (id, wallet_id, type, status, tier, created_at, updated_at)
                     VALUES ('t', 'w', 'TRANSFER', 'QUEUED', 'DELAY', 1, 1);",
            )
            .unwrap();
        migrate(&mut connection).unwrap();
        let kept: (String, Option<String>) = connection
            .query_row("SELECT tier, demanded FROM transactions WHERE id = 't'", [], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .unwrap();
        assert_eq!(kept, ("DELAY".to_owned(), None));
        let waiting: u32 = connection
            .query_row("SELECT count(*) FROM announcements", [], |row| row.get(0))
            .unwrap();
        assert_eq!(waiting, 0);
    }
}
