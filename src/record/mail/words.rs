//! The words that bounces, automatic answers and challenges have, in the languages they come in.
//!
//! They decide only what is read and which sentence is shown; what it means is the classifier's business. All are in
//! lower case and are looked for in lower-cased text.

use super::text::within;
use crate::record::Outcome;

/// Senders that speak for a mail system.
#[rustfmt::skip]
pub const SYSTEMS: &[&str] = &[
    "mailer-daemon", "mailerdaemon", "mailer daemon", "postmaster", "mail delivery", "maildelivery", "mdaemon",
    "mail administrator", "system administrator", "mail.delivery", "mail deliver", "bounce-notification",
    "ndr administrator", "delivery subsystem", "microsoftexchange", "mail system", "mail daemon", "mail-daemon",
];

/// Subjects that only bounces have.
#[rustfmt::skip]
pub const SUBJECTS: &[&str] = &[
    "undeliver", "undelivered", "delivery failure", "delivery fail", "failure notice", "failure delivery",
    "failed delivery", "returned mail", "delivery status", "delivery notification", "mail delivery",
    "message not delivered", "could not be delivered", "couldn't be delivered", "delivery has failed",
    "not delivered", "mail failure", "delivery problem", "returned to sender", "returning message",
    "returning to sender", "non remis", "nicht zustellbar", "unzustellbar", "non recapitabile",
    "no se puede entregar", "não entregue", "onbestelbaar", "недоставлен", "не доставлено", "配信不能", "配信できません", "退信",
    "无法传递", "無法傳遞", "mail system error", "error sending your mail", "delivery delayed", "delayed mail",
    "considered unsolicited", "message you sent blocked", "rejected:", "ikke leveres", "kunde inte levereras",
    "niedostarcz", "doručiteln", "kan ikke leveres", "teslim edilemedi", "kézbesíthetetlen", "toimittamatta",
    "未送达", "被退回", "반송", "배달되지", "mail returned", "bounced mail", "mail bounced", "non-delivery", "nondeliverable",
    "delivery error", "unable to deliver", "failed to deliver", "zustellung fehlgeschlagen", "échec de remise",
    "non distribué", "avis de non-remise", "mancata consegna", "consegna fallita", "mensaje devuelto", "correo devuelto",
    "error en la entrega", "no entregado", "falha na entrega", "mensagem devolvida", "zwrot wiadomości", "nelivrat",
    "ошибка доставки", "не доставлен", "送信エラー", "配信エラー", "配送エラー", "送达失败", "投递失败", "無法送達", "전송 실패",
    "전달되지", "ndn:", "rejected posting",
];

/// How the subjects of answers begin that people write.
pub const ANSWERS: &[&str] = &[
    "re:", "aw:", "antw:", "sv:", "vs:", "odp:", "回复:", "答复:",
];

/// How the subjects of automatic answers begin.
#[rustfmt::skip]
pub const VACATIONS: &[&str] = &[
    "automatic reply", "auto reply", "auto-reply", "autoreply", "auto:", "auto response", "auto-response",
    "autoresponse", "automated response", "automated reply", "out of office", "out of the office", "out-of-office",
    "ooo:", "vacation", "on vacation", "i am away", "away from", "abwesen", "automatische antwort",
    "réponse automatique", "reponse automatique", "absence", "absent", "respuesta automática",
    "fuera de la oficina", "risposta automatica", "fuori sede", "resposta automática", "automatisch antwoord",
    "afwezig", "autosvar", "automatiskt svar", "frånvar", "odpowiedź automatyczna", "nieobecno", "автоответ",
    "自動応答", "自動返信", "自动答复", "自动回复", "자동 회신", "risposta automatica:",
];

/// Subjects of filters that ask the sender to prove himself.
#[rustfmt::skip]
pub const CHALLENGES: &[&str] = &[
    "please confirm", "confirm your message", "confirm your email", "verify your message", "verify your email",
    "challenge", "action required to deliver", "confirmation required", "please verify", "[boxbe]", "spam arrest",
    "sender verification", "sender confirmation",
];

/// Words that tell a reason, in the languages bounces come in. This decides only which sentence is shown; what it
/// means is the classifier's business.
#[rustfmt::skip]
pub const REASONS: &[&str] = &[
    "unknown", "no such", "not found", "does not exist", "doesn't exist", "doesn't have", "not listed",
    "mailbox full", "mailbox is full", "full mailbox", "is full", "quota", "disabled", "inactive", "suspended",
    "rejected", "refused", "denied", "blocked", "timed out", "timeout", "time out", "expired", "too large",
    "too big", "exceed", "too long", "no route", "not recognized", "invalid", "unrouteable", "unroutable", "spam",
    "virus", "unsolicited", "loop", "too many hops", "not accept", "didn't accept", "not allowed", "not permitted",
    "relay", "nxdomain", "dns error", "name service", "connect to", "could not find", "couldn't find",
    "couldn't be found", "wasn't found", "not reachable", "unreachable", "no valid recipients", "bulk e", "policy",
    "permission", "attempts", "malformed", "restricted", "no mailbox", "cannot be resolved", "misconfigured",
    "settings", "not advertise", "hop count", "may not exist", "over the limit", "no longer", "did not reply",
    "no mx", "no space", "not been collected", "banned", "been closed", "account closed", "locked", "terminated",
    "deleted", "not answer", "no answer", "not subscribed", "not currently subscribed", "findes ikke", "saturé", "gesperrt",
    "abgeschaltet", "gelöscht", "suspendid", "bloquead", "disattivat", "sospes", "geblokkeerd", "spärra", "zablokowan", "unable to connect", "lookup failure", "deferred: ", "giving up", "could not deliver for",
    "multiple retries", "maximum allowed", "not respond", "lost connection", "closed connection", "unavailable",
    "no account", "command output", "permanent problem", "temporarily", "not enough", "insufficient",
    "out of space", "disk", "sender verify", "not authorized", "introuvable", "n'existe pas", "pleine", "refus",
    "no existe", "inexistente", "no se encontr", "llena", "desconocid", "não existe", "cheia", "não foi encontrad",
    "non trovato", "non esiste", "piena", "sconosciut", "unbekannt", "nicht gefunden", "existiert nicht", "voll",
    "abgelehnt", "überschritten", "bestaat niet", "onbekend", "vol ", "nie istnieje", "okänd", "finns inte", "見つかり",
    "存在し", "いっぱい", "拒否", "不明", "容量", "不存在", "已满", "被拒", "不接受", "не найден", "не существует", "переполнен",
    "заблокирован", "отклонен", "недоступен", "illegal", "has been broken", "nameserver", "non-existent", "nonexistent", "not known", "not a known",
    "inconnu", "lleno", "inconnue", "pełn", "hittades", "hitta", "fuld", "plná", "dolu", "niet gevonden", "erreicht",
    "cuota", "excedid", "превыш", "funnet", "megtelt", "не знайдено", "找不到", "不足", "초과", "가득", "존재하지", "찾을 수 없",
];

/// Words that say only that something failed.
#[rustfmt::skip]
pub const FAILURES: &[&str] = &[
    "could not be delivered", "not be delivered", "could not deliver", "couldn't deliver", "unable to deliver",
    "not delivered", "undeliver", "has failed", "failed", "failure", "cannot be", "wasn't able",
    "not yet been delivered", "error", "delayed", "not yet received", "nicht zugestellt", "nicht übermittelt",
    "доставлен", "送信できません", "échec", "no se pudo", "non è riuscito", "no se ha podido", "n'a pas pu", "n'a pu",
    "n'avons pas pu", "non è stato consegnato", "impossibile consegnare", "não pôde", "kon niet", "kunde inte",
    "ikke leveres", "nie mogła", "nie udało", "не удалось", "できませんでした", "未能", "失败", "실패", "못했습니다", "수 없습니다",
];

/// What every bounce says; it tells no reason whatever words it has.
#[rustfmt::skip]
pub const BOILERPLATE: &[&str] = &[
    "this message was created automatically", "this is an automatically generated",
    "this is the mail system at host", "i'm sorry to have to inform", "for further assistance", "number and frequency",
    "if you do so, please", "delete your own text", "do not reply", "no action is required",
    "please note that this is only", "this is only a notification", "there is no need to resend",
    "you do not need to resend", "this is a mime", "hi. this is the", "this is a permanent error",
    "the following addresses", "the following address(es)", "the following address failed", "reporting-mta", "final-recipient", "to view your message", "if you believe",
    "for more information", "the message identifier is", "the subject of the message",
];

/// How the subjects of mails speak of one that is still in the queue.
#[rustfmt::skip]
pub const DELAYED: &[&str] = &[
    "delay", "warning", "verzögert", "delivery incomplete", "retard", "retrasad", "atrasad", "in ritardo", "vertraagd",
    "försenad", "forsinket", "opóźnion", "задерж", "遅延", "延迟", "延遲", "지연",
];

/// What is said about a mail that is still in the queue.
#[rustfmt::skip]
pub const DELAYS: &[&str] = &[
    "this is a warning", "warning message only", "warning only", "still being retried", "not yet been delivered",
    "delivery attempts will continue", "will continue trying", "will keep trying", "message will be retried",
    "has been delayed", "is delayed", "will be retried", "delivery is delayed", "you do not need to resend",
    "verzögert", "temporarily delayed", "delivery incomplete",
];

/// Headings over a list of recipients that say what became of them, and nothing of the others.
pub const SECTIONS: &[(&str, Outcome)] = &[
    ("permanent fatal", Outcome::Bounced),
    ("unrecoverable error", Outcome::Bounced),
    ("transient failure", Outcome::Deferred),
    ("transient non-fatal", Outcome::Deferred),
    ("still being tried", Outcome::Deferred),
    ("not yet been delivered", Outcome::Deferred),
    ("will be retried", Outcome::Deferred),
    ("successful delivery", Outcome::Sent),
    ("successfully delivered", Outcome::Sent),
    ("successfully relayed", Outcome::Sent),
    ("relayed to ", Outcome::Sent),
    ("was delivered to", Outcome::Sent),
    ("were delivered to", Outcome::Sent),
    ("has been delivered to", Outcome::Sent),
];

/// Words of a heading that speaks of a delivery which there was not, or not to all.
#[rustfmt::skip]
pub const DENIALS: &[&str] = &[
    "not", "cannot", "unable", "unsuccessful", "unsuccessfully", "undelivered", "failed", "failure", "never", "neither",
    "but", "except",
];

/// What begins a line that tells the reason and nothing else.
#[rustfmt::skip]
const LABELS: &[&str] = &[
    "reason:", "error:", "cause:", "problem:", "grund:", "fehler:", "motif :", "motif:", "raison:", "motivo:", "reden:",
    "orsak:", "årsag:", "årsak:", "powód:", "důvod:", "причина:", "原因:", "理由:", "이유:",
];

/// How much a line speaks of a reason: 4 names it as one, 3 tells one, 1 tells a failure, 0 tells nothing.
pub fn weight(line: &str) -> u8 {
    let lower = within(line, 2_000).to_lowercase();
    // `<expired@example.com>` is an address, not a reason; justified text has blanks in rows.
    let words = lower.split_whitespace().filter(|word| !word.contains('@'));
    let lower = words.collect::<Vec<_>>().join(" ");
    let is_label = LABELS.iter().any(|label| lower.starts_with(label));
    let says = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    if says(BOILERPLATE) {
        0
    } else if says(REASONS) {
        3 + u8::from(is_label)
    } else if is_label {
        2
    } else {
        u8::from(says(FAILURES))
    }
}
