//! Looking back.
