//! Ceilings of one asset, and how an amount compares with them.

use primitives::Amount;
use serde::Deserialize;

use super::window::Span;

/// Inclusive, in base units. What is `None` is not limited by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Ceilings {
    #[serde(rename = "per_transaction")]
    pub(super) transaction: Option<Amount>,
    #[serde(rename = "per_hour")]
    pub(super) hour: Option<Amount>,
    #[serde(rename = "per_day")]
    pub(super) day: Option<Amount>,
    #[serde(rename = "per_month")]
    pub(super) month: Option<Amount>,
}

/// The ceiling that an amount is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Excess {
    /// One transaction may move so much.
    Transaction(Amount),
    /// So much is left of a window's.
    Window(Span, Amount),
}

impl Ceilings {
    /// By the names that people write, from the shortest span on.
    pub(super) const fn named(self) -> [(&'static str, Option<Amount>); 4] {
        [
            ("per_transaction", self.transaction),
            ("per_hour", self.hour),
            ("per_day", self.day),
            ("per_month", self.month),
        ]
    }

    /// The same with what follows from longer spans: an hour lets no more pass than a day.
    pub(super) fn effective(self) -> Self {
        let lower = |a: Option<Amount>, b: Option<Amount>| a.into_iter().chain(b).min();
        let day = lower(self.day, self.month);
        let hour = lower(self.hour, day);
        let transaction = lower(self.transaction, hour);
        Self { transaction, hour, day, month: self.month }
    }

    /// The ceiling of a window.
    pub(super) const fn of(&self, span: Span) -> Option<Amount> {
        match span {
            Span::Hour => self.hour,
            Span::Day => self.day,
            Span::Month => self.month,
        }
    }

    /// Compares `amount` and what was spent in each window with the ceilings; `spent` is `None`
    /// where everything counts as spent.
    pub(super) fn check(
        &self,
        amount: Amount,
        spent: impl Fn(Span) -> Option<Amount>,
    ) -> Result<(), Excess> {
        self.check_transaction(amount)?;
        self.check_windows(amount, spent)
    }

    /// Compares `amount` with the ceiling of one transaction.
    pub(super) fn check_transaction(&self, amount: Amount) -> Result<(), Excess> {
        match self.transaction {
            Some(ceiling) if amount > ceiling => Err(Excess::Transaction(ceiling)),
            Some(_) | None => Ok(()),
        }
    }

    /// Compares `amount` and what was spent in each window with the windows' ceilings.
    pub(super) fn check_windows(
        &self,
        amount: Amount,
        spent: impl Fn(Span) -> Option<Amount>,
    ) -> Result<(), Excess> {
        for span in Span::ALL {
            let Some(ceiling) = self.of(span) else { continue };
            let spent = spent(span);
            let total = spent.and_then(|spent| spent.checked_add(amount));
            if total.is_none_or(|total| total > ceiling) {
                let left = spent.map_or(Amount::ZERO, |spent| ceiling.saturating_sub(spent));
                return Err(Excess::Window(span, left));
            }
        }
        Ok(())
    }
}

/// What follows "where", for people.
impl std::fmt::Display for Excess {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Transaction(ceiling) => write!(formatter, "one transaction may move {ceiling}"),
            Self::Window(span, left) => {
                let span = match span {
                    Span::Hour => "an hour",
                    Span::Day => "a day",
                    Span::Month => "a month",
                };
                write!(formatter, "{left} are left of the ceiling for {span}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn amount(value: u64) -> Amount {
        Amount::from(value)
    }

    #[test]
    fn a_person_is_told_which_ceiling_it_was_and_what_is_left_of_it() {
        let hour = |left: u64| Excess::Window(Span::Hour, amount(left)).to_string();
        assert_eq!(hour(7), "7 are left of the ceiling for an hour");
        let transaction = Excess::Transaction(amount(5)).to_string();
        assert_eq!(transaction, "one transaction may move 5");
    }

    #[test]
    fn each_ceiling_holds_at_its_last_unit() {
        let all = Ceilings {
            transaction: Some(amount(10)),
            hour: Some(amount(20)),
            day: Some(amount(30)),
            month: Some(amount(40)),
        };
        let hour = |left| Err(Excess::Window(Span::Hour, Amount::from(left)));
        let day = |left| Err(Excess::Window(Span::Day, Amount::from(left)));
        let month = |left| Err(Excess::Window(Span::Month, Amount::from(left)));
        let transaction = Err(Excess::Transaction(Amount::from(10_u64)));
        for (amount, spent, expected) in [
            (10_u64, [0_u64, 0, 0], Ok(())),
            (11, [0, 0, 0], transaction),
            (10, [10, 10, 10], Ok(())),
            (10, [11, 11, 11], hour(9_u64)),
            (10, [0, 20, 20], Ok(())),
            (10, [0, 21, 21], day(9_u64)),
            (10, [0, 0, 30], Ok(())),
            (10, [0, 0, 31], month(9_u64)),
            (0, [21, 21, 21], hour(0_u64)),
        ] {
            let window = |span| {
                let [hour, day, month] = spent;
                Some(Amount::from(match span {
                    Span::Hour => hour,
                    Span::Day => day,
                    Span::Month => month,
                }))
            };
            let found = all.check(Amount::from(amount), window);
            assert_eq!(found, expected, "{amount} after {spent:?}");
        }
    }

    #[test]
    fn a_full_window_takes_not_even_nothing() {
        let day = Ceilings { day: Some(amount(30)), ..Ceilings::default() };
        let full = day.check(Amount::ZERO, |_span| None);
        assert_eq!(full, Err(Excess::Window(Span::Day, Amount::ZERO)));
        assert_eq!(Ceilings::default().check(Amount::MAX, |_span| None), Ok(()));
    }
}
