//! The tables `versions` and `wishes`: all signed forms of one EVM transaction, which share their
//! nonce so that the network carries out one of them, and what somebody wants of it meanwhile.

use rusqlite::{OptionalExtension, Row, named_params, params};

use super::column::{amount, optional_word, time, word};
use super::{Reading, StoreError, TransactionId, Writing};
use crate::clock::UnixSeconds;
use crate::tx::{Form, Problem, Purpose, Signed, Status, Version, Wish};

const ASKED: &str = "ASKED";
const SIGNED: &str = "SIGNED";
const REFUSED: &str = "REFUSED";

impl Reading<'_> {
    /// All versions of a transaction, the first one first; none of one that no network has got yet.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn versions(&self, id: TransactionId) -> Result<Vec<Version>, StoreError> {
        let sql = "SELECT * FROM versions WHERE transaction_id = ? ORDER BY number";
        self.0.prepare_cached(sql)?.query_and_then([id.to_string()], version)?.collect()
    }

    /// What is wanted of a transaction that the network may have; to call it off is the more urgent
    /// wish.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn wish(&self, id: TransactionId) -> Result<Option<Wish>, StoreError> {
        let sql = "SELECT * FROM wishes WHERE transaction_id = ? ORDER BY purpose LIMIT 1";
        let mut statement = self.0.prepare_cached(sql)?;
        statement.query_row([id.to_string()], |row| Ok(wish(row))).optional()?.transpose()
    }
}

impl Reading<'_> {
    /// Whether a transaction is to offer more for gas, whatever else is wanted of it.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn is_hurried(&self, id: TransactionId) -> Result<bool, StoreError> {
        let sql = "SELECT 1 FROM wishes WHERE transaction_id = ? AND purpose = ?";
        let mut statement = self.0.prepare_cached(sql)?;
        Ok(statement.exists([id.to_string().as_str(), Purpose::Pay.as_str()])?)
    }
}

impl Writing<'_> {
    /// Stores a version, or what became of it.
    ///
    /// # Errors
    /// When there is no such transaction, or the database cannot be written.
    pub fn keep_version(&self, id: TransactionId, version: &Version) -> Result<(), StoreError> {
        let (stage, signed) = match &version.form {
            Form::Asked => (ASKED, None),
            Form::Signed(signed) => (SIGNED, Some(signed)),
            Form::Refused => (REFUSED, None),
        };
        let mut statement = self.0.0.prepare_cached(
            "INSERT OR REPLACE INTO versions VALUES (
                 :id, :number, :purpose, :stage, :unsigned, :fee_ceiling, :signed, :hash, :made_at
             )",
        )?;
        statement.execute(named_params! {
            ":id": id.to_string(),
            ":number": version.number,
            ":purpose": version.purpose.as_str(),
            ":stage": stage,
            ":unsigned": version.unsigned,
            ":fee_ceiling": version.fee_ceiling.to_be_bytes(),
            ":signed": signed.map(|signed| &signed.bytes),
            ":hash": signed.map(|signed| &signed.hash),
            ":made_at": version.made_at.get(),
        })?;
        Ok(())
    }

    /// Stores what somebody wants of a transaction. Who wanted the same first is kept.
    ///
    /// # Errors
    /// When there is no such transaction, or the database cannot be written.
    pub fn make_wish(
        &self,
        id: TransactionId,
        wish: &Wish,
        now: UnixSeconds,
    ) -> Result<(), StoreError> {
        let (ends, problem) = match wish {
            Wish::SpeedUp => (None, None),
            Wish::CallOff { ends, problem } => (Some(ends.as_str()), Some(problem)),
        };
        self.0
            .0
            .prepare_cached("INSERT OR IGNORE INTO wishes VALUES (?, ?, ?, ?, ?, ?)")?
            .execute(params![
                id.to_string(),
                wish.purpose().as_str(),
                ends,
                problem.map(|problem| &problem.code),
                problem.map(|problem| &problem.message),
                now.get(),
            ])?;
        Ok(())
    }

    /// Forgets a wish: it is done, or cannot be done.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn forget_wish(&self, id: TransactionId, purpose: Purpose) -> Result<(), StoreError> {
        let sql = "DELETE FROM wishes WHERE transaction_id = ? AND purpose = ?";
        self.0.0.prepare_cached(sql)?.execute([id.to_string().as_str(), purpose.as_str()])?;
        Ok(())
    }
}

fn version(row: &Row<'_>) -> Result<Version, StoreError> {
    let stage: String = row.get("stage")?;
    let form = match stage.as_str() {
        ASKED => Form::Asked,
        SIGNED => Form::Signed(Signed { bytes: row.get("signed")?, hash: row.get("hash")? }),
        REFUSED => Form::Refused,
        _ => return Err(StoreError::Corrupt { what: "stage" }),
    };
    Ok(Version {
        number: row.get("number")?,
        purpose: word(row, "purpose")?,
        unsigned: row.get("unsigned")?,
        fee_ceiling: amount(row, "fee_ceiling")?,
        form,
        made_at: time(row, "made_at")?,
    })
}

fn wish(row: &Row<'_>) -> Result<Wish, StoreError> {
    Ok(match word(row, "purpose")? {
        Purpose::Pay => Wish::SpeedUp,
        Purpose::CallOff => Wish::CallOff {
            ends: optional_word::<Status>(row, "ends")?
                .ok_or(StoreError::Corrupt { what: "ends" })?,
            problem: Problem { code: row.get("error_code")?, message: row.get("error")? },
        },
    })
}

#[cfg(test)]
mod tests {
    use primitives::Amount;

    use super::*;
    use crate::tx::testing::{Scene, word};

    #[tokio::test]
    async fn versions_and_wishes_come_back_as_they_were_stored() {
        let scene = Scene::start().await;
        let id = scene.ask(1).await;
        let now = scene.app.clock.now();
        let forms = [
            Form::Signed(Signed { bytes: vec![1], hash: "0x1".to_owned() }),
            Form::Refused,
            Form::Asked,
        ];
        let made = |(number, form)| Version {
            number,
            purpose: if number == 2 { Purpose::CallOff } else { Purpose::Pay },
            unsigned: vec![9],
            fee_ceiling: Amount::MAX,
            form,
            made_at: now,
        };
        let expected: Vec<Version> = (0_u32..).zip(forms).map(made).collect();
        let stored = expected.clone();
        let problem = Problem::new("CANCELLED", "called off");
        let call_off = Wish::CallOff { ends: Status::Cancelled, problem };
        let wishes = [Wish::SpeedUp, call_off.clone()];
        let write = move |db: &Writing<'_>| {
            for version in stored.iter().rev() {
                db.keep_version(id, version)?;
            }
            wishes.iter().try_for_each(|wish| db.make_wish(id, wish, now))
        };
        scene.write(write).await;
        let read =
            scene.app.store.read(move |db| Ok::<_, StoreError>((db.versions(id)?, db.wish(id)?)));
        assert_eq!(read.await.unwrap(), (expected, Some(call_off)));
        scene.write(move |db| db.forget_wish(id, Purpose::CallOff)).await;
        let wish = scene.app.store.read(move |db| db.wish(id)).await.unwrap();
        assert_eq!(wish, Some(Wish::SpeedUp));
        assert_eq!(word(&scene.show(id).await), (Status::Pending, None));
    }
}
