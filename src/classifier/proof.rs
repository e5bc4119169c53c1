//! Rules prove themselves: each wins its examples, and none of its nots.

use std::fmt;

use super::Classifier;
use crate::knowledge::BUILT_IN;
use crate::knowledge::tables::{NONE, Rule, Tables};
use crate::record::Record;

/// A reply that a rule should win and does not, or wins and should not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure<'k> {
    /// The id of the rule.
    pub rule: &'k str,
    /// The `example` or `not`.
    pub reply: &'k str,
    /// The rule that wins it, if one does.
    pub winner: Option<String>,
    /// The cause that it comes out as.
    pub cause: &'static str,
}

impl fmt::Display for Failure<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rule, reply, .. } = self;
        match &self.winner {
            Some(winner) if winner == rule => write!(out, "{rule}: wins its `not`: {reply}"),
            Some(winner) => write!(
                out,
                "{rule}: its example is won by {winner} ({}): {reply}",
                self.cause
            ),
            None => write!(
                out,
                "{rule}: its example is won by no rule ({}): {reply}",
                self.cause
            ),
        }
    }
}

/// Runs the examples and nots of all rules of `tables` and gives those that fail. The classifier must know the rules.
pub fn failures<'k>(tables: &Tables<'k>, classifier: &mut Classifier<'_>) -> Vec<Failure<'k>> {
    let mut failures = Vec::new();
    for rule in tables.rules {
        let id = tables.str(rule.id);
        let examples = tables.list(rule.examples).map(|reply| (reply, true));
        let nots = tables.list(rule.nots).map(|reply| (reply, false));
        for (reply, must_win) in examples.chain(nots) {
            let record = record(tables, rule, reply);
            let verdict = classifier.classify(&record);
            if (verdict.rule() == Some(id)) != must_win {
                failures.push(Failure {
                    rule: id,
                    reply,
                    winner: verdict.rule().map(str::to_owned),
                    cause: verdict.cause.id(),
                });
            }
        }
    }
    failures
}

/// An example as a record; a rule that needs its provider known gets a host of that provider.
pub fn record<'k>(tables: &Tables<'k>, rule: &Rule, example: &'k str) -> Record<'k> {
    let of_provider = || {
        let number = Some(rule.when_provider).filter(|number| *number != NONE)?;
        [&BUILT_IN, tables]
            .into_iter()
            .find_map(|tables| tables.list(tables.provider(number)?.hosts).next())
    };
    let host = Some(tables.str(rule.example_host)).filter(|host| !host.is_empty());
    Record {
        reply: example.into(),
        remote_host: host.or_else(of_provider).map(Into::into),
        ..Record::default()
    }
}
