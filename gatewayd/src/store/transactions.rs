//! The table `transactions`.

use primitives::{Asset, WalletId};
use rusqlite::{OptionalExtension, Row, named_params};

use super::column::{
    amount, count, integer, json, optional_json, optional_number, optional_time, optional_word,
    time, word,
};
use super::{Reading, StoreError, TransactionId, Writing};
use crate::clock::UnixSeconds;
use crate::tx::{
    Deed, Drafted, Intent, Kind, Order, PartOf, Problem, Progress, Signed, Status, Tier,
    Transaction, Transfer,
};

/// Blocks that the last ones of the same bytes are apart at most: what endpoints say of one blockhash
/// differs by no more than its whole life.
const TWINS_APART: u64 = 150;

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

    /// All transactions that are not over, and those of which the signer still has to forget
    /// something, oldest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn transactions_under_way(&self) -> Result<Vec<Transaction>, StoreError> {
        let sql = "SELECT * FROM transactions WHERE next_attempt_at IS NOT NULL
                   OR status IN ('PENDING', 'QUEUED', 'GAS_WAITING', 'EXECUTING', 'SUBMITTED')
                   ORDER BY id";
        self.0.prepare(sql)?.query_and_then([], from_row)?.collect()
    }

    /// The next transactions that are not over, in the order of their ids.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn unfinished_after(
        &self,
        after: Option<TransactionId>,
        limit: u16,
    ) -> Result<Vec<TransactionId>, StoreError> {
        let mut statement = self.0.prepare_cached(
            "SELECT id FROM transactions
             WHERE status IN ('PENDING', 'QUEUED', 'GAS_WAITING', 'EXECUTING', 'SUBMITTED')
             AND (:after IS NULL OR id > :after) ORDER BY id LIMIT :limit",
        )?;
        let after = after.map(|after| after.to_string());
        let parameters = named_params! { ":after": after, ":limit": limit };
        statement.query_and_then(parameters, |row| word(row, "id"))?.collect()
    }

    /// The parts of a sequence, in their order; none of another transaction.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn parts(&self, whole: TransactionId) -> Result<Vec<Transaction>, StoreError> {
        let sql = "SELECT * FROM transactions WHERE parent_id = ? ORDER BY place";
        self.0.prepare_cached(sql)?.query_and_then([whole.to_string()], from_row)?.collect()
    }

    /// How many of a wallet's transactions are not over.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn open_transactions(&self, wallet: WalletId) -> Result<u64, StoreError> {
        let mut statement = self.0.prepare_cached(
            "SELECT count(*) FROM transactions INDEXED BY transactions_open
             WHERE wallet_id = ? AND next_attempt_at IS NOT NULL",
        )?;
        statement.query_row([wallet.to_string()], |row| Ok(count(row)))?
    }

    /// Whether another transaction has the very same bytes: the chain would carry out only one.
    /// Nonces tell those apart that do not expire at a block height.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn has_twin(&self, id: TransactionId, drafted: &Drafted) -> Result<bool, StoreError> {
        let Some(last_valid) = drafted.last_valid_block_height else { return Ok(false) };
        let mut statement = self.0.prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM transactions
                            WHERE last_valid_block_height >= ? AND unsigned = ? AND id <> ?)",
        )?;
        let since = integer(last_valid.saturating_sub(TWINS_APART))?;
        let key = (since, &drafted.unsigned, id.to_string());
        Ok(statement.query_row(key, |row| row.get(0))?)
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
        let parameters = named_params! {
            ":wallets": serde_json::Value::from(wallets).to_string(),
            ":before": page.before.map(|before| before.to_string()),
            ":limit": page.limit,
        };
        statement.query_and_then(parameters, from_row)?.collect()
    }
}

impl Writing<'_> {
    /// Stores a new transaction.
    ///
    /// # Errors
    /// When it exists, its wallet does not, or the database cannot be written.
    pub fn insert_transaction(&self, transaction: &Transaction) -> Result<(), StoreError> {
        let order = transaction.intent.order();
        let shown = transaction.intent.shown();
        let token = shown.amount.and_then(|shown| match shown.asset {
            Asset::Native => None,
            Asset::Token(token) => Some(token.to_string()),
        });
        let condition = order.and_then(|order| order.gas_condition.as_ref());
        let mut statement = self.0.0.prepare_cached(
            "INSERT INTO transactions (
                 id, wallet_id, session_id, network, type, to_address, token_address, amount,
                 decimals, symbol, memo, deed, gas_condition, parent_id, place, created_at, status,
                 updated_at
             ) VALUES (
                 :id, :wallet, :session, :network, :type, :to, :token, :amount,
                 :decimals, :symbol, :memo, :deed, :gas_condition, :parent, :place, :created_at, :status,
                 :created_at
             )",
        )?;
        statement.execute(named_params! {
            ":id": transaction.id.to_string(),
            ":wallet": transaction.wallet.to_string(),
            ":session": transaction.session.map(|session| session.to_string()),
            ":network": transaction.intent.network().map(|network| network.to_string()),
            ":type": transaction.intent.kind().as_str(),
            ":to": shown.to.map(|to| to.to_string()),
            ":token": token,
            ":amount": shown.amount.map(|shown| shown.amount.to_string()),
            ":decimals": shown.amount.and_then(|shown| shown.decimals),
            ":symbol": shown.amount.and_then(|shown| shown.symbol),
            ":memo": order.and_then(|order| order.deed.memo()),
            ":deed": order.map(|order| json("deed", &order.deed)).transpose()?,
            ":gas_condition": condition.map(|condition| json("gas_condition", condition)).transpose()?,
            ":parent": transaction.part_of.map(|part_of| part_of.whole.to_string()),
            ":place": transaction.part_of.map(|part_of| part_of.place),
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

    pub(super) fn save_progress(&self, transaction: &Transaction) -> Result<(), StoreError> {
        let (drafted, signed) = match &transaction.progress {
            Progress::Asked => (None, None),
            Progress::Drafted(drafted) => (Some(drafted), None),
            Progress::Signed(drafted, signed) => (Some(drafted), Some(signed)),
        };
        let problem = transaction.problem.as_ref();
        let mut statement = self.0.0.prepare_cached(
            "UPDATE transactions SET
                 status = :status, tier = :tier, demanded = :demanded,
                 waits_until = :waits_until, unsigned = :unsigned,
                 fee_ceiling = :fee_ceiling, nonce = :nonce, signed = :signed, hash = :hash,
                 last_valid_block_height = :last_valid, error = :error, error_code = :error_code,
                 attempts = :attempts, next_attempt_at = :next_attempt_at, updated_at = :updated_at,
                 restored = :restored
             WHERE id = :id",
        )?;
        statement.execute(named_params! {
            ":id": transaction.id.to_string(),
            ":status": transaction.status.as_str(),
            ":tier": transaction.tier.map(Tier::as_str),
            ":demanded": transaction.demanded.map(Tier::as_str),
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
            ":restored": transaction.restored,
        })?;
        Ok(())
    }
}

pub(super) fn from_row(row: &Row<'_>) -> Result<Transaction, StoreError> {
    Ok(Transaction {
        id: word(row, "id")?,
        wallet: word(row, "wallet_id")?,
        session: optional_word(row, "session_id")?,
        part_of: part_of(row)?,
        intent: intent(row)?,
        status: word(row, "status")?,
        tier: optional_word(row, "tier")?,
        demanded: optional_word(row, "demanded")?,
        waits_until: optional_time(row, "waits_until")?,
        progress: progress(row)?,
        problem: problem(row)?,
        attempts: row.get("attempts")?,
        next_attempt_at: optional_time(row, "next_attempt_at")?,
        created_at: time(row, "created_at")?,
        updated_at: time(row, "updated_at")?,
        restored: row.get("restored")?,
    })
}

fn part_of(row: &Row<'_>) -> Result<Option<PartOf>, StoreError> {
    let whole = optional_word(row, "parent_id")?;
    let place: Option<u8> = row.get("place")?;
    Ok(whole.zip(place).map(|(whole, place)| PartOf { whole, place }))
}

fn intent(row: &Row<'_>) -> Result<Intent, StoreError> {
    let name: String = row.get("type")?;
    let kind = Kind::ALL.iter().copied().find(|kind| kind.as_str() == name);
    let kind = kind.ok_or(StoreError::Corrupt { what: "type" })?;
    match kind {
        Kind::Transfer
        | Kind::TokenTransfer
        | Kind::ContractCall
        | Kind::Approve
        | Kind::Batch
        | Kind::NftTransfer
        | Kind::ContractDeploy => order(row, kind).map(Box::new).map(Intent::Send),
        Kind::Sign => Ok(Intent::SignTransaction { network: word(row, "network")? }),
        Kind::SignMessage => Ok(Intent::SignMessage),
    }
}

fn order(row: &Row<'_>, kind: Kind) -> Result<Order, StoreError> {
    let deed = match optional_json(row, "deed")? {
        Some(deed) => deed,
        None => Deed::Transfer(transfer(row)?),
    };
    if deed.kind() != kind {
        return Err(StoreError::Corrupt { what: "deed" });
    }
    let gas_condition = optional_json(row, "gas_condition")?;
    Ok(Order { network: word(row, "network")?, deed, gas_condition })
}

/// What an older program stored, which knew nothing but transfers.
fn transfer(row: &Row<'_>) -> Result<Transfer, StoreError> {
    let token = optional_word(row, "token_address")?;
    Ok(Transfer {
        asset: token.map_or(Asset::Native, Asset::Token),
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

#[cfg(test)]
mod tests {
    use primitives::{Address, Amount, EvmAddress};

    use super::*;
    use crate::clock::Clock;
    use crate::store::Store;
    use crate::store::wallets::sample;

    const NOW: UnixSeconds = UnixSeconds::new(1_000);

    fn asked(wallet: u8, asset: Asset) -> Transaction {
        let (clock, _setter) = Clock::settable(NOW);
        let deed = Deed::Transfer(Transfer {
            asset,
            to: Address::Evm(EvmAddress([9; 20])),
            amount: Amount::MAX,
            decimals: 6,
            symbol: Some("USDC".to_owned()),
            memo: Some("rent".to_owned()),
        });
        let network = "eip155:11155111".parse().unwrap();
        let order = Order { network, deed, gas_condition: None };
        let id = TransactionId::new(&clock);
        Transaction::new(id, sample(wallet).id, None, Intent::Send(Box::new(order)), NOW)
    }

    async fn store() -> Store {
        let store = Store::open_in_memory().unwrap();
        let insert = |db: &Writing<'_>| {
            db.insert_wallet(&sample(1))?;
            db.insert_wallet(&sample(2))
        };
        store.write(insert).await.unwrap();
        store
    }

    async fn insert(store: &Store, transaction: &Transaction) {
        let transaction = transaction.clone();
        store.write(move |db| db.insert_transaction(&transaction)).await.unwrap();
    }

    #[tokio::test]
    async fn a_transaction_comes_back_as_it_was_stored_at_every_stage() {
        let store = store().await;
        let token = Asset::Token(EvmAddress([0xaa; 20]).into());
        let mut transaction = asked(1, token);
        insert(&store, &transaction).await;
        let drafted = Drafted {
            unsigned: vec![1, 2],
            fee_ceiling: Amount::MAX,
            nonce: Some(7),
            last_valid_block_height: Some(8),
        };
        let signed = Signed { bytes: vec![3], hash: "0xabc".to_owned() };
        let problem = Problem { code: "CODE".to_owned(), message: "words".to_owned() };
        let stages = [
            (Status::Pending, Progress::Asked),
            (Status::Executing, Progress::Drafted(drafted.clone())),
            (Status::Submitted, Progress::Signed(drafted, signed)),
        ];
        for (status, progress) in stages {
            transaction.status = status;
            transaction.progress = progress;
            transaction.tier = Some(Tier::Delay);
            transaction.demanded = Some(Tier::Delay);
            transaction.waits_until = Some(NOW);
            transaction.problem = Some(problem.clone());
            transaction.attempts = 3;
            let (stored, id) = (transaction.clone(), transaction.id);
            let found = store.write(move |db| {
                db.update_transaction(&stored)?;
                db.transaction(id)
            });
            assert_eq!(found.await.unwrap(), Some(transaction.clone()));
        }
    }

    #[tokio::test]
    async fn a_row_of_an_older_database_is_a_transfer() {
        let store = store().await;
        for asset in [Asset::Native, Asset::Token(EvmAddress([0xaa; 20]).into())] {
            let transaction = asked(1, asset);
            insert(&store, &transaction).await;
            let id = transaction.id;
            let found = store.write(move |db| {
                db.0.0.execute(
                    "UPDATE transactions SET deed = NULL WHERE id = ?",
                    [id.to_string()],
                )?;
                db.transaction(id)
            });
            assert_eq!(found.await.unwrap(), Some(transaction));
        }
    }

    #[tokio::test]
    async fn a_deed_that_is_not_what_the_row_says_is_corrupt() {
        let store = store().await;
        let transaction = asked(1, Asset::Native);
        insert(&store, &transaction).await;
        let id = transaction.id;
        for sql in [
            "UPDATE transactions SET deed = '{}' WHERE id = ?",
            "UPDATE transactions SET deed = '{\"batch\":[]}' WHERE id = ?",
            "UPDATE transactions SET type = 'APPROVE', deed = NULL WHERE id = ?",
            "UPDATE transactions SET type = 'NONE' WHERE id = ?",
        ] {
            let found = store.write(move |db| {
                db.0.0.execute(sql, [id.to_string()])?;
                db.transaction(id)
            });
            assert!(matches!(found.await, Err(StoreError::Corrupt { .. })), "{sql}");
        }
    }

    #[tokio::test]
    async fn a_status_that_may_not_follow_is_not_stored() {
        let store = store().await;
        let mut transaction = asked(1, Asset::Native);
        insert(&store, &transaction).await;
        transaction.status = Status::Confirmed;
        let id = transaction.id;
        let refused = store.write(move |db| db.update_transaction(&transaction)).await;
        assert!(matches!(refused, Err(StoreError::IllegalTransition { .. })));
        let found = store.read(move |db| db.transaction(id)).await.unwrap().unwrap();
        assert_eq!(found.status, Status::Pending);
    }

    #[tokio::test]
    async fn of_each_lane_only_the_first_is_due_and_what_is_signed_goes_its_own_way() {
        let store = store().await;
        let mut all = [1, 1, 1, 2, 2].map(|wallet| asked(wallet, Asset::Native));
        all.sort_by_key(|transaction| (transaction.wallet, transaction.id));
        let drafted = Drafted {
            unsigned: vec![1],
            fee_ceiling: Amount::ZERO,
            nonce: Some(1),
            last_valid_block_height: None,
        };
        let signed = Signed { bytes: vec![2], hash: "0x2".to_owned() };
        all[0].progress = Progress::Signed(drafted, signed);
        all[0].status = Status::Submitted;
        all[4].next_attempt_at = Some(NOW.plus(std::time::Duration::from_secs(5)));
        for transaction in &all {
            insert(&store, transaction).await;
        }
        let due = |limit| {
            let store = store.clone();
            async move { store.read(move |db| db.due_transactions(NOW, limit)).await.unwrap() }
        };
        let mut found: Vec<_> = due(10).await.into_iter().map(|due| due.id).collect();
        found.sort();
        let mut expected = [all[0].id, all[1].id, all[3].id];
        expected.sort();
        assert_eq!(found, expected);
        assert_eq!(due(1).await.len(), 1);
        let next = store.read(|db| db.next_due_after(NOW)).await.unwrap();
        assert_eq!(next, all[4].next_attempt_at);
        let open = store.read(|db| db.open_transactions(sample(1).id)).await.unwrap();
        assert_eq!(open, 3);
    }

    #[tokio::test]
    async fn the_list_shows_the_newest_first_and_only_the_wallets_asked_for() {
        let store = store().await;
        let mut all = [1, 2, 1, 1].map(|wallet| asked(wallet, Asset::Native));
        all[3].status = Status::Confirmed;
        for transaction in &all {
            insert(&store, transaction).await;
        }
        let list = |before, limit| {
            let store = store.clone();
            async move {
                let page = Page { before, limit };
                let found = store.read(move |db| db.transactions_of(&[sample(1).id], page)).await;
                found.unwrap().into_iter().map(|found| found.id).collect::<Vec<_>>()
            }
        };
        let mut expected = vec![all[0].id, all[2].id, all[3].id];
        expected.sort();
        expected.reverse();
        assert_eq!(list(None, 10).await, expected);
        assert_eq!(list(None, 2).await, expected[..2]);
        assert_eq!(list(Some(expected[1]), 2).await, expected[2..]);
        let page = Page { before: None, limit: 10 };
        let open = store.read(move |db| db.unfinished_transactions_of(&[sample(1).id], page));
        assert_eq!(open.await.unwrap().len(), 2);
    }

    #[tokio::test]
    async fn a_twin_is_another_transaction_with_the_same_expiring_bytes() {
        let store = store().await;
        let mut first = asked(1, Asset::Native);
        let drafted = Drafted {
            unsigned: vec![1],
            fee_ceiling: Amount::ZERO,
            nonce: None,
            last_valid_block_height: Some(8),
        };
        first.progress = Progress::Drafted(drafted.clone());
        insert(&store, &first).await;
        let other = asked(1, Asset::Native).id;
        let until =
            |last_valid| Drafted { last_valid_block_height: Some(last_valid), ..drafted.clone() };
        let others = Drafted { unsigned: vec![2], ..drafted.clone() };
        let rows = [
            (other, drafted.clone(), true),
            (first.id, drafted.clone(), false),
            (other, until(0), true),
            (other, until(8 + TWINS_APART), true),
            (other, until(9 + TWINS_APART), false),
            (other, others, false),
        ];
        for (id, drafted, expected) in rows {
            let shown = format!("{drafted:?}");
            let found = store.read(move |db| db.has_twin(id, &drafted)).await.unwrap();
            assert_eq!(found, expected, "{shown}");
        }
    }
}
