//! Names of variants as words and codes.

/// Splits a name such as `VaultLocked` at its capitals.
pub(crate) fn words(name: &str, separator: &str) -> String {
    let mut split = String::new();
    for (position, letter) in name.char_indices() {
        if position > 0 && letter.is_uppercase() {
            split.push_str(separator);
        }
        split.push(letter);
    }
    split
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_split_at_their_capitals() {
        for (name, split) in [("Lock", "Lock"), ("VaultLocked", "Vault_Locked"), ("", "")] {
            assert_eq!(words(name, "_"), split);
        }
    }
}
