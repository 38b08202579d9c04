//! The supervisor: a pure core that decides, a runtime that carries out.

pub mod core;
pub mod runtime;
