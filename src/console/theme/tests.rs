use ratatui::style::{Color, Modifier};

use super::*;

fn around(term: &str, colorterm: &str) -> Surroundings {
    Surroundings {
        term: term.into(),
        colorterm: colorterm.into(),
        locale: "en_US.UTF-8".into(),
        ..Surroundings::default()
    }
}

fn theme(name: &str) -> Theme {
    Theme::built_in(name, Depth::True).unwrap()
}

#[test]
fn built_in_themes_are_whole_at_every_depth() {
    for (name, toml) in BUILT_IN {
        for depth in [Depth::True, Depth::Indexed, Depth::Sixteen] {
            let theme = file::parse(name, toml, depth).unwrap();
            assert_ne!(theme.selection, theme.text, "{name}: the selection can be seen");
            assert_ne!(theme.critical, theme.text, "{name}: a fault can be seen");
            assert_ne!(theme.critical, theme.warning, "{name}: how bad it is can be seen");
        }
    }
}

#[test]
fn a_theme_with_a_ground_of_its_own_leaves_no_colour_to_the_terminal() {
    for (name, _) in BUILT_IN {
        let theme = Theme::built_in(name, Depth::Sixteen).unwrap();
        if matches!(theme.ground.bg, None | Some(Color::Reset)) {
            continue;
        }
        for (role, style) in ROLES.iter().zip(theme.styles()) {
            let drawn = !["ground", "selection"].contains(role);
            assert!(!drawn || !matches!(style.fg, None | Some(Color::Reset)), "{name}: {role}");
            assert_ne!(style.bg, Some(Color::Reset), "{name}: {role}");
        }
    }
}

/// Relative luminance, as WCAG 2 has it.
fn luminance([r, g, b]: [f64; 3]) -> f64 {
    let part = |c: f64| if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) };
    0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b)
}

fn parts(colour: Option<Color>) -> [f64; 3] {
    let Some(Color::Rgb(r, g, b)) = colour else { panic!("no colour: {colour:?}") };
    [r, g, b].map(|part| f64::from(part) / 255.0)
}

fn contrast(one: [f64; 3], other: [f64; 3]) -> f64 {
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

/// What stands behind a theme: its own ground, or that of terminals it is made for.
fn grounds(name: &str) -> Vec<[f64; 3]> {
    match (name, theme(name).ground.bg) {
        (MONOCHROME, _) => Vec::new(),
        (_, Some(ground)) => vec![parts(Some(ground))],
        (LIGHT, None) => vec![[1.0; 3]],
        (_, None) => vec![[0.0; 3], [f64::from(0x1e) / 255.0; 3]],
    }
}

#[test]
fn everything_can_be_read_on_what_is_behind_it() {
    let mut wrong = Vec::new();
    for (name, _) in BUILT_IN {
        let theme = theme(name);
        for ground in grounds(name) {
            for (role, style) in ROLES.iter().zip(theme.styles()) {
                let (least, on_selection) = match *role {
                    "ground" | "selection" => continue,
                    "text" | "title" => (4.5, 4.5),
                    "heading" | "accent" | "bar" | "ok" | "warning" | "critical" | "busy" => (4.5, 3.0),
                    "dim" | "unknown" => (3.0, 3.0),
                    // Lines and charts, and ages that nobody has to read.
                    _ => (2.5, 1.4),
                };
                let behind = if *role == "bar" { parts(style.bg) } else { ground };
                for (behind, least) in [
                    (behind, least),
                    (parts(theme.selection.bg), on_selection),
                    (parts(theme.bar.bg), on_selection),
                ] {
                    let found = contrast(parts(style.fg), behind);
                    if found < least {
                        wrong.push(format!("{name}: {role} has {found:.2}, needs {least}"));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// How a colour looks to someone who can't tell red (protan) or green (deutan) light: Viénot,
/// Brettel and Mollon 1999, in linear light.
fn seen_as(colour: [f64; 3], protan: bool) -> [f64; 3] {
    let linear = colour.map(|c| c.powf(2.2));
    let lms = [[17.8824, 43.5161, 4.11935], [3.45565, 27.1554, 3.86714], [0.029_956_6, 0.184_309, 1.46709]]
        .map(|row| (0..3).map(|i| row[i] * linear[i]).sum::<f64>());
    let [l, m, s] = lms;
    let [l, m] = if protan { [2.02344 * m - 2.52581 * s, m] } else { [l, 0.494_207 * l + 1.24827 * s] };
    [
        [0.080_944_5, -0.130_504, 0.116_721],
        [-0.010_248_5, 0.054_019_4, -0.113_615],
        [-0.000_365_3, -0.004_121_6, 0.693_513],
    ]
    .map(|row| (row[0] * l + row[1] * m + row[2] * s).clamp(0.0, 1.0).powf(1.0 / 2.2))
}

#[test]
fn the_colour_blind_theme_tells_states_apart_for_everybody() {
    let far =
        |one: [f64; 3], other: [f64; 3]| (0..3).map(|i| (one[i] - other[i]).powi(2)).sum::<f64>().sqrt();
    let closest = |name: &str, protan: bool| {
        let theme = theme(name);
        let states = [theme.ok, theme.warning, theme.critical].map(|style| seen_as(parts(style.fg), protan));
        let pairs = [(0, 1), (0, 2), (1, 2)].map(|(a, b)| far(states[a], states[b]));
        pairs.into_iter().fold(f64::INFINITY, f64::min)
    };
    for protan in [true, false] {
        let found = closest("colour-blind", protan);
        assert!(found > 0.35, "{found}");
    }
}

#[test]
fn the_terminal_decides_how_many_colours() {
    let ok = |term, colorterm| Look::suiting(false, &around(term, colorterm)).theme.ok;
    assert_eq!(ok("xterm", "truecolor").fg, Some(Color::Rgb(0x6f, 0xae, 0x7d)));
    assert_eq!(ok("tmux-256color", "").fg, Some(Color::Indexed(72)));
    assert_eq!(ok("linux", "").fg, Some(Color::Green));
}

#[test]
fn no_color_and_dumb_terminals_get_no_colour() {
    let mut quiet = around("xterm-256color", "truecolor");
    quiet.no_color = true;
    for around in [quiet, around("dumb", ""), around("", "")] {
        let theme = Look::suiting(false, &around).theme;
        assert!(theme.styles().iter().all(|s| s.fg.is_none() && s.bg.is_none()), "{around:?}");
        assert!(theme.selection.add_modifier.contains(Modifier::REVERSED));
    }
}

#[test]
fn a_locale_without_utf8_gets_ascii() {
    let mut around = around("xterm", "");
    assert!(!signs(false, &around).ascii);
    assert!(signs(true, &around).ascii);
    around.locale = "C".into();
    assert!(signs(false, &around).ascii);
    assert!(glyphs::is_utf8("de_DE.utf8"));
}

#[test]
fn a_wish_is_a_name_or_a_file() {
    let told = |wish: &str| Theme::wished(wish, Depth::True).unwrap_err()[0].to_string();
    assert_eq!(Theme::wished("nord", Depth::True), Ok(theme("nord")));
    assert_eq!(told("drak"), "theme: there is no theme \"drak\"; did you mean \"dark\"?");
    assert!(told("sunset").contains("use dark, light, high-contrast, "), "{}", told("sunset"));
    assert!(told("no/such.toml").starts_with("no/such.toml: No such file"), "{}", told("no/such.toml"));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mine.toml");
    std::fs::write(&path, "base = \"gruvbox\"\n").unwrap();
    assert_eq!(Theme::wished(path.to_str().unwrap(), Depth::True), Ok(theme("gruvbox")));
    std::fs::write(&path, vec![b'#'; 65 * 1024]).unwrap();
    assert!(told(path.to_str().unwrap()).contains("larger than"));
}
