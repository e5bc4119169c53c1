//! The build script: reads the TOML files beside it, refuses what is wrong with file and line, and writes the tables.

use serde::Deserialize;
use std::collections::HashMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

#[allow(dead_code)]
#[path = "../vocabulary.rs"]
mod vocabulary;

#[allow(dead_code)]
mod compile;
#[allow(dead_code)]
mod rules;
#[allow(dead_code)]
mod tables;
#[allow(dead_code)]
mod words;

use compile::{Compiled, Names, compile_file, kinds, member};
use rules::{OneOrMany, RulesFile, WordSets};
use tables::{Blocklist, CauseRow, CodeRow, Resolver, Slot, Span, Str, UNSET};
use vocabulary::{Exit, Family, Lists, Operating, Owner, Phase, Priority, Retry};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CausesFile {
    own_server: Vec<String>,
    cause: Vec<CauseEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CauseEntry {
    id: String,
    title: String,
    summary: String,
    types: Vec<String>,
    priority: String,
    owner: String,
    retry: String,
    suppress: bool,
    #[serde(default)]
    passes: bool,
    exit: String,
    meaning: String,
    why: Vec<String>,
    tell_apart: Vec<String>,
    fix: Vec<String>,
    references: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CodesFile {
    code: Vec<CodeEntry>,
    class: Vec<CodeEntry>,
    enhanced: Vec<CodeEntry>,
}

/// A row of codes.toml; which of `code`, `digit` it has depends on its table.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CodeEntry {
    code: Option<toml::Value>,
    digit: Option<u16>,
    name: String,
    #[serde(default)]
    defined: String,
    meaning: String,
    #[serde(default)]
    cause: Option<String>,
    cause2: Option<String>,
    cause4: Option<String>,
    cause5: Option<String>,
    #[serde(default)]
    ambiguous: bool,
    #[serde(default)]
    cautions: String,
    #[serde(default)]
    likely: Vec<String>,
    #[serde(default)]
    types: Vec<String>,
    priority: Option<String>,
    family: Option<String>,
    retry: Option<String>,
    suppress: Option<bool>,
    #[serde(default)]
    fix: OneOrMany,
    #[serde(default)]
    phases: Vec<PhaseEntry>,
    source: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PhaseEntry {
    phase: String,
    cause: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BlocklistsFile {
    list: Vec<ListEntry>,
    resolver_error: Vec<ResolverEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ListEntry {
    id: String,
    name: String,
    operator: String,
    lists: String,
    marks: Vec<String>,
    meaning: String,
    lookup: String,
    #[serde(default)]
    removal: String,
    operating: String,
    #[serde(default)]
    closed: String,
    #[serde(default)]
    private: bool,
    fix: OneOrMany,
    source: String,
    example: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ResolverEntry {
    id: String,
    marks: Vec<String>,
    meaning: String,
    fix: OneOrMany,
    source: String,
    example: String,
}

#[derive(Default)]
struct Ids {
    causes: HashMap<String, u8>,
    providers: HashMap<String, u16>,
    blocklists: HashMap<String, u16>,
}

impl Names for Ids {
    fn cause(&self, id: &str) -> Option<u8> {
        self.causes.get(id).copied()
    }
    fn provider(&self, id: &str) -> Option<u16> {
        self.providers.get(id).copied()
    }
    fn blocklist(&self, id: &str) -> Option<u16> {
        self.blocklists.get(id).copied()
    }
}

type Outcome<T> = Result<T, String>;

fn main() {
    let root =
        PathBuf::from(env::var("CARGO_MANIFEST_DIR").unwrap_or_default()).join("src/knowledge");
    println!("cargo::rerun-if-changed=src/knowledge");
    println!("cargo::rerun-if-changed=src/vocabulary.rs");
    match generate(&root) {
        Ok(source) => {
            let out = PathBuf::from(env::var("OUT_DIR").unwrap_or_default()).join("knowledge.rs");
            if let Err(error) = fs::write(&out, source) {
                println!("cargo::error=cannot write {}: {error}", out.display());
            }
        }
        Err(problem) => {
            for line in problem.lines() {
                println!("cargo::error={line}");
            }
        }
    }
}

fn generate(root: &Path) -> Outcome<String> {
    let sets: WordSets = parse(root, "words.toml")?.1;
    let (_, causes): (_, CausesFile) = parse(root, "causes.toml")?;
    let (_, codes): (_, CodesFile) = parse(root, "codes.toml")?;
    let (_, lists): (_, BlocklistsFile) = parse(root, "blocklists.toml")?;
    let mut files = Vec::new();
    for folder in ["filters", "providers", "servers"] {
        let mut names: Vec<_> = fs::read_dir(root.join(folder))
            .map_err(|error| format!("src/knowledge/{folder}: {error}"))?
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .filter(|name| name.ends_with(".toml"))
            .collect();
        names.sort();
        for name in names {
            let name = format!("{folder}/{name}");
            let (text, file): (_, RulesFile) = parse(root, &name)?;
            files.push((name, text, file));
        }
    }

    let mut ids = Ids::default();
    for (at, cause) in (0..).zip(&causes.cause) {
        once(&mut ids.causes, &cause.id, at, "cause")?;
    }
    for (at, list) in (0..).zip(&lists.list) {
        once(&mut ids.blocklists, &list.id, at, "blocklist")?;
    }
    for (at, provider) in (0..).zip(
        files
            .iter()
            .filter_map(|(_, _, file)| Some(file.provider.as_ref()?.get_ref())),
    ) {
        once(&mut ids.providers, &provider.id, at, "provider")?;
    }

    // Every problem is collected, so that one build shows them all.
    let mut problems = String::new();
    let mut compiled = Compiled::new(0);
    let mut seen = HashMap::new();
    for (name, text, file) in &files {
        let shown = format!("src/knowledge/{name}");
        if let Some(entry) = &file.provider
            && let Err(problem) = compiled.provider(entry.get_ref())
        {
            let _ = writeln!(problems, "{shown}: {problem}");
        }
        for problem in compile_file(&mut compiled, &shown, text, file, &ids, &sets, &mut seen) {
            let _ = writeln!(problems, "{problem}");
        }
    }
    // The sets are kept as written, for phrases of the user's own rules.
    let word_sets: Vec<(Str, Span)> = sets
        .iter()
        .map(|(name, words)| (compiled.text(name), compiled.list(words)))
        .collect();
    let own_server = compiled.steps(&causes.own_server);
    let causes_rows = causes
        .cause
        .iter()
        .map(|entry| cause_row(&mut compiled, entry))
        .collect::<Outcome<Vec<_>>>();
    let lists_rows = lists
        .list
        .iter()
        .zip(0..)
        .map(|(entry, at)| list_row(&mut compiled, entry, at))
        .collect::<Outcome<Vec<_>>>();
    let resolvers: Outcome<Vec<Resolver>> = lists
        .resolver_error
        .iter()
        .zip(0..)
        .map(|(entry, at)| {
            let problem = |problem| format!("blocklists.toml: {}: {problem}", entry.id);
            for mark in &entry.marks {
                compiled.mark(mark, at, Slot::RESOLVER).map_err(problem)?;
            }
            Ok(Resolver {
                id: compiled.text(&entry.id),
                meaning: compiled.text(&entry.meaning),
                fix: compiled.steps(entry.fix.as_slice()).map_err(problem)?,
                source: compiled.text(&entry.source),
                marks: compiled.list(&entry.marks),
                example: compiled.text(&entry.example),
            })
        })
        .collect();
    let codes_rows = code_rows(&mut compiled, &codes.code, &ids);
    let class_rows = code_rows(&mut compiled, &codes.class, &ids);
    let enhanced_rows = code_rows(&mut compiled, &codes.enhanced, &ids);
    for problem in [
        own_server.as_ref().err(),
        causes_rows.as_ref().err(),
        lists_rows.as_ref().err(),
        resolvers.as_ref().err(),
        codes_rows.as_ref().err(),
        class_rows.as_ref().err(),
        enhanced_rows.as_ref().err(),
    ]
    .into_iter()
    .flatten()
    {
        let _ = writeln!(problems, "{problem}");
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    compiled.finish();

    let tables = compiled.tables();
    let mut source = cause_enum(&causes);
    let _ = writeln!(source, "static OWN_SERVER: Span = {:?};", own_server?);
    write_static(&mut source, "CAUSES", "CauseRow", &causes_rows?);
    write_static(&mut source, "BLOCKLISTS", "Blocklist", &lists_rows?);
    write_static(&mut source, "RESOLVERS", "Resolver", &resolvers?);
    write_static(&mut source, "CODES", "CodeRow", &codes_rows?);
    write_static(&mut source, "CLASSES", "CodeRow", &class_rows?);
    write_static(&mut source, "ENHANCED", "CodeRow", &enhanced_rows?);
    write_static(&mut source, "WORD_SETS", "(Str, Span)", &word_sets);
    write_static(&mut source, "HOSTS", "(u32, u32)", tables.hosts);
    write_static(&mut source, "DOMAINS", "(u32, u32)", tables.domains);
    write_static(&mut source, "PROVIDERS", "Provider", tables.providers);
    write_static(&mut source, "GLANCES", "u64", tables.glances);
    write_static(&mut source, "SLOTS", "(u32, u32)", tables.slots);
    write_static(&mut source, "STARTS", "(u32, u32)", tables.starts);
    write_static(&mut source, "NODES", "Node", tables.nodes);
    write_static(&mut source, "EDGES", "Edge", tables.edges);
    write_static(&mut source, "USES", "Use", tables.uses);
    write_static(&mut source, "STRS", "Str", tables.strs);
    write_static(&mut source, "SENTENCES", "Sentence", tables.sentences);
    write_static(&mut source, "PIECES", "Piece", tables.pieces);
    write_static(&mut source, "CODE_RANGES", "(u16, u16)", tables.codes);
    write_static(
        &mut source,
        "ENHANCED_RANGES",
        "EnhancedRange",
        tables.enhanced,
    );
    write_static(&mut source, "BYTES", "u8", tables.bytes);
    write_static(&mut source, "RULES", "Rule", tables.rules);
    write_static(&mut source, "WORDLESS", "(u16, u8, u32)", tables.wordless);
    let _ = writeln!(source, "static TEXT: &str = {:?};", tables.text);
    Ok(source)
}

fn parse<T: serde::de::DeserializeOwned>(root: &Path, name: &str) -> Outcome<(String, T)> {
    let text = fs::read_to_string(root.join(name))
        .map_err(|error| format!("src/knowledge/{name}: {error}"))?;
    let value = toml::from_str(&text).map_err(|error| format!("src/knowledge/{name}: {error}"))?;
    Ok((text, value))
}

fn once<T>(map: &mut HashMap<String, T>, id: &str, value: T, what: &str) -> Outcome<()> {
    match map.insert(id.to_owned(), value) {
        None => Ok(()),
        Some(_) => Err(format!("the {what} id {id:?} stands twice")),
    }
}

/// The vocabulary's member or, where causes leave it to the class of the code, [`UNSET`].
fn or_by_class(
    place: &str,
    what: &str,
    id: &str,
    find: impl Fn(&str) -> Option<u8>,
) -> Outcome<u8> {
    if id == "by-class" {
        return Ok(UNSET);
    }
    find(id).ok_or_else(|| format!("{place}: there is no {what} {id:?}"))
}

fn cause_row(compiled: &mut Compiled, entry: &CauseEntry) -> Outcome<CauseRow> {
    let place = format!("src/knowledge/causes.toml: cause {:?}", entry.id);
    let problem = |problem| format!("{place}: {problem}");
    Ok(CauseRow {
        id: compiled.text(&entry.id),
        title: compiled.text(&entry.title),
        summary: compiled.sentence(&entry.summary).map_err(problem)?,
        types: kinds(&entry.types).map_err(problem)?,
        priority: or_by_class(&place, "priority", &entry.priority, |id| {
            Priority::from_id(id).map(|it| it as u8)
        })?,
        owner: or_by_class(&place, "owner", &entry.owner, |id| {
            Owner::from_id(id).map(|it| it as u8)
        })?,
        retry: or_by_class(&place, "retry", &entry.retry, |id| {
            Retry::from_id(id).map(|it| it as u8)
        })?,
        suppress: u8::from(entry.suppress),
        passes: u8::from(entry.passes),
        exit: or_by_class(&place, "exit", &entry.exit, |id| {
            Exit::from_id(id).map(|it| it as u8)
        })?,
        meaning: compiled.text(&entry.meaning),
        why: compiled.list(&entry.why),
        tell_apart: compiled.list(&entry.tell_apart),
        fix: compiled.steps(&entry.fix).map_err(problem)?,
        references: compiled.list(&entry.references),
    })
}

fn list_row(compiled: &mut Compiled, entry: &ListEntry, at: u32) -> Outcome<Blocklist> {
    let place = format!("src/knowledge/blocklists.toml: list {:?}", entry.id);
    let problem = |problem| format!("{place}: {problem}");
    for mark in &entry.marks {
        compiled.mark(mark, at, Slot::BLOCKLIST).map_err(problem)?;
    }
    // What is listed is filled in once.
    let lookup = &entry.lookup;
    let filled = lookup
        .split_once("{ip}")
        .or_else(|| lookup.split_once("{domain}"));
    let (before, behind) = filled.unwrap_or((lookup, ""));
    if before.contains(['{', '}']) || behind.contains(['{', '}']) {
        return Err(format!(
            "{place}: `lookup` {lookup:?} may have one {{ip}} or {{domain}} and no other brackets"
        ));
    }
    Ok(Blocklist {
        id: compiled.text(&entry.id),
        name: compiled.text(&entry.name),
        operator: compiled.text(&entry.operator),
        lists: or_by_class(&place, "kind of list", &entry.lists, |id| {
            Lists::from_id(id).map(|it| it as u8)
        })?,
        meaning: compiled.text(&entry.meaning),
        lookup: compiled.text(&entry.lookup),
        removal: compiled.text(&entry.removal),
        operating: or_by_class(&place, "state", &entry.operating, |id| {
            Operating::from_id(id).map(|it| it as u8)
        })?,
        closed: compiled.text(&entry.closed),
        private: u8::from(entry.private),
        fix: compiled.steps(entry.fix.as_slice()).map_err(problem)?,
        source: compiled.text(&entry.source),
        marks: compiled.list(&entry.marks),
        example: compiled.text(&entry.example),
    })
}

/// The rows of one table of codes.toml, sorted by key.
fn code_rows(compiled: &mut Compiled, entries: &[CodeEntry], ids: &Ids) -> Outcome<Vec<CodeRow>> {
    let mut rows = entries
        .iter()
        .map(|entry| code_row(compiled, entry, ids))
        .collect::<Outcome<Vec<_>>>()?;
    rows.sort_by_key(|row| row.key);
    match rows.windows(2).find(|pair| pair[0].key == pair[1].key) {
        Some(pair) => Err(format!(
            "src/knowledge/codes.toml: the code with key {} stands twice",
            pair[0].key
        )),
        None => Ok(rows),
    }
}

fn code_row(compiled: &mut Compiled, entry: &CodeEntry, ids: &Ids) -> Outcome<CodeRow> {
    let place = format!("src/knowledge/codes.toml: {:?}", entry.name);
    let problem = |problem: String| format!("{place}: {problem}");
    let key = match (&entry.code, entry.digit) {
        (None, Some(digit)) => digit,
        (Some(toml::Value::Integer(code)), None) => {
            u16::try_from(*code).map_err(|error| problem(error.to_string()))?
        }
        (Some(toml::Value::String(code)), None) => enhanced_key(code)
            .ok_or_else(|| problem(format!("{code:?} is not of the form \"x.1.1\"")))?,
        _ => return Err(problem("has no code".to_owned())),
    };
    let cause = |id: &Option<String>| match id.as_ref().or(entry.cause.as_ref()) {
        Some(id) => ids
            .cause(id)
            .ok_or_else(|| problem(format!("there is no cause {id:?}"))),
        None => ids
            .cause("unclassified")
            .ok_or_else(|| problem("there is no cause \"unclassified\"".to_owned())),
    };
    let mut phases = Vec::new();
    for entry in &entry.phases {
        phases.push(
            Phase::from_id(&entry.phase)
                .ok_or_else(|| problem(format!("there is no phase {:?}", entry.phase)))?
                as u8,
        );
        phases.push(
            ids.cause(&entry.cause)
                .ok_or_else(|| problem(format!("there is no cause {:?}", entry.cause)))?,
        );
    }
    let likely = entry
        .likely
        .iter()
        .map(|id| {
            ids.cause(id)
                .ok_or_else(|| problem(format!("there is no cause {id:?}")))
        })
        .collect::<Outcome<Vec<u8>>>()?;
    let accepted = ids.cause("accepted").unwrap_or_default();
    Ok(CodeRow {
        key,
        name: compiled.text(&entry.name),
        defined: compiled.text(&entry.defined),
        meaning: compiled.text(&entry.meaning),
        cautions: compiled.text(&entry.cautions),
        causes: [
            if entry.digit.is_some()
                || matches!(entry.code, Some(toml::Value::Integer(_)))
                || entry.cause2.is_some()
            {
                cause(&entry.cause2)?
            } else {
                accepted
            },
            cause(&entry.cause4)?,
            cause(&entry.cause5)?,
        ],
        ambiguous: u8::from(entry.ambiguous),
        likely: compiled.bytes(&likely),
        types: kinds(&entry.types).map_err(problem)?,
        priority: member("priority", &entry.priority, Priority::ALL, Priority::id)
            .map_err(problem)?
            .unwrap_or(UNSET),
        family: member("family", &entry.family, Family::ALL, Family::id)
            .map_err(problem)?
            .unwrap_or(UNSET),
        retry: member("retry", &entry.retry, Retry::ALL, Retry::id)
            .map_err(problem)?
            .unwrap_or(UNSET),
        suppress: entry.suppress.map_or(UNSET, u8::from),
        fix: compiled.steps(entry.fix.as_slice()).map_err(problem)?,
        source: compiled.text(&entry.source),
        phases: compiled.bytes(&phases),
    })
}

/// `x.1.1` as `subject << 8 | detail`.
fn enhanced_key(code: &str) -> Option<u16> {
    let (subject, detail) = code
        .to_ascii_lowercase()
        .strip_prefix("x.")?
        .split_once('.')
        .map(|(a, b)| (a.to_owned(), b.to_owned()))?;
    let (subject, detail): (u16, u16) = (subject.parse().ok()?, detail.parse().ok()?);
    (subject < 8 && detail < 256).then_some(subject << 8 | detail)
}

/// The causes as an enum, documented by the knowledge itself.
fn cause_enum(causes: &CausesFile) -> String {
    let mut source = String::from(
        "/// Why a mail was refused, deferred or accepted.\n#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]\n#[repr(u8)]\npub enum Cause {\n",
    );
    let variant = |id: &str| -> String {
        id.split('-')
            .map(|part| part[..1].to_uppercase() + &part[1..])
            .collect()
    };
    for cause in &causes.cause {
        let _ = writeln!(
            source,
            "    #[doc = {:?}]\n    {},",
            format!("{}: {}", cause.title, cause.meaning),
            variant(&cause.id)
        );
    }
    source.push_str(
        "}\n\nimpl Cause {\n    /// Every cause.\n    pub const ALL: &'static [Self] = &[",
    );
    for cause in &causes.cause {
        let _ = write!(source, "Self::{}, ", variant(&cause.id));
    }
    source.push_str("];\n}\n");
    source
}

fn write_static<T: std::fmt::Debug>(source: &mut String, name: &str, row: &str, rows: &[T]) {
    let _ = writeln!(source, "static {name}: [{row}; {}] = [", rows.len());
    for row in rows {
        let _ = writeln!(source, "{row:?},");
    }
    source.push_str("];\n");
}
