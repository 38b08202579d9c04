//! What the screens look like, and what they cost.

mod screens;
pub mod support;
mod traffic;
