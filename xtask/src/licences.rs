//! Licences, bans and sources of the dependencies, as `deny.toml` says, without a tool to install.

use std::collections::BTreeSet;

/// What `deny.toml` says.
pub(crate) struct Rules {
    allowed: BTreeSet<String>,
    banned: BTreeSet<String>,
}

impl Rules {
    /// Reads `deny.toml`.
    pub(crate) fn from_toml(text: &str) -> Result<Self, String> {
        let file: toml::Table = text.parse().map_err(|error| format!("deny.toml: {error}"))?;
        let list = |section: &str, key: &str| file.get(section)?.get(key)?.as_array();
        let allowed = list("licenses", "allow").ok_or("deny.toml: licenses.allow is missing")?;
        let banned = list("bans", "deny").ok_or("deny.toml: bans.deny is missing")?;
        let name = |entry: &toml::Value| entry.get("crate")?.as_str().map(str::to_owned);
        Ok(Self {
            allowed: allowed.iter().filter_map(|text| text.as_str().map(str::to_owned)).collect(),
            banned: banned.iter().filter_map(name).collect(),
        })
    }

    /// What breaks the rules among the packages that are built: lines of
    /// `cargo tree --format '{p}|{l}'`, such as `zeroize v1.9.2|Apache-2.0 OR MIT`.
    pub(crate) fn findings(&self, tree: &str) -> BTreeSet<String> {
        tree.lines()
            .filter(|line| !line.is_empty())
            .flat_map(|line| self.of_package(line))
            .collect()
    }

    fn of_package(&self, line: &str) -> Vec<String> {
        let (package, licence) = line.split_once('|').unwrap_or((line, ""));
        let licence = licence.trim_end_matches(" (*)"); // said of packages shown before
        let name = package.split(' ').next().unwrap_or_default();
        let mut found = Vec::new();
        if self.banned.contains(name) {
            found.push(format!("{name} is banned"));
        }
        if !self.allows(licence) {
            found.push(format!("{name}: licence `{licence}` is not among those allowed"));
        }
        if package.contains("://") {
            found.push(format!("{package} does not come from the public registry"));
        }
        found
    }

    /// Whether an SPDX expression can be met. `/` is what Cargo once used for OR.
    fn allows(&self, expression: &str) -> bool {
        let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
        let words: Vec<&str> = spaced.split_whitespace().collect();
        let mut expression = Expression { rules: self, rest: &words };
        expression.any() && expression.rest.is_empty()
    }
}

/// A reader of SPDX licence expressions (SPDX specification, annex D): AND binds tighter than OR.
struct Expression<'a> {
    rules: &'a Rules,
    rest: &'a [&'a str],
}

impl Expression<'_> {
    fn any(&mut self) -> bool {
        let mut met = self.all();
        while self.skip("OR") {
            met |= self.all();
        }
        met
    }

    fn all(&mut self) -> bool {
        let mut met = self.one();
        while self.skip("AND") {
            met &= self.one();
        }
        met
    }

    fn one(&mut self) -> bool {
        if self.skip("(") {
            let met = self.any();
            return self.skip(")") && met;
        }
        let name = self.word();
        if self.skip("WITH") {
            let exception = self.word();
            return self.rules.allowed.contains(&format!("{name} WITH {exception}"));
        }
        self.rules.allowed.contains(&name)
    }

    fn word(&mut self) -> String {
        let Some((word, rest)) = self.rest.split_first() else { return String::new() };
        self.rest = rest;
        (*word).to_owned()
    }

    fn skip(&mut self, word: &str) -> bool {
        let found = self.rest.first() == Some(&word);
        if found {
            self.word();
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules() -> Rules {
        let text = "[licenses]\nallow = ['MIT', 'ISC', 'Apache-2.0 WITH LLVM-exception']\n\
                    [bans]\ndeny = [{ crate = 'rsa' }]";
        Rules::from_toml(text).unwrap()
    }

    #[test]
    fn an_expression_is_met_or_not() {
        for (expression, met) in [
            ("MIT", true),
            ("MIT OR GPL-3.0", true),
            ("GPL-3.0/MIT", true),
            ("MIT AND GPL-3.0", false),
            ("GPL-3.0 AND MIT OR ISC", true),
            ("GPL-3.0 AND (MIT OR ISC)", false),
            ("(MIT OR GPL-3.0) AND ISC", true),
            ("Apache-2.0 WITH LLVM-exception", true),
            ("Apache-2.0", false),
            ("(MIT", false),
            ("MIT ISC", false),
            ("", false),
        ] {
            assert_eq!(rules().allows(expression), met, "{expression}");
        }
    }

    #[test]
    fn what_breaks_the_rules_is_named() {
        let tree = "\
a v1.0.0 (/somewhere/a)|MIT
b v2.1.0|GPL-3.0
rsa v0.9.0|MIT (*)
c v0.1.0 (https://example.org/c#0123)|MIT
d v1.0.0 (proc-macro)|
";
        let expected = [
            "b: licence `GPL-3.0` is not among those allowed",
            "c v0.1.0 (https://example.org/c#0123) does not come from the public registry",
            "d: licence `` is not among those allowed",
            "rsa is banned",
        ];
        assert!(rules().findings(tree).iter().eq(expected.iter()), "{:?}", rules().findings(tree));
    }
}
