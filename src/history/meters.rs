//! What is kept, read off the board.

use super::{MACHINE, STREAM};
use crate::model::{Board, Phase, Row};

/// Of these meters of a stream there is nothing while it is down.
const FALLS: [bool; STREAM] = [true, true, true, false, false];

/// A stream's figures, in the order of [`crate::model::STREAM_METERS`].
#[must_use]
pub fn of_row(row: &Row) -> [f32; STREAM] {
    let known = |value: Option<f32>| value.unwrap_or(f32::NAN);
    [
        known(row.figures.fps),
        known(row.figures.bitrate_kbps),
        known(row.figures.speed),
        known(row.usage.map(|usage| usage.cpu_percent)),
        known(row.usage.map(|usage| float(usage.memory_bytes))),
    ]
}

/// The same, as it counts for longer steps: a stream that is down by a fault has no frames, which is
/// not the same as not known.
#[must_use]
pub fn of_row_in_long(row: &Row) -> [f32; STREAM] {
    let mut values = of_row(row);
    if matches!(row.phase, Phase::Stalled | Phase::Backoff | Phase::Broken) {
        for (value, falls) in values.iter_mut().zip(FALLS) {
            if falls && value.is_nan() {
                *value = 0.0;
            }
        }
    }
    values
}

/// The machine's, in the order of [`crate::model::MACHINE_METERS`].
#[must_use]
pub fn of_board(board: &Board) -> [f32; MACHINE] {
    let (host, own, pool, workers) = (&board.host, &board.own, &board.pool, &board.workers);
    let if_known = |is: bool, value: f32| if is { value } else { f32::NAN };
    let pressure = |of: fn(&crate::model::Pressure) -> f32| host.pressure.as_ref().map_or(f32::NAN, of);
    let disk_used = host.disk_free_bytes.filter(|_| host.disk_total_bytes > 0);
    let disk_used = disk_used.map_or(f32::NAN, |free| float(host.disk_total_bytes.saturating_sub(free)));
    let usages = board.rows.values().filter_map(|row| row.usage);
    let (measured, cpu) = usages.fold((false, 0.0), |(_, sum), usage| (true, sum + usage.cpu_percent));
    // They are measured seldom: before that nothing is known, which is not the same as nothing.
    let measured_all = workers.count > 0 || pool.busy == 0;
    [
        if_known(host.cores > 0, host.cpu_percent),
        if_known(host.cores > 0, host.load1),
        if_known(host.memory_total_bytes > 0, float(host.memory_bytes)),
        pressure(|p| p.cpu_some),
        pressure(|p| p.memory_full),
        pressure(|p| p.io_some),
        float(own.fds_open),
        host.network.map_or(f32::NAN, |network| network.received),
        host.network.map_or(f32::NAN, |network| network.sent),
        disk_used,
        float(pool.busy.into()),
        float(pool.queued.into()),
        own.cpu_percent,
        if_known(own.memory_bytes > 0, float(own.memory_bytes)),
        if_known(measured_all, float(workers.memory_bytes)),
        if_known(measured || pool.busy == 0, cpu),
        float(pool.starting.into()),
        float(pool.held.into()),
    ]
}

#[expect(clippy::cast_precision_loss, reason = "two bytes of it are kept")]
const fn float(value: u64) -> f32 {
    value as f32
}
