//! What strangers can put into names, lines and URLs.

use super::*;

const CANARY: &str = "kanarie";

/// Everything in a message that comes from outside is `text`.
fn everywhere(text: &str) -> Message {
    let text: Arc<str> = text.into();
    let mut incident = known();
    incident.title = Arc::clone(&text);
    incident.rule = Arc::clone(&text);
    for member in &mut incident.members {
        (member.name, member.input) = (Arc::clone(&text), Arc::clone(&text));
    }
    incident.values = vec![(Arc::clone(&text), Arc::clone(&text))];
    incident.lines = vec![Arc::clone(&text); 3];
    incident.notes[0].by = Arc::clone(&text);
    incident.notes[0].text = Arc::clone(&text);
    incident.acknowledged = Some(Acknowledgement { wall_ms: BEGAN, by: Arc::clone(&text) });
    let mut item = item(Event::Raised, incident);
    item.why = Arc::clone(&text);
    Message { receiver: Arc::clone(&text), message_id: Arc::clone(&text), ..message(vec![item], 20_000) }
}

fn host(text: &str) -> About {
    About { host: text.into(), headend: text.into(), ..about() }
}

fn bytes(letter: &Letter, about: &About) -> String {
    let (from, to) = (address("a@example.org").unwrap(), address("b@example.org").unwrap());
    String::from_utf8(mail(letter, &from, &[to], about).unwrap()).unwrap()
}

/// Names of the fields in a mail's head.
fn fields(mail: &str) -> Vec<String> {
    let (head, _) = mail.split_once("\r\n\r\n").unwrap();
    let unfolded = head.replace("\r\n ", " ");
    unfolded.split("\r\n").map(|line| line.split(':').next().unwrap().to_owned()).collect()
}

#[test]
fn nothing_from_outside_becomes_a_header() {
    let harmless = fields(&bytes(&letter(&everywhere("news"), &about()), &about()));
    for attack in [
        "x\r\nBcc: thief@example.net\r\n\r\nread this",
        "x\nBcc: thief@example.net",
        "x\rBcc: thief@example.net",
        "x\u{2028}Bcc: a@b\u{85}Bcc: a@b\u{b}Bcc: a@b\0",
        "=?utf-8?q?x=0D=0ABcc:=20thief@example.net?=",
        ".\r\n.\r\nMAIL FROM:<thief@example.net>",
        "<thief@example.net>, x@[127.0.0.1]",
    ] {
        let (message, about) = (everywhere(attack), host(attack));
        let letter = letter(&message, &about);
        let mail = bytes(&letter, &about);
        assert_eq!(fields(&mail), harmless, "{attack:?}\n{mail}");
        assert!(!letter.subject.contains(['\r', '\n', '\0']), "{:?}", letter.subject);
        assert!(!letter.subject.contains("=?"), "{:?}", letter.subject);
        assert!(!mail.contains("\r\n.\r\n"), "{mail}");
        let lines = mail.split("\r\n");
        assert!(lines.clone().all(|line| !line.contains(['\r', '\n']) && line.len() <= 998), "{mail}");
        let id = letter.message_id;
        assert!(id.is_ascii() && id.matches('@').count() == 1 && !id.contains(['<', '>', ' ']), "{id}");
    }
}

#[test]
fn nothing_from_outside_is_markup_or_turns_text_around() {
    let attack = "<img src=x onerror=alert(1)> \u{202e}\u{2066} \u{1b}[31m & \"'";
    let letter = letter(&everywhere(attack), &host(attack));
    assert!(!letter.html.contains("<img") && letter.html.contains("&lt;img src=x"), "{}", letter.html);
    assert!(!letter.html.contains("alert(1)> "), "{}", letter.html);
    for text in [&letter.subject, &letter.text, &letter.html] {
        assert!(!text.contains(['\u{202e}', '\u{2066}', '\u{1b}']), "{text:?}");
    }
}

#[test]
fn secrets_that_got_this_far_go_no_further() {
    for secret in [
        format!("rtmp://user:{CANARY}@h.example/live?token={CANARY}"),
        format!("Authorization: Bearer {CANARY}"),
        format!("{} https://u:{CANARY}{}@h.example/", "x ".repeat(1_000), "y".repeat(300)),
        format!("https://u:{CANARY}{}@h.example/", "y".repeat(3_000)),
    ] {
        let message = Message { message_id: "17.5f3a9c@seed".into(), ..everywhere(&secret) };
        let letter = letter(&message, &about());
        let document = document(&message, &about()).unwrap();
        for text in [&letter.subject, &letter.text, &letter.html, &document] {
            assert!(!text.contains(CANARY), "{text}");
        }
    }
}

/// Ten megabytes of one line, of URLs, of signs that become longer when they are escaped or encoded.
#[test]
fn a_mail_stays_small_whatever_is_handed_in() {
    for unit in ["x", "a@b:c/ ", "<&\"", "\u{1f4fa} "] {
        let text: Arc<str> = unit.repeat(10 * 1024 * 1024 / unit.len()).into();
        let mut message = everywhere(&text);
        let mut incident = (*message.items[0].incident).clone();
        incident.lines = vec![text; 30];
        incident.members = vec![incident.members[0].clone(); 1_000];
        message.items[0].incident = Arc::new(incident);
        let whole = letter(&message, &about());
        assert!(whole.subject.chars().count() <= MAX_SUBJECT, "{}", whole.subject);
        assert!(whole.text.len() <= text::MAX_TEXT && whole.html.len() <= html::MAX_HTML);
        assert!(bytes(&whole, &about()).len() <= MAX_MAIL);
        assert!(document(&message, &about()).unwrap().len() <= MAX_DOCUMENT);
        assert!(whole.text.contains("headend incidents 4711"), "{}", whole.text);
        assert!(whole.html.ends_with("</body></html>\n"));
    }
}

#[test]
fn a_digest_stays_small_whatever_is_handed_in() {
    for unit in ["жжж ", "<<< "] {
        let mut message = everywhere(&unit.repeat(250));
        message.items = vec![message.items[0].clone(); 300];
        let digest = letter(&message, &about());
        assert!(bytes(&digest, &about()).len() <= MAX_MAIL);
        assert!(digest.html.ends_with("</body></html>\n") && digest.text.contains("left out"));
        let document = document(&message, &about()).unwrap();
        assert!(document.len() <= MAX_DOCUMENT, "{}", document.len());
        let told: serde_json::Value = serde_json::from_str(&document).unwrap();
        let items = told["items"].as_array().unwrap().len() as u64;
        assert!(items < 300 && items + told["more_items"].as_u64().unwrap() == 300, "{items}");
    }
}

#[test]
fn times_beyond_the_calendar_break_nothing() {
    let mut incident = black();
    (incident.began_wall_ms, incident.opened_wall_ms) = (u64::MAX, u64::MAX);
    let message = Message { made_wall_ms: u64::MAX, ..message(vec![item(Event::Raised, incident)], 0) };
    let letter = letter(&message, &about());
    assert!(bytes(&letter, &about()).contains("Date: Fri, 31 Dec 9999"), "{}", letter.text);
}

#[test]
fn a_message_without_items_is_a_letter_too() {
    let letter = letter(&message(Vec::new(), 0), &about());
    assert_eq!(letter.subject, "[headend] 0 incidents");
    assert!(!bytes(&letter, &about()).contains("X-headend-Incident"));
}
