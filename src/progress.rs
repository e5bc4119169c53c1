//! How far a long read is: a bar with rate and time left on standard error, for somebody who looks at a terminal.

use std::io::{self, IsTerminal, Read};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A read that is done sooner needs no bar.
const SOON: Duration = Duration::from_secs(1);
const LOOK: &str = "{bar:30} {percent:>3}%  {bytes} of {total_bytes}  {bytes_per_sec}  {eta} left";

/// The progress of a run.
pub struct Progress {
    bar: ProgressBar,
    begun: Instant,
}

impl Progress {
    /// The progress over all sources, if standard error is a terminal that verdicts do not go to, too, and their size is
    /// known: a pipe ends when it ends.
    #[must_use]
    pub fn of(size: impl FnOnce() -> Option<u64>, verdicts_are_shown: bool) -> Option<Self> {
        let is_seen =
            io::stderr().is_terminal() && !(verdicts_are_shown && io::stdout().is_terminal());
        let size = is_seen.then(size)??;
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

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
