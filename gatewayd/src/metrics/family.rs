//! Every family of numbers, one line each: its name, its kind, its labels, and what it says.

/// Numbers that differ in their labels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Family {
    /// As Prometheus names it.
    pub name: &'static str,
    /// Whether it only grows, and how it is written.
    pub kind: Kind,
    /// Names of what tells its numbers apart.
    pub labels: &'static [&'static str],
    /// What it says, without quotation marks, backslashes and line feeds.
    pub help: &'static str,
}

/// What kind of number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Grows, and begins again with the program.
    Counter,
    /// Is what it is now.
    Gauge,
    /// How many took how long.
    Histogram,
    /// How many there were, and how long they took together.
    Summary,
    /// Is always 1; what it says stands in its labels. `_info` follows its name.
    Info,
}

impl Kind {
    /// The word of the text format.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
            Self::Summary => "summary",
            Self::Info => "info",
        }
    }
}

/// Declares the families and [`FAMILIES`].
macro_rules! families {
    ($($constant:ident $name:literal $kind:ident [$($label:ident)*] $help:literal;)+) => {
        $(
            pub(super) const $constant: Family = Family {
                name: $name,
                kind: Kind::$kind,
                labels: &[$(stringify!($label)),*],
                help: $help,
            };
        )+

        /// Every family.
        pub static FAMILIES: &[Family] = &[$($constant),+];
    };
}

families! {
    BUILD "waiaas_build" Info [version] "The running program.";
    SCRAPE_OK "waiaas_scrape_ok" Gauge [part] "1 where a part could be looked at for this scrape: database, signer.";

    HTTP_REQUESTS "waiaas_http_requests_total" Counter [method route code] "Requests that were answered, by route and class of the status.";
    HTTP_DURATION "waiaas_http_request_duration_seconds" Histogram [method route] "How long requests took, waiting that the client asked for included.";

    ALLOWED "waiaas_transactions_allowed_total" Counter [tier] "Transactions and messages that were let pass or wait, by tier.";
    DENIED "waiaas_transactions_denied_total" Counter [rule] "Transactions and messages that were denied, by the rule that did.";
    QUEUE "waiaas_queue_transactions" Gauge [status] "Transactions that are not over, by status.";
    QUEUE_OLDEST "waiaas_queue_oldest_seconds" Gauge [status] "How long ago the oldest of them was asked for.";

    SIGNER_UP "waiaas_signer_up" Gauge [] "1 while the signer answers.";
    SIGNER_REQUESTS "waiaas_signer_requests_total" Counter [request outcome] "What the signer was asked, and whether it answered, refused, was locked, could not be reached, or gave no answer.";
    SIGNER_DURATION "waiaas_signer_request_duration_seconds" Histogram [request] "How long the signer took, waiting for a place on the connection included.";
    SIGNER_REFUSALS "waiaas_signer_refusals_total" Counter [code] "What the signer refused, by its word for it.";
    SIGNER_VAULT_OPEN "waiaas_signer_vault_open" Gauge [] "1 while the signer can use its keys.";
    SIGNER_WALLETS "waiaas_signer_wallets" Gauge [] "Wallets that the signer has keys of.";
    SIGNER_WALLETS_HALTED "waiaas_signer_wallets_halted" Gauge [] "Wallets that are suspended at the signer by themselves.";
    SIGNER_CLOCK_BEHIND "waiaas_signer_clock_behind_seconds" Gauge [] "How far the signer's time is behind the system's clock.";
    SIGNER_SUSPENDS_AT "waiaas_signer_suspends_at_seconds" Gauge [] "When the dead man's switch suspends signing, in Unix seconds; absent where none is set.";
    JOURNAL_RECORDS "waiaas_signer_journal_records" Gauge [] "Records of the signer's journal, which is the number of the last.";
    JOURNAL_DAMAGED "waiaas_signer_journal_damaged" Gauge [] "1 where the signer's journal did not verify or could not be written.";
    WITNESS_CURRENT "waiaas_signer_witness_current" Gauge [number] "1 where a witness of the journal has what the journal has.";

    LATCH "waiaas_kill_switch_state" Gauge [of state] "1 for the state that the kill switch is in, of the gateway and of the signer.";
    AUTOSTOP_RULES "waiaas_autostop_rules_enabled" Gauge [] "Rules that suspend a wallet without anybody asking, and are enabled.";
    WALLETS "waiaas_wallets" Gauge [status] "Wallets of the gateway, by status.";
    SESSIONS_ACTIVE "waiaas_sessions_active" Gauge [] "Sessions that are neither revoked nor over.";
    SESSION_REQUESTS "waiaas_session_requests_waiting" Gauge [] "Requests for a session that nobody has decided about.";

    SPEND "waiaas_spend_usd_micros" Gauge [wallet rule window network] "What a wallet spent in the window of a cap, in millionths of a dollar; absent where something had no price.";
    SPEND_LIMIT "waiaas_spend_limit_usd_micros" Gauge [wallet rule window network] "The cap, in millionths of a dollar.";
    SPEND_LEFT_OUT "waiaas_spend_wallets_left_out" Gauge [] "Wallets whose caps are not shown, because there are too many.";

    RPC_UP "waiaas_rpc_endpoint_up" Gauge [network host number] "1 where an RPC endpoint can be asked: it does not rest after a failure, and serves no other chain.";
    RPC_BEHIND "waiaas_rpc_endpoint_behind" Gauge [network host number] "1 where others know blocks that it does not know.";
    RPC_REST "waiaas_rpc_endpoint_rest_seconds" Gauge [network host number] "How long it is put aside.";
    RPC_FAILURES_IN_A_ROW "waiaas_rpc_endpoint_failures_in_a_row" Gauge [network host number] "Questions without an answer since its last answer.";
    RPC_ANSWERS "waiaas_rpc_answer_seconds" Summary [network host number] "Questions that it answered, and how long it took for them.";
    RPC_FAILURES "waiaas_rpc_failures_total" Counter [network host number] "Questions that it did not answer.";
    RPC_CONTRADICTIONS "waiaas_rpc_contradictions_total" Counter [network host number] "How often it said something else than others.";
    RPC_HEIGHT "waiaas_rpc_endpoint_height" Gauge [network host number] "Its newest block or slot, where it was asked.";

    AUDIT_EVENTS "waiaas_audit_events_total" Counter [event severity] "Entries of the audit trail since the start, by event.";
    AUDIT_LAST "waiaas_audit_last_id" Gauge [] "The number of the audit trail's last entry.";
    AUDIT_TIED "waiaas_audit_journal_records_seen" Gauge [] "Records that the signer's journal had when the trail was tied to it last.";
    AUDIT_REPLACED "waiaas_audit_journal_replacements" Gauge [] "How often the trail found another journal than the one before.";

    DATABASE_BYTES "waiaas_database_bytes" Gauge [] "The database's file.";
    DATABASE_FREE_BYTES "waiaas_database_free_bytes" Gauge [] "What of it is free to be used again.";
    DATABASE_LOG_BYTES "waiaas_database_log_bytes" Gauge [] "The file of what was written and is not in the database's file yet.";
    DATABASE_WAITING "waiaas_database_writes_waiting" Gauge [] "Writes that wait for the one thread that writes.";
    DISK_FREE_BYTES "waiaas_disk_free_bytes" Gauge [] "Room for the gateway on the disk of its database.";

    PROCESS_CPU "process_cpu_seconds_total" Counter [] "Time of processors that the gateway used.";
    PROCESS_RESIDENT "process_resident_memory_bytes" Gauge [] "Memory of the gateway that is in RAM.";
    PROCESS_VIRTUAL "process_virtual_memory_bytes" Gauge [] "Addresses of memory that the gateway has.";
    PROCESS_THREADS "process_threads" Gauge [] "Threads of the gateway.";
    PROCESS_FDS "process_open_fds" Gauge [] "Open files and connections of the gateway; absent before Linux 6.2, which does not tell.";
    PROCESS_MAX_FDS "process_max_fds" Gauge [] "The most that it may have.";
    PROCESS_START "process_start_time_seconds" Gauge [] "When the gateway was started, in Unix seconds.";
}
