//! Asks the sources, and keeps what they said: one look-up at a time for an asset, sources that fail
//! left in peace for a while, and nobody kept waiting.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;

use super::question::Question;
use super::source::{Source, SourceName, Trouble};
use super::verdict::{AHEAD, Belief, Known, Said, Unknown};
use crate::clock::{Clock, Deadline, UnixSeconds};

/// How long a look-up waits for its sources, which are asked at the same time.
pub(super) const SOURCE_WAIT: Duration = Duration::from_millis(2_500);
/// How much longer whoever asks waits for the look-up.
const MARGIN: Duration = Duration::from_millis(500);
/// How long it is before what nobody knew is asked again.
const RETRY: Duration = Duration::from_secs(5);
/// The same, of a contract that no source has heard of: anybody makes as many as they like.
const UNHEARD_OF: Duration = Duration::from_hours(1);
/// The rest of a source after its first failure; each further one doubles it.
const FIRST_REST: Duration = Duration::from_secs(1);
const LONGEST_REST: Duration = Duration::from_mins(5);
/// The rest after "too many requests": what Hermes and CoinGecko ask for.
const RATE_LIMIT_REST: Duration = Duration::from_mins(1);
/// Assets that are kept.
const CAPACITY: usize = 512;
/// Look-ups at the same time.
const LOOK_UPS: usize = 32;
/// How many of them may be of contracts that are known by no name, so that there is always room for
/// what is.
const UNLISTED_LOOK_UPS: usize = 8;

/// What was found out about an asset.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The price, or why there is none.
    pub price: Result<Known, Unknown>,
    /// What each source said that knows the asset.
    pub said: Vec<Said>,
    /// When they were asked.
    pub asked_at: UnixSeconds,
}

/// How the cache was used since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CacheUse {
    /// Answers that were there.
    pub hits: u64,
    /// Answers that had to be asked for.
    pub misses: u64,
    /// Older prices that were used, or refused as too old, because no source had a new one.
    pub stale_hits: u64,
    /// Assets that are kept.
    pub size: usize,
    /// Assets that made room for others.
    pub evictions: u64,
}

/// Asks sources. Clones share what is known.
#[derive(Clone, Debug)]
pub(super) struct Oracle(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    sources: Vec<Box<dyn Source>>,
    belief: Belief,
    refresh: Duration,
    wait: Duration,
    clock: Clock,
    cache: Mutex<Cache>,
    rests: Mutex<BTreeMap<(SourceName, String), Rest>>,
}

#[derive(Debug, Default)]
struct Cache {
    entries: BTreeMap<String, Entry>,
    counted: CacheUse,
    /// Counts the questions, so that the one that was asked longest ago is found.
    clock_hand: u64,
    look_ups: usize,
    unlisted_look_ups: usize,
}

#[derive(Debug, Default)]
struct Entry {
    settled: Option<(Arc<Finding>, Deadline)>,
    look_up: Option<watch::Receiver<Option<Arc<Finding>>>>,
    used: u64,
    /// By a name, in the table of what is asked where.
    listed: bool,
}

#[derive(Clone, Copy, Debug, Default)]
struct Rest {
    failures: u32,
    until: Option<Deadline>,
}

/// Where an answer comes from.
enum Way {
    Here(Arc<Finding>),
    Awaited(watch::Receiver<Option<Arc<Finding>>>),
    Busy,
}

impl Oracle {
    pub(super) fn new(
        sources: Vec<Box<dyn Source>>,
        belief: Belief,
        (refresh, wait): (Duration, Duration),
        clock: Clock,
    ) -> Self {
        let (cache, rests) = (Mutex::default(), Mutex::default());
        Self(Arc::new(Inner { sources, belief, refresh, wait, clock, cache, rests }))
    }

    /// What is known of an asset, within a few seconds.
    pub(super) async fn find(&self, question: Question) -> Arc<Finding> {
        let key = question.key.clone();
        let mut awaited = match self.way(question) {
            Way::Here(finding) => return self.still_good(finding),
            Way::Awaited(awaited) => awaited,
            Way::Busy => return self.kept_or(&key, Unknown::Late),
        };
        let arrived = awaited.wait_for(Option::is_some);
        match tokio::time::timeout(self.0.wait.saturating_add(MARGIN), arrived).await {
            Ok(Ok(found)) => match &*found {
                Some(found) => self.still_good(Arc::clone(found)),
                None => self.nothing(Unknown::Late),
            },
            Ok(Err(_ended)) => self.kept_or(&key, Unknown::Late),
            Err(_elapsed) => self.kept_or(&key, Unknown::Late),
        }
    }

    /// The last thing that was found, without asking anybody.
    pub(super) fn kept(&self, key: &str) -> Option<Arc<Finding>> {
        let cache = self.cache();
        let settled = cache.entries.get(key).and_then(|entry| entry.settled.as_ref());
        settled.map(|(finding, _fresh)| Arc::clone(finding))
    }

    /// How the cache was used.
    pub(super) fn cache_use(&self) -> CacheUse {
        let cache = self.cache();
        CacheUse { size: cache.entries.len(), ..cache.counted }
    }

    /// Whether a source answers as far as is known: it does not rest.
    pub(super) fn is_available(&self, name: SourceName) -> bool {
        let rests = self.0.rests.lock().unwrap_or_else(PoisonError::into_inner);
        let mut of_it = rests.iter().filter(|((source, _scope), _rest)| *source == name).peekable();
        let is_resting =
            |rest: &Rest| rest.until.is_some_and(|until| !self.0.clock.has_passed(until));
        of_it.peek().is_none() || of_it.any(|(_key, rest)| !is_resting(rest))
    }

    /// The sources that are switched on.
    pub(super) fn sources(&self) -> impl Iterator<Item = SourceName> {
        self.0.sources.iter().map(|source| source.name())
    }

    fn cache(&self) -> MutexGuard<'_, Cache> {
        self.0.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn way(&self, question: Question) -> Way {
        let mut cache = self.cache();
        cache.clock_hand = cache.clock_hand.saturating_add(1);
        let (hand, key) = (cache.clock_hand, question.key.clone());
        cache.make_room_for(&key);
        let listed = question.listed.is_some();
        let no_room = !listed && cache.unlisted_look_ups >= UNLISTED_LOOK_UPS;
        let busy = cache.look_ups >= LOOK_UPS || no_room;
        let entry = cache.entries.entry(key.clone()).or_default();
        (entry.used, entry.listed) = (hand, listed);
        if let Some((finding, fresh_until)) = &entry.settled
            && !self.0.clock.has_passed(*fresh_until)
            && (finding.price.is_err() || self.may_be_used(finding))
        {
            let finding = Arc::clone(finding);
            cache.counted.hits = cache.counted.hits.saturating_add(1);
            return Way::Here(finding);
        }
        let way = match &entry.look_up {
            Some(under_way) => Way::Awaited(under_way.clone()),
            None if busy => Way::Busy,
            None => {
                let (sender, receiver) = watch::channel(None);
                entry.look_up = Some(receiver.clone());
                cache.began(listed);
                let oracle = self.clone();
                tokio::spawn(async move { oracle.look_up(question, &sender).await });
                Way::Awaited(receiver)
            }
        };
        cache.counted.misses = cache.counted.misses.saturating_add(1);
        way
    }

    async fn look_up(&self, question: Question, sender: &watch::Sender<Option<Arc<Finding>>>) {
        let said = self.ask_all(&question).await;
        let now = self.0.clock.now();
        let found = Finding { price: self.0.belief.judge(&said), said, asked_at: now };
        let mut cache = self.cache();
        cache.ended(question.listed.is_some());
        let Some(entry) = cache.entries.get_mut(&question.key) else { return };
        let is_new = found.price.is_ok();
        let found = Arc::new(match &entry.settled {
            Some((before, _fresh)) => found.or_before(before, now),
            None => found,
        });
        let unheard_of = question.listed.is_none() && found.price == Err(Unknown::NotListed);
        let retry = if unheard_of { UNHEARD_OF } else { RETRY };
        let fresh = if is_new { self.0.refresh } else { retry };
        entry.settled = Some((Arc::clone(&found), self.0.clock.deadline(fresh)));
        entry.look_up = None;
        if found.price.is_ok() && !is_new {
            cache.counted.stale_hits = cache.counted.stale_hits.saturating_add(1);
        }
        drop(cache);
        sender.send_replace(Some(found));
    }

    /// What every source says that knows the asset, all asked at once.
    async fn ask_all(&self, question: &Question) -> Vec<Said> {
        let mut asked = JoinSet::new();
        for (number, source) in self.0.sources.iter().enumerate() {
            if source.knows(question) {
                let (oracle, question) = (self.clone(), question.clone());
                asked.spawn(async move { oracle.ask(number, &question).await });
            }
        }
        let mut said: Vec<Said> = asked.join_all().await.into_iter().flatten().collect();
        said.sort_by_key(|(source, _said)| *source);
        said
    }

    async fn ask(&self, number: usize, question: &Question) -> Option<Said> {
        let source = self.0.sources.get(number)?;
        let scope = (source.name(), source.scope(question));
        if self.rests(&scope) {
            return Some((source.name(), Err(Trouble::Resting)));
        }
        let answer = tokio::time::timeout(self.0.wait, source.ask(question)).await;
        let said = answer.unwrap_or(Err(Trouble::Timeout));
        self.note(scope, said.as_ref().err());
        if let Err(trouble) = &said {
            let (source, asset) = (source.name(), &question.key);
            tracing::warn!(%source, %asset, reason = %trouble, "a source has no price");
        }
        let now = self.0.clock.now();
        Some((source.name(), said.and_then(|quote| self.0.belief.check(quote, now))))
    }

    fn rests(&self, scope: &(SourceName, String)) -> bool {
        let rests = self.0.rests.lock().unwrap_or_else(PoisonError::into_inner);
        let until = rests.get(scope).and_then(|rest| rest.until);
        until.is_some_and(|until| !self.0.clock.has_passed(until))
    }

    fn note(&self, scope: (SourceName, String), trouble: Option<&Trouble>) {
        let mut rests = self.0.rests.lock().unwrap_or_else(PoisonError::into_inner);
        let rest = rests.entry(scope).or_default();
        match trouble.filter(|trouble| trouble.is_the_sources()) {
            None => *rest = Rest::default(),
            Some(trouble) => {
                let doubled = FIRST_REST.saturating_mul(2_u32.saturating_pow(rest.failures));
                let limited = *trouble == Trouble::RateLimited;
                let least = if limited { RATE_LIMIT_REST } else { FIRST_REST };
                let until = self.0.clock.deadline(doubled.min(LONGEST_REST).max(least));
                *rest = Rest { failures: rest.failures.saturating_add(1), until: Some(until) };
            }
        }
    }

    /// What was found, unless its time is over meanwhile.
    fn still_good(&self, finding: Arc<Finding>) -> Arc<Finding> {
        if finding.price.is_err() || self.may_be_used(&finding) {
            return finding;
        }
        let mut cache = self.cache();
        cache.counted.stale_hits = cache.counted.stale_hits.saturating_add(1);
        Arc::new(Finding { price: Err(Unknown::Stale), ..Finding::clone(&finding) })
    }

    /// Whether there is a price whose time is not over, and has come: of one from the future, left behind
    /// by a clock that was set back, nobody knows the age.
    fn may_be_used(&self, finding: &Finding) -> bool {
        let now = self.0.clock.now();
        let asked = finding.asked_at.plus(self.0.belief.max_age);
        let last = finding.price.map(|known| known.good_until.min(asked));
        last.is_ok_and(|last| now <= last) && !finding.is_ahead_of(now)
    }

    /// The last price while it may be used, although nobody confirms it now.
    fn kept_or(&self, key: &str, unknown: Unknown) -> Arc<Finding> {
        let Some(kept) = self.kept(key).filter(|kept| kept.price.is_ok()) else {
            return self.nothing(unknown);
        };
        let mut cache = self.cache();
        cache.counted.stale_hits = cache.counted.stale_hits.saturating_add(1);
        drop(cache);
        self.still_good(kept)
    }

    fn nothing(&self, unknown: Unknown) -> Arc<Finding> {
        let asked_at = self.0.clock.now();
        Arc::new(Finding { price: Err(unknown), said: Vec::new(), asked_at })
    }
}

impl Cache {
    fn began(&mut self, listed: bool) {
        self.look_ups = self.look_ups.saturating_add(1);
        self.unlisted_look_ups = self.unlisted_look_ups.saturating_add(usize::from(!listed));
    }

    fn ended(&mut self, listed: bool) {
        self.look_ups = self.look_ups.saturating_sub(1);
        self.unlisted_look_ups = self.unlisted_look_ups.saturating_sub(usize::from(!listed));
    }

    /// Forgets what was asked for longest ago, if there is no room for another asset; what is known by a
    /// name last.
    fn make_room_for(&mut self, key: &str) {
        if self.entries.len() < CAPACITY || self.entries.contains_key(key) {
            return;
        }
        let idle = self.entries.iter().filter(|(_key, entry)| entry.look_up.is_none());
        let oldest = idle.min_by_key(|(_key, entry)| (entry.listed, entry.used));
        let oldest = oldest.map(|(key, _entry)| key.clone());
        if let Some(oldest) = oldest {
            self.entries.remove(&oldest);
            self.counted.evictions = self.counted.evictions.saturating_add(1);
        }
    }
}

impl Finding {
    /// What was found; where sources were silent, the price of before as long as it may be used. That
    /// they are too far apart is never passed over.
    fn or_before(self, before: &Finding, now: UnixSeconds) -> Self {
        if self.price == Err(Unknown::TooFewSources)
            && let Ok(known) = before.price
            && now <= known.good_until
            && !before.is_ahead_of(now)
        {
            return Self { price: Ok(known), said: self.said, asked_at: before.asked_at };
        }
        self
    }

    fn is_ahead_of(&self, now: UnixSeconds) -> bool {
        self.asked_at > now.plus(AHEAD)
    }
}
