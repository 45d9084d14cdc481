//! Settings: the file, the environment names, and their defaults.
