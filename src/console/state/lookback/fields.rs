//! What a row was before it changed, as small as can be: figures change every second and are packed,
//! of all else only the fields that changed are kept.

use std::mem::{discriminant, size_of};
use std::sync::Arc;

use crate::model::{
    Care, Condition, Figures, Mode, Moment, Phase, Row, StreamId, StreamIx, Usage, Wanted, WatchKind,
};

/// Figures in 12 bytes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Packed([f32; 3]);

/// The bits that stand for an unknown figure: a number that is none, and no such one is measured.
const NOTHING: u32 = 0x7fc0_dead;

impl Packed {
    /// Packs figures.
    #[must_use]
    pub fn of(figures: Figures) -> Self {
        let Figures { fps, bitrate_kbps, speed } = figures;
        Self([fps, bitrate_kbps, speed].map(|value| value.unwrap_or(f32::from_bits(NOTHING))))
    }

    fn bits(self) -> [u32; 3] {
        self.0.map(f32::to_bits)
    }

    /// The figures that were packed.
    #[must_use]
    pub fn figures(self) -> Figures {
        let [fps, bitrate_kbps, speed] = self.0.map(|value| (value.to_bits() != NOTHING).then_some(value));
        Figures { fps, bitrate_kbps, speed }
    }
}

macro_rules! fields {
    ($($variant:ident $field:ident: $type:ty,)*) => {
        /// One field of a row as it was. Figures apart: those are [`Packed`].
        #[derive(Debug, Clone)]
        pub enum Was {
            $(#[doc = concat!("`", stringify!($field), "`.")] $variant($type),)*
        }

        impl Was {
            /// Tells `each` every field of `old` that is another one in `new`.
            fn differences(old: &Row, new: &Row, each: &mut impl FnMut(Self)) {
                // Names them all: a field that is added to the row must be added here.
                let Row { figures: _, $($field,)* } = old;
                $(if *$field != new.$field { each(Self::$variant($field.clone().into())); })*
            }

            /// Puts the field back.
            pub fn put_back(&self, row: &mut Row) {
                match self { $(Self::$variant(was) => row.$field = was.clone().into(),)* }
            }
        }
    };
}

fields! {
    Ix ix: StreamIx,
    Id id: StreamId,
    Name name: Arc<str>,
    Group group: Arc<str>,
    Mode mode: Mode,
    Wanted wanted: Wanted,
    Phase phase: Phase,
    Reason reason: Arc<str>,
    Since since: Moment,
    Next next: Option<Moment>,
    Failures failures: u32,
    Conditions conditions: Box<[Condition]>,
    Pid pid: Option<u32>,
    Started started: Option<Moment>,
    Restarts restarts: u32,
    Input input: Arc<str>,
    LastError last_error: Option<Arc<str>>,
    LastMessage last_message: Arc<str>,
    LastMessageAt last_message_at: Moment,
    LinesDropped lines_dropped: u64,
    Priority priority: u8,
    Watch watch: WatchKind,
    LastSeen last_seen: Option<Moment>,
    InputOf input_of: (u32, u32),
    Maintenance maintenance: bool,
    Usage usage: Boxed<Option<Usage>>,
    Care care: Boxed<Care>,
    Tags tags: Arc<[Arc<str>]>,
}

/// What is too large to stand in each [`Was`].
#[derive(Debug, Clone)]
pub struct Boxed<T>(Box<T>);

impl<T> From<T> for Boxed<T> {
    fn from(value: T) -> Self {
        Self(Box::new(value))
    }
}

impl From<Boxed<Self>> for Care {
    fn from(boxed: Boxed<Self>) -> Self {
        *boxed.0
    }
}

impl From<Boxed<Self>> for Option<Usage> {
    fn from(boxed: Boxed<Self>) -> Self {
        *boxed.0
    }
}

/// A text in memory has its two counts beside it.
const TEXT: usize = 2 * size_of::<usize>();

impl Was {
    /// The memory it holds beyond itself. A text may be the row's own still: counted all the same.
    #[must_use]
    pub fn bytes(&self) -> usize {
        match self {
            Self::Name(text)
            | Self::Group(text)
            | Self::Reason(text)
            | Self::Input(text)
            | Self::LastError(Some(text))
            | Self::LastMessage(text) => TEXT + text.len(),
            Self::Id(id) => TEXT + id.as_str().len(),
            Self::Conditions(all) => size_of::<Condition>() * all.len(),
            Self::Usage(_) => size_of::<Option<Usage>>(),
            Self::Care(care) => size_of::<Care>() + TEXT + care.0.note.len(),
            Self::Tags(tags) => {
                TEXT + tags.iter().map(|tag| size_of::<Arc<str>>() + TEXT + tag.len()).sum::<usize>()
            }
            _ => 0,
        }
    }
}

/// What a row was at the beginning of a second.
#[derive(Debug, Clone, Default)]
pub struct Before {
    /// Its figures, if they changed.
    pub figures: Option<Packed>,
    /// The other fields that changed.
    pub fields: Vec<Was>,
}

impl Before {
    /// The row changes from `old` to `new`; what it was first in this second stays. Says how many
    /// bytes that took.
    pub fn take_in(&mut self, old: &Row, new: &Row) -> usize {
        let mut bytes = 0;
        if self.figures.is_none() {
            let packed = Packed::of(old.figures);
            // By their bits: what is no number would differ from itself for ever.
            self.figures = (packed.bits() != Packed::of(new.figures).bits()).then_some(packed);
        }
        let fields = &mut self.fields;
        Was::differences(old, new, &mut |was| {
            if fields.iter().all(|first| discriminant(first) != discriminant(&was)) {
                bytes += size_of::<(StreamIx, Was)>() + was.bytes();
                fields.push(was);
            }
        });
        bytes
    }

    /// Makes of the row what it was.
    pub fn put_back(&self, row: &mut Row) {
        if let Some(packed) = self.figures {
            row.figures = packed.figures();
        }
        self.fields.iter().for_each(|was| was.put_back(row));
    }
}
