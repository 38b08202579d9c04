//! A row as it differs from another one: a mask of bits, and the fields whose bit is set.

use super::{WireError, get, put};
use crate::model::{Row, StreamId, StreamIx};

macro_rules! fields {
    ($($bit:literal $($field:ident).+;)*) => {
        /// Every bit there is.
        const KNOWN: u32 = 0 $(| 1 << $bit)*;

        /// The fields in which `new` is another than `old`, a bit for each.
        #[must_use]
        pub fn differing(old: &Row, new: &Row) -> u32 {
            let mut mask = 0;
            $(if old.$($field).+ != new.$($field).+ { mask |= 1 << $bit; })*
            mask
        }

        /// Writes `mask` and the fields of `row` that it names.
        ///
        /// # Errors
        /// [`WireError::Unwritable`]; there is none.
        pub fn write(mask: u32, row: &Row, out: &mut Vec<u8>) -> Result<(), WireError> {
            put(out, &mask)?;
            $(if mask & (1 << $bit) != 0 { put(out, &row.$($field).+)?; })*
            Ok(())
        }

        /// Changes `row` as the front of `bytes` says, which are shorter then.
        ///
        /// # Errors
        /// [`WireError::Malformed`]; the row is then changed in part.
        pub fn read(row: &mut Row, bytes: &mut &[u8]) -> Result<(), WireError> {
            let mask: u32 = get(bytes)?;
            if mask & !KNOWN != 0 {
                return Err(WireError::Malformed("an unknown field of a row"));
            }
            $(if mask & (1 << $bit) != 0 { row.$($field).+ = get(bytes)?; })*
            Ok(())
        }
    };
}

// What changes often comes first: a mask of the first seven takes one byte.
fields! {
    0 figures.fps;
    1 figures.bitrate_kbps;
    2 figures.speed;
    3 usage;
    4 last_message;
    5 last_message_at;
    6 lines_dropped;
    7 phase;
    8 reason;
    9 since;
    10 next;
    11 conditions;
    12 pid;
    13 started;
    14 failures;
    15 restarts;
    16 last_error;
    17 last_seen;
    18 input;
    19 input_of;
    20 maintenance;
    21 care;
    22 wanted;
    23 id;
    24 name;
    25 group;
    26 mode;
    27 priority;
    28 watch;
    29 tags;
}

/// The row against which one is written that the other end does not have: nothing in it.
#[must_use]
pub fn blank(ix: StreamIx) -> Option<Row> {
    // Any id that is allowed.
    Some(Row::blank(ix, StreamId::new("_").ok()?))
}
