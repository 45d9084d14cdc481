//! The families, and what documents say of them.

use super::*;

#[test]
fn every_family_has_a_name_of_its_own_as_prometheus_wants_it() {
    let word = |text: &str| text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    for (place, family) in FAMILIES.iter().enumerate() {
        let Family { name, kind, labels, help } = *family;
        assert!(word(name) && labels.iter().all(|label| word(label)), "{name}");
        assert!(name.starts_with("waiaas_") || name.starts_with("process_"), "{name}");
        assert_eq!(name.ends_with("_total"), kind == Kind::Counter, "{name}");
        assert!(help.ends_with('.') && !help.contains(['"', '\\', '\n']), "{name}: {help}");
        assert!(FAMILIES.iter().skip(place + 1).all(|other| other.name != name), "{name}");
    }
}

#[test]
fn the_document_tells_of_every_family_what_the_table_does() {
    let document = include_str!("../../../docs/metrics.md");
    let rows: Vec<&str> = document.lines().filter(|line| line.starts_with("| `")).collect();
    let expected: Vec<String> = FAMILIES
        .iter()
        .map(|family| {
            let labels: Vec<String> =
                family.labels.iter().map(|label| format!("`{label}`")).collect();
            let suffix = if family.kind == Kind::Info { "_info" } else { "" };
            format!(
                "| `{}{suffix}` | {} | {} | {} |",
                family.name,
                family.kind.as_str(),
                labels.join(" "),
                family.help
            )
        })
        .collect();
    assert_eq!(rows, expected, "\n{}\n", expected.join("\n"));
}
