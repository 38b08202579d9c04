//! Arguments and verbs.
