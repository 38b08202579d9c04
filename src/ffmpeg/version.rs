//! Which FFmpeg it is, from the first line it prints.

use std::fmt;

/// A version of FFmpeg. Builds from git, which carry no number, count as newer than any release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    /// `5` in `5.1.9-0+deb12u1`.
    pub major: u32,
    /// `1` in `5.1.9-0+deb12u1`.
    pub minor: u32,
}

impl Version {
    /// A build from git.
    pub const GIT: Self = Self { major: u32::MAX, minor: u32::MAX };
    /// The oldest FFmpeg headend works with.
    pub const OLDEST: Self = Self { major: 5, minor: 0 };
    /// Release numbers stay below this for a while; dates (`2026-01-31-git-...`) do not.
    const MAX_MAJOR: u32 = 100;

    /// Reads what stands after `ffmpeg version`: `5.1.9-0+deb12u1`, `n9.0`, `N-12345-gabc`.
    #[must_use]
    pub fn parse(word: &str) -> Self {
        let word = word.strip_prefix('n').unwrap_or(word);
        let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
        let major_end = digits(word);
        let Some(major) = word[..major_end].parse().ok().filter(|m| *m < Self::MAX_MAJOR) else {
            return Self::GIT;
        };
        let after = &word[major_end..];
        // Commits begin with digits too: `3f2a9c1`.
        if after.starts_with(|c: char| c.is_ascii_alphanumeric()) {
            return Self::GIT;
        }
        let minor = after.strip_prefix('.').map_or(0, |rest| rest[..digits(rest)].parse().unwrap_or(0));
        Self { major, minor }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::GIT { f.write_str("git") } else { write!(f, "{}.{}", self.major, self.minor) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_and_git_builds_are_told_apart() {
        for (word, major, minor) in [
            ("5.1.9-0+deb12u1", 5, 1),
            ("n9.0", 9, 0),
            ("n9.0.2-17-g2a571b6068-20260930", 9, 0),
            ("4.4.2-0ubuntu0.22.04.1", 4, 4),
            ("7.1", 7, 1),
            ("8", 8, 0),
            ("6.1-static", 6, 1),
            ("5.x", 5, 0),
        ] {
            assert_eq!(Version::parse(word), Version { major, minor }, "{word}");
        }
        for word in ["N-12345-gabc", "git-2023-01-01-abc", "2026-01-31-git-37db0454e4", "3f2a9c1", "", "é"] {
            assert_eq!(Version::parse(word), Version::GIT, "{word}");
        }
    }

    #[test]
    fn git_is_newest() {
        assert!(Version::GIT > Version { major: 99, minor: 9 });
        assert!(Version { major: 4, minor: 9 } < Version::OLDEST);
    }
}
