//! Where a stream comes from.

/// The host (with its port, if it is named) of a URL; `None` for what is no URL with a host.
#[must_use]
pub fn host_of(url: &str) -> Option<&str> {
    let (scheme, rest) = url.split_once("://")?;
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
    if scheme.is_empty() || !scheme.chars().all(plain) {
        return None;
    }
    let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    // What is behind a `%` or a `|` is an option of some protocol, no part of a name.
    let host = host.split(['%', '|']).next().unwrap_or(host);
    (!host.is_empty()).then_some(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_of_a_url() {
        for (url, host) in [
            ("http://a.example/live", Some("a.example")),
            ("https://user:secret@a.example:8443/x?u=http://b/", Some("a.example:8443")),
            ("srt://[::1]:9000?mode=caller", Some("[::1]:9000")),
            ("udp://239.0.0.1:1234", Some("239.0.0.1:1234")),
            ("rtmp://h", Some("h")),
            ("file:/tmp/x", None),
            ("/dev/video0", None),
            ("http:///nothing", None),
            ("a b://x", None),
        ] {
            assert_eq!(host_of(url), host, "{url}");
        }
    }
}
