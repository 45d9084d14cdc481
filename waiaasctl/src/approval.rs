//! What owners are asked and what they answered, in one file: who has it can render what is signed,
//! without a signer, and add a signature.

use primitives::{Address, Amount, WalletId, decode_hex, encode_hex};
use protocol::{Approval, OwnerSignature, Owners, SignedForm, Terms};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use txcodec::approval::{ApprovalError, Question, Rendered, Stop};

use crate::receipt::parse_hex;

/// What the file says it is.
const KIND: &str = "WAIaaS approval, version 1";
/// The longest file that is read, in bytes: a guard and sixteen signatures.
pub(crate) const MAX_APPROVAL: usize = 256 * 1024;

/// A question with the answers that it got so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Draft {
    /// Which signer asks.
    pub(crate) instance: [u8; 16],
    /// About which wallet.
    pub(crate) wallet: WalletId,
    /// What that is known by on its chain.
    pub(crate) address: Address,
    /// What it is about.
    pub(crate) matter: Matter,
    /// What everybody agrees to.
    pub(crate) terms: Terms,
    /// Who signed, and what.
    pub(crate) signatures: Vec<OwnerSignature>,
}

/// What operators ask owners. Transactions are asked about by gatewayd.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Matter {
    /// Whether the guard becomes this one, as the signer writes it.
    Guard {
        /// In place of which version.
        from_version: u64,
        /// The new one, as TOML.
        text: String,
    },
    /// Whether the owners become these.
    Owners {
        /// In place of which version.
        from_version: u64,
        /// The new ones.
        owners: Owners,
    },
    /// Whether signing goes on.
    Resume {
        /// From where.
        from: Stop,
    },
}

/// Why a file is no approval.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DraftError {
    /// Not JSON, or not with these fields.
    #[error("it is no approval")]
    Form(#[from] serde_json::Error),
    /// A field of another kind or length.
    #[error("`{0}` is not what an approval has there")]
    Field(&'static str),
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct File {
    kind: String,
    instance: String,
    wallet_id: WalletId,
    address: Address,
    matter: MatterFile,
    terms: TermsFile,
    signatures: Vec<SignatureFile>,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, tag = "kind")]
enum MatterFile {
    #[serde(rename_all = "camelCase")]
    Guard {
        from_version: u64,
        text: String,
    },
    #[serde(rename_all = "camelCase")]
    Owners {
        from_version: u64,
        threshold: u8,
        members: Vec<Address>,
    },
    Resume {
        from: String,
    },
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct TermsFile {
    guard_version: u64,
    fee_ceiling: Amount,
    expires_at: u64,
    nonce: String,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct SignatureFile {
    owner: Address,
    form: String,
    signature: String,
}

impl Draft {
    /// The file.
    pub(crate) fn to_json(&self) -> serde_json::Value {
        let matter = match &self.matter {
            Matter::Guard { from_version, text } => {
                MatterFile::Guard { from_version: *from_version, text: text.clone() }
            }
            Matter::Owners { from_version, owners } => MatterFile::Owners {
                from_version: *from_version,
                threshold: owners.threshold,
                members: owners.members.clone(),
            },
            Matter::Resume { from } => MatterFile::Resume { from: from.to_string() },
        };
        let signature = |one: &OwnerSignature| SignatureFile {
            owner: one.owner,
            form: form_word(one.form).to_owned(),
            signature: format!("0x{}", encode_hex(&one.bytes)),
        };
        serde_json::json!(File {
            kind: KIND.to_owned(),
            instance: encode_hex(&self.instance),
            wallet_id: self.wallet,
            address: self.address,
            matter,
            terms: TermsFile {
                guard_version: self.terms.guard_version,
                fee_ceiling: self.terms.fee_ceiling,
                expires_at: self.terms.expires_at,
                nonce: encode_hex(&self.terms.nonce),
            },
            signatures: self.signatures.iter().map(signature).collect(),
        })
    }

    /// Reads the file.
    ///
    /// # Errors
    /// When it is no such file.
    pub(crate) fn from_json(text: &[u8]) -> Result<Self, DraftError> {
        let file: File = serde_json::from_slice(text)?;
        if file.kind != KIND {
            return Err(DraftError::Field("kind"));
        }
        let matter = match file.matter {
            MatterFile::Guard { from_version, text } => Matter::Guard { from_version, text },
            MatterFile::Owners { from_version, threshold, members } => {
                Matter::Owners { from_version, owners: Owners { threshold, members } }
            }
            MatterFile::Resume { from } => Matter::Resume { from: stop(&from)? },
        };
        let terms = Terms {
            guard_version: file.terms.guard_version,
            fee_ceiling: file.terms.fee_ceiling,
            expires_at: file.terms.expires_at,
            nonce: parse_hex(&file.terms.nonce).ok_or(DraftError::Field("nonce"))?,
        };
        let signatures = file.signatures.into_iter().map(|one| {
            let form = form_of(&one.form).ok_or(DraftError::Field("form"))?;
            signature(one.owner, form, &one.signature)
        });
        Ok(Self {
            instance: parse_hex(&file.instance).ok_or(DraftError::Field("instance"))?,
            wallet: file.wallet_id,
            address: file.address,
            matter,
            terms,
            signatures: signatures.collect::<Result<_, _>>()?,
        })
    }

    /// The question as owners read and sign it.
    ///
    /// # Errors
    /// When it is more than owners are asked at once, or they are not asked about it at all.
    pub(crate) fn rendered(&self) -> Result<Rendered, ApprovalError> {
        let matter = match &self.matter {
            Matter::Guard { from_version, text } => {
                let sha256 = Sha256::digest(text.as_bytes()).into();
                txcodec::approval::Matter::Guard { from_version: *from_version, sha256 }
            }
            Matter::Owners { from_version, owners } => txcodec::approval::Matter::Owners {
                from_version: *from_version,
                threshold: owners.threshold,
                members: &owners.members,
            },
            Matter::Resume { from } => txcodec::approval::Matter::Resume { from: *from },
        };
        Question {
            instance: self.instance,
            wallet: self.wallet,
            address: self.address,
            guard_version: self.terms.guard_version,
            fee_ceiling: self.terms.fee_ceiling,
            expires_at: self.terms.expires_at,
            nonce: self.terms.nonce,
            matter,
        }
        .render()
    }

    /// What the signer gets of it.
    pub(crate) fn into_approval(self) -> Approval {
        Approval { terms: self.terms, signatures: self.signatures }
    }
}

/// One owner's signature, from hexadecimal digits.
///
/// # Errors
/// When it is no signature of that kind of owner.
pub(crate) fn signature(
    owner: Address,
    form: SignedForm,
    text: &str,
) -> Result<OwnerSignature, DraftError> {
    let digits = text.strip_prefix("0x").unwrap_or(text);
    let bytes = decode_hex(digits).map_err(|_no_hex| DraftError::Field("signature"))?;
    let length = match owner {
        Address::Evm(_) => 65,
        Address::Solana(_) => 64,
    };
    if bytes.len() == length {
        Ok(OwnerSignature { owner, form, bytes })
    } else {
        Err(DraftError::Field("signature"))
    }
}

const fn form_word(form: SignedForm) -> &'static str {
    match form {
        SignedForm::Text => "text",
        SignedForm::TypedData => "typed-data",
    }
}

fn form_of(word: &str) -> Option<SignedForm> {
    [SignedForm::Text, SignedForm::TypedData].into_iter().find(|form| form_word(*form) == word)
}

fn stop(word: &str) -> Result<Stop, DraftError> {
    [Stop::Suspended, Stop::Locked]
        .into_iter()
        .find(|stop| stop.to_string() == word)
        .ok_or(DraftError::Field("from"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use primitives::{EvmAddress, SolanaAddress};

    fn draft(matter: Matter) -> Draft {
        let (evm, solana) = (EvmAddress([4; 20]).into(), SolanaAddress([5; 32]).into());
        Draft {
            instance: [1; 16],
            wallet: WalletId::from_bytes([7; 16]),
            address: evm,
            matter,
            terms: Terms {
                guard_version: 3,
                fee_ceiling: Amount::ZERO,
                expires_at: 1_800_000_000,
                nonce: [6; 16],
            },
            signatures: vec![
                OwnerSignature { owner: evm, form: SignedForm::TypedData, bytes: vec![1; 65] },
                OwnerSignature { owner: solana, form: SignedForm::Text, bytes: vec![2; 64] },
            ],
        }
    }

    #[test]
    fn every_matter_survives_its_file() {
        let members = vec![EvmAddress([4; 20]).into()];
        for matter in [
            Matter::Guard { from_version: 3, text: "messages = \"none\"\n".to_owned() },
            Matter::Owners { from_version: 1, owners: Owners { threshold: 1, members } },
            Matter::Owners { from_version: 1, owners: Owners::NONE },
            Matter::Resume { from: Stop::Locked },
        ] {
            let draft = draft(matter);
            let text = draft.to_json().to_string();
            assert_eq!(Draft::from_json(text.as_bytes()).unwrap(), draft);
        }
    }

    #[test]
    fn a_file_of_another_form_is_no_approval() {
        let good = draft(Matter::Resume { from: Stop::Locked }).to_json();
        let with = |path: &str, value: serde_json::Value| {
            let mut file = good.clone();
            *file.pointer_mut(path).unwrap() = value;
            Draft::from_json(file.to_string().as_bytes())
        };
        for (path, value) in [
            ("/kind", "other"),
            ("/instance", "00"),
            ("/terms/nonce", "00"),
            ("/matter/from", "ACTIVE"),
            ("/signatures/0/form", "other"),
            ("/signatures/0/signature", "0x00"),
            ("/signatures/1/signature", "0x00"),
        ] {
            assert!(with(path, value.into()).is_err(), "{path}");
        }
        assert!(with("/matter/from", "SUSPENDED".into()).is_ok());
        assert!(Draft::from_json(b"{}").is_err());
    }
}
