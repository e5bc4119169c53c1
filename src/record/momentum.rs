//! Momentum (Message Systems' ecelerity): `mainlog.ec` and `bouncelog.ec`, whose fields stand between `@`.
//!
//! A line begins with the seconds since 1970 and the ids of message, batch and connection; then a letter names the kind of
//! record: `D` delivery, `T` temporary failure, `P` permanent failure, `R` reception. Which fields follow depends on the
//! version and the logger, and addresses have an `@` of their own, so besides the time only the letter and the reply are
//! read, which its form makes sure. The events of its JSON loggers are those of SparkPost, which runs on it.

use super::line::{Line, code, split};
use super::{Give, Outcome, Record, Seen, State};

/// The name in `--from` and in the verdict.
const ID: &str = "momentum";

/// Reads a line of either log.
pub fn read<'a>(line: &Line<'a>, _state: &mut State, give: Give<'_, 'a>) -> Seen {
    let Some((time, mut rest)) = split(line.whole, b'@') else {
        return Seen::NotMine;
    };
    let is_epoch = matches!(time.len(), 9..=10) && time.bytes().all(|byte| byte.is_ascii_digit());
    if !is_epoch || !rest.split('@').take(2).all(is_id) {
        return Seen::NotMine;
    }
    let mut outcome = None;
    let mut kind = None;
    loop {
        if code(rest).is_some_and(|code| code >= 400)
            && matches!(rest.as_bytes().get(3), Some(b' ' | b'-'))
        {
            break;
        }
        let (field, behind) = split(rest, b'@').unwrap_or((rest, ""));
        if kind.is_none() && matches!(field.as_bytes(), [b'A'..=b'Z']) {
            kind = Some(field);
            outcome = match field {
                "D" => Some(Outcome::Sent),
                "T" => Some(Outcome::Deferred),
                "P" => Some(Outcome::Bounced),
                _ => None,
            };
        }
        if behind.is_empty() {
            if outcome != Some(Outcome::Sent) {
                return Seen::Noise;
            }
            rest = "delivered";
            break;
        }
        rest = behind;
    }
    give(Record {
        format: ID,
        reply: rest.into(),
        time: Some(time.into()),
        outcome,
        ..Record::default()
    });
    Seen::Records
}

/// Whether this is an id such as `0A/4B-07698-839E3C94`.
fn is_id(field: &str) -> bool {
    let digits = field.bytes().filter(u8::is_ascii_hexdigit).count();
    digits == 17 && field.split(['/', '-']).map(str::len).eq([2, 2, 5, 8])
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::super::Outcome;
    use super::super::testing::{all, noise, one};

    const HEAD: &str = "1780300000@0A/4B-07698-839E3C94@0B/4B-07698-839E3C94@00/00-00000-00000000";

    #[test]
    fn the_letter_tells_what_became_of_the_mail() {
        for (letter, outcome) in [
            ("T", Some(Outcome::Deferred)),
            ("P", Some(Outcome::Bounced)),
            ("B", None),
        ] {
            let line = format!(
                "{HEAD}@{letter}@example.com@default@1@550@452 4.2.2 <bob@example.com>: full@P@x"
            );
            let record = one(&line);
            assert_eq!(record.format, "momentum");
            assert_eq!(record.reply, "452 4.2.2 <bob@example.com>: full@P@x");
            assert_eq!(record.outcome, outcome);
            assert_eq!(record.time.as_deref(), Some("1780300000"));
        }
    }

    #[test]
    fn a_delivery_has_no_reply_and_a_reception_is_noise() {
        let line = format!("{HEAD}@D@example.com@1024@default@0@1.5@192.0.2.1");
        assert_eq!(one(&line).outcome, Some(Outcome::Sent));
        noise(&format!(
            "{HEAD}@R@bob@example.com@a@example.org@ESMTP@1024"
        ));
        noise(&format!("{HEAD}@T@example.com@1024"));
    }

    #[test]
    fn other_lines_with_at_signs_are_not_its_own() {
        for line in [
            "1780300000@example.com@P@550 5.1.1 no",
            "bob@0A/4B-07698-839E3C94@0B/4B-07698-839E3C94@P@550 5.1.1 no",
            "1780300000@0A/4B-07698-839E3C94x@0B/4B-07698-839E3C94@P@550 5.1.1 no",
        ] {
            assert!(
                all(line).iter().all(|record| record.format != "momentum"),
                "{line}"
            );
        }
    }
}
