//! `[[view]]`: what the console's grid shows on a number key.

use std::ops::RangeInclusive;
use std::sync::Arc;

use super::mistake::quote;
use super::report::Report;
use super::section::{At, Section, Shape, choice};
use super::words::Problem;
use crate::model::query::Query;
use crate::model::{
    Column, ColumnChoice, Density, LAST_VIEW_KEY, MAX_VIEW_NAME, MAX_VIEWS, SortBy, View, clean,
};

pub(super) static VIEW: Shape = Shape {
    title: "[[view]]",
    keys: &["name", "key", "filter", "faults", "sort", "columns", "density", "group"],
};

const KEYS: RangeInclusive<u8> = 1..=LAST_VIEW_KEY;

/// Reads all `[[view]]` tables.
pub(super) fn read_views(top: &Section<'_, '_>, report: &mut Report) -> Vec<View> {
    let mut views: Vec<View> = Vec::new();
    for (n, section) in top.tables("view", &VIEW, report).iter().enumerate() {
        if n == MAX_VIEWS {
            let problem = Problem::new(
                format!("there are more than {MAX_VIEWS} views"),
                "expected fewer: each can have several terms in its filter",
            );
            report.mistake(section.sheet, section.span.clone(), problem);
            break;
        }
        views.extend(read_view(section, &views, report));
    }
    views
}

fn read_view(section: &Section<'_, '_>, others: &[View], report: &mut Report) -> Option<View> {
    if !section.has("name") {
        section.missing("name", "expected one like name = \"night shift\"", report);
    }
    let name = read_name(section, others, report);
    let key = section.number("key", &KEYS, report);
    if let Some(other) = others.iter().find(|view| key.is_some() && view.key == key) {
        let message = format!("the view {} is on this key already", quote(&other.name));
        section.mistake_at("key", Problem::new(message, "expected another one from 1 to 9"), report);
    }
    let sort = keep(section, section.text("sort", report), report, |text| {
        SortBy::read(text).map_err(|message| Problem::new(message, "\"-\" before it turns it round"))
    });
    let density = keep(section, section.text("density", report), report, |text| {
        choice("density", text, &Density::ALL.map(|density| (density.word(), density)))
    });
    Some(View {
        key,
        filter: read_filter(section, report),
        faults: section.flag("faults", report).unwrap_or_default(),
        sort: sort.unwrap_or_default(),
        columns: read_columns(section, report),
        density: density.unwrap_or_default(),
        grouped: section.flag("group", report).unwrap_or_default(),
        name: name?,
    })
}

/// What `read` makes of a text; a problem is reported where it stands.
fn keep<T>(
    section: &Section<'_, '_>,
    text: Option<At<&str>>,
    report: &mut Report,
    read: impl Fn(&str) -> Result<T, Problem>,
) -> Option<T> {
    let text = text?;
    read(text.value).map_err(|problem| report.mistake(section.sheet, text.span, problem)).ok()
}

fn read_name(section: &Section<'_, '_>, others: &[View], report: &mut Report) -> Option<Arc<str>> {
    keep(section, section.text("name", report), report, |text| {
        let name = clean(text.trim());
        let length = name.chars().count();
        if !(1..=MAX_VIEW_NAME).contains(&length) {
            let message = format!("the name {} is {length} characters long", quote(text));
            return Err(Problem::new(message, format!("expected 1 to {MAX_VIEW_NAME}")));
        }
        if others.iter().any(|view| *view.name == *name) {
            let message = format!("there is a view {} already", quote(text));
            return Err(Problem::new(message, "expected another name"));
        }
        Ok(name.as_ref().into())
    })
}

fn read_filter(section: &Section<'_, '_>, report: &mut Report) -> Arc<str> {
    let filter = keep(section, section.text("filter", report), report, |text| {
        let text = clean(text);
        let read = Query::parse(&text).map(|_| Arc::from(text.as_ref()));
        read.map_err(|mistake| {
            let message = format!("the filter is no query, at its character {}", mistake.column(&text));
            Problem::new(message, mistake.text)
        })
    });
    filter.unwrap_or_default()
}

fn read_columns(section: &Section<'_, '_>, report: &mut Report) -> Vec<ColumnChoice> {
    let mut columns: Vec<ColumnChoice> = Vec::new();
    let Some(words) = section.list("columns", Column::ALL.len(), report) else { return columns };
    if words.is_empty() {
        let problem = Problem::new("\"columns\" is empty", "expected at least one, like [\"name\"]");
        section.mistake_at("columns", problem, report);
    }
    for word in words {
        let problem = match word.value.parse::<ColumnChoice>() {
            Ok(choice) if !columns.iter().any(|other| other.column == choice.column) => {
                columns.push(choice);
                continue;
            }
            Ok(choice) => Problem::new(
                format!("the column \"{}\" is there twice", choice.column.word()),
                "expected it once",
            ),
            Err(message) => Problem::new(message, "a width may stand behind it, like \"name:24\""),
        };
        report.mistake(section.sheet, word.span, problem);
    }
    columns
}
