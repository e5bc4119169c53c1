//! What `mailq` prints, of Postfix and of Sendmail: a line with queue id and sender, the reason in brackets, then the
//! recipients it is about.

use std::borrow::Cow;

use super::line::{Line, some};
use super::{Give, Outcome, Record, Seen, State, postfix};

/// The name in `--from` and in the verdict.
const ID: &str = "mailq";

/// A reason is printed on a few lines; a longer one is cut here.
const LONGEST: usize = 4096;

/// The mail of the queue that is being read.
pub struct Entry {
    queue_id: String,
    sender: Option<String>,
    time: String,
    reason: String,
    /// How many brackets of the reason are still open; then the next line goes on with it.
    open: usize,
}

/// Reads a line of the queue's listing.
pub fn read<'a>(line: &Line<'a>, state: &mut State, give: Give<'_, 'a>) -> Seen {
    // A log line says that the listing is over.
    if !line.program.is_empty() || line.time.is_some() {
        state.queue = None;
        return Seen::NotMine;
    }
    if let Some(entry) = entry(line.whole) {
        state.queue = Some(entry);
        return Seen::Noise;
    }
    let Some(entry) = &mut state.queue else {
        return Seen::NotMine;
    };
    let text = line.whole;
    if entry.open > 0 || text.starts_with('(') {
        if entry.open == 0 {
            entry.reason.clear();
        } else {
            entry.reason.push(' ');
        }
        if entry.reason.len() + text.len() < LONGEST {
            entry.reason.push_str(text);
        }
        let counts = |bracket| text.matches(bracket).count();
        entry.open = (entry.open + counts('(')).saturating_sub(counts(')'));
        if text.ends_with(')') || entry.reason.len() + text.len() >= LONGEST {
            entry.open = 0;
        }
        return Seen::Noise;
    }
    let recipient = text.trim_matches(['<', '>']);
    if recipient.contains('@') && !recipient.contains(' ') {
        let reason = entry.reason.trim();
        let reason = reason
            .strip_prefix('(')
            .map_or(reason, |reason| reason.strip_suffix(')').unwrap_or(reason));
        let reason = reason.strip_prefix("Deferred: ").unwrap_or(reason);
        if reason.is_empty() {
            return Seen::Noise;
        }
        give(Record {
            format: ID,
            queue_id: Some(Cow::Owned(entry.queue_id.clone())),
            sender: entry.sender.clone().map(Cow::Owned),
            recipient: Some(recipient.into()),
            time: Some(Cow::Owned(entry.time.clone())),
            outcome: Some(Outcome::Deferred),
            ..postfix::said(reason).into_owned()
        });
        return Seen::Records;
    }
    // Anything else ends the listing of this mail.
    state.queue = None;
    if text.starts_with("-- ") {
        Seen::Noise
    } else {
        Seen::NotMine
    }
}

/// Reads `4Zx1Yq2Lz7z*   1234 Mon Jun  1 10:00:00  a@example.org`.
fn entry(text: &str) -> Option<Entry> {
    const DAYS: &[&str] = &["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    // Most lines are dismissed by their first word.
    let (id, rest) = text.split_once(' ')?;
    let id = id.trim_end_matches(['*', '!', '#', '-', 'X']);
    if id.len() < 6 || id.len() > 25 || !id.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return None;
    }
    let (size, rest) = rest.trim_start().split_once(' ')?;
    if size.is_empty() || !size.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let rest = rest.trim_start();
    if !DAYS.iter().any(|day| rest.starts_with(day)) {
        return None;
    }
    let (time, sender) = rest.rsplit_once(' ')?;
    Some(Entry {
        queue_id: id.to_owned(),
        sender: some(sender.trim_matches(['<', '>']))
            .filter(|sender| *sender != "MAILER-DAEMON")
            .map(str::to_owned),
        time: time.trim().to_owned(),
        reason: String::new(),
        open: 0,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::super::testing::all;
    use crate::vocabulary::Phase;

    #[test]
    fn the_reason_is_about_the_recipients_below_it() {
        let records = all(
            "-Queue ID-  --Size-- ----Arrival Time---- -Sender/Recipient-------\n4Zx1Yq2Lz7z*    1234 Mon Jun  1 10:00:00  a@example.org\n(host mx.example.com[192.0.2.1] said: 450 4.2.0 Greylisted\n    (in reply to RCPT TO command))\n                                         bob@example.com\n                                         eve@example.com\n\n0A1B2C3D4E      1234 Mon Jun  1 10:00:00  a@example.org\n(connect to mx.example.org[192.0.2.2]:25: Connection timed out)\n                                         b@example.org\n\n-- 2 Kbytes in 2 Requests.\n",
        );
        assert_eq!(records.len(), 3);
        assert_eq!(records[0].reply, "450 4.2.0 Greylisted");
        assert_eq!(records[0].phase, Some(Phase::Rcpt));
        assert_eq!(records[1].recipient.as_deref(), Some("eve@example.com"));
        assert_eq!(records[1].queue_id.as_deref(), Some("4Zx1Yq2Lz7z"));
        assert_eq!(
            records[2].reply,
            "connect to mx.example.org[192.0.2.2]:25: Connection timed out"
        );
        assert_eq!(records[2].line, 10);
    }

    #[test]
    fn sendmails_queue_is_read_the_same_way() {
        let records = all(
            "651A0bQx004711     1234 Mon Jun  1 10:00 <a@example.org>\n                 (Deferred: Connection refused by mx.example.com.)\n                                         <bob@example.com>\n",
        );
        assert_eq!(records.len(), 1);
        assert_eq!(records[0].reply, "Connection refused by mx.example.com.");
        assert_eq!(records[0].recipient.as_deref(), Some("bob@example.com"));
    }
}
