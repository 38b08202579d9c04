//! What goes over the network: the counters of the interfaces, from reading to reading.

use std::collections::BTreeMap;
use std::fs;
use std::time::Instant;

use crate::model::Network;

/// The interface that leads nowhere.
const LOOPBACK: &str = "lo";

/// Bytes an interface has received and sent since it is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Counters {
    received: u64,
    sent: u64,
}

/// All interfaces but the loopback.
#[derive(Debug, Default)]
pub struct Interfaces {
    before: Option<(Instant, BTreeMap<String, Counters>)>,
}

impl Interfaces {
    /// What went over them since the reading before; `None` at the first, and where the kernel does
    /// not tell.
    pub fn read(&mut self, now: Instant) -> Option<Network> {
        let text = fs::read_to_string("/proc/net/dev").ok();
        self.take_in(now, text.as_deref().and_then(parse))
    }

    fn take_in(&mut self, now: Instant, counters: Option<BTreeMap<String, Counters>>) -> Option<Network> {
        let before = std::mem::take(&mut self.before);
        let counters = counters?;
        let rates = before.and_then(|(at, before)| {
            let span = now.saturating_duration_since(at).as_secs_f64();
            // An interface that came meanwhile counts from now on; one that was made anew begins at 0.
            let moved = |of: fn(&Counters) -> u64| -> u64 {
                let known = counters.iter().filter_map(|(name, now)| Some((of(now), of(before.get(name)?))));
                known.map(|(now, before)| now.saturating_sub(before)).fold(0, u64::saturating_add)
            };
            #[expect(
                clippy::cast_precision_loss,
                clippy::cast_possible_truncation,
                reason = "three digits are shown"
            )]
            let a_second = |bytes: u64| (bytes as f64 / span) as f32;
            (span > 0.0).then(|| Network {
                received: a_second(moved(|c| c.received)),
                sent: a_second(moved(|c| c.sent)),
            })
        });
        self.before = Some((now, counters));
        rates
    }
}

/// From the text of a `/proc/net/dev`: two lines of titles, then one an interface.
fn parse(text: &str) -> Option<BTreeMap<String, Counters>> {
    let lines = text.lines().filter_map(|line| line.split_once(':'));
    let counters = |(name, rest): (&str, &str)| {
        let mut words = rest.split_ascii_whitespace();
        let received = words.next()?.parse().ok()?;
        let sent = words.nth(7)?.parse().ok()?;
        Some((name.trim().to_owned(), Counters { received, sent }))
    };
    let all: BTreeMap<_, _> = lines.map(counters).collect::<Option<_>>()?;
    let loopback = |name: &str| name == LOOPBACK;
    (!all.is_empty()).then(|| all.into_iter().filter(|(name, _)| !loopback(name)).collect())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn text(lines: &[(&str, u64, u64)]) -> String {
        let titles = "Inter-|   Receive                                                |  Transmit\n \
                      face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets\n";
        let line = |(name, received, sent): &(&str, u64, u64)| {
            format!("{name:>6}: {received} 5 0 0 0 0 0 0 {sent} 3 0 0 0 0 0 0\n")
        };
        lines.iter().map(line).fold(titles.to_owned(), |all, one| all + &one)
    }

    #[test]
    fn rates_are_those_of_all_interfaces_but_the_loopback() {
        let mut interfaces = Interfaces::default();
        let now = Instant::now();
        let first = text(&[("lo", 10, 10), ("eth0", 1_000, 500), ("wg0", 50, 5)]);
        assert_eq!(interfaces.take_in(now, parse(&first)), None, "nothing to compare with");
        let second = text(&[("lo", 9_000_000, 9_000_000), ("eth0", 5_000, 1_500), ("wg0", 150, 5)]);
        let later = now + Duration::from_secs(2);
        let expected = Network { received: 2_050.0, sent: 500.0 };
        assert_eq!(interfaces.take_in(later, parse(&second)), Some(expected));
        assert_eq!(interfaces.take_in(later, parse(&second)), None, "no time has passed");
    }

    #[test]
    fn interfaces_that_come_go_and_begin_anew_make_no_flood() {
        let mut interfaces = Interfaces::default();
        let mut now = Instant::now();
        let mut rates = |lines: &[(&str, u64, u64)]| {
            now += Duration::from_secs(1);
            interfaces.take_in(now, parse(&text(lines)))
        };
        rates(&[("eth0", 1_000, 1_000)]);
        let expected = Some(Network { received: 10.0, sent: 0.0 });
        assert_eq!(rates(&[("eth0", 1_010, 1_000), ("eth1", u64::MAX, u64::MAX)]), expected, "new");
        assert_eq!(rates(&[("eth0", 3, 4), ("eth1", u64::MAX, u64::MAX)]), Some(Network::default()), "anew");
        assert_eq!(rates(&[("eth0", 3, 4)]), Some(Network::default()), "gone");
        assert_eq!(rates(&[("lo", 3, 4)]), Some(Network::default()), "none is left");
    }

    #[test]
    fn what_can_t_be_read_is_not_known() {
        for text in
            ["", "titles only\n", "eth0: 1 2 3\n", "eth0: x 1 1 1 1 1 1 1 1\n", "eth0: -1 1 1 1 1 1 1 1 1\n"]
        {
            assert_eq!(parse(text), None, "{text:?}");
        }
        let mut interfaces = Interfaces::default();
        let now = Instant::now();
        let known = || parse(&text(&[("eth0", 1, 1)]));
        interfaces.take_in(now, known());
        assert_eq!(interfaces.take_in(now + Duration::from_secs(2), None), None);
        assert_eq!(interfaces.take_in(now + Duration::from_secs(4), known()), None, "a gap is no rate");
        assert!(interfaces.take_in(now + Duration::from_secs(6), known()).is_some());
    }

    #[test]
    fn this_machine_tells_its_own() {
        let Ok(told) = fs::read_to_string("/proc/net/dev") else { return };
        assert_eq!(parse(&told).is_some(), told.contains("lo:"), "{told}");
    }
}
