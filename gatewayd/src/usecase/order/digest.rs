//! What makes a request this one and no other, told before any chain is asked.

use primitives::{ChainId, WalletId};
use sha2::{Digest, Sha256};

use super::OrderRequest;

impl OrderRequest {
    /// SHA-256 of what is asked for, of that wallet and on that network, however these are named. What
    /// a chain or the registry of tokens says of it is not in it: when the same is asked again they may
    /// say something else, or nothing.
    pub(in crate::usecase) fn digest(&self, wallet: WalletId, network: ChainId) -> [u8; 32] {
        let Self { wallet: _, network: _, deed, gas_condition } = self;
        let said = serde_json::json!({ "deed": deed, "gasCondition": gas_condition });
        let digest = Sha256::new().chain_update(format!("{wallet} {network} "));
        digest.chain_update(said.to_string()).finalize().into()
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::option;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::super::{
        AccountRequest, AmountRequest, AssetRequest, CallRequest, DeedRequest, DeployRequest,
        InstructionRequest, NftRequest,
    };
    use super::*;
    use crate::store::wallets::sample;
    use crate::tx::any_deed::any_condition;

    /// Few words, so that two requests often differ in one field alone, or in none.
    fn word() -> impl Strategy<Value = String> {
        prop::sample::select(vec!["", "1", "a", "null", "\"1\""]).prop_map(str::to_owned)
    }

    fn maybe() -> impl Strategy<Value = Option<String>> {
        option::weighted(0.2, word())
    }

    fn values() -> BoxedStrategy<Option<Vec<Value>>> {
        let value = prop::sample::select(vec![
            json!(null),
            json!(1),
            json!("1"),
            json!({ "name": "f" }),
            json!({ "name": 1 }),
        ]);
        option::weighted(0.2, vec(value, 0..3)).boxed()
    }

    fn asset() -> BoxedStrategy<AssetRequest> {
        let token =
            (maybe(), maybe(), option::of(0..2_u8)).prop_map(|(address, asset_id, decimals)| {
                AssetRequest::Token { address, asset_id, decimals }
            });
        prop_oneof![Just(AssetRequest::Native), token].boxed()
    }

    fn amount() -> impl Strategy<Value = AmountRequest> {
        prop_oneof![
            word().prop_map(AmountRequest::BaseUnits),
            word().prop_map(AmountRequest::Units),
        ]
    }

    fn nft() -> BoxedStrategy<NftRequest> {
        (asset(), word(), word())
            .prop_map(|(token, token_id, standard)| NftRequest { token, token_id, standard })
            .boxed()
    }

    fn accounts() -> BoxedStrategy<Vec<AccountRequest>> {
        let account = (word(), any::<bool>(), any::<bool>())
            .prop_map(|(pubkey, signer, writable)| AccountRequest { pubkey, signer, writable });
        vec(account, 0..2).boxed()
    }

    fn instructions() -> BoxedStrategy<Option<Vec<InstructionRequest>>> {
        let instruction = (word(), word(), accounts()).prop_map(|(program_id, data, accounts)| {
            InstructionRequest { program_id, data, accounts }
        });
        option::weighted(0.2, vec(instruction, 0..2)).boxed()
    }

    fn call() -> BoxedStrategy<DeedRequest> {
        let evm = (word(), maybe(), values(), maybe(), values(), maybe());
        let tables = option::weighted(0.2, vec(word(), 0..2));
        let accounts = option::weighted(0.2, accounts());
        let solana = (maybe(), maybe(), accounts, instructions(), instructions(), tables);
        (evm, solana)
            .prop_map(|(evm, solana)| {
                let (to, calldata, abi, function, arguments, value) = evm;
                let (program_id, data, accounts, before, after, lookup_tables) = solana;
                DeedRequest::Call(Box::new(CallRequest {
                    to,
                    calldata,
                    abi,
                    function,
                    arguments,
                    value,
                    program_id,
                    data,
                    accounts,
                    before,
                    after,
                    lookup_tables,
                }))
            })
            .boxed()
    }

    fn single() -> BoxedStrategy<DeedRequest> {
        prop_oneof![
            (word(), asset(), amount(), maybe()).prop_map(|(to, asset, amount, memo)| {
                DeedRequest::Transfer { to, asset, amount, memo }
            }),
            call(),
            (word(), asset(), amount()).prop_map(|(spender, token, amount)| DeedRequest::Approve {
                spender,
                token,
                amount
            }),
            (word(), nft()).prop_map(|(spender, nft)| DeedRequest::ApproveNft { spender, nft }),
            (word(), nft(), maybe()).prop_map(|(to, nft, amount)| DeedRequest::NftTransfer {
                to,
                nft,
                amount
            }),
            (word(), maybe(), maybe()).prop_map(|(bytecode, arguments, value)| {
                DeedRequest::Deploy(DeployRequest { bytecode, arguments, value })
            }),
        ]
        .boxed()
    }

    fn deed() -> BoxedStrategy<DeedRequest> {
        prop_oneof![4 => single(), 1 => vec(single(), 0..3).prop_map(DeedRequest::Batch)].boxed()
    }

    fn order(deed: DeedRequest) -> OrderRequest {
        OrderRequest { wallet: None, network: None, deed, gas_condition: None }
    }

    /// Two deeds of one kind, of which the second often differs in little.
    fn pair() -> impl Strategy<Value = (DeedRequest, DeedRequest)> {
        prop_oneof![
            (deed(), deed()),
            (call(), call()),
            single().prop_map(|deed| (deed.clone(), deed))
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(500))]

        #[test]
        fn the_digest_is_the_same_for_the_same_and_another_for_anything_else((one, other) in pair()) {
            let (wallet, network) = (sample(1).id, "eip155:1".parse().unwrap());
            let is_same = one == other;
            let [one, other] = [one, other].map(|deed| order(deed).digest(wallet, network));
            prop_assert_eq!(one == other, is_same);
        }

        #[test]
        fn the_digest_is_of_one_wallet_network_and_condition(deed in deed(), when in any_condition()) {
            let (wallet, network) = (sample(1).id, "eip155:1".parse().unwrap());
            let asked = order(deed);
            let digest = asked.digest(wallet, network);
            prop_assert_ne!(asked.digest(wallet, "eip155:10".parse().unwrap()), digest);
            prop_assert_ne!(asked.digest(sample(2).id, network), digest);
            let waits = OrderRequest { gas_condition: Some(when), ..asked.clone() };
            prop_assert_ne!(waits.digest(wallet, network), digest);
            // However wallet and network are named.
            let named = Some("eip155:1".to_owned());
            let named = OrderRequest { wallet: Some(wallet.to_string()), network: named, ..asked };
            prop_assert_eq!(named.digest(wallet, network), digest);
        }
    }
}
