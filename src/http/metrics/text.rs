//! The text forms that Prometheus reads: version 0.0.4 of its own, and `OpenMetrics` 1.0.0.

use std::fmt::Write as _;

use crate::http::negotiation::Format;

/// What a family's values are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// May rise and fall.
    Gauge,
    /// Only rises, until headend is started again; its samples end with `_total`.
    Counter,
    /// Always 1: what is told is in its labels. Its samples end with `_info`.
    Info,
}

/// Samples of one name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Family {
    /// Without the ending of its kind.
    pub name: &'static str,
    /// What its values are.
    pub kind: Kind,
    /// In a line; no character in it needs to be escaped.
    pub help: &'static str,
}

impl Family {
    /// The ending of its samples' names.
    pub const fn ending(&self) -> &'static str {
        match self.kind {
            Kind::Gauge => "",
            Kind::Counter => "_total",
            Kind::Info => "_info",
        }
    }
}

/// A sample's value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value {
    /// A count.
    Whole(u64),
    /// A figure, with no more digits than it has.
    Figure(f32),
}

impl From<u64> for Value {
    fn from(value: u64) -> Self {
        Self::Whole(value)
    }
}

impl From<u32> for Value {
    fn from(value: u32) -> Self {
        Self::Whole(value.into())
    }
}

impl From<usize> for Value {
    fn from(value: usize) -> Self {
        Self::Whole(value as u64)
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Whole(value.into())
    }
}

impl From<f32> for Value {
    fn from(value: f32) -> Self {
        Self::Figure(value)
    }
}

/// The text as it is written.
pub struct Exposition {
    out: String,
    format: Format,
    family: Family,
}

impl Exposition {
    /// Nothing yet, with room for so many bytes.
    pub fn new(format: Format, bytes: usize) -> Self {
        let family = Family { name: "", kind: Kind::Gauge, help: "" };
        Self { out: String::with_capacity(bytes), format, family }
    }

    /// From now on samples are of this family.
    pub fn family(&mut self, family: Family) {
        self.family = family;
        let Family { name, kind, help } = family;
        // The older form knows neither info nor names without endings.
        let (ending, word) = match (self.format, kind) {
            (_, Kind::Gauge) => ("", "gauge"),
            (Format::Text, Kind::Counter) => ("_total", "counter"),
            (Format::Text, Kind::Info) => ("_info", "gauge"),
            (Format::OpenMetrics, Kind::Counter) => ("", "counter"),
            (Format::OpenMetrics, Kind::Info) => ("", "info"),
        };
        // Writing into a string can't fail.
        let _ = writeln!(self.out, "# HELP {name}{ending} {help}\n# TYPE {name}{ending} {word}");
    }

    /// One sample; `labels` are as [`labels`] writes them, or none. What is no number is left out.
    pub fn sample(&mut self, labels: &str, value: impl Into<Value>) {
        self.sample_with(labels, "", value);
    }

    /// The same with further labels behind those, which end with no comma.
    pub fn sample_with(&mut self, labels: &str, more: &str, value: impl Into<Value>) {
        let value = value.into();
        if matches!(value, Value::Figure(figure) if !figure.is_finite()) {
            return;
        }
        self.out.push_str(self.family.name);
        self.out.push_str(self.family.ending());
        if !labels.is_empty() || !more.is_empty() {
            self.out.push('{');
            self.out.push_str(labels);
            if !labels.is_empty() && !more.is_empty() {
                self.out.push(',');
            }
            self.out.push_str(more);
            self.out.push('}');
        }
        let _ = match value {
            Value::Whole(value) => writeln!(self.out, " {value}"),
            Value::Figure(value) => writeln!(self.out, " {value}"),
        };
    }

    /// A family of one sample without labels.
    pub fn alone(&mut self, family: Family, value: impl Into<Value>) {
        self.family(family);
        self.sample("", value);
    }

    /// All of it.
    pub fn finish(mut self) -> String {
        if self.format == Format::OpenMetrics {
            self.out.push_str("# EOF\n");
        }
        self.out
    }
}

/// Labels with their values, escaped: `stream="a",group="news"`.
pub fn labels(pairs: &[(&str, &str)]) -> String {
    let mut out = String::new();
    for (name, value) in pairs {
        if !out.is_empty() {
            out.push(',');
        }
        out.push_str(name);
        out.push_str("=\"");
        for c in value.chars() {
            match c {
                '\\' => out.push_str("\\\\"),
                '"' => out.push_str("\\\""),
                '\n' => out.push_str("\\n"),
                c => out.push(c),
            }
        }
        out.push('"');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const GAUGE: Family = Family { name: "headend_speed", kind: Kind::Gauge, help: "How fast." };
    const COUNTER: Family = Family { name: "headend_starts", kind: Kind::Counter, help: "How often." };
    const INFO: Family = Family { name: "headend_build", kind: Kind::Info, help: "Which." };

    fn written(format: Format) -> String {
        let mut out = Exposition::new(format, 0);
        out.family(GAUGE);
        out.sample(&labels(&[("stream", "a")]), 0.99_f32);
        out.sample_with("", "x=\"1\"", f32::NAN);
        out.sample_with("stream=\"b\"", "x=\"1\"", true);
        out.alone(COUNTER, 7_u32);
        out.family(INFO);
        out.sample(&labels(&[("version", "1")]), 1_u64);
        out.finish()
    }

    #[test]
    fn both_forms_are_as_their_descriptions_say() {
        let text = "\
# HELP headend_speed How fast.
# TYPE headend_speed gauge
headend_speed{stream=\"a\"} 0.99
headend_speed{stream=\"b\",x=\"1\"} 1
# HELP headend_starts_total How often.
# TYPE headend_starts_total counter
headend_starts_total 7
# HELP headend_build_info Which.
# TYPE headend_build_info gauge
headend_build_info{version=\"1\"} 1
";
        assert_eq!(written(Format::Text), text);
        let open = text
            .replace("# HELP headend_starts_total", "# HELP headend_starts")
            .replace("# TYPE headend_starts_total", "# TYPE headend_starts")
            .replace("# HELP headend_build_info", "# HELP headend_build")
            .replace("# TYPE headend_build_info gauge", "# TYPE headend_build info");
        assert_eq!(written(Format::OpenMetrics), format!("{open}# EOF\n"));
    }

    #[test]
    fn hostile_values_stay_in_their_quotes() {
        let hostile = "a\"} 1\nheadend_fake{x=\\\"";
        let text = labels(&[("group", hostile), ("name", "Über ␛ }")]);
        assert_eq!(text, r#"group="a\"} 1\nheadend_fake{x=\\\"",name="Über ␛ }""#);
        assert!(!text.contains('\n'));
    }
}
