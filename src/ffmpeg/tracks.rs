//! Which tracks there are, from FFmpeg's dump of its inputs.

use crate::model::Tracks;

/// Follows the dump; tells once, when the last input was listed.
#[derive(Debug, Default)]
pub struct TracksReader {
    found: Tracks,
    place: Place,
}

#[derive(Debug, Default, PartialEq, Eq)]
enum Place {
    #[default]
    Before,
    Inputs,
    After,
}

impl TracksReader {
    /// Looks at one message. The tracks, when it shows that all inputs were listed.
    pub fn line(&mut self, message: &str) -> Option<Tracks> {
        match self.place {
            Place::After => None,
            // 5.1 goes on with the outputs, 9.0 with the mapping.
            _ if message.starts_with("Output #") || message == "Stream mapping:" => self.finish(),
            Place::Before => {
                if message.starts_with("Input #") {
                    self.place = Place::Inputs;
                }
                None
            }
            Place::Inputs => {
                self.stream(message);
                None
            }
        }
    }

    /// No more lines come. The tracks, if an input was listed and they were not told yet: FFmpeg
    /// may give up between its inputs and its outputs.
    pub fn finish(&mut self) -> Option<Tracks> {
        let listed = self.place == Place::Inputs;
        self.place = Place::After;
        listed.then_some(self.found)
    }

    /// `  Stream #0:1[0x101](eng): Audio: aac (LC), 48000 Hz, ...`
    fn stream(&mut self, message: &str) {
        let Some(stream) = message.trim_start().strip_prefix("Stream #") else {
            return;
        };
        // Only the part before the codec: a codec's tag may hold any text.
        let Some((_number, kind)) = stream.split_once(": ") else {
            return;
        };
        // A cover picture of a radio stream is no video: the maps leave it out as well.
        self.found.video |= kind.starts_with("Video: ") && !kind.ends_with("(attached pic)");
        self.found.audio |= kind.starts_with("Audio: ");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lines: &[&str]) -> Vec<Tracks> {
        let mut reader = TracksReader::default();
        let mut found: Vec<_> = lines.iter().filter_map(|line| reader.line(line)).collect();
        found.extend(reader.finish());
        found
    }

    const VIDEO: Tracks = Tracks { video: true, audio: false };
    const AUDIO: Tracks = Tracks { video: false, audio: true };

    #[test]
    fn outputs_do_not_count() {
        let lines = [
            "Input #0, hls, from 'x':",
            "  Stream #0:0[0x100](eng): Video: h264",
            "Output #0, null, to 'pipe:':",
            "  Stream #0:1: Audio: pcm_s16le",
            "Stream mapping:",
        ];
        assert_eq!(read(&lines), [VIDEO]);
        assert_eq!(read(&lines[2..]), [], "nothing is told about inputs that were not listed");
    }

    #[test]
    fn several_inputs_count_together() {
        let lines = [
            "Input #0, x:",
            "  Stream #0:0: Video: h264",
            "Input #1, y:",
            "  Stream #1:0: Audio: aac",
            "Stream mapping:",
        ];
        assert_eq!(read(&lines), [Tracks { video: true, audio: true }]);
    }

    #[test]
    fn a_cover_picture_and_a_title_are_no_video() {
        let lines = [
            "Input #0, mp3, from 'x':",
            "    title           : Stream #0:9: Video: fake",
            "  Stream #0:0: Audio: mp3",
            "  Stream #0:1: Video: mjpeg, 300x300 (attached pic)",
        ];
        assert_eq!(read(&lines), [AUDIO]);
    }

    #[test]
    fn an_input_without_tracks_is_told_too() {
        assert_eq!(read(&["Input #0, x:", "Stream mapping:"]), [Tracks::default()]);
    }
}
