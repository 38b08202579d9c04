//! `[alerts]`, `[mail]`, `[[receiver]]`, `[[rule]]` and `[http]`.

use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::model::query::Query;
use crate::model::{ConditionKind, Severity};

const MAIL: &str = "[mail]\nserver = 'smtp.example.com'\nfrom = 'headend@example.com'\n";

fn config(text: &str) -> Config {
    good(text, &Memory::new()).config
}

#[track_caller]
fn warnings(text: &str, expected: &[&str]) {
    let found = good(text, &Memory::new()).warnings;
    let found: Vec<_> =
        found.iter().map(|m| m.to_string().replace("/etc/headend/headend.toml:", "")).collect();
    assert_eq!(found, expected, "for:\n{text}");
}

/// Every key with a value that is not its default.
fn whole() -> String {
    format!(
        "{MAIL}tls = 'tls'\nuser = 'me'\npassword_file = 'pw'\nto = ['a@b.example', 'On call <c@d.example>']\n{}",
        "timeout = '5s'
[alerts]
after = '1s'
after_warning = '2s'
clear_after = '3s'
gather = '4s'
together = 7
flap_changes = 8
flap_calm = 3
flap_window = '9m'
update_every = '10s'
rate_limit = '11s'
batch = 12
batch_pause = '13s'
digest_above = 14
per_hour = 15
keep_for = '16d'
keep = 17
[[receiver]]
name = 'hook'
webhook = 'https://h.example/x'
secret_env = 'KEY'
[[receiver]]
name = 'page'
program = ['bin/page', '--now']
[[rule]]
name = 'night'
streams = 'group:sport'
conditions = ['black', 'silent', 'black']
severity = 'critical'
after = '20s'
clear_after = '30s'
tell = ['mail']
repeat = 'never'
escalate_after = '10m'
escalate_to = ['page', 'hook']
quiet = ['22:00-06:00']
time_zone = 'UTC'
quiet_critical = true
recovery = false
[[rule]]
name = 'rest'
[http]
listen = '127.0.0.1:9464'
token = 'abc'
"
    )
}

#[test]
fn every_value_reaches_its_place() {
    let config = config(&whole());
    let seconds = Duration::from_secs;
    let mail = config.mail.unwrap();
    assert_eq!((&*mail.server, mail.port, mail.tls), ("smtp.example.com", 465, MailTls::Tls));
    let file = Secret::File("/etc/headend/pw".into());
    assert_eq!((mail.user, mail.timeout), (Some(("me".into(), file)), seconds(5)));
    let alerts = config.alerts;
    let way = |n: usize| (&*alerts.receivers[n].name, alerts.receivers[n].way.clone());
    assert_eq!(
        way(0),
        ("mail", Way::Mail { to: vec!["a@b.example".into(), "On call <c@d.example>".into()] })
    );
    let secret = Some(Secret::Environment("KEY".into()));
    assert_eq!(way(1), ("hook", Way::Webhook { url: "https://h.example/x".into(), secret }));
    let command = vec!["/etc/headend/bin/page".into(), "--now".into()];
    assert_eq!(way(2), ("page", Way::Program { command }));
    let [night, rest] = &alerts.rules[..] else { panic!("{:?}", alerts.rules) };
    let texts = |texts: &[&str]| texts.iter().map(|text| Arc::from(*text)).collect::<Vec<Arc<str>>>();
    let quiet = night.quiet.clone().unwrap();
    assert_eq!((quiet.windows()[0].to_string().as_str(), quiet.zone_name()), ("22:00-06:00", Some("UTC")));
    let expected = Rule {
        name: "night".into(),
        streams: Some(Query::parse("group:sport").unwrap()),
        conditions: vec![ConditionKind::Black, ConditionKind::Silent],
        at_least: Severity::Warning,
        severity: Some(Severity::Critical),
        after: Some(seconds(20)),
        clear_after: Some(seconds(30)),
        ignore: false,
        tell: texts(&["mail"]),
        repeat: None,
        escalate_after: Some(seconds(600)),
        escalate_to: texts(&["page", "hook"]),
        quiet: Some(quiet),
        quiet_critical: true,
        recovery: false,
    };
    assert_eq!(*night, expected);
    assert_eq!(*rest, Rule { name: "rest".into(), ..Rule::fallback(&alerts.receivers) });
    let expected = AlertSettings {
        after: seconds(1),
        after_warning: seconds(2),
        clear_after: seconds(3),
        gather: seconds(4),
        together: 7,
        flap_changes: 8,
        flap_calm: 3,
        flap_window: seconds(540),
        update_every: seconds(10),
        rate_limit: seconds(11),
        batch: 12,
        batch_pause: seconds(13),
        digest_above: 14,
        per_hour: 15,
        keep_for: seconds(16 * 86_400),
        keep: 17,
        receivers: alerts.receivers.clone(),
        rules: alerts.rules.clone(),
    };
    assert_eq!(alerts, expected);
    let http = HttpSettings {
        listen: Some("127.0.0.1:9464".parse().unwrap()),
        token: Some(Secret::Here("abc".into())),
    };
    assert_eq!(config.http, http);
}

#[test]
fn ports_and_severities_go_by_what_stands_beside_them() {
    for (more, port) in
        [("", 587), ("tls = 'tls'", 465), ("tls = 'none'", 25), ("tls = 'tls'\nport = 26", 26)]
    {
        assert_eq!(config(&format!("{MAIL}{more}")).mail.unwrap().port, port, "{more}");
    }
    for (more, at_least) in [
        ("", Severity::Critical),
        ("ignore = true", Severity::Warning),
        ("conditions = ['slow']", Severity::Warning),
        ("conditions = ['slow', 'black']\nat_least = 'critical'", Severity::Critical),
    ] {
        let rules = config(&format!("[[rule]]\nname = 'x'\nstreams = ''\n{more}")).alerts.rules;
        assert_eq!((rules[0].at_least, &rules[0].streams), (at_least, &None), "{more}");
    }
}

#[test]
fn mistakes_in_mail_are_told() {
    let text = "\
[mail]
server = 'smtp.example.com:25'
port = 0
tls = 'ssl'
user = 'me'
password = 'hunter2'
password_file = 'x'
from = 'headend'
to = ['a@b.example, c@d.example', 'A <a@b.example> x', \"a@b.example\\r\\nBcc: x@y.example\", 'a@b.example']
";
    check(
        text,
        &Memory::new(),
        &[
            r#"headend.toml:2:10: "smtp.example.com:25" is no server; expected the name alone, and its port in "port""#,
            r#"headend.toml:3:8: "port" is 0; expected a whole number between 1 and 65535"#,
            r#"headend.toml:4:7: "ssl" is no way to encrypt; expected starttls, tls or none"#,
            r#"headend.toml:7:1: "password" and "password_file" are both there; expected one of them"#,
            r#"headend.toml:8:8: "headend" is no address; expected one like "noc@example.com" or "On call <noc@example.com>""#,
            r#"headend.toml:9:7: "a@b.example, c@d.example" is no address; expected one like "noc@example.com" or "On call <noc@example.com>""#,
            r#"headend.toml:9:35: "A <a@b.example> x" is no address; expected one like "noc@example.com" or "On call <noc@example.com>""#,
            r#"headend.toml:9:56: "a@b.example␍␊Bcc: x@y.example" is no address; expected one like "noc@example.com" or "On call <noc@example.com>""#,
        ],
    );
    check(
        "[mail]\nto = []\nuser = 'me'\n",
        &Memory::new(),
        &[
            r#"headend.toml:1:1: [mail] has no "server"; expected one like server = "smtp.example.com""#,
            r#"headend.toml:1:1: [mail] has no "from"; expected the sender's address, like from = "headend@example.com""#,
            r#"headend.toml:2:1: "to" is empty; expected at least one address, like ["noc@example.com"]"#,
            r#"headend.toml:3:1: "user" is there without a password; expected one of "password", "password_file" and "password_env""#,
        ],
    );
    check(
        &format!("{MAIL}password_env = 'A B'\n[http]\nlisten = 'localhost:80'\ntoken = 'hunter2 hunter2'\n"),
        &Memory::new(),
        &[
            r#"headend.toml:4:1: "password_env" is there without "user"; expected who signs in"#,
            r#"headend.toml:4:16: "A B" is no variable; expected its name, like "SMTP_PASSWORD""#,
            r#"headend.toml:6:10: "localhost:80" is no address with a port; expected one like "127.0.0.1:9464" or "[::1]:9464""#,
            "headend.toml:7:1: the token has other characters in it; expected only letters, digits and signs of ASCII: it stands in a header",
        ],
    );
}

#[test]
fn mistakes_in_receivers_are_told() {
    let text = "\
[[receiver]]
name = 'noc'
mail = ['a@b.example']
[[receiver]]
name = 'noc'
webhook = 'ftp://h/hunter2'
mail = ['x']
[[receiver]]
name = ''
[[receiver]]
program = ['page']
secret = 5
[[receiver]]
name = 'hook'
webhook = 'https://me:hunter2@h/x'
secret = ''
";
    check(
        text,
        &Memory::new(),
        &[
            r#"headend.toml:1:1: the receiver "noc" is told by mail, and there is no [mail]; expected the table [mail] with "server" and "from""#,
            r#"headend.toml:5:8: the name "noc" is there twice; expected another one"#,
            r#"headend.toml:6:1: "mail" and "webhook" are both there; expected one of them, and a [[receiver]] for each"#,
            r#"headend.toml:6:11: the webhook is no URL of http or https; expected one like "https://chat.example.com/hooks/1""#,
            r#"headend.toml:7:9: "x" is no address; expected one like "noc@example.com" or "On call <noc@example.com>""#,
            r#"headend.toml:8:1: [[receiver]] has no way to be told; expected one of "mail", "webhook" and "program""#,
            r#"headend.toml:9:8: the name "" is 0 characters long; expected 1 to 40"#,
            r#"headend.toml:10:1: [[receiver]] has no "name"; expected one like name = "night shift""#,
            r#"headend.toml:11:1: "page" is no path of a program; expected its whole path and its arguments, like ["/usr/local/bin/page", "--now"]"#,
            r#"headend.toml:12:1: "secret" is no text; expected a text in quotes"#,
            r#"headend.toml:12:1: "secret" has no meaning without "webhook"; expected it only there: it signs what is sent"#,
            r#"headend.toml:15:11: the webhook has a user in it, which is not sent; expected one like "https://chat.example.com/hooks/1""#,
            r#"headend.toml:16:10: "secret" is empty; expected none, or some text"#,
        ],
    );
    // The shortcut takes the name.
    check(
        &format!("{MAIL}to = ['a@b.example']\n[[receiver]]\nname = 'mail'\nprogram = ['/x']"),
        &Memory::new(),
        &[r#"headend.toml:6:8: the name "mail" is there twice; expected another one"#],
    );
    let many = "[[receiver]]\nname = 'x'\nprogram = ['/x']\n".repeat(MAX_RECEIVERS + 1);
    let mistakes = read(&many, &Memory::new()).unwrap_err();
    assert!(mistakes.to_string().contains("there are more than 100 receivers"), "{mistakes}");
}

#[test]
fn mistakes_in_rules_are_told() {
    let text = "\
[[receiver]]
name = 'night shift'
program = ['/x']
[[rule]]
name = 'x'
streams = 'group:sport ('
conditions = ['blak']
at_least = 'bad'
tell = ['night-shft', 'nobody']
repeat = 'often'
escalate_after = '1s'
quiet = ['22-06']
time_zone = 'Europe/Berlim'
[[rule]]
name = 'x'
ignore = true
tell = []
time_zone = 'UTC'
[alerts]
flap_changes = 2
keep = 5
";
    check(
        text,
        &Memory::new(),
        &[
            r#"headend.toml:6:11: "streams" is no query, at its character 14; something to look for is missing here"#,
            r#"headend.toml:7:15: "blak" is no condition; expected black, frozen, silent, no-video, no-audio, stalled, slow, fast, bitrate-low, fps-low, dns, refused, http-4xx, http-5xx, timeout, tls, invalid-data, exited, not-started, output, corrupt, timestamps, segments, decode, reconnects or flood; did you mean "black"?"#,
            r#"headend.toml:8:12: "bad" is no severity; expected warning or critical"#,
            r#"headend.toml:9:9: there is no receiver "night-shft"; did you mean "night shift"?"#,
            r#"headend.toml:9:23: there is no receiver "nobody"; expected the name of a [[receiver]]"#,
            r#"headend.toml:10:10: "often" is no duration; expected one like "10s", "1m30s" or "500ms""#,
            r#"headend.toml:11:1: "escalate_after" is there without "escalate_to"; expected both, or neither"#,
            r#"headend.toml:11:18: "1s" is too short; expected between "10s" and "30d""#,
            r#"headend.toml:12:10: "22" is no day; expected mon, tue, wed, thu, fri, sat or sun, like "mon-fri" or "sat,sun""#,
            r#"headend.toml:13:13: there is no time zone "Europe/Berlim"; did you mean "Europe/Berlin"?"#,
            r#"headend.toml:15:8: the name "x" is there twice; expected another one"#,
            r#"headend.toml:17:1: "tell" has no meaning with ignore = true; expected one or the other"#,
            r#"headend.toml:18:1: "time_zone" has no meaning without "quiet"; expected both, or neither"#,
            r#"headend.toml:20:1: "flap_calm" is 2, "flap_changes" 2; expected "flap_calm" to be the smaller one, or flapping would begin and end at once"#,
            r#"headend.toml:21:8: "keep" is 5; expected a whole number between 10 and 10000"#,
        ],
    );
}

#[test]
fn what_can_never_be_is_warned_of() {
    let receivers =
        "[[receiver]]\nname = 'a'\nprogram = ['/a']\n[[receiver]]\nname = 'b'\nprogram = ['/b']\n";
    warnings(
        &format!(
            "{receivers}[[rule]]\nname = 'black'\nstreams = 'tag:hd'\nconditions = ['black', 'slow']\ntell = ['a']\n\
             [[rule]]\nname = 'same'\nstreams = 'tag:hd'\nconditions = ['slow']\ntell = ['a']\n\
             [[rule]]\nname = 'other'\nstreams = 'tag:sd'\nconditions = ['slow']\ntell = ['a']\n\
             [[rule]]\nname = 'all'\nat_least = 'warning'\ntell = ['a']\n\
             [[rule]]\nname = 'late'\nstreams = 'tag:uhd'\nconditions = ['slow']\nat_least = 'critical'\ntell = ['a']\n"
        ),
        &[
            r#"4:1: the receiver "b" is told nothing; expected it in "tell" or "escalate_to" of a [[rule]]"#,
            r#"12:1: the rule "same" never holds: "black" in line 7 takes all that it is for; expected it before that one: the first that fits holds"#,
            r#"26:1: the rule "late" never holds: "all" in line 22 takes all that it is for; expected it before that one: the first that fits holds"#,
        ],
    );
    // Without one that takes all, all are told in the end.
    warnings(&format!("{receivers}[[rule]]\nname = 'x'\nstreams = 'tag:hd'\ntell = ['a']\n"), &[]);
    warnings(
        "[[rule]]\nname = 'x'\nconditions = ['slow']\nat_least = 'critical'\n",
        &[
            r#"1:1: the rule "x" never holds: its conditions are warnings, and it is for critical ones; expected at_least = "warning""#,
        ],
    );
    let user = "tls = 'none'\nuser = 'me'\npassword = 'x'\n";
    warnings(
        &format!("{MAIL}{user}[http]\nlisten = '0.0.0.0:80'\n"),
        &[
            r#"4:1: the password goes over the network in the clear; expected tls = "starttls" or "tls", or a server on this machine"#,
            r#"8:10: others than this machine may ask, and no token is wanted of them; expected "token_file", or an address like "127.0.0.1:9464""#,
        ],
    );
    warnings(
        &format!("{MAIL}{user}[http]\nlisten = '[::1]:80'\n").replace("smtp.example.com", "127.0.0.1"),
        &[],
    );
    warnings("[http]\nlisten = '[::]:80'\ntoken_env = 'T'\n", &[]);
}

#[test]
fn no_secret_is_shown() {
    let of = |word: &str| {
        format!(
            "{MAIL}user = 'me'\npassword = '{word}'\n[http]\ntoken = '{word}'\n[[receiver]]\nname = 'hook'\n\
             webhook = 'https://h.example/{word}'\nsecret = '{word}'\n"
        )
    };
    let (old, new) = (config(&of("canary1")), config(&of("canary2")));
    let difference = difference(&old, &new);
    assert_eq!(
        difference.lines(),
        [
            "mail.password *** -> another one",
            "http.token *** -> another one",
            "receiver {hook: webhook https://h.example/***, secret ***} -> \
             {hook: webhook https://h.example/***, secret ***, another secret or argument}",
        ]
    );
    assert!(!format!("{difference:?} {old:?} {:?}", new.secrets()).contains("canary"));
    // A mistake on every line.
    let wrong = format!("{}{}", of("canary").replace("'\n", "'\n x = \n"), "pasword = 'canary'\n[mail2]\n");
    let mistakes = read(&wrong, &Memory::new()).unwrap_err().to_string();
    assert!(!mistakes.contains("canary"), "{mistakes}");
    let wrong = "[mail]\npasword = 'canary'\npassword = ['canary']\n[http]\ntoken = \"canary\\u0007\"\n\
                 [[receiver]]\nwebhook = 'canary://canary'\nsecret = { a = 'canary' }\n";
    let mistakes = read(wrong, &Memory::new()).unwrap_err().to_string();
    assert!(!mistakes.replace("'canary' }", "").contains("canary"), "{mistakes}");
}

#[test]
fn what_differs_is_told_in_words() {
    let receivers =
        "[[receiver]]\nname = 'a'\nprogram = ['/a']\n[[receiver]]\nname = 'b'\nprogram = ['/b']\n";
    let before =
        config(&format!("{receivers}[[rule]]\nname = 'x'\n[[rule]]\nname = 'y'\nstreams = 'tag:hd'\n"));
    let after = config(&format!(
        "{receivers}{MAIL}to = ['a@b.example']\n[[rule]]\nname = 'x'\nrepeat = 'never'\ntell = ['a']\n\
         [[rule]]\nname = 'z'\n[alerts]\ngather = '1s'\n"
    ));
    assert_eq!(
        difference(&before, &after).lines(),
        [
            "alerts.gather 5s -> 1s",
            "mail.server none -> smtp.example.com",
            "mail.port none -> 587",
            "mail.tls none -> starttls",
            "mail.from none -> headend@example.com",
            "mail.timeout none -> 30s",
            "receiver {} -> {mail: mail to a@b.example}",
            "rule {x: tell [a b], repeat 14400s; y} -> {x: tell [a], repeat never; z}",
        ]
    );
    let turned =
        config(&format!("{receivers}[[rule]]\nname = 'y'\nstreams = 'tag:hd'\n[[rule]]\nname = 'x'\n"));
    assert_eq!(difference(&before, &turned).lines(), ["rule {x; y} -> {y; x}"]);
}

#[test]
fn secrets_are_read_where_they_are() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("pw");
    std::fs::write(&path, "hunter2\r\nmore\n").unwrap();
    let secret = Secret::File(path.clone());
    assert_eq!(secret.read().as_deref(), Ok("hunter2"));
    let mut config = Config { http: HttpSettings { listen: None, token: Some(secret) }, ..Config::default() };
    let mode = |mode| std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
    mode(0o600);
    assert_eq!(config.secrets_at_risk(), Vec::<String>::new());
    mode(0o640);
    let risks = config.secrets_at_risk();
    assert!(risks[0].starts_with("the token of [http]: others can read "), "{risks:?}");
    std::fs::write(&path, "\n").unwrap();
    assert!(config.secrets_at_risk()[0].contains("is empty or not there"));
    std::fs::write(&path, "x".repeat(MAX_SECRET_BYTES + 1)).unwrap();
    assert!(config.secrets_at_risk()[0].contains("holds no text of at most"));
    config.http.token = Some(Secret::File("/dev/zero".into()));
    assert_eq!(
        config.secrets_at_risk(),
        ["the token of [http] is not to be had, /dev/zero can't be read: it is no file"]
    );
    config.http.token = Some(Secret::Environment("HEADEND_TEST_NOT_SET".into()));
    assert_eq!(
        config.secrets_at_risk(),
        ["the token of [http] is not to be had, the variable HEADEND_TEST_NOT_SET is empty or not there"]
    );
}
