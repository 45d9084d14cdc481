//! `unattended enable`, `disable`, `status`: whether the vault opens without anybody at a start.

use protocol::{Request, Secret, Unattended, VaultPhase};
use serde_json::json;
use zeroize::Zeroizing;

use super::Operation;
use super::status::unattended as in_words;
use crate::args::{SealingKey, UnattendedCommand};
use crate::exit::{Exit, Failure};
use crate::place::Place;
use crate::progress::Progress;
use crate::signer::Signer;
use crate::systemd::{self, CREDENTIAL_FILE, CREDENTIAL_LENGTH, Seal, Stored};
use crate::view::View;

/// Makes, removes or shows the credential.
pub(super) fn run(command: &UnattendedCommand, operation: &Operation) -> Result<View, Failure> {
    match command {
        UnattendedCommand::Enable { with_key } => enable(*with_key, operation),
        UnattendedCommand::Disable => disable(operation),
        UnattendedCommand::Status => status(operation),
    }
}

fn enable(key: SealingKey, operation: &Operation) -> Result<View, Failure> {
    systemd::require(&operation.place, "unattended enable")?;
    let mut signer = operation.signer()?;
    let vault = signer.status()?.vault;
    if vault == VaultPhase::Uninitialised {
        return Err(Failure::new(
            Exit::VaultClosed,
            "there is no vault yet",
            operation.place.command("init"),
        ));
    }
    let seal = turn_on(&mut signer, operation.secret()?, key)?;
    let json = json!({
        "enabled": true,
        "opensAtNextStart": vault == VaultPhase::Open,
        "sealedBy": seal.name(),
        "file": CREDENTIAL_FILE,
    });
    Ok(View::new(json)
        .line(when(vault, &operation.place))
        .line(format!("{CREDENTIAL_FILE} is {}", seal.meaning()))
        .line("root of this machine can spend what the guards let go, without the passphrase"))
}

/// When a vault opens by itself that is as it was when the credential was made: one that was locked stays so.
pub(super) fn when(vault: VaultPhase, place: &Place) -> String {
    match vault {
        VaultPhase::Open => "from the next start on the vault opens by itself".to_owned(),
        VaultPhase::Locked | VaultPhase::Uninitialised => format!(
            "the vault is locked, and no start opens it before somebody did: {}; after that it opens \
             by itself at each start",
            place.command("unlock")
        ),
    }
}

/// Makes a credential, seals it, gives it to the signer, and only then stores it: what does not get so far
/// leaves everything as it was.
pub(super) fn turn_on(
    signer: &mut Signer,
    passphrase: Secret,
    key: SealingKey,
) -> Result<Seal, Failure> {
    let _progress = Progress::start("sealing a credential");
    let seal = match key {
        SealingKey::Auto => Seal::best(),
        SealingKey::Tpm2 => Seal::Tpm,
        SealingKey::Host => Seal::Host,
    };
    let mut bytes = Zeroizing::new([0; CREDENTIAL_LENGTH]);
    getrandom::fill(&mut *bytes).map_err(|error| {
        let what = format!("the kernel gives no random bytes: {error}");
        Failure::new(Exit::Failed, what, "try again")
    })?;
    let sealed = systemd::seal(&bytes, seal)?;
    let credential = Some(Secret::new(bytes.to_vec()));
    signer.do_it(Request::SetCredential { passphrase, credential })?;
    systemd::store(&sealed)?;
    Ok(seal)
}

fn disable(operation: &Operation) -> Result<View, Failure> {
    systemd::require(&operation.place, "unattended disable")?;
    // First: a credential that systemd cannot unseal keeps the signer from starting.
    let removed = systemd::forget()?;
    let mut signer = match operation.signer() {
        Ok(signer) => signer,
        Err(failure) if removed => {
            let json = json!({ "enabled": false, "changed": true });
            let again = operation.place.command("unattended disable");
            return Ok(View::new(json)
                .line(format!(
                    "{CREDENTIAL_FILE} is removed, and signerd does not answer: {failure}"
                ))
                .line(format!("start it, and make it forget the credential too: {again}"))
                .ending(failure.exit()));
        }
        Err(failure) => return Err(failure),
    };
    let was_on = signer.status()?.unattended != Unattended::Off;
    if was_on {
        let passphrase = operation.secret()?;
        let _progress = Progress::start("checking the passphrase");
        signer.do_it(Request::SetCredential { passphrase, credential: None })?;
    }
    let changed = removed || was_on;
    let line = if changed {
        "from the next start on only the passphrase opens the vault"
    } else {
        "it was off before, nothing was changed"
    };
    Ok(View::new(json!({ "enabled": false, "changed": changed })).line(line))
}

fn status(operation: &Operation) -> Result<View, Failure> {
    let state = operation.signer()?.status()?.unattended;
    let stored = systemd::stored();
    let (word, credential) = match &stored {
        Stored::Absent => ("absent", format!("{CREDENTIAL_FILE} is not there")),
        Stored::Hidden => {
            ("hidden", format!("{CREDENTIAL_FILE}: only root sees whether it is there"))
        }
        Stored::Present { seal, opens: true, .. } => ("fits", seal.meaning().to_owned()),
        Stored::Present { opens: false, .. } => {
            ("sealed_elsewhere", "this machine does not open it".to_owned())
        }
    };
    let seal = match stored {
        Stored::Present { seal, .. } => Some(seal.name()),
        Stored::Absent | Stored::Hidden => None,
    };
    let json = json!({
        "unattended": state.to_string(),
        "credential": word,
        "sealedBy": seal,
        "file": CREDENTIAL_FILE,
    });
    let fields = vec![("unattended", in_words(state).to_owned()), ("credential", credential)];
    Ok(View::new(json).fields(fields))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_locked_vault_is_not_said_to_open_at_the_next_start() {
        let place = Place::of_operator(None, None).unwrap();
        assert!(when(VaultPhase::Open, &place).contains("next start"));
        let locked = when(VaultPhase::Locked, &place);
        assert!(locked.contains("waiaasctl unlock") && !locked.contains("next start"), "{locked}");
    }
}
