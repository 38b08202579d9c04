//! What the screens look like, and what they cost.

mod grid;
mod grid_screens;
mod screens;
mod supervision;
pub mod support;
mod traffic;
