//! The origin: a live HLS server on loopback, with faults on a timetable.
