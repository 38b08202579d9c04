//! Reports of the mouse.

/// What the mouse did, and where: cells from the left upper corner, from zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mouse {
    /// What.
    pub did: MouseDid,
    /// From the left.
    pub x: u16,
    /// From the top.
    pub y: u16,
}

/// What the mouse did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MouseDid {
    /// The left button went down.
    Press,
    /// The mouse moved while it was down.
    Drag,
    /// A button went up.
    Release,
    /// The wheel went up.
    WheelUp,
    /// The wheel went down.
    WheelDown,
}

/// Bits of the first number of a report.
const MOVED: u16 = 32;
const WHEEL: u16 = 64;
/// Shift, alt and control: the terminal keeps shift for itself, and the others mean nothing here.
const HELD: u16 = 4 | 8 | 16;

impl Mouse {
    /// Reads the numbers of a report in the form of mode 1006; `up`: its last letter is small.
    pub fn report(numbers: &str, up: bool) -> Option<Self> {
        let mut numbers = numbers.split(';').map(|n| n.parse::<u16>().ok());
        let (Some(button), Some(x), Some(y), None) =
            (numbers.next()?, numbers.next()?, numbers.next()?, numbers.next())
        else {
            return None;
        };
        Self::of(button, x, y, up)
    }

    /// Reads the three bytes of a report in the old form.
    pub fn old_report(bytes: [u8; 3]) -> Option<Self> {
        let [button, x, y] = bytes.map(|byte| u16::from(byte).saturating_sub(32));
        // It does not say which button went up.
        Self::of(if button & 3 == 3 { 0 } else { button }, x, y, button & (3 | MOVED | WHEEL) == 3)
    }

    fn of(button: u16, x: u16, y: u16, up: bool) -> Option<Self> {
        let did = match button & !HELD {
            _ if up => MouseDid::Release,
            0 => MouseDid::Press,
            MOVED => MouseDid::Drag,
            WHEEL => MouseDid::WheelUp,
            65 => MouseDid::WheelDown,
            _ => return None,
        };
        Some(Self { did, x: x.checked_sub(1)?, y: y.checked_sub(1)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_are_read() {
        let at = |did, x, y| Some(Mouse { did, x, y });
        assert_eq!(Mouse::report("0;10;5", false), at(MouseDid::Press, 9, 4));
        assert_eq!(Mouse::report("0;10;5", true), at(MouseDid::Release, 9, 4));
        assert_eq!(Mouse::report("32;500;200", false), at(MouseDid::Drag, 499, 199));
        assert_eq!(Mouse::report("64;1;1", false), at(MouseDid::WheelUp, 0, 0));
        assert_eq!(Mouse::report("81;1;1", false), at(MouseDid::WheelDown, 0, 0), "with control held");
        for nothing in ["", "0", "0;1", "0;0;1", "2;1;1", "35;1;1", "0;1;1;1", "a;1;1", "0;99999;1"] {
            assert_eq!(Mouse::report(nothing, false), None, "{nothing}");
        }
        assert_eq!(Mouse::old_report([32, 33, 34]), at(MouseDid::Press, 0, 1));
        assert_eq!(Mouse::old_report([35, 33, 34]), at(MouseDid::Release, 0, 1));
        assert_eq!(Mouse::old_report([96, 33, 34]), at(MouseDid::WheelUp, 0, 1));
        assert_eq!(Mouse::old_report([0, 0, 0]), None);
    }
}
