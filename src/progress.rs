//! How far a long read is: a bar with rate and time left on standard error, for somebody who looks at a terminal.

use std::fs::File;
use std::io::{self, IsTerminal, Read};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::input::Source;

/// A read that is done sooner needs no bar.
const SOON: Duration = Duration::from_secs(1);
const LOOK: &str = "{bar:30} {percent:>3}%  {bytes} of {total_bytes}  {bytes_per_sec}  {eta} left";

/// The progress of a run.
pub struct Progress {
    bar: ProgressBar,
    begun: Instant,
}

impl Progress {
    /// The progress over all sources, if standard error is a terminal that verdicts do not go to, too, and every size is
    /// known: a pipe ends when it ends.
    #[must_use]
    pub fn of(sources: &[Source], verdicts_are_shown: bool) -> Option<Self> {
        let is_seen =
            io::stderr().is_terminal() && !(verdicts_are_shown && io::stdout().is_terminal());
        let size = is_seen.then(|| size_of(sources))??;
        let bar = ProgressBar::with_draw_target(Some(size), ProgressDrawTarget::hidden());
        bar.set_style(ProgressStyle::with_template(LOOK).ok()?);
        Some(Self {
            bar,
            begun: Instant::now(),
        })
    }

    /// The same bytes, counted.
    #[must_use]
    pub fn count<R: Read>(&self, from: R) -> impl Read + use<R> {
        self.bar.wrap_read(from)
    }

    /// Shows the bar once the read turns out to be a long one.
    pub fn go_on(&self) {
        if self.bar.is_hidden() && self.begun.elapsed() > SOON {
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
    }

    /// Takes the bar away while something is written on standard error.
    pub fn pause(&self, write: impl FnOnce()) {
        self.bar.suspend(write);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// Bytes of all sources; `None` as soon as one of them is no regular file.
fn size_of(sources: &[Source]) -> Option<u64> {
    let mut sum = 0;
    for source in sources {
        let about = match source {
            Source::Argument(_) => return None,
            Source::Stdin { .. } => standard_input()?.metadata(),
            Source::File(path) => path.metadata(),
        };
        let about = about.ok().filter(std::fs::Metadata::is_file)?;
        sum += about.len();
    }
    Some(sum)
}

/// Standard input as a file: what stands behind `< mail.log` has a size.
#[cfg(unix)]
pub fn standard_input() -> Option<File> {
    use std::os::fd::AsFd;
    let input = io::stdin().as_fd().try_clone_to_owned().ok()?;
    Some(File::from(input))
}

#[cfg(not(unix))]
pub fn standard_input() -> Option<File> {
    None
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use std::path::PathBuf;

    #[test]
    fn the_size_is_known_of_files_only() {
        let file = || Source::File(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml"));
        let one = size_of(&[file()]).unwrap();
        assert!(one > 0);
        assert_eq!(size_of(&[file(), file()]), Some(2 * one));
        let folder = Source::File(env!("CARGO_MANIFEST_DIR").into());
        assert_eq!(size_of(&[file(), folder]), None);
        assert_eq!(size_of(&[Source::Argument("550".into())]), None);
    }

    #[test]
    fn the_bar_waits_until_the_read_is_a_long_one() {
        let style = ProgressStyle::with_template(LOOK).unwrap();
        let bar = ProgressBar::with_draw_target(Some(10), ProgressDrawTarget::hidden());
        let progress = Progress {
            bar: bar.with_style(style),
            begun: Instant::now(),
        };
        let mut read = String::new();
        progress
            .count(&b"12345"[..])
            .read_to_string(&mut read)
            .unwrap();
        progress.go_on();
        assert_eq!(progress.bar.position(), 5);
        assert!(progress.bar.is_hidden());
    }
}
