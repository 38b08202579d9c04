//! Small charts: the newest value at the right, one cell a sample.

use crate::console::glyphs::Glyphs;
use crate::console::text::share_of;

/// The top of a chart without a limit: so far above the largest of its values that a steady figure
/// is no full block. A chart of one line is a line then.
#[must_use]
pub fn top(newest_first: impl Iterator<Item = f32>, height: u16) -> f32 {
    let headroom = if height == 1 { 2.0 } else { 1.25 };
    largest(newest_first) * headroom
}

/// Draws `newest_first` as `height` lines of `width` cells, the top line first. The bottom is 0,
/// the top is `top`; unknown samples leave a gap. A value above 0 is never drawn as nothing.
#[must_use]
pub fn lines(
    newest_first: impl Iterator<Item = f32>,
    top: f32,
    width: usize,
    height: usize,
    glyphs: &Glyphs,
) -> Vec<String> {
    let steps = glyphs.levels.len() - 1;
    let mut columns: Vec<usize> = newest_first
        .take(width)
        .map(|value| match value {
            v if !v.is_finite() || v <= 0.0 || top <= 0.0 => 0,
            v => share_of(steps * height, f64::from(v / top)).max(1),
        })
        .collect();
    columns.resize(width, 0);
    columns.reverse();
    (0..height)
        .rev()
        .map(|row| columns.iter().map(|c| glyphs.levels[c.saturating_sub(row * steps).min(steps)]).collect())
        .collect()
}

fn largest(values: impl Iterator<Item = f32>) -> f32 {
    values.filter(|v| v.is_finite()).fold(0.0, f32::max)
}

/// A gauge of `width` cells: the filled part, and the rest.
#[must_use]
pub fn gauge(share: Option<f64>, width: usize, glyphs: &Glyphs) -> (String, String) {
    let filled = share_of(width, share.unwrap_or(0.0));
    (glyphs.bar.repeat(filled), glyphs.rest.repeat(width - filled))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::glyphs::{ASCII, UNICODE};

    #[test]
    fn the_newest_value_is_at_the_right() {
        let drawn = lines([8.0, 4.0, f32::NAN, 0.0, 0.01].into_iter(), 8.0, 6, 1, &UNICODE);
        assert_eq!(drawn, [" ▁  ▄█"]);
    }

    #[test]
    fn a_high_chart_is_filled_from_the_bottom() {
        let drawn = lines([16.0, 12.0, 2.0].into_iter(), 16.0, 3, 2, &UNICODE);
        assert_eq!(drawn, [" ▄█", "▁██"].map(|s| s.replacen("▁██", "▂██", 1)).to_vec());
        assert!(lines([9.0].into_iter(), 9.0, 2, 2, &ASCII).concat().is_ascii());
    }

    #[test]
    fn no_value_leaves_the_chart() {
        for value in [-1.0, 1e30, f32::INFINITY, f32::NAN] {
            for line in lines([value].into_iter(), 1.0, 4, 3, &UNICODE) {
                assert_eq!(line.chars().count(), 4);
            }
        }
        assert_eq!(lines([1.0].into_iter(), 0.0, 1, 1, &UNICODE), [" "]);
        let (filled, rest) = gauge(Some(7.0), 10, &UNICODE);
        assert_eq!((filled.chars().count(), rest.chars().count()), (10, 0));
    }
}
