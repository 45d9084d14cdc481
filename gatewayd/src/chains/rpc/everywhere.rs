//! Every endpoint that works, at once: of what is sent, one that keeps it to itself stops nothing, and one that
//! refuses it decides nothing while another takes it; of what is asked, none makes the answer less.

use std::panic::resume_unwind;

use tokio::task::{JoinError, JoinSet};

use super::Rpc;
use crate::chains::ChainError;

impl Rpc {
    /// Has `send` try each endpoint that works, all at once. The first one that takes it is enough, and
    /// the others get it all the same. Of what they say that refuse it, the heaviest counts.
    ///
    /// # Errors
    /// When none takes it.
    pub(in crate::chains) async fn everywhere<W: Ord, F>(
        &self,
        send: impl Fn(Self) -> F,
        weight: impl Fn(&ChainError) -> W,
    ) -> Result<(), ChainError>
    where
        F: Future<Output = Result<(), ChainError>> + Send + 'static,
    {
        let mut questions = JoinSet::new();
        for alone in self.working_one_by_one() {
            questions.spawn(send(alone));
        }
        let mut refused = NO_ENDPOINT;
        let mut heaviest = None;
        while let Some(answer) = questions.join_next().await {
            match answer.map_err(JoinError::try_into_panic) {
                Ok(Ok(())) => {
                    questions.detach_all();
                    return Ok(());
                }
                Ok(Err(error)) => {
                    let weight = Some(weight(&error));
                    if weight > heaviest {
                        (refused, heaviest) = (error, weight);
                    }
                }
                Err(Ok(panic)) => resume_unwind(panic),
                Err(Err(_ends)) => {}
            }
        }
        Err(refused)
    }

    /// The greatest of what the endpoints that work say.
    ///
    /// # Errors
    /// When none of them answers.
    pub(in crate::chains) async fn greatest<T: Ord + Send + 'static, F>(
        &self,
        ask: impl Fn(Self) -> F,
    ) -> Result<T, ChainError>
    where
        F: Future<Output = Result<T, ChainError>> + Send + 'static,
    {
        let mut questions = JoinSet::new();
        for alone in self.working_one_by_one() {
            questions.spawn(ask(alone));
        }
        let answers = questions.join_all().await.into_iter();
        let greatest = answers.reduce(|one, other| match (one, other) {
            (Ok(one), Ok(other)) => Ok(one.max(other)),
            (Ok(answer), Err(_)) | (Err(_), Ok(answer)) => Ok(answer),
            (Err(trouble), Err(_)) => Err(trouble),
        });
        greatest.unwrap_or(Err(NO_ENDPOINT))
    }
}

const NO_ENDPOINT: ChainError = ChainError::Invalid("no endpoint is known");
