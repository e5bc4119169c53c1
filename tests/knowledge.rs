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
