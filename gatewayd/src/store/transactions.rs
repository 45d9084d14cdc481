//! The table `transactions`.

use primitives::{Asset, ChainId, WalletId};
use rusqlite::{OptionalExtension, Row, named_params};

use super::column::{
    amount, count, integer, optional_number, optional_time, optional_word, time, word,
};
use super::{Reading, StoreError, TransactionId, Writing};
use crate::clock::UnixSeconds;
use crate::tx::{
    Drafted, Intent, Kind, Problem, Progress, Signed, Status, Tier, Transaction, Transfer,
};

/// Transactions of the same wallet on the same network go one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Lane {
    /// Whose.
    pub wallet: WalletId,
    /// Where; `None` for messages.
    pub network: Option<ChainId>,
}

/// A transaction that the scheduler shall look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    /// Which.
    pub id: TransactionId,
    /// What it must not be worked on beside.
    pub lane: Lane,
}

/// Which part of the list of transactions, newest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// Those before this one; the newest if absent.
    pub before: Option<TransactionId>,
    /// At most this many.
    pub limit: u16,
}

/// How many transactions there were.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tally {
    /// All of them.
    pub total: u64,
    /// Those that failed.
    pub failed: u64,
}

impl Reading<'_> {
    /// How many transactions were asked for since then.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn tally_since(&self, since: UnixSeconds) -> Result<Tally, StoreError> {
        let sql = "SELECT count(*), count(*) FILTER (WHERE status = 'FAILED') FROM transactions \
                   WHERE created_at >= ?";
        let (total, failed): (u32, u32) = self
            .0
            .prepare_cached(sql)?
            .query_row([since.get()], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(Tally { total: total.into(), failed: failed.into() })
    }

    /// The transaction of that name.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn transaction(&self, id: TransactionId) -> Result<Option<Transaction>, StoreError> {
        let mut statement = self.0.prepare_cached("SELECT * FROM transactions WHERE id = ?")?;
        let found = statement.query_row([id.to_string()], |row| Ok(from_row(row))).optional()?;
        found.transpose()
    }

    /// Transactions of any of `wallets`, newest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn transactions_of(
        &self,
        wallets: &[WalletId],
        page: Page,
    ) -> Result<Vec<Transaction>, StoreError> {
        self.list(wallets, page, "1")
    }

    /// Transactions of any of `wallets` that are not over, newest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn unfinished_transactions_of(
        &self,
        wallets: &[WalletId],
        page: Page,
    ) -> Result<Vec<Transaction>, StoreError> {
        let open = "status IN ('PENDING', 'QUEUED', 'GAS_WAITING', 'EXECUTING', 'SUBMITTED')";
        self.list(wallets, page, open)
    }

    /// What is due at `now`: of each lane the one that came first, so that a wallet with a thousand
    /// transactions does not keep the others waiting. At most `limit` in all.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn due_transactions(&self, now: UnixSeconds, limit: u16) -> Result<Vec<Due>, StoreError> {
        let mut statement = self.0.prepare_cached(
            "SELECT id, wallet_id, network FROM (
                 SELECT id, wallet_id, network, next_attempt_at, row_number() OVER (
                     PARTITION BY wallet_id, network ORDER BY status = 'SUBMITTED', id
                 ) AS place
                 FROM transactions WHERE next_attempt_at <= :now
             ) WHERE place = 1 ORDER BY next_attempt_at LIMIT :limit",
        )?;
        let found =
            statement.query_map(named_params! { ":now": now.get(), ":limit": limit }, |row| {
                Ok((|| {
                    let wallet = word(row, "wallet_id")?;
                    let lane = Lane { wallet, network: optional_word(row, "network")? };
                    Ok(Due { id: word(row, "id")?, lane })
                })())
            })?;
        found.map(|due| due?).collect()
    }

    /// When the next transaction is due that is not due at `now`, if any is.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn next_due_after(&self, now: UnixSeconds) -> Result<Option<UnixSeconds>, StoreError> {
        let mut statement = self.0.prepare_cached(
            "SELECT min(next_attempt_at) FROM transactions WHERE next_attempt_at > ?",
        )?;
        let found: Option<i64> = statement.query_row([now.get()], |row| row.get(0))?;
        Ok(found.map(UnixSeconds::new))
    }

    /// How many of a wallet's transactions are not over.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn open_transactions(&self, wallet: WalletId) -> Result<u64, StoreError> {
        let mut statement = self.0.prepare_cached(
            "SELECT count(*) FROM transactions WHERE wallet_id = ? AND next_attempt_at IS NOT NULL",
        )?;
        statement.query_row([wallet.to_string()], |row| Ok(count(row)))?
    }

    fn list(
        &self,
        wallets: &[WalletId],
        page: Page,
        condition: &str,
    ) -> Result<Vec<Transaction>, StoreError> {
        let mut statement = self.0.prepare_cached(&format!(
            "SELECT * FROM transactions
             WHERE wallet_id IN (SELECT value FROM json_each(:wallets)) AND {condition}
             AND (:before IS NULL OR id < :before) ORDER BY id DESC LIMIT :limit"
        ))?;
        let wallets: Vec<String> = wallets.iter().map(ToString::to_string).collect();
        let found = statement.query_map(
            named_params! {
                ":wallets": serde_json::Value::from(wallets).to_string(),
                ":before": page.before.map(|before| before.to_string()),
                ":limit": page.limit,
            },
            |row| Ok(from_row(row)),
        )?;
        found.map(|transaction| transaction?).collect()
    }
}

impl Writing<'_> {
    /// Stores a new transaction.
    ///
    /// # Errors
    /// When it exists, its wallet does not, or the database cannot be written.
    pub fn insert_transaction(&self, transaction: &Transaction) -> Result<(), StoreError> {
        let transfer = transaction.intent.transfer();
        let token = transfer.and_then(|transfer| match transfer.asset {
            Asset::Native => None,
            Asset::Token(token) => Some(token.to_string()),
        });
        let mut statement = self.0.0.prepare_cached(
            "INSERT INTO transactions (
                 id, wallet_id, session_id, network, type, to_address, token_address, amount,
                 decimals, symbol, memo, created_at, status, updated_at
             ) VALUES (
                 :id, :wallet, :session, :network, :type, :to, :token, :amount,
                 :decimals, :symbol, :memo, :created_at, :status, :created_at
             )",
        )?;
        statement.execute(named_params! {
            ":id": transaction.id.to_string(),
            ":wallet": transaction.wallet.to_string(),
            ":session": transaction.session.map(|session| session.to_string()),
            ":network": transaction.intent.network().map(|network| network.to_string()),
            ":type": transaction.intent.kind().as_str(),
            ":to": transfer.map(|transfer| transfer.to.to_string()),
            ":token": token,
            ":amount": transfer.map(|transfer| transfer.amount.to_string()),
            ":decimals": transfer.map(|transfer| transfer.decimals),
            ":symbol": transfer.and_then(|transfer| transfer.symbol.as_deref()),
            ":memo": transfer.and_then(|transfer| transfer.memo.as_deref()),
            ":created_at": transaction.created_at.get(),
            ":status": transaction.status.as_str(),
        })?;
        self.save_progress(transaction)
    }

    /// Stores what changed of a transaction. What was asked never changes.
    ///
    /// # Errors
    /// When its status may not follow the stored one, or the database cannot be written.
    pub fn update_transaction(&self, transaction: &Transaction) -> Result<(), StoreError> {
        let stored = self.0.0.query_row(
            "SELECT status FROM transactions WHERE id = ?",
            [transaction.id.to_string()],
            |row| Ok(word::<Status>(row, "status")),
        )??;
        if stored != transaction.status && !stored.may_become(transaction.status) {
            return Err(StoreError::IllegalTransition { from: stored, to: transaction.status });
        }
        self.save_progress(transaction)
    }

    fn save_progress(&self, transaction: &Transaction) -> Result<(), StoreError> {
        let (drafted, signed) = match &transaction.progress {
            Progress::Asked => (None, None),
            Progress::Drafted(drafted) => (Some(drafted), None),
            Progress::Signed(drafted, signed) => (Some(drafted), Some(signed)),
        };
        let problem = transaction.problem.as_ref();
        let mut statement = self.0.0.prepare_cached(
            "UPDATE transactions SET
                 status = :status, tier = :tier, waits_until = :waits_until, unsigned = :unsigned,
                 fee_ceiling = :fee_ceiling, nonce = :nonce, signed = :signed, hash = :hash,
                 last_valid_block_height = :last_valid, error = :error, error_code = :error_code,
                 attempts = :attempts, next_attempt_at = :next_attempt_at, updated_at = :updated_at
             WHERE id = :id",
        )?;
        statement.execute(named_params! {
            ":id": transaction.id.to_string(),
            ":status": transaction.status.as_str(),
            ":tier": transaction.tier.map(Tier::as_str),
            ":waits_until": transaction.waits_until.map(UnixSeconds::get),
            ":unsigned": drafted.map(|drafted| &drafted.unsigned),
            ":fee_ceiling": drafted.map(|drafted| drafted.fee_ceiling.to_be_bytes()),
            ":nonce": drafted.and_then(|drafted| drafted.nonce).map(integer).transpose()?,
            ":signed": signed.map(|signed| &signed.bytes),
            ":hash": signed.map(|signed| &signed.hash),
            ":last_valid":
                drafted.and_then(|drafted| drafted.last_valid_block_height).map(integer).transpose()?,
            ":error": problem.map(|problem| &problem.message),
            ":error_code": problem.map(|problem| &problem.code),
            ":attempts": transaction.attempts,
            ":next_attempt_at": transaction.next_attempt_at.map(UnixSeconds::get),
            ":updated_at": transaction.updated_at.get(),
        })?;
        Ok(())
    }
}

fn from_row(row: &Row<'_>) -> Result<Transaction, StoreError> {
    Ok(Transaction {
        id: word(row, "id")?,
        wallet: word(row, "wallet_id")?,
        session: optional_word(row, "session_id")?,
        intent: intent(row)?,
        status: word(row, "status")?,
        tier: optional_word(row, "tier")?,
        waits_until: optional_time(row, "waits_until")?,
        progress: progress(row)?,
        problem: problem(row)?,
        attempts: row.get("attempts")?,
        next_attempt_at: optional_time(row, "next_attempt_at")?,
        created_at: time(row, "created_at")?,
        updated_at: time(row, "updated_at")?,
    })
}

fn intent(row: &Row<'_>) -> Result<Intent, StoreError> {
    let kinds = [Kind::Transfer, Kind::TokenTransfer, Kind::Sign, Kind::SignMessage];
    let name: String = row.get("type")?;
    let kind = kinds.into_iter().find(|kind| kind.as_str() == name);
    Ok(match kind.ok_or(StoreError::Corrupt { what: "type" })? {
        Kind::Transfer => Intent::Transfer(transfer(row, Asset::Native)?),
        Kind::TokenTransfer => {
            Intent::Transfer(transfer(row, Asset::Token(word(row, "token_address")?))?)
        }
        Kind::Sign => Intent::SignTransaction { network: word(row, "network")? },
        Kind::SignMessage => Intent::SignMessage,
    })
}

fn transfer(row: &Row<'_>, asset: Asset) -> Result<Transfer, StoreError> {
    Ok(Transfer {
        network: word(row, "network")?,
        asset,
        to: word(row, "to_address")?,
        amount: word(row, "amount")?,
        decimals: row.get("decimals")?,
        symbol: row.get("symbol")?,
        memo: row.get("memo")?,
    })
}

fn progress(row: &Row<'_>) -> Result<Progress, StoreError> {
    let Some(unsigned) = row.get("unsigned")? else { return Ok(Progress::Asked) };
    let drafted = Drafted {
        unsigned,
        fee_ceiling: amount(row, "fee_ceiling")?,
        nonce: optional_number(row, "nonce")?,
        last_valid_block_height: optional_number(row, "last_valid_block_height")?,
    };
    Ok(match row.get("signed")? {
        None => Progress::Drafted(drafted),
        Some(bytes) => Progress::Signed(drafted, Signed { bytes, hash: row.get("hash")? }),
    })
}

fn problem(row: &Row<'_>) -> Result<Option<Problem>, StoreError> {
    let message: Option<String> = row.get("error")?;
    let code: Option<String> = row.get("error_code")?;
    Ok(message.map(|message| Problem { code: code.unwrap_or_default(), message }))
}
