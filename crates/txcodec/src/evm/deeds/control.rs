//! Who rules a contract: the `Ownable` and `AccessControl` of `OpenZeppelin`, and proxies (ERC-1967).

use primitives::{Address, EvmAddress};

use super::super::abi;
use super::{Deed, Family};
use crate::{AuthorityKind, Effect, Selector};

const TRANSFER_OWNERSHIP: Selector = [0xf2, 0xfd, 0xe3, 0x8b];
const RENOUNCE_OWNERSHIP: Selector = [0x71, 0x50, 0x18, 0xa6];
const CHANGE_ADMIN: Selector = [0x8f, 0x28, 0x39, 0x70];
const UPGRADE_TO: Selector = [0x36, 0x59, 0xcf, 0xe6];
const UPGRADE_TO_AND_CALL: Selector = [0x4f, 0x1e, 0xf2, 0x86];
const GRANT_ROLE: Selector = [0x2f, 0x2f, 0xf1, 0x5d];
const REVOKE_ROLE: Selector = [0xd5, 0x47, 0x74, 0x1f];
const RENOUNCE_ROLE: Selector = [0x36, 0x56, 0x8a, 0xbe];
/// `ProxyAdmin`, which is told the proxy.
const UPGRADE: Selector = [0x99, 0xa8, 0x8e, 0xc4];
const UPGRADE_AND_CALL: Selector = [0x96, 0x23, 0x60, 0x9d];

pub(super) const FAMILY: Family = Family {
    of: None,
    functions: &[
        TRANSFER_OWNERSHIP,
        RENOUNCE_OWNERSHIP,
        CHANGE_ADMIN,
        UPGRADE_TO,
        UPGRADE_TO_AND_CALL,
        GRANT_ROLE,
        REVOKE_ROLE,
        RENOUNCE_ROLE,
        UPGRADE,
        UPGRADE_AND_CALL,
    ],
    read,
};

fn read(contract: EvmAddress, data: &[u8]) -> Option<Vec<Deed>> {
    let selector = *data.first_chunk()?;
    let (subject, to) = match selector {
        TRANSFER_OWNERSHIP | CHANGE_ADMIN | UPGRADE_TO => {
            let [to] = abi::arguments(data, selector)?;
            (contract, Some(abi::read_address(to)?))
        }
        UPGRADE_TO_AND_CALL => {
            let [to, _data] = abi::head(data, selector)?;
            (contract, Some(abi::read_address(to)?))
        }
        RENOUNCE_OWNERSHIP => {
            let [] = abi::arguments(data, selector)?;
            (contract, None)
        }
        GRANT_ROLE => {
            let [_role, to] = abi::arguments(data, selector)?;
            (contract, Some(abi::read_address(to)?))
        }
        REVOKE_ROLE | RENOUNCE_ROLE => {
            let [_role, from] = abi::arguments(data, selector)?;
            abi::read_address(from)?;
            (contract, None)
        }
        UPGRADE => {
            let [proxy, to] = abi::arguments(data, selector)?;
            (abi::read_address(proxy)?, Some(abi::read_address(to)?))
        }
        UPGRADE_AND_CALL => {
            let [proxy, to, _data] = abi::head(data, selector)?;
            (abi::read_address(proxy)?, Some(abi::read_address(to)?))
        }
        _ => return None,
    };
    Some(vec![Deed::of_caller(Effect::AuthorityChange {
        kind: AuthorityKind::Contract,
        subject: Address::Evm(subject),
        to: to.map(Address::Evm),
    })])
}

#[cfg(test)]
mod tests {
    use super::super::super::abi::Word;
    use super::*;
    use crate::evm::testing::call;

    const CONTRACT: EvmAddress = EvmAddress([0x33; 20]);
    const PROXY: EvmAddress = EvmAddress([0x44; 20]);
    const TO: EvmAddress = EvmAddress([0x22; 20]);

    #[test]
    fn whoever_is_made_the_ruler_of_a_contract_is_told() {
        let [proxy, to] = [PROXY, TO].map(abi::address);
        let role = [7; 32];
        let table: &[(&str, &[Word], EvmAddress, Option<EvmAddress>)] = &[
            ("transferOwnership(address)", &[to], CONTRACT, Some(TO)),
            ("renounceOwnership()", &[], CONTRACT, None),
            ("changeAdmin(address)", &[to], CONTRACT, Some(TO)),
            ("upgradeTo(address)", &[to], CONTRACT, Some(TO)),
            ("upgradeToAndCall(address,bytes)", &[to, role, role], CONTRACT, Some(TO)),
            ("grantRole(bytes32,address)", &[role, to], CONTRACT, Some(TO)),
            ("revokeRole(bytes32,address)", &[role, to], CONTRACT, None),
            ("renounceRole(bytes32,address)", &[role, to], CONTRACT, None),
            ("upgrade(address,address)", &[proxy, to], PROXY, Some(TO)),
            ("upgradeAndCall(address,address,bytes)", &[proxy, to, role], PROXY, Some(TO)),
        ];
        for (signature, words, subject, to) in table {
            let data = call(signature, words);
            let told = Effect::AuthorityChange {
                kind: AuthorityKind::Contract,
                subject: (*subject).into(),
                to: to.map(Address::Evm),
            };
            assert_eq!(read(CONTRACT, &data), Some(vec![Deed::of_caller(told)]), "{signature}");
            assert_eq!(read(CONTRACT, &data[1..]), None, "{signature}");
        }
    }
}
