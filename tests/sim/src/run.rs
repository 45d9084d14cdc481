//! A run: as many acts as are asked for, then a good world until everything is over.

use std::path::{Path, PathBuf};

use gatewayd::clock::UnixSeconds;
use gatewayd::store::{StoreError, TransactionId};
use gatewayd::tx::Transaction;
use primitives::{Amount, Asset, builtin_by_name};
use tokio::task::yield_now;

use crate::disk::Room;
use crate::gateway::{Life, Running, bury, log_length, runtime};
use crate::log::Show;
use crate::node::Nodes;
use crate::world::{Death, Next, World};

/// The most steps of the gateway between two acts.
const STEPS: u64 = 24;
/// Acts between two looks into the gateway's books.
const BETWEEN_LOOKS: u64 = 64;
/// Acts in a good world after which everything must be over.
const LAST_ACTS: u64 = 60_000;

/// What a run came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) seed: u64,
    /// Those that were asked for, and those until everything was over.
    pub(crate) acts: u64,
    pub(crate) events: u64,
    pub(crate) orders: usize,
    pub(crate) paid: usize,
    pub(crate) lives: u64,
    pub(crate) records: u64,
    pub(crate) digest: [u8; 32],
}

/// What was promised and not kept, and what happened before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Broken {
    pub(crate) seed: u64,
    pub(crate) act: u64,
    pub(crate) what: String,
    pub(crate) last: Vec<String>,
}

struct Run {
    world: World,
    directory: PathBuf,
    token: Option<String>,
    asked: u64,
    acts: u64,
    lives: u64,
}

/// Why a life is over.
enum End {
    Died { cut: Option<u64> },
    Over,
}

/// Runs a seed in a directory of its own.
pub(crate) fn run(
    (seed, acts): (u64, u64),
    directory: &Path,
    show: Show,
) -> Result<Outcome, Broken> {
    let broken = |what| Broken { seed, act: 0, what, last: Vec::new() };
    let world = World::new(seed, directory, show).map_err(broken)?;
    let directory = directory.to_owned();
    let mut run = Run { world, directory, token: None, asked: acts, acts: 0, lives: 0 };
    match run.live() {
        Ok(paid) => Ok(Outcome {
            seed,
            acts: run.acts,
            events: run.world.log.lines(),
            orders: run.world.payments.orders.len(),
            paid,
            lives: run.lives,
            records: run.world.holder.journal().0,
            digest: run.world.log.digest(),
        }),
        Err(what) => Err(Broken { seed, act: run.acts, what, last: run.world.log.last() }),
    }
}

impl Run {
    /// One life of the gateway after another; how many payments were made.
    fn live(&mut self) -> Result<usize, String> {
        let mut place = self.directory.join("0");
        std::fs::create_dir(&place).map_err(|error| error.to_string())?;
        loop {
            let runtime = runtime()?;
            let end = runtime.block_on(self.one_life(&place))?;
            self.lives += 1;
            let next = self.directory.join(self.lives.to_string());
            if let End::Died { cut } = end {
                bury(&place, &next, cut)?;
            }
            drop(runtime);
            *self.world.post.letters() = crate::post::Letters::default();
            self.world.payments.hang_up();
            std::fs::remove_dir_all(&place).map_err(|error| error.to_string())?;
            match end {
                End::Died { .. } => place = next,
                End::Over => return self.world.payments.paid(&self.world.chain).map(|it| it.len()),
            }
        }
    }

    async fn one_life(&mut self, place: &Path) -> Result<End, String> {
        let who = (self.world.holder.wallet, self.token.clone());
        let mut life = Life::begin(place, (self.world.now, self.lives), &self.world.post, who)?;
        loop {
            self.acts += 1;
            if self.acts == self.asked {
                self.world.log.note("the world is good from now on".to_owned());
                self.world.mood = Nodes::Good;
            }
            if self.acts > self.asked.saturating_add(LAST_ACTS) {
                return Err(format!("after {LAST_ACTS} acts in a good world it is not over"));
            }
            let next = self.world.act(&life)?;
            if let Some(end) = self.steps(next, place).await? {
                return Ok(end);
            }
            if let Err(why) = life.look().await {
                self.world.log.note("the gateway does not start".to_owned());
                if self.world.mood == Nodes::Good {
                    return Err(why);
                }
                return Ok(End::Died { cut: None });
            }
            if let Some(running) = &life.running {
                self.token.get_or_insert_with(|| running.token.clone());
                if self.acts.is_multiple_of(BETWEEN_LOOKS) && self.look(running).await? {
                    return Ok(End::Over);
                }
            }
        }
    }

    /// The gateway goes on, a step a time.
    async fn steps(&mut self, next: Next, place: &Path) -> Result<Option<End>, String> {
        match next {
            Next::GoOn => {
                for _step in 0..=self.world.dice.below(STEPS) {
                    yield_now().await;
                }
                Ok(None)
            }
            Next::Full(steps) => {
                let room = log_length(place) + self.world.dice.below(5000);
                for _step in 0..steps {
                    let room = Room::of(room)?;
                    yield_now().await;
                    room.lift()?;
                }
                Ok(None)
            }
            Next::Dies(death, steps) => {
                for _step in 0..steps {
                    yield_now().await;
                }
                let before = log_length(place);
                yield_now().await;
                let after = log_length(place);
                let torn = death == Death::PowerLost && after > before;
                let cut = torn.then(|| before + self.world.dice.below(after - before + 1));
                self.world.log.note(format!("{death:?}; cut: {}", cut.is_some()));
                Ok(Some(End::Died { cut }))
            }
        }
    }

    /// Looks into the gateway's books; whether everything is over.
    async fn look(&mut self, running: &Running) -> Result<bool, String> {
        self.world.payments.paid(&self.world.chain)?;
        let orders = &self.world.payments.orders;
        let accepted: Vec<TransactionId> = orders.iter().filter_map(|it| it.accepted).collect();
        if accepted.len() < orders.len() {
            return Ok(false);
        }
        let network = builtin_by_name("ethereum-sepolia").ok_or("no such network")?.chain_id;
        let of = (self.world.holder.wallet, network, Asset::Native);
        let read = running.app.store.read(move |db| {
            let mut found = Vec::new();
            for id in accepted {
                found.extend(db.transaction(id)?);
            }
            let spent = db.spent(of, UnixSeconds::new(i64::MIN), None)?;
            Ok::<(Vec<Transaction>, Amount), StoreError>((found, spent))
        });
        let (found, spent) = read.await.map_err(|error| error.to_string())?;
        self.world.payments.weigh(&found, spent)?;
        let open = found.iter().filter(|transaction| !transaction.status.is_final()).count();
        self.world.log.note(format!("{open} of {} are under way, {spent} wei spent", found.len()));
        if self.world.mood == Nodes::Bad || open > 0 {
            return Ok(false);
        }
        self.world.payments.settle(&found, &self.world.chain)?;
        Ok(true)
    }
}
