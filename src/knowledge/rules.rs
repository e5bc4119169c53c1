//! The TOML form of the knowledge, as README.md describes it; read by the build script and by `--rules`.

use serde::Deserialize;
use std::collections::BTreeMap;
use toml::Spanned;

/// One text or a list of them.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl Default for OneOrMany {
    fn default() -> Self {
        Self::Many(Vec::new())
    }
}

impl OneOrMany {
    /// The texts, however they were written.
    pub fn as_slice(&self) -> &[String] {
        match self {
            Self::One(text) => std::slice::from_ref(text),
            Self::Many(texts) => texts,
        }
    }
}

/// A file of providers/, filters/ or servers/, or the user's own.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct RulesFile {
    pub provider: Option<Spanned<ProviderEntry>>,
    /// Its rules are anybody's wording: they lose a tie against the rules of a file with a subject.
    #[serde(default)]
    pub general: bool,
    #[serde(default)]
    pub rule: Vec<Spanned<RuleEntry>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ProviderEntry {
    pub id: String,
    pub name: String,
    #[serde(default)]
    pub hosts: Vec<String>,
    #[serde(default)]
    pub domains: Vec<String>,
    #[serde(default)]
    pub marks: Vec<String>,
    #[serde(default)]
    pub page: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct RuleEntry {
    pub id: String,
    pub cause: String,
    pub when: WhenEntry,
    pub source: String,
    pub example: OneOrMany,
    #[serde(default)]
    pub not: OneOrMany,
    #[serde(default)]
    pub example_host: String,
    #[serde(default)]
    pub strength: Option<String>,
    #[serde(default)]
    pub family: Option<String>,
    #[serde(default)]
    pub types: Vec<String>,
    #[serde(default)]
    pub priority: Option<String>,
    #[serde(default)]
    pub owner: Option<String>,
    #[serde(default)]
    pub retry: Option<String>,
    #[serde(default)]
    pub suppress: Option<bool>,
    #[serde(default)]
    pub provider: Option<String>,
    #[serde(default)]
    pub blocklist: Option<String>,
    #[serde(default)]
    pub likely: Vec<String>,
    #[serde(default)]
    pub summary: String,
    #[serde(default)]
    pub fix: OneOrMany,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct WhenEntry {
    #[serde(default)]
    pub says: OneOrMany,
    #[serde(default)]
    pub also: OneOrMany,
    #[serde(default)]
    pub unless: OneOrMany,
    #[serde(default)]
    pub marker: OneOrMany,
    #[serde(default)]
    pub provider: Option<String>,
    #[serde(default)]
    pub code: OneOrMany,
    #[serde(default)]
    pub enhanced: OneOrMany,
    #[serde(default)]
    pub phase: OneOrMany,
    #[serde(default)]
    pub regex: Option<String>,
}

/// words.toml: named sets of words.
pub type WordSets = BTreeMap<String, Vec<String>>;

/// Where the lines of a text end.
pub struct Lines(Vec<usize>);

impl Lines {
    pub fn of(text: &str) -> Self {
        Self(text.match_indices('\n').map(|(end, _)| end).collect())
    }

    /// The line (from 1) of a byte.
    pub fn number(&self, at: usize) -> usize {
        self.0.partition_point(|end| *end < at) + 1
    }
}
