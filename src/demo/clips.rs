//! The clips: made once by FFmpeg, kept in a cache folder, held in memory while the origin serves.

use std::collections::hash_map::RandomState;
use std::fs;
use std::hash::BuildHasher;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use bytes::Bytes;

use super::elementary::{Picture, VideoCodec, sound_frames};
use super::encode::{self, CLIPS, Clip, MOVING_SEGMENTS, SOUND_FRAMES};
use super::{DemoError, MAX_CLIP_BYTES, mux};

/// Goes up with every change of what the clips hold, so that a cache of before is not used.
const VERSION: u32 = 1;
/// What is left of a program that was killed while it made clips is removed after this.
const LEFTOVER: Duration = Duration::from_secs(600);
/// The file that is written last and lists the others.
const STAMP: &str = "stamp";

/// What a segment shows and sounds like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Look {
    /// A moving picture with a tone.
    Moving,
    /// The moving picture with digital silence.
    Silent,
    /// Black, with the tone.
    Black,
    /// A picture that stands still, with the tone.
    Still,
}

/// Which of the two renditions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rendition {
    /// 640x360.
    High,
    /// 320x180.
    Low,
}

/// All pictures and sounds, a few megabytes.
#[derive(Debug, Clone)]
pub struct Clips {
    codec: VideoCodec,
    /// By rendition.
    moving: [Vec<Picture>; 2],
    black: [Vec<Picture>; 2],
    still: [Vec<Picture>; 2],
    tone: Vec<Bytes>,
    silence: Vec<Bytes>,
}

impl Clips {
    /// The two seconds number `sequence` of an endless stream, as an MPEG transport stream. Looks
    /// and numbers may follow each other in any order; time stamps depend on the number alone.
    #[must_use]
    pub fn segment(&self, look: Look, rendition: Rendition, sequence: u64) -> Bytes {
        let side = rendition as usize;
        let pictures = match look {
            Look::Moving | Look::Silent => {
                let at = usize::try_from(sequence % MOVING_SEGMENTS as u64).unwrap_or(0) * mux::PICTURES;
                &self.moving[side][at..at + mux::PICTURES]
            }
            Look::Black => &self.black[side],
            Look::Still => &self.still[side],
        };
        let source = if look == Look::Silent { &self.silence } else { &self.tone };
        let sound: Vec<Bytes> = (mux::first_sound_frame(sequence)
            ..mux::first_sound_frame(sequence.saturating_add(1)))
            .map(|k| source[usize::try_from(k % SOUND_FRAMES as u64).unwrap_or(0)].clone())
            .collect();
        mux::segment(self.codec, pictures, &sound, sequence)
    }

    /// Which coding the pictures have, in FFmpeg's word.
    #[must_use]
    pub const fn codec(&self) -> &'static str {
        self.codec.word()
    }

    /// Checks that every clip has what a segment takes from it.
    fn assemble(codec: VideoCodec, dir: &Path) -> Result<Self, DemoError> {
        let video = |clip: Clip| {
            let path = dir.join(clip.file());
            let mut pictures = codec.pictures(&read(&path)?);
            let wanted = clip.frames();
            pictures.truncate(wanted);
            let whole = pictures.len() == wanted && pictures.iter().step_by(mux::PICTURES).all(|p| p.key);
            if whole {
                Ok(pictures)
            } else {
                let why = format!("{} pictures, or no key frame every two seconds", pictures.len());
                Err(DemoError::BadClip { path, why })
            }
        };
        let sound = |clip: Clip| {
            let path = dir.join(clip.file());
            // The first frame only primes the decoder.
            let frames: Vec<Bytes> =
                sound_frames(&read(&path)?).into_iter().skip(1).take(SOUND_FRAMES).collect();
            if frames.len() == SOUND_FRAMES {
                Ok(frames)
            } else {
                Err(DemoError::BadClip { path, why: format!("only {} sound frames", frames.len()) })
            }
        };
        Ok(Self {
            codec,
            moving: [video(Clip::MovingHigh)?, video(Clip::MovingLow)?],
            black: [video(Clip::BlackHigh)?, video(Clip::BlackLow)?],
            still: [video(Clip::StillHigh)?, video(Clip::StillLow)?],
            tone: sound(Clip::Tone)?,
            silence: sound(Clip::Silence)?,
        })
    }

    /// Clips no decoder would take, for tests of everything around them.
    #[cfg(test)]
    pub(super) fn synthetic() -> Self {
        let video = |segments: usize, size: usize| -> Vec<Picture> {
            (0..segments * mux::PICTURES)
                .map(|n| Picture { data: vec![7; size].into(), key: n % mux::PICTURES == 0 })
                .collect()
        };
        Self {
            codec: VideoCodec::H264,
            moving: [video(MOVING_SEGMENTS, 800), video(MOVING_SEGMENTS, 300)],
            black: [video(1, 20), video(1, 10)],
            still: [video(1, 50), video(1, 40)],
            tone: vec![Bytes::from_static(&[1; 170]); SOUND_FRAMES],
            silence: vec![Bytes::from_static(&[0; 12]); SOUND_FRAMES],
        }
    }
}

/// Reads the clips from `cache`, and has `ffmpeg` make them first where they are missing, of
/// another version or damaged: about three seconds of CPU and 4 MB. `progress` is told what is being made.
///
/// The folder is filled beside its place and renamed, so a program that dies half way leaves no
/// half cache, and two programs at once at worst make the clips twice.
///
/// # Errors
/// [`DemoError`] where FFmpeg can't be run or lacks an encoder, or the folder can't be written.
pub fn prepare(ffmpeg: &Path, cache: &Path, progress: &mut dyn FnMut(&str)) -> Result<Clips, DemoError> {
    let home = cache.join(format!("clips-{VERSION}"));
    if let Some(clips) = load(&home) {
        return Ok(clips);
    }
    fs::create_dir_all(cache).map_err(cache_error("create", cache))?;
    remove_leftovers(cache);
    let unique = RandomState::new().hash_one(SystemTime::now());
    let beside = |word: &str| cache.join(format!("clips-{VERSION}.{word}-{}-{unique:x}", std::process::id()));
    let fresh = beside("new");
    fs::create_dir(&fresh).map_err(cache_error("create", &fresh))?;
    let made = fill(ffmpeg, &fresh, progress)
        .and_then(|clips| move_in(&fresh, &home, &beside("old")).map(|()| clips));
    if made.is_err() {
        // What can't be removed now goes with the leftovers.
        let _ = fs::remove_dir_all(&fresh);
    }
    made
}

/// Makes all clips and the stamp in `dir`.
fn fill(ffmpeg: &Path, dir: &Path, progress: &mut dyn FnMut(&str)) -> Result<Clips, DemoError> {
    let codec = encode::codec(ffmpeg)?;
    let mut stamp = format!("{}\n", codec.word());
    for (n, clip) in CLIPS.into_iter().enumerate() {
        progress(&format!("making clip {} of {}: {}", n + 1, CLIPS.len(), clip.word()));
        let path = dir.join(clip.file());
        encode::make(ffmpeg, codec, clip, &path)?;
        let size = fs::metadata(&path).map_err(cache_error("read", &path))?.len();
        stamp.push_str(&format_line(clip, size));
    }
    let clips = Clips::assemble(codec, dir)?;
    let path = dir.join(STAMP);
    fs::write(&path, stamp).map_err(cache_error("write", &path))?;
    Ok(clips)
}

/// Puts `fresh` in the place of `home`. Where another program was faster, its clips stay.
fn move_in(fresh: &Path, home: &Path, old: &Path) -> Result<(), DemoError> {
    if fs::rename(fresh, home).is_ok() {
        return Ok(());
    }
    if load(home).is_some() {
        let _ = fs::remove_dir_all(fresh);
        return Ok(());
    }
    // Something that is no cache is in the way. Another program may be moving it aside too.
    let _ = fs::rename(home, old);
    let moved = fs::rename(fresh, home);
    let _ = fs::remove_dir_all(old);
    match moved {
        Err(_) if load(home).is_some() => {
            let _ = fs::remove_dir_all(fresh);
            Ok(())
        }
        moved => moved.map_err(cache_error("replace", home)),
    }
}

fn format_line(clip: Clip, size: u64) -> String {
    format!("{} {size}\n", clip.file())
}

/// The clips of a whole cache folder; `None` where anything about it is not as it should be.
fn load(home: &Path) -> Option<Clips> {
    let stamp = read(&home.join(STAMP)).ok()?;
    let stamp = std::str::from_utf8(&stamp).ok()?;
    let (word, listed) = stamp.split_once('\n')?;
    let codec = [VideoCodec::H264, VideoCodec::Mpeg2].into_iter().find(|c| c.word() == word)?;
    let mut found = String::new();
    for clip in CLIPS {
        found.push_str(&format_line(clip, fs::metadata(home.join(clip.file())).ok()?.len()));
    }
    if found != listed {
        return None;
    }
    Clips::assemble(codec, home).ok()
}

fn read(path: &Path) -> Result<Bytes, DemoError> {
    let mut bytes = Vec::new();
    fs::File::open(path)
        .and_then(|file| file.take(MAX_CLIP_BYTES).read_to_end(&mut bytes))
        .map_err(cache_error("read", path))?;
    Ok(bytes.into())
}

/// Removes what programs that were killed left behind. Failing at it harms nothing.
fn remove_leftovers(cache: &Path) {
    let Ok(entries) = fs::read_dir(cache) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let ours = name.starts_with("clips-") && (name.contains(".new-") || name.contains(".old-"));
        let age = entry.metadata().and_then(|m| m.modified()).ok().and_then(|t| t.elapsed().ok());
        if ours && age.is_some_and(|age| age > LEFTOVER) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

fn cache_error<'a>(action: &'static str, path: &'a Path) -> impl FnOnce(io::Error) -> DemoError + 'a {
    move |source| DemoError::Cache { action, path: PathBuf::from(path), source }
}

#[cfg(test)]
mod tests;
