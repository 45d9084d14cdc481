//! The registry of tokens: what their units are.

use primitives::{Address, ChainId};
use rusqlite::{OptionalExtension, Row, params};

use super::column::{time, word};
use super::{Reading, StoreError, TokenId, Writing};
use crate::clock::UnixSeconds;

/// A token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// Its entry's id.
    pub id: TokenId,
    /// On which network.
    pub network: ChainId,
    /// Contract or mint.
    pub address: Address,
    /// Such as `USDC`.
    pub symbol: String,
    /// Such as `USD Coin`.
    pub name: String,
    /// Decimals of one unit, as the chain says.
    pub decimals: u8,
    /// When it was listed.
    pub created_at: UnixSeconds,
}

impl Reading<'_> {
    /// A network's tokens, by symbol.
    ///
    /// # Errors
    /// When the database fails.
    pub fn tokens(&self, network: ChainId) -> Result<Vec<Token>, StoreError> {
        let sql = "SELECT * FROM tokens WHERE network = ? ORDER BY symbol, address";
        let mut statement = self.0.prepare_cached(sql)?;
        statement.query_and_then([network.to_string()], from_row)?.collect()
    }

    /// The token at that address.
    ///
    /// # Errors
    /// When the database fails.
    pub fn token(&self, network: ChainId, address: Address) -> Result<Option<Token>, StoreError> {
        let sql = "SELECT * FROM tokens WHERE network = ? AND address = ?";
        let mut statement = self.0.prepare_cached(sql)?;
        let key = [network.to_string(), address.to_string()];
        statement.query_row(key, |row| Ok(from_row(row))).optional()?.transpose()
    }
}

impl Writing<'_> {
    /// Lists a token, in place of what stood for its address.
    ///
    /// # Errors
    /// When the database fails.
    pub fn put_token(&self, token: &Token) -> Result<(), StoreError> {
        let sql = "INSERT INTO tokens (id, network, address, symbol, name, decimals, created_at) \
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (network, address) \
                   DO UPDATE SET symbol = ?4, name = ?5, decimals = ?6";
        let token = params![
            token.id.to_string(),
            token.network.to_string(),
            token.address.to_string(),
            token.symbol,
            token.name,
            token.decimals,
            token.created_at.get(),
        ];
        self.0.0.execute(sql, token)?;
        Ok(())
    }

    /// Takes a token off the list. Whether it was on it.
    ///
    /// # Errors
    /// When the database fails.
    pub fn remove_token(&self, network: ChainId, address: Address) -> Result<bool, StoreError> {
        let sql = "DELETE FROM tokens WHERE network = ? AND address = ?";
        Ok(self.0.0.execute(sql, [network.to_string(), address.to_string()])? == 1)
    }
}

fn from_row(row: &Row<'_>) -> Result<Token, StoreError> {
    Ok(Token {
        id: word(row, "id")?,
        network: word(row, "network")?,
        address: word(row, "address")?,
        symbol: row.get("symbol")?,
        name: row.get("name")?,
        decimals: row.get("decimals")?,
        created_at: time(row, "created_at")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;
    use crate::store::Store;

    fn token(address: u8, symbol: &str) -> Token {
        Token {
            id: TokenId::new(&Clock::system()),
            network: "eip155:1".parse().unwrap(),
            address: Address::Evm(primitives::EvmAddress([address; 20])),
            symbol: symbol.to_owned(),
            name: "a token".to_owned(),
            decimals: 6,
            created_at: UnixSeconds::new(5),
        }
    }

    #[tokio::test]
    async fn a_token_is_listed_once_by_its_address() {
        let store = Store::open_in_memory().unwrap();
        store
            .write(|db| {
                let (first, second) = (token(1, "ZZZ"), token(2, "AAA"));
                db.put_token(&first)?;
                db.put_token(&second)?;
                db.put_token(&Token { decimals: 8, ..token(1, "BBB") })?;
                let changed = Token { symbol: "BBB".to_owned(), decimals: 8, ..first.clone() };
                assert_eq!(db.tokens(first.network)?, [second, changed.clone()]);
                assert_eq!(db.token(first.network, first.address)?, Some(changed));
                assert_eq!(db.tokens("eip155:10".parse().unwrap())?, []);
                assert!(db.remove_token(first.network, first.address)?);
                assert!(!db.remove_token(first.network, first.address)?);
                Ok::<_, StoreError>(())
            })
            .await
            .unwrap();
    }
}
