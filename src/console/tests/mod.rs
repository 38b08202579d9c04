//! What the screens look like, and what they cost.

mod draws;
mod pages;
mod screens;
mod supervision;
pub mod support;
mod traffic;
