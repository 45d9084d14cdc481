//! The networks that are known: the built-in ones and those of the settings.
