//! Streams written in a form and read again.

use super::*;
use crate::model::StreamSpec;

/// Everything a stream can say, and texts that want quoting.
const RICH: &str = r#"
[[stream]]
id = "plain"
inputs = ["http://h/plain"]

[[stream]]
id = "rich"
name = 'Two, "quoted" \ one'
group = "News; more"
tags = ["hd", "über"]
inputs = ["https://me:canary@h/a?token=canary&x=1", "udp://239.0.0.1:1234"]
mode = "full"
input_args = ["-user_agent", "a b", "-headers", "X-Key: canary"]
protocols = ["default", "file"]
expect = ["audio"]
thresholds = { black = "1500ms", silent = "0s", slow_speed = 0.8, fast_speed = 2, fps_min = 12.5 }
start = false
priority = 90
watch = "rotate"
turn = "45s"
fallback = { on = ["black", "no-audio"], after = "5s", good_for = "0s" }
on_air = ["mon-fri 06:00-22:00", "sat,sun 10:00-02:00", "cron 0 6 * * 1-5 for 16h"]
maintenance = ["03:00-24:00", "mon"]
time_zone = "UTC"

[[stream]]
id = "relay"
mode = "run"
args = ["-i", "{input}", "-c", "copy", "-f", "flv", "rtmp://out/live/canary"]
inputs = ["http://h/relay"]
expect = []
"#;

fn streams(text: &str) -> Vec<StreamSpec> {
    good(text, &Memory::new()).config.streams
}

fn back(text: &str, form: Form) -> Vec<StreamSpec> {
    let read = import(text.as_bytes(), form, Path::new("/tmp/list"), &Environment::default());
    read.unwrap_or_else(|mistakes| panic!("{mistakes}\n{text}")).config.streams
}

#[test]
fn toml_and_json_keep_everything() {
    let before = streams(RICH);
    for form in [Form::Toml, Form::Json] {
        let text = export(&before, form);
        assert_eq!(back(&text, form), before, "{text}");
        assert_eq!(lost(&before, form, &text).unwrap(), Vec::<String>::new());
    }
    let text = export(&before[..1], Form::Toml);
    assert_eq!(text, "[[stream]]\nid = \"plain\"\ninputs = [\"http://h/plain\"]\nmode = \"picture\"\n");
}

#[test]
fn lists_say_what_they_can_t_hold() {
    let before = streams(RICH);
    let text = export(&before, Form::Csv);
    let told = lost(&before, Form::Csv, &text).unwrap();
    let keys = "input_args protocols expect thresholds start priority watch turn fallback on_air maintenance";
    let mut expected: Vec<String> = keys.split(' ').map(|key| format!("{key} of 1 stream")).collect();
    expected.push("1 stream, which this form can't hold or would call otherwise".to_owned());
    assert_eq!(told, expected, "{text}");
    let [plain, rich] = &back(&text, Form::Csv)[..] else { panic!("{text}") };
    assert_eq!((plain, &rich.inputs, &rich.name), (&before[0], &before[1].inputs, &before[1].name));

    let told = lost(&before, Form::M3u, &export(&before, Form::M3u)).unwrap();
    assert_eq!(told[0], "tags of 1 stream");
    assert!(told.contains(&"inputs of 1 stream".to_owned()), "only the first one: {told:?}");
    // An id that a list would make another one of.
    let odd = streams("[[stream]]\nid = 'A.b_C'\ninputs = ['http://h/x']\n");
    let text = export(&odd, Form::M3u);
    let is_same = back(&text, Form::M3u)[0].id == odd[0].id;
    assert_eq!(lost(&odd, Form::M3u, &text).unwrap().is_empty(), is_same, "{text}");
    // What separates inputs in a table can't stand in one.
    let bar = streams("[[stream]]\nid = 'a'\ninputs = ['http://h/a|b']\n");
    let told = lost(&bar, Form::Csv, &export(&bar, Form::Csv));
    assert!(told.map_or(true, |told| told == ["inputs of 1 stream"]));
}

#[test]
fn what_is_no_list_of_streams_is_told() {
    for (text, expected) in [
        ("{", "this is no JSON"),
        ("{}", "this is no list"),
        ("[1]", "entry 1 is no object"),
        ("[{\"id\": \"a\", \"inptus\": []}]", "did you mean \"inputs\"?"),
        ("[{\"id\": \"a\", \"inputs\": [\"http://h\"], \"priority\": 900}]", "between 0 and 100"),
    ] {
        let read = import(text.as_bytes(), Form::Json, Path::new("list.json"), &Environment::default());
        let mistakes = read.unwrap_err().to_string();
        assert!(mistakes.contains(expected) && mistakes.contains("list.json"), "{mistakes}");
    }
    let endings =
        ["a.toml", "a.JSON", "a.csv", "a.m3u8", "a.txt", "a"].map(|p| Form::by_ending(Path::new(p)));
    assert_eq!(endings, [Some(Form::Toml), Some(Form::Json), Some(Form::Csv), Some(Form::M3u), None, None]);
}
