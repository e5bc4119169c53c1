//! The knowledge proves itself: every rule wins its own examples and no other's, and all of it is reached.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::HashSet;
use std::fmt::Write as _;

use whybounce::classifier::{Classifier, proof};
use whybounce::knowledge::{self, BUILT_IN, Cause};
use whybounce::record::Record;

#[test]
fn every_rule_wins_its_examples_and_none_of_its_nots() {
    let failures = proof::failures(&BUILT_IN, &mut Classifier::default());
    let lines: Vec<String> = failures.iter().map(ToString::to_string).collect();
    assert!(lines.is_empty(), "{}", lines.join("\n"));
}

/// A regular expression is compiled when it is first tried, which costs more than all else of a reply, and what it read is
/// not remembered: only replies of one provider may pay for it.
#[test]
fn a_rule_with_a_regex_names_its_provider() {
    for rule in BUILT_IN.rules.iter().filter(|rule| rule.regex.len > 0) {
        let anybody = rule.when_provider == knowledge::tables::NONE;
        assert!(!anybody, "rule {}", BUILT_IN.str(rule.id));
    }
}

#[test]
fn every_blocklist_is_named_by_its_own_example() {
    let mut classifier = Classifier::default();
    let mut failures = String::new();
    for list in knowledge::blocklists() {
        if list.lists == whybounce::vocabulary::Lists::Allow as u8 {
            continue;
        }
        let record = Record {
            reply: BUILT_IN.str(list.example).into(),
            ..Record::default()
        };
        let verdict = classifier.classify(&record);
        let named = verdict.blocklist().map_or("none", |listing| listing.id);
        if named != BUILT_IN.str(list.id) {
            let _ = writeln!(
                failures,
                "{}: named {named} ({}): {}",
                BUILT_IN.str(list.id),
                verdict.cause,
                record.reply
            );
        }
    }
    assert!(
        failures.is_empty(),
        "examples that do not name their list:\n{failures}"
    );
}

#[test]
fn every_cause_is_reached_by_some_rule() {
    let mut reached: HashSet<Cause> = BUILT_IN
        .rules
        .iter()
        .map(|rule| Cause::from_index(rule.cause))
        .collect();
    reached.insert(Cause::Unclassified);
    reached.insert(Cause::Accepted);
    let missing: Vec<&str> = Cause::ALL
        .iter()
        .filter(|cause| !reached.contains(cause))
        .map(|cause| cause.id())
        .collect();
    assert!(missing.is_empty(), "causes without a rule: {missing:?}");
}

#[test]
fn only_dead_addresses_are_ever_suppressed() {
    let dead = [
        "recipient-unknown",
        "recipient-address-invalid",
        "recipient-domain-invalid",
        "domain-accepts-no-mail",
        "mailbox-disabled",
    ];
    let mut classifier = Classifier::default();
    for rule in BUILT_IN.rules {
        for example in BUILT_IN.list(rule.examples) {
            let record = proof::record(&BUILT_IN, rule, example);
            let verdict = classifier.classify(&record);
            assert!(
                !verdict.suppress || dead.contains(&verdict.cause.id()),
                "{example}"
            );
        }
    }
}

/// What people read in the knowledge: whose it is, what it is and the text.
fn texts() -> Vec<(String, &'static str, &'static str)> {
    let text = |piece| BUILT_IN.str(piece);
    let mut texts = Vec::new();
    let mut add = |id: &str, what, piece| texts.push((id.to_owned(), what, text(piece)));
    for cause in Cause::ALL {
        let row = cause.row();
        add(cause.id(), "summary", row.summary.text);
        add(cause.id(), "meaning", row.meaning);
        for (what, list) in [("why", row.why), ("tell_apart", row.tell_apart)] {
            for piece in list.of(BUILT_IN.strs) {
                add(cause.id(), what, *piece);
            }
        }
        for step in row.fix.of(BUILT_IN.sentences) {
            add(cause.id(), "fix", step.text);
        }
    }
    for step in knowledge::own_server().of(BUILT_IN.sentences) {
        add("own_server", "fix", step.text);
    }
    for rule in BUILT_IN.rules {
        add(text(rule.id), "summary", rule.summary.text);
        for step in rule.fix.of(BUILT_IN.sentences) {
            add(text(rule.id), "fix", step.text);
        }
    }
    let classes = (2..=5).filter_map(knowledge::class_row);
    for row in classes
        .chain(knowledge::codes())
        .chain(knowledge::enhanced_codes())
    {
        add(text(row.name), "meaning", row.meaning);
        add(text(row.name), "cautions", row.cautions);
        for step in row.fix.of(BUILT_IN.sentences) {
            add(text(row.name), "fix", step.text);
        }
    }
    for list in knowledge::blocklists() {
        add(text(list.id), "meaning", list.meaning);
        for step in list.fix.of(BUILT_IN.sentences) {
            add(text(list.id), "fix", step.text);
        }
    }
    for sign in knowledge::resolver_errors() {
        add(text(sign.id), "meaning", sign.meaning);
        for step in sign.fix.of(BUILT_IN.sentences) {
            add(text(sign.id), "fix", step.text);
        }
    }
    texts.retain(|(.., text)| !text.is_empty());
    texts
}

/// The longest that a text may be: what is longer is not read.
fn limit(what: &str) -> usize {
    match what {
        "meaning" => 200,
        "tell_apart" | "cautions" => 160,
        "why" => 100,
        _ => 130,
    }
}

/// Words that are said otherwise here (src/knowledge/README.md), and words that say nothing.
const NEVER: &[&str] = &[
    "blacklist",
    "whitelist",
    "block list",
    "e-mail",
    "reverse name",
    "sending host",
    "sending software",
    "remote server",
    "another way",
    "another route",
    "false positive",
    "queue retry",
    "switch on",
    "switch off",
    "sign in",
    "request removal",
    "their postmaster",
    "recipient's postmaster",
    "please",
    "simply",
    "sorry",
    "unfortunately",
];

#[test]
fn every_text_is_short_and_says_the_same_thing_in_the_same_words() {
    let mut failures = String::new();
    for (id, what, text) in texts() {
        let mut fails =
            |why: &str| writeln!(failures, "{id}: {what} {why}: {text}").unwrap_or_default();
        if !text.ends_with('.') {
            fails("does not end with a full stop");
        }
        if text.trim() != text || text.contains("  ") {
            fails("has a blank too many");
        }
        if text.len() > limit(what) {
            fails(&format!("is longer than {} letters", limit(what)));
        }
        for word in NEVER.iter().filter(|word| text.contains(*word)) {
            fails(&format!("says \"{word}\""));
        }
    }
    assert!(failures.is_empty(), "{failures}");
}

/// What a step begins with, behind a condition ("If it lasts, ...") or not.
const VERBS: &str = "add allow ask avoid begin build call change check choose clean compare complete confirm connect \
    correct create cut do encode end enter find follow force forward free get give have keep leave let log look lower \
    make never note open pause publish put query raise reach read refuse register relax remove repair replace report \
    rewrite scan secure see send set share shorten sign slow split spread start stop take tell test try turn update \
    upload use verify wait watch write";
const CONDITIONS: &str =
    "after as for from if in on otherwise outside or then to until when with without";

#[test]
fn every_step_tells_what_to_do() {
    let is = |words: &str, word: &str| words.split_whitespace().any(|known| known == word);
    let mut failures = String::new();
    for (id, _, text) in texts().iter().filter(|(_, what, _)| *what == "fix") {
        let step = text.to_ascii_lowercase();
        let begins = |part: &str| {
            part.split(|letter: char| !letter.is_ascii_alphabetic())
                .find(|word| !word.is_empty() && !["or", "then", "otherwise"].contains(word))
                .unwrap_or_default()
                .to_owned()
        };
        let first = step.split([' ', ',']).next().unwrap_or_default();
        let told = is(VERBS, &begins(&step))
            || (is(CONDITIONS, first)
                && step
                    .split(", ")
                    .skip(1)
                    .any(|part| is(VERBS, &begins(part))));
        if !told && *text != "Nothing to do." {
            let _ = writeln!(failures, "{id}: {text}");
        }
    }
    assert!(
        failures.is_empty(),
        "steps that do not begin with what to do:\n{failures}"
    );
}
