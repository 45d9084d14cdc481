//! What left a wallet lately: the rolling windows that ceilings are compared with.

use std::collections::{BTreeMap, VecDeque};

use primitives::{Amount, Asset, Scope};
use protocol::wire::{Reader, Wire, WireError};
use protocol::wire_fields;

use crate::clock::UnixSeconds;

/// A day in seconds.
pub const DAY_SECONDS: u64 = 24 * HOUR_SECONDS;
const HOUR_SECONDS: u64 = 2 * HALF_HOUR_SECONDS;
const HALF_HOUR_SECONDS: u64 = 30 * 60;
/// How far ahead spend may be counted, and so for how long a lease may be used: until then, what is older
/// is not forgotten.
pub(crate) const LEAD_SECONDS: u64 = 60;

/// The most assets of a wallet that owners let go in a month, those of different networks counted apart.
pub(super) const MAX_APPROVED: usize = 256;

/// The length of a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Span {
    /// 60 minutes.
    Hour,
    /// 24 hours.
    Day,
    /// 30 days.
    Month,
}

/// Under whose word something left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ledger {
    /// Nobody's: at once, or after a wait.
    Alone,
    /// The owners'.
    Approved,
}

/// Spend of one wallet, per ledger, scope and asset.
///
/// Spend is kept in buckets of a minute, half an hour and a day for windows of an hour, a day and a
/// month, so that a busy wallet needs at most 62, 50 and 32 sums for each asset. A bucket leaves
/// its window when its last second does: never early.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Windows {
    spent: BTreeMap<Line, VecDeque<Bucket>>,
    /// Signatures and announcements, each counted as one.
    requests: BTreeMap<Span, VecDeque<Bucket>>,
    /// When everything counted as spent; 0 if never.
    filled_at: UnixSeconds,
    /// When lines of which nothing counts any more were last dropped.
    swept_at: UnixSeconds,
}

/// Whose spend of what a sum is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Line {
    ledger: Ledger,
    span: Span,
    scope: Scope,
    asset: Asset,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Bucket {
    number: u64,
    amount: Amount,
}

impl Span {
    /// From the shortest on.
    pub const ALL: [Self; 3] = [Self::Hour, Self::Day, Self::Month];
    /// Those in which signatures and announcements are counted.
    pub(super) const OF_REQUESTS: [Self; 2] = [Self::Hour, Self::Day];

    /// Its length in seconds.
    pub const fn seconds(self) -> u64 {
        match self {
            Self::Hour => HOUR_SECONDS,
            Self::Day => DAY_SECONDS,
            Self::Month => 30 * DAY_SECONDS,
        }
    }

    const fn bucket_seconds(self) -> u64 {
        match self {
            Self::Hour => 60,
            Self::Day => HALF_HOUR_SECONDS,
            Self::Month => DAY_SECONDS,
        }
    }

    fn bucket_of(self, at: UnixSeconds) -> u64 {
        at.checked_div(self.bucket_seconds()).unwrap_or_default()
    }

    fn counts(self, bucket: u64, now: UnixSeconds) -> bool {
        now < self.leaves_at(bucket)
    }

    fn leaves_at(self, bucket: u64) -> UnixSeconds {
        let end = bucket.saturating_add(1).saturating_mul(self.bucket_seconds());
        end.saturating_add(self.seconds())
    }
}

impl Windows {
    /// Counts `amount` as spent at `at`, which may be up to a minute ahead, for what can leave until
    /// then.
    pub fn add(
        &mut self,
        ledger: Ledger,
        (scope, asset): (Scope, Asset),
        amount: Amount,
        at: UnixSeconds,
    ) {
        let now = at.saturating_sub(LEAD_SECONDS);
        self.sweep(now);
        for span in Span::ALL {
            let buckets = self.spent.entry(Line { ledger, span, scope, asset }).or_default();
            add_to(buckets, span, amount, (at, now));
        }
    }

    /// Takes off what was counted ahead at `at` in nobody's name, and did not leave. Where that is
    /// not to be found, or its sum did not fit, too much counts.
    pub fn give_back(&mut self, (scope, asset): (Scope, Asset), amount: Amount, at: UnixSeconds) {
        for span in Span::ALL {
            let line = Line { ledger: Ledger::Alone, span, scope, asset };
            let mut buckets = self.spent.get_mut(&line).into_iter().flatten();
            let counted = buckets.find(|bucket| bucket.number == span.bucket_of(at));
            if let Some(bucket) = counted.filter(|bucket| bucket.amount < Amount::MAX)
                && let Some(rest) = bucket.amount.checked_sub(amount)
            {
                bucket.amount = rest;
            }
        }
    }

    /// Counts a signature or an announcement.
    pub fn add_request(&mut self, at: UnixSeconds) {
        for span in Span::OF_REQUESTS {
            add_to(self.requests.entry(span).or_default(), span, Amount::from(1_u64), (at, at));
        }
    }

    /// Seconds after which there is room for one more request, if `most` are allowed in a `span`;
    /// `None` where there is room now.
    pub fn next_request(&self, span: Span, most: u32, now: UnixSeconds) -> Option<u64> {
        let most = Amount::from(u64::from(most));
        let mut later = None;
        let mut younger = Amount::ZERO;
        // From the youngest on: the first that makes it as many as are allowed has to go.
        for bucket in self.requests.get(&span).into_iter().flatten().rev() {
            younger = younger.checked_add(bucket.amount).unwrap_or(Amount::MAX);
            if span.counts(bucket.number, now) && younger >= most && later.is_none() {
                later = Some(span.leaves_at(bucket.number).saturating_sub(now));
            }
        }
        later
    }

    /// Counts every ceiling as used up at `at`, for as long as its window is: after a restore nobody
    /// knows what left since the backup was made.
    pub fn fill(&mut self, at: UnixSeconds) {
        self.filled_at = self.filled_at.max(at);
    }

    /// What left in the `span` before `now`; `None` where everything counts as spent.
    pub fn spent(
        &self,
        ledger: Ledger,
        span: Span,
        (scope, asset): (Scope, Asset),
        now: UnixSeconds,
    ) -> Option<Amount> {
        if self.filled_at > 0 && now < self.filled_at.saturating_add(span.seconds()) {
            return None;
        }
        let buckets = self.spent.get(&Line { ledger, span, scope, asset });
        let counting =
            buckets.into_iter().flatten().filter(|bucket| span.counts(bucket.number, now));
        Amount::sum(counting.map(|bucket| bucket.amount))
    }

    /// Whether owners may let these go besides what they let go before: not of ever more assets, whose
    /// sums take memory for as long as the longest window.
    pub(super) fn has_room_for_approved<'a>(
        &self,
        scope: Scope,
        assets: impl Iterator<Item = &'a Asset>,
        now: UnixSeconds,
    ) -> bool {
        let span = Span::Month;
        let counts = |buckets: &VecDeque<Bucket>| {
            buckets.back().is_some_and(|bucket| span.counts(bucket.number, now))
        };
        let is_known = |asset: &Asset| {
            let line = Line { ledger: Ledger::Approved, span, scope, asset: *asset };
            self.spent.get(&line).is_some_and(counts)
        };
        let known = self.spent.iter().filter(|(line, buckets)| {
            (line.ledger, line.span) == (Ledger::Approved, span) && counts(buckets)
        });
        let new = assets.filter(|asset| !is_known(asset)).count();
        known.count().saturating_add(new) <= MAX_APPROVED
    }

    /// Once a day, so that assets which nobody moves any more take no room.
    fn sweep(&mut self, now: UnixSeconds) {
        if now >= self.swept_at.saturating_add(DAY_SECONDS) {
            self.spent.retain(|line, buckets| {
                buckets.iter().any(|bucket| line.span.counts(bucket.number, now))
            });
            self.swept_at = now;
        }
    }
}

#[cfg(test)]
impl Windows {
    /// The most that these take of the memory, where the nodes of a tree may be half empty.
    pub(crate) fn bytes_in_memory(&self) -> usize {
        let lines = self.spent.len() * 2 * size_of::<(Line, VecDeque<Bucket>)>();
        let requests = self.requests.len() * 2 * size_of::<(Span, VecDeque<Bucket>)>();
        let buckets = self.spent.values().chain(self.requests.values()).map(VecDeque::capacity);
        lines + requests + buckets.sum::<usize>() * size_of::<Bucket>()
    }
}

/// Counts at `at` and forgets what counts no more at `now`.
fn add_to(
    buckets: &mut VecDeque<Bucket>,
    span: Span,
    amount: Amount,
    (at, now): (UnixSeconds, UnixSeconds),
) {
    while buckets.pop_front_if(|bucket| !span.counts(bucket.number, now)).is_some() {}
    let number = span.bucket_of(at);
    match buckets.back_mut() {
        Some(last) if last.number >= number => {
            // A sum that does not fit is over every ceiling.
            last.amount = last.amount.checked_add(amount).unwrap_or(Amount::MAX);
        }
        Some(_) | None => buckets.push_back(Bucket { number, amount }),
    }
}

protocol::wire_tags!(Ledger { Alone = 1, Approved = 2 });
protocol::wire_tags!(Span { Hour = 1, Day = 2, Month = 3 });
wire_fields!(Line { ledger, span, scope, asset });
wire_fields!(Bucket { number, amount });

/// Times, then spend and requests: a count of 32 bits, and as many lines with a count of their
/// buckets. There may be more of them than in a list of a message: one for each token that owners let
/// go.
impl Wire for Windows {
    fn write(&self, out: &mut Vec<u8>) {
        self.filled_at.write(out);
        self.swept_at.write(out);
        write_lines(&self.spent, out);
        write_lines(&self.requests, out);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        let (filled_at, swept_at) = (Wire::read(input)?, Wire::read(input)?);
        let (spent, requests) = (read_lines(input)?, read_lines(input)?);
        Ok(Self { spent, requests, filled_at, swept_at })
    }
}

fn write_lines<K: Wire>(lines: &BTreeMap<K, VecDeque<Bucket>>, out: &mut Vec<u8>) {
    count(lines.len()).write(out);
    for (line, buckets) in lines {
        line.write(out);
        count(buckets.len()).write(out);
        for bucket in buckets {
            bucket.write(out);
        }
    }
}

fn read_lines<K: Wire + Ord>(
    input: &mut Reader<'_>,
) -> Result<BTreeMap<K, VecDeque<Bucket>>, WireError> {
    let mut lines = BTreeMap::new();
    for _ in 0..u32::read(input)? {
        let line = K::read(input)?;
        let mut buckets = VecDeque::new();
        for _ in 0..u32::read(input)? {
            buckets.push_back(Bucket::read(input)?);
        }
        lines.insert(line, buckets);
    }
    Ok(lines)
}

fn count(length: usize) -> u32 {
    u32::try_from(length).expect("four thousand million lines are more than memory has")
}

#[cfg(test)]
mod tests;
