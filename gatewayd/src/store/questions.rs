//! The tables `questions` and `owner_signatures`: what owners are asked, and what they answered.

use primitives::Address;
use protocol::{OwnerSignature, SignedForm, Terms};
use rusqlite::{OptionalExtension, Row, named_params, params};

use super::column::{amount, integer, optional_time, word};
use super::{Reading, StoreError, TransactionId, Writing};
use crate::clock::UnixSeconds;
use crate::tx::Question;

const TEXT: &str = "text";
const TYPED_DATA: &str = "typedData";

impl Reading<'_> {
    /// What the owners are asked about a transaction, with their answers.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn question(&self, id: TransactionId) -> Result<Option<Question>, StoreError> {
        let sql = "SELECT * FROM questions WHERE transaction_id = ?";
        let mut statement = self.0.prepare_cached(sql)?;
        let found = statement.query_row([id.to_string()], |row| Ok(from_row(row))).optional()?;
        let Some(mut question) = found.transpose()? else { return Ok(None) };
        let sql = "SELECT * FROM owner_signatures WHERE transaction_id = ? ORDER BY owner";
        let mut statement = self.0.prepare_cached(sql)?;
        let answers = statement.query_and_then([id.to_string()], signature)?;
        question.signatures = answers.collect::<Result<_, _>>()?;
        Ok(Some(question))
    }
}

impl Writing<'_> {
    /// Stores what the owners are asked, with the answers that it has; replaces what they were asked
    /// before.
    ///
    /// # Errors
    /// When there is no such transaction, or the database cannot be written.
    pub fn put_question(&self, id: TransactionId, question: &Question) -> Result<(), StoreError> {
        self.forget_question(id)?;
        let Question { unsigned, instance, terms, approved_at, signatures } = question;
        let mut statement = self.0.0.prepare_cached(
            "INSERT INTO questions (transaction_id, unsigned, instance, guard_version,
                 fee_ceiling, expires_at, nonce, approved_at)
             VALUES (:id, :unsigned, :instance, :guard_version, :fee_ceiling, :expires_at,
                 :nonce, :approved_at)",
        )?;
        statement.execute(named_params! {
            ":id": id.to_string(),
            ":unsigned": unsigned,
            ":instance": instance,
            ":guard_version": integer(terms.guard_version)?,
            ":fee_ceiling": terms.fee_ceiling.to_be_bytes(),
            ":expires_at": integer(terms.expires_at)?,
            ":nonce": terms.nonce,
            ":approved_at": approved_at.map(UnixSeconds::get),
        })?;
        let sql = "INSERT INTO owner_signatures (transaction_id, owner, form, signature) \
                   VALUES (?, ?, ?, ?)";
        let mut statement = self.0.0.prepare_cached(sql)?;
        for OwnerSignature { owner, form, bytes } in signatures {
            let form = match form {
                SignedForm::Text => TEXT,
                SignedForm::TypedData => TYPED_DATA,
            };
            statement.execute(params![id.to_string(), owner.to_string(), form, bytes])?;
        }
        Ok(())
    }

    /// Stores that the owners are asked nothing about a transaction.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn forget_question(&self, id: TransactionId) -> Result<(), StoreError> {
        let sql = "DELETE FROM questions WHERE transaction_id = ?";
        self.0.0.prepare_cached(sql)?.execute([id.to_string()])?;
        Ok(())
    }
}

fn from_row(row: &Row<'_>) -> Result<Question, StoreError> {
    let number = |column: &'static str| -> Result<u64, StoreError> {
        let number: i64 = row.get(column)?;
        u64::try_from(number).map_err(|_negative| StoreError::Corrupt { what: column })
    };
    Ok(Question {
        unsigned: row.get("unsigned")?,
        instance: row.get("instance")?,
        terms: Terms {
            guard_version: number("guard_version")?,
            fee_ceiling: amount(row, "fee_ceiling")?,
            expires_at: number("expires_at")?,
            nonce: row.get("nonce")?,
        },
        approved_at: optional_time(row, "approved_at")?,
        signatures: Vec::new(),
    })
}

fn signature(row: &Row<'_>) -> Result<OwnerSignature, StoreError> {
    let form: String = row.get("form")?;
    let form = match form.as_str() {
        TEXT => SignedForm::Text,
        TYPED_DATA => SignedForm::TypedData,
        _ => return Err(StoreError::Corrupt { what: "form" }),
    };
    let owner: Address = word(row, "owner")?;
    Ok(OwnerSignature { owner, form, bytes: row.get("signature")? })
}

#[cfg(test)]
mod tests {
    use primitives::{Amount, EvmAddress};

    use super::*;
    use crate::clock::Clock;
    use crate::store::Store;
    use crate::store::wallets::sample;
    use crate::tx::Transaction;
    use crate::tx::testing::payment;

    #[tokio::test]
    async fn a_question_comes_back_as_it_was_stored_and_goes_with_its_answers() {
        let store = Store::open_in_memory().unwrap();
        let now = UnixSeconds::new(1_000);
        let (clock, _setter) = Clock::settable(now);
        let id = TransactionId::new(&clock);
        let intent = payment(1_u64.into());
        let transaction = Transaction::new(id, sample(1).id, None, intent, now);
        let answer = |byte: u8, form| OwnerSignature {
            owner: EvmAddress([byte; 20]).into(),
            form,
            bytes: vec![byte; 65],
        };
        let terms =
            Terms { guard_version: 7, fee_ceiling: Amount::MAX, expires_at: 2_000, nonce: [3; 16] };
        let question = Question {
            unsigned: vec![1, 2],
            instance: [4; 16],
            terms,
            approved_at: Some(now),
            signatures: vec![answer(1, SignedForm::Text), answer(2, SignedForm::TypedData)],
        };
        let stored = question.clone();
        store
            .write(move |db| {
                db.insert_wallet(&sample(1))?;
                db.insert_transaction(&transaction)?;
                db.put_question(id, &stored)?;
                db.put_question(id, &stored)
            })
            .await
            .unwrap();
        let found = store.read(move |db| db.question(id)).await.unwrap();
        assert_eq!(found, Some(question));
        store.write(move |db| db.forget_question(id)).await.unwrap();
        assert_eq!(store.read(move |db| db.question(id)).await.unwrap(), None);
    }
}
