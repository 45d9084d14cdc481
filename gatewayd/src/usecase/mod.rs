//! What the gateway does, a file each; nothing here knows HTTP or SQL.
