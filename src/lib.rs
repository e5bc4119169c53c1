//! `whybounce` tells why a mail bounced, how urgent it is and what to do next.
//!
//! One reply is one question:
//!
//! ```
//! use whybounce::Cause;
//! use whybounce::vocabulary::Priority;
//!
//! let verdict = whybounce::diagnose("550 5.1.1 <bob@example.com>: User unknown");
//! assert_eq!(verdict.cause, Cause::RecipientUnknown);
//! assert_eq!(verdict.priority, Priority::FixSoon);
//! assert_eq!(verdict.summary(), "No mailbox bob@example.com exists.");
//! assert!(verdict.suppress);
//! for step in verdict.fix() {
//!     println!("{step}");
//! }
//! ```
//!
//! For many, make one [`Classifier`] for each thread and give it [`records`] of a log, a bounce mail or events of a
//! sending platform:
//!
//! ```no_run
//! # fn main() -> std::io::Result<()> {
//! let log = std::io::BufReader::new(std::fs::File::open("/var/log/mail.log")?);
//! let mut classifier = whybounce::Classifier::default();
//! for record in whybounce::records(log) {
//!     let verdict = classifier.classify(record?);
//!     println!("{:?} {}", verdict.record.recipient, verdict.cause);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! What the program needs besides (clap and its like) comes with the feature `cli`, which is on by default:
//! `whybounce = { version = "0.1", default-features = false }` goes without.
//!
//! # Inside
//!
//! The way the data goes, left to right, one way in and one way out:
//!
//! ```text
//! argument / stdin / files -> input -> record -> reply -> classifier -> verdict -> render
//!                                                             ^
//!                                                         knowledge
//! ```
//!
//! Everything between a [`Record`] and a [`Verdict`] is pure: no I/O, no clock, no environment.
#![forbid(unsafe_code)]

pub mod classifier;
pub mod details;
pub mod knowledge;
pub mod own;
pub mod record;
pub mod reply;
pub mod report;
pub mod verdict;
pub mod vocabulary;

pub use classifier::Classifier;
pub use knowledge::Cause;
pub use record::{Record, reader::records};
pub use verdict::Verdict;

/// What one reply means: whole, of several lines, or a code alone.
///
/// ```
/// let verdict = whybounce::diagnose("421 4.7.0 Try again in 5 minutes");
/// assert_eq!(verdict.after_seconds(), Some(300));
/// ```
#[must_use]
pub fn diagnose(reply: &str) -> Verdict<'_> {
    Classifier::default().classify(reply)
}
