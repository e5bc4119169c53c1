//! Amazon SES notifications that come as a mail: a JSON object in the text (SNS subscription by e-mail).
//!
//! Source: "Amazon SNS notification contents for Amazon SES", docs.aws.amazon.com/ses, bounce object.

use serde_json::Value;

use super::mime::Opened;
use super::report::Recipient;
use super::text::one_line;
use crate::record::Outcome;

/// What a notification tells.
pub enum Notice {
    /// Recipients that bounced.
    Bounce(Vec<Recipient>),
    /// A complaint.
    Complaint,
}

/// Finds a notification in the text of a mail.
pub fn read(mail: &Opened<'_>, text: &str) -> Option<Notice> {
    let start = text
        .find("{\"notificationType\"")
        .or_else(|| text.find("{\"eventType\""))?;
    mail.header
        .get("from")
        .filter(|from| from.contains("amazon"))?;
    // Mail servers cut lines at 998 bytes: sendmail puts "!", a line end and a blank there.
    let json = text.get(start..)?.replace("!\n ", "").replace('\n', "");
    let notice = serde_json::Deserializer::from_str(&json)
        .into_iter::<Value>()
        .next()?
        .ok()?;
    let kind = notice.get("notificationType").or(notice.get("eventType"))?;
    match kind.as_str()? {
        "Complaint" => Some(Notice::Complaint),
        "Bounce" => {
            let bounce = notice.get("bounce")?;
            let class = bounce.get("bounceType").and_then(Value::as_str);
            let recipients = bounce.get("bouncedRecipients")?.as_array()?;
            Some(Notice::Bounce(
                recipients
                    .iter()
                    .map(|recipient| {
                        let word = |key| {
                            recipient
                                .get(key)
                                .and_then(Value::as_str)
                                .map(one_line)
                                .unwrap_or_default()
                        };
                        Recipient {
                            last: super::report::address(&word("emailAddress")),
                            action: Some(Outcome::Bounced),
                            status: word("status"),
                            diagnostic: super::report::typeless(&word("diagnosticCode")).to_owned(),
                            class: class.map(str::to_owned),
                            ..Recipient::default()
                        }
                    })
                    .collect(),
            ))
        }
        _ => None,
    }
}
