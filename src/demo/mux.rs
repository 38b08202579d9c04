//! Two seconds of picture and sound as one MPEG transport stream segment.
//!
//! Whatever follows whatever, a reader must see one unbroken stream: time stamps come from the
//! segment's number alone, and every PID has a multiple of sixteen packets in every segment, so
//! that its continuity counter ends each segment where the next one begins: at zero. Channels can
//! so switch between clips, and readers join anywhere, without any state.

use bytes::Bytes;

use super::elementary::{Picture, VideoCodec};

/// Pictures in a segment: 25 a second, the first one a key frame.
pub const PICTURES: usize = 50;
/// Bytes of a transport stream packet.
const PACKET: usize = 188;
/// Ticks of the 90 kHz clock in a segment.
const SEGMENT_TICKS: u64 = super::SEGMENT_MS * 90;
/// Ticks of a picture.
const PICTURE_TICKS: u64 = SEGMENT_TICKS / PICTURES as u64;
/// Ticks of a sound frame: 1024 samples at 48 kHz.
const SOUND_TICKS: u64 = 1_920;
/// From a picture's arrival to its presentation.
const DELAY_TICKS: u64 = 63_000;
/// The time stamps' range: 33 bits.
const TICKS_MASK: u64 = (1 << 33) - 1;
/// Sound frames in one PES packet.
const SOUND_GROUP: usize = 4;
/// The period of the continuity counters.
const COUNTER_PERIOD: usize = 16;

const PAT_PID: u16 = 0;
const PMT_PID: u16 = 0x1000;
const VIDEO_PID: u16 = 0x100;
const AUDIO_PID: u16 = 0x101;

/// The number of the first sound frame that belongs to segment `sequence`. Sound frames don't fit
/// into segments evenly: 93 or 94 of them begin in each.
#[must_use]
pub const fn first_sound_frame(sequence: u64) -> u64 {
    sequence.saturating_mul(SEGMENT_TICKS).div_ceil(SOUND_TICKS)
}

/// Makes segment number `sequence` of `pictures` ([`PICTURES`] of them) and the sound frames from
/// [`first_sound_frame`] on up to the next segment's first. The first picture and the first four
/// sound frames must have 32 bytes or more, as any coder's have: they are what is spread thin.
pub(super) fn segment(codec: VideoCodec, pictures: &[Picture], sound: &[Bytes], sequence: u64) -> Bytes {
    let start = sequence.wrapping_mul(SEGMENT_TICKS);
    let first = first_sound_frame(sequence);
    let video: Vec<Pes> = (0..).zip(pictures).map(|(n, p)| picture_pes(p, start, n)).collect();
    let audio: Vec<Pes> =
        (0..).zip(sound.chunks(SOUND_GROUP)).map(|(n, group)| sound_pes(group, first, n)).collect();

    let mut out = Writer::new(&video, &audio);
    let mut audio = audio.iter().peekable();
    for (n, pes) in video.iter().enumerate() {
        // Sixteen times in a segment, evenly.
        if n == 0 || n * COUNTER_PERIOD / PICTURES != (n - 1) * COUNTER_PERIOD / PICTURES {
            out.section(PAT_PID, &pat());
            out.section(PMT_PID, &pmt(codec));
        }
        out.pes(VIDEO_PID, pes);
        let arrived = start.wrapping_add((n as u64 + 1) * PICTURE_TICKS);
        while let Some(pes) = audio.next_if(|a| n + 1 == video.len() || a.begins < arrived) {
            out.pes(AUDIO_PID, pes);
        }
    }
    out.bytes.into()
}

/// A PES packet about to be cut into transport packets.
struct Pes {
    bytes: Vec<u8>,
    /// When its first frame begins, in ticks since segment 0, not wrapped.
    begins: u64,
    clock: Option<u64>,
    key: bool,
}

fn picture_pes(picture: &Picture, start: u64, n: u64) -> Pes {
    let begins = start.wrapping_add(n * PICTURE_TICKS);
    // Video may leave its length open.
    let bytes = pes_bytes(0xe0, 0, begins, std::iter::once(&picture.data));
    Pes { bytes, begins, clock: Some(begins & TICKS_MASK), key: picture.key }
}

fn sound_pes(group: &[Bytes], first: u64, n: u64) -> Pes {
    let begins = first.wrapping_add(n * SOUND_GROUP as u64).wrapping_mul(SOUND_TICKS);
    // 8: what follows the length field and is no sound.
    let length = 8 + group.iter().map(Bytes::len).sum::<usize>();
    let bytes = pes_bytes(0xc0, u16::try_from(length).unwrap_or(0), begins, group.iter());
    Pes { bytes, begins, clock: None, key: false }
}

fn pes_bytes<'a>(id: u8, length: u16, begins: u64, data: impl Iterator<Item = &'a Bytes>) -> Vec<u8> {
    let [high, low] = length.to_be_bytes();
    // Aligned data; a presentation time and nothing else.
    let mut bytes = vec![0, 0, 1, id, high, low, 0x84, 0x80, 5];
    bytes.extend(time_stamp(begins.wrapping_add(DELAY_TICKS)));
    data.for_each(|d| bytes.extend_from_slice(d));
    bytes
}

/// A presentation time on its own (prefix `0010`), cut to 33 bits: 3, 15 and 15 of them, each part
/// closed by a one.
const fn time_stamp(ticks: u64) -> [u8; 5] {
    let ticks = ticks & TICKS_MASK;
    let packed = (0x2 << 36)
        | ((ticks >> 30) << 33)
        | (1 << 32)
        | (((ticks >> 15) & 0x7fff) << 17)
        | (1 << 16)
        | ((ticks & 0x7fff) << 1)
        | 1;
    let [_, _, _, bytes @ ..] = u64::to_be_bytes(packed);
    bytes
}

/// Program 1, described at [`PMT_PID`].
fn pat() -> Vec<u8> {
    let [high, low] = PMT_PID.to_be_bytes();
    table(0x00, &[0, 1, 0xe0 | high, low])
}

fn pmt(codec: VideoCodec) -> Vec<u8> {
    let [vh, vl] = VIDEO_PID.to_be_bytes();
    let [ah, al] = AUDIO_PID.to_be_bytes();
    table(
        0x02,
        &[0xe0 | vh, vl, 0xf0, 0, codec.stream_type(), 0xe0 | vh, vl, 0xf0, 0, 0x0f, 0xe0 | ah, al, 0xf0, 0],
    )
}

/// A whole section: its head, `body`, its checksum.
fn table(id: u8, body: &[u8]) -> Vec<u8> {
    // 9: what the length counts beside the body. The tables here are far below a byte's 255.
    let length = u8::try_from(body.len() + 9).unwrap_or(u8::MAX);
    let mut bytes = vec![id, 0xb0, length, 0, 1, 0xc1, 0, 0];
    bytes.extend_from_slice(body);
    let sum = crc32(&bytes);
    bytes.extend(sum.to_be_bytes());
    bytes
}

/// The checksum of MPEG sections: polynomial `04c11db7`, not reflected.
fn crc32(bytes: &[u8]) -> u32 {
    bytes.iter().fold(u32::MAX, |crc, &byte| {
        (0..8).fold(crc ^ (u32::from(byte) << 24), |crc, _| {
            (crc << 1) ^ (if crc & 0x8000_0000 == 0 { 0 } else { 0x04c1_1db7 })
        })
    })
}

/// The packets of one segment.
struct Writer {
    bytes: Vec<u8>,
    /// By PID in the order of [`Writer::slot`].
    counters: [u8; 4],
    /// Packets still to be added for video and audio, so that each has a multiple of sixteen.
    missing: [usize; 2],
}

impl Writer {
    fn new(video: &[Pes], audio: &[Pes]) -> Self {
        let count = |list: &[Pes]| list.iter().map(Pes::packets).sum::<usize>();
        let missing = |n: usize| n.next_multiple_of(COUNTER_PERIOD) - n;
        let counts = [count(video), count(audio)];
        let tables = 2 * COUNTER_PERIOD;
        let packets = tables + counts.iter().map(|n| n + missing(*n)).sum::<usize>();
        Self { bytes: Vec::with_capacity(packets * PACKET), counters: [0; 4], missing: counts.map(missing) }
    }

    const fn slot(pid: u16) -> usize {
        match pid {
            VIDEO_PID => 0,
            AUDIO_PID => 1,
            PAT_PID => 2,
            _ => 3,
        }
    }

    fn head(&mut self, pid: u16, begins_unit: bool, adaptation: bool) {
        let [high, low] = pid.to_be_bytes();
        let counter = &mut self.counters[Self::slot(pid)];
        let flags = 0x10 | (u8::from(adaptation) << 5) | *counter;
        *counter = (*counter + 1) % 16;
        self.bytes.extend([0x47, (u8::from(begins_unit) << 6) | high, low, flags]);
    }

    fn section(&mut self, pid: u16, section: &[u8]) {
        let end = self.bytes.len() + PACKET;
        self.head(pid, true, false);
        self.bytes.push(0);
        self.bytes.extend_from_slice(section);
        self.bytes.resize(end, 0xff);
    }

    /// Cuts a PES packet; the first one of its PID is cut into more packets than it needs.
    fn pes(&mut self, pid: u16, pes: &Pes) {
        let missing = std::mem::take(&mut self.missing[Self::slot(pid)]);
        let mut left = (pes.packets() + missing).min(pes.bytes.len());
        let mut rest = pes.bytes.as_slice();
        let mut first = true;
        while left > 0 {
            left -= 1;
            let fixed = if first { pes.fixed() } else { Vec::new() };
            // Every packet after this one needs at least a byte.
            let take = (PACKET - 4 - fixed.len()).min(rest.len() - left);
            let (now, later) = rest.split_at(take);
            self.packet(pid, first, fixed, now);
            rest = later;
            first = false;
        }
    }

    fn packet(&mut self, pid: u16, first: bool, mut field: Vec<u8>, payload: &[u8]) {
        let room = PACKET - 4 - payload.len();
        // A field of one byte is its length alone; a longer one has flags.
        if field.is_empty() && room > 0 {
            field.push(0);
        }
        if field.len() < room && field.len() == 1 {
            field.push(0);
        }
        field.resize(room, 0xff);
        if let Some(length) = field.first_mut() {
            *length = u8::try_from(room - 1).unwrap_or(u8::MAX);
        }
        self.head(pid, first, room > 0);
        self.bytes.extend_from_slice(&field);
        self.bytes.extend_from_slice(payload);
    }
}

impl Pes {
    /// The adaptation field its first packet must have: length, flags, clock.
    fn fixed(&self) -> Vec<u8> {
        let Some(clock) = self.clock else { return Vec::new() };
        let flags = 0x10 | (u8::from(self.key) << 6);
        // 33 bits of 90 kHz, six reserved ones, nine bits of 27 MHz that are all zero.
        let packed = (clock << 15) | (0x3f << 9);
        [&[7, flags], &packed.to_be_bytes()[2..]].concat()
    }

    /// Packets it needs.
    fn packets(&self) -> usize {
        (self.bytes.len() + self.fixed().len()).div_ceil(PACKET - 4)
    }
}

#[cfg(test)]
mod tests;
