//! A theme as it is written in its file.

use std::collections::BTreeMap;

use ratatui::style::{Color, Modifier, Style};
use toml::Spanned;
use toml::de::DeValue;

use super::colour::{Rgb, named, nearest, rgb};
use super::{BUILT_IN, Depth, ROLES, Theme};
use crate::console::mistake::{Mistake, Sheet, kind_of, meant, quote};

/// The key that names the theme from which what is left out is taken.
const BASE: &str = "base";
/// What a role may say.
const KEYS: [&str; 9] =
    ["color", "background", "ansi", "ansi_background", "bold", "dim", "italic", "underline", "reverse"];

/// One role, before it is known how many colours there are.
#[derive(Debug, Clone, Copy, Default)]
struct Role {
    color: Option<Rgb>,
    background: Option<Rgb>,
    ansi: Option<Color>,
    ansi_background: Option<Color>,
    modifiers: Modifier,
}

impl Role {
    fn style(self, depth: Depth) -> Style {
        let pick = |exact: Option<Rgb>, ansi: Option<Color>| match (depth, exact) {
            (Depth::Sixteen, _) | (_, None) => ansi,
            (Depth::True, Some((r, g, b))) => Some(Color::Rgb(r, g, b)),
            (Depth::Indexed, Some(rgb)) => Some(Color::Indexed(nearest(rgb))),
        };
        let style = Style {
            fg: pick(self.color, self.ansi),
            bg: pick(self.background, self.ansi_background),
            ..Style::default()
        };
        style.add_modifier(self.modifiers)
    }
}

type Roles = BTreeMap<&'static str, Role>;
type Name<'t> = Spanned<std::borrow::Cow<'t, str>>;

/// The theme in `text`, which stands in `file`, as a terminal of this depth shows it.
///
/// # Errors
/// Everything that is wrong with it, with line, column and role.
pub fn parse(file: &str, text: &str, depth: Depth) -> Result<Theme, Vec<Mistake>> {
    let mut sheet = Sheet::new(file, text);
    let roles = roles(&mut sheet);
    let theme = Theme::of(|role| roles.get(role).copied().unwrap_or_default().style(depth));
    sheet.finish(theme)
}

fn roles(sheet: &mut Sheet<'_>) -> Roles {
    let table = sheet.parse();
    if sheet.is_wrong() {
        // What seems to be missing now may only stand behind the slip.
        return Roles::new();
    }
    let mut roles = table.get(BASE).and_then(|base| of_base(base, sheet)).unwrap_or_default();
    for (name, value) in table.iter().filter(|(name, _)| name.get_ref() != BASE) {
        if let Some(role) = ROLES.iter().find(|role| *role == name.get_ref()) {
            let read = role_of(role, value, sheet);
            roles.insert(role, read);
            continue;
        }
        let near = meant(name.get_ref(), ROLES.iter().copied());
        let also = if near.is_empty() { ": see the list in themes/dark.toml" } else { &near };
        sheet.wrong(name.span(), format!("{} is no role{also}", quote(name.get_ref())));
    }
    let missing: Vec<&str> = ROLES.iter().copied().filter(|role| !roles.contains_key(role)).collect();
    if !missing.is_empty() && !table.contains_key(BASE) {
        let text = format!(
            "roles are missing: {}; write them, or base = \"dark\" on the first line to take them from there",
            missing.join(", ")
        );
        sheet.wrong_altogether(text);
    }
    roles
}

/// The roles of the theme that is named as the base.
fn of_base(base: &Spanned<DeValue<'_>>, sheet: &mut Sheet<'_>) -> Option<Roles> {
    let names = BUILT_IN.iter().map(|(name, _)| *name);
    let Some(text) = base.get_ref().as_str() else {
        sheet.wrong(
            base.span(),
            format!("base is {}: write a theme's name in quotes", kind_of(base.get_ref())),
        );
        return None;
    };
    let Some((name, toml)) = BUILT_IN.iter().find(|(name, _)| *name == text) else {
        let near = meant(text, names.clone());
        let also = if near.is_empty() {
            format!(": write one of {}", names.collect::<Vec<_>>().join(", "))
        } else {
            near
        };
        sheet.wrong(base.span(), format!("base: {} is no built-in theme{also}", quote(text)));
        return None;
    };
    Some(roles(&mut Sheet::new(name, toml)))
}

fn role_of(role: &str, value: &Spanned<DeValue<'_>>, sheet: &mut Sheet<'_>) -> Role {
    let mut own = Role::default();
    let Some(table) = value.get_ref().as_table() else {
        let found = kind_of(value.get_ref());
        sheet.wrong(value.span(), format!("{role} is {found}: write {role} = {{ color = \"#rrggbb\" }}"));
        return own;
    };
    for (key, value) in table {
        if let Err((span, text)) = own.take(key, value) {
            sheet.wrong(span, format!("{role}: {text}"));
        }
    }
    own
}

impl Role {
    fn take(
        &mut self,
        key: &Name<'_>,
        value: &Spanned<DeValue<'_>>,
    ) -> Result<(), (std::ops::Range<usize>, String)> {
        let name = key.get_ref().as_ref();
        let wrong = |text: String| (value.span(), text);
        let text = || value.get_ref().as_str().ok_or_else(|| kind_of(value.get_ref()));
        let exact = || rgb(text().map_err(|found| format!("{name} is {found}: write \"#rrggbb\""))?);
        let ansi = || named(text().map_err(|found| format!("{name} is {found}: write a name in quotes"))?);
        match name {
            "color" => self.color = Some(exact().map_err(wrong)?),
            "background" => self.background = Some(exact().map_err(wrong)?),
            "ansi" => self.ansi = Some(ansi().map_err(wrong)?),
            "ansi_background" => self.ansi_background = Some(ansi().map_err(wrong)?),
            _ => {
                let modifier = modifier(name).ok_or_else(|| {
                    let near = meant(name, KEYS);
                    let also =
                        if near.is_empty() { format!(": write one of {}", KEYS.join(", ")) } else { near };
                    (key.span(), format!("there is no {}{also}", quote(name)))
                })?;
                let on = value.get_ref().as_bool().ok_or_else(|| {
                    wrong(format!("{name} is {}: write true or false", kind_of(value.get_ref())))
                })?;
                self.modifiers.set(modifier, on);
            }
        }
        Ok(())
    }
}

fn modifier(name: &str) -> Option<Modifier> {
    Some(match name {
        "bold" => Modifier::BOLD,
        "dim" => Modifier::DIM,
        "italic" => Modifier::ITALIC,
        "underline" => Modifier::UNDERLINED,
        "reverse" => Modifier::REVERSED,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const DARK: &str = BUILT_IN[0].1;

    fn wrong(text: &str) -> Vec<String> {
        let mistakes = parse("mine.toml", text, Depth::Sixteen).unwrap_err();
        mistakes.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn mistakes_name_line_and_role_and_what_to_write() {
        let line = DARK.lines().position(|line| line.starts_with("ok =")).unwrap() + 1;
        let told = wrong(&DARK.replace("#6fae7d", "#6fae7"));
        assert_eq!(told, [format!("mine.toml:{line}:16: ok: \"#6fae7\" is no colour: write \"#rrggbb\"")]);
        let told = wrong(
            &DARK.replace("ok = { color = \"#6fae7d\", ansi = \"green\" }", "ok = { ansi = \"gren\" }"),
        );
        assert_eq!(
            told,
            [format!("mine.toml:{line}:15: ok: \"gren\" is none of the 16 colours; did you mean \"green\"?")]
        );
        for (text, part) in [
            ("blink = {}", "\"blink\" is no role: see the list"),
            ("warnin = {}", "\"warnin\" is no role; did you mean \"warning\"?"),
            ("[x", "this is no TOML"),
        ] {
            let told = wrong(&format!("{DARK}\n{text}\n"));
            assert!(told.len() == 1 && told[0].contains(part), "{told:?}");
        }
        let told = wrong(
            "base = 'dark'\nok = 3\nbusy = { colour = '#ffffff', bold = 1 }\ntext = { color = 7, ansi = 0 }\n",
        );
        let parts = [
            "2:6: ok is the number 3: write ok = { color = \"#rrggbb\" }",
            "3:10: busy: there is no \"colour\"; did you mean \"color\"?",
            "3:37: busy: bold is the number 1: write true or false",
            "4:18: text: color is the number 7: write \"#rrggbb\"",
            "4:28: text: ansi is the number 0: write a name in quotes",
        ];
        assert_eq!(told, parts.map(|part| format!("mine.toml:{part}")));
    }

    #[test]
    fn a_base_gives_what_is_left_out() {
        let own = parse("mine.toml", "base = \"nord\"\nok = { color = \"#010203\" }\n", Depth::True).unwrap();
        let nord = Theme::built_in("nord", Depth::True).unwrap();
        assert_eq!(own.ok.fg, Some(Color::Rgb(1, 2, 3)));
        assert_eq!(Theme { ok: nord.ok, ..own }, nord);
        let told = wrong("ok = {}\n");
        assert!(told[0].starts_with("mine.toml: roles are missing: ground, text, dim, "), "{told:?}");
        let told = wrong("base = \"nrod\"\n");
        assert_eq!(told, ["mine.toml:1:8: base: \"nrod\" is no built-in theme; did you mean \"nord\"?"]);
        assert!(wrong("base = 3\n")[0].contains("write a theme's name in quotes"));
    }

    #[test]
    fn no_text_hurts() {
        for text in ["", "\0", "base = \"base\"", "ok = { color = \"#ééé\" }", "[ok]\ncolor = \"#é€\"\n"]
        {
            assert!(parse("mine.toml", text, Depth::True).is_err(), "{text:?}");
        }
    }
}
