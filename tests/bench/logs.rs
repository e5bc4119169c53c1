//! Logs made up line by line, always the same: no line repeats, for queue ids, addresses, hosts and times differ.

use std::io::{self, Write};

/// A small generator of numbers (SplitMix64), so that every run measures the same bytes.
pub struct Numbers(u64);

impl Numbers {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }
}

/// Refusals as servers word them; `{a}` is the recipient, `{i}` the sender's IP, `{x}` something that never repeats.
/// The second entry is the remote host, the third says whether the mail is deferred.
pub const REFUSALS: &[(&str, &str, bool)] = &[
    (
        "550-5.1.1 The email account that you tried to reach does not exist. Please try 550-5.1.1 double-checking the recipient's email address for typos or 550-5.1.1 unnecessary spaces. For more information, go to 550 5.1.1 https://support.google.com/mail/?p=NoSuchUser {x} - gsmtp",
        "gmail-smtp-in.l.google.com",
        false,
    ),
    (
        "452-4.2.2 The recipient's inbox is out of storage space. Please direct the 452-4.2.2 recipient to 452 4.2.2 https://support.google.com/mail/?p=OverQuotaTemp {x} - gsmtp",
        "alt1.gmail-smtp-in.l.google.com",
        true,
    ),
    (
        "550-5.7.26 Your email has been blocked because the sender is unauthenticated. 550-5.7.26 Gmail requires all senders to authenticate with either SPF or DKIM. 550-5.7.26 550-5.7.26 Authentication results: 550-5.7.26 DKIM = did not pass 550-5.7.26 SPF [example.org] with ip: [{i}] = did not pass 550 5.7.26 {x} - gsmtp",
        "aspmx.l.google.com",
        false,
    ),
    (
        "421-4.7.28 Gmail has detected an unusual rate of unsolicited mail originating 421-4.7.28 from your IP address {i}. To protect our users from spam, 421-4.7.28 mail sent from your IP address has been temporarily rate limited. 421 4.7.28 {x} - gsmtp",
        "gmail-smtp-in.l.google.com",
        true,
    ),
    (
        "550 5.5.0 Requested action not taken: mailbox unavailable (S2017062302). [{x}.eop-EUR05.prod.protection.outlook.com 2026-01-02T03:04:05.678Z 08DC{x}]",
        "outlook-com.olc.protection.outlook.com",
        false,
    ),
    (
        "550 5.7.1 Unfortunately, messages from [{i}] weren't sent. Please contact your Internet service provider since part of their network is on our block list (S3150). You can also refer your provider to http://mail.live.com/mail/troubleshooting.aspx#errors. [{x}.prod.protection.outlook.com]",
        "hotmail-com.olc.protection.outlook.com",
        false,
    ),
    (
        "550 5.4.1 Recipient address rejected: Access denied. [{x}.eop-nam12.prod.protection.outlook.com 2026-01-02T03:04:05.678Z 08DC{x}]",
        "example-net.mail.protection.outlook.com",
        false,
    ),
    (
        "451 4.7.500 Server busy. Please try again later from [{i}]. (S77714) [{x}.eop-fra04.prod.protection.outlook.com]",
        "example-org.mail.protection.outlook.com",
        true,
    ),
    (
        "554 delivery error: dd This user doesn't have a yahoo.com account ({a}) [0] - {x}.mail.gq1.yahoo.com",
        "mta7.am0.yahoodns.net",
        false,
    ),
    (
        "421 4.7.0 [TSS04] Messages from {i} temporarily deferred due to unexpected volume or user complaints - 4.16.55.1; see https://postmaster.yahooinc.com/error-codes",
        "mta5.am0.yahoodns.net",
        true,
    ),
    (
        "550 5.1.1 <{a}>: Recipient address rejected: User unknown in virtual mailbox table",
        "mx.example.net",
        false,
    ),
    (
        "550 5.1.1 <{a}>: Recipient address rejected: User unknown in local recipient table",
        "mail.example.org",
        false,
    ),
    ("550 No such user here", "mx1.example.com", false),
    (
        "552 5.2.2 <{a}> Mailbox full, quota exceeded",
        "mail2.example.net",
        false,
    ),
    (
        "452 4.2.2 <{a}> Quota exceeded (mailbox for user is full)",
        "imap.example.net",
        true,
    ),
    (
        "554 5.7.1 Service unavailable; Client host [{i}] blocked using zen.spamhaus.org; https://www.spamhaus.org/query/ip/{i}",
        "mx.example.org",
        false,
    ),
    (
        "554 5.7.1 Service unavailable; Client host [{i}] blocked using bl.spamcop.net; Blocked - see https://www.spamcop.net/bl.shtml?{i}",
        "mx2.example.org",
        false,
    ),
    (
        "450 4.2.0 <{a}>: Recipient address rejected: Greylisted, see http://postgrey.schweikert.ch/help/example.org.html",
        "mx3.example.org",
        true,
    ),
    (
        "451 4.7.1 Greylisting in action, please come back in 00:05:00",
        "mx4.example.com",
        true,
    ),
    (
        "554-web.example.com (mxweb{x}) Nemesis ESMTP Service not available 554-No SMTP service 554-Bad DNS PTR resource record. 554 For explanation visit https://postmaster.gmx.net/en/error-messages?ip={i}&c=rdns",
        "mx00.gmx.net",
        false,
    ),
    (
        "550 5.7.1 Message rejected as spam by Content Filtering. id={x}",
        "mail.example.com",
        false,
    ),
    (
        "552 5.3.4 Message size exceeds fixed maximum message size: 20971520 bytes",
        "smtp.example.net",
        false,
    ),
    (
        "554 5.7.1 <{a}>: Relay access denied",
        "relay.example.net",
        false,
    ),
    (
        "550 5.7.509 Access denied, sending domain example.org does not pass DMARC verification and has a DMARC policy of reject. [{x}.eop-eur02.prod.protection.outlook.com]",
        "example-com.mail.protection.outlook.com",
        false,
    ),
    (
        "553 5.3.0 {x} DNSBL:RBL 521< {i} >_is_blocked.For assistance forward this email to abuse_rbl@abuse-att.net",
        "ff-ip4-mx-vip1.prodigy.net",
        false,
    ),
    (
        "550 5.2.1 The email account that you tried to reach is disabled. {x} - gsmtp",
        "gmail-smtp-in.l.google.com",
        false,
    ),
    (
        "451 Internal resources are temporarily unavailable - https://community.mimecast.com/docs/DOC-1369#451 [{x}.uk123]",
        "eu-smtp-inbound-1.mimecast.com",
        true,
    ),
    (
        "550 Rejected by header based Anti-Spoofing policy: {a} - https://community.mimecast.com/docs/DOC-1369#550 [{x}]",
        "eu-smtp-inbound-2.mimecast.com",
        false,
    ),
    (
        "450 4.1.8 <bounce@example.org>: Sender address rejected: Domain not found",
        "mx.example.com",
        true,
    ),
    ("550 5.1.1 User unknown", "mx5.example.net", false),
    ("550 5.1.1 <{a}> unknown user", "mx6.example.net", false),
    ("550 5.7.1 Access denied", "mx7.example.net", false),
    (
        "451 4.3.0 Temporary lookup failure",
        "mx8.example.net",
        true,
    ),
    (
        "452 4.3.1 Insufficient system storage",
        "mx9.example.net",
        true,
    ),
    (
        "554 5.7.1 Rejected because the IP {i} has a poor reputation, ref {x}",
        "gate.example.net",
        false,
    ),
];

const WORDS: &[&str] = &[
    "anna", "bob", "carol", "dave", "erin", "frank", "grace", "heidi", "ivan", "judy", "mallory",
    "oscar", "peggy", "trent", "victor", "walter",
];

/// One made-up mail log, line by line.
pub struct Log {
    numbers: Numbers,
    line: u64,
    /// Refusals in a hundred lines.
    refusals: u64,
}

impl Log {
    pub fn new(refusals: u64) -> Self {
        Self {
            numbers: Numbers::new(refusals),
            line: 0,
            refusals,
        }
    }

    fn address(&mut self) -> String {
        let word = WORDS[self.numbers.below(WORDS.len() as u64) as usize];
        let (number, domain) = (self.numbers.below(1 << 24), self.numbers.below(5000));
        format!("{word}.{number:x}@d{domain}.example.com")
    }

    fn stamp(&self) -> String {
        let seconds = self.line / 40;
        format!(
            "Jan {:2} {:02}:{:02}:{:02}",
            1 + seconds / 86_400 % 28,
            seconds / 3600 % 24,
            seconds / 60 % 60,
            seconds % 60
        )
    }

    /// A reply with its placeholders filled: reply, remote host, whether it defers.
    pub fn reply(&mut self, recipient: &str) -> (String, &'static str, bool) {
        let (text, host, deferred) = REFUSALS[self.numbers.below(REFUSALS.len() as u64) as usize];
        let ip = format!(
            "198.51.{}.{}",
            self.numbers.below(256),
            self.numbers.below(256)
        );
        let id = format!("{:010x}", self.numbers.below(1 << 40));
        (
            text.replace("{a}", recipient)
                .replace("{i}", &ip)
                .replace("{x}", &id),
            host,
            deferred,
        )
    }

    /// Writes the next line.
    pub fn line(&mut self, out: &mut impl Write) -> io::Result<()> {
        self.line += 1;
        let stamp = self.stamp();
        let id = format!("{:X}", 0x10_0000_0000 + self.numbers.below(0xF0_0000_0000));
        let pid = 1000 + self.numbers.below(60_000);
        let recipient = self.address();
        if self.numbers.below(100) < self.refusals {
            let (reply, host, deferred) = self.reply(&recipient);
            let (status, class) = if deferred {
                ("deferred", 4)
            } else {
                ("bounced", 5)
            };
            return writeln!(
                out,
                "{stamp} mail postfix/smtp[{pid}]: {id}: to=<{recipient}>, relay={host}[203.0.113.{}]:25, delay={}.{}, dsn={class}.0.0, status={status} (host {host}[203.0.113.{}] said: {reply} (in reply to RCPT TO command))",
                self.numbers.below(256),
                self.numbers.below(90),
                self.numbers.below(10),
                self.numbers.below(256),
            );
        }
        match self.numbers.below(12) {
            0..=2 => writeln!(
                out,
                "{stamp} mail postfix/smtp[{pid}]: {id}: to=<{recipient}>, relay=mx{}.example.net[203.0.113.{}]:25, delay=1.{}, delays=0.1/0/0.5/0.{}, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as {:X})",
                self.numbers.below(90),
                self.numbers.below(256),
                self.numbers.below(90),
                self.numbers.below(10),
                self.numbers.next() >> 24,
            ),
            3 | 4 => writeln!(
                out,
                "{stamp} mail postfix/qmgr[801]: {id}: from=<{recipient}>, size={}, nrcpt=1 (queue active)",
                self.numbers.below(90_000)
            ),
            5..=7 => writeln!(out, "{stamp} mail postfix/qmgr[801]: {id}: removed"),
            8 => writeln!(
                out,
                "{stamp} mail postfix/cleanup[{pid}]: {id}: message-id=<{:x}@example.org>",
                self.numbers.next()
            ),
            9 | 10 => writeln!(
                out,
                "{stamp} mail postfix/smtpd[{pid}]: connect from host{}.example.org[203.0.113.{}]",
                self.numbers.below(90_000),
                self.numbers.below(256)
            ),
            _ => writeln!(
                out,
                "{stamp} mail postfix/smtpd[{pid}]: disconnect from host{}.example.org[203.0.113.{}] ehlo=2 starttls=1 mail=1 rcpt=1 data=1 quit=1 commands=7",
                self.numbers.below(90_000),
                self.numbers.below(256)
            ),
        }
    }
}
