//! headend: a terminal control room for live streams.
//!
//! The rooms, what lives in each and which may use which: `docs/architecture.md`.

pub mod alerts;
pub mod cli;
pub mod config;
pub mod console;
pub mod defect;
pub mod demo;
pub mod ffmpeg;
pub mod history;
pub mod host;
pub mod http;
pub mod link;
pub mod logs;
pub mod model;
pub mod service;
pub mod store;
pub mod supervisor;
