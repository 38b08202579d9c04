//! Whatever is pressed and comes, in any order.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

/// What an operator may do, by number.
fn press(pane: &mut LogPane, key: u8, room: Room) {
    match key {
        0 => pane.scroll(-1, room),
        1 => pane.scroll(1, room),
        2 => pane.scroll(-7, room),
        3 => pane.scroll(7, room),
        4 => pane.show_first(room),
        5 => pane.show_last(),
        6 => pane.wrap = !pane.wrap,
        7 => pane.select(room),
        8 => pane.mark(5, room),
        9 => pane.search(pattern("1")),
        10 => drop(pane.jump(true, room)),
        11 => drop(pane.jump(false, room)),
        12 => pane.filter(pattern("[13]"), false, room),
        13 => pane.show_all(room),
        14 => drop(pane.jump_to_mark(false, room)),
        15 => drop(pane.copied(room)),
        16 => pane.next_level(room),
        17 => drop(pane.jump_to_nearest(room)),
        _ => drop(pane.unselect()),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    /// Whatever comes and is pressed, on whatever screen: the screen is as full as it can be, in
    /// order, shows only what is shown, and nothing panics.
    #[test]
    fn the_screen_is_always_full_and_in_order(
        steps in prop::collection::vec((0..24_u8, 1..40_u16, 1..12_u16), 0..60),
    ) {
        let text = |n: u64| format!("{n} {}", "x ".repeat(usize::try_from(n % 40).unwrap()));
        let all: Vec<LogLine> = (0..4_000).map(|n| line(T + n / 3, &text(n))).collect();
        let other: Vec<LogLine> = (0..400).map(|n| line(T + n * 3, &text(n))).collect();
        let mut files = Files::new(vec![(A, all.clone()), (B, other.clone())]);
        let mut pane = LogPane::default();
        pane.open(vec![(A, "alpha".into()), (B, "beta".into())]);
        let mut next = 1_500_usize;
        pane.take_in(news(A, 1_400, all[1_400..next].to_vec(), true), ROOM);
        pane.take_in(news(B, 100, other[100..200].to_vec(), true), ROOM);
        for (key, width, height) in steps {
            let room = Room { width, height };
            match key {
                20 => {
                    let end = (next + 30).min(4_000);
                    pane.take_in(news(A, next as u64, all[next..end].to_vec(), false), room);
                    next = end;
                }
                21 => drop(files.serve(&mut pane)),
                _ => press(&mut pane, key, room),
            }
            let page = pane.page(room);
            prop_assert!(page.len() <= usize::from(height));
            prop_assert!(page.iter().all(|row| row.entry.shown));
            let order: Vec<(u64, usize)> = page.iter().map(|row| (row.spot, row.text.start)).collect();
            prop_assert!(order.windows(2).all(|pair| pair[0] < pair[1]), "{:?}", order);
            if page.len() < usize::from(height) {
                // All there is to see is seen.
                let shown = pane.lines.range(pane.top(), pane.lines.end()).filter(|(_, entry)| entry.shown);
                let spots: BTreeSet<u64> = page.iter().map(|row| row.spot).collect();
                prop_assert_eq!(spots.len(), shown.count());
            }
            let keys: Vec<u64> = pane.lines.all().map(|(_, entry)| entry.key).collect();
            prop_assert!(keys.is_sorted());
        }
    }
}
