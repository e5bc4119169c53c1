//! Every flag and its help. Imports clap and nothing else of the program, so that the test that renders the man page and the
//! completions can read this very file.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Parser, ValueEnum, ValueHint};

/// Tell why mail was refused, how urgent it is and what to do next.
///
/// Reads SMTP replies, mail logs and bounce mails from arguments, files or standard input.
#[derive(Debug, Parser)]
#[command(name = "whybounce", version, after_help = AFTER_HELP, max_term_width = 100)]
pub struct Cli {
    /// The server's reply, whole or a code alone; words are joined [default: standard input]
    #[arg(value_name = "REPLY")]
    pub reply: Vec<OsString>,

    /// Read these files, packed by gzip or zstd or not; '-' is standard input
    #[arg(short, long, value_name = "FILE", num_args = 1.., value_hint = ValueHint::FilePath, conflicts_with = "reply")]
    pub file: Vec<PathBuf>,

    /// Read every record as this kind, instead of recognising each by itself (see --list formats)
    #[arg(long, value_name = "FORMAT")]
    pub from: Option<String>,

    /// Give each verdict in full, not on one line
    #[arg(long)]
    pub details: bool,

    /// Write one JSON object a line; the same as --format json
    #[arg(long, conflicts_with = "format")]
    pub json: bool,

    /// Give one report on everything instead of a verdict each (text, json, html)
    ///
    /// What is refused, how urgently, whom it hits and what to do first; blocklists, times, addresses to take off the list
    /// and addresses only delayed. A later success for the same recipient or mail settles a temporary refusal. All counts of
    /// the JSON may be added to those of another report.
    #[arg(long, conflicts_with_all = ["fields", "details"])]
    pub summary: bool,

    /// How verdicts are written; html goes with --summary
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Form::Text)]
    pub format: Form,

    /// Write these keys only, in this order (json, csv, tsv)
    ///
    /// Keys: schema, line, file, format, reply, code, enhanced, family, types, cause, priority, summary, fix, owner, retry,
    /// suppress, provider, blocklist, recipient, sender, queue_id, remote_host, remote_ip, time, phase, confidence, evidence,
    /// claim, conflicts, references, own; and parts: retry.advice, retry.after_seconds, provider.id, provider.name,
    /// blocklist.id, blocklist.name, blocklist.listed, blocklist.lookup, blocklist.operating.
    #[arg(long, value_name = "KEYS", value_delimiter = ',')]
    pub fields: Vec<String>,

    /// End each value of --fields with a NUL byte, as xargs -0 reads it
    #[arg(short = '0', long, requires = "fields", conflicts_with_all = ["json", "format"])]
    pub null: bool,

    /// Give only verdicts with this value; commas mean or, a further --only means and
    ///
    /// Keys: family, type, cause, priority, owner, retry, suppress, provider, blocklist, confidence, claim, phase,
    /// format, code, enhanced, recipient, domain, sender, host. A code may have an x for any digit: code=5xx.
    #[arg(long, value_name = "KEY=VALUE,...")]
    pub only: Vec<String>,

    /// An IP, network or domain of your own: tell whether what is blamed is yours; may be given several times
    #[arg(long, value_name = "IP|NET|DOMAIN")]
    pub own: Vec<String>,

    /// Read rules of your own from this file; they win over the built-in ones; may be given several times
    ///
    /// $XDG_CONFIG_HOME/whybounce/rules.toml (or ~/.config/whybounce/rules.toml) is read, too, when it is there.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub rules: Vec<PathBuf>,

    /// Run the examples of the rules in this file, print what fails, and give no verdict
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with_all = ["reply", "file", "rules", "explain", "list", "json", "format", "fields", "only"])]
    pub check_rules: Option<PathBuf>,

    /// Do not read ~/.config/whybounce/rules.toml
    #[arg(long)]
    pub no_config: bool,

    /// Name nobody: mask the local part of every address, in every output
    ///
    /// Masks also what names one: percent-encoded and base64 addresses, VERP, digests in URLs. Domains, hosts, codes and
    /// queue ids stay.
    #[arg(long)]
    pub redact: bool,

    /// Let the exit status of a single record tell its verdict
    #[arg(long)]
    pub exit_status: bool,

    /// Print nothing; the exit status is the answer
    #[arg(short, long)]
    pub quiet: bool,

    /// Explain a cause, code, rule, provider or blocklist, and give no verdict
    #[arg(long, value_name = "CAUSE|CODE|RULE", conflicts_with_all = ["reply", "file", "list", "json", "format", "summary", "fields", "only"])]
    pub explain: Option<String>,

    /// List what is known, and give no verdict
    #[arg(long, value_enum, value_name = "WHAT", conflicts_with_all = ["reply", "file", "json", "format", "summary", "fields", "only"])]
    pub list: Option<Topic>,

    /// When to use colour
    ///
    /// auto is on a terminal, unless NO_COLOR is set or TERM is dumb.
    #[arg(long, value_enum, value_name = "WHEN", default_value_t = When::Auto)]
    pub color: When,
}

/// How verdicts are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Form {
    Text,
    Json,
    Csv,
    Tsv,
    Html,
    /// Values that end in NUL bytes: what --null means.
    #[value(skip)]
    Null,
}

/// What `--list` lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Topic {
    Causes,
    Codes,
    Providers,
    Blocklists,
    Formats,
    Rules,
}

/// When to use colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum When {
    Auto,
    Always,
    Never,
}

/// What stands behind the flags in the help, and in sections of its own in the man page.
pub const AFTER_HELP: &str = "\
Examples:
  whybounce \"550 5.1.1 <a@example.com>: Recipient address rejected: User unknown\"
  whybounce 550 5.7.26
  grep status= /var/log/mail.log | whybounce --only priority=critical,fix-soon
  tail -F /var/log/mail.log | whybounce --json
  whybounce --summary -f /var/log/mail.log

Exit status:
  0  at least one verdict was given
  1  nothing was recognised, nothing passed --only, or --check-rules found a failure or no rule
  2  trouble: bad arguments or rules, a file that cannot be read, output that cannot be written

With --exit-status and a single record, as in sysexits(3):
  0 accepted   75 temporary   67 no such recipient   68 no such domain   77 not permitted
  76 protocol error   65 the message itself   69 any other permanent refusal";
