//! Frames: cutting a stream of bytes into bodies, and back.

use super::{COMPRESSED_ABOVE, WireError};

/// What stands before a body.
const HEADER: usize = 5;
/// Set in the kind of a frame whose body is compressed.
const COMPRESSED: u8 = 0x80;
/// A reader's buffer that has grown beyond this is given back after the frame it grew for.
const KEPT: usize = 64 << 10;

/// What a frame is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The first one each way.
    Hello,
    /// A message.
    Message,
    /// A board or a delta, or a part of one.
    Update,
    /// The supervisor lives, and has nothing new.
    Beat,
    /// The last one of a server: why it ends the connection.
    Bye,
}

impl Kind {
    const ALL: [Self; 5] = [Self::Hello, Self::Message, Self::Update, Self::Beat, Self::Bye];

    fn of(byte: u8) -> Result<Self, WireError> {
        Self::ALL.into_iter().find(|kind| *kind as u8 == byte).ok_or(WireError::Kind(byte))
    }
}

/// One that has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// What it is.
    pub kind: Kind,
    /// Its body, no longer compressed.
    pub body: Vec<u8>,
}

/// Writes a frame behind what is in `out`; a long body is compressed where that makes it shorter.
///
/// # Errors
/// [`WireError::Length`] when the body is longer than `most`: the other end would not take it.
pub fn write(kind: Kind, body: &[u8], most: usize, out: &mut Vec<u8>) -> Result<(), WireError> {
    if (COMPRESSED_ABOVE..=most).contains(&body.len()) {
        let small = lz4_flex::block::compress_prepend_size(body);
        if small.len() < body.len() {
            return write_as(kind as u8 | COMPRESSED, &small, most, out);
        }
    }
    write_plain(kind, body, most, out)
}

/// Writes a frame as it is, for who takes no other.
///
/// # Errors
/// As [`write`].
pub fn write_plain(kind: Kind, body: &[u8], most: usize, out: &mut Vec<u8>) -> Result<(), WireError> {
    write_as(kind as u8, body, most, out)
}

fn write_as(kind: u8, body: &[u8], most: usize, out: &mut Vec<u8>) -> Result<(), WireError> {
    if body.len() > most {
        return Err(WireError::Length(body.len()));
    }
    let length = u32::try_from(body.len() + 1).map_err(|_| WireError::Length(body.len()))?;
    out.extend_from_slice(&length.to_le_bytes());
    out.push(kind);
    out.extend_from_slice(body);
    Ok(())
}

/// Cuts bytes into frames. What it holds is what has come, never what a length promises.
#[derive(Debug)]
pub struct Reader {
    bytes: Vec<u8>,
    /// Bytes at the beginning that were given out as frames.
    done: usize,
    most: usize,
    compressed: bool,
}

impl Reader {
    /// For frames of `most` bytes at most; `compressed`: whether they may be.
    #[must_use]
    pub const fn new(most: usize, compressed: bool) -> Self {
        Self { bytes: Vec::new(), done: 0, most, compressed }
    }

    /// From now on frames may be so long: who has said hello is known.
    pub const fn allow(&mut self, most: usize) {
        self.most = most;
    }

    /// More has come.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.done > 0 {
            self.bytes.drain(..self.done);
            self.done = 0;
            if self.bytes.capacity() > KEPT && self.bytes.len() < KEPT {
                self.bytes.shrink_to(KEPT);
            }
        }
        self.bytes.extend_from_slice(bytes);
    }

    /// The next frame, if all of it is there.
    ///
    /// # Errors
    /// When what has come is no frame: nothing after it can be read either.
    pub fn next_frame(&mut self) -> Result<Option<Frame>, WireError> {
        let waiting = &self.bytes[self.done..];
        let Some((header, rest)) = waiting.split_first_chunk::<HEADER>() else {
            // A length that is not allowed is told as soon as it is known.
            return self.length(waiting).map(|_| None);
        };
        let length = self.length(header)?.unwrap_or(0);
        let Some(body) = rest.get(..length - 1) else { return Ok(None) };
        let kind = Kind::of(header[4] & !COMPRESSED)?;
        let body = match header[4] & COMPRESSED {
            0 => body.to_vec(),
            _ if self.compressed => decompress(body, self.most)?,
            _ => return Err(WireError::Kind(header[4])),
        };
        self.done += HEADER - 1 + length;
        Ok(Some(Frame { kind, body }))
    }

    /// The length of the frame that begins with `header`, its kind included; `None` while it is not
    /// there.
    fn length(&self, header: &[u8]) -> Result<Option<usize>, WireError> {
        let Some(length) = header.first_chunk::<4>() else { return Ok(None) };
        let length = usize::try_from(u32::from_le_bytes(*length)).unwrap_or(usize::MAX);
        if length == 0 || length > self.most + 1 {
            return Err(WireError::Length(length));
        }
        Ok(Some(length))
    }
}

fn decompress(body: &[u8], most: usize) -> Result<Vec<u8>, WireError> {
    let damaged = WireError::Malformed("its compressed part");
    let (size, packed) = body.split_first_chunk::<4>().ok_or_else(|| damaged.clone())?;
    let size = usize::try_from(u32::from_le_bytes(*size)).unwrap_or(usize::MAX);
    if size > most {
        return Err(WireError::Length(size));
    }
    lz4_flex::block::decompress(packed, size).map_err(|_| damaged)
}
