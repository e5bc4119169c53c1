//! A report for people at a terminal. Bars and colours only repeat what words say.

use whybounce::knowledge::BUILT_IN;
use whybounce::report::{Block, First, List, Report};
use whybounce::vocabulary::Operating;

use super::{
    counted, domains, first, headline, limits, most, number, own_server, part, place, providers,
    scope, share, who,
};
use crate::render::text::Page;

/// Columns of a bar.
const BAR: usize = 20;
/// Names that are shown of a list.
const NAMES: usize = 5;
/// Addresses that are shown of a list.
const ADDRESSES: usize = 10;
/// Columns of the sparkline.
const SPARKLINE: usize = 60;

/// The report on lines of at most `width` columns.
pub fn page(report: &Report, width: usize) -> String {
    let blocks = report.blocks();
    let mut page = Page::new(width);
    page.paragraph(&headline(report));
    for words in [own_server(report), limits(report)].into_iter().flatten() {
        page.paragraph(&words);
    }
    if let Some((block, fix)) = first(&blocks) {
        page.gap();
        page.row("first", &format!("{fix} ({})", block.cause.title()));
    }
    for block in &blocks {
        page.gap();
        add_block(&mut page, block, report);
    }
    add_lists(&mut page, &report.lists());
    add_timeline(&mut page, report);
    add_addresses(
        &mut page,
        "Take off the list",
        "suppress=true",
        &report.to_suppress(ADDRESSES),
    );
    add_addresses(
        &mut page,
        "Delayed only",
        "family=temporary",
        &report.delayed(ADDRESSES),
    );
    page.text
}

fn add_block(page: &mut Page, block: &Block, report: &Report) {
    page.head(block.hits.priority(), block.cause);
    let filled = (part(block.hits.count, report.refused) * BAR as f64).round() as usize;
    let filled = filled.clamp(1, BAR);
    let bar = format!("{}{}", "█".repeat(filled), "░".repeat(BAR - filled));
    page.row("count", &format!("{bar} {}", share(block, report)));
    page.row("scope", &scope(block));
    page.row("who acts", who(block.hits.owner()));
    page.row("do", block.fix().first().map_or("", String::as_str));
    page.row("provider", &providers(block, NAMES));
    page.row("domains", &domains(block, NAMES));
    page.row("said", &block.example.reply);
    page.row("in", &place(block));
}

fn add_lists(page: &mut Page, lists: &[&List]) {
    if lists.is_empty() {
        return;
    }
    page.gap();
    page.title("Blocklists", "");
    for hits in lists {
        let closed = match hits.list.operating() {
            Operating::No => " (closed: its answer says nothing about you)",
            _ => "",
        };
        let name = BUILT_IN.str(hits.list.name);
        page.row(
            "list",
            &format!(
                "{name}{closed}: {}",
                counted(hits.count, "refusal", "refusals")
            ),
        );
        let listed = hits.listed();
        page.row("listed", &most(&listed, listed.len(), NAMES));
        let one = listed.first().map(|(listed, _)| *listed);
        page.row(
            "look up",
            hits.list.page(one).as_deref().unwrap_or_default(),
        );
    }
}

fn add_timeline(page: &mut Page, report: &Report) {
    let (unit, spans) = report.times.timeline().spans(SPARKLINE);
    let (Some((begin, _)), Some((end, _))) = (spans.first(), spans.last()) else {
        return;
    };
    let highest = spans
        .iter()
        .map(|(_, count)| count.refused)
        .max()
        .unwrap_or_default();
    page.gap();
    page.title("Refusals in time", "");
    let line: String = spans
        .iter()
        .map(|(_, count)| step(count.refused, highest))
        .collect();
    page.row(&format!("by {}", unit.name()), &line);
    page.row("from", &format!("{begin} to {end}"));
    if let Some((name, _)) = spans.iter().find(|(_, count)| count.refused == highest) {
        page.row("most", &format!("{} at {name}", number(highest)));
    }
    page.row(
        "no time",
        &match report.times.unplaced.refused {
            0 => String::new(),
            count => counted(count, "refusal", "refusals"),
        },
    );
}

/// A step of the sparkline; a dot for nothing at all.
fn step(count: u64, highest: u64) -> char {
    const STEPS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    if count == 0 {
        return '·';
    }
    let place = (part(count, highest) * 7.0).round() as usize;
    STEPS.get(place).copied().unwrap_or('█')
}

fn add_addresses(page: &mut Page, title: &str, filter: &str, addresses: &First<&str>) {
    if addresses.all == 0 {
        return;
    }
    page.gap();
    let count = counted(addresses.all as u64, "address", "addresses");
    page.title(&format!("{title}: {count}"), "");
    for address in &addresses.shown {
        page.row("", address);
    }
    if addresses.all > addresses.shown.len() {
        let more = number((addresses.all - addresses.shown.len()) as u64);
        page.row(
            "",
            &format!("and {more} more; --summary --json names them, --only {filter} shows why"),
        );
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn the_sparkline_shows_little_and_nothing_apart() {
        let line: String = [0, 1, 50, 100]
            .iter()
            .map(|count| step(*count, 100))
            .collect();
        assert_eq!(line, "·▁▅█");
    }
}
