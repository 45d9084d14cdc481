//! The table `kill_switch`: where the gateway's own latch is, since when, and by whom.

use protocol::Latch;
use rusqlite::{OptionalExtension, Row, named_params};

use super::column::{optional_time, time};
use super::{Reading, StoreError, Writing};
use crate::clock::UnixSeconds;
use crate::store::audit::Actor;

/// The latch, once somebody has moved it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KillSwitch {
    /// Where it is.
    pub latch: Latch,
    /// Why it fell.
    pub reason: String,
    /// Who let it fall, in the words of the audit trail.
    pub actor: String,
    /// When it fell.
    pub activated_at: UnixSeconds,
    /// When it was locked, where it was.
    pub escalated_at: Option<UnixSeconds>,
    /// When it was lifted, where it was.
    pub recovered_at: Option<UnixSeconds>,
    /// Whether the signer has said that it stopped as well.
    pub signer: SignerKnows,
}

/// Whether the signer knows where the latch is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignerKnows {
    /// It has answered.
    Yes,
    /// It is to be told.
    NotYet,
}

impl KillSwitch {
    /// Whether it stops anything.
    pub fn has_fallen(&self) -> bool {
        self.latch != Latch::Active
    }

    /// One that falls now.
    pub fn fallen(latch: Latch, reason: String, actor: Actor, now: UnixSeconds) -> Self {
        Self {
            latch,
            reason,
            actor: actor.to_string(),
            activated_at: now,
            escalated_at: (latch == Latch::Locked).then_some(now),
            recovered_at: None,
            signer: SignerKnows::NotYet,
        }
    }
}

impl Reading<'_> {
    /// Where the latch is; `None` where nobody ever moved it, which is active.
    ///
    /// # Errors
    /// When the database fails.
    pub fn kill_switch(&self) -> Result<Option<KillSwitch>, StoreError> {
        let mut statement = self.0.prepare_cached("SELECT * FROM kill_switch")?;
        statement.query_row([], |row| Ok(from_row(row))).optional()?.transpose()
    }

    /// Where the latch is.
    ///
    /// # Errors
    /// When the database fails.
    pub fn latch(&self) -> Result<Latch, StoreError> {
        Ok(self.kill_switch()?.map_or(Latch::Active, |found| found.latch))
    }
}

impl Writing<'_> {
    /// Stores where the latch is.
    ///
    /// # Errors
    /// When the database fails.
    pub fn keep_kill_switch(&self, switch: &KillSwitch) -> Result<(), StoreError> {
        let mut statement = self.0.0.prepare_cached(
            "INSERT OR REPLACE INTO kill_switch VALUES (
                 1, :latch, :reason, :actor, :activated_at, :escalated_at, :recovered_at,
                 :signer_knows
             )",
        )?;
        statement.execute(named_params! {
            ":latch": switch.latch.to_string(),
            ":reason": switch.reason,
            ":actor": switch.actor,
            ":activated_at": switch.activated_at.get(),
            ":escalated_at": switch.escalated_at.map(UnixSeconds::get),
            ":recovered_at": switch.recovered_at.map(UnixSeconds::get),
            ":signer_knows": switch.signer == SignerKnows::Yes,
        })?;
        Ok(())
    }
}

fn from_row(row: &Row<'_>) -> Result<KillSwitch, StoreError> {
    let word: String = row.get("latch")?;
    let latch = [Latch::Active, Latch::Suspended, Latch::Locked];
    let latch = latch.into_iter().find(|latch| latch.to_string() == word);
    let knows: bool = row.get("signer_knows")?;
    Ok(KillSwitch {
        latch: latch.ok_or(StoreError::Corrupt { what: "latch" })?,
        reason: row.get("reason")?,
        actor: row.get("actor")?,
        activated_at: time(row, "activated_at")?,
        escalated_at: optional_time(row, "escalated_at")?,
        recovered_at: optional_time(row, "recovered_at")?,
        signer: if knows { SignerKnows::Yes } else { SignerKnows::NotYet },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Store;

    #[tokio::test]
    async fn there_is_one_latch_and_it_comes_back_as_it_was_stored() {
        let store = Store::open_in_memory().unwrap();
        let now = UnixSeconds::new(9);
        store
            .write(move |db| {
                assert_eq!(db.latch()?, Latch::Active);
                let fallen =
                    KillSwitch::fallen(Latch::Locked, "a drill".to_owned(), Actor::Operator, now);
                db.keep_kill_switch(&fallen)?;
                assert_eq!(db.kill_switch()?, Some(fallen.clone()));
                let lifted = KillSwitch {
                    latch: Latch::Active,
                    recovered_at: Some(now),
                    signer: SignerKnows::Yes,
                    ..fallen
                };
                db.keep_kill_switch(&lifted)?;
                assert_eq!((db.kill_switch()?, db.latch()?), (Some(lifted), Latch::Active));
                Ok::<_, StoreError>(())
            })
            .await
            .unwrap();
    }
}
