//! The Debian package: built from Cargo.toml, installed into a directory, and used there.
//! A machine without cargo-deb or dpkg has nothing to say.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::Path;
use std::process::Command;
use std::{env, fs};

fn is_there(program: &str, argument: &str) -> bool {
    Command::new(program)
        .arg(argument)
        .output()
        .is_ok_and(|output| output.status.success())
}

fn succeeds(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{command:?}: {said}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_package_installs_the_program_its_man_page_and_its_completions() {
    if !is_there("cargo-deb", "--version") || !is_there("dpkg", "--version") {
        return;
    }
    let root = env::temp_dir().join(format!("whybounce-package-{}", std::process::id()));
    let admin = root.join("var/lib/dpkg");
    for folder in ["info", "updates", "triggers"] {
        fs::create_dir_all(admin.join(folder)).unwrap();
    }
    fs::write(admin.join("status"), "").unwrap();
    let package = root.join("whybounce.deb");
    // The program that the tests were built with: another build would take minutes.
    let program = Path::new(env!("CARGO_BIN_EXE_whybounce"));
    let profile = match program.parent().and_then(Path::file_name) {
        Some(name) if name == "debug" => "dev",
        _ => "release",
    };
    succeeds(
        Command::new("cargo-deb")
            .args([
                "deb",
                "--no-build",
                "--no-strip",
                "--fast",
                "--profile",
                profile,
                "--output",
            ])
            .arg(&package)
            .current_dir(env!("CARGO_MANIFEST_DIR")),
    );
    succeeds(
        Command::new("dpkg")
            .arg(format!("--root={}", root.display()))
            .args([
                "--force-not-root",
                "--force-depends",
                "--force-bad-path",
                "--install",
            ])
            .arg(&package),
    );
    for file in [
        "usr/bin/whybounce",
        "usr/share/man/man1/whybounce.1.gz",
        "usr/share/bash-completion/completions/whybounce",
        "usr/share/zsh/vendor-completions/_whybounce",
        "usr/share/fish/vendor_completions.d/whybounce.fish",
        "usr/share/doc/whybounce/copyright",
    ] {
        assert!(root.join(file).is_file(), "{file} is not installed");
    }
    let said = succeeds(
        Command::new(root.join("usr/bin/whybounce")).args(["--no-config", "452 4.2.2 full"]),
    );
    assert!(said.contains("mailbox-full"), "{said}");
    fs::remove_dir_all(&root).unwrap();
}
