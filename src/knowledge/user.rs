//! The user's own rules: files in the form of ours, checked as strictly, compiled into tables of their own.

use std::collections::HashMap;

use super::compile::{Compiled, Names, compile_file};
use super::rules::{Lines, RulesFile, WordSets};
use super::tables::Tables;
use super::{BUILT_IN, Cause, WORD_SETS, blocklists};

/// The user's own rules, to be asked before the built-in ones.
#[derive(Debug)]
pub struct UserRules {
    compiled: Compiled,
}

/// The names of the built-in knowledge, and of the user's own providers.
#[derive(Default)]
struct Known {
    providers: HashMap<String, u16>,
}

impl Names for Known {
    fn cause(&self, id: &str) -> Option<u8> {
        Cause::from_id(id).map(|cause| cause as u8)
    }

    fn provider(&self, id: &str) -> Option<u16> {
        self.providers.get(id).copied()
    }

    fn blocklist(&self, id: &str) -> Option<u16> {
        (0..)
            .zip(blocklists())
            .find(|(_, list)| BUILT_IN.str(list.id) == id)
            .map(|(number, _)| number)
    }
}

impl UserRules {
    /// Compiles files of rules, each given by its name and its text.
    ///
    /// # Errors
    /// Everything that is wrong with them, each problem with file and line.
    pub fn compile(files: &[(String, String)]) -> Result<Self, Vec<String>> {
        let mut problems = Vec::new();
        let mut parsed = Vec::new();
        for (name, text) in files {
            match toml::from_str::<RulesFile>(text) {
                Ok(file) => parsed.push((name, text, file)),
                Err(error) => {
                    let line = error
                        .span()
                        .map_or(1, |span| Lines::of(text).number(span.start));
                    let reason = error.message().replace('\n', "; ");
                    problems.push(format!("{name}:{line}: {reason}"));
                }
            }
        }

        // A file may name the provider of another one, so all of them are known before the first rule.
        let numbers = (0u16..).zip(BUILT_IN.providers);
        let mut known = Known {
            providers: numbers
                .map(|(number, row)| (BUILT_IN.str(row.id).to_owned(), number))
                .collect(),
        };
        let first = known.providers.len() as u16;
        let mut compiled = Compiled::new(first);
        let own = parsed
            .iter()
            .filter_map(|(name, text, file)| Some((name, text, file.provider.as_ref()?)));
        for (number, (name, text, spanned)) in (first..).zip(own) {
            let line = Lines::of(text).number(spanned.span().start);
            let provider = spanned.get_ref();
            let place = format!("{name}:{line}: provider {:?}", provider.id);
            if known
                .providers
                .insert(provider.id.clone(), number)
                .is_some()
            {
                problems.push(format!(
                    "{place}: there is one already; leave out [provider] and name it in `provider`"
                ));
            } else if let Err(problem) = compiled.provider(provider) {
                problems.push(format!("{place}: {problem}"));
            }
        }

        let sets = word_sets();
        let mut seen: HashMap<String, String> = BUILT_IN
            .rules
            .iter()
            .map(|rule| (BUILT_IN.str(rule.id).to_owned(), "a built-in rule".into()))
            .collect();
        for (name, text, file) in &parsed {
            problems.extend(compile_file(
                &mut compiled,
                name,
                text,
                file,
                &known,
                &sets,
                &mut seen,
            ));
            let lines = Lines::of(text);
            for rule in &file.rule {
                let entry = rule.get_ref();
                if let Some(pattern) = &entry.when.regex
                    && let Err(problem) = super::regex(pattern)
                {
                    let (line, id) = (lines.number(rule.span().start), &entry.id);
                    // The reason is the last line, behind a drawing of the place.
                    let problem = problem.to_string();
                    let problem = problem.lines().next_back().unwrap_or_default();
                    let problem = problem.trim_start_matches("error: ");
                    problems.push(format!(
                        "{name}:{line}: rule {id:?}: `regex` {pattern:?}: {problem}"
                    ));
                }
            }
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        compiled.finish();
        Ok(Self { compiled })
    }

    /// The compiled rules.
    #[must_use]
    pub fn tables(&self) -> Tables<'_> {
        self.compiled.tables()
    }
}

/// The sets of words.toml, as written.
fn word_sets() -> WordSets {
    WORD_SETS
        .iter()
        .map(|(name, words)| {
            let words = BUILT_IN.list(*words).map(str::to_owned).collect();
            (BUILT_IN.str(*name).to_owned(), words)
        })
        .collect()
}
