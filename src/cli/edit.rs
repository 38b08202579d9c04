//! `headend export`, `import`, `add`, `edit` and `remove`: streams out of the configuration and into it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use color_eyre::eyre::{Report, WrapErr, eyre};

use super::args::{self, StreamsForm};
use super::difference::{as_if, put, say_how_it_holds, warn};
use super::replace::Turn;
use super::revisions::{print_lines, remember_today, shown, today};
use super::verbs::args::Place;
use super::verbs::state_dir;
use super::{Failed, OK, print, replace, tell};
use crate::config::{self, Environment, Form, Loaded};
use crate::ffmpeg::CommandLine;
use crate::model::{StreamId, StreamSpec, counted, mask_secrets};
use crate::store::Revisions;

impl From<StreamsForm> for Form {
    fn from(form: StreamsForm) -> Self {
        match form {
            StreamsForm::Toml => Self::Toml,
            StreamsForm::M3u => Self::M3u,
            StreamsForm::Csv => Self::Csv,
            StreamsForm::Json => Self::Json,
        }
    }
}

/// The configuration a verb works on.
struct Ground {
    main: PathBuf,
    loaded: Loaded,
    environment: Environment,
    /// A verb that changes it is alone until it is done.
    _turn: Option<Turn>,
    /// Where what was there before is kept, of a verb that changes it.
    revisions: Option<Revisions>,
}

impl Ground {
    /// To look at.
    fn of(explicit: Option<&Path>) -> Result<Self, Failed> {
        Self::open(explicit, |_| Ok(None))
    }

    /// To change. What was there is kept in the state folder, by default the one the configuration names.
    fn to_change(explicit: Option<&Path>, state: Option<&Path>) -> Result<Self, Failed> {
        let ground = Self::open(explicit, |main| replace::take_turn(main).map(Some))?;
        let place = Place { config: Some(ground.main.clone()), state: state.map(Path::to_owned) };
        let dir = state_dir(&place, &ground.environment).ok();
        Ok(Self { revisions: dir.map(|dir| Revisions::of(&dir)), ..ground })
    }

    fn open(
        explicit: Option<&Path>,
        turn: impl FnOnce(&Path) -> Result<Option<Turn>, Failed>,
    ) -> Result<Self, Failed> {
        let environment = Environment::from_process();
        let main = config::locate(explicit, &environment).map_err(Failed::Nothing)?;
        let main = std::path::absolute(&main).unwrap_or(main);
        // Before anything of it is read.
        let turn = turn(&main)?;
        let loaded = config::load(&main, &environment).map_err(Failed::Mistakes)?;
        Ok(Self { main, loaded, environment, _turn: turn, revisions: None })
    }

    /// Writes files of the configuration, once all of it is checked with them.
    fn write(&self, files: Vec<(PathBuf, String)>) -> Result<u8, Failed> {
        let absolute = |path: PathBuf| std::path::absolute(&path).unwrap_or(path);
        let files: Vec<(PathBuf, Vec<u8>)> =
            files.into_iter().map(|(path, text)| (absolute(path), text.into_bytes())).collect();
        let apart = as_if(&self.main, &files, &self.environment)?;
        put(&files, self.keep(&files))?;
        for path in &apart {
            let lines =
                format!("{} is no part of the configuration yet: name it in its include", shown(path));
            print_lines(&[lines])?;
        }
        if apart.len() < files.len() {
            say_how_it_holds()?;
        }
        Ok(OK)
    }

    /// Keeps what is there as a revision. Who may write the configuration need not have a right to the state
    /// folder: then it is said.
    fn keep(&self, files: &[(PathBuf, Vec<u8>)]) -> Option<u64> {
        let kept = self
            .revisions
            .as_ref()
            .map(|revisions| remember_today(revisions, &today(&self.main, files, &self.environment)));
        match kept {
            Some(Ok(undo)) => return undo,
            Some(Err(error)) => tell(&format!("headend: what was there is not kept: {error}")),
            None => tell("headend: what was there is not kept: no state folder is known"),
        }
        None
    }

    /// The file in which a stream has its table, and its text.
    fn file_of(&self, id: &StreamId) -> Result<(PathBuf, String), Failed> {
        for path in &self.loaded.files {
            let text = std::fs::read_to_string(path).unwrap_or_default();
            if config::has_stream(&text, id) {
                return Ok((path.clone(), text));
            }
        }
        let why = if self.loaded.config.streams.iter().any(|spec| spec.id == *id) {
            format!(
                "the stream {id} is in a channel list or written in one line with others: edit that by hand"
            )
        } else {
            format!("there is no stream {id}")
        };
        Err(Failed::Arguments(why))
    }
}

/// Writes the streams.
pub fn export(args: &args::Export) -> Result<u8, Failed> {
    let ground = Ground::of(args.config.as_deref())?;
    let by_ending = || args.file.as_deref().and_then(Form::by_ending);
    let form = args.form.map(Form::from).or_else(by_ending).unwrap_or(Form::Toml);
    let streams = &ground.loaded.config.streams;
    let whole = config::export(streams, form);
    // Before anything is masked: a mask is no part of what the form can't hold.
    for line in config::lost(streams, form, &whole).map_err(Failed::Mistakes)? {
        tell(&format!("headend: not in it: {line}"));
    }
    let masked: Vec<StreamSpec> = streams.iter().map(masked).collect();
    let has_secrets = masked != *streams;
    let text = if args.with_secrets { whole } else { config::export(&masked, form) };
    if has_secrets && !args.with_secrets {
        tell(
            "headend: passwords and tokens are masked, so these streams can't run; --with-secrets writes them",
        );
    }
    match &args.file {
        None => print(&text)?,
        Some(file) => {
            let mode = if args.with_secrets { replace::SECRET_FILE_MODE } else { replace::NEW_FILE_MODE };
            let done = replace::all(&[(file.clone(), text.into_bytes())], mode);
            if let Some(failed) = done.failed {
                return Err(Failed::Other(failed));
            }
            tell(&format!("headend: {} written to {}", counted(streams.len(), "stream"), shown(file)));
        }
    }
    Ok(OK)
}

/// A stream without its secrets.
fn masked(spec: &StreamSpec) -> StreamSpec {
    let args = |args: &[String]| -> Vec<String> {
        let line = CommandLine { args: args.iter().map(OsString::from).collect() };
        line.words("").iter().skip(1).map(ToString::to_string).collect()
    };
    StreamSpec {
        inputs: spec.inputs.iter().map(|url| mask_secrets(url).into()).collect(),
        args: args(&spec.args),
        input_args: args(&spec.input_args),
        ..spec.clone()
    }
}

/// Takes the streams of a list in.
pub fn import(args: &args::Import) -> Result<u8, Failed> {
    let ground = Ground::to_change(args.config.as_deref(), args.state.as_deref())?;
    let form = args.form.map(Form::from).or_else(|| Form::by_ending(&args.file));
    let Some(form) = form else {
        return Err(Failed::Arguments(
            "the list's ending says no form: name it with --form toml, m3u, csv or json".to_owned(),
        ));
    };
    let bytes =
        std::fs::read(&args.file).wrap_err_with(|| format!("could not read {}", args.file.display()))?;
    let imported = config::import(&bytes, form, &args.file, &ground.environment).map_err(Failed::Mistakes)?;
    warn(&imported);
    let into = args.into.clone().unwrap_or_else(|| ground.main.clone());
    let mut text = text_of(&into)?;
    for spec in &imported.config.streams {
        text = config::add_stream(&text, &config::stream_table(spec));
    }
    ground.write(vec![(into, text)])
}

/// The text of a file; none of one that is not there yet.
fn text_of(path: &Path) -> Result<String, Report> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(text),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(String::new()),
        Err(error) => Err(error).wrap_err_with(|| format!("could not read {}", path.display())),
    }
}

/// Adds a stream.
pub fn add(args: &args::Add) -> Result<u8, Failed> {
    let ground = Ground::to_change(args.config.as_deref(), args.state.as_deref())?;
    let id = id_of(&args.id)?;
    let list: Vec<String> =
        args.inputs.iter().map(|input| toml::Value::from(input.as_str()).to_string()).collect();
    let table = format!("[[stream]]\nid = \"{id}\"\ninputs = [{}]\n", list.join(", "));
    let table = set_all(&table, &id, &args.set)?;
    let into = args.into.clone().unwrap_or_else(|| ground.main.clone());
    let text = config::add_stream(&text_of(&into)?, &table);
    ground.write(vec![(into, text)])
}

/// Changes keys of a stream.
pub fn edit(args: &args::Edit) -> Result<u8, Failed> {
    let ground = Ground::to_change(args.config.as_deref(), args.state.as_deref())?;
    let id = id_of(&args.id)?;
    let (path, text) = ground.file_of(&id)?;
    let text = set_all(&text, &id, &args.set)?;
    ground.write(vec![(path, text)])
}

/// Takes streams out.
pub fn remove(args: &args::Remove) -> Result<u8, Failed> {
    let ground = Ground::to_change(args.config.as_deref(), args.state.as_deref())?;
    let mut texts: Vec<(PathBuf, String)> = Vec::new();
    for id in &args.ids {
        let id = id_of(id)?;
        if let Some((_, text)) = texts.iter_mut().find(|(_, text)| config::has_stream(text, &id)) {
            *text = config::remove_stream(text, &id).map_err(refused)?;
            continue;
        }
        let (path, text) = ground.file_of(&id)?;
        if texts.iter().any(|(known, _)| *known == path) {
            return Err(Failed::Arguments(format!("the stream {id} is named twice")));
        }
        texts.push((path, config::remove_stream(&text, &id).map_err(refused)?));
    }
    ground.write(texts)
}

fn set_all(text: &str, id: &StreamId, set: &[String]) -> Result<String, Failed> {
    let mut text = text.to_owned();
    for pair in set {
        let Some((key, value)) = pair.split_once('=') else {
            return Err(Failed::Arguments(format!("{:?} is no KEY=VALUE", mask_secrets(pair))));
        };
        let value = Some(value).filter(|value| !value.trim().is_empty());
        text = config::set_key(&text, id, key.trim(), value).map_err(refused)?;
    }
    Ok(text)
}

fn id_of(text: &str) -> Result<StreamId, Failed> {
    StreamId::new(text).map_err(|error| Failed::Arguments(error.to_string()))
}

fn refused(error: config::EditError) -> Failed {
    match error {
        config::EditError::NoToml(_) => Failed::Other(eyre!(error)),
        other => Failed::Arguments(other.to_string()),
    }
}
