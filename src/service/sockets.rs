//! The socket to which consoles and verbs attach.

use std::path::Path;

use nix::unistd::{Group, Uid, User};

use crate::config::SocketSettings;
use crate::link::access::{Access, Principals};
use crate::link::{Hub, Listening, Server, place};

/// Where and to whom to listen; `None` without a state folder, as then nobody could find it.
pub fn listening(folder: Option<&Path>, settings: &SocketSettings, title: String) -> Option<Listening> {
    let access = Access {
        own_uid: Uid::effective().as_raw(),
        operators: principals("operators", &settings.operators),
        viewers: principals("viewers", &settings.viewers),
    };
    Some(Listening { path: folder?.join(place::SOCKET), mode: settings.mode, access, title })
}

/// Listens. Without a socket streams run as well: it is said, and nothing else.
pub fn serve(hub: Hub, listening: Listening) -> Option<Server> {
    let path = listening.path.clone();
    let server = Server::start(hub, listening);
    server.map_err(|error| log::error!("nobody can attach: no socket at {}: {error}", path.display())).ok()
}

/// The numbers of users and, with `@` before it, groups.
fn principals(key: &str, names: &[String]) -> Principals {
    let mut principals = Principals::default();
    for name in names {
        let (number, numbers) = if let Some(group) = name.strip_prefix('@') {
            let group = Group::from_name(group).ok().flatten();
            (group.map(|group| group.gid.as_raw()), &mut principals.groups)
        } else {
            let user = User::from_name(name).ok().flatten();
            (user.map(|user| user.uid.as_raw()), &mut principals.users)
        };
        numbers.extend(number);
        if number.is_none() {
            log::warn!("[socket] {key}: there is no {name} on this machine, so nobody is let in for it");
        }
    }
    principals
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_numbers_and_unknown_ones_let_nobody_in() {
        let names = ["root", "@root", "no-such-user-here", "@no-such-group-here"].map(str::to_owned);
        let known = principals("operators", &names);
        assert_eq!((known.users, known.groups), ([0].into(), [0].into()));
    }

    #[test]
    fn without_a_folder_nobody_listens() {
        assert!(listening(None, &SocketSettings::default(), String::new()).is_none());
    }
}
