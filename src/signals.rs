//! SIGINT and SIGTERM: what was read is answered first, in whole lines; then the program dies of the signal, as a shell
//! that called it expects.
//!
//! While the program waits for input it owes nothing, and a signal ends it at once; so does a second one, for whoever
//! reads the output may be stuck.

#[cfg(unix)]
pub use on_unix::Signals;

#[cfg(unix)]
mod on_unix {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

    use signal_hook::consts::{SIGINT, SIGTERM};
    use signal_hook::{flag, low_level};

    /// The signals that came.
    #[derive(Debug)]
    pub struct Signals {
        /// The next signal ends the program at once.
        at_once: Arc<AtomicBool>,
        /// The signal that came while answers were owed; 0 for none.
        caught: Arc<AtomicUsize>,
    }

    impl Signals {
        /// Watches for them from now on. Where that is not possible they end the program at once, as they do anyway.
        #[must_use]
        pub fn watch() -> Self {
            let watch = Self {
                at_once: Arc::new(AtomicBool::new(true)),
                caught: Arc::default(),
            };
            for (signal, number) in [(SIGINT, 2), (SIGTERM, 15)] {
                let (at_once, caught) = (&watch.at_once, &watch.caught);
                // In the order in which they act.
                let watched = flag::register_conditional_default(signal, Arc::clone(at_once))
                    .and_then(|_| flag::register_usize(signal, Arc::clone(caught), number))
                    .and_then(|_| flag::register(signal, Arc::clone(at_once)));
                drop(watched);
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
}

/// Elsewhere there are no such signals.
#[cfg(not(unix))]
#[derive(Debug)]
pub struct Signals;

#[cfg(not(unix))]
impl Signals {
    pub fn watch() -> Self {
        Self
    }

    pub fn rest(&self) -> bool {
        false
    }

    pub fn came(&self) -> bool {
        false
    }

    pub fn work(&self) {}

    pub fn obey(&self) {}
}
