//! Ready segments: all channels that show the same at the same time share the same bytes.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;

use super::clips::{Clips, Look, Rendition};
use super::{MAX_CACHED_SEGMENTS, SEGMENT_MS};

/// The number comes first, so that the oldest segment is the first of the map.
type Key = (u64, Look, Rendition);

/// The newest segments asked for, at most [`MAX_CACHED_SEGMENTS`].
pub(super) struct SegmentCache {
    clips: Clips,
    ready: Mutex<BTreeMap<Key, Bytes>>,
}

impl SegmentCache {
    pub const fn new(clips: Clips) -> Self {
        Self { clips, ready: Mutex::new(BTreeMap::new()) }
    }

    pub fn segment(&self, look: Look, rendition: Rendition, sequence: u64) -> Bytes {
        let key = (sequence, look, rendition);
        let mut ready = self.ready.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bytes) = ready.get(&key) {
            return bytes.clone();
        }
        // Made under the lock: a fraction of a millisecond, and nobody makes it twice.
        let bytes = self.clips.segment(look, rendition, sequence);
        ready.insert(key, bytes.clone());
        // A late reader's old segment may be the one that goes at once.
        if ready.len() > MAX_CACHED_SEGMENTS {
            ready.pop_first();
        }
        bytes
    }

    /// Bits a second of a healthy channel.
    pub fn bit_rate(&self, rendition: Rendition) -> u64 {
        self.segment(Look::Moving, rendition, super::FIRST_SEQUENCE).len() as u64 * 8_000 / SEGMENT_MS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_segment_is_made_once_and_the_oldest_goes_first() {
        let cache = SegmentCache::new(Clips::synthetic());
        let ask = |n| cache.segment(Look::Moving, Rendition::High, n);
        let kept = || cache.ready.lock().unwrap().len();
        assert_eq!(ask(1_000).as_ptr(), ask(1_000).as_ptr());
        assert_ne!(ask(1_000), cache.segment(Look::Black, Rendition::High, 1_000));
        for n in 0..3 * MAX_CACHED_SEGMENTS as u64 {
            ask(n);
        }
        assert_eq!(kept(), MAX_CACHED_SEGMENTS);
        assert!(cache.ready.lock().unwrap().contains_key(&(1_000, Look::Moving, Rendition::High)));
    }
}
