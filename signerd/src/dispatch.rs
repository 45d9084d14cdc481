//! Who may ask what, and when: one table, and nothing else decides it.

use protocol::{Kind, Refusal, RefusalCode, VaultPhase};

/// Which socket a request came in by. It is a property of the listener, never of the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// `signer.sock`, which only gatewayd's user may open, and which is taken to be hostile.
    Gateway,
    /// `control.sock`, which only operators may open.
    Operator,
}

/// What a request needs of the vault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Needs {
    Nothing,
    NoVault,
    AnyVault,
    LockedVault,
    OpenVault,
}

struct Row(Kind, &'static [Role], Needs);

use Role::{Gateway, Operator};

/// A request that has no row here is refused.
#[rustfmt::skip]
const TABLE: &[Row] = &[
    Row(Kind::Hello,           &[Gateway, Operator], Needs::Nothing),
    Row(Kind::Status,          &[Gateway, Operator], Needs::Nothing),
    Row(Kind::ListKeys,        &[Gateway, Operator], Needs::AnyVault),
    Row(Kind::CreateKey,       &[Gateway, Operator], Needs::OpenVault),
    Row(Kind::Sign,            &[Gateway],           Needs::OpenVault),
    Row(Kind::ShowGuard,       &[Gateway, Operator], Needs::AnyVault),
    Row(Kind::Exposure,        &[Gateway, Operator], Needs::AnyVault),
    Row(Kind::Halt,            &[Gateway, Operator], Needs::AnyVault),
    Row(Kind::Announce,        &[Gateway],           Needs::AnyVault),
    Row(Kind::Cancel,          &[Gateway, Operator], Needs::AnyVault),
    Row(Kind::ListAnnouncements, &[Gateway, Operator], Needs::AnyVault),
    Row(Kind::ProposeOwners,   &[Gateway, Operator], Needs::AnyVault),
    Row(Kind::ShowOwners,      &[Gateway, Operator], Needs::AnyVault),
    Row(Kind::InitVault,       &[Operator],          Needs::NoVault),
    Row(Kind::Unlock,          &[Operator],          Needs::LockedVault),
    Row(Kind::Lock,            &[Operator],          Needs::AnyVault),
    Row(Kind::Resume,          &[Operator],          Needs::AnyVault),
    Row(Kind::ImportKey,       &[Operator],          Needs::OpenVault),
    Row(Kind::RotateKey,       &[Operator],          Needs::OpenVault),
    Row(Kind::DestroyKey,      &[Operator],          Needs::OpenVault),
    Row(Kind::SetGuard,        &[Operator],          Needs::AnyVault),
    Row(Kind::Backup,          &[Operator],          Needs::AnyVault),
    Row(Kind::VerifyBackup,    &[Operator],          Needs::Nothing),
    Row(Kind::Restore,         &[Operator],          Needs::NoVault),
    Row(Kind::CheckGuard,      &[Operator],          Needs::AnyVault),
    Row(Kind::ConfirmOwners,   &[Operator],          Needs::AnyVault),
    Row(Kind::Renew,           &[Operator],          Needs::AnyVault),
    Row(Kind::ReadJournal,     &[Operator],          Needs::Nothing),
    Row(Kind::Receipt,         &[Operator],          Needs::OpenVault),
    Row(Kind::GuardTemplate,   &[Operator],          Needs::Nothing),
    Row(Kind::AcceptTime,      &[Operator],          Needs::AnyVault),
    Row(Kind::SetCredential,   &[Operator],          Needs::AnyVault),
];

/// Whether `role` may ask for `kind` while the vault is in `phase`.
///
/// # Errors
/// A refusal that names what has to happen first.
pub fn permit(kind: Kind, role: Role, phase: VaultPhase) -> Result<(), Refusal> {
    let row = TABLE.iter().find(|Row(row, roles, _)| *row == kind && roles.contains(&role));
    let Some(Row(_, _, needs)) = row else {
        return Err(Refusal::new(
            RefusalCode::NotPermitted,
            match role {
                Gateway => "this is for operators, at control.sock",
                Operator => "only the gateway asks this, at signer.sock",
            },
        ));
    };
    match (needs, phase) {
        (Needs::Nothing, _)
        | (Needs::NoVault, VaultPhase::Uninitialised)
        | (Needs::AnyVault, VaultPhase::Locked | VaultPhase::Open)
        | (Needs::LockedVault, VaultPhase::Locked)
        | (Needs::OpenVault, VaultPhase::Open) => Ok(()),
        (Needs::NoVault, VaultPhase::Locked | VaultPhase::Open) => Err(Refusal::new(
            RefusalCode::VaultExists,
            "there is a vault already; it is never overwritten",
        )),
        (_, VaultPhase::Uninitialised) => Err(Refusal::new(
            RefusalCode::VaultUninitialised,
            "there is no vault yet; make one with `waiaasctl init`",
        )),
        (Needs::LockedVault, VaultPhase::Open) => {
            Err(Refusal::new(RefusalCode::VaultOpen, "the vault is open already"))
        }
        (Needs::OpenVault, VaultPhase::Locked) => Err(Refusal::new(
            RefusalCode::VaultLocked,
            "the vault is locked; open it with `waiaasctl unlock`",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PHASES: [VaultPhase; 3] =
        [VaultPhase::Uninitialised, VaultPhase::Locked, VaultPhase::Open];

    /// The whole relation, so that a change of the rule shows as a change of this text. U, L, O:
    /// permitted while the vault is uninitialised, locked, open.
    const RELATION: &str = "\
Hello gateway ULO operator ULO
Status gateway ULO operator ULO
ListKeys gateway -LO operator -LO
CreateKey gateway --O operator --O
Sign gateway --O operator ---
ShowGuard gateway -LO operator -LO
Exposure gateway -LO operator -LO
Halt gateway -LO operator -LO
Announce gateway -LO operator ---
Cancel gateway -LO operator -LO
ListAnnouncements gateway -LO operator -LO
ProposeOwners gateway -LO operator -LO
ShowOwners gateway -LO operator -LO
InitVault gateway --- operator U--
Unlock gateway --- operator -L-
Lock gateway --- operator -LO
Resume gateway --- operator -LO
ImportKey gateway --- operator --O
RotateKey gateway --- operator --O
DestroyKey gateway --- operator --O
SetGuard gateway --- operator -LO
Backup gateway --- operator -LO
VerifyBackup gateway --- operator ULO
Restore gateway --- operator U--
CheckGuard gateway --- operator -LO
ConfirmOwners gateway --- operator -LO
Renew gateway --- operator -LO
ReadJournal gateway --- operator ULO
Receipt gateway --- operator --O
GuardTemplate gateway --- operator ULO
AcceptTime gateway --- operator -LO
SetCredential gateway --- operator -LO
";

    #[test]
    fn the_whole_relation_is_as_written() {
        let phases = |kind, role| -> String {
            PHASES
                .into_iter()
                .zip("ULO".chars())
                .map(|(phase, sign)| if permit(kind, role, phase).is_ok() { sign } else { '-' })
                .collect()
        };
        let mut relation = String::new();
        for kind in Kind::ALL {
            let [gateway, operator] = [Gateway, Operator].map(|role| phases(*kind, role));
            relation +=
                &[&format!("{kind:?}"), " gateway ", &gateway, " operator ", &operator, "\n"]
                    .concat();
        }
        assert_eq!(relation, RELATION);
    }
}
