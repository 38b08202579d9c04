//! Elementary streams as FFmpeg writes them, taken apart into pictures and sound frames.

use bytes::Bytes;

/// How the pictures are coded; decides where one ends and what the program map says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum VideoCodec {
    /// Byte stream with an access unit delimiter before every picture.
    H264,
    /// Sequence header before every key frame.
    Mpeg2,
}

/// One coded picture.
#[derive(Debug, Clone)]
pub(super) struct Picture {
    pub data: Bytes,
    /// Decodes without any other.
    pub key: bool,
}

impl VideoCodec {
    /// The `stream_type` of the program map.
    pub const fn stream_type(self) -> u8 {
        match self {
            Self::H264 => 0x1b,
            Self::Mpeg2 => 0x02,
        }
    }

    pub const fn word(self) -> &'static str {
        match self {
            Self::H264 => "h264",
            Self::Mpeg2 => "mpeg2video",
        }
    }

    /// Cuts a stream into its pictures; what comes before the first one is dropped.
    pub fn pictures(self, stream: &Bytes) -> Vec<Picture> {
        let mut begins: Vec<(usize, bool)> = Vec::new();
        // In MPEG-2 headers belong to the picture after them; this is true while in such headers.
        let mut in_head = false;
        for (at, code) in start_codes(stream) {
            match (self, code) {
                (Self::H264, code) => match code & 0x1f {
                    9 => begins.push((at, false)),
                    5 => mark_key(&mut begins),
                    _ => {}
                },
                (Self::Mpeg2, 0xb3) => {
                    begins.push((at, true));
                    in_head = true;
                }
                (Self::Mpeg2, 0xb8) if !in_head => {
                    begins.push((at, false));
                    in_head = true;
                }
                (Self::Mpeg2, 0x00) => {
                    if !in_head {
                        begins.push((at, false));
                    }
                    in_head = false;
                }
                _ => {}
            }
        }
        let ends = begins.iter().skip(1).map(|b| b.0).chain([stream.len()]);
        begins
            .iter()
            .zip(ends)
            .map(|(&(from, key), to)| Picture { data: stream.slice(from..to), key })
            .collect()
    }
}

fn mark_key(begins: &mut [(usize, bool)]) {
    if let Some(last) = begins.last_mut() {
        last.1 = true;
    }
}

/// The places of `00 00 01 xx` (with a zero byte before it, if there is one) and what `xx` is.
fn start_codes(stream: &[u8]) -> impl Iterator<Item = (usize, u8)> {
    stream.windows(4).enumerate().filter(|(_, w)| w[..3] == [0, 0, 1]).map(|(at, w)| {
        let at = if at > 0 && stream[at - 1] == 0 { at - 1 } else { at };
        (at, w[3])
    })
}

/// Cuts an ADTS stream into its frames; stops at the first byte that is no frame.
pub(super) fn sound_frames(stream: &Bytes) -> Vec<Bytes> {
    let mut frames = Vec::new();
    let mut at = 0;
    while let Some(head) = stream.get(at..at + 7) {
        let length = usize::from(head[3] & 3) << 11 | usize::from(head[4]) << 3 | usize::from(head[5] >> 5);
        let is_frame = head[0] == 0xff && head[1] & 0xf6 == 0xf0 && length >= 7;
        if !is_frame || at + length > stream.len() {
            break;
        }
        frames.push(stream.slice(at..at + length));
        at += length;
    }
    frames
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn h264_is_cut_at_its_delimiters() {
        let stream: &[u8] = &[
            7, 7, 0, 0, 0, 1, 9, 0xf0, 0, 0, 0, 1, 0x67, 1, 0, 0, 1, 0x65, 2, // key
            0, 0, 0, 1, 9, 0xf0, 0, 0, 1, 0x41, 3,
        ];
        let pictures = VideoCodec::H264.pictures(&Bytes::from_static(stream));
        let shape: Vec<_> = pictures.iter().map(|p| (p.data.len(), p.key)).collect();
        assert_eq!(shape, [(17, true), (11, false)]);
        assert_eq!(pictures[0].data[..5], [0, 0, 0, 1, 9]);
    }

    #[test]
    fn mpeg2_headers_go_with_the_picture_after_them() {
        let stream: &[u8] = &[
            0, 0, 1, 0xb3, 1, 0, 0, 1, 0xb8, 2, 0, 0, 1, 0x00, 3, 0, 0, 1, 0x01, 4, // key
            0, 0, 1, 0x00, 5, 0, 0, 1, 0x01, 6, //
            0, 0, 1, 0xb3, 1, 0, 0, 1, 0x00, 3,
        ];
        let shape: Vec<_> = VideoCodec::Mpeg2
            .pictures(&Bytes::from_static(stream))
            .iter()
            .map(|p| (p.data.len(), p.key))
            .collect();
        assert_eq!(shape, [(20, true), (10, false), (10, true)]);
    }

    #[test]
    fn sound_is_cut_by_the_length_in_its_head() {
        let frame = [0xff, 0xf1, 0x4c, 0x40, 0x01, 0x1f, 0xfc, 0xaa];
        let stream = Bytes::from([frame, frame].concat());
        assert_eq!(sound_frames(&stream).iter().map(Bytes::len).collect::<Vec<_>>(), [8, 8]);
        // A frame cut short, then garbage: neither counts.
        assert_eq!(sound_frames(&stream.slice(..15)).len(), 1);
        assert!(sound_frames(&Bytes::from_static(b"<html>nothing</html>")).is_empty());
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(bytes: Vec<u8>) {
            let bytes = Bytes::from(bytes);
            for codec in [VideoCodec::H264, VideoCodec::Mpeg2] {
                let total: usize = codec.pictures(&bytes).iter().map(|p| p.data.len()).sum();
                prop_assert!(total <= bytes.len());
            }
            sound_frames(&bytes);
        }
    }
}
