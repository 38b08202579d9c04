use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

/// What a reader sees of one PID.
#[derive(Default, Debug)]
struct Seen {
    counters: Vec<u8>,
    payload: Vec<u8>,
    stamps: Vec<u64>,
    clocks: Vec<u64>,
}

/// Reads a segment the way a demuxer does.
fn read(segment: &[u8]) -> BTreeMap<u16, Seen> {
    let mut seen: BTreeMap<u16, Seen> = BTreeMap::new();
    assert_eq!(segment.len() % PACKET, 0);
    for packet in segment.chunks(PACKET) {
        assert_eq!(packet[0], 0x47);
        let pid = u16::from_be_bytes([packet[1] & 0x1f, packet[2]]);
        let own = seen.entry(pid).or_default();
        own.counters.push(packet[3] & 0x0f);
        assert!(packet[3] & 0x10 != 0, "every packet carries something");
        let mut at = 4;
        if packet[3] & 0x20 != 0 {
            at = 5 + usize::from(packet[4]);
            if packet[4] > 0 && packet[5] & 0x10 != 0 {
                let base = packet[6..11].iter().fold(0_u64, |n, b| n << 8 | u64::from(*b)) >> 7;
                own.clocks.push(base);
            }
        }
        assert!(at < PACKET, "at least a byte of payload");
        let payload = &packet[at..];
        if packet[1] & 0x40 != 0 && pid >= VIDEO_PID && pid != PMT_PID {
            assert_eq!(payload[..3], [0, 0, 1]);
            let p: Vec<u64> = payload[9..14].iter().map(|b| u64::from(*b)).collect();
            own.stamps.push((p[0] >> 1 & 7) << 30 | p[1] << 22 | (p[2] >> 1) << 15 | p[3] << 7 | p[4] >> 1);
            own.payload.extend_from_slice(&payload[14..]);
        } else {
            own.payload.extend_from_slice(payload);
        }
    }
    seen
}

fn pictures(sizes: &[usize]) -> Vec<Picture> {
    (0..PICTURES)
        .map(|n| Picture { data: vec![n.to_le_bytes()[0]; sizes[n % sizes.len()]].into(), key: n == 0 })
        .collect()
}

fn sound(sequence: u64, sizes: &[usize]) -> Vec<Bytes> {
    (first_sound_frame(sequence)..first_sound_frame(sequence + 1))
        .zip(sizes.iter().cycle())
        .map(|(k, size)| vec![k.to_le_bytes()[0]; *size].into())
        .collect()
}

proptest! {
    #[test]
    fn counters_run_on_and_nothing_is_lost(
        sequence in 0..10_000_000_u64,
        sizes in prop::collection::vec(34..3_000_usize, 1..6),
        frames in prop::collection::vec(8..700_usize, 1..6),
    ) {
        let (pictures, sound) = (pictures(&sizes), sound(sequence, &frames));
        let seen = read(&segment(VideoCodec::H264, &pictures, &sound, sequence));
        for (pid, own) in &seen {
            prop_assert_eq!(own.counters.len() % COUNTER_PERIOD, 0, "pid {}", pid);
            prop_assert!(own.counters.iter().enumerate().all(|(n, c)| n % 16 == usize::from(*c)));
        }
        let all = |parts: Vec<&Bytes>| parts.into_iter().flatten().copied().collect::<Vec<u8>>();
        prop_assert_eq!(&seen[&VIDEO_PID].payload, &all(pictures.iter().map(|p| &p.data).collect()));
        prop_assert_eq!(&seen[&AUDIO_PID].payload, &all(sound.iter().collect()));
    }

    #[test]
    fn one_segment_goes_on_where_the_last_one_ended(sequence in 0..10_000_000_u64) {
        let make = |n| read(&segment(VideoCodec::H264, &pictures(&[900]), &sound(n, &[170]), n));
        let (one, two) = (make(sequence), make(sequence + 1));
        let step = |a: u64, b: u64| b.wrapping_sub(a) & TICKS_MASK;
        let video: Vec<u64> = [&one, &two].iter().flat_map(|s| s[&VIDEO_PID].stamps.clone()).collect();
        prop_assert!(video.windows(2).all(|w| step(w[0], w[1]) == PICTURE_TICKS));
        let clocks: Vec<u64> = [&one, &two].iter().flat_map(|s| s[&VIDEO_PID].clocks.clone()).collect();
        prop_assert_eq!(clocks.len(), 2 * PICTURES);
        prop_assert!(clocks.windows(2).all(|w| step(w[0], w[1]) == PICTURE_TICKS));
        // The last group of a segment may be smaller; the next segment then begins that much sooner.
        let tail = (first_sound_frame(sequence + 1) - first_sound_frame(sequence) - 1) % SOUND_GROUP as u64 + 1;
        let last = *one[&AUDIO_PID].stamps.last().unwrap();
        prop_assert_eq!(step(last, two[&AUDIO_PID].stamps[0]), tail * SOUND_TICKS);
    }
}

#[test]
fn time_stamps_wrap_at_33_bits() {
    let wrap = (1 << 33) / SEGMENT_TICKS;
    let stamps: Vec<u64> = (wrap - 1..wrap + 2)
        .flat_map(|n| {
            read(&segment(VideoCodec::H264, &pictures(&[90]), &sound(n, &[90]), n))[&VIDEO_PID].stamps.clone()
        })
        .collect();
    assert!(stamps.iter().all(|s| *s <= TICKS_MASK));
    assert_eq!(stamps.windows(2).filter(|w| w[1] < w[0]).count(), 1);
    assert_eq!(time_stamp(TICKS_MASK), [0x2f, 0xff, 0xff, 0xff, 0xff]);
    assert_eq!(time_stamp(TICKS_MASK + 1), [0x21, 0, 1, 0, 1]);
}

#[test]
fn sound_keeps_to_its_grid_for_ever() {
    let counts: Vec<u64> = (0..8).map(|n| first_sound_frame(n + 1) - first_sound_frame(n)).collect();
    assert_eq!(counts, [94, 94, 94, 93, 94, 94, 94, 93]);
    assert_eq!(first_sound_frame(16), 1_500);
}

#[test]
fn sections_have_the_right_checksum() {
    // Over a section with its checksum the sum is nothing.
    assert_eq!(crc32(&pat()), 0);
    assert_eq!(crc32(&pmt(VideoCodec::H264)), 0);
    assert_eq!(crc32(b"123456789"), 0x0376_e6e7);
}
