//! What the screens look like, and what they cost.

mod draws;
mod screens;
mod supervision;
pub mod support;
mod traffic;
mod ways;
