//! `whybounce` tells why a mail bounced, how urgent it is and what to do next.

pub mod record;
pub mod reply;
pub mod vocabulary;
