//! `whybounce` tells why a mail bounced, how urgent it is and what to do next.
//!
//! The way the data goes, left to right, one way in and one way out:
//!
//! ```text
//! argument / stdin / files -> input -> record -> reply -> classifier -> verdict -> render
//!                                                             ^
//!                                                         knowledge
//! ```
//!
//! Everything between a [`record::Record`] and a [`verdict::Verdict`] is pure: no I/O, no clock, no environment.
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
