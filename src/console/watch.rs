//! The thread that reads the operator's files again when they change.
//!
//! It watches the folders and not the files: editors write a new file and rename it over the old
//! one, and a file that is not there yet may come. Nothing polls: without a change nobody wakes.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ffi::OsString;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify, InotifyEvent, WatchDescriptor};

use super::theme::Depth;
use super::wishes::{Source, Told, Wishes, read};

/// After a change it is waited until nothing changes for so long: an editor needs several steps.
const QUIET: Duration = Duration::from_millis(100);
/// But not longer than this: someone may write all the time.
const PATIENCE: Duration = Duration::from_secs(1);

/// The watching thread. Ends when dropped.
#[derive(Debug)]
pub struct Watch {
    end: UnixStream,
    thread: Option<JoinHandle<()>>,
}

impl Watch {
    /// Watches the files of `source`, which said `told` before, and hands out what they say whenever
    /// that is something else.
    ///
    /// # Errors
    /// When the kernel gives no watch or no thread.
    pub fn start(
        source: Source,
        told: Told,
        depth: Depth,
        tell: impl Fn(Told) + Send + 'static,
    ) -> io::Result<Self> {
        let inotify = Inotify::init(InitFlags::IN_CLOEXEC | InitFlags::IN_NONBLOCK)?;
        let (end, ended) = UnixStream::pair()?;
        let known = told.wishes.clone().unwrap_or_default();
        let mut reader =
            Reader { source, known, depth, told, watched: Watched { inotify, folders: HashMap::new() } };
        let thread = std::thread::Builder::new().name("settings-watch".into()).spawn(move || {
            if let Err(error) = reader.run(&ended, &tell) {
                log::warn!("changes of the console's files are not seen any more: {error}");
            }
        })?;
        Ok(Self { end, thread: Some(thread) })
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let _ = self.end.write_all(b"x");
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

struct Reader {
    source: Source,
    known: Wishes,
    depth: Depth,
    told: Told,
    watched: Watched,
}

impl Reader {
    fn run(&mut self, ended: &UnixStream, tell: &impl Fn(Told)) -> io::Result<()> {
        loop {
            let watched = places(&self.files());
            self.watched.set(&watched);
            // Also the first time: something may have changed before it was watched.
            self.look(tell);
            // What it says now may name other files, which may have changed meanwhile too.
            if places(&self.files()) == watched && self.wait(ended)?.is_none() {
                return Ok(());
            }
        }
    }

    fn look(&mut self, tell: &impl Fn(Told)) {
        let told = read(&self.source, &self.known, self.depth);
        if let Some(wishes) = &told.wishes {
            self.known.clone_from(wishes);
        }
        if told != self.told {
            self.told = told.clone();
            tell(told);
        }
    }

    /// The files whose changes matter.
    fn files(&self) -> Vec<PathBuf> {
        let keys = self.known.keys.as_ref().map(|keys| keys.path.clone());
        let theme =
            self.known.theme.as_ref().filter(|wish| wish.is_file()).map(|wish| PathBuf::from(&wish.name));
        [self.source.config.clone(), keys, theme].into_iter().flatten().collect()
    }

    /// Waits for a change that matters, and until it is over. `None`: nobody wants to know any more.
    fn wait(&self, ended: &UnixStream) -> io::Result<Option<()>> {
        let mut since = None;
        loop {
            let patience = match since {
                None => PollTimeout::NONE,
                Some(since) if Instant::now().duration_since(since) >= PATIENCE => return Ok(Some(())),
                Some(_) => PollTimeout::try_from(QUIET).unwrap_or(PollTimeout::ZERO),
            };
            let mut fds =
                [self.watched.inotify.as_fd(), ended.as_fd()].map(|fd| PollFd::new(fd, PollFlags::POLLIN));
            match poll(&mut fds, patience) {
                Ok(0) => return Ok(Some(())),
                Ok(_) => {}
                Err(Errno::EINTR) => continue,
                Err(error) => return Err(error.into()),
            }
            if !fds[1].revents().unwrap_or(PollFlags::empty()).is_empty() {
                return Ok(None);
            }
            if self.watched.something_matters()? {
                since = since.or_else(|| Some(Instant::now()));
            }
        }
    }
}

/// Names that matter in a folder; `None`: all of them.
type Names = Option<BTreeSet<OsString>>;

/// Which folders are to be watched, and for which names.
fn places(files: &[PathBuf]) -> BTreeMap<PathBuf, Names> {
    let mut places = BTreeMap::new();
    for file in files {
        let file = std::path::absolute(file).unwrap_or_else(|_| file.clone());
        let linked = std::fs::symlink_metadata(&file).is_ok_and(|found| found.is_symlink());
        add(&mut places, &file, linked);
        if linked && let Ok(target) = std::fs::canonicalize(&file) {
            add(&mut places, &target, false);
        }
        // The folder itself may come, go, or be put in another's place.
        if let Some(folder) = file.parent() {
            add(&mut places, folder, false);
        }
    }
    places
}

/// Adds a file's folder. What leads to a `linked` file may have any name.
fn add(places: &mut BTreeMap<PathBuf, Names>, file: &Path, linked: bool) {
    let (Some(folder), Some(name)) = (file.parent(), file.file_name()) else { return };
    let names = places.entry(folder.to_owned()).or_insert_with(|| Some(BTreeSet::new()));
    match names {
        _ if linked => *names = None,
        Some(names) => drop(names.insert(name.to_owned())),
        None => {}
    }
}

struct Watched {
    inotify: Inotify,
    folders: HashMap<WatchDescriptor, Names>,
}

impl Watched {
    const MASK: AddWatchFlags = AddWatchFlags::IN_CLOSE_WRITE
        .union(AddWatchFlags::IN_MOVE)
        .union(AddWatchFlags::IN_CREATE)
        .union(AddWatchFlags::IN_DELETE)
        .union(AddWatchFlags::IN_ATTRIB)
        .union(AddWatchFlags::IN_DELETE_SELF)
        .union(AddWatchFlags::IN_MOVE_SELF)
        .union(AddWatchFlags::IN_ONLYDIR);

    /// Watches these folders and no others. One that is not there is left out: its parent tells when
    /// it comes.
    fn set(&mut self, places: &BTreeMap<PathBuf, Names>) {
        let mut folders = HashMap::new();
        for (folder, names) in places {
            // The kernel gives the same descriptor for the same folder.
            if let Ok(descriptor) = self.inotify.add_watch(folder, Self::MASK) {
                let together = match (folders.remove(&descriptor), names) {
                    (Some(Some(mut all)), Some(names)) => {
                        BTreeSet::extend(&mut all, names.iter().cloned());
                        Some(all)
                    }
                    (None, Some(names)) => Some(names.clone()),
                    _ => None,
                };
                folders.insert(descriptor, together);
            }
        }
        for descriptor in self.folders.keys().filter(|old| !folders.contains_key(old)) {
            let _ = self.inotify.rm_watch(*descriptor);
        }
        self.folders = folders;
    }

    /// Takes what has happened, and says whether any of it matters.
    fn something_matters(&self) -> io::Result<bool> {
        let mut matters = false;
        loop {
            match self.inotify.read_events() {
                Ok(events) => matters |= events.iter().any(|event| self.matters(event)),
                Err(Errno::EAGAIN) => return Ok(matters),
                Err(Errno::EINTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn matters(&self, event: &InotifyEvent) -> bool {
        // So much has happened that the kernel lost count.
        if event.mask.contains(AddWatchFlags::IN_Q_OVERFLOW) {
            return true;
        }
        match (self.folders.get(&event.wd), &event.name) {
            (Some(Some(names)), Some(name)) => names.contains(name),
            // The folder itself, or one in which every name matters.
            (Some(_), _) => true,
            (None, _) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::sync::mpsc::{Receiver, channel};

    use super::*;
    use crate::console::keymap::Does;
    use crate::console::wishes::KeysFile;

    const LIMIT: Duration = Duration::from_secs(30);

    fn watch(keys: &Path) -> (Watch, Receiver<Told>) {
        let keys = KeysFile { path: keys.to_owned(), optional: true };
        let wishes = Wishes { keys: Some(keys), ..Wishes::default() };
        let source = Source::fixed(wishes.clone());
        let told = read(&source, &wishes, Depth::True);
        let (send, receive) = channel();
        let watch = Watch::start(source, told, Depth::True, move |told| send.send(told).unwrap()).unwrap();
        (watch, receive)
    }

    /// Puts a whole file in place, as editors do.
    fn put(path: &Path, text: &str) {
        let new = path.with_extension("new");
        fs::write(&new, text).unwrap();
        fs::rename(&new, path).unwrap();
    }

    fn open_is(receive: &Receiver<Told>, key: &str) {
        let told = receive.recv_timeout(LIMIT).unwrap();
        assert_eq!(told.keymap.unwrap().key_for(Does::Open), key);
    }

    #[test]
    fn a_file_that_comes_changes_is_renamed_and_goes_is_seen() {
        let folder = tempfile::tempdir().unwrap();
        let keys = folder.path().join("keys.toml");
        let (watch, receive) = watch(&keys);
        put(&keys, "[grid]\nopen = \"e\"\n");
        open_is(&receive, "e");
        put(&keys, "[grid]\nopen = \"F2\"\n");
        open_is(&receive, "F2");
        put(&keys, "[grid]\nopen = \"x\"\n");
        let told = receive.recv_timeout(LIMIT).unwrap();
        assert_eq!((told.keymap, told.mistakes.len()), (None, 1));
        fs::remove_file(&keys).unwrap();
        open_is(&receive, "enter");
        drop(watch);
        assert!(receive.recv().is_err(), "the thread has ended, and told nothing more");
    }

    #[test]
    fn what_says_the_same_or_is_another_file_wakes_nobody() {
        let folder = tempfile::tempdir().unwrap();
        let keys = folder.path().join("keys.toml");
        fs::write(&keys, "[grid]\nopen = \"e\"\n").unwrap();
        let (_watch, receive) = watch(&keys);
        for n in 0..50 {
            fs::write(folder.path().join(format!("{n}.log")), "x").unwrap();
        }
        put(&keys, "# the same\n[grid]\nopen = \"e\"\n");
        // Whatever was told before this would come first.
        put(&keys, "[grid]\nopen = \"F3\"\n");
        open_is(&receive, "F3");
        assert!(receive.try_recv().is_err());
    }

    #[test]
    fn links_and_folders_that_are_put_in_place_are_followed() {
        use std::os::unix::fs::symlink;
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for (name, key) in [("one", "F4"), ("two", "F5")] {
            fs::create_dir(at(name)).unwrap();
            fs::write(at(name).join("keys.toml"), format!("[grid]\nopen = \"{key}\"\n")).unwrap();
        }
        // As volumes of containers are: a link through a link that is swapped.
        symlink("one", at("..data")).unwrap();
        symlink("..data/keys.toml", at("keys.toml")).unwrap();
        let (_watch, receive) = watch(&at("keys.toml"));
        symlink("two", at("..new")).unwrap();
        fs::rename(at("..new"), at("..data")).unwrap();
        open_is(&receive, "F5");
        put(&at("two/keys.toml"), "[grid]\nopen = \"F6\"\n");
        open_is(&receive, "F6");
    }

    #[test]
    fn a_folder_that_comes_later_is_seen() {
        let folder = tempfile::tempdir().unwrap();
        let below = folder.path().join("below");
        let (_watch, receive) = watch(&below.join("keys.toml"));
        fs::create_dir(&below).unwrap();
        put(&below.join("keys.toml"), "[grid]\nopen = \"F7\"\n");
        open_is(&receive, "F7");
    }
}
