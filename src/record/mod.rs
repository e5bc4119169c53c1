//! Records: one file for each kind of thing that carries a reply.
//!
//! A record is what one line, event or mail says about one recipient: the reply, and what else it knows. Reading is
//! all that happens here; what the reply means is the classifier's business.

mod courier;
mod csv;
mod dialogue;
mod events;
mod exim;
mod halon;
mod haraka;
mod ironport;
mod json;
mod kerio;
mod line;
mod maddy;
pub mod mail;
mod mailerq;
mod mailq;
mod momentum;
mod opensmtpd;
mod postfix;
mod qmail;
pub mod reader;
mod reply;
mod sendmail;
mod stalwart;
#[cfg(test)]
mod testing;
mod values;
mod windows;

use std::borrow::Cow;

use line::Line;

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

/// A bare reply as a record.
impl<'a> From<&'a str> for Record<'a> {
    fn from(reply: &'a str) -> Self {
        Self {
            format: reply::ID,
            reply: Cow::Borrowed(reply),
            ..Self::default()
        }
    }
}

/// The same record, its texts borrowed.
impl<'a> From<&'a Record<'_>> for Record<'a> {
    fn from(record: &'a Record<'_>) -> Self {
        let text = |text: &'a Option<Cow<'_, str>>| text.as_deref().map(Cow::Borrowed);
        Self {
            reply: Cow::Borrowed(&record.reply),
            recipient: text(&record.recipient),
            sender: text(&record.sender),
            queue_id: text(&record.queue_id),
            remote_host: text(&record.remote_host),
            remote_ip: text(&record.remote_ip),
            time: text(&record.time),
            platform_class: text(&record.platform_class),
            ..*record
        }
    }
}

impl Record<'_> {
    /// The same record with texts of its own, for one whose line does not last.
    #[must_use]
    pub fn into_owned<'b>(self) -> Record<'b> {
        let own = |text: Option<Cow<'_, str>>| text.map(|text| Cow::Owned(text.into_owned()));
        Record {
            format: self.format,
            line: self.line,
            reply: Cow::Owned(self.reply.into_owned()),
            recipient: own(self.recipient),
            sender: own(self.sender),
            queue_id: own(self.queue_id),
            remote_host: own(self.remote_host),
            remote_ip: own(self.remote_ip),
            time: own(self.time),
            phase: self.phase,
            dsn: self.dsn,
            outcome: self.outcome,
            own_server: self.own_server,
            platform_class: own(self.platform_class),
        }
    }
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

/// A kind of record that stands on a line, as `--from` and `--list formats` name it.
pub struct Format {
    /// What `--from` takes and the verdict's `format` says.
    pub id: &'static str,
    /// The name for people.
    pub name: &'static str,
    /// A line of this kind.
    pub example: &'static str,
    /// Other names that its records carry: a kind may hold the dialects of several platforms.
    pub also: &'static [&'static str],
    /// Reads a line: cheap when it is not of this kind.
    read: for<'a, 'g> fn(&Line<'a>, &mut State, Give<'g, 'a>) -> Seen,
}

/// The kinds of lines, in the order in which they are tried: the most telling mark first, free text last.
pub static FORMATS: &[Format] = &[
    Format {
        id: "postfix",
        name: "Postfix log",
        example: "Jun  1 10:00:00 mail postfix/smtp[4711]: 4Zx1Yq2Lz7z: to=<bob@example.com>, relay=mx.example.com[192.0.2.1]:25, delay=1.2, delays=0.1/0/0.6/0.5, dsn=5.1.1, status=bounced (host mx.example.com[192.0.2.1] said: 550 5.1.1 <bob@example.com>: User unknown (in reply to RCPT TO command))",
        also: &[],
        read: postfix::read,
    },
    Format {
        id: "exim",
        name: "Exim main log",
        example: "2026-06-01 10:00:00 1abCDe-0000001AbCd-3C4D ** bob@example.com R=dnslookup T=remote_smtp H=mx.example.com [192.0.2.1]: SMTP error from remote mail server after RCPT TO:<bob@example.com>: 550 5.1.1 User unknown",
        also: &[],
        read: exim::read,
    },
    Format {
        id: "sendmail",
        name: "Sendmail log",
        example: "Jun  1 10:00:00 mail sm-mta[4711]: 651A0bQx004711: to=<bob@example.com>, delay=00:01:02, xdelay=00:00:01, mailer=esmtp, pri=120000, relay=mx.example.com. [192.0.2.1], dsn=4.2.0, stat=Deferred: 451 4.2.0 Greylisted",
        also: &[],
        read: sendmail::read,
    },
    Format {
        id: "qmail",
        name: "qmail and notqmail log",
        example: "@400000006683f0a1075bca94 delivery 12: failure: 192.0.2.1_does_not_like_recipient./Remote_host_said:_550_5.1.1_User_unknown/Giving_up_on_192.0.2.1./",
        also: &[],
        read: qmail::read,
    },
    Format {
        id: "opensmtpd",
        name: "OpenSMTPD log",
        example: "Jun  1 10:00:00 mail smtpd[4711]: 2e5a7d1c mta delivery evpid=0123456789abcdef from=<a@example.org> to=<bob@example.com> rcpt=<-> source=\"192.0.2.9\" relay=\"192.0.2.1 (mx.example.com)\" delay=2s result=\"PermFail\" stat=\"550 5.1.1 User unknown\"",
        also: &[],
        read: opensmtpd::read,
    },
    Format {
        id: "haraka",
        name: "Haraka outbound log",
        example: "[notice] [1B2C3D4E-0000-1111-2222-333344445555.1.1] [outbound] recipient <bob@example.com> rejected: 550 5.1.1 User unknown",
        also: &[],
        read: haraka::read,
    },
    Format {
        id: "stalwart",
        name: "Stalwart log",
        example: "2026-06-01T10:00:00Z INFO SMTP RCPT TO rejected (delivery.rcpt-to-rejected) to = \"bob@example.com\", hostname = \"mx.example.com\", code = 550, details = \"5.1.1 User unknown\"",
        also: &[],
        read: stalwart::read,
    },
    Format {
        id: "courier",
        name: "Courier log",
        example: "Jun  1 10:00:00 mail courieresmtp: id=00A1.00B2,from=<a@example.org>,addr=<bob@example.com>: 550 5.1.1 User unknown",
        also: &[],
        read: courier::read,
    },
    Format {
        id: "halon",
        name: "Halon text log and delivery results in JSON",
        example: "Jun  1 10:00:00 mail smtpd[4711]: [1b2c3d4e-0000-11ee-2222-333344445555] delivery to mx.example.com failed: 550 5.1.1 User unknown",
        also: &[],
        read: halon::read,
    },
    Format {
        id: "momentum",
        name: "Momentum main log and bounce log",
        example: "1780300000@0A/4B-07698-839E3C94@0B/4B-07698-839E3C94@00/00-00000-00000000@P@example.com@550 5.1.1 User unknown",
        also: &[],
        read: momentum::read,
    },
    Format {
        id: "windows",
        name: "Protocol logs of hMailServer, MDaemon, MailEnable and the SMTP service of IIS",
        example: "\"SMTPC\"\t4711\t12\t\"2026-06-01 10:00:00.123\"\t\"192.0.2.1\"\t\"RECEIVED: 550 5.1.1 User unknown\"",
        also: &["hmailserver", "mdaemon", "mailenable", "iis"],
        read: windows::read,
    },
    Format {
        id: "ironport",
        name: "Mail log of Cisco Secure Email (IronPort)",
        example: "Mon Jun  1 10:00:00 2026 Info: Bounced: DCID 8413 MID 19373 to RID 0 - 5.1.0 - Unknown address error ('550', ['5.1.1 User unknown']) []",
        also: &[],
        read: ironport::read,
    },
    Format {
        id: "kerio",
        name: "Kerio Connect mail log",
        example: "[01/Jun/2026 10:00:00] Sent: Queue-ID: 6a1d0f20-00000001, Recipient: <bob@example.com>, Result: failed, Status: 5.1.1 550 5.1.1 User unknown, Remote-Host: mx.example.com, Msg-Id: <1@example.org>",
        also: &[],
        read: kerio::read,
    },
    Format {
        id: "maddy",
        name: "Maddy log",
        example: r#"queue: delivery attempt failed	{"msg_id":"0a1b2c3d-1","rcpt":"bob@example.com","smtp_code":550,"smtp_enchcode":"5.1.1","smtp_msg":"mx.example.com. said: User unknown"}"#,
        also: &[],
        read: maddy::read,
    },
    Format {
        id: "mailq",
        name: "mailq of Postfix and Sendmail",
        example: "4Zx1Yq2Lz7z     1234 Mon Jun  1 10:00:00  a@example.org",
        also: &[],
        read: mailq::read,
    },
    Format {
        id: "csv",
        name: "PowerMTA accounting, Exchange message tracking, platforms' CSV exports",
        example: "type,timeLogged,orig,rcpt,dsnStatus,dsnDiag,bounceCat",
        also: &["powermta", "exchange"],
        read: csv::read,
    },
    Format {
        id: "json",
        name: "JSON: events of sending platforms, KumoMTA, MailerQ, postqueue -j, journald and Docker",
        example: r#"{"event":"bounce","email":"bob@example.com","reason":"550 5.1.1 User unknown","status":"5.1.1","sg_event_id":"1"}"#,
        also: &[
            "ses",
            "sendgrid",
            "mailgun",
            "postmark",
            "sparkpost",
            "mailjet",
            "brevo",
            "mandrill",
            "resend",
            "mailersend",
            "mailtrap",
            "postal",
            "kumomta",
            "mailerq",
            "postqueue",
        ],
        read: json::read,
    },
    Format {
        id: "reply",
        name: "Bare SMTP reply or error text",
        example: "550 5.1.1 <bob@example.com>: Recipient address rejected: User unknown",
        also: &["text"],
        read: reply::read,
    },
];

/// What an input has told so far that later lines need. Its memory is bounded, whatever the input.
#[derive(Default)]
pub struct State {
    /// The number of the line that is read next. Only a record that began on an earlier line needs it: such a record
    /// comes with its `line` set, every other one with 0.
    pub line: u64,
    /// The place in [`FORMATS`] of the kind seen last: most inputs are of one kind.
    last: usize,
    /// The columns that the last CSV header named.
    columns: Option<csv::Columns>,
    /// The mail of the queue listing that is being read.
    queue: Option<mailq::Entry>,
    /// The deliveries of qmail that wait for their result.
    qmail: qmail::Deliveries,
    /// The commands of logged dialogues that wait for their reply.
    asked: dialogue::Asked,
    /// The recipients of IronPort's messages that wait for their result.
    ironport: ironport::Recipients,
    /// The first lines of a reply of several lines.
    pending: Option<reply::Pending>,
    /// The first lines of a JSON value of several lines.
    json: Option<json::Open>,
    /// A person spoke to a server on an earlier line, and no log was read since.
    dialogue: bool,
}

impl State {
    /// The state of an input that begins with the kind of line that this one saw last.
    #[must_use]
    pub fn afresh(&self) -> Self {
        Self {
            last: self.last,
            ..Self::default()
        }
    }

    /// Whether a reader that begins afresh at `line` with `other` goes on exactly as one with this state: nothing is
    /// carried over but the kind of line seen last.
    #[must_use]
    pub fn goes_on_like(&self, other: &Self) -> bool {
        self.last == other.last
            && self.columns.is_none()
            && self.queue.is_none()
            && self.qmail.is_empty()
            && self.ironport.is_empty()
            && self.asked.is_empty()
            && self.pending.is_none()
            && self.json.is_none()
            && !self.dialogue
    }
}

/// Reads one line, without its line end, of a kind not known before.
///
/// A line that begins a reply of several lines (`550-...`) is answered with [`Seen::Records`], and its record is given
/// when the next line or [`finish`] shows where the reply ends.
pub fn read_line<'a>(line: &'a str, state: &mut State, give: Give<'_, 'a>) -> Seen {
    if state.pending.is_some() && reply::goes_on(line, state, give) {
        return Seen::Records;
    }
    finish(state, give);
    if let Some(seen) = json::goes_on(line, state, give) {
        return seen;
    }
    read_cut(&Line::cut(line), state, give)
}

/// Tries the kinds one after the other, the one seen last first.
fn read_cut<'a>(line: &Line<'a>, state: &mut State, give: Give<'_, 'a>) -> Seen {
    if line.whole.is_empty() {
        return Seen::Noise;
    }
    // What stands in JSON may look like a line of anything else, so JSON goes first.
    if line.whole.starts_with(['{', '[']) {
        let seen = json::read(line, state, give);
        if seen != Seen::NotMine {
            return seen;
        }
    }
    // A line that begins with a reply code is a reply, unless columns or Postfix' tail say otherwise.
    if state.columns.is_none()
        && line::code(line.whole).is_some()
        && !line::has(line.whole, "(in reply to ")
    {
        return reply::read(line, state, give);
    }
    let last = state.last;
    if let Some(format) = FORMATS.get(last) {
        let seen = (format.read)(line, state, give);
        if seen != Seen::NotMine {
            state.dialogue = false;
            return seen;
        }
    }
    for (place, format) in FORMATS.iter().enumerate() {
        if place == last {
            continue;
        }
        let seen = (format.read)(line, state, give);
        if seen != Seen::NotMine {
            // Free text claims nearly everything, so it must never come first.
            if format.id != reply::ID {
                state.last = place;
                state.dialogue = false;
            }
            return seen;
        }
    }
    Seen::NotMine
}

/// The kind that has this id or holds the dialect of this name.
#[must_use]
pub fn format(id: &str) -> Option<&'static Format> {
    FORMATS
        .iter()
        .find(|format| format.id == id || format.also.contains(&id))
}

/// Reads one line as this kind and no other (`--from`).
pub fn read_line_as<'a>(
    format: &Format,
    line: &'a str,
    state: &mut State,
    give: Give<'_, 'a>,
) -> Seen {
    if reply::goes_on(line, state, give) {
        return Seen::Records;
    }
    finish(state, give);
    let line = Line::cut(line);
    if line.whole.is_empty() {
        return Seen::Noise;
    }
    let seen = (format.read)(&line, state, give);
    if seen != Seen::NotMine || !line.whole.starts_with(['{', '[']) {
        return seen;
    }
    // A log of this kind may come in JSON, its own or a collector's.
    let mut seen = Seen::NotMine;
    let noted = json::read(&line, state, &mut |record| {
        if record.format == format.id || format.also.contains(&record.format) {
            seen = Seen::Records;
            give(record);
        }
    });
    if noted == Seen::Noise { noted } else { seen }
}

/// What a program wrote into a line of a log, without stamp, host and program.
#[must_use]
pub fn message(line: &str) -> &str {
    Line::cut(line).message
}

/// Gives what still waits for a next line; to be called at the end of an input, and when a live one pauses.
pub fn finish<'a>(state: &mut State, give: Give<'_, 'a>) {
    if let Some(pending) = state.pending.take() {
        give(pending.into_record());
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::testing::all;
    use super::*;

    /// These examples are the line that a file begins with; what follows it has the records.
    const HEADERS: &[&str] = &["csv", "mailq"];

    #[test]
    fn every_format_reads_its_own_example() {
        for kind in FORMATS {
            let mut records = Vec::new();
            let mut give = |record: Record<'static>| records.push(record);
            let seen = read_line_as(kind, kind.example, &mut State::default(), &mut give);
            if HEADERS.contains(&kind.id) {
                assert_eq!(seen, Seen::Noise, "{}", kind.id);
                continue;
            }
            assert_eq!(seen, Seen::Records, "{}", kind.id);
            let own = |record: &Record<'_>| {
                record.format == kind.id || kind.also.contains(&record.format)
            };
            assert!(records.iter().all(own), "{}: {records:?}", kind.id);
            // Found without being told, too.
            let found = all(kind.example);
            assert_eq!(found.len(), 1, "{}", kind.id);
            assert!(found.iter().all(own), "{}: {found:?}", kind.id);
            assert!(
                found[0].reply.contains('5') || found[0].reply.contains('4'),
                "{}",
                kind.id
            );
        }
    }

    #[test]
    fn a_kind_is_read_from_its_json_and_no_other_is() {
        let ses = r#"{"notificationType":"Bounce","mail":{},"bounce":{"bouncedRecipients":[{"emailAddress":"bob@example.com","diagnosticCode":"550 5.1.1 no"}]}}"#;
        let halon = r#"{"recipient":"bob@example.com","result":{"code":550,"reason":"5.1.1 no"}}"#;
        let journal = serde_json::json!({"MESSAGE": FORMATS[0].example}).to_string();
        let count = |id, line: &str| {
            let mut count = 0;
            read_line_as(
                format(id).unwrap(),
                line,
                &mut State::default(),
                &mut |_| {
                    count += 1;
                },
            );
            count
        };
        assert_eq!(count("halon", halon), 1);
        assert_eq!(count("postfix", &journal), 1);
        for line in [ses, halon] {
            assert_eq!(count("postfix", line), 0);
        }
        assert_eq!(count("ses", ses), 1);
    }

    #[test]
    fn formats_may_be_mixed_in_one_stream() {
        let stream: Vec<&str> = FORMATS
            .iter()
            .filter(|kind| !HEADERS.contains(&kind.id))
            .map(|kind| kind.example)
            .collect();
        let stream = [stream.clone(), stream.iter().rev().copied().collect()].concat();
        assert_eq!(all(&stream.join("\n")).len(), stream.len());
    }

    #[test]
    fn ids_and_dialects_are_unique_and_found() {
        let mut names: Vec<&str> = FORMATS
            .iter()
            .flat_map(|kind| std::iter::once(kind.id).chain(kind.also.iter().copied()))
            .collect();
        for name in &names {
            assert!(format(name).is_some(), "{name}");
        }
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
        assert!(format("nonsense").is_none());
    }

    #[test]
    fn line_ends_and_marks_of_windows_do_not_matter() {
        let records = all("\u{feff}550 5.1.1 a\r\n550-5.7.1 b\r\n550 5.7.1 c\r\n");
        let replies: Vec<_> = records.iter().map(|record| record.reply.as_ref()).collect();
        assert_eq!(replies, ["550 5.1.1 a", "550-5.7.1 b 550 5.7.1 c"]);
    }

    #[test]
    fn an_endless_reply_does_not_fill_the_memory() {
        let mut state = State::default();
        for _ in 0..100_000 {
            read_line("550-5.1.1 and so on and so on", &mut state, &mut |_| {});
        }
        let mut length = 0;
        finish(&mut state, &mut |record| length = record.reply.len());
        assert!(length > 0 && length < 64 * 1024, "{length}");
    }
}
