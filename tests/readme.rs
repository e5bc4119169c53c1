//! What README.md shows is what the program prints. `WHYBOUNCE_REWRITE=1 cargo test --test readme` writes it anew.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::Path;
use std::process::Command;
use std::{env, fs};

/// What a shell prints for a command that calls the program by its name.
fn printed(command: &str) -> String {
    let program = Path::new(env!("CARGO_BIN_EXE_whybounce"));
    let mut path = program.parent().unwrap().as_os_str().to_owned();
    path.push(":");
    path.push(env::var_os("PATH").unwrap_or_default());
    let output = Command::new("sh")
        .args(["-c", command])
        .env("PATH", path)
        .env_remove("COLUMNS")
        .env_remove("HOME")
        .env_remove("XDG_CONFIG_HOME")
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap()
}

#[cfg(unix)]
#[test]
fn every_run_in_the_readme_is_a_real_one() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = fs::read_to_string(&file).unwrap();
    let mut fresh = String::new();
    let (mut in_console, mut runs) = (false, 0);
    for line in readme.lines() {
        match line {
            "```console" => in_console = true,
            "```" => in_console = false,
            _ if in_console && !line.starts_with("$ ") => continue,
            _ => {}
        }
        fresh.push_str(line);
        fresh.push('\n');
        if let Some(command) = line.strip_prefix("$ ").filter(|_| in_console) {
            runs += 1;
            for line in printed(command).lines() {
                fresh.push_str(line.trim_end());
                fresh.push('\n');
            }
        }
    }
    assert!(runs > 0, "README.md shows no run");
    if env::var_os("WHYBOUNCE_REWRITE").is_some() {
        fs::write(&file, &fresh).unwrap();
    }
    let shown = fs::read_to_string(&file).unwrap();
    assert!(
        shown == fresh,
        "README.md is stale; run WHYBOUNCE_REWRITE=1 cargo test --test readme\n{fresh}"
    );
}

#[test]
fn the_library_example_of_the_readme_is_one_that_runs() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |name: &str| fs::read_to_string(root.join(name)).unwrap();
    let (readme, library) = (read("README.md"), read("src/lib.rs"));
    // The documentation's examples are compiled and run by `cargo test`.
    let (_, behind) = library.split_once("//! ```\n").unwrap();
    let (runs, _) = behind.split_once("//! ```\n").unwrap();
    let (_, behind) = readme.split_once("```rust\n").unwrap();
    let (shown, _) = behind.split_once("```\n").unwrap();
    for line in shown.lines().filter(|line| !line.is_empty()) {
        assert!(runs.contains(&format!("//! {line}\n")), "{line}");
    }
}
