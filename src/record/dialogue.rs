//! Logs that hold whole SMTP dialogues, a command or a reply a line: whom a reply is about stands some lines before it.

use std::borrow::Cow;
use std::collections::{BTreeMap, VecDeque};

use super::line::has;

/// So many sessions are remembered, and so many commands of a session.
const MOST: usize = 1024;
/// A longer command (RFC 5321 section 4.5.3.1) is remembered without its address.
const LONGEST: usize = 512;

/// The commands that wait for their reply, by session, in their order; each with the recipient it names.
#[derive(Default)]
pub struct Asked(BTreeMap<String, VecDeque<Option<String>>>);

impl Asked {
    /// Whether no command waits for its reply.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Notes a command.
    pub fn command(&mut self, session: &str, words: &str) {
        let is = |verb: &str| {
            words
                .get(..verb.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(verb))
        };
        if ["EHLO", "HELO", "QUIT", "RSET"].into_iter().any(is) {
            self.0.remove(session);
            return;
        }
        if !["MAIL ", "RCPT ", "DATA", "BDAT "].into_iter().any(is) || session.len() > LONGEST {
            return;
        }
        if self.0.len() >= MOST && !self.0.contains_key(session) {
            self.0.pop_first();
        }
        let commands = self.0.entry(session.to_owned()).or_default();
        if commands.len() >= MOST {
            commands.pop_front();
        }
        let recipient = Some(words)
            .filter(|words| is("RCPT ") && words.len() <= LONGEST)
            .and_then(recipient);
        commands.push_back(recipient.map(str::to_owned));
    }

    /// Takes the recipient that a reply is about. Only the last line of a reply ends it.
    pub fn reply<'a>(&mut self, session: &str, words: &str) -> Option<Cow<'a, str>> {
        let commands = self.0.get_mut(session)?;
        if words.as_bytes().get(3) == Some(&b'-') && !has(words, "[nl]") {
            return commands.front().cloned().flatten().map(Cow::Owned);
        }
        let recipient = commands.pop_front().flatten();
        if commands.is_empty() {
            self.0.remove(session);
        }
        recipient.map(Cow::Owned)
    }
}

/// The address of `RCPT TO:<bob@example.com> NOTIFY=NEVER`.
pub fn recipient(command: &str) -> Option<&str> {
    let (_, rest) = command.split_once(':')?;
    let (address, _) = rest.trim_start().strip_prefix('<')?.split_once('>')?;
    Some(address).filter(|address| !address.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replies_come_in_the_order_of_the_commands() {
        let mut asked = Asked::default();
        for words in [
            "MAIL FROM:<a@example.org>",
            "RCPT TO:<bob@example.com>",
            "rcpt to: <eve@example.com> NOTIFY=NEVER",
            "DATA",
        ] {
            asked.command("1", words);
        }
        asked.command("2", "RCPT TO:<ann@example.com>");
        assert_eq!(asked.reply("1", "250 Ok"), None);
        assert_eq!(
            asked.reply("1", "550-a").as_deref(),
            Some("bob@example.com")
        );
        assert_eq!(
            asked.reply("1", "550 b").as_deref(),
            Some("bob@example.com")
        );
        assert_eq!(
            asked.reply("2", "550-a[nl]550 b").as_deref(),
            Some("ann@example.com")
        );
        assert_eq!(
            asked.reply("1", "250 Ok").as_deref(),
            Some("eve@example.com")
        );
        assert_eq!(asked.reply("1", "554 no"), None);
        assert!(asked.is_empty());
    }

    #[test]
    fn a_new_greeting_forgets_what_was_asked() {
        let mut asked = Asked::default();
        asked.command("1", "RCPT TO:<bob@example.com>");
        asked.command("1", "EHLO mail.example.org");
        assert_eq!(asked.reply("1", "550 no"), None);
    }

    #[test]
    fn endless_sessions_do_not_fill_the_memory() {
        let mut asked = Asked::default();
        for number in 0..100_000 {
            asked.command(&number.to_string(), "RCPT TO:<bob@example.com>");
            asked.command("one", "RCPT TO:<bob@example.com>");
        }
        let count: usize = asked.0.values().map(VecDeque::len).sum();
        assert!(asked.0.len() <= MOST && count <= 3 * MOST, "{count}");
    }
}
