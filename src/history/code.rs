//! A figure in two bytes: six bits of exponent, ten of fraction, no sign. From 2^-15 to 2^49 (bytes of
//! the largest memory and a thousandth of a percent alike) it is exact to 1 part in 2048; below that
//! it is 0. Frames a second up to 2048 that are whole or half are exact.

/// What is not known.
pub const UNKNOWN: u16 = u16::MAX;
/// Bits of a 32-bit fraction that are rounded away.
const LOST: u32 = 23 - 10;
/// The code of 2^-15, before it is moved to 0.
const LEAST: u32 = (127 - 15) << 10;

/// The code of a figure. What is negative becomes 0: no figure is.
#[must_use]
pub fn encode(value: f32) -> u16 {
    if !value.is_finite() {
        return UNKNOWN;
    }
    // Rounded to the nearest; a fraction that overflows carries into the exponent, as it should.
    let bits = (value.max(0.0).to_bits() + (1 << (LOST - 1))) >> LOST;
    u16::try_from(bits.saturating_sub(LEAST)).unwrap_or(UNKNOWN).min(UNKNOWN - 1)
}

/// The figure of a code; not a number when it is not known.
#[must_use]
pub fn decode(code: u16) -> f32 {
    match code {
        UNKNOWN => f32::NAN,
        0 => 0.0,
        code => f32::from_bits((u32::from(code) + LEAST) << LOST),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_comes_back_as_exactly_as_promised() {
        let mut value = 1e-4_f32;
        while value < 5e14 {
            let back = decode(encode(value));
            assert!((back - value).abs() <= value / 2_048.0, "{value} came back as {back}");
            value *= 1.013_7;
        }
        for exact in [0.0, 0.5, 1.0, 25.0, 29.5, 50.0, 100.0, 1_920.0] {
            assert_eq!(decode(encode(exact)).to_bits(), exact.to_bits());
        }
    }

    #[test]
    fn nothing_leaves_the_range() {
        assert!(decode(encode(f32::NAN)).is_nan());
        assert!(decode(encode(f32::INFINITY)).is_nan());
        assert_eq!(encode(-3.0), 0);
        assert_eq!(encode(1e-9), 0);
        assert_eq!(encode(f32::MAX), UNKNOWN - 1);
        assert!(decode(encode(f32::MAX)) > 5e14);
    }

    #[test]
    fn larger_figures_have_larger_codes() {
        let mut before = 0;
        for n in 0..40_000_u16 {
            let code = encode(f32::from(n) * 0.37);
            assert!(code >= before);
            before = code;
        }
    }
}
