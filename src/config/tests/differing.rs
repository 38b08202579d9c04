//! What differs between two configurations.

use super::*;

fn config(text: &str) -> Config {
    good(text, &Memory::new()).config
}

#[test]
fn a_difference_is_told_line_by_line_with_what_restarts_and_no_secret() {
    let before = config(
        "[pool]\nslots = 5\n[[stream]]\nid = 'goes'\ninputs = ['http://h/1']\n\
         [[stream]]\nid = 'same'\ninputs = ['http://h/2']\n\
         [[stream]]\nid = 'moves'\ninputs = ['http://u:canary@h/3?token=canary']\n\
         [[stream]]\nid = 'named'\ninputs = ['http://h/4']\n\
         [[stream]]\nid = 'runs'\nmode = 'run'\nargs = ['-pass', 'canary', 'x']\n",
    );
    let after = config(
        "[logs]\nmax_files = 9\n[[stream]]\nid = 'same'\ninputs = ['http://h/2']\n\
         [[stream]]\nid = 'moves'\ninputs = ['http://u:canary2@h/5', 'http://h/6']\nmode = 'full'\n\
         [[stream]]\nid = 'named'\ninputs = ['http://h/4', 'http://h/spare']\nname = 'Named'\npriority = 3\n\
         [[stream]]\nid = 'runs'\nmode = 'run'\nargs = ['-pass', 'canary2', 'x']\n\
         [[stream]]\nid = 'new'\ninputs = ['http://h/7']\n",
    );
    let difference = difference(&before, &after);
    assert_eq!(
        difference.lines(),
        [
            "pool.slots 5 -> auto",
            "logs.max_files 5 -> 9; with headend's next start",
            "+ new",
            "- goes",
            "~ moves: inputs http://***@h/3?token=*** -> http://***@h/5 http://h/6, mode picture -> full; \
             its worker is replaced (inputs, mode)",
            "~ named: name \"named\" -> \"Named\", inputs http://h/4 -> http://h/4 http://h/spare, \
             priority 50 -> 3",
            "~ runs: args 3 arguments -> 3 arguments; its worker is replaced (args)",
        ]
    );
    assert_eq!(difference.summary(), "+1 -1 ~3 streams, 2 settings changed");
    assert!(!format!("{difference:?}").contains("canary"));
    let same = super::super::difference(&before, &before.clone());
    assert_eq!((same.is_empty(), same.summary().as_str(), same.unchanged), (true, "nothing differs", 5));
}

#[test]
fn of_a_table_what_differs_in_it_is_told() {
    let of = |more: &str| config(&format!("[[stream]]\nid = 'a'\ninputs = ['http://h/1']\n{more}"));
    let before = of("thresholds = { black = '5s', stall = '30s', slow_speed = 0.8 }\n");
    let after =
        of("thresholds = { black = '1500ms', stall = '30s', fps_min = 20 }\nfallback.on = ['black']\n");
    assert_eq!(
        difference(&before, &after).lines(),
        ["~ a: thresholds {black 5s, slow_speed 0.8, fps_min unset} -> \
          {black 1500ms, slow_speed 0.9, fps_min 20}, fallback {on []} -> {on [black]}"]
    );
}

#[test]
fn windows_the_console_and_views_are_told_with_their_values() {
    let stream = "[[stream]]\nid = 'a'\ninputs = ['http://h/1']\n";
    let before = config(&format!(
        "[console]\ntheme = 'nord'\nbell = true\n{stream}on_air = ['mon-fri 06:00-22:00']\n\
         [[view]]\nname = 'Gone'\n[[view]]\nname = 'News'\nkey = 1\nfilter = 'group:news'\n"
    ));
    let after = config(&format!(
        "\n\n[console]\ntheme = 'dark'\nbell = true\n{stream}on_air = ['06:00-23:00', 'cron 0 1 * * 1 for 2h']\n\
         [[view]]\nname = 'News'\nkey = 2\nfilter = 'group:news'\nfaults = true\n"
    ));
    let zone = before.streams[0]
        .on_air
        .as_ref()
        .unwrap()
        .zone_name()
        .map_or_else(String::new, |z| format!(" in {z}"));
    let told = difference(&before, &after);
    assert_eq!(
        told.lines(),
        [
            "console.theme nord -> dark".to_owned(),
            "view \"News\", key 1, filter \"group:news\" -> \"News\", key 2, filter \"group:news\", faults"
                .to_owned(),
            "view \"Gone\" -> none".to_owned(),
            format!(
                "~ a: on_air [\"mon,tue,wed,thu,fri 06:00-22:00\"]{zone} -> \
                 [\"06:00-23:00\", \"cron 0 1 * * 1 for 120m\"]{zone}"
            ),
        ]
    );
    assert_eq!(told.summary(), "~1 stream, 3 settings changed");
    // Where the theme is named does not matter.
    let moved = config(&format!("\n\n\n[console]\nbell = true\ntheme = 'nord'\n{stream}"));
    let here = config(&format!("[console]\ntheme = 'nord'\nbell = true\n{stream}"));
    assert!(difference(&here, &moved).is_empty());
}

#[test]
fn of_many_streams_the_rest_is_counted() {
    let many =
        (0..300).map(|n| format!("[[stream]]\nid = 's{n}'\ninputs = ['http://h/{n}']\n")).collect::<Vec<_>>();
    let many = many.concat();
    let lines = difference(&Config::default(), &config(&many)).lines();
    assert_eq!((lines.len(), lines.last().unwrap().as_str()), (MAX_LISTED + 1, "and 100 more streams"));
}

#[test]
fn every_setting_is_told() {
    let base = config("[[stream]]\nid = 'a'\ninputs = ['http://h/2']\n");
    for (text, name) in [
        ("[pool]\nslots = 2", "pool.slots"),
        ("[pool]\nstart_parallel = 2", "pool.start_parallel"),
        ("[restart]\njitter = 0.5", "restart.jitter"),
        ("[restart]\nbackoff_first = '1500ms'", "restart.backoff_first"),
        ("[origin]\nprobes = 2", "origin.probes"),
        ("[rollout]\nsteps = [1]", "rollout.steps"),
        ("[guard]\ndisk = [50, 60]", "guard.disk"),
        ("[stop]\nkill = '1s'", "stop.kill"),
        ("[reload]\nwatch = true", "reload.watch"),
        ("[ffmpeg]\nstats_period = '2s'", "ffmpeg.stats_period"),
        ("[logs]\ndir = 'x'", "logs.dir"),
        ("[state]\ndir = 'x'", "state.dir"),
        ("[alerts]\nkeep = 10", "alerts.keep"),
        ("[http]\nlisten = '127.0.0.1:1'", "http.listen"),
        ("[http]\ntoken = 'x'", "http.token"),
        ("[mail]\nserver = 'x'\nfrom = 'a@b.example'", "mail.port"),
        ("[[receiver]]\nname = 'x'\nprogram = ['/x']", "receiver"),
        ("[[rule]]\nname = 'x'", "rule"),
        ("[console]\nbell = true", "console.bell"),
        ("[[view]]\nname = 'x'", "view"),
    ] {
        let other = config(&format!("{text}\n[[stream]]\nid = 'a'\ninputs = ['http://h/2']\n"));
        let told: Vec<_> = difference(&base, &other).settings.iter().map(|setting| setting.name).collect();
        assert!(told.contains(&name), "{text}: {told:?}");
    }
}
