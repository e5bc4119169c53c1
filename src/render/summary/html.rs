//! A report as one page that stands alone: no script, nothing loaded, light and dark. Whatever a bar or colour says is
//! also said in words, and all text is escaped.

use whybounce::knowledge::BUILT_IN;
use whybounce::report::{Block, First, List, Report};
use whybounce::vocabulary::Operating;

use super::{
    counted, domains, first, headline, limits, number, own_server, part, place, providers, scope,
    share, who,
};
use crate::render::escape::visible;
use crate::render::text::heading;

const STYLE: &str = include_str!("page.css");
/// Names that are shown of a list.
const NAMES: usize = 8;
/// Addresses that are shown of a list.
const ADDRESSES: usize = 1_000;
/// Bars of the timeline.
const BARS: usize = 120;

/// The page.
pub fn page(report: &Report) -> String {
    let blocks = report.blocks();
    let mut page = Html(format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"referrer\" content=\"no-referrer\">\n\
         <title>Why mail bounced</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n"
    ));
    page.text("h1", "", &headline(report));
    for words in [own_server(report), limits(report)].into_iter().flatten() {
        page.text("p", "", &words);
    }
    if let Some((block, fix)) = first(&blocks) {
        let words = format!("Do first: {fix} ({})", block.cause.title());
        page.text("p", "first", &words);
    }
    if !blocks.is_empty() {
        page.text("h2", "", "Causes, most urgent first");
    }
    for block in &blocks {
        page.block(block, report);
    }
    page.lists(&report.lists());
    page.timeline(report);
    page.addresses(
        "Addresses to take off the list",
        &report.to_suppress(ADDRESSES),
    );
    page.addresses("Addresses only delayed", &report.delayed(ADDRESSES));
    page.0.push_str("</main>\n</body>\n</html>\n");
    page.0
}

/// Text made safe inside elements and quoted attributes.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len() + 16);
    for letter in visible(text).chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            _ => safe.push(letter),
        }
    }
    safe
}

struct Html(String);

impl Html {
    /// Adds an element that holds text.
    fn text(&mut self, element: &str, class: &str, text: &str) {
        let class = match class {
            "" => String::new(),
            class => format!(" class=\"{class}\""),
        };
        let text = escaped(text);
        self.0
            .push_str(&format!("<{element}{class}>{text}</{element}>\n"));
    }

    /// Adds a label and its text; nothing when the text is empty.
    fn row(&mut self, label: &str, text: &str) {
        if !text.is_empty() {
            self.text("dt", "", label);
            self.text("dd", "", text);
        }
    }

    fn block(&mut self, block: &Block, report: &Report) {
        let priority = block.hits.priority();
        self.0.push_str(&format!(
            "<section class=\"cause {}\">\n<h3><span class=\"priority\">{}</span> {} <code class=\"faint\">{}</code></h3>\n",
            priority.id(),
            heading(priority),
            escaped(block.cause.title()),
            escaped(block.cause.id()),
        ));
        let words = share(block, report);
        // The words stand beside it, so a screen reader may leave the bar out.
        self.0.push_str(&format!(
            "<svg class=\"share\" viewBox=\"0 0 100 4\" preserveAspectRatio=\"none\" aria-hidden=\"true\">\
             <rect class=\"track\" width=\"100\" height=\"4\"/><rect class=\"fill\" width=\"{:.2}\" height=\"4\"/></svg>\n<dl>\n",
            (100.0 * part(block.hits.count, report.refused)).max(0.5)
        ));
        self.row("count", &words);
        self.row("scope", &scope(block));
        self.row("who acts", who(block.hits.owner()));
        self.row("do", block.fix().first().map_or("", String::as_str));
        self.row("provider", &providers(block, NAMES));
        self.row("domains", &domains(block, NAMES));
        self.text("dt", "", "said");
        self.0.push_str(&format!(
            "<dd><pre>{}</pre></dd>\n",
            escaped(&block.example.reply)
        ));
        self.row("in", &place(block));
        self.0.push_str("</dl>\n</section>\n");
    }

    fn lists(&mut self, lists: &[&List]) {
        if lists.is_empty() {
            return;
        }
        self.text("h2", "", "Blocklists");
        self.0.push_str(
            "<table>\n<tr><th>list</th><th class=\"number\">refusals</th><th>listed</th></tr>\n",
        );
        for hits in lists {
            let closed = match hits.list.operating() {
                Operating::No => " (closed)",
                _ => "",
            };
            let listed = hits.listed();
            let mut links: Vec<String> = listed
                .iter()
                .take(NAMES)
                .map(|(listed, count)| {
                    format!(
                        "{} {}",
                        link(hits.list.page(Some(listed)), listed),
                        number(*count)
                    )
                })
                .collect();
            if links.is_empty() {
                links.push(link(hits.list.page(None), "look up"));
            } else if listed.len() > NAMES {
                links.push(format!(
                    "and {} more",
                    number((listed.len() - NAMES) as u64)
                ));
            }
            self.0.push_str(&format!(
                "<tr><td>{}{closed}</td><td class=\"number\">{}</td><td>{}</td></tr>\n",
                escaped(BUILT_IN.str(hits.list.name)),
                number(hits.count),
                links.join(", ")
            ));
        }
        self.0.push_str("</table>\n");
    }

    fn timeline(&mut self, report: &Report) {
        let (unit, spans) = report.times.timeline().spans(BARS);
        let (Some((begin, _)), Some((end, _))) = (spans.first(), spans.last()) else {
            return;
        };
        let highest = spans
            .iter()
            .map(|(_, count)| count.refused)
            .max()
            .unwrap_or_default();
        let at = spans.iter().find(|(_, count)| count.refused == highest);
        let at = at.map_or("", |(name, _)| name);
        let words = format!(
            "From {begin} to {end} by {}; most at {at}: {}.",
            unit.name(),
            counted(highest, "refusal", "refusals")
        );
        self.text("h2", "", "Refusals in time");
        self.text("p", "", &words);
        self.0.push_str(&format!(
            "<svg class=\"times\" style=\"max-width: {}rem\" viewBox=\"0 0 {} 100\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"{}\">\n",
            // Few hours make a short row, not a wall.
            spans.len() * 3,
            spans.len() * 10,
            escaped(&words)
        ));
        for (place, (name, count)) in spans.iter().enumerate() {
            let high = 98.0 * part(count.refused, highest);
            let high = if count.refused > 0 {
                high.max(1.0)
            } else {
                0.0
            };
            self.0.push_str(&format!(
                "<rect class=\"refused\" x=\"{}\" y=\"{:.2}\" width=\"8\" height=\"{high:.2}\"><title>{}: {}</title></rect>\n",
                place * 10 + 1,
                99.0 - high,
                escaped(name),
                counted(count.refused, "refusal", "refusals"),
            ));
        }
        self.0.push_str(&format!(
            "<rect class=\"track\" y=\"99\" width=\"{}\" height=\"1\"/>\n</svg>\n",
            spans.len() * 10
        ));
        self.0.push_str(&format!(
            "<details><summary>The numbers</summary>\n<table>\n<tr><th>{}</th><th class=\"number\">replies</th><th class=\"number\">refusals</th></tr>\n",
            unit.name()
        ));
        for (name, count) in spans.iter().filter(|(_, count)| count.records > 0) {
            self.0.push_str(&format!(
                "<tr><td>{}</td><td class=\"number\">{}</td><td class=\"number\">{}</td></tr>\n",
                escaped(name),
                number(count.records),
                number(count.refused)
            ));
        }
        self.0.push_str("</table>\n</details>\n");
        if report.times.unplaced.refused > 0 {
            let words = counted(
                report.times.unplaced.refused,
                "refusal has",
                "refusals have",
            );
            self.text("p", "faint", &format!("{words} no time."));
        }
    }

    fn addresses(&mut self, title: &str, addresses: &First<&str>) {
        if addresses.all == 0 {
            return;
        }
        self.text(
            "h2",
            "",
            &format!("{title}: {}", number(addresses.all as u64)),
        );
        let shown: Vec<String> = addresses.shown.iter().map(|text| escaped(text)).collect();
        let more = match addresses.all - addresses.shown.len() {
            0 => String::new(),
            more => format!(
                "\nand {} more; --summary --json names them",
                number(more as u64)
            ),
        };
        self.0.push_str(&format!(
            "<details><summary>The addresses</summary>\n<pre>{}{more}</pre>\n</details>\n",
            shown.join("\n")
        ));
    }
}

/// A link to a page of the web, or the words alone.
fn link(page: Option<String>, words: &str) -> String {
    match page.filter(|page| page.starts_with("https://") || page.starts_with("http://")) {
        Some(page) => format!(
            "<a href=\"{}\" rel=\"noreferrer\">{}</a>",
            escaped(&page),
            escaped(words)
        ),
        None => escaped(words),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn text_cannot_become_markup() {
        assert_eq!(
            escaped("<a b='c'>&\"\x1b\u{202e}"),
            "&lt;a b=&#39;c&#39;&gt;&amp;&quot;\\x1b\\u{202e}"
        );
    }

    #[test]
    fn only_pages_of_the_web_are_linked() {
        assert_eq!(link(Some("javascript:alert(1)".into()), "x"), "x");
        assert!(link(Some("https://example.com/?a&b".into()), "x").contains("?a&amp;b"));
    }
}
