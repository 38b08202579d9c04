//! All that knows FFmpeg: command lines, the progress reader, the log-line classifier, detectors.
