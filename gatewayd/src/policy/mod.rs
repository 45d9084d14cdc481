//! Policies: a pure function of what the bytes do and of the facts.
