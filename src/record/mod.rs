//! Records: one file for each kind of thing that carries a reply.
//!
//! A record is what one line, event or mail says about one recipient: the reply, and what else it knows. Reading is
//! all that happens here; what the reply means is the classifier's business.

use std::borrow::Cow;

use crate::reply::Enhanced;
use crate::vocabulary::Phase;

/// What a record says about one recipient.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record<'a> {
    /// The kind of record it was read from, as `--list formats` names it.
    pub format: &'static str,
    /// 1-based line (or record) number in its input; 0 for an argument.
    pub line: u64,
    /// The server's reply, or the mail system's own words, on one line.
    pub reply: Cow<'a, str>,
    /// The envelope recipient.
    pub recipient: Option<Cow<'a, str>>,
    /// The envelope sender.
    pub sender: Option<Cow<'a, str>>,
    /// The queue id of the mail system that wrote the record.
    pub queue_id: Option<Cow<'a, str>>,
    /// The name of the host that spoke.
    pub remote_host: Option<Cow<'a, str>>,
    /// The IP address of the host that spoke.
    pub remote_ip: Option<Cow<'a, str>>,
    /// The time stamp as the record has it.
    pub time: Option<Cow<'a, str>>,
    /// The step of the dialogue that was refused.
    pub phase: Option<Phase>,
    /// The enhanced status code that the record itself gives (Postfix `dsn=`, RFC 3464 `Status`).
    pub dsn: Option<Enhanced>,
    /// What the writing mail system did with the mail.
    pub outcome: Option<Outcome>,
    /// The refusal was spoken by the user's own server to somebody else (a `reject:` line of smtpd).
    pub own_server: bool,
    /// The class that a sending platform gave (PowerMTA `bounceCat`, SES `bounceType`): evidence, never the verdict.
    pub platform_class: Option<Cow<'a, str>>,
}

/// What the mail system that wrote a record did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Delivered, or handed on.
    Sent,
    /// Kept in the queue for another try.
    Deferred,
    /// Returned to the sender.
    Bounced,
    /// Given up after too long in the queue.
    Expired,
}

/// What a format made of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// Not a line of this format.
    NotMine,
    /// A line of this format that holds no reply (queue manager, connect, clean-up).
    Noise,
    /// One or more records were given.
    Records,
}

/// Takes the records of a line or mail, one for each recipient.
pub type Give<'g, 'a> = &'g mut dyn FnMut(Record<'a>);
