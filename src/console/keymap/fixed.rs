//! Keys of what stands in front of a screen. They are those that everybody's fingers know, and no
//! keys.toml changes them.

/// A key, or several, and what they do.
pub type FixedKey = (&'static [&'static str], &'static str);

/// Something in front, as people call it, with its keys.
pub struct Front {
    /// What it is.
    pub title: &'static str,
    /// Its keys.
    pub keys: &'static [FixedKey],
}

/// Something is asked.
pub const QUESTION: Front = Front {
    title: "a question",
    keys: &[
        (&["y"], "yes, do it"),
        (&["n", "esc"], "no"),
        (&["d"], "asked whether to quit: leave the streams running"),
        (&["ctrl-c"], "no; asked whether to quit: yes"),
    ],
};

/// A line is typed.
pub const LINE: Front = Front {
    title: "a line being typed",
    keys: &[
        (&["enter"], "take it"),
        (&["esc"], "drop it"),
        (&["left", "right", "home", "end"], "move in it"),
        (&["backspace", "delete"], "take a character out"),
        (&["ctrl-w"], "take out the word before the cursor"),
        (&["ctrl-u"], "take out everything before the cursor"),
        (&["ctrl-a", "ctrl-e"], "to its beginning or end"),
        (&["up", "down"], "what was typed before, or move in the list"),
        (&["page up", "page down"], "move in the list"),
    ],
};

/// Something is chosen from a list.
pub const LIST: Front = Front {
    title: "a list to choose from",
    keys: &[
        (&["enter"], "take what is chosen"),
        (&["esc"], "leave everything as it was"),
        (&["up", "down", "tab", "ctrl-p", "ctrl-n"], "choose"),
        (&["page up", "page down"], "choose further away"),
        (&["ctrl-u", "ctrl-w"], "take out what was typed"),
    ],
};

/// The columns of the grid are arranged.
pub const COLUMNS: Front = Front {
    title: "the columns of the grid",
    keys: &[
        (&["esc", "enter"], "leave"),
        (&["up", "down", "k", "j"], "choose"),
        (&["home", "end", "g", "G"], "to the first, to the last"),
        (&["space"], "show it, or not"),
        (&["K", "J"], "move it up, down; also with shift or ctrl and an arrow"),
        (&["+", "-"], "wider, narrower"),
        (&["0"], "as wide as suits the screen"),
        (&["r"], "as they are of themselves"),
    ],
};

/// All of them.
pub const FRONTS: [&Front; 4] = [&QUESTION, &LINE, &LIST, &COLUMNS];
