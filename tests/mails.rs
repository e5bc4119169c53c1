//! Whole bounce mails in the shapes that mail systems give them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use whybounce::record::mail::{self, Mail};
use whybounce::record::{Outcome, Record};
use whybounce::vocabulary::{Family, Phase};
use whybounce::{Cause, Classifier};

/// Reads a mail cut at every byte: there is no panic, and no line break in a reply. A bomb would take its square in time.
fn cut(mail: &str) {
    for end in 0..mail.len().min(8 << 10) {
        mail::read(&mail.as_bytes()[..end], &mut |record| {
            assert!(!record.reply.contains('\n'), "{end}: {record:?}")
        });
    }
}

/// Reads a mail that must be a bounce.
fn bounced(mail: &str) -> Vec<Record<'static>> {
    cut(mail);
    let mut records = Vec::new();
    let kind = mail::read(mail.as_bytes(), &mut |record| records.push(record));
    assert_eq!(kind, Mail::Bounce, "{records:?}");
    records
}

/// Reads a bounce of one recipient.
fn one(mail: &str) -> Record<'static> {
    let records = bounced(mail);
    assert_eq!(records.len(), 1, "{records:?}");
    records.into_iter().next().unwrap()
}

/// Reads a mail that must not be a bounce, and must give no record.
fn other(mail: &str) -> Mail {
    cut(mail);
    let mut records = Vec::new();
    let kind = mail::read(mail.as_bytes(), &mut |record| records.push(record));
    assert_eq!(records, [], "{kind:?}");
    kind
}

/// A plain bounce from the mail system, without MIME.
fn plain(body: &str) -> String {
    format!(
        "Return-Path: <>\nFrom: Mail Delivery System <MAILER-DAEMON@relay.example.com>\nTo: news@example.com\n\
         Subject: Undelivered Mail Returned to Sender\nDate: Mon, 3 Feb 2025 09:00:00 +0100\n\n{body}"
    )
}

/// An RFC 3464 report with this text and these fields about the recipient.
fn report(text: &str, fields: &str) -> String {
    format!(
        "Return-Path: <>\nFrom: MAILER-DAEMON@relay.example.com\nTo: news@example.com\nSubject: Delivery Status Notification\n\
         Date: Mon, 3 Feb 2025 09:00:00 +0100\nMIME-Version: 1.0\n\
         Content-Type: multipart/report; report-type=delivery-status;\n\tboundary=\"=_b1\"\n\n\
         This is a MIME-encapsulated message.\n\n--=_b1\nContent-Type: text/plain; charset=us-ascii\n\n{text}\n\n\
         --=_b1\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; relay.example.com\n\n{fields}\n\n\
         --=_b1\nContent-Type: message/rfc822\n\nReturn-Path: <news@example.com>\nFrom: news@example.com\n\
         To: list@example.org\nSubject: News\n\nHello.\n\n--=_b1--\n"
    )
}

#[track_caller]
fn says(record: &Record<'_>, recipient: &str, reply: &str) {
    assert_eq!(record.recipient.as_deref(), Some(recipient));
    assert_eq!(record.reply, reply);
}

// Reports (RFC 3464).

#[test]
fn a_postfix_report_gives_reply_phase_host_and_queue_id() {
    let mail = report(
        "This is the mail system at host relay.example.com.\n\n<ann@example.net>: host mx.example.net[192.0.2.7] said: 550 5.1.1\n    \
         <ann@example.net>: Recipient address rejected: User unknown (in reply to RCPT TO command)",
        "X-Postfix-Queue-ID: 4ZfX1s2QqKz9\nX-Postfix-Sender: rfc822; bounce@example.com\n\n\
         Final-Recipient: rfc822; ann@example.net\nOriginal-Recipient: rfc822;ann@example.net\nAction: failed\nStatus: 5.1.1\n\
         Remote-MTA: dns; mx.example.net\nDiagnostic-Code: smtp; 550 5.1.1 <ann@example.net>: Recipient address\n    rejected: User unknown",
    );
    let record = one(&mail);
    says(
        &record,
        "ann@example.net",
        "550 5.1.1 <ann@example.net>: Recipient address rejected: User unknown",
    );
    assert_eq!(record.format, "dsn");
    assert_eq!(record.phase, Some(Phase::Rcpt));
    assert_eq!(record.remote_host.as_deref(), Some("mx.example.net"));
    assert_eq!(record.remote_ip.as_deref(), Some("192.0.2.7"));
    assert_eq!(record.queue_id.as_deref(), Some("4ZfX1s2QqKz9"));
    assert_eq!(record.sender.as_deref(), Some("bounce@example.com"));
    assert_eq!(
        record.time.as_deref(),
        Some("Mon, 3 Feb 2025 09:00:00 +0100")
    );
    assert_eq!(record.dsn.unwrap().to_string(), "5.1.1");
}

#[test]
fn action_failed_with_a_4xx_status_is_bounced() {
    let record = one(&report(
        "Delivery has been abandoned.",
        "Final-Recipient: rfc822; bob@example.net\nAction: failed\nStatus: 4.4.1\nDiagnostic-Code: smtp; 421 4.4.1 connection timed out",
    ));
    assert_eq!(record.outcome, Some(Outcome::Bounced));
    assert_eq!(record.reply, "421 4.4.1 connection timed out");
}

#[test]
fn a_delayed_mail_whose_time_ran_short_is_still_on_its_way() {
    let record = one(&report(
        "Delivery to the following recipients has been delayed.",
        "Final-Recipient: rfc822; ann@example.net\nAction: delayed\nStatus: 4.4.7",
    ));
    let verdict = Classifier::default().classify(record);
    assert_eq!(verdict.cause, Cause::DeliveryExpired);
    assert_eq!(verdict.family, Family::Temporary);
}

#[test]
fn each_recipient_of_a_report_has_his_own_outcome() {
    let records = bounced(&report(
        "Several recipients.",
        "Final-Recipient: rfc822; a@example.net\nAction: failed\nStatus: 5.2.2\nDiagnostic-Code: smtp; 552 5.2.2 Mailbox full\n\n\
         Final-Recipient: rfc822; b@example.net\nAction: delayed\nStatus: 4.4.1 (no answer from host)\n\n\
         Final-Recipient: rfc822; c@example.net\nAction: relayed\nStatus: 2.0.0\nDiagnostic-Code: smtp; 250 ok\n\n\
         Final-Recipient: rfc822; d@example.net\nAction: expanded\nStatus: 2.0.0\n\n\
         Final-Recipient: rfc822; e@example.net\nAction: delivered\nStatus: 2.1.5",
    ));
    let outcomes: Vec<_> = records
        .iter()
        .map(|record| record.outcome.unwrap())
        .collect();
    use Outcome::{Bounced, Deferred, Sent};
    assert_eq!(outcomes, [Bounced, Deferred, Sent, Sent, Sent]);
    assert_eq!(records[0].reply, "552 5.2.2 Mailbox full");
    assert_eq!(records[1].reply, "4.4.1 (no answer from host)");
    assert_eq!(records[2].reply, "250 ok");
}

#[test]
fn a_report_without_empty_lines_still_has_two_recipients() {
    let records = bounced(&report(
        "Two.",
        "Final-Recipient: rfc822; a@example.net\nAction: failed\nStatus: 5.1.1\nFinal-Recipient: rfc822; b@example.net\nAction: failed\nStatus: 5.2.1",
    ));
    assert_eq!(records.len(), 2);
    assert_eq!(records[1].dsn.unwrap().to_string(), "5.2.1");
}

#[test]
fn fields_with_a_blank_before_the_colon_and_no_order_are_read() {
    let record = one(&report(
        "Email delivery failure.",
        "Action : failed\nStatus : 5.0.0\nDiagnostic-Code : smtp;550 5.7.54 SMTP; Unable to relay recipient\n\
         Original-Recipient : rfc/822;cy@example.net\nRemote-MTA : mx.example.net\nFinal-Recipient : rfc/822;cy@example.net",
    ));
    says(
        &record,
        "cy@example.net",
        "550 5.7.54 SMTP; Unable to relay recipient",
    );
    assert_eq!(record.remote_host.as_deref(), Some("mx.example.net"));
}

#[test]
fn a_poor_diagnostic_yields_to_the_text() {
    let record = one(&report(
        "   ----- The following addresses had permanent fatal errors -----\n<dan@example.net>\n\n   ----- Transcript of session follows -----\n\
         ... while talking to mx.example.net.:\n>>> RCPT To:<dan@example.net>\n<<< 550 5.2.1 <dan@example.net>... Account disabled",
        "Final-Recipient: RFC822; dan@example.net\nAction: failed\nStatus: 5.0.0\nDiagnostic-Code: SMTP; 550",
    ));
    says(
        &record,
        "dan@example.net",
        "550 5.2.1 <dan@example.net>... Account disabled",
    );
    assert_eq!(record.phase, Some(Phase::Rcpt));
    assert_eq!(record.remote_host.as_deref(), Some("mx.example.net"));
}

#[test]
fn the_last_hop_inside_a_diagnostic_decides() {
    let record = one(&report(
        "See below.",
        "Final-Recipient: rfc822; eve@example.net\nAction: failed\nStatus: 5.1.0\nDiagnostic-Code: smtp; 550 5.1.0 <eve@example.net>: Recipient address \
         rejected: undeliverable address: host mx2.example.net[198.51.100.4] said: 452 4.2.2 Mailbox full (in reply to RCPT TO command)",
    ));
    says(&record, "eve@example.net", "452 4.2.2 Mailbox full");
    assert_eq!(record.phase, Some(Phase::Rcpt));
    assert_eq!(record.remote_host.as_deref(), Some("mx2.example.net"));
    assert_eq!(record.remote_ip.as_deref(), Some("198.51.100.4"));
}

#[test]
fn a_diagnostic_cut_in_the_middle_is_completed_from_the_transcript() {
    let record = one(&report(
        "   ----- The following addresses had permanent fatal errors -----\n<flo@example.net>\n    (reason: 550-5.7.1 Your address is not)\n\n\
         ----- Transcript of session follows -----\n>>> DATA\n<<< 550-5.7.1 Your address is not\n<<< 550 5.7.1 allowed to send here",
        "Final-Recipient: RFC822; flo@example.net\nAction: failed\nStatus: 5.7.1\nDiagnostic-Code: SMTP; 550-5.7.1 Your address is not",
    ));
    assert_eq!(
        record.reply,
        "550-5.7.1 Your address is not 550 5.7.1 allowed to send here"
    );
}

#[test]
fn an_internationalized_report_gives_the_address_in_letters() {
    let record = one(&report("Unzustellbar.", "Final-Recipient: utf-8; j\\x{FC}rgen@example.net\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 no such user")
        .replace("message/delivery-status", "message/global-delivery-status"));
    says(&record, "jürgen@example.net", "550 5.1.1 no such user");
}

#[test]
fn xtext_is_undone_only_where_it_must_be() {
    let fields = "Final-Recipient: rfc822; who+2Bnews@example.net\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 unknown\n\n\
                  Final-Recipient: rfc822; who+AB@example.net\nAction: failed\nStatus: 5.1.1";
    let records = bounced(&report("Two.", fields));
    assert_eq!(
        records[0].recipient.as_deref(),
        Some("who+news@example.net")
    );
    assert_eq!(records[1].recipient.as_deref(), Some("who+AB@example.net"));
}

#[test]
fn a_source_route_yields_to_the_original_recipient() {
    let record = one(&report(
        "Your message cannot be delivered to the following recipients:\n\n  Recipient address: @store.example.net:gil@inner\n  Original address: gil@example.net",
        "Original-recipient: rfc822;gil@example.net\nFinal-recipient: rfc822;@store.example.net:gil@inner\nAction: failed\n\
         Status: 5.2.0 (LMTP transmission failure has occurred)\nDiagnostic-code: smtp;552 5.2.0 Over quota",
    ));
    says(&record, "gil@example.net", "552 5.2.0 Over quota");
}

#[test]
fn powermta_gives_its_class() {
    let record = one(&report(
        "Hello, this is the mail server on relay.example.com.",
        "Final-Recipient: rfc822;hal@example.net\nAction: failed\nStatus: 5.7.1 (delivery not authorized)\nRemote-MTA: dns;mx.example.net (192.0.2.9)\n\
         Diagnostic-Code: smtp;554 5.7.1 blocked\nX-PowerMTA-BounceCategory: spam-related",
    ));
    assert_eq!(record.platform_class.as_deref(), Some("spam-related"));
    assert_eq!(record.remote_ip.as_deref(), Some("192.0.2.9"));
}

#[test]
fn a_report_inside_a_forwarded_mail_is_found() {
    let inner = report(
        "Failed.",
        "Final-Recipient: rfc822; ida@example.net\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 User unknown",
    );
    let mail = format!(
        "From: boss@example.com\nTo: admin@example.com\nSubject: Fwd: what is this?\nContent-Type: multipart/mixed; boundary=outer\n\n\
         --outer\nContent-Type: text/plain\n\nPlease look.\n\n--outer\nContent-Type: message/rfc822\n\n{inner}\n--outer--\n"
    );
    says(&one(&mail), "ida@example.net", "550 5.1.1 User unknown");
}

#[test]
fn a_base64_text_part_and_crlf_are_read() {
    // "<jo@example.net>: 550 5.1.1 no such user"
    let mail = plain("").replace(
        "\n\n",
        "\nMIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n\n\
         PGpvQGV4YW1wbGUubmV0PjogNTUwIDUuMS4xIG5vIHN1Y2gg\ndXNlcgo=\n",
    );
    says(
        &one(&mail.replace('\n', "\r\n")),
        "jo@example.net",
        "550 5.1.1 no such user",
    );
}

#[test]
fn a_mail_with_cr_alone_is_read() {
    let mail = plain("<kim@example.net>: 550 5.1.1 no such user\n").replace('\n', "\r");
    says(&one(&mail), "kim@example.net", "550 5.1.1 no such user");
}

#[test]
fn a_boundary_that_never_closes_loses_nothing() {
    let mail = report(
        "x",
        "Final-Recipient: rfc822; lea@example.net\nAction: failed\nStatus: 5.1.1",
    );
    let cut = &mail[..mail.find("--=_b1\nContent-Type: message/rfc822").unwrap()];
    assert_eq!(one(cut).recipient.as_deref(), Some("lea@example.net"));
}

// Free text.

#[test]
fn qmail_gives_the_remote_reply_behind_the_address() {
    let record = one(&plain(
        "Hi. This is the qmail-send program at relay.example.com.\nI'm afraid I wasn't able to deliver your message to the following addresses.\n\
         This is a permanent error; I've given up. Sorry it didn't work out.\n\n<max@example.net>:\n192.0.2.4 does not like recipient.\n\
         Remote host said: 550 5.1.1 <max@example.net>: unknown\nGiving up on 192.0.2.4.\n\n--- Below this line is a copy of the message.\n\n\
         Return-Path: <news@example.com>\nTo: other@example.net\n",
    ));
    says(
        &record,
        "max@example.net",
        "550 5.1.1 <max@example.net>: unknown",
    );
    assert_eq!(record.format, "bounce");
    assert_eq!(record.sender.as_deref(), Some("news@example.com"));
}

#[test]
fn qmail_without_a_reply_gives_its_own_sentence_and_code() {
    let record = one(&plain(
        "Hi. This is the qmail-send program at relay.example.com.\n\n<nia@example.net>:\nSorry, I wasn't able to establish an SMTP connection. (#4.4.1)\n\
         I'm not going to try again; this message has been in the queue too long.\n\n--- Below this line is a copy of the message.\n",
    ));
    says(
        &record,
        "nia@example.net",
        "Sorry, I wasn't able to establish an SMTP connection. (#4.4.1)",
    );
}

#[test]
fn exim_gives_each_recipient_his_reply_and_phase() {
    let records = bounced(&plain(
        "This message was created automatically by mail delivery software.\n\nA message that you sent could not be delivered to one or more of its\n\
         recipients. This is a permanent error. The following address(es) failed:\n\n  ola@example.net\n    SMTP error from remote mail server after RCPT TO:<ola@example.net>:\n\
         \x20   host mx.example.net [192.0.2.5]: 550 5.1.1 unknown or illegal alias:\n    ola@example.net\n  pam@example.org\n    Unrouteable address\n\n\
         ------ This is a copy of the message, including all the headers. ------\n\nReturn-path: <news@example.com>\n",
    ));
    assert_eq!(records.len(), 2);
    says(
        &records[0],
        "ola@example.net",
        "550 5.1.1 unknown or illegal alias: ola@example.net",
    );
    assert_eq!(records[0].phase, Some(Phase::Rcpt));
    assert_eq!(records[0].remote_host.as_deref(), Some("mx.example.net"));
    says(&records[1], "pam@example.org", "Unrouteable address");
}

#[test]
fn an_exim_warning_is_deferred() {
    let record = one(&plain(
        "This message was created automatically by mail delivery software.\nA message that you sent has not yet been delivered to one or more of its\n\
         recipients after more than 24 hours on the queue on relay.example.com.\n\nThe address to which the message has not yet been delivered is:\n\n\
         \x20 quinn@example.net\n    host mx.example.net [192.0.2.5]\n    Delay reason: SMTP error from remote mail server after end of data:\n\
         \x20   451 4.7.1 Greylisting in action, please come back later\n\nNo action is required on your part.\n",
    ));
    assert_eq!(record.outcome, Some(Outcome::Deferred));
    assert_eq!(record.phase, Some(Phase::EndOfMessage));
    assert_eq!(
        record.reply,
        "451 4.7.1 Greylisting in action, please come back later"
    );
}

#[test]
fn x_failed_recipients_names_whom_the_text_does_not() {
    let mail = plain(
        "This message was created automatically by mail delivery software.\n\nThe following address(es) failed:\n\n  save to /var/mail/rob\n    \
         generated by a filter\n    mailbox is full: retry timeout exceeded\n",
    )
    .replace("To: news", "X-Failed-Recipients: rob@example.net\nTo: news");
    let record = one(&mail);
    assert_eq!(record.recipient.as_deref(), Some("rob@example.net"));
    assert!(record.reply.contains("mailbox is full"), "{}", record.reply);
}

#[test]
fn exchange_gives_the_line_for_administrators() {
    let record = one(&plain(
        "Delivery has failed to these recipients or groups:\n\nSue<mailto:sue@example.net>\nThe e-mail address you entered couldn't be found.\n\n\n\
         Diagnostic information for administrators:\n\nGenerating server: ex1.example.net\n\nsue@example.net\n\
         #550 5.1.1 RESOLVER.ADR.RecipNotFound; not found ##rfc822;sue@example.net\n\nOriginal message headers:\n\nReceived: from a by b\n",
    ));
    says(
        &record,
        "sue@example.net",
        "550 5.1.1 RESOLVER.ADR.RecipNotFound; not found",
    );
}

#[test]
fn exchange_gives_the_remote_reply_out_of_its_wrapping() {
    let record = one(&plain(
        "Fehler bei der Nachrichtenzustellung an folgende Empfänger oder Verteilerlisten:\n\ntim@example.net\n\n\
         Diagnoseinformationen für Administratoren:\n\nGenerierender Server: ex1.example.com\n\ntim@example.net\n\
         mx.example.net #<mx.example.net #5.7.1 smtp;530 5.7.1 Client was not authenticated> #SMTP#\n\nUrsprüngliche Nachrichtenköpfe:\n\nReceived: from a by b\n",
    ));
    says(
        &record,
        "tim@example.net",
        "530 5.7.1 Client was not authenticated",
    );
}

#[test]
fn microsoft_365_gives_the_quoted_reply_and_the_host() {
    let record = one(&plain(
        "Échec de la remise pour ces destinataires ou groupes :\n\numa@example.net<mailto:uma@example.net>\nL'adresse est introuvable.\n\n\
         Informations de diagnostic pour les administrateurs :\n\nServeur de génération : X1.prod.outlook.com\n\numa@example.net\n\
         3/2/2025 8:00:00 AM - Server at mx.example.net (192.0.2.8) returned '550 5.4.317 Message expired, connection refused'\n\n\
         En-têtes de message d'origine :\n\nReceived: from a by b\n",
    ));
    says(
        &record,
        "uma@example.net",
        "550 5.4.317 Message expired, connection refused",
    );
    assert_eq!(record.remote_ip.as_deref(), Some("192.0.2.8"));
}

#[test]
fn exchange_5_5_gives_its_words() {
    let record = one(&plain(
        "Your message\n\n  To:      somebody@example.net\n  Subject: News\n  Sent:    Mon, 3 Feb 2003 09:00:00 +0100\n\n\
         did not reach the following recipient(s):\n\nval@example.net on Mon, 3 Feb 2003 09:00:01 +0100\n    The recipient name is not recognized\n\
         \x20   MSEXCH:IMS:ORG:SITE:SERVER 0 (000C05A6) Unknown Recipient\n",
    ));
    assert_eq!(record.recipient.as_deref(), Some("val@example.net"));
    assert!(
        record
            .reply
            .starts_with("The recipient name is not recognized")
    );
}

#[test]
fn old_gmail_gives_what_the_other_server_returned() {
    let record = one(&plain(
        "Delivery to the following recipient failed permanently:\n\n     wim@example.net\n\nTechnical details of permanent failure:\n\
         Google tried to deliver your message, but it was rejected by the server for the recipient domain example.net by mx.example.net. [192.0.2.6].\n\n\
         The error that the other server returned was:\n550 5.2.1 <wim@example.net>... disabled\n\n----- Original message -----\n\nReceived: by x\n",
    ));
    says(
        &record,
        "wim@example.net",
        "550 5.2.1 <wim@example.net>... disabled",
    );
}

#[test]
fn opensmtpd_gives_the_words_behind_the_address() {
    let records = bounced(&plain(
        "    Hi!\n\n    This is the MAILER-DAEMON, please DO NOT REPLY to this email.\n\n    An error has occurred while attempting to deliver a message for\n\
         \x20   the following list of recipients:\n\nxia@example.net: 550 5.2.2 <xia@example.net>... Mailbox Full\nyan@example.net: No MX found for domain\n\n\
         \x20   Below is a copy of the original message:\n\nReceived: from a by b\n",
    ));
    says(
        &records[0],
        "xia@example.net",
        "550 5.2.2 <xia@example.net>... Mailbox Full",
    );
    says(&records[1], "yan@example.net", "No MX found for domain");
}

#[test]
fn a_sendmail_transcript_gives_the_reply_and_not_its_echo() {
    let records = bounced(&plain(
        "The original message was received at Mon, 3 Feb 2025 09:00:00 +0100\nfrom localhost [127.0.0.1]\n\n\
         \x20  ----- The following addresses had permanent fatal errors -----\n<zoe@example.net>\n    (reason: 550 5.1.1 <zoe@example.net>... User unknown)\n\
         <abe@example.net>\n    (reason: 550 5.2.1 <abe@example.net>... Disabled)\n\n   ----- Transcript of session follows -----\n\
         ... while talking to mx.example.net.:\n>>> DATA\n<<< 550 5.1.1 <zoe@example.net>... User unknown\n550 5.1.1 <zoe@example.net>... User unknown\n\
         <<< 550 5.2.1 <abe@example.net>... Disabled\n<<< 503 5.0.0 Need RCPT (recipient)\n",
    ));
    says(
        &records[0],
        "zoe@example.net",
        "550 5.1.1 <zoe@example.net>... User unknown",
    );
    says(
        &records[1],
        "abe@example.net",
        "550 5.2.1 <abe@example.net>... Disabled",
    );
}

#[test]
fn old_sendmail_gives_the_reply_that_mentions_the_recipient() {
    let records = bounced(&plain(
        "   ----- The following addresses had permanent fatal errors -----\n<bea@example.net>\n<cal@example.net>\n\n   ----- Transcript of session follows -----\n\
         ... while talking to mx.example.net.:\n>>> RCPT To:<bea@example.net>\n<<< 550 <bea@example.net>... User unknown\n\
         550 <bea@example.net>... User unknown\n>>> RCPT To:<cal@example.net>\n<<< 552 <cal@example.net>... Mailbox full\n552 <cal@example.net>... Mailbox full\n\n\
         \x20  ----- Original message follows -----\n\nReturn-Path: <news@example.com>\n",
    ));
    says(
        &records[0],
        "bea@example.net",
        "550 <bea@example.net>... User unknown",
    );
    says(
        &records[1],
        "cal@example.net",
        "552 <cal@example.net>... Mailbox full",
    );
}

#[test]
fn sendmail_5_names_nobody_so_the_returned_mail_does() {
    let record = one(&plain(
        "   ----- Transcript of session follows -----\n421 example.net (smtp)... Deferred: Connection timed out during user open with example.net\n\n\
         \x20  ----- Unsent message follows -----\nReceived: by relay.example.com; (5.65/1.37) id 1\nFrom: news@example.com\nTo: dot@example.net\nSubject: News\n\nHello\n",
    ));
    assert_eq!(record.recipient.as_deref(), Some("dot@example.net"));
    assert!(
        record
            .reply
            .starts_with("421 example.net (smtp)... Deferred")
    );
}

#[test]
fn courier_gives_the_reply_of_its_transcript() {
    let record = one(&plain(
        "This is a delivery status notification from relay.example.com,\nrunning the Courier mail server, version 1.0.\n\n\
         \x20                          UNDELIVERABLE MAIL\n\nYour message to the following recipients cannot be delivered:\n\n<eli@example.net>:\n\
         \x20   mx.example.net [192.0.2.45]:\n>>> RCPT TO:<eli@example.net>\n<<< 550 User unknown.\n\n---------------------------------------\n",
    ));
    says(&record, "eli@example.net", "550 User unknown.");
    assert_eq!(record.remote_ip.as_deref(), Some("192.0.2.45"));
}

#[test]
fn domino_tells_it_behind_because() {
    let record = one(&plain(
        "Your message\n\n  Subject: News\n\nwas not delivered to:\n\n  fay@example.net\n\nbecause:\n\n  User fay (fay@example.net) not listed in Domino Directory\n",
    ));
    says(
        &record,
        "fay@example.net",
        "User fay (fay@example.net) not listed in Domino Directory",
    );
}

#[test]
fn notes_tells_it_before_the_address() {
    let record = one(&plain(
        "------- Failure Reasons  --------\n\nUser not listed in public Name & Address Book\ngus@example.net\n\n\n------- Returned Message --------\n\nReceived: from a by b\n",
    ));
    says(
        &record,
        "gus@example.net",
        "User not listed in public Name & Address Book",
    );
}

#[test]
fn dragonfly_gives_all_lines_of_the_reply_and_the_phase() {
    let record = one(&plain(
        "This is the DragonFly Mail Agent v0.13 at relay.example.com.\n\nThere was an error delivering your mail to <hop@example.net>.\n\n\
         mx.example.net [192.0.2.27] did not like our final DATA:\n550-5.7.26 Mail from example.com is not\r\r\n550 5.7.26 authenticated\r\r\n\nMessage headers follow.\n\nReceived: from root\n",
    ));
    says(
        &record,
        "hop@example.net",
        "550-5.7.26 Mail from example.com is not 550 5.7.26 authenticated",
    );
    assert_eq!(record.phase, Some(Phase::EndOfMessage));
    assert_eq!(record.remote_host.as_deref(), Some("mx.example.net"));
}

#[test]
fn gmx_quotes_the_address_and_gives_no_reply_code() {
    let record = one(&plain(
        "This message was created automatically by mail delivery software.\n\nA message that you sent could not be delivered to one or more of\n\
         its recipients. This is a permanent error. The following address\nfailed:\n\n\"ivy@example.net\":\nSMTP error from remote server after RCPT command:\n\
         host: mx.example.net\n5.2.2 <ivy@example.net>... Mailbox Full\n\n--- The header of the original message is following. ---\n\nReceived: from a by b\n",
    ));
    says(
        &record,
        "ivy@example.net",
        "5.2.2 <ivy@example.net>... Mailbox Full",
    );
    assert_eq!(record.phase, Some(Phase::Rcpt));
}

#[test]
fn ionos_names_host_and_reason_on_one_line() {
    let record = one(&plain(
        "The following address(es)\nfailed:\n\njan@example.net:\nSMTP error from remote server for TEXT command, host: mx.example.net (192.0.2.65) reason: 550 5.2.0 Mail rejected. ofr_506\n",
    ));
    says(
        &record,
        "jan@example.net",
        "550 5.2.0 Mail rejected. ofr_506",
    );
    assert_eq!(record.remote_ip.as_deref(), Some("192.0.2.65"));
}

#[test]
fn yahoo_names_the_phase_in_brackets() {
    let record = one(&plain(
        "Sorry, we were unable to deliver your message to the following address.\n\n<kay@example.net>:\nRemote host said:\n550 5.1.1 <kay@example.net> unknown\n[RCPT_TO]\n\n--- Below this line is a copy of the message.\n",
    ));
    says(
        &record,
        "kay@example.net",
        "550 5.1.1 <kay@example.net> unknown",
    );
    assert_eq!(record.phase, Some(Phase::Rcpt));
}

#[test]
fn zoho_writes_codes_as_fields() {
    let record = one(&plain(
        "This message was created automatically by mail delivery software.\nA message that you sent could not be delivered to one or more of its recipients. This is a permanent error.\n\n\
         lou@example.net Invalid Address, ERROR_CODE :550, ERROR_CODE :5.1.1 <lou@example.net>... User Unknown\n\nReceived:from mail.example.com by mx.example.com\n",
    ));
    assert_eq!(record.recipient.as_deref(), Some("lou@example.net"));
    assert!(
        record
            .reply
            .ends_with("5.1.1 <lou@example.net>... User Unknown")
    );
}

#[test]
fn mailmarshal_gives_the_reply_before_the_recipients() {
    let record = one(&plain(
        "Your message:\n   From:    news@example.com\n   Subject: News\nCould not be delivered because of\n\n550 5.1.1 User unknown\n\nThe following recipients were affected:\n    mia@example.net\n\nAdditional Information\n======================\n\nOriginal Sender:    <news@example.com>\n",
    ));
    says(&record, "mia@example.net", "550 5.1.1 User unknown");
}

#[test]
fn interscan_names_the_recipient_inside_its_sentence() {
    let record = one(&plain(
        "****** Message from InterScan Messaging Security Suite ******\n\nUnable to deliver message to <ned@example.net>. Please check if address is correct.\n\n*************************\n",
    ));
    assert_eq!(record.recipient.as_deref(), Some("ned@example.net"));
    assert!(record.reply.starts_with("Unable to deliver message"));
}

#[test]
fn imail_says_it_in_one_line() {
    let record = one(&plain(
        "Unknown user: oz@example.net\n\n\nOriginal message follows.\n\nReceived: from a by b\nTo: oz@example.net\n",
    ));
    says(&record, "oz@example.net", "Unknown user: oz@example.net");
}

#[test]
fn a_message_id_in_a_sentence_is_no_recipient() {
    let record = one(&plain(
        "Message <1@example.org> could not be delivered to <quin@example.net>.\n\nReason:\n\n550 5.1.1 <quin@example.net> User unknown\n",
    ));
    says(
        &record,
        "quin@example.net",
        "550 5.1.1 <quin@example.net> User unknown",
    );
}

#[test]
fn the_next_line_of_a_session_is_no_part_of_the_reply() {
    let record = one(&plain(
        "Failed address: uma@example.net\n\n--- Session Transcript ---\n Fri 2025-02-07 10:00:00: --> RCPT To:<uma@example.net>\n \
         Fri 2025-02-07 10:00:00: <-- 550 5.1.1 <uma@example.net>: Recipient unknown\n Fri 2025-02-07 10:00:01: --> QUIT\n--- End Transcript ---\n",
    ));
    says(
        &record,
        "uma@example.net",
        "550 5.1.1 <uma@example.net>: Recipient unknown",
    );
}

#[test]
fn a_sentence_of_groupwise_in_brackets_is_the_reason() {
    let record = one(&plain(
        "The message that you sent was undeliverable to the following:\n\tpia@example.net (user not found)\n\nPossibly truncated original message follows:\n",
    ));
    says(&record, "pia@example.net", "user not found");
}

#[test]
fn mail2000_puts_the_reason_in_square_brackets() {
    let record = one(&plain(
        "The original message was received at Mon, 3 Feb 2025 09:00:00 +0100\nfrom news@example.com\n\n---The following addresses had delivery errors---\n\nrex@example.net [Mailbox full]\n",
    ));
    says(&record, "rex@example.net", "Mailbox full");
}

#[test]
fn smail_puts_titles_into_rules() {
    let record = one(&plain(
        "|------------------------- Message log follows: -------------------------|\n no valid recipients were found for this message\n\
         |------------------------- Failed addresses follow: ---------------------|\n sam@example.net ... unknown host\n\
         |------------------------- Message text follows: ------------------------|\nReceived: from a by b\n",
    ));
    says(&record, "sam@example.net", "unknown host");
}

#[test]
fn a_bounce_in_iso_2022_jp_keeps_its_reply() {
    let mail = plain("\x1b$B0J2<$N%a!<%k%\"%I%l%9$X$NAw?.$K<:GT$7$^$7$?!#\x1b(B\n\ntom@example.net\n\n-------server message\n550 5.1.1 unknown user <tom@example.net>\n\n-------SMTP command\nDATA\n\n-------original message\n\nReceived: from a by b\n")
        .replace("\n\n\x1b", "\nContent-Type: text/plain; charset=\"ISO-2022-JP\"\n\n\x1b");
    says(
        &one(&mail),
        "tom@example.net",
        "550 5.1.1 unknown user <tom@example.net>",
    );
}

#[test]
fn a_reason_in_an_unknown_language_is_given_as_it_is() {
    let mail = plain("Kedves news@example.com,\n\nAz üzenet nem érte el a címzettet, mert a csoport nem fogadja.\n\nGoogle\n")
        .replace("To: news", "X-Failed-Recipients: group@example.net\nTo: news");
    says(
        &one(&mail),
        "group@example.net",
        "Az üzenet nem érte el a címzettet, mert a csoport nem fogadja.",
    );
}

#[test]
fn html_alone_is_read_as_text() {
    let mail = plain("<html><head><style>p{}</style></head><body><p>Delivery to the following recipient failed:</p><p>uli@example.net</p><p>550 5.1.1 User unknown</p></body></html>\n")
        .replace("\n\n<html>", "\nContent-Type: text/html; charset=utf-8\n\n<html>");
    says(&one(&mail), "uli@example.net", "550 5.1.1 User unknown");
}

#[test]
fn an_amazon_report_inside_the_text_is_read_as_a_report() {
    let record = one(&plain(
        "An error occurred while trying to deliver the mail to the following recipients:\nvic@example.net\n\nTechnical report:\n\nReporting-MTA: dns; a1.example.com\n\n\
         Action: failed\nFinal-Recipient: rfc822; vic@example.net\nDiagnostic-Code: smtp; 550 5.1.1 <vic@example.net>... User Unknown\nStatus: 5.1.1\n",
    ));
    says(
        &record,
        "vic@example.net",
        "550 5.1.1 <vic@example.net>... User Unknown",
    );
    assert_eq!(record.format, "dsn");
}

#[test]
fn numbers_with_units_and_addresses_of_helpers_are_no_reply_and_no_recipient() {
    let record = one(&plain(
        "Your message of 535 KB could not be delivered for 500 seconds.\nPlease contact postmaster@relay.example.com.\n\n<wes@example.net>: mailbox is full\n",
    ));
    says(&record, "wes@example.net", "mailbox is full");
}

#[test]
fn a_queue_that_was_too_long_is_the_reason_when_there_is_no_other() {
    let record = one(&plain(
        "<xav@example.net>:\nThis message has been in the queue too long.\n\n",
    ));
    says(
        &record,
        "xav@example.net",
        "This message has been in the queue too long.",
    );
}

#[test]
fn a_notification_of_amazon_ses_by_mail_is_read() {
    let json = |kind: &str| {
        format!(
            "From: AWS Notifications <no-reply@sns.amazonaws.com>\nTo: news@example.com\nSubject: AWS Notification Message\n\n\
             {{\"notificationType\":\"{kind}\",\"bounce\":{{\"bounceType\":\"Permanent\",\"bouncedRecipients\":[{{\"emailAddress\":\"yve@example.net\",!\n \
             \"action\":\"failed\",\"status\":\"5.1.1\",\"diagnosticCode\":\"smtp; 550 5.1.1 user unknown\"}}]}}}}\n\n--\nIf you wish to stop\n"
        )
    };
    let record = one(&json("Bounce"));
    says(&record, "yve@example.net", "550 5.1.1 user unknown");
    assert_eq!(record.platform_class.as_deref(), Some("Permanent"));
    assert_eq!(other(&json("Complaint")), Mail::Feedback);
}

#[test]
fn the_words_behind_the_response_was_are_the_reply() {
    let record = one(&plain(
        "** Message not delivered **\n\nYour settings are misconfigured for zia@example.net.\n\nThe response was:\n\nServer does not advertise AUTH capability\n",
    ));
    says(
        &record,
        "zia@example.net",
        "Server does not advertise AUTH capability",
    );
}

#[test]
fn a_code_alone_yields_to_the_same_code_with_words() {
    let record = one(&plain(
        "Your message to ava@example.net couldn't be delivered.\n\nStatus code: 550 5.1.10\n\nError Details\n\
         Reported error:\t\u{200e}550 5.1.10 RESOLVER.ADR.RecipientNotFound; not found\nDSN generated by:\tX1.example.com\n",
    ));
    says(
        &record,
        "ava@example.net",
        "550 5.1.10 RESOLVER.ADR.RecipientNotFound; not found",
    );
}

#[test]
fn an_alias_that_was_expanded_is_no_part_of_the_reason() {
    let record = one(&plain(
        "<ben@example.net> (expanded from <list@example.net>): unknown user: \"ben\"\n",
    ));
    says(&record, "ben@example.net", "unknown user: \"ben\"");
}

#[test]
fn a_receipt_of_a_delivery_is_sent() {
    let mail = plain("Your message was delivered to <cor@example.net>: 250 2.1.5 OK\n").replace(
        "Undelivered Mail Returned to Sender",
        "Delivery Status Notification (Success)",
    );
    assert_eq!(one(&mail).outcome, Some(Outcome::Sent));
}

#[test]
fn a_diagnostic_of_three_types_gives_the_reply() {
    let record = one(&report(
        "See below.",
        "Final-Recipient: rfc822;dee@example.net\nAction: failed\nStatus: 5.1.1 (bad destination mailbox address)\n\
         Diagnostic-Code: x-pmta;bounce-queue;reply:550 5.1.1 no such user",
    ));
    says(&record, "dee@example.net", "550 5.1.1 no such user");
}

#[test]
fn a_status_with_a_comment_is_the_reply_when_nothing_else_tells() {
    let record = one(&report(
        "Delivery failed.",
        "Final-Recipient: rfc822;fip@example.net\nAction: failed\nStatus: 5.1.1 (bad destination mailbox address)\nDiagnostic-Code: X-Unix; 67",
    ));
    says(
        &record,
        "fip@example.net",
        "5.1.1 (bad destination mailbox address)",
    );
}

#[test]
fn words_of_an_address_are_no_reason() {
    let record = one(&plain(
        "There was an error delivering your mail to <expired-quota@example.net>.\n\nCould not deliver for the last 432000 seconds. Giving up.\n\nMessage headers follow.\n",
    ));
    says(
        &record,
        "expired-quota@example.net",
        "Could not deliver for the last 432000 seconds. Giving up.",
    );
}

// No bounces.

#[test]
fn a_vacation_notice_is_an_automatic_answer() {
    let mail = "Return-Path: <>\nFrom: ann@example.net\nTo: news@example.com\nSubject: Automatic reply: News\nAuto-Submitted: auto-replied\n\n\
                I am away until Monday. Write to bob@example.net, my mailbox is full.\n";
    assert_eq!(other(mail), Mail::AutoReply);
    let mail = "From: ann@example.net\nTo: news@example.com\nSubject: Re: News\nPrecedence: auto_reply\n\nAway.\n";
    assert_eq!(other(mail), Mail::AutoReply);
}

#[test]
fn a_complaint_is_feedback() {
    let mail = "From: fbl@example.net\nTo: abuse@example.com\nSubject: complaint\nContent-Type: multipart/report; report-type=feedback-report; boundary=b\n\n\
                --b\nContent-Type: text/plain\n\nComplaint about 550 mails.\n\n--b\nContent-Type: message/feedback-report\n\nFeedback-Type: abuse\nVersion: 1\n\n--b--\n";
    assert_eq!(other(mail), Mail::Feedback);
}

#[test]
fn a_read_receipt_is_one() {
    let mail = "From: ann@example.net\nTo: news@example.com\nSubject: Read: News\nContent-Type: multipart/report; boundary=b; report-type=disposition-notification\n\n\
                --b\nContent-Type: text/plain\n\nYour message was displayed.\n\n--b\nContent-Type: message/disposition-notification\n\n\
                Final-Recipient: rfc822;ann@example.net\nDisposition: manual-action/MDN-sent-manually; displayed\n\n--b--\n";
    assert_eq!(other(mail), Mail::ReadReceipt);
}

#[test]
fn a_filter_that_wants_a_proof_is_a_challenge() {
    let mail = "From: ann@example.net\nTo: news@example.com\nSubject: Please confirm your message\nX-TMDA-Fingerprint: abc\n\nReply to deliver your message.\n";
    assert_eq!(other(mail), Mail::ChallengeResponse);
}

#[test]
fn a_mail_about_bounces_is_none() {
    let mail = "From: ann@example.net\nTo: bob@example.net\nSubject: Question about a bounce\n\nWhat does \"550 5.1.1 User unknown\" mean for cy@example.org?\n";
    assert_eq!(other(mail), Mail::NotABounce);
}

#[test]
fn a_postmaster_writes_other_mails_too() {
    let mail = "From: postmaster@example.net\nTo: news@example.com\nSubject: Weekly statistics\n\n550 mails were sent to joe@example.net this week.\n";
    assert_eq!(other(mail), Mail::NotABounce);
    let mail = "From: postmaster@example.net\nTo: news@example.com\nSubject: Automatic reply: News\n\nI am away, my mailbox is full.\n";
    assert_eq!(other(mail), Mail::AutoReply);
}

#[test]
fn an_encoded_subject_is_read() {
    // "Automatische Antwort: Neues"
    let mail = "From: ann@example.net\nTo: news@example.com\nSubject: =?UTF-8?B?QXV0b21hdGlzY2hlIEFudHdvcnQ6IE5ldWVz?=\n\nIch bin nicht da.\n";
    assert_eq!(other(mail), Mail::AutoReply);
}

// Streams.

#[test]
fn a_mail_begins_with_fields_and_a_log_does_not() {
    assert_eq!(
        mail::begins(b"Return-Path: <>\r\nReceived: from a by b\r\n"),
        Some(true)
    );
    assert_eq!(
        mail::begins(b"From MAILER-DAEMON Mon Feb  3 09:00:00 2025\nFrom: a@example.com\n"),
        Some(true)
    );
    assert_eq!(
        mail::begins(b"X-Filter: yes\nX-Other: no\n\tfolded\n"),
        Some(true)
    );
    assert_ne!(
        mail::begins(b"Feb  3 09:00:00 mx postfix/smtp[1]: 4Z: to=<a@example.com>\n"),
        Some(true)
    );
    assert_ne!(
        mail::begins(b"2025-02-03 09:00:00 1abc-2 ** a@example.com: error\n"),
        Some(true)
    );
    assert_ne!(mail::begins(b"550 5.1.1 User unknown\n"), Some(true));
    assert_ne!(mail::begins(b"type,timeLogged,rcpt\n"), Some(true));
    assert_ne!(mail::begins(b"{\"type\":\"Bounce\"}\n"), Some(true));
    assert_ne!(mail::begins(b"From now on: nothing\n"), Some(true));
    assert_ne!(mail::begins(b""), Some(true));
}

#[test]
fn an_mbox_is_cut_at_its_from_lines_only() {
    let mbox = "From a@example.com Mon Feb  3 09:00:00 2025\nSubject: 1\n\nText\n\nFrom here on it is a sentence.\n\n\
                From MAILER-DAEMON  Mon Feb  3 10:00:00 2025\nSubject: 2\n\nText\nFrom b@example.com Mon Feb  3 10:00:00 2025 inside\n";
    let mails: Vec<_> = mail::mbox_mails(mbox.as_bytes()).collect();
    assert_eq!(mails.len(), 2);
    assert!(mails[1].starts_with(b"From MAILER-DAEMON"));
    assert_eq!(mails.concat(), mbox.as_bytes());
    assert_eq!(mail::mbox_mails(b"").count(), 0);
    assert_eq!(mail::mbox_mails(b"no mbox\n").count(), 1);
}

// Shapes of single mail systems, and languages.

#[test]
fn a_quoted_local_part_and_a_numbered_list_open_blocks() {
    let records = bounced(&plain(
        "The following address(es) failed:\n\n  \"ann lee\"@example.net\n    User unknown\n\n  2. bob@example.net - Mailbox full\n",
    ));
    assert_eq!(records.len(), 2);
    says(&records[0], "\"ann lee\"@example.net", "User unknown");
    assert_eq!(records[1].recipient.as_deref(), Some("bob@example.net"));
    assert!(records[1].reply.contains("Mailbox full"));
}

#[test]
fn an_address_is_freed_of_the_letters_glued_to_it() {
    let record = one(&plain(
        "did not reach the following recipient(s):\n\nc=us;a= ;p=example;o=hq;dda:SMTP=cleo@example.net; on Mon, 3 Feb 2025\n    The mailbox is full\n",
    ));
    assert_eq!(record.recipient.as_deref(), Some("cleo@example.net"));
    let record = one(&plain(
        "您发送给dora@example.cn的邮件被退回，收件人邮箱已满。\n",
    ));
    assert_eq!(record.recipient.as_deref(), Some("dora@example.cn"));
    // An address may be all Chinese.
    let record = one(&plain("<用户@例子.cn>: User unknown\n"));
    says(&record, "用户@例子.cn", "User unknown");
}

#[test]
fn a_final_recipient_that_is_no_mail_address_gives_way_to_what_the_sender_knows() {
    for strange in [
        "X400; /C=DE/A=EX/S=LEE/",
        "LOCAL;<lee>",
        "rfc822; lee@store",
    ] {
        let fields = format!("Final-Recipient: {strange}\nAction: failed\nStatus: 5.1.1");
        let record = one(&report("It failed.", &fields));
        assert_eq!(
            record.recipient.as_deref(),
            Some("list@example.org"),
            "{strange}"
        );
        let named = format!("Original-Recipient: rfc822; ann@example.net\n{fields}");
        let record = one(&report("It failed.", &named));
        assert_eq!(
            record.recipient.as_deref(),
            Some("ann@example.net"),
            "{strange}"
        );
    }
}

#[test]
fn the_return_path_names_the_recipient_where_nothing_else_does() {
    let to = |path: &str| plain("The mailbox is full.\n").replace("news@example.com", path);
    for path in [
        "bounce-eve=example.net@news.example.com",
        "list-bounces+eve=example.net@news.example.com",
        "bounces+77-eve=example.net@news.example.com",
        "list-return-12-eve=example.net@news.example.com",
    ] {
        assert_eq!(
            one(&to(path)).recipient.as_deref(),
            Some("eve@example.net"),
            "{path}"
        );
    }
    for path in [
        "prvs=12ab=news@example.com",
        "news@example.com",
        "a=b@example.com",
    ] {
        assert_eq!(one(&to(path)).recipient, None, "{path}");
    }
}

#[test]
fn a_link_names_the_recipient_of_an_html_bounce_without_addresses() {
    let mail = plain(
        "<p>Delivery has failed to <a href=\"mailto:fay@example.net?subject=x\">Fay</a>.</p><p>The mailbox is full.</p>\n",
    )
    .replace("\n\n<p>", "\nContent-Type: text/html\n\n<p>");
    let record = one(&mail);
    assert_eq!(record.recipient.as_deref(), Some("fay@example.net"));
    assert!(record.reply.contains("The mailbox is full."));
}

#[test]
fn words_right_below_an_address_are_about_it_in_any_language() {
    let record = one(&plain(
        "Sendingin mistókst til þessara viðtakenda:\n\ngil@example.net\nPósthólf viðtakandans er ekki til hér.\n",
    ));
    says(
        &record,
        "gil@example.net",
        "Pósthólf viðtakandans er ekki til hér.",
    );
    // Though another recipient has a reply with a code.
    let records = bounced(&plain(
        "  hal@example.net\n    all mail exchangers are gone away\n  ida@example.net\n    552 5.3.4 message too big\n",
    ));
    says(
        &records[0],
        "hal@example.net",
        "all mail exchangers are gone away",
    );
    says(&records[1], "ida@example.net", "552 5.3.4 message too big");
}

#[test]
fn a_count_is_no_reply() {
    let record = one(&plain(
        "Message details:\n  Size (in bytes): 512\n  Number of lines: 450\n\nFailed recipient(s):\njan@example.net\n\nError message:\n550 5.1.1 no mailbox\n",
    ));
    says(&record, "jan@example.net", "550 5.1.1 no mailbox");
}

#[test]
fn a_dated_transcript_is_read_behind_its_arrows() {
    let record = one(&plain(
        "The following addresses did NOT receive a copy of your message:\n\n> kim@example.net\n\n--- Session Transcript ---\n \
         Mon 2025-02-03 09:00:00: --> RCPT To:<kim@example.net>\n Mon 2025-02-03 09:00:01: <-- 550 Not one of ours\n \
         Mon 2025-02-03 09:00:01: --> QUIT\n",
    ));
    says(&record, "kim@example.net", "550 Not one of ours");
}

#[test]
fn what_a_local_mailer_said_stands_before_sendmails_word_for_it() {
    let record = one(&plain(
        "   ----- The following addresses had permanent fatal errors -----\n<leo@example.net>\n\n   ----- Transcript of session follows -----\n\
         procmail: Quota exceeded while writing \"/var/mail/leo\"\n550 5.0.0 <leo@example.net>... Can't create output\n",
    ));
    says(
        &record,
        "leo@example.net",
        "procmail: Quota exceeded while writing \"/var/mail/leo\" 550 5.0.0 <leo@example.net>... Can't create output",
    );
}

#[test]
fn a_line_of_dashes_with_an_address_is_read() {
    let record = one(&plain(
        "Your message could not be delivered for this reason:\n\n --- Invalid receiver address: mia@example.net\n\n --- Returned message ---\n\nHello.\n",
    ));
    assert_eq!(record.recipient.as_deref(), Some("mia@example.net"));
    assert!(record.reply.contains("Invalid receiver address"));
}

#[test]
fn a_report_sent_as_a_file_is_a_report() {
    let record = one(
        "Return-Path: <>\nFrom: postmaster@mx.example.net\nTo: news@example.com\nSubject: Undeliverable\n\
         Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\nSee the file.\n\n--b\n\
         Content-Type: application/octet-stream; name=\"details.txt\"\n\nReporting-MTA: dns; mx.example.net\n\n\
         Final-Recipient: rfc822; ned@example.net\nAction: failed\nStatus: 5.1.1\n\n--b--\n",
    );
    assert_eq!(record.format, "dsn");
    says(&record, "ned@example.net", "5.1.1");
}

#[test]
fn the_exit_status_of_a_program_gives_way_to_the_status() {
    let record = one(&report(
        "It failed.",
        "Final-Recipient: rfc822; ola@example.net\nAction: failed\nStatus: 5.3.0\nDiagnostic-Code: x-unix; 127",
    ));
    says(&record, "ola@example.net", "5.3.0");
}

#[test]
fn a_recipient_without_a_word_about_him_is_reported_with_the_subject() {
    let record = one(&plain(">>> pia@example.net <pia@example.net>\n"));
    says(
        &record,
        "pia@example.net",
        "Undelivered Mail Returned to Sender",
    );
}

#[test]
fn talk_about_bounces_and_notices_to_their_owner_are_no_bounces() {
    let mail = |from: &str, subject: &str, body: &str| {
        format!("From: {from}\nTo: news@example.com\nSubject: {subject}\n\n{body}\n")
    };
    let talk = mail(
        "Ann <ann@example.net>",
        "Re: delivery status of my parcel",
        "User unknown to me. Ask bob@example.net.",
    );
    assert_eq!(other(&talk), Mail::NotABounce);
    let answer = talk.replace("Re: ", "AW: ");
    assert_eq!(other(&answer), Mail::NotABounce);
    let list = talk.replace(
        "Subject: Re: ",
        "List-Id: <dev.example.net>\nSubject: [dev] ",
    );
    assert_eq!(other(&list), Mail::NotABounce);
    let notice = mail(
        "postmaster@example.com",
        "Your mailbox is nearly full",
        "The mailbox news@example.com uses 91% of its quota.",
    );
    assert_eq!(other(&notice), Mail::NotABounce);
    let signed = mail(
        "list-admin@example.net",
        "Not a member",
        "--elena@example.net, be seeing you",
    );
    assert_eq!(
        other(&format!("Return-Path: <>\n{signed}")),
        Mail::NotABounce
    );
}

#[test]
fn a_bounce_is_known_by_its_subject_in_many_languages() {
    let mail = |subject: &str, body: &str| {
        format!(
            "From: Mail <mail@mx.example.net>\nTo: news@example.com\nSubject: {subject}\n\n{body}\n"
        )
    };
    for (subject, body) in [
        (
            "Zustellung fehlgeschlagen",
            "Das Konto ann@example.net wurde gesperrt.",
        ),
        ("Échec de remise", "Destinataire inconnu : ann@example.net"),
        ("Mensaje devuelto", "El buzón ann@example.net está lleno."),
        ("Mancata consegna", "Indirizzo inesistente: ann@example.net"),
        (
            "Falha na entrega da mensagem",
            "Caixa cheia: ann@example.net",
        ),
        ("Zwrot wiadomości", "Skrzynka ann@example.net jest pełna."),
        (
            "Сообщение не доставлено",
            "Ящик ann@example.net переполнен.",
        ),
        ("メール送信エラー", "宛先不明: ann@example.net"),
        ("메일 전송 실패", "ann@example.net: 용량 초과"),
        ("邮件投递失败", "收件人ann@example.net不存在"),
    ] {
        let record = one(&mail(subject, body));
        assert_eq!(
            record.recipient.as_deref(),
            Some("ann@example.net"),
            "{subject}"
        );
        assert_eq!(record.outcome, Some(Outcome::Bounced), "{subject}");
    }
    for subject in [
        "Entrega retrasada: oferta",
        "Vertraagd: aanbod",
        "Opóźnione: oferta",
        "Задержка доставки",
        "配信遅延",
    ] {
        let record = one(
            &plain("<ann@example.net>: connect to mx.example.net: timed out\n")
                .replace("Undelivered Mail Returned to Sender", subject),
        );
        assert_eq!(record.outcome, Some(Outcome::Deferred), "{subject}");
    }
}

// Lists of recipients, and bounces that are none.

#[test]
fn a_heading_tells_what_became_of_the_recipients_below() {
    let records = bounced(&plain(
        "Your message was delivered to the\nfollowing recipients:\n\n   ann@example.net\n\n\
         ----- The following addresses had transient non-fatal errors -----\n\n   bob@example.net: connection refused\n\n\
         Your message was not delivered to:\n\n   eve@example.net: user unknown\n",
    ));
    let outcomes: Vec<_> = records
        .iter()
        .map(|record| record.outcome.unwrap())
        .collect();
    assert_eq!(
        outcomes,
        [Outcome::Sent, Outcome::Deferred, Outcome::Bounced]
    );
    assert!(!records[0].reply.contains("unknown"), "{records:?}");
}

#[test]
fn a_heading_that_denies_a_delivery_is_none() {
    for heading in [
        "Your message was not successfully delivered to the following recipients:",
        "Your message could not be relayed to these addresses:",
        "Your message couldn't be relayed to:",
        "Unsuccessful: your message was delivered to the server of, but not to:",
    ] {
        let records = bounced(&plain(&format!(
            "{heading}\n\n   bob@example.net\n\nThe mailbox is full.\n"
        )));
        assert_eq!(records.len(), 1, "{heading}");
        assert_eq!(records[0].outcome, Some(Outcome::Bounced), "{heading}");
        assert!(records[0].reply.contains("full"), "{heading}");
    }
}

#[test]
fn sendmails_note_behind_an_address_tells_what_became_of_it() {
    let records = bounced(&plain(
        "   ----- The following addresses have delivery notifications -----\n<ann@example.net>  (unrecoverable error)\n\
         <bob@example.net>  (relayed to non-DSN-aware mailer)\n<eve@example.net>  (transient failure)\n\n\
         ----- Transcript of session follows -----\n<<< 550 <ann@example.net>... User unknown\n\
         <eve@example.net>... Deferred: Connection timed out with mx.example.net.\n",
    ));
    says(
        &records[0],
        "ann@example.net",
        "550 <ann@example.net>... User unknown",
    );
    assert_eq!(records[1].outcome, Some(Outcome::Sent));
    assert_eq!(records[2].outcome, Some(Outcome::Deferred));
    assert!(records[2].reply.contains("timed out"), "{records:?}");
}

#[test]
fn a_word_behind_an_address_may_say_that_it_got_the_mail() {
    let records = bounced(&plain(
        "<ann@example.net>: delivered\n<bob@example.net>: failed: no such user\n",
    ));
    let outcomes: Vec<_> = records.iter().map(|record| record.outcome).collect();
    assert_eq!(outcomes, [Some(Outcome::Sent), Some(Outcome::Bounced)]);
}

#[test]
fn exchanges_code_in_angle_brackets_takes_the_sentence_before_it() {
    let records = bounced(&plain(
        "did not reach the following recipient(s):\n\nann@example.net on Tue, 4 Mar 2025 10:11:10 +0100\n    \
         You do not have permission to send to this recipient.\n    <mx.example.net #5.7.1>\n\
         bob@example.net on Tue, 4 Mar 2025 10:11:10 +0100\n    The mailbox is full.\n    <mx.example.net #5.2.2>\n",
    ));
    says(
        &records[0],
        "ann@example.net",
        "You do not have permission to send to this recipient. <mx.example.net #5.7.1>",
    );
    says(
        &records[1],
        "bob@example.net",
        "The mailbox is full. <mx.example.net #5.2.2>",
    );
}

#[test]
fn a_warning_that_a_mail_is_not_delivered_yet_is_no_failure() {
    let mail = plain("The mail has not been delivered yet to:\n\n   ann@example.net: timed out\n")
        .replace(
            "Undelivered Mail Returned to Sender",
            "Warning: mail delayed",
        );
    assert_eq!(one(&mail).outcome, Some(Outcome::Deferred));
}

#[test]
fn a_heading_tells_the_reason_of_all_below() {
    let records = bounced(&plain(
        "The following recipients are unknown:\n\n   ann@example.net\n   bob@example.net\n\n\
         The following recipients are over quota:\n\n   o'neil@example.net, eve@example.net\n",
    ));
    let unknown = "The following recipients are unknown:";
    let quota = "The following recipients are over quota:";
    says(&records[0], "ann@example.net", unknown);
    says(&records[1], "bob@example.net", unknown);
    let mut full: Vec<_> = records[2..]
        .iter()
        .map(|record| (record.recipient.as_deref().unwrap(), &*record.reply))
        .collect();
    full.sort_unstable();
    assert_eq!(
        full,
        [("eve@example.net", quota), ("o'neil@example.net", quota)]
    );
}

#[test]
fn an_answer_or_a_newsletter_is_no_bounce_whatever_it_says() {
    let answer = "Return-Path: <>\nFrom: Ann <ann@example.net>\nTo: news@example.com\nSubject: Re: News\n\n\
                  This address is no longer in use, write to ann@example.org.\n";
    assert_eq!(other(answer), Mail::AutoReply);
    let letter = "From: News <news@example.net>\nTo: list@example.com\nSubject: Why mail is returned to sender\n\
                  List-Unsubscribe: <https://example.net/u>\n\n550 5.1.1 <you@example.com> means a dead address.\n";
    assert_eq!(other(letter), Mail::NotABounce);
    let parcel = "Return-Path: <>\nFrom: shop@example.net\nTo: news@example.com\nSubject: Your order could not be delivered\n\n\
                  Parcel 7 was refused by the recipient. We are sorry.\n";
    assert_eq!(other(parcel), Mail::NotABounce);
    let challenge = "From: postmaster@example.net\nTo: news@example.com\nSubject: Are you there?\nX-Challenge: 1\n\n\
                     Mail to ann@example.net is refused until you answer.\n";
    assert_eq!(other(challenge), Mail::ChallengeResponse);
}

#[test]
fn rows_and_cells_of_a_table_stay_apart() {
    let mail = plain(
        "<h1>Delivery failed</h1><table><tr><th>Recipient</th><th>Reason</th></tr><tr><td>ann@example.net</td><td>User unknown</td></tr>\
         <TR><TD>bob@example.net</TD><TD>Mailbox full</TD></TR></table>",
    )
    .replace("\nDate:", "\nMIME-Version: 1.0\nContent-Type: text/html\nDate:");
    let records = bounced(&mail);
    says(&records[0], "ann@example.net", "User unknown");
    says(&records[1], "bob@example.net", "Mailbox full");
}

#[test]
fn local_parts_of_the_returned_mail_are_recipients() {
    let mail = report(
        "The message that you sent was undeliverable to the following:\n\tann (mailbox is full)\n\tbob (user not found)\n",
        "",
    )
    .replace("To: list@example.org", "To: ann@example.org, Bob <bob@example.org>");
    let records = bounced(&mail);
    says(&records[0], "ann@example.org", "mailbox is full");
    says(&records[1], "bob@example.org", "user not found");
}

#[test]
fn a_subject_may_name_the_recipient() {
    let record = one(&plain("The recipient is unknown here.\n").replace(
        "Undelivered Mail Returned to Sender",
        "Undeliverable: ann@example.net",
    ));
    assert_eq!(record.recipient.as_deref(), Some("ann@example.net"));
}

#[test]
fn a_phrase_that_the_end_of_a_line_cuts_still_tells_the_reason() {
    let record = one(
        "Return-Path: <>\nFrom: listproc@lists.example.net\nTo: news@example.com\nSubject: Error Condition\n\n\
         Your message to garden@lists.example.net stays here: news@example.com is not\nsubscribed.\n",
    );
    assert_eq!(
        record.recipient.as_deref(),
        Some("garden@lists.example.net")
    );
    assert!(record.reply.ends_with("is not subscribed."), "{record:?}");
}

#[test]
fn a_line_that_names_the_reason_says_more_than_the_sentence_above() {
    let record = one(&plain(
        "The mail that you sent to ann@example.net was rejected by the filter.\n\nReason: a banned file type\n",
    ));
    says(&record, "ann@example.net", "Reason: a banned file type");
}

#[test]
fn the_sender_whose_mail_is_refused_is_no_recipient() {
    let record = one(&plain(
        "ann does not accept mail from news@example.com\nYour mail to ann@example.net is refused.\n",
    ));
    assert_eq!(record.recipient.as_deref(), Some("ann@example.net"));
    let pmdf = one(&plain(
        "Your message cannot be delivered to the following recipients:\n\n  Recipient address: ann@vax.example.net\n  \
         Original address: ann@example.net\n  Reason: no such user\n",
    ));
    assert_eq!(pmdf.recipient.as_deref(), Some("ann@vax.example.net"));
}

#[test]
fn a_receipt_that_refuses_is_a_bounce() {
    let receipt = |subject: &str, text: &str| {
        format!(
            "From: postmaster@example.net\nTo: news@example.com\nSubject: {subject}\nMIME-Version: 1.0\n\
             Content-Type: multipart/report; report-type=disposition-notification; boundary=b\n\n\
             --b\nContent-Type: text/plain\n\n{text}\n\n--b\nContent-Type: message/disposition-notification\n\n\
             Final-Recipient: rfc822; ann@example.net\nDisposition: automatic-action/MDN-sent-automatically; deleted\n\n--b--\n"
        )
    };
    let refused = "Your message to <ann@example.net> was automatically rejected:\nQuota exceeded";
    let record = one(&receipt("Rejected: News", refused));
    assert_eq!(record.recipient.as_deref(), Some("ann@example.net"));
    assert_eq!(
        other(&receipt("Not read: News", "It was deleted unread.")),
        Mail::ReadReceipt
    );
}

#[test]
fn spam_that_looks_like_a_bounce_is_none() {
    let spam = plain(
        "Your mailbox is full: 5 undelivered messages are held for news@example.com. Log in now.\n",
    )
    .replace("Return-Path: <>", "Return-Path: <offers@example.org>");
    assert_eq!(other(&spam), Mail::NotABounce);
}

// Hostile mails.

#[test]
fn any_cut_of_a_mail_is_read_without_a_panic() {
    let mail = report(
        "<ann@example.net>: host mx.example.net[192.0.2.7] said: 550-5.1.1 é\n    550 5.1.1 ü (in reply to RCPT TO command)",
        "Final-Recipient: utf-8; \\x{110000}\\x{3B1@example.net\nAction: failed\nStatus: 5.1.1 (\u{fc}\nDiagnostic-Code: smtp; 550-5.1.1 said: 'é",
    );
    for end in 0..mail.len() {
        let bytes = mail.as_bytes().get(..end).unwrap();
        let _ = mail::begins(bytes);
        mail::read(bytes, &mut |_| {});
    }
}

#[test]
fn recipients_nesting_and_parts_have_limits() {
    let fields =
        "Final-Recipient: rfc822; a@example.net\nAction: failed\nStatus: 5.1.1\n\n".repeat(12_000);
    assert_eq!(bounced(&report("Many.", &fields)).len(), 10_000);
    let nested = "Content-Type: multipart/mixed; boundary=b\n\n--b\n".repeat(5_000);
    mail::read(nested.as_bytes(), &mut |_| {});
    let parts = format!(
        "Content-Type: multipart/mixed; boundary=b\n\n{}",
        "--b\n\nx\n".repeat(50_000)
    );
    mail::read(parts.as_bytes(), &mut |_| {});
}
