//! The machine: CPU, memory, open files and limits, read and raised.
