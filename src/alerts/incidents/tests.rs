//! Rules of incidents, one by one.
