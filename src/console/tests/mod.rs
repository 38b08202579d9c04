//! What the screens look like, and what they cost.

mod audit;
pub mod disk;
mod draws;
mod grid;
mod grid_screens;
pub mod incidents;
mod log_keys;
mod logs;
mod lookback;
mod mistakes;
mod narrow;
mod only;
mod pages;
mod paging;
mod penalty;
mod screens;
mod stories;
mod supervision;
pub mod support;
mod traffic;
mod wall;
mod ways;
