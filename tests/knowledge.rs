//! The knowledge proves itself: every rule wins its own examples and no other's, and all of it is reached.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::HashSet;
use std::fmt::Write as _;

use whybounce::classifier::Classifier;
use whybounce::knowledge::tables::{NONE, Rule};
use whybounce::knowledge::{self, BUILT_IN, Cause};
use whybounce::record::Record;

/// An example as a record; a rule that needs its provider known gets a host of that provider.
fn record<'a>(rule: &Rule, example: &'a str) -> Record<'a> {
    let host = BUILT_IN.str(rule.example_host);
    let host = match knowledge::providers().get(usize::from(rule.when_provider)) {
        _ if !host.is_empty() => Some(host),
        Some(provider) if rule.when_provider != NONE => BUILT_IN.list(provider.hosts).next(),
        _ => None,
    };
    Record {
        reply: example.into(),
        remote_host: host.map(Into::into),
        ..Record::default()
    }
}

#[test]
fn every_example_is_won_by_its_own_rule() {
    let mut classifier = Classifier::default();
    let mut failures = String::new();
    for rule in BUILT_IN.rules {
        let id = BUILT_IN.str(rule.id);
        for example in BUILT_IN.list(rule.examples) {
            let record = record(rule, example);
            let verdict = classifier.classify(&record);
            let winner = verdict.rule().unwrap_or("no rule");
            if winner != id {
                let _ = writeln!(
                    failures,
                    "{id}: won by {winner} ({}): {example}",
                    verdict.cause
                );
            }
        }
    }
    assert!(
        failures.is_empty(),
        "examples that their rule does not win:\n{failures}"
    );
}

#[test]
fn no_rule_wins_what_it_must_not() {
    let mut classifier = Classifier::default();
    let mut failures = String::new();
    for rule in BUILT_IN.rules {
        for example in BUILT_IN.list(rule.nots) {
            let record = record(rule, example);
            let verdict = classifier.classify(&record);
            if verdict.rule() == Some(BUILT_IN.str(rule.id)) {
                let _ = writeln!(failures, "{}: {example}", BUILT_IN.str(rule.id));
            }
        }
    }
    assert!(
        failures.is_empty(),
        "replies that a rule wins although it must not:\n{failures}"
    );
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
            let record = record(rule, example);
            let verdict = classifier.classify(&record);
            assert!(
                !verdict.suppress || dead.contains(&verdict.cause.id()),
                "{example}"
            );
        }
    }
}
