//! Sessions' tokens and the master password.
