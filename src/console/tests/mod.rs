//! What the screens look like, and what they cost.

mod draws;
mod pages;
mod paging;
mod screens;
mod stories;
mod supervision;
pub mod support;
mod traffic;
