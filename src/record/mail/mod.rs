//! Whole mails: what kind of mail it is, and when it is a bounce, who was not reached and why.
//!
//! A bounce says it up to three times: in fields for machines (`report`, RFC 3464), in words for humans (`prose`),
//! and by the mail it returns. The fields name the recipient and what became of the mail; the reply is taken from
//! whichever of both says more.

mod hop;
mod mime;
mod prose;
mod report;
mod ses;
mod stream;
mod text;
mod words;

use memchr::memmem;

pub use self::stream::{begins, mbox_boundaries, mbox_mails};

use self::hop::Said;
use self::mime::{Kind, Opened};
use self::report::{Recipient, Report};
use self::text::{host_name, is_address, one_line, within};
use self::words::{ANSWERS, CHALLENGES, DELAYED, DELAYS, SUBJECTS, SYSTEMS, VACATIONS};
use super::{Outcome, Record};

/// Bounces inside bounces inside mails are opened up to this depth.
const DEEPEST: u8 = 4;

/// So many recipients of a returned mail are looked for by their local parts; each costs a look at every line.
const MOST_KNOWN: usize = 64;

/// What a mail turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mail {
    /// A report about a delivery, good or bad.
    Bounce,
    /// A vacation notice or another automatic answer (RFC 3834).
    AutoReply,
    /// A complaint (RFC 5965).
    Feedback,
    /// A read receipt (RFC 8098).
    ReadReceipt,
    /// Somebody's filter wants the sender to prove that he is human.
    ChallengeResponse,
    /// Anything else.
    NotABounce,
}

impl Mail {
    /// The word for it.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Bounce => "bounce",
            Self::AutoReply => "auto-reply",
            Self::Feedback => "feedback",
            Self::ReadReceipt => "read-receipt",
            Self::ChallengeResponse => "challenge-response",
            Self::NotABounce => "not-a-bounce",
        }
    }
}

/// Reads one whole mail and gives a record for each recipient that it reports on.
///
/// `format` is `dsn` for RFC 3464 reports, `bounce` for all others. Time and memory are in proportion to the mail's length.
pub fn read(mail: &[u8], give: &mut dyn FnMut(Record<'static>)) -> Mail {
    read_nested(mail, DEEPEST, give)
}

fn read_nested(mail: &[u8], depth: u8, give: &mut dyn FnMut(Record<'static>)) -> Mail {
    let mail = mime::normal(mail);
    let mail = mime::open(&mail);
    let sign = match sign(&mail) {
        Ok(sign) => sign,
        Err(kind) => return kind,
    };
    let text = words_for_humans(&mail);
    let notice = ses::read(&mail, &text);
    if let Some(ses::Notice::Complaint) = notice {
        return Mail::Feedback;
    }
    let (records, surely) = records(&mail, sign, text, notice);
    if !surely && depth > 0 {
        // A bounce that was forwarded, or wrapped by a gateway that has nothing to say itself.
        for part in mail.parts.iter().filter(|part| part.kind == Kind::Message) {
            if read_nested(&part.bytes(), depth - 1, give) == Mail::Bounce {
                return Mail::Bounce;
            }
        }
    }
    if records.is_empty() {
        return Mail::NotABounce;
    }
    for record in records {
        give(record);
    }
    Mail::Bounce
}

/// How much a mail looks like a bounce before its text is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Sign {
    /// Not at all.
    None,
    /// An empty return path: automatic at least.
    Weak,
    /// From a postmaster, who writes other mails, too.
    Fair,
    /// From the mail system, or with a subject that says so.
    Strong,
    /// It holds a report.
    Report,
}

/// Tells the bounces, and those that might be, from the mails that surely are something else.
fn sign(mail: &Opened<'_>) -> Result<Sign, Mail> {
    let has = |kind| mail.parts.iter().any(|part| part.kind == kind);
    if has(Kind::Status) {
        return Ok(Sign::Report);
    }
    if mail.report_type == "feedback-report" || has(Kind::Feedback) {
        return Err(Mail::Feedback);
    }
    let header = &mail.header;
    let subject = mime::words(header.get("subject").unwrap_or_default()).to_lowercase();
    let is_receipt = mail.report_type == "disposition-notification" || has(Kind::Disposition);
    // Dovecot's Sieve and LDA refuse a mail in the form of a receipt.
    if is_receipt
        && !["rejected:", "automatically rejected"]
            .iter()
            .any(|word| subject.starts_with(word))
    {
        return Err(Mail::ReadReceipt);
    }
    let from = header.get("from").unwrap_or_default().to_lowercase();
    let from_system = is_system(&from);
    let is_vacation = VACATIONS.iter().any(|word| subject.starts_with(word));
    let is_answer = is_vacation
        || header.has_beginning("x-autoreply")
        || header.has_beginning("x-autorespond")
        || header.has_beginning("x-auto-reply")
        || header.has_beginning("x-mail-autoreply")
        || header.has_beginning("x-vacation")
        || ["precedence", "x-precedence"].iter().any(|name| {
            header
                .get(name)
                .is_some_and(|value| value.to_lowercase().contains("auto_reply"))
        });
    if header.has_beginning("x-failed-recipients") || mail.report_type == "delivery-status" {
        return Ok(Sign::Strong);
    }
    if is_vacation || (is_answer && !from_system) {
        return Err(Mail::AutoReply);
    }
    let is_challenge = !from_system && CHALLENGES.iter().any(|word| subject.contains(word))
        || [
            "x-tmda",
            "x-boxbe",
            "x-spamarrest",
            "x-challenge",
            "x-ask-",
            "x-choicemail",
        ]
        .iter()
        .any(|name| header.has_beginning(name));
    if is_challenge {
        return Err(Mail::ChallengeResponse);
    }
    // Somebody who answers a bounce is none, nor is a mailing list that talks of one.
    let is_reply = !from_system && ANSWERS.iter().any(|word| subject.starts_with(word));
    let is_talk = is_reply
        || (!from_system
            && ["list-id", "list-unsubscribe"]
                .iter()
                .any(|name| header.get(name).is_some()));
    if !is_talk && SUBJECTS.iter().any(|word| subject.contains(word)) {
        return Ok(Sign::Strong);
    }
    if from_system {
        let person = ["postmaster", "administrator"]
            .iter()
            .any(|name| from.contains(name));
        return Ok(if person { Sign::Fair } else { Sign::Strong });
    }
    // RFC 3834: whatever else answers by itself says so here.
    if header
        .get("auto-submitted")
        .is_some_and(|value| value.to_lowercase().starts_with("auto-replied"))
    {
        return Err(Mail::AutoReply);
    }
    Ok(match header.get("return-path") {
        Some(path) if is_null(path) && is_reply => return Err(Mail::AutoReply),
        Some(path) if is_null(path) => Sign::Weak,
        _ => Sign::None,
    })
}

/// Whether this sender speaks for a mail system.
fn is_system(sender: &str) -> bool {
    let sender = sender.to_lowercase();
    SYSTEMS.iter().any(|name| sender.contains(name))
}

/// Whether this is the empty return path that bounces have (RFC 5321 section 4.5.5).
fn is_null(path: &str) -> bool {
    matches!(path.trim(), "" | "<>")
}

/// Finds the recipients and what was said about each; also tells whether the mail itself named them, or they are only
/// concluded from the mail that it returns.
fn records(
    mail: &Opened<'_>,
    sign: Sign,
    mut text: String,
    notice: Option<ses::Notice>,
) -> (Vec<Record<'static>>, bool) {
    let header = &mail.header;
    let mut report = Report::default();
    for part in mail.parts.iter().filter(|part| part.kind == Kind::Status) {
        let read = report::read(&part.text());
        report.recipients.extend(read.recipients);
        report.queue_id = report.queue_id.or(read.queue_id);
        report.sender = report.sender.or(read.sender);
    }
    if let Some(ses::Notice::Bounce(recipients)) = notice {
        report.recipients.extend(recipients);
    }
    if let Some(at) = inline_report(&text) {
        let fields = text.split_off(at);
        if report.recipients.is_empty() {
            report = report::read(&fields);
        }
    }
    let has_report = !report.recipients.is_empty();

    let original = mail
        .parts
        .iter()
        .find(|part| matches!(part.kind, Kind::Message | Kind::Headers))
        .map(mime::Part::bytes);
    let original = original.as_deref().map(mime::header);
    let bounced_to = header.get("to").and_then(first_address);
    let field_of_original = |name| {
        original
            .as_ref()
            .and_then(|fields| fields.get(name))
            .and_then(first_address)
    };
    let sender = report
        .sender
        .clone()
        .or_else(|| field_of_original("return-path"))
        .or_else(|| bounced_to.clone())
        .or_else(|| field_of_original("from"));

    let mut failed: Vec<String> = header
        .all("x-failed-recipients")
        .flat_map(|value| value.split(','))
        .filter_map(first_address)
        .take(report::MOST_RECIPIENTS)
        .collect();
    let reporter = header.get("from").and_then(first_address);
    let is_named = |address: &str| {
        failed
            .iter()
            .any(|failed| failed.eq_ignore_ascii_case(address))
            || report.recipients.len() == 1
                && report.recipients.iter().any(|recipient| {
                    [&recipient.last, &recipient.original]
                        .into_iter()
                        .flatten()
                        .any(|known| known.eq_ignore_ascii_case(address))
                })
    };
    let is_other = |address: &str| {
        let same = |other: &Option<String>| {
            other
                .as_ref()
                .is_some_and(|other| other.eq_ignore_ascii_case(address))
        };
        let local = address
            .split('@')
            .next()
            .unwrap_or_default()
            .to_ascii_lowercase();
        !is_named(address)
            && (same(&bounced_to)
                || same(&reporter)
                || same(&sender)
                || matches!(
                    &*local,
                    "postmaster" | "mailer-daemon" | "abuse" | "helpdesk"
                ))
    };
    let subject = mime::words(header.get("subject").unwrap_or_default()).into_owned();
    let in_subject = first_address(&subject).filter(|address| !is_other(address));
    let mut prose = prose::read(&text, &is_other, &[]);
    let is_nameless = prose.named.is_empty() && report.recipients.is_empty() && failed.is_empty();
    let returned_to_all: Vec<String> = original
        .iter()
        .flat_map(|fields| fields.all("to").chain(fields.all("cc")))
        .flat_map(|value| within(value, 8_000).split(','))
        .filter_map(first_address)
        .take(MOST_KNOWN)
        .collect();
    if is_nameless && returned_to_all.len() > 1 {
        // A bounce that writes local parts alone.
        prose = prose::read(&text, &is_other, &returned_to_all);
    }
    // What comes from a return path of its own may be spam that only looks like a bounce.
    let is_automatic = header
        .get("return-path")
        .is_none_or(|path| is_null(path) || is_system(path));
    if sign >= Sign::Strong
        && is_nameless
        && prose.named.is_empty()
        && is_automatic
        && in_subject.is_none()
    {
        // The sender himself is the recipient: a mail to his own, dead address.
        let again = prose::read(&text, &|_| false, &[]);
        if again.named.len() == 1 {
            prose = again;
        }
    }

    if prose.named.len().max(report.recipients.len()) < 2
        && prose.general.as_ref().is_none_or(|said| said.weight < 3)
        && words::weight(&subject) > 2
    {
        prose.general = Some(hop::sentence(&subject, 2));
    }
    let outcome = if is_success(&subject) {
        Outcome::Sent
    } else if is_delay(&subject, &text) {
        Outcome::Deferred
    } else {
        Outcome::Bounced
    };
    let frame = Record {
        format: if has_report { "dsn" } else { "bounce" },
        sender: sender.map(Into::into),
        queue_id: report.queue_id.take().map(Into::into),
        time: header.get("date").map(|date| one_line(date).into()),
        ..Record::default()
    };

    if has_report {
        let only = report.recipients.len() == 1;
        let returned = field_of_original("to");
        let records = report
            .recipients
            .iter()
            .enumerate()
            .map(|(at, told)| {
                let failed = failed.get(at).or(failed.first().filter(|_| only));
                // `X400; /C=DE/S=ANN/` and `LOCAL; ann` are nobody the sender knows; the returned mail tells whom he meant.
                let failed = failed.or(returned.as_ref().filter(|_| only));
                let address = recipient(told, failed);
                let said = address
                    .as_deref()
                    .and_then(|address| prose.about(address, only));
                from_report(told, address, said, &frame, outcome)
            })
            .collect();
        return (records, true);
    }

    // No report: the text alone decides whether this is a bounce at all.
    let strength = prose
        .named
        .iter()
        .filter_map(|named| named.said.as_ref())
        .chain(&prose.general)
        .map(|said| said.weight)
        .max()
        .unwrap_or(0);
    let needed = match sign {
        Sign::Report | Sign::Strong => 0,
        Sign::Fair => 1,
        Sign::Weak => 3,
        Sign::None => return (Vec::new(), false),
    };
    if strength < needed {
        return (Vec::new(), false);
    }
    if failed.is_empty() {
        failed = prose
            .named
            .iter()
            .map(|named| named.address.clone())
            .collect();
    }
    let surely = !failed.is_empty();
    if failed.is_empty() {
        // A bounce for a mail that it returns: that mail says to whom it went.
        let to = field_of_original("to")
            .or_else(|| returned_to(mail))
            .or(in_subject)
            .or_else(|| bounced_to.as_deref().and_then(from_verp));
        failed.extend(to.filter(|_| strength > 0));
    }
    let from_system = header.get("from").is_none_or(is_system);
    if failed.is_empty() && strength >= 3 && sign == Sign::Strong && is_automatic && from_system {
        let records = prose
            .general
            .iter()
            .map(|said| from_prose(None, said, &frame, outcome))
            .collect();
        return (records, false);
    }
    let told = hop::sentence(&subject, 0);
    let records = failed
        .into_iter()
        .map(|address| {
            let said = prose.about(&address, true).unwrap_or(&told);
            let outcome = prose.outcome(&address).unwrap_or(outcome);
            from_prose(Some(address), said, &frame, outcome)
        })
        .collect();
    (records, surely)
}

/// The text parts in order; HTML only where there is no plain text.
fn words_for_humans(mail: &Opened<'_>) -> String {
    let of = |kind| {
        mail.parts
            .iter()
            .take_while(|part| part.kind != Kind::Message)
            .filter(|part| part.kind == kind)
            .map(mime::Part::text)
            .filter(|text| !text.trim().is_empty())
            .take(4)
            .collect::<Vec<_>>()
            .join("\n\n")
    };
    let mut text = of(Kind::Text);
    if text.trim().is_empty() {
        text = of(Kind::Html);
        if !text.contains('@') {
            // Who is named in HTML may be named by a link alone.
            for link in mail.parts.iter().filter(|part| part.kind == Kind::Html) {
                text.extend(link.mailto().map(|address| format!("\n\n{address}")));
            }
        }
    }
    if text.trim().is_empty() {
        // A part in front of the first boundary, or a multipart that is none.
        text = mime::Part::plain(mail.body).text().into_owned();
    }
    text
}

/// Where the fields of a report begin that was put into the text.
fn inline_report(text: &str) -> Option<usize> {
    [
        "\nReporting-MTA",
        "\nFinal-Recipient",
        "\nOriginal-Recipient",
    ]
    .iter()
    .filter_map(|field| memmem::find(text.as_bytes(), field.as_bytes()))
    .min()
}

/// The `To` of a returned mail that stands in the text, behind the bounce's own words.
fn returned_to(mail: &Opened<'_>) -> Option<String> {
    let text = words_for_humans(mail);
    text.lines()
        .find_map(|line| line.trim_start().strip_prefix("To:"))
        .and_then(first_address)
}

/// The recipient that a return path is made for: `bounces+1234-ann=example.com@news.example.org` (VERP).
fn from_verp(path: &str) -> Option<String> {
    let (local, domain) = path.rsplit_once('@')?.0.rsplit_once('=')?;
    let local = local.rsplit('+').next().unwrap_or(local);
    // What stands before is the list, a word for bounces and numbers.
    let local = ["bounce-", "bounces-", "return-"]
        .iter()
        .find_map(|word| local.rsplit_once(word))
        .map_or(local, |(_, behind)| behind);
    let local = local.trim_start_matches(|letter: char| letter.is_ascii_digit() || letter == '-');
    let address = format!("{local}@{domain}");
    (domain.contains('.') && !local.contains('=') && is_address(&address)).then_some(address)
}

/// Is this the receipt of a delivery? ("Delivery Status Notification (Success)", "Successful Mail Delivery Report")
fn is_success(subject: &str) -> bool {
    let subject = subject.to_lowercase();
    (subject.contains("success") && !subject.contains("unsuccess"))
        || ["delivered:", "relayed:"]
            .iter()
            .any(|word| subject.starts_with(word))
}

/// Is this about a mail that is still in the queue?
fn is_delay(subject: &str, text: &str) -> bool {
    let subject = subject.to_lowercase();
    if DELAYED.iter().any(|word| subject.contains(word)) {
        return true;
    }
    let start = within(text, 4_000).to_lowercase();
    DELAYS.iter().any(|delay| start.contains(delay))
}

/// The recipient as the sender knows it.
fn recipient(told: &Recipient, failed: Option<&String>) -> Option<String> {
    let is_plain = |address: &&String| {
        address
            .rsplit_once('@')
            .is_some_and(|(_, domain)| domain.contains(['.', '[']))
            && is_address(address)
            && !address.starts_with(['@', '|', '/'])
            && !address.contains(':')
    };
    told.last
        .as_ref()
        .filter(is_plain)
        .or(told.original.as_ref().filter(is_plain))
        .or(failed)
        .cloned()
        .or_else(|| told.last.as_deref().and_then(first_address))
        .or_else(|| told.last.clone())
        .or_else(|| told.original.clone())
}

fn from_report(
    told: &Recipient,
    address: Option<String>,
    said: Option<&Said>,
    frame: &Record<'static>,
    outcome: Outcome,
) -> Record<'static> {
    let outcome = told.action.unwrap_or(outcome);
    let mut own = hop::last_hop(&told.diagnostic, "", "");
    if let Some(said) = said
        && outcome != Outcome::Sent
    {
        let is_cut = own.reply.get(3..4) == Some("-") && said.reply.starts_with(&own.reply);
        // Without words in the diagnostic, the comment of `Status` may tell the reason, the text may tell it better.
        let least = if is_poor(&told.status) { 2 } else { 9 };
        if is_cut || (is_poor(&own.reply) && said.weight >= least) {
            own = said.clone();
        }
    }
    // The exit status of a program (`x-unix; 127`) tells less than any other status.
    let is_bare = own.reply.is_empty() || own.reply.parse::<u8>().is_ok();
    if is_poor(&own.reply) && (is_bare || !is_poor(&told.status)) {
        own.reply = one_line(&told.status);
    }
    if own.reply.is_empty()
        && let Some(said) = said
    {
        own.reply.clone_from(&said.reply);
    }
    if own.phase.is_none()
        && let Some(said) = said
    {
        own.phase = said.phase;
    }
    let (remote_host, remote_ip) = host_and_ip(&told.remote);
    let from_text = |of: fn(&Said) -> &Option<String>| said.and_then(|said| of(said).clone());
    Record {
        reply: own.reply.into(),
        recipient: address.map(Into::into),
        remote_host: own
            .host
            .or(remote_host)
            .or_else(|| from_text(|said| &said.host))
            .map(Into::into),
        remote_ip: own
            .ip
            .or(remote_ip)
            .or_else(|| from_text(|said| &said.ip))
            .map(Into::into),
        time: told
            .time
            .clone()
            .map(Into::into)
            .or_else(|| frame.time.clone()),
        phase: own.phase,
        dsn: told.dsn(),
        outcome: Some(outcome),
        platform_class: told.class.clone().map(Into::into),
        ..frame.clone()
    }
}

fn from_prose(
    address: Option<String>,
    said: &Said,
    frame: &Record<'static>,
    outcome: Outcome,
) -> Record<'static> {
    Record {
        reply: said.reply.clone().into(),
        recipient: address.map(Into::into),
        remote_host: said.host.clone().map(Into::into),
        remote_ip: said.ip.clone().map(Into::into),
        phase: said.phase,
        outcome: Some(outcome),
        ..frame.clone()
    }
}

/// Does a diagnostic say nothing but a code? Then the text for humans may say more.
fn is_poor(reply: &str) -> bool {
    const EMPTY: &[&str] = &[
        "unknown",
        "none",
        "null",
        "failed",
        "failure",
        "error",
        "unknownerror",
        "permanentfailure",
        "permanentfailurefornoapparentreason",
        "deliveryfailed",
        "undelivered",
        "permfail",
        "tempfail",
        "notavailable",
        "unknownreason",
        "otherundefinedstatus",
        "serviceunavailable",
        "x",
        "deliveryfailure",
        "unspecified",
    ];
    let letters: String = reply
        .chars()
        .filter(|letter| letter.is_alphabetic())
        .take(64)
        .collect::<String>()
        .to_lowercase();
    letters.len() < 4 || letters.contains("undefined") || EMPTY.contains(&&*letters)
}

/// Reads a `Remote-MTA`: `mx.example.com`, `[192.0.2.1]`, `mx.example.com [192.0.2.1]`, `mx.example.com. (192.0.2.1)`.
fn host_and_ip(remote: &str) -> (Option<String>, Option<String>) {
    let mut host = None;
    let mut ip = None;
    for word in remote
        .split([' ', '\t', '[', ']', '(', ')', '<', '>'])
        .take(16)
    {
        let word = word.trim_end_matches(['.', ',']);
        let bare = word.strip_prefix("IPv6:").unwrap_or(word);
        if bare.parse::<std::net::IpAddr>().is_ok() {
            ip = ip.or_else(|| Some(bare.to_owned()));
        } else if host.is_none() {
            host = host_name(word);
        }
    }
    (host, ip)
}

/// The first address of a header value: `Name <a@b>`, `a@b (Name)`, `<a@b>, <c@d>`.
fn first_address(value: &str) -> Option<String> {
    let value = within(value, 2_000);
    let in_brackets = value
        .split('<')
        .skip(1)
        .filter_map(|behind| behind.split('>').next());
    in_brackets
        .chain(value.split([' ', '\t', ',', ';', '(', ')', '<', '>', '"', ':']))
        .map(str::trim)
        .find(|word| is_address(word))
        .map(str::to_owned)
}
