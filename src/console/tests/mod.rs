//! What the screens look like, and what they cost.

mod draws;
mod grid;
mod grid_screens;
mod lookback;
mod penalty;
mod screens;
mod supervision;
pub mod support;
mod traffic;
mod wall;
mod ways;
