//! sled behind typed trees, on its own thread.
