//! Settings that the program keeps for itself, by key.

use rusqlite::{OptionalExtension, params};

use super::{Reading, StoreError, Writing};
use crate::clock::UnixSeconds;

/// What is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setting {
    /// Argon2id of the master password, as JSON.
    MasterPassword,
    /// The secret that session tokens are made with, in hexadecimal.
    TokenKey,
    /// The secret that session tokens were made with before, in hexadecimal, as long as they count.
    OldTokenKey,
    /// When the secret of session tokens was replaced, in Unix seconds.
    TokenKeyRotatedAt,
    /// The secret that owners' links are made with, in hexadecimal.
    LinkKey,
    /// Which backup the database was taken over from.
    RestoredFrom,
}

impl Setting {
    const fn key(self) -> &'static str {
        match self {
            Self::MasterPassword => "master_password",
            Self::TokenKey => "token_key",
            Self::OldTokenKey => "old_token_key",
            Self::TokenKeyRotatedAt => "token_key_rotated_at",
            Self::LinkKey => "link_key",
            Self::RestoredFrom => "restored_from",
        }
    }
}

impl Reading<'_> {
    /// What is kept under that key.
    ///
    /// # Errors
    /// When the database fails.
    pub fn setting(&self, setting: Setting) -> Result<Option<String>, StoreError> {
        let mut statement = self.0.prepare_cached("SELECT value FROM settings WHERE key = ?")?;
        Ok(statement.query_row([setting.key()], |row| row.get(0)).optional()?)
    }

    /// When the secret of session tokens was replaced last, if it ever was.
    ///
    /// # Errors
    /// When the database fails.
    pub fn token_key_rotated_at(&self) -> Result<Option<UnixSeconds>, StoreError> {
        let read = |kept: String| {
            let seconds = kept.parse().map(UnixSeconds::new);
            seconds.map_err(|_no_number| StoreError::Corrupt { what: "rotation of the token key" })
        };
        self.setting(Setting::TokenKeyRotatedAt)?.map(read).transpose()
    }
}

impl Writing<'_> {
    /// Keeps `value` under that key.
    ///
    /// # Errors
    /// When the database fails.
    pub fn keep_setting(
        &self,
        setting: Setting,
        value: &str,
        now: UnixSeconds,
    ) -> Result<(), StoreError> {
        let sql = "INSERT INTO settings (key, value, updated_at) VALUES (?1, ?2, ?3) \
                   ON CONFLICT (key) DO UPDATE SET value = ?2, updated_at = ?3";
        self.0.0.execute(sql, params![setting.key(), value, now.get()])?;
        Ok(())
    }

    /// Keeps nothing under that key any more.
    ///
    /// # Errors
    /// When the database fails.
    pub fn forget_setting(&self, setting: Setting) -> Result<(), StoreError> {
        self.0.0.execute("DELETE FROM settings WHERE key = ?", [setting.key()])?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Store;

    #[tokio::test]
    async fn the_last_value_is_kept() {
        let store = Store::open_in_memory().unwrap();
        store
            .write(|db| {
                assert_eq!(db.setting(Setting::TokenKey)?, None);
                db.keep_setting(Setting::TokenKey, "a", UnixSeconds::new(1))?;
                db.keep_setting(Setting::TokenKey, "b", UnixSeconds::new(2))?;
                assert_eq!(db.setting(Setting::TokenKey)?.as_deref(), Some("b"));
                assert_eq!(db.setting(Setting::MasterPassword)?, None);
                db.forget_setting(Setting::TokenKey)?;
                assert_eq!(db.setting(Setting::TokenKey)?, None);
                Ok::<_, StoreError>(())
            })
            .await
            .unwrap();
    }
}
