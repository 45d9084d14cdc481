//! The gateway: HTTP for agents, policies, queue, chains. Never sees a key.
