//! The user's own rules: where their files are, how they are read, and `--check-rules`.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};
use whybounce::classifier::{Classifier, proof};
use whybounce::knowledge::user::UserRules;

use crate::exit::{CANNOT_WRITE, Status};
use crate::render::escape::visible;

/// Bytes of a file of rules at most: what is larger is no such file.
const LARGEST: u64 = 16 << 20;

/// Reads the user's usual rules and those of `files`; `None` when there are no files.
///
/// # Errors
/// A file that cannot be read; a rule that is refused, with file, line and reason.
pub fn read(files: &[PathBuf], with_usual: bool) -> Result<Option<UserRules>> {
    let mut texts = Vec::new();
    if with_usual && let Some(path) = usual_place() {
        match File::open(&path) {
            Ok(file) => texts.push(text(&path, file)?),
            // Somebody else's home, as after `sudo -u`, holds nothing of this user.
            Err(error)
                if matches!(
                    error.kind(),
                    ErrorKind::NotFound | ErrorKind::NotADirectory | ErrorKind::PermissionDenied
                ) => {}
            Err(error) => return Err(error).with_context(|| cannot_read(&path)),
        }
    }
    for path in files {
        let file = File::open(path).with_context(|| cannot_read(path))?;
        texts.push(text(path, file)?);
    }
    if texts.is_empty() {
        return Ok(None);
    }
    match UserRules::compile(&texts) {
        Ok(rules) => Ok(Some(rules)),
        Err(problems) => Err(refused(&problems)),
    }
}

/// `$XDG_CONFIG_HOME/whybounce/rules.toml`, or the same under `~/.config` (XDG Base Directory Specification 0.8).
fn usual_place() -> Option<PathBuf> {
    let absolute = |name: &str| {
        let path = PathBuf::from(std::env::var_os(name)?);
        path.is_absolute().then_some(path)
    };
    let config = absolute("XDG_CONFIG_HOME").or_else(|| Some(absolute("HOME")?.join(".config")))?;
    Some(config.join("whybounce/rules.toml"))
}

fn cannot_read(path: &Path) -> String {
    format!("cannot read {}", path.display())
}

/// The name and the text of a file.
fn text(path: &Path, file: File) -> Result<(String, String)> {
    let mut bytes = Vec::new();
    let read = file.take(LARGEST + 1).read_to_end(&mut bytes);
    let read = read.with_context(|| cannot_read(path))?;
    if read as u64 > LARGEST {
        bail!(
            "{}: {} MiB of rules are the most",
            cannot_read(path),
            LARGEST >> 20
        );
    }
    let name = path.display().to_string();
    match String::from_utf8(bytes) {
        Ok(text) => Ok((name, text)),
        Err(error) => {
            let (good, _) = error.as_bytes().split_at(error.utf8_error().valid_up_to());
            let line = memchr::memchr_iter(b'\n', good).count() + 1;
            bail!("{name}:{line}: not UTF-8, which rules are written in")
        }
    }
}

/// The error for rules that are refused: a problem a line.
fn refused(problems: &[String]) -> anyhow::Error {
    let (first, rest) = problems.split_first().unzip();
    // The error itself is told by whoever ends the program; what else is wrong goes before it.
    for problem in rest.unwrap_or_default() {
        drop(writeln!(io::stderr(), "whybounce: {}", visible(problem)));
    }
    anyhow!("{}", first.map_or("", String::as_str))
}

/// Runs the examples and nots of the rules in a file and prints what fails.
///
/// # Errors
/// The file or a rule in it is refused, or the writer's.
pub fn check(path: &Path, out: &mut impl Write) -> Result<Status> {
    let Some(rules) = read(&[path.to_owned()], false)? else {
        return Ok(Status::Nothing);
    };
    let tables = rules.tables();
    if tables.rules.is_empty() {
        let name = path.display().to_string();
        writeln!(
            out,
            "{}: no rule in it, so nothing to check",
            visible(&name)
        )
        .and_then(|()| out.flush())
        .context(CANNOT_WRITE)?;
        return Ok(Status::Nothing);
    }
    let failures = proof::failures(&tables, &mut Classifier::new(Some(&tables)));
    let mut report: String = failures
        .iter()
        .map(|failure| format!("{}\n", visible(&failure.to_string())))
        .collect();
    let status = if failures.is_empty() {
        let count = |number, what| format!("{number} {what}{}", if number == 1 { "" } else { "s" });
        let replies = tables
            .rules
            .iter()
            .map(|rule| rule.examples.len + rule.nots.len)
            .sum::<u32>();
        report = format!(
            "{} with {}: all hold\n",
            count(tables.rules.len(), "rule"),
            count(replies as usize, "example")
        );
        Status::Answered
    } else {
        Status::Nothing
    };
    out.write_all(report.as_bytes())
        .and_then(|()| out.flush())
        .context(CANNOT_WRITE)?;
    Ok(status)
}
