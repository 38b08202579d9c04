//! A page for screens: one column, a few tables, styles in place. Text and background keep the colours of
//! the mail program, so that light and dark both work; nothing is loaded from anywhere.

use std::borrow::Cow;
use std::fmt::Write as _;

use super::page::{Page, Part, Row, Tone};

/// The longest HTML part, bytes.
pub const MAX_HTML: usize = 100 * 1024;
/// What is kept free for the end.
const RESERVE: usize = 24 * 1024;

const GREY: &str = "color:#777";
const FIXED: &str = "font-family:ui-monospace,Menlo,Consolas,monospace;font-size:13px";

/// The page as HTML.
pub fn lay_out(page: &Page) -> String {
    let colour = match page.tone {
        Tone::Critical => "#c62828",
        Tone::Warning => "#b26a00",
        Tone::Over => "#2e7d32",
        Tone::Test => "#546e7a",
    };
    let mut out = Bounded { out: String::with_capacity(8 * 1024), full: false };
    let _ = write!(
        out.out,
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <style>:root{{color-scheme:light dark}}</style>\n</head>\n\
         <body style=\"font-family:system-ui,-apple-system,'Segoe UI',Roboto,sans-serif;font-size:15px;\
         line-height:1.45;margin:0;padding:12px\">\n\
         <p style=\"margin:0 0 12px;padding:8px 12px;border-left:6px solid {colour};font-size:18px\">\
         <b style=\"color:{colour}\">{}</b><br>{}</p>\n",
        escape(&page.standing),
        escape(&page.heading),
    );
    for sentence in &page.lead {
        out.push(&format!("<p style=\"margin:8px 0\">{}</p>\n", escape(sentence)));
    }
    for part in &page.parts {
        put_part(&mut out, part);
    }
    out.out.push_str("<hr style=\"border:0;border-top:1px solid #999;margin:16px 0 8px\">\n");
    for line in &page.foot {
        let _ = writeln!(out.out, "<p style=\"margin:2px 0;font-size:13px;{GREY}\">{}</p>", escape(line));
    }
    out.out.push_str("</body></html>\n");
    out.out
}

/// HTML that stops growing between two elements.
struct Bounded {
    out: String,
    full: bool,
}

impl Bounded {
    fn push(&mut self, element: &str) {
        self.full = self.full || self.out.len() + element.len() > MAX_HTML - RESERVE;
        if !self.full {
            self.out.push_str(element);
        }
    }

    fn close(&mut self) {
        if std::mem::take(&mut self.full) {
            self.out.push_str("<p>There is more than a mail should hold; the rest is left out.</p>\n");
        }
    }
}

fn put_part(out: &mut Bounded, part: &Part) {
    match part {
        Part::Facts(facts) => put_facts(out, facts),
        Part::List { title, rows, more } => put_list(out, title, rows, more),
        Part::Lines { title, lines } => {
            put_title(out, title);
            for line in lines {
                out.push(&format!(
                    "<div style=\"{FIXED};margin:2px 0;overflow-wrap:anywhere\">{}</div>\n",
                    escape(line)
                ));
            }
        }
        // What can be done is never dropped.
        Part::Commands(commands) => {
            out.close();
            put_title(out, "To do");
            for (command, what) in commands {
                let _ = writeln!(
                    out.out,
                    "<div style=\"margin:4px 0\"><code style=\"{FIXED}\">{}</code><br>\
                     <span style=\"font-size:13px;{GREY}\">{}</span></div>",
                    escape(command),
                    escape(what)
                );
            }
        }
    }
}

fn put_title(out: &mut Bounded, title: &str) {
    out.push(&format!("<p style=\"margin:16px 0 4px\"><b>{}</b></p>\n", escape(title)));
}

fn put_facts(out: &mut Bounded, facts: &[(String, String)]) {
    let mut table = "<table style=\"border-collapse:collapse\">\n".to_owned();
    for (name, what) in facts {
        let _ = writeln!(
            table,
            "<tr><td style=\"padding:2px 14px 2px 0;vertical-align:top;{GREY}\">{}</td>\
             <td style=\"padding:2px 0;overflow-wrap:anywhere\">{}</td></tr>",
            escape(name),
            escape(what)
        );
    }
    table.push_str("</table>\n");
    out.push(&table);
}

/// Blocks, not a table: four columns do not fit on a phone.
fn put_list(out: &mut Bounded, title: &str, rows: &[Row], more: &str) {
    put_title(out, title);
    for row in rows {
        let mut block = format!("<div style=\"margin:4px 0\"><b>{}</b>", escape(&row.name));
        if !row.what.is_empty() && row.what != row.name {
            let _ = write!(block, " {}", escape(&row.what));
        }
        if !row.when.is_empty() {
            let _ = write!(block, " <span style=\"{GREY}\">({})</span>", escape(&row.when));
        }
        if !row.under.is_empty() {
            let _ = write!(
                block,
                "<br><span style=\"font-size:13px;overflow-wrap:anywhere;{GREY}\">{}</span>",
                escape(&row.under)
            );
        }
        block.push_str("</div>\n");
        out.push(&block);
    }
    if !more.is_empty() {
        out.push(&format!("<p style=\"margin:4px 0;{GREY}\">{}</p>\n", escape(more)));
    }
}

/// Text between elements and in attributes. Addresses are not made into links by us.
fn escape(text: &str) -> Cow<'_, str> {
    if !text.contains(['&', '<', '>', '"', '\'']) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    Cow::Owned(out)
}
