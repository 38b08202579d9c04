//! Which form of the metrics somebody wants.

/// A text form that Prometheus reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// Prometheus' own, version 0.0.4.
    Text,
    /// `OpenMetrics` 1.0.0.
    OpenMetrics,
}

impl Format {
    /// What the head of the answer says.
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Text => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }

    /// What is wanted more, by the `Accept` field; who says nothing about either gets the older one.
    pub fn wanted(accept: &str) -> Self {
        let (mut open, mut text) = (0, 0);
        for entry in accept.split(',') {
            let mut parts = entry.split(';').map(str::trim);
            let kind = parts.next().unwrap_or_default().to_ascii_lowercase();
            let parameters: Vec<&str> = parts.collect();
            let wish = wish(&parameters);
            match kind.as_str() {
                "application/openmetrics-text" if version_is(&parameters, "1.0.0") => open = open.max(wish),
                "text/plain" if version_is(&parameters, "0.0.4") => text = text.max(wish),
                "*/*" | "text/*" => text = text.max(wish),
                _ => {}
            }
        }
        if open > text { Self::OpenMetrics } else { Self::Text }
    }
}

fn parameter<'a>(parameters: &[&'a str], name: &str) -> Option<&'a str> {
    let named = |parameter: &&'a str| {
        let (found, value) = parameter.split_once('=')?;
        found.trim().eq_ignore_ascii_case(name).then(|| value.trim().trim_matches('"'))
    };
    parameters.iter().find_map(named)
}

/// Of this version, or of none in particular.
fn version_is(parameters: &[&str], version: &str) -> bool {
    parameter(parameters, "version").is_none_or(|found| found == version)
}

/// How much it is wanted, in thousandths.
fn wish(parameters: &[&str]) -> u32 {
    let Some(quality) = parameter(parameters, "q") else { return 1_000 };
    let quality: f32 = quality.parse().unwrap_or(0.0);
    let thousandths = (quality.clamp(0.0, 1.0) * 1_000.0).round();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is 0 to 1000")]
    let thousandths = thousandths as u32;
    thousandths
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_more_is_given() {
        use Format::{OpenMetrics, Text};
        // As Prometheus 2 and 3 ask, and curl.
        let newer = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,\
                     application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;q=0.4,\
                     text/plain;version=0.0.4;q=0.3,*/*;q=0.2";
        for (accept, format) in [
            ("", Text),
            ("*/*", Text),
            ("text/plain;version=0.0.4;q=0.5,*/*;q=0.1", Text),
            ("application/openmetrics-text; version=1.0.0; charset=utf-8", OpenMetrics),
            ("application/openmetrics-text", OpenMetrics),
            ("application/openmetrics-text; version=0.0.1", Text),
            ("application/openmetrics-text;q=0,text/plain", Text),
            ("application/openmetrics-text;q=0.4,text/plain;q=0.5", Text),
            ("APPLICATION/OPENMETRICS-TEXT; Q=\"0.9\", */*;q=0.1", OpenMetrics),
            ("application/json", Text),
            ("application/openmetrics-text;q=NaN", Text),
            (";;=,q=,;q", Text),
            (newer, OpenMetrics),
        ] {
            assert_eq!(Format::wanted(accept), format, "{accept}");
        }
    }
}
