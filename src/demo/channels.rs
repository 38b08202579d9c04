//! The demo's channels, and the configuration an operator would have written for them.

use std::sync::Arc;

use serde::Serialize;

use super::MAX_CHANNELS;
use super::names::{GROUPS, VARIANTS};
use crate::model::StreamId;

/// One channel of the origin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Channel {
    /// Its id, also its folder on the origin.
    pub id: StreamId,
    /// For people; in any script.
    pub name: Arc<str>,
    /// News, sport, ...
    pub group: Arc<str>,
    /// Free words to select by.
    pub tags: Vec<Arc<str>>,
}

/// The first `count` channels (at most [`MAX_CHANNELS`]), ordered by group; ids and names are
/// unique. The seed decides which variants of the names there are.
#[must_use]
pub fn channels(count: usize, seed: u64) -> Vec<Channel> {
    let mut rng = fastrand::Rng::with_seed(seed);
    let mut stems: Vec<(usize, &(&str, &str))> =
        GROUPS.iter().enumerate().flat_map(|(n, g)| g.stems.iter().map(move |s| (n, s))).collect();
    rng.shuffle(&mut stems);
    let mut variants: Vec<(&str, &str)> = VARIANTS.to_vec();
    rng.shuffle(&mut variants);

    let rounds = (0_usize..).flat_map(|round| stems.iter().map(move |stem| (round, stem)));
    let mut made: Vec<(usize, usize, Channel)> = rounds
        .take(count.min(MAX_CHANNELS))
        .filter_map(|(round, &(group, &(id, name)))| {
            let (id, name) = match round.checked_sub(1) {
                None => (id.to_owned(), name.to_owned()),
                Some(n) => match variants.get(n) {
                    Some((variant_id, variant)) => {
                        (format!("{id}-{variant_id}"), format!("{name} {variant}"))
                    }
                    // Above the numbers among the variants.
                    None => (format!("{id}-{}", round + 1), format!("{name} {}", round + 1)),
                },
            };
            let place = GROUPS[group].stems.iter().position(|s| id.starts_with(s.0)).unwrap_or(0);
            let tags = GROUPS[group].tags.iter().map(|t| Arc::from(*t)).collect();
            // Every id here follows the rule; a test makes all of them.
            let id = StreamId::new(&id).ok()?;
            Some((group, place, Channel { id, name: name.into(), group: GROUPS[group].name.into(), tags }))
        })
        .collect();
    made.sort_by_key(|(group, place, _)| (*group, *place));
    made.into_iter().map(|(_, _, channel)| channel).collect()
}

/// The host, of `hosts`, that has the channel number `channel`: neighbours have different ones.
pub(super) const fn host_of(channel: usize, hosts: usize) -> usize {
    channel % if hosts == 0 { 1 } else { hosts }
}

/// What a configuration for the demo's streams is to have beside the streams.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Wishes {
    /// So many streams, the last ones, take turns.
    pub rotate: usize,
    /// A fixed number of slots.
    pub slots: Option<u32>,
    /// Every fifth stream has a second input on another host, where there is another.
    pub second_inputs: bool,
}

/// One stream in so many has a second input.
const SECOND_INPUT_EVERY: usize = 5;

#[derive(Serialize)]
struct Document<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pool: Option<Pool>,
    stream: Vec<Entry<'a>>,
}

#[derive(Serialize)]
struct Pool {
    slots: u32,
}

#[derive(Serialize)]
struct Entry<'a> {
    id: &'a str,
    name: &'a str,
    group: &'a str,
    tags: Vec<&'a str>,
    inputs: Vec<String>,
    mode: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    watch: Option<&'static str>,
}

/// A `headend.toml` for these channels on an origin of one host at `base_url`
/// (`http://127.0.0.1:8080`), all in mode `picture`: the demo's streams go the same way as a user's.
#[must_use]
pub fn configuration(channels: &[Channel], base_url: &str) -> String {
    configuration_for(channels, &[base_url], Wishes::default())
}

/// The same for an origin of several hosts, each channel on its own, and with these wishes.
#[must_use]
pub fn configuration_for(channels: &[Channel], base_urls: &[impl AsRef<str>], wishes: Wishes) -> String {
    let url = |number: usize, ahead: usize| {
        let host = base_urls.get((host_of(number, base_urls.len()) + ahead) % base_urls.len().max(1))?;
        let base = host.as_ref().trim_end_matches('/');
        Some(format!("{base}/{}/index.m3u8", channels.get(number)?.id))
    };
    let has_second = |number| {
        wishes.second_inputs && base_urls.len() > 1 && number % SECOND_INPUT_EVERY == SECOND_INPUT_EVERY - 1
    };
    let watched = channels.len().saturating_sub(wishes.rotate);
    let stream = channels
        .iter()
        .enumerate()
        .map(|(number, c)| Entry {
            id: c.id.as_str(),
            name: &c.name,
            group: &c.group,
            tags: c.tags.iter().map(AsRef::as_ref).collect(),
            inputs: (0..=usize::from(has_second(number))).filter_map(|ahead| url(number, ahead)).collect(),
            mode: crate::model::Mode::Picture.word(),
            watch: (number >= watched).then_some("rotate"),
        })
        .collect();
    let document = Document { pool: wishes.slots.map(|slots| Pool { slots }), stream };
    // Text, numbers and lists of text always have a form in TOML.
    toml::to_string(&document).unwrap_or_default()
}

/// The same channels as an M3U list, each on its own host.
pub(super) fn playlist(channels: &[Channel], base_urls: &[String]) -> String {
    use std::fmt::Write;
    let mut text = String::from("#EXTM3U\n");
    for (number, channel) in channels.iter().enumerate() {
        let Channel { id, name, group, .. } = channel;
        let base_url = base_urls.get(host_of(number, base_urls.len())).map_or("", String::as_str);
        // Writing to a string can't fail. A quote would end the attribute, a line end the entry.
        let plain = |t: &str| t.replace('"', "'").replace(['\r', '\n'], " ");
        let _ = write!(
            text,
            "#EXTINF:-1 tvg-id=\"{id}\" group-title=\"{}\",{}\n{base_url}/{id}/index.m3u8\n",
            plain(group),
            plain(name)
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use unicode_width::UnicodeWidthStr;

    use super::*;

    #[test]
    fn ten_thousand_are_unique() {
        for seed in 0..3 {
            let all = channels(MAX_CHANNELS, seed);
            assert_eq!(all.len(), MAX_CHANNELS);
            assert_eq!(all.iter().map(|c| &c.id).collect::<HashSet<_>>().len(), MAX_CHANNELS);
            assert_eq!(all.iter().map(|c| &c.name).collect::<HashSet<_>>().len(), MAX_CHANNELS);
        }
        assert_eq!(channels(usize::MAX, 0).len(), MAX_CHANNELS);
    }

    #[test]
    fn two_hundred_are_of_all_groups_and_scripts() {
        let some = channels(200, 5);
        assert_eq!(some, channels(200, 5));
        assert_ne!(some, channels(200, 6));
        let groups: HashSet<&str> = some.iter().map(|c| c.group.as_ref()).collect();
        assert_eq!(groups.len(), GROUPS.len());
        assert!(some.is_sorted_by_key(|c| GROUPS.iter().position(|g| *g.name == *c.group)));
        let wide = |c: &&Channel| c.name.chars().count() < c.name.width();
        assert!(some.iter().filter(wide).count() >= 3);
        assert!(some.iter().filter(|c| !c.name.is_ascii()).count() >= 20);
        assert!(some.iter().all(|c| crate::model::clean(&c.name) == c.name.as_ref()));
    }

    #[test]
    fn the_configuration_is_toml_that_says_the_same() {
        let mut some = channels(30, 1);
        some[0].name = "a \"quoted\"\\ name\nof\ttwo lines 朝".into();
        let text = configuration(&some, "http://127.0.0.1:8080/");
        let read: toml::Table = text.parse().unwrap();
        let streams = read["stream"].as_array().unwrap();
        assert_eq!(streams.len(), some.len());
        for (stream, channel) in streams.iter().zip(&some) {
            assert_eq!(stream["id"].as_str(), Some(channel.id.as_str()));
            assert_eq!(stream["name"].as_str(), Some(channel.name.as_ref()));
            assert_eq!(stream["group"].as_str(), Some(channel.group.as_ref()));
            assert_eq!(stream["mode"].as_str(), Some("picture"));
            assert_eq!(
                stream["inputs"][0].as_str(),
                Some(format!("http://127.0.0.1:8080/{}/index.m3u8", channel.id).as_str())
            );
        }
    }

    #[test]
    fn each_channel_is_on_its_host_and_wishes_are_written_only_when_asked() {
        let some = channels(12, 1);
        let urls = ["http://127.0.0.1:1", "http://127.0.0.2:1", "http://127.0.0.3:2"];
        let read = |urls: &[&str], wishes| -> toml::Table {
            configuration_for(&some, urls, wishes).parse().unwrap()
        };
        let hosts_of = |table: &toml::Table, n: usize| -> Vec<String> {
            let inputs = table["stream"][n]["inputs"].as_array().unwrap();
            let url =
                |input: &toml::Value| input.as_str().unwrap().rsplitn(3, '/').last().unwrap().to_owned();
            inputs.iter().map(url).collect()
        };
        let plain = read(&urls, Wishes::default());
        assert!(plain.keys().eq(["stream"]), "{plain}");
        for n in 0..12 {
            assert_eq!(hosts_of(&plain, n), [urls[n % 3]]);
            assert!(plain["stream"][n].get("watch").is_none());
        }
        let all = read(&urls, Wishes { rotate: 2, slots: Some(7), second_inputs: true });
        assert_eq!(all["pool"]["slots"].as_integer(), Some(7));
        assert_eq!(hosts_of(&all, 4), [urls[1], urls[2]]);
        assert_eq!(hosts_of(&all, 5), [urls[2]]);
        let watch = |n: usize| all["stream"][n].get("watch").and_then(toml::Value::as_str);
        assert_eq!([9, 10, 11].map(watch), [None, Some("rotate"), Some("rotate")]);
        let alone = read(&urls[..1], Wishes { second_inputs: true, rotate: 99, ..Wishes::default() });
        assert_eq!(hosts_of(&alone, 4), [urls[0]]);
        assert_eq!(alone["stream"][0]["watch"].as_str(), Some("rotate"));
        assert!(configuration_for(&some, &[] as &[&str], Wishes::default()).contains("inputs = []"));
    }

    #[test]
    fn a_list_entry_stays_one_entry() {
        let mut some = channels(2, 1);
        some[0].name = "two\nlines".into();
        some[0].group = "a\"b".into();
        let text = playlist(&some, &["http://127.0.0.1:1".to_owned()]);
        assert_eq!(text.lines().count(), 5, "{text}");
        assert!(text.contains("group-title=\"a'b\",two lines\n"), "{text}");
    }
}
