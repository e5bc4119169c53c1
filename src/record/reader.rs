//! Records from any reader, one after the other: for programs that use the library.

use std::io::{self, BufRead, Read};

use super::{Record, State, finish, mail, read_line};

/// Bytes that are kept of a line at most; the rest of a longer one is left out.
const LONGEST_LINE: u64 = 1 << 20;
/// Bytes that are kept of a mail or an mbox at most.
const LARGEST_MAIL: u64 = 64 << 20;

/// The records of a reader: lines of any kind, or mails. See [`records`].
pub struct Records<R> {
    reader: R,
    state: State,
    /// Records read and not yet given, the next one last.
    waiting: Vec<Record<'static>>,
    begun: bool,
    ended: bool,
}

/// Reads records from a reader. Each line is recognised by itself, so logs and replies may be mixed; what begins with the
/// header of a mail is read as a mail or an mbox, of which 64 MiB are kept. Lines without a reply are passed over, bytes
/// that are no UTF-8 are replaced. Of a line longer than 1 MiB the rest is left out.
///
/// ```
/// let log = "\
/// Jun  1 10:00:00 mail postfix/qmgr[99]: 4Zx1Yq2Lz8z: removed
/// 550 5.1.1 <bob@example.com>: User unknown
/// 452-4.2.2 Mailbox
/// 452 4.2.2 full
/// ";
/// let mut classifier = whybounce::Classifier::default();
/// let mut causes = Vec::new();
/// for record in whybounce::records(log.as_bytes()) {
///     causes.push(classifier.classify(record?).cause);
/// }
/// assert_eq!(causes, [whybounce::Cause::RecipientUnknown, whybounce::Cause::MailboxFull]);
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn records<R: BufRead>(reader: R) -> Records<R> {
    Records {
        reader,
        state: State::default(),
        waiting: Vec::new(),
        begun: false,
        ended: false,
    }
}

impl<R: BufRead> Records<R> {
    /// Reads on until there is a record or nothing more to read.
    fn read_on(&mut self) -> io::Result<()> {
        if !self.begun {
            self.begun = true;
            if mail::begins(self.reader.fill_buf()?) == Some(true) {
                self.ended = true;
                return self.read_mails();
            }
        }
        let mut line = Vec::new();
        while self.waiting.is_empty() && !self.ended {
            line.clear();
            self.read_line(&mut line)?;
        }
        self.waiting.reverse();
        Ok(())
    }

    fn read_line(&mut self, line: &mut Vec<u8>) -> io::Result<()> {
        let waiting = &mut self.waiting;
        let read = (&mut self.reader)
            .take(LONGEST_LINE)
            .read_until(b'\n', line)?;
        if read == 0 {
            self.ended = true;
            finish(&mut self.state, &mut |record| {
                waiting.push(record.into_owned());
            });
            return Ok(());
        }
        if line.last() == Some(&b'\n') {
            line.pop();
        } else {
            self.reader.skip_until(b'\n')?;
        }
        self.state.line += 1;
        let number = self.state.line;
        let text = String::from_utf8_lossy(line);
        let text = text.strip_suffix('\r').unwrap_or(&text);
        read_line(text, &mut self.state, &mut |record| {
            let mut record = record.into_owned();
            if record.line == 0 {
                record.line = number;
            }
            waiting.push(record);
        });
        Ok(())
    }

    fn read_mails(&mut self) -> io::Result<()> {
        let mut text = Vec::new();
        (&mut self.reader)
            .take(LARGEST_MAIL)
            .read_to_end(&mut text)?;
        let waiting = &mut self.waiting;
        let mut one = |number, mail: &[u8]| {
            mail::read(mail, &mut |record| {
                let line = number;
                waiting.push(Record { line, ..record });
            });
        };
        if text.starts_with(b"From ") {
            for (number, mail) in (1..).zip(mail::mbox_mails(&text)) {
                one(number, mail);
            }
        } else {
            one(1, &text);
        }
        self.waiting.reverse();
        Ok(())
    }
}

impl<R: BufRead> Iterator for Records<R> {
    type Item = io::Result<Record<'static>>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.waiting.is_empty()
            && !self.ended
            && let Err(error) = self.read_on()
        {
            // What a broken reader would say next is not asked.
            self.ended = true;
            return Some(Err(error));
        }
        self.waiting.pop().map(Ok)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn replies(text: &[u8]) -> Vec<(u64, String)> {
        records(text)
            .map(Result::unwrap)
            .map(|record| (record.line, record.reply.into_owned()))
            .collect()
    }

    #[test]
    fn lines_come_with_their_numbers_and_in_their_order() {
        let found =
            replies(b"noise\r\n550 5.1.1 one\r\n\r\n550-5.7.1 two\n550 5.7.1 more\n452 4.2.2 \xff");
        let lines: Vec<u64> = found.iter().map(|(line, _)| *line).collect();
        assert_eq!(lines, [2, 4, 6], "{found:?}");
        assert_eq!(found[2].1, "452 4.2.2 \u{fffd}");
    }

    #[test]
    fn a_line_without_end_is_cut_and_the_next_one_is_whole() {
        let mut text = b"550 5.1.1 ".to_vec();
        text.resize(3 << 20, b'x');
        text.extend_from_slice(b"\n550 5.1.1 two\n");
        let found = replies(&text);
        assert_eq!(found.len(), 2);
        assert!(found[0].1.len() <= 1 << 20);
        assert_eq!(found[1], (2, "550 5.1.1 two".to_owned()));
    }

    #[test]
    fn a_mail_gives_the_records_of_its_recipients() {
        let mail = b"From: MAILER-DAEMON@example.org\nTo: a@example.org\nSubject: failure\nMIME-Version: 1.0\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mail.example.org\n\nFinal-Recipient: rfc822; bob@example.com\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 User unknown\n\nFinal-Recipient: rfc822; ann@example.com\nAction: failed\nStatus: 5.2.2\nDiagnostic-Code: smtp; 552 5.2.2 Mailbox full\n\n--b--\n";
        let to: Vec<_> = records(&mail[..])
            .map(|record| record.unwrap().recipient.unwrap().into_owned())
            .collect();
        assert_eq!(to, ["bob@example.com", "ann@example.com"]);
        let from = b"From MAILER-DAEMON Mon Jun  1 10:00:00 2026\n";
        let mbox = [&from[..], mail, b"\n", from, mail].concat();
        let numbers: Vec<_> = records(&mbox[..])
            .map(|record| record.unwrap().line)
            .collect();
        assert_eq!(numbers, [1, 1, 2, 2]);
    }

    #[test]
    fn a_reader_that_fails_is_reported_once() {
        struct Broken;
        impl io::Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::Error::other("broken"))
            }
        }
        let results: Vec<_> = records(io::BufReader::new(Broken)).collect();
        assert_eq!(results.len(), 1);
        assert!(results[0].is_err());
    }
}
