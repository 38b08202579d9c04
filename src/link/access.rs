//! Who may do what over the socket: decided by who the kernel says is at the other end.

use std::collections::BTreeSet;

use nix::unistd::{Gid, Uid, User, getgrouplist};

use super::Role;

/// Users and groups, by their numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Principals {
    /// User ids.
    pub users: BTreeSet<u32>,
    /// Group ids.
    pub groups: BTreeSet<u32>,
}

impl Principals {
    fn include(&self, uid: u32, groups: &[u32]) -> bool {
        self.users.contains(&uid) || groups.iter().any(|group| self.groups.contains(group))
    }
}

/// Who may do what.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Access {
    /// The user headend runs as: an operator, as root is.
    pub own_uid: u32,
    /// These are operators too.
    pub operators: Principals,
    /// These may look.
    pub viewers: Principals,
}

impl Access {
    /// What the user `uid`, who is in `groups`, may do of what is `wanted`; `None`: nothing at all.
    /// Who wants to look only gets no more than that.
    #[must_use]
    pub fn role(&self, uid: u32, groups: &[u32], wanted: Role) -> Option<Role> {
        let operator = self.is_own(uid) || self.operators.include(uid, groups);
        match wanted {
            Role::Operator if operator => Some(Role::Operator),
            _ if operator || self.viewers.include(uid, groups) => Some(Role::Viewer),
            _ => None,
        }
    }

    /// Whether it is the user headend runs as, or root: they may do all, whatever is configured.
    #[must_use]
    pub const fn is_own(&self, uid: u32) -> bool {
        uid == 0 || uid == self.own_uid
    }

    /// Whether groups matter at all: finding them out may ask a server.
    #[must_use]
    pub fn asks_for_groups(&self) -> bool {
        !self.operators.groups.is_empty() || !self.viewers.groups.is_empty()
    }
}

/// A user's name. May take its time where users come from a server.
#[must_use]
pub fn name_of(uid: u32) -> String {
    let user = User::from_uid(Uid::from_raw(uid)).ok().flatten();
    user.map_or_else(|| format!("user {uid}"), |user| user.name)
}

/// The groups a user is in. May take its time where users come from a server.
#[must_use]
pub fn groups_of(uid: u32, gid: u32) -> Vec<u32> {
    let user = User::from_uid(Uid::from_raw(uid)).ok().flatten();
    let name = user.and_then(|user| std::ffi::CString::new(user.name).ok());
    let groups = name.and_then(|name| getgrouplist(&name, Gid::from_raw(gid)).ok());
    groups.map_or_else(|| vec![gid], |groups| groups.into_iter().map(Gid::as_raw).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn access() -> Access {
        let of = |users: &[u32], groups: &[u32]| Principals {
            users: users.iter().copied().collect(),
            groups: groups.iter().copied().collect(),
        };
        Access { own_uid: 900, operators: of(&[1_000], &[50]), viewers: of(&[1_001, 1_000], &[60]) }
    }

    #[test]
    fn the_kernels_word_decides_and_nobody_gets_more_than_wanted() {
        use Role::{Operator, Viewer};
        let access = access();
        for (uid, groups, wanted, given) in [
            (900, &[][..], Operator, Some(Operator)),
            (900, &[], Viewer, Some(Viewer)),
            (0, &[], Operator, Some(Operator)),
            (1_000, &[], Operator, Some(Operator)),
            (1_000, &[], Viewer, Some(Viewer)),
            (1_001, &[], Operator, Some(Viewer)),
            (1_002, &[7, 50], Operator, Some(Operator)),
            (1_002, &[60], Operator, Some(Viewer)),
            (1_002, &[50, 60], Viewer, Some(Viewer)),
            (1_002, &[7], Operator, None),
            (1_002, &[], Viewer, None),
        ] {
            assert_eq!(access.role(uid, groups, wanted), given, "{uid} {groups:?} {wanted:?}");
        }
    }

    #[test]
    fn without_lists_only_headends_own_user_and_root_come_in() {
        let access = Access { own_uid: 900, ..Access::default() };
        assert_eq!(access.role(1_000, &[0, 900], Role::Viewer), None);
        assert_eq!(access.role(900, &[], Role::Operator), Some(Role::Operator));
        assert!(!access.asks_for_groups());
    }

    #[test]
    fn the_groups_of_root_are_known_and_a_stranger_has_the_one_he_came_with() {
        assert!(groups_of(0, 0).contains(&0));
        assert_eq!(groups_of(4_000_000_000, 77), [77]);
        assert_eq!((name_of(0).as_str(), name_of(4_000_000_000).as_str()), ("root", "user 4000000000"));
    }
}
