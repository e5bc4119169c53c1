//! The man page and the completions are rendered from the flags and checked in; here they are held against the flags.
//! `WHYBOUNCE_REWRITE=1 cargo test --test papers` writes them anew.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs, io};

use clap::CommandFactory;
use clap_complete::{Generator, Shell};

#[path = "../src/cli.rs"]
#[allow(dead_code)]
mod cli;

fn in_project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Compares with the checked-in file, or rewrites that.
fn is_up_to_date(path: &str, rendered: &[u8]) {
    let file = in_project(path);
    if env::var_os("WHYBOUNCE_REWRITE").is_some() {
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, rendered).unwrap();
    }
    let there = fs::read(&file).unwrap_or_default();
    assert!(
        there == rendered,
        "{path} is stale; run WHYBOUNCE_REWRITE=1 cargo test --test papers"
    );
}

fn completion(shell: impl Generator) -> Vec<u8> {
    let mut rendered = Vec::new();
    clap_complete::generate(shell, &mut cli::Cli::command(), "whybounce", &mut rendered);
    rendered
}

/// The completions, by where they are checked in.
fn completions() -> [(&'static str, Vec<u8>); 5] {
    [
        ("completions/whybounce.bash", completion(Shell::Bash)),
        ("completions/_whybounce", completion(Shell::Zsh)),
        ("completions/whybounce.fish", completion(Shell::Fish)),
        ("completions/whybounce.ps1", completion(Shell::PowerShell)),
        ("completions/whybounce.elv", completion(Shell::Elvish)),
    ]
}

/// Runs a tool on a checked-in file. A machine without the tool has nothing to say; .ci/run installs them all.
fn accepts(tool: &str, arguments: &[&str], file: &str) {
    match Command::new(tool)
        .args(arguments)
        .arg(in_project(file))
        .output()
    {
        Ok(output) => assert!(
            output.status.success(),
            "{tool} {arguments:?} {file}: {}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        ),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => panic!("{tool}: {error}"),
    }
}

/// The day that the man page bears: that of the release in CHANGELOG.md.
const DAY: &str = "2026-11-21";

/// What can be typed, by its purposes; of the flags alone clap would name no value.
const SYNOPSIS: &str = "\
.SH SYNOPSIS
\\fBwhybounce\\fR [\\fIOPTIONS\\fR] [\\fIREPLY\\fR]...
.br
\\fBwhybounce\\fR [\\fIOPTIONS\\fR] \\fB\\-f\\fR \\fIFILE\\fR...
.br
\\fBwhybounce\\fR \\fB\\-\\-explain\\fR \\fICAUSE\\fR|\\fICODE\\fR|\\fIRULE\\fR
.br
\\fBwhybounce\\fR \\fB\\-\\-list\\fR \\fIWHAT\\fR
.br
\\fBwhybounce\\fR \\fB\\-\\-check\\-rules\\fR \\fIFILE\\fR
";

/// The man page. Examples and exit status are sections of their own, and what mandoc finds fault with is mended: breaks
/// beside blank lines, blanks at line ends, lines of more than 80 bytes.
fn man_page() -> String {
    let man = clap_mangen::Man::new(cli::Cli::command().after_help(None::<&str>))
        .title("WHYBOUNCE")
        .date(DAY);
    let mut roff = Vec::new();
    man.render_title(&mut roff).unwrap();
    man.render_name_section(&mut roff).unwrap();
    roff.extend_from_slice(SYNOPSIS.as_bytes());
    man.render_description_section(&mut roff).unwrap();
    man.render_options_section(&mut roff).unwrap();
    let roff = String::from_utf8(roff)
        .unwrap()
        .replace(".br\n\n.br\n", ".sp\n")
        .replace("\n\n", "\n.sp\n");
    let mut page: String = roff.lines().map(|line| wrapped(line.trim_end())).collect();
    let (mut literal, mut more) = (false, String::new());
    for line in cli::AFTER_HELP.lines().filter(|line| !line.is_empty()) {
        match line.strip_suffix(':').filter(|line| !line.starts_with(' ')) {
            Some("Examples") => more.push_str(".SH EXAMPLES\n"),
            Some("Exit status") => more.push_str(".fi\n.SH EXIT STATUS\n"),
            Some(title) => more.push_str(&format!(".fi\n.PP\n{title}:\n")),
            None => {
                if !literal {
                    more.push_str(".nf\n");
                }
                more.push_str(
                    &line
                        .trim_start()
                        .replace('\\', "\\e")
                        .replace('-', "\\-")
                        .replace('\'', "\\(aq"),
                );
                more.push('\n');
            }
        }
        literal = line.starts_with(' ');
    }
    page.push_str(&more);
    page.push_str(".fi\n");
    page
}

/// A line of roff on several lines: filled text reads the same.
fn wrapped(line: &str) -> String {
    let mut lines = String::new();
    let mut rest = line;
    while rest.len() > 79 && !rest.starts_with('.') {
        let Some(end) = rest[..79]
            .rfind(' ')
            .filter(|end| !rest[end + 1..].starts_with(['.', '\'']))
        else {
            break;
        };
        lines.push_str(&rest[..end]);
        lines.push('\n');
        rest = &rest[end + 1..];
    }
    lines + rest + "\n"
}

#[test]
fn the_man_page_is_that_of_the_flags_and_mandoc_likes_it() {
    is_up_to_date("man/whybounce.1", man_page().as_bytes());
    accepts("mandoc", &["-Tlint", "-Wstyle"], "man/whybounce.1");
}

#[test]
fn man_page_completions_and_help_name_every_flag() {
    let mut papers = vec![
        ("-h", cli::Cli::command().render_help().to_string()),
        ("--help", cli::Cli::command().render_long_help().to_string()),
        ("the man page", man_page().replace('\\', "")),
    ];
    for (path, rendered) in completions() {
        papers.push((path, String::from_utf8(rendered).unwrap()));
    }
    for flag in cli::Cli::command().get_arguments() {
        let Some(long) = flag.get_long() else {
            continue;
        };
        assert!(flag.get_help().is_some(), "--{long} has no help");
        for (paper, text) in &papers {
            let named = match *paper {
                "completions/whybounce.fish" => format!("-l {long}"),
                _ => format!("--{long}"),
            };
            assert!(text.contains(&named), "{paper} does not name {named}");
        }
    }
}

#[test]
fn the_completions_are_those_of_the_flags() {
    for (path, rendered) in completions() {
        is_up_to_date(path, &rendered);
    }
}

#[test]
fn the_shells_load_their_completions() {
    accepts("bash", &["--norc", "-eu"], "completions/whybounce.bash");
    accepts("zsh", &["-f", "-n"], "completions/_whybounce");
    accepts("fish", &["--no-config"], "completions/whybounce.fish");
}
