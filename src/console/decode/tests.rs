use proptest::prelude::*;

use super::*;

fn decode(bytes: &[u8]) -> Vec<Typed> {
    let (mut decoder, mut out) = (Decoder::default(), Vec::new());
    decoder.feed(bytes, &mut |t| out.push(t));
    decoder.give_up(&mut |t| out.push(t));
    out
}

fn pressed(code: KeyCode, modifiers: KeyModifiers) -> Typed {
    Typed::Key(KeyEvent::new(code, modifiers))
}

#[test]
fn keys_are_read() {
    let none = KeyModifiers::NONE;
    for (bytes, code, modifiers) in [
        (&b"a"[..], KeyCode::Char('a'), none),
        (b"G", KeyCode::Char('G'), none),
        ("ü".as_bytes(), KeyCode::Char('ü'), none),
        ("新".as_bytes(), KeyCode::Char('新'), none),
        (b"\r", KeyCode::Enter, none),
        (b"\x7f", KeyCode::Backspace, none),
        (b"\x03", KeyCode::Char('c'), KeyModifiers::CONTROL),
        (b"\x1b", KeyCode::Esc, none),
        (b"\x1b[A", KeyCode::Up, none),
        (b"\x1bOB", KeyCode::Down, none),
        (b"\x1b[5~", KeyCode::PageUp, none),
        (b"\x1b[1;5H", KeyCode::Home, KeyModifiers::CONTROL),
        (b"\x1b[3;2~", KeyCode::Delete, KeyModifiers::SHIFT),
        (b"\x1b[Z", KeyCode::BackTab, none),
        (b"\x1bx", KeyCode::Char('x'), KeyModifiers::ALT),
        (b"\x1b]", KeyCode::Char(']'), KeyModifiers::ALT),
        (b"\x1bOP", KeyCode::F(1), none),
        (b"\x1b[[A", KeyCode::F(1), none),
        (b"\x1b[15~", KeyCode::F(5), none),
        (b"\x1b[17~", KeyCode::F(6), none),
        (b"\x1b[21;2~", KeyCode::F(10), KeyModifiers::SHIFT),
        (b"\x1b[24~", KeyCode::F(12), none),
        (b"\x1b[1;2A", KeyCode::Up, KeyModifiers::SHIFT),
    ] {
        assert_eq!(decode(bytes), [pressed(code, modifiers)], "{bytes:?}");
    }
}

#[test]
fn a_sequence_cut_in_two_is_one_key() {
    let (mut decoder, mut out) = (Decoder::default(), Vec::new());
    for byte in b"\x1b[6~" {
        decoder.feed(&[*byte], &mut |t| out.push(t));
    }
    assert_eq!(out, [pressed(KeyCode::PageDown, KeyModifiers::NONE)]);
    assert!(!decoder.waits());
}

#[test]
fn pasted_text_is_no_key_and_is_bounded() {
    assert_eq!(decode(b"\x1b[200~qX\r\x1b[201~"), [Typed::Paste { text: "qX\r".into(), cut: false }]);
    let long = [b"\x1b[200~".to_vec(), vec![b'x'; 1_000_000], b"\x1b[201~q".to_vec()].concat();
    let out = decode(&long);
    assert!(matches!(&out[0], Typed::Paste { text, cut: true } if text.len() == MAX_PASTE), "{}", out.len());
    assert_eq!(out[1..], [pressed(KeyCode::Char('q'), KeyModifiers::NONE)]);
}

#[test]
fn what_is_not_understood_is_skipped_whole() {
    for junk in [&b"\x1b[<0;10;5M"[..], b"\x1b[I", b"\x1b[?1;2c", b"\x1b[99~", b"\xff", b"\x1bOz"] {
        let keys = decode(&[junk, b"q"].concat());
        assert_eq!(keys.last(), Some(&pressed(KeyCode::Char('q'), KeyModifiers::NONE)), "{junk:?}");
        assert!(keys.len() <= 2, "{junk:?}: {keys:?}");
    }
}

#[test]
fn a_sequence_without_end_is_not_waited_for() {
    let mut decoder = Decoder::default();
    for _ in 0..10_000 {
        decoder.feed(b"\x1b[1;1;1", &mut |_| {});
        decoder.feed(&[b'1'; 100], &mut |_| {});
        assert!(decoder.pending.len() < MAX_SEQUENCE);
    }
}

proptest! {
    #[test]
    fn no_bytes_hurt(chunks in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..40), 0..40)) {
        let mut decoder = Decoder::default();
        if chunks.len() % 2 == 0 {
            decoder.expect_answer();
        }
        let mut keys = 0;
        for chunk in &chunks {
            decoder.feed(chunk, &mut |_| keys += 1);
            if chunk.len() % 3 == 0 {
                decoder.give_up(&mut |_| keys += 1);
            }
            prop_assert!(decoder.pending.len() < MAX_SEQUENCE);
        }
        prop_assert!(keys <= chunks.iter().map(Vec::len).sum::<usize>());
    }
}

const ANSWERS: [&[u8]; 4] = [
    b"\x1b]11;rgb:fdfd/f6f6/e3e3\x1b\\",
    b"\x1b]11;rgb:f/f/f\x07",
    b"\x1b]11;rgba:ffff/ffff/ffff/ffff\x07",
    b"\x1b]11;#fdf6e3\x1b\\",
];

/// Feeds `pieces`, each so long after the one before that what waits is given up.
fn late(pieces: &[&[u8]]) -> Vec<Typed> {
    let (mut decoder, mut out) = (Decoder::default(), Vec::new());
    decoder.expect_answer();
    for piece in pieces {
        decoder.feed(piece, &mut |t| out.push(t));
        decoder.give_up(&mut |t| out.push(t));
    }
    out
}

#[test]
fn an_answer_is_no_key_however_it_is_cut() {
    let light = Typed::Background(Background::Light);
    let quit = pressed(KeyCode::Char('q'), KeyModifiers::NONE);
    let escape = pressed(KeyCode::Esc, KeyModifiers::NONE);
    let bracket = pressed(KeyCode::Char(']'), KeyModifiers::ALT);
    for answer in ANSWERS {
        for cut in 0..=answer.len() {
            let (one, other) = answer.split_at(cut);
            let mut out = late(&[one, &[other, b"q"].concat()]);
            // An escape with nothing behind it for so long is one: that can't be known.
            let alone = match cut {
                1 => Some(&escape),
                2 => Some(&bracket),
                _ => None,
            };
            if let Some(alone) = alone {
                assert_eq!(out.remove(0), *alone, "cut at {cut}");
            }
            assert_eq!(out, [light.clone(), quit.clone()], "{answer:?} cut at {cut}");
        }
        let single: Vec<&[u8]> = answer.chunks(1).collect();
        assert_eq!(late(&single), [escape.clone(), light.clone()]);
    }
}

#[test]
fn a_garbled_answer_is_no_key_and_ends() {
    let quit = pressed(KeyCode::Char('q'), KeyModifiers::NONE);
    let down = pressed(KeyCode::Down, KeyModifiers::NONE);
    for garbled in
        [&b"\x1b]11;rgb:ff"[..], b"\x1b]11;", b"\x1b]11;rgb:ffff/ffff/ff", b"\x1b]4;1;rgb:0/0/0\x07"]
    {
        assert_eq!(late(&[garbled, b"q"]), std::slice::from_ref(&quit), "{garbled:?}");
        assert_eq!(late(&[garbled, b"\x1b[B", b"q"]), [down.clone(), quit.clone()], "{garbled:?}");
    }
    let endless = [b"\x1b]11;".to_vec(), vec![b'f'; 10_000], b"q".to_vec()].concat();
    let keys = late(&[&endless]);
    assert_eq!(keys.last(), Some(&quit), "an answer without end is not waited for");
}

#[test]
fn who_types_what_an_answer_begins_with_is_understood() {
    let char = |c| pressed(KeyCode::Char(c), KeyModifiers::NONE);
    let escape = pressed(KeyCode::Esc, KeyModifiers::NONE);
    assert_eq!(late(&[b"\x1b", b"]", b"1", b"q"]), [escape, char(']'), char('1'), char('q')]);
    // Where nothing was asked, nothing is held back.
    let bracket = pressed(KeyCode::Char(']'), KeyModifiers::ALT);
    assert_eq!(decode(b"\x1b]1"), [bracket, char('1')]);
}

#[test]
fn a_terminal_that_turns_light_says_so() {
    assert_eq!(decode(b"\x1b[?997;2n"), [Typed::Background(Background::Light)]);
    assert_eq!(decode(b"\x1b[?997;1n"), [Typed::Background(Background::Dark)]);
    assert_eq!(decode(b"\x1b[?997;3n"), []);
}

#[test]
fn the_mouse_is_read_also_when_its_report_is_cut() {
    let click = Typed::Mouse(Mouse { did: MouseDid::Press, x: 9, y: 4 });
    let up = Typed::Mouse(Mouse { did: MouseDid::Release, x: 9, y: 4 });
    assert_eq!(decode(b"\x1b[<0;10;5M\x1b[<0;10;5m"), [click.clone(), up]);
    assert_eq!(decode(b"\x1b[M *%"), std::slice::from_ref(&click));
    for cut in 3..10 {
        let (one, other) = b"\x1b[<0;10;5M".split_at(cut);
        assert_eq!(late(&[one, other]), std::slice::from_ref(&click), "cut at {cut}");
    }
}
