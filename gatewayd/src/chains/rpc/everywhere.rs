//! Something is sent to every endpoint that works: one that keeps it to itself stops no payment, and one
//! that refuses it decides nothing while another takes it.

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
        let mut refused = ChainError::Invalid("no endpoint is known");
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
}
