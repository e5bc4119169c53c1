//! SIGINT and SIGTERM: what was read is answered first, in whole lines; then the program dies of the signal, as a shell
//! that called it expects.
//!
//! While the program waits for input it owes nothing, and a signal ends it at once; so does a second one, for whoever
//! reads the output may be stuck. A report is owed to the end, so there a signal ends the input instead, and only one that
//! comes while the report is written ends the program.

#[cfg(unix)]
pub use on_unix::Signals;

#[cfg(unix)]
mod on_unix {
    use std::fs::File;
    use std::io::{self, Read};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    use rustix::io::Errno;
    use signal_hook::consts::{SIGINT, SIGTERM};
    use signal_hook::{flag, low_level};

    /// A signal that comes between the look for one and the wait is seen after so long at most.
    const LOOK_AGAIN: Timespec = Timespec {
        tv_sec: 0,
        tv_nsec: 500_000_000,
    };

    /// The signals that came.
    #[derive(Clone, Debug)]
    pub struct Signals {
        /// The next signal ends the program at once.
        at_once: Arc<AtomicBool>,
        /// The signal that came while answers were owed; 0 for none.
        caught: Arc<AtomicUsize>,
    }

    impl Signals {
        /// Watches for them from now on. Where that is not possible they end the program at once, as they do anyway.
        /// While a report is owed the second one is no more than the first: timeout(1) sends both at a time.
        #[must_use]
        pub fn watch(report: bool) -> Self {
            let watch = Self {
                at_once: Arc::new(AtomicBool::new(true)),
                caught: Arc::default(),
            };
            for (signal, number) in [(SIGINT, 2), (SIGTERM, 15)] {
                let (at_once, caught) = (&watch.at_once, &watch.caught);
                // In the order in which they act.
                let watched = flag::register_conditional_default(signal, Arc::clone(at_once))
                    .and_then(|_| flag::register_usize(signal, Arc::clone(caught), number));
                if !report {
                    drop(watched.and_then(|_| flag::register(signal, Arc::clone(at_once))));
                }
            }
            watch
        }

        /// Nothing is owed any more; says whether a signal came while something was.
        pub fn rest(&self) -> bool {
            self.at_once.store(true, Ordering::SeqCst);
            self.came()
        }

        /// Whether a signal came while something was owed.
        pub fn came(&self) -> bool {
            self.caught.load(Ordering::SeqCst) != 0
        }

        /// Something was read and is to be answered.
        pub fn work(&self) {
            self.at_once.store(false, Ordering::SeqCst);
        }

        /// An input that ends where a signal comes, even while more of it is waited for.
        pub fn ending(&self, input: File) -> impl Read + use<> {
            Ending {
                input,
                signals: self.clone(),
            }
        }

        /// Dies of the signal that came, if one did.
        pub fn obey(&self) {
            let signal = match self.caught.load(Ordering::SeqCst) {
                2 => SIGINT,
                15 => SIGTERM,
                _ => return,
            };
            drop(low_level::emulate_default_handler(signal));
        }
    }

    struct Ending {
        input: File,
        signals: Signals,
    }

    impl Read for Ending {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            while !self.signals.came() {
                let mut waited = [PollFd::new(&self.input, PollFlags::IN)];
                // read(2) would go on waiting behind a signal, poll(2) does not.
                match poll(&mut waited, Some(&LOOK_AGAIN)) {
                    Ok(0) | Err(Errno::INTR) => {}
                    _ => return self.input.read(into),
                }
            }
            Ok(0)
        }
    }
}

/// Elsewhere there are no such signals.
#[cfg(not(unix))]
#[derive(Debug)]
pub struct Signals;

#[cfg(not(unix))]
impl Signals {
    pub fn watch(_: bool) -> Self {
        Self
    }

    pub fn rest(&self) -> bool {
        false
    }

    pub fn came(&self) -> bool {
        false
    }

    pub fn work(&self) {}

    pub fn ending(&self, input: std::fs::File) -> std::fs::File {
        input
    }

    pub fn obey(&self) {}
}
