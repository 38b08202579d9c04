use super::*;

#[test]
fn times_are_read() {
    for (text, minutes) in [
        ("90", 90),
        ("90m", 90),
        ("1h30m", 90),
        (" 2 h ", 120),
        ("1d 2h", 26 * 60),
        ("5min", 5),
        ("30 days", MOST_MINUTES),
    ] {
        assert_eq!(span(text), Ok(Duration::from_secs(minutes * 60)), "{text}");
    }
}

#[test]
fn what_is_no_time_is_told_with_its_place() {
    for (text, at, part) in [
        ("", 0, "write a time"),
        ("  ", 0, "write a time"),
        ("soon", 0, "a number is wanted"),
        ("2x", 1, "units are"),
        ("2h soon", 3, "a number is wanted"),
        ("2h 3 wochen", 5, "units are"),
        ("0", 0, "a minute is the least"),
        ("31d", 0, "too long"),
        ("99999999999999999999", 0, "a number is wanted"),
        ("18446744073709551615d", 0, "too long"),
        ("2h, 3m", 2, "a number is wanted"),
        ("2ü", 1, "units are"),
    ] {
        let mistake = span(text).unwrap_err();
        assert!(mistake.at == at && mistake.text.contains(part), "{text:?}: {mistake:?}");
    }
}

#[test]
fn a_note_that_is_too_long_says_by_how_much() {
    assert_eq!(note_mistake(&"ü".repeat(MAX_NOTE)), None);
    assert_eq!(note_mistake(&("x".repeat(MAX_NOTE) + "   ")), None);
    let mistake = note_mistake(&"ü".repeat(MAX_NOTE + 7)).unwrap();
    assert!(mistake.at == 2 * MAX_NOTE && mistake.text.starts_with("7 too many"), "{mistake:?}");
}
