//! Pressure: the share of time in which something waited for CPU, memory or disk.

use crate::model::Pressure;

/// The share over the last ten seconds, percent, from the text of a pressure file; `kind` is `some`
/// or `full`.
pub fn avg10(text: &str, kind: &str) -> Option<f32> {
    let line = text.lines().find_map(|line| line.strip_prefix(kind)?.strip_prefix(' '))?;
    let share: f32 = line.split(' ').find_map(|word| word.strip_prefix("avg10="))?.parse().ok()?;
    share.is_finite().then(|| share.clamp(0.0, 100.0))
}

/// Puts the three files together; `text_of` reads `cpu`, `memory` or `io`. `None` when the kernel
/// tells none of them; one that is missing is no pressure.
pub fn read(text_of: impl Fn(&str) -> Option<String>) -> Option<Pressure> {
    let (cpu, memory, io) = (text_of("cpu"), text_of("memory"), text_of("io"));
    let share = |text: &Option<String>, kind| text.as_deref().and_then(|text| avg10(text, kind));
    let some = [share(&cpu, "some"), share(&memory, "some"), share(&io, "some")];
    some.iter().any(Option::is_some).then(|| Pressure {
        cpu_some: some[0].unwrap_or(0.0),
        memory_some: some[1].unwrap_or(0.0),
        memory_full: share(&memory, "full").unwrap_or(0.0),
        io_some: some[2].unwrap_or(0.0),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const MEMORY: &str = "\
some avg10=12.50 avg60=4.51 avg300=3.73 total=34716139
full avg10=1.25 avg60=0.00 avg300=0.00 total=7370393
";

    fn near(share: Option<f32>, expected: f32) -> bool {
        share.is_some_and(|share| (share - expected).abs() < 0.001)
    }

    #[test]
    fn recorded_text_is_read() {
        assert!(near(avg10(MEMORY, "some"), 12.5));
        assert!(near(avg10(MEMORY, "full"), 1.25));
        let read = read(|what| (what == "memory").then(|| MEMORY.to_owned())).unwrap();
        assert!(near(Some(read.memory_some), 12.5) && near(Some(read.memory_full), 1.25));
        assert!(near(Some(read.cpu_some), 0.0) && near(Some(read.io_some), 0.0));
    }

    #[test]
    fn text_that_is_not_what_it_should_be_is_not_known() {
        for text in
            ["", "some", "some avg60=1", "some avg10=x", "some avg10=NaN", "someavg10=1", "full avg10=1"]
        {
            assert_eq!(avg10(text, "some"), None, "{text:?}");
        }
        assert!(near(avg10("some avg10=170.0", "some"), 100.0));
        assert_eq!(read(|_| None), None);
        assert_eq!(read(|_| Some(String::new())), None);
    }
}
