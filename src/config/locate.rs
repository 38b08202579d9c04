//! Finds the configuration file.

use std::path::{Path, PathBuf};

use super::Environment;
use crate::model::clean;

/// The name of the configuration file.
pub const FILE_NAME: &str = "headend.toml";

/// There is no configuration file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotFound {
    /// The file that was asked for is not there.
    #[error("there is no configuration file {}; check the path after --config", clean(&.0.to_string_lossy()))]
    Asked(PathBuf),
    /// None of the usual places has one.
    #[error(
        "no configuration file found; looked for {}; write one (assets/headend.toml is a sample), \
         or name one with --config",
        listed(.looked)
    )]
    Usual {
        /// Where it was looked for, in this order.
        looked: Vec<PathBuf>,
    },
}

fn listed(paths: &[PathBuf]) -> String {
    let shown: Vec<_> = paths.iter().map(|path| clean(&path.to_string_lossy()).into_owned()).collect();
    shown.join(", ")
}

/// The configuration file: `explicit` if given, else `./headend.toml`, else
/// `headend/headend.toml` in `$XDG_CONFIG_HOME` (by default `~/.config`).
///
/// # Errors
/// [`NotFound`] says where was looked.
pub fn locate(explicit: Option<&Path>, env: &Environment) -> Result<PathBuf, NotFound> {
    locate_in(explicit, env, Path::exists)
}

fn locate_in(
    explicit: Option<&Path>,
    env: &Environment,
    exists: impl Fn(&Path) -> bool,
) -> Result<PathBuf, NotFound> {
    if let Some(path) = explicit {
        return if exists(path) { Ok(path.to_owned()) } else { Err(NotFound::Asked(path.to_owned())) };
    }
    let home = env.config_home.clone().or_else(|| Some(env.home.as_ref()?.join(".config")));
    let usual = home.map(|home| home.join("headend").join(FILE_NAME));
    let looked: Vec<_> = std::iter::once(Path::new(".").join(FILE_NAME)).chain(usual).collect();
    match looked.iter().find(|path| exists(path)) {
        Some(path) => Ok(path.clone()),
        None => Err(NotFound::Usual { looked }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_place_that_has_one_wins() {
        let home = Environment { home: Some("/home/op".into()), ..Environment::default() };
        let xdg = Environment { config_home: Some("/xdg".into()), ..home.clone() };
        let here = "./headend.toml";
        let in_home = "/home/op/.config/headend/headend.toml";
        for (explicit, env, there, found) in [
            (None, &home, vec![here, in_home], Ok(here)),
            (None, &home, vec![in_home], Ok(in_home)),
            (None, &xdg, vec![in_home, "/xdg/headend/headend.toml"], Ok("/xdg/headend/headend.toml")),
            (Some("/x"), &home, vec!["/x", here], Ok("/x")),
            (
                Some("/x"),
                &home,
                vec![here],
                Err("there is no configuration file /x; check the path after --config"),
            ),
            (
                None,
                &xdg,
                vec![in_home],
                Err("no configuration file found; looked for ./headend.toml, /xdg/headend/headend.toml; \
                     write one (assets/headend.toml is a sample), or name one with --config"),
            ),
        ] {
            let exists = |path: &Path| there.iter().any(|t| Path::new(t) == path);
            let result = locate_in(explicit.map(Path::new), env, exists);
            assert_eq!(result.map_err(|e| e.to_string()), found.map(PathBuf::from).map_err(str::to_owned));
        }
    }
}
