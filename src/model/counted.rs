//! Numbers of things, in words.

/// `1 stream`, `2 streams`.
#[must_use]
pub fn counted(number: usize, thing: &str) -> String {
    if number == 1 { format!("1 {thing}") } else { format!("{number} {thing}s") }
}

/// `1 stream waits`, `2 streams wait`.
#[must_use]
pub fn counted_do(number: usize, thing: &str, what: &str) -> String {
    let s = if number == 1 { "s" } else { "" };
    format!("{} {what}{s}", counted(number, thing))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_one_and_none_are_several() {
        assert_eq!([0, 1, 2].map(|n| counted(n, "stream")), ["0 streams", "1 stream", "2 streams"]);
        assert_eq!([1, 2].map(|n| counted_do(n, "stream", "wait")), ["1 stream waits", "2 streams wait"]);
    }
}
