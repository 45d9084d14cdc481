//! HTTP: who asks, what the body says, which answer. Nothing else knows status codes.
