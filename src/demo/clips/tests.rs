use std::os::unix::fs::PermissionsExt;

use super::*;

fn ffmpeg() -> PathBuf {
    std::env::var_os("HEADEND_FFMPEG").map_or_else(|| "ffmpeg".into(), PathBuf::from)
}

/// A stand-in that counts nothing, does nothing: FFmpeg must not be needed.
fn nothing() -> PathBuf {
    "no-such-ffmpeg-anywhere".into()
}

#[test]
fn made_once_then_read_and_remade_when_damaged() {
    let cache = tempfile::tempdir().unwrap();
    let mut told = Vec::new();
    prepare(&ffmpeg(), cache.path(), &mut |text| told.push(text.to_owned())).unwrap();
    assert_eq!(told.len(), CLIPS.len(), "{told:?}");
    prepare(&nothing(), cache.path(), &mut |text| panic!("{text}")).unwrap();

    let clip = cache.path().join("clips-1").join(Clip::MovingHigh.file());
    let half = fs::read(&clip).unwrap();
    fs::write(&clip, &half[..half.len() / 2]).unwrap();
    let error = prepare(&nothing(), cache.path(), &mut |_| ()).unwrap_err();
    assert!(error.to_string().contains("HEADEND_FFMPEG"), "{error}");
    prepare(&ffmpeg(), cache.path(), &mut |_| ()).unwrap();
    prepare(&nothing(), cache.path(), &mut |text| panic!("{text}")).unwrap();
    let left: Vec<_> = fs::read_dir(cache.path()).unwrap().flatten().map(|e| e.file_name()).collect();
    assert_eq!(left, ["clips-1"]);
}

#[test]
fn two_programs_at_once_both_get_their_clips() {
    let cache = tempfile::tempdir().unwrap();
    std::thread::scope(|scope| {
        let both = [(); 2].map(|()| scope.spawn(|| prepare(&ffmpeg(), cache.path(), &mut |_| ())));
        for one in both {
            one.join().unwrap().unwrap();
        }
    });
    assert_eq!(fs::read_dir(cache.path()).unwrap().count(), 1);
}

#[test]
fn an_ffmpeg_without_encoders_and_one_that_fails_are_named() {
    let dir = tempfile::tempdir().unwrap();
    let stand_in = |name: &str, script: &str| {
        let path = dir.path().join(name);
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        prepare(&path, &dir.path().join("cache"), &mut |_| ()).unwrap_err().to_string()
    };
    assert!(stand_in("old", "echo ' A....D aac x'").contains("libx264 or mpeg2video"));
    let failing =
        "case $* in *-encoders) echo ' A. aac x'; echo ' V. libx264 x';; *) echo boom >&2; exit 3;; esac";
    let said = stand_in("failing", failing);
    assert!(said.contains("boom") && said.contains("moving picture"), "{said}");
    assert_eq!(fs::read_dir(dir.path().join("cache")).unwrap().count(), 0, "nothing is left behind");
}

#[test]
fn a_folder_that_cannot_be_written_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    fs::write(&file, "in the way").unwrap();
    let error = prepare(&ffmpeg(), &file.join("cache"), &mut |_| ()).unwrap_err();
    assert!(matches!(error, DemoError::Cache { .. }), "{error}");
}

#[test]
fn old_leftovers_go_and_fresh_ones_stay() {
    let cache = tempfile::tempdir().unwrap();
    let [old, fresh, other] =
        ["clips-1.new-7-a", "clips-1.new-8-b", "mine"].map(|name| cache.path().join(name));
    let long_ago = SystemTime::now() - 2 * LEFTOVER;
    for dir in [&old, &fresh, &other] {
        fs::create_dir(dir).unwrap();
    }
    for dir in [&old, &other] {
        fs::File::open(dir).unwrap().set_modified(long_ago).unwrap();
    }
    remove_leftovers(cache.path());
    assert!(!old.exists() && fresh.exists() && other.exists());
}
