//! A wallet's owners, and what they allow that its guard does not.

use primitives::WalletId;
use protocol::journal::UsedApproval;

/// What a wallet's owners allowed to be signed. Its fields are private, and only this module makes
/// one.
#[derive(Debug)]
pub struct Approved {
    wallet: WalletId,
    intent: [u8; 32],
    used: UsedApproval,
}

impl Approved {
    #[cfg_attr(not(test), expect(dead_code, reason = "no wallet has owners yet"))]
    pub(crate) fn new(wallet: WalletId, intent: [u8; 32], used: UsedApproval) -> Self {
        Self { wallet, intent, used }
    }

    /// What is remembered of it, so that it is used once.
    pub fn used(&self) -> UsedApproval {
        self.used
    }

    /// Whether it is of that wallet's owners, and for what does just that.
    pub fn is_for(&self, wallet: WalletId, intent: [u8; 32]) -> bool {
        self.wallet == wallet && self.intent == intent
    }
}
