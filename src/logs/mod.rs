//! Per-stream log files with rotation, and the newest lines in memory.
