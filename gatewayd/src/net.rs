//! The one place that makes HTTP clients.
