//! What a transaction does, as far as its bytes tell.

use std::collections::BTreeSet;

use primitives::{Address, Amount, EvmAddress};

use super::batch::Batch;
use super::deeds::{self, Deed, Reading, Whose};
use super::transaction::Transaction;
use crate::{Effect, OpaqueReason};

/// How deep calls in calls are read, and how many of them in all.
const MAX_DEPTH: usize = 4;
const MAX_CALLS: usize = 64;

/// A call of a contract, or a payment where there is no data.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Invocation<'a> {
    /// Who is called or paid.
    pub(crate) contract: EvmAddress,
    /// Wei that go along.
    pub(crate) value: Amount,
    /// Call data.
    pub(crate) data: &'a [u8],
}

/// What the bytes tell.
pub(super) struct Known {
    /// In the order of the bytes.
    pub(super) effects: Vec<Effect>,
    /// Tokens and spenders of those allowances that add to what stands.
    pub(super) raised: BTreeSet<(Address, Address)>,
}

/// What `transaction` does to `wallet`, which signs it.
pub(super) fn of(transaction: &Transaction, wallet: EvmAddress) -> Known {
    let Transaction { to, value, data, .. } = transaction;
    if let Some(contract) = *to {
        return walk(Invocation { contract, value: *value, data }, wallet);
    }
    let paid = (!value.is_zero()).then(|| native_out(EvmAddress::ZERO, *value));
    let effects = paid.into_iter().chain([Effect::Deploy]).collect();
    Known { effects, raised: BTreeSet::new() }
}

/// The effects of a call that `wallet` makes on `wallet`.
pub(crate) fn of_call(call: Invocation<'_>, wallet: EvmAddress) -> Vec<Effect> {
    walk(call, wallet).effects
}

fn walk(call: Invocation<'_>, wallet: EvmAddress) -> Known {
    let effects = payment(call, wallet).into_iter().collect();
    let mut walk = Walk { wallet, calls: 0, known: Known { effects, raised: BTreeSet::new() } };
    if !call.data.is_empty() {
        walk.visit(wallet, call, 0);
    }
    walk.known
}

/// The coins that go along. A bare payment of nothing is told too, for the sake of its recipient,
/// unless that is the wallet itself: such a transaction only uses up its nonce.
fn payment(call: Invocation<'_>, wallet: EvmAddress) -> Option<Effect> {
    let told = call.data.is_empty() && call.contract != wallet;
    (told || !call.value.is_zero()).then(|| native_out(call.contract, call.value))
}

fn native_out(to: EvmAddress, amount: Amount) -> Effect {
    Effect::NativeOut { to: Address::Evm(to), amount }
}

/// A walk over calls and those in them.
struct Walk {
    wallet: EvmAddress,
    calls: usize,
    known: Known,
}

impl Walk {
    /// Tells what `caller` does to the wallet by one call with data.
    ///
    /// A call by the wallet is told even where nothing of it is known, and so is one that holds
    /// others: the contract may do more than pass them on. Of a call by somebody else only that
    /// matters which the wallet has allowed it before.
    fn visit(&mut self, caller: EvmAddress, call: Invocation<'_>, depth: usize) {
        match deeds::read(call.contract, call.data) {
            Reading::Deeds(deeds) => {
                let touching = deeds.into_iter().filter(|deed| self.touches_wallet(caller, deed));
                let touching: Vec<_> = touching.map(|deed| deed.effect).collect();
                if deeds::adds_to_what_stands(call.data) {
                    self.known.raised.extend(touching.iter().filter_map(allowed));
                }
                self.known.effects.extend(touching);
            }
            Reading::Unread => {
                self.tell_call(caller, call);
                self.known.effects.push(Effect::Opaque(OpaqueReason::UnreadCalls));
            }
            Reading::Unknown => self.visit_unknown(caller, call, depth),
        }
    }

    fn tell_call(&mut self, caller: EvmAddress, call: Invocation<'_>) {
        if caller == self.wallet {
            let selector = call.data.first_chunk().copied();
            self.known.effects.push(Effect::Call { contract: call.contract, selector });
        }
    }

    fn visit_unknown(&mut self, caller: EvmAddress, call: Invocation<'_>, depth: usize) {
        self.tell_call(caller, call);
        match Batch::from_data(call.data) {
            None => {}
            Some(Batch::Unread) => {
                self.known.effects.push(Effect::Opaque(OpaqueReason::UnreadCalls));
            }
            Some(Batch::OfItself(list)) => {
                let calls = list.into_iter().map(|data| Invocation { data, ..call });
                self.visit_all(caller, calls, depth);
            }
            Some(Batch::ByIt(list)) => {
                let calls = list.into_iter().map(|inner| Invocation {
                    contract: inner.contract,
                    value: inner.value,
                    data: inner.data,
                });
                self.visit_inner(call.contract, calls, depth);
            }
        }
    }

    /// Calls by a contract, which pay with its coins, and those are the wallet's where it is the
    /// wallet: an account with code (EIP-7702) that calls itself.
    fn visit_inner<'a>(
        &mut self,
        caller: EvmAddress,
        calls: impl Iterator<Item = Invocation<'a>>,
        depth: usize,
    ) {
        let calls: Vec<_> = calls.collect();
        if caller == self.wallet {
            self.known.effects.extend(calls.iter().filter_map(|call| payment(*call, self.wallet)));
        }
        self.visit_all(caller, calls.into_iter().filter(|call| !call.data.is_empty()), depth);
    }

    fn visit_all<'a>(
        &mut self,
        caller: EvmAddress,
        calls: impl Iterator<Item = Invocation<'a>>,
        depth: usize,
    ) {
        for call in calls {
            self.calls = self.calls.saturating_add(1);
            if depth >= MAX_DEPTH || self.calls > MAX_CALLS {
                self.known.effects.push(Effect::Opaque(OpaqueReason::UnreadCalls));
                return;
            }
            self.visit(caller, call, depth.saturating_add(1));
        }
    }

    fn touches_wallet(&self, caller: EvmAddress, deed: &Deed) -> bool {
        let is_named = match deed.whose {
            Whose::Caller => false,
            Whose::Named(owner) => owner == self.wallet,
        };
        caller == self.wallet || is_named
    }
}

/// Which token somebody may take, and who.
fn allowed(effect: &Effect) -> Option<(Address, Address)> {
    if let Effect::Allowance { token, spender, .. } = effect {
        Some((*token, *spender))
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;
    use crate::evm::testing::{bytes, call_with_tails, list, number, selector, tuple, words};
    use crate::evm::{abi, erc20, testing};

    const WALLET: EvmAddress = EvmAddress([0x11; 20]);
    const PEER: EvmAddress = EvmAddress([0x22; 20]);
    const TOKEN: EvmAddress = EvmAddress([0x33; 20]);
    const ROUTER: EvmAddress = EvmAddress([0x44; 20]);

    fn raised(data: Vec<u8>) -> Vec<(Address, Address)> {
        let call = Invocation { contract: TOKEN, value: Amount::ZERO, data: &data };
        walk(call, WALLET).raised.into_iter().collect()
    }

    #[test]
    fn allowances_that_add_to_what_stands_are_told_apart_also_within_other_calls() {
        let amount = Amount::from(5_u64);
        let increase = erc20::Call::IncreaseAllowance { spender: PEER, amount }.to_data();
        let older = [&selector("increaseApproval(address,uint256)")[..], &increase[4..]].concat();
        let set = erc20::approve(PEER, amount);
        let pair = vec![(TOKEN.into(), PEER.into())];
        for (data, expected) in [
            (set.clone(), vec![]),
            (increase.clone(), pair.clone()),
            (older, pair.clone()),
            (erc20::transfer(PEER, amount), vec![]),
            (multicall(std::slice::from_ref(&set)), vec![]),
            (multicall(&[set, increase.clone()]), pair),
            // By somebody else, who has nothing to do with the wallet's allowances.
            (aggregate(PEER, &increase), vec![]),
        ] {
            assert_eq!(raised(data), expected);
        }
    }

    fn multicall(calls: &[Vec<u8>]) -> Vec<u8> {
        let calls: Vec<_> = calls.iter().map(|call| bytes(call)).collect();
        call_with_tails("multicall(bytes[])", &[], &[list(&calls)])
    }

    fn aggregate(contract: EvmAddress, data: &[u8]) -> Vec<u8> {
        let calls = list(&[tuple(&[abi::address(contract)], data)]);
        call_with_tails("aggregate((address,bytes)[])", &[], &[calls])
    }

    fn execute(to: EvmAddress, value: usize, data: &[u8]) -> Vec<u8> {
        let heads = [abi::address(to), number(value)];
        call_with_tails("execute(address,uint256,bytes)", &heads, &[bytes(data)])
    }

    fn effects(contract: EvmAddress, data: &[u8]) -> Vec<Effect> {
        of_call(Invocation { contract, value: Amount::ZERO, data }, WALLET)
    }

    fn called(contract: EvmAddress, data: &[u8]) -> Effect {
        Effect::Call { contract, selector: data.first_chunk().copied() }
    }

    fn token_out(amount: u64) -> Effect {
        Effect::TokenOut { token: TOKEN.into(), to: PEER.into(), amount: amount.into() }
    }

    fn transfer(amount: u64) -> Vec<u8> {
        erc20::transfer(PEER, amount.into())
    }

    fn taken(from: EvmAddress, amount: u64) -> Vec<u8> {
        erc20::Call::TransferFrom { from, to: PEER, amount: amount.into() }.to_data()
    }

    const UNREAD: Effect = Effect::Opaque(OpaqueReason::UnreadCalls);

    #[test]
    fn a_multicall_is_every_call_that_it_holds() {
        let data = multicall(&[transfer(5), vec![1, 2, 3, 4], transfer(6)]);
        let unknown = called(TOKEN, &[1, 2, 3, 4]);
        let expected = [called(TOKEN, &data), token_out(5), unknown, token_out(6)];
        assert_eq!(effects(TOKEN, &data), expected);
        let nested = multicall(&[multicall(&[transfer(5)])]);
        let outer = called(TOKEN, &nested);
        assert_eq!(effects(TOKEN, &nested), [outer.clone(), outer, token_out(5)]);
    }

    #[test]
    fn a_multicall_with_a_deadline_or_a_block_is_one_too() {
        let calls = list(&[bytes(&transfer(5))]);
        for signature in ["multicall(uint256,bytes[])", "multicall(bytes32,bytes[])"] {
            let data = call_with_tails(signature, &[[7; 32]], std::slice::from_ref(&calls));
            assert_eq!(effects(TOKEN, &data), [called(TOKEN, &data), token_out(5)], "{signature}");
        }
    }

    #[test]
    fn what_another_contract_calls_matters_where_the_wallet_allowed_it_before() {
        for wrap in [|data: &[u8]| aggregate(TOKEN, data), |data: &[u8]| execute(TOKEN, 0, data)] {
            for (inner, touched) in [
                (taken(WALLET, 5), Some(token_out(5))),
                (taken(PEER, 5), None),
                (transfer(5), None),
                (vec![1, 2, 3, 4], None),
            ] {
                let data = wrap(&inner);
                let expected: Vec<_> = [called(ROUTER, &data)].into_iter().chain(touched).collect();
                assert_eq!(effects(ROUTER, &data), expected);
            }
        }
    }

    #[test]
    fn a_wallet_with_code_that_calls_itself_makes_the_calls_itself() {
        let data = execute(TOKEN, 7, &transfer(5));
        let paid = native_out(TOKEN, Amount::from(7_u64));
        assert_eq!(effects(WALLET, &data), [called(WALLET, &data), paid, token_out(5)]);
        assert_eq!(effects(ROUTER, &data), [called(ROUTER, &data)]);
        let bare = execute(PEER, 7, &[]);
        let paid = native_out(PEER, Amount::from(7_u64));
        assert_eq!(effects(WALLET, &bare), [called(WALLET, &bare), paid]);
    }

    #[test]
    fn a_batch_of_nothing_is_a_call_that_a_guard_has_to_know() {
        let signature = "safeBatchTransferFrom(address,address,uint256[],uint256[],bytes)";
        let parties = [WALLET, PEER].map(abi::address);
        let nothing = [words(&[]), words(&[]), bytes(b"whatever")];
        let data = call_with_tails(signature, &parties, &nothing);
        assert_eq!(effects(TOKEN, &data), [called(TOKEN, &data)]);
        let empty = multicall(&[]);
        assert_eq!(effects(TOKEN, &empty), [called(TOKEN, &empty)]);
    }

    #[test]
    fn coins_that_are_wrapped_are_a_payment_and_a_call_that_a_guard_has_to_know() {
        let data = selector("deposit()").to_vec();
        let call = Invocation { contract: TOKEN, value: Amount::from(7_u64), data: &data };
        let paid = native_out(TOKEN, Amount::from(7_u64));
        assert_eq!(of_call(call, WALLET), [paid, called(TOKEN, &data)]);
        let data = testing::call("withdraw(uint256)", &[number(7)]);
        assert_eq!(effects(TOKEN, &data), [called(TOKEN, &data)]);
    }

    #[test]
    fn calls_are_read_to_a_depth_and_up_to_a_number() {
        let nest = |depth| (0..depth).fold(transfer(5), |inner, _| multicall(&[inner]));
        let is_read = |data: &[u8]| !effects(TOKEN, data).contains(&UNREAD);
        assert!(is_read(&nest(MAX_DEPTH)));
        assert!(!is_read(&nest(MAX_DEPTH + 1)));
        assert!(is_read(&multicall(&vec![transfer(5); MAX_CALLS])));
        assert!(!is_read(&multicall(&vec![transfer(5); MAX_CALLS + 1])));
        let half = multicall(&vec![transfer(5); MAX_CALLS / 2]);
        assert!(!is_read(&multicall(&[half.clone(), half])));
    }

    #[test]
    fn calls_in_another_form_than_that_of_libraries_are_not_guessed_at() {
        let exact = multicall(&[transfer(5)]);
        let longer = [&exact[..], &[0; 32]].concat();
        let mut moved = exact.clone();
        moved[35] = 64;
        for data in [&exact[..exact.len() - 1], &exact[..4], &longer, &moved] {
            assert_eq!(effects(TOKEN, data), [called(TOKEN, data), UNREAD]);
        }
    }

    /// Signature, words, tails.
    type Form<'a> = (&'a str, &'a [[u8; 32]], Vec<Vec<u8>>);

    #[test]
    fn every_form_of_a_batch_is_read() {
        let inner = taken(WALLET, 5);
        let to = abi::address(TOKEN);
        let zero = number(0);
        let (flag, value) = ([to, zero], [to, zero, zero]);
        let one = |words: &[[u8; 32]]| vec![list(&[tuple(words, &inner)])];
        let calls = list(&[bytes(&inner)]);
        let [to_list, zero_list, no_list] = [words(&[to]), words(&[zero]), words(&[])];
        let table: &[Form<'_>] = &[
            ("aggregate((address,bytes)[])", &[], one(&[to])),
            ("blockAndAggregate((address,bytes)[])", &[], one(&[to])),
            ("tryAggregate(bool,(address,bytes)[])", &[zero], one(&[to])),
            ("tryBlockAndAggregate(bool,(address,bytes)[])", &[zero], one(&[to])),
            ("aggregate3((address,bool,bytes)[])", &[], one(&flag)),
            ("aggregate3Value((address,bool,uint256,bytes)[])", &[], one(&value)),
            ("executeBatch((address,uint256,bytes)[])", &[], one(&flag)),
            ("executeBatch(address[],bytes[])", &[], vec![to_list.clone(), calls.clone()]),
            (
                "executeBatch(address[],uint256[],bytes[])",
                &[],
                vec![to_list.clone(), zero_list, calls.clone()],
            ),
            ("executeBatch(address[],uint256[],bytes[])", &[], vec![to_list, no_list, calls]),
        ];
        for (signature, words, tails) in table {
            let data = call_with_tails(signature, words, tails);
            let expected = [called(ROUTER, &data), token_out(5)];
            assert_eq!(effects(ROUTER, &data), expected, "{signature}");
        }
    }

    proptest! {
        #[test]
        fn any_data_is_read_without_a_panic(
            head in prop::sample::select(vec![
                selector("multicall(bytes[])"),
                selector("aggregate((address,bytes)[])"),
                selector("executeBatch(address[],uint256[],bytes[])"),
                selector("safeBatchTransferFrom(address,address,uint256[],uint256[],bytes)"),
            ]),
            words in vec(prop_oneof![(0_usize..256).prop_map(number), any::<[u8; 32]>()], 0..12),
            rest in vec(any::<u8>(), 0..40),
        ) {
            let data = [&head[..], words.as_flattened(), &rest].concat();
            prop_assert!(!effects(TOKEN, &data).is_empty());
        }
    }
}
