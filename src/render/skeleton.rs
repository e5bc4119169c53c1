//! A rule to fill in, for a reply that nobody knows yet.

use whybounce::knowledge::words::{self, Token};
use whybounce::verdict::Verdict;
use whybounce::vocabulary::Confidence;

use super::escape::deceives;

/// Words that a first phrase has at most; whoever fills in the rule cuts it further.
const WORDS: usize = 8;
/// A reply of fewer words asks about its code.
const FEWEST_WORDS: usize = 2;

/// What stands before the rule.
pub const HOW_TO: &str = "
No rule knows this reply yet. Fill in the cause, keep of `says` what decides, and save it as
~/.config/whybounce/rules.toml; `whybounce --check-rules FILE` tests it. To have it in whybounce
itself, put example.com and 192.0.2.1 for the real names and send it in: see README, Add a rule.

";

/// The rule for a reply whose words no rule knows, to be filled in by the reader; `None` for any other reply.
#[must_use]
pub fn skeleton(verdict: &Verdict<'_>) -> Option<String> {
    if verdict.confidence != Confidence::Low || verdict.rule().is_some() {
        return None;
    }
    let reply = verdict.record.reply.as_ref();
    let phrase = phrase(reply)?;
    Some(format!(
        "[[rule]]\nid      = \"my-first-rule\"\ncause   = \"\"  # one of: whybounce --list causes\n\
         when    = {{ says = [{}] }}\nsource  = \"my own log\"\nexample = {}\n",
        quoted(&phrase),
        quoted(reply)
    ))
}

/// The words of a reply as a phrase of a rule, without its addresses, hosts and numbers.
fn phrase(reply: &str) -> Option<String> {
    let mut found = Vec::new();
    words::cut(reply, |token, start, end| {
        if let (Token::Word(_) | Token::Numbered(..), Some(word)) = (token, reply.get(start..end)) {
            found.push(word.to_lowercase());
        }
    });
    found.truncate(WORDS);
    (found.len() >= FEWEST_WORDS).then(|| found.join(" "))
}

/// A basic string of TOML 1.0, with what would deceive a terminal escaped.
fn quoted(text: &str) -> String {
    let mut quoted = String::from('"');
    for letter in text.chars() {
        match letter {
            '"' | '\\' => quoted.extend(['\\', letter]),
            _ if deceives(letter) => quoted.push_str(&format!("\\U{:08x}", u32::from(letter))),
            _ => quoted.push(letter),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use whybounce::classifier::{Classifier, proof};
    use whybounce::knowledge::user::UserRules;
    use whybounce::record::Record;

    fn of(reply: &str) -> Option<String> {
        let record = Record {
            reply: reply.into(),
            ..Record::default()
        };
        skeleton(&Classifier::default().classify(&record))
    }

    #[test]
    fn a_skeleton_with_its_cause_filled_in_is_a_rule_that_holds() {
        for reply in [
            "550 Frobnication of <bob@example.com> \"quuxed\" by mx.example.com [192.0.2.1]",
            "550 Frobni\u{202e}cated\\quuxed \u{9b}31m O'Frob doesn't grok ÄÖÜ",
            "550-Grue 550-eaten 550 by a Frobnitz 12345 quux7",
        ] {
            let rule = of(reply).unwrap_or_else(|| panic!("{reply} is known"));
            let rule = rule.replace("cause   = \"\"", "cause   = \"policy-rejection\"");
            let rules = UserRules::compile(&[("rules.toml".to_owned(), rule.clone())])
                .unwrap_or_else(|problem| panic!("{problem:?}:\n{rule}"));
            let tables = rules.tables();
            let failures = proof::failures(&tables, &mut Classifier::new(Some(&tables)));
            assert!(failures.is_empty(), "{failures:?}\n{rule}");
        }
    }

    #[test]
    fn what_is_known_and_a_bare_code_get_no_skeleton() {
        assert_eq!(of("550 5.1.1 User unknown"), None);
        assert_eq!(of("550 5.7.1"), None);
        assert_eq!(of("250 2.0.0 Ok: queued as 4Zx1Yq9"), None);
    }
}
