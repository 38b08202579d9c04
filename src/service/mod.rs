//! Puts the parts together, in the order of starting and leaving.
