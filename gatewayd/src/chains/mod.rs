//! What is asked of the chains: balances, drafts of transactions, simulation, broadcast, outcomes.
