//! What the demo's channels are called. All invented.

/// A kind of channel and the ones there are of it.
pub(super) struct Group {
    pub name: &'static str,
    /// Free words every channel of the group has.
    pub tags: &'static [&'static str],
    /// Id and name.
    pub stems: &'static [(&'static str, &'static str)],
}

/// What comes after a name when all names are used once: id and name.
pub(super) const VARIANTS: &[(&str, &str)] = &[
    ("hd", "HD"),
    ("2", "2"),
    ("plus", "Plus"),
    ("uhd", "UHD"),
    ("europe", "Europe"),
    ("plus1", "+1"),
    ("3", "3"),
    ("extra", "Extra"),
];

pub(super) const GROUPS: &[Group] = &[
    Group {
        name: "News",
        tags: &["news", "priority"],
        stems: &[
            ("meridian-news", "Meridian News"),
            ("aktuell-24", "Aktuell 24"),
            ("info-matin", "Info Matin Télé"),
            ("noticias-sur", "Noticias del Sur"),
            ("telegiornale-blu", "Telegiornale Blu"),
            ("wiadomosci-dzis", "Wiadomości Dziś"),
            ("novosti-chas", "Новости Час"),
            ("ta-nea-tora", "Τα Νέα Τώρα"),
            ("asahi-hodo", "朝日通り報道"),
        ],
    },
    Group {
        name: "Sport",
        tags: &["sport"],
        stems: &[
            ("arena-one", "Arena One"),
            ("sportfeld", "Sportfeld"),
            ("stade-direct", "Stade Direct"),
            ("gol-y-mas", "Gol y Más"),
            ("velo-plein-air", "Vélo Plein Air"),
            ("skidspar", "Skidspår"),
            ("boisko", "Boisko"),
            ("paddock-live", "Paddock Live"),
        ],
    },
    Group {
        name: "Film",
        tags: &["film"],
        stems: &[
            ("lantern-cinema", "Lantern Cinema"),
            ("filmpalast", "Filmpalast"),
            ("seance-noire", "Séance Noire"),
            ("cine-patio", "Cine Patio"),
            ("kinoteka", "Кинотека"),
            ("hikari-eiga", "ひかり映画"),
            ("serie-lunga", "Serie Lunga"),
            ("krimikiste", "Krimikiste"),
        ],
    },
    Group {
        name: "Regional",
        tags: &["regional"],
        stems: &[
            ("kuestenblick", "Küstenblick"),
            ("alpenland-tv", "Alpenland TV"),
            ("tele-rivage", "Télé Rivage"),
            ("canal-sierra", "Canal Sierra"),
            ("lakeside-local", "Lakeside Local"),
            ("fjordkanalen", "Fjordkanalen"),
            ("telewizja-mazury", "Telewizja Mazury Dziś"),
            ("valle-verde", "Valle Verde TV"),
            ("oeresund-nu", "Øresund Nu"),
            ("zuiderlicht", "Zuiderlicht"),
        ],
    },
    Group {
        name: "Kids",
        tags: &["kids"],
        stems: &[
            ("paper-boat", "Paper Boat"),
            ("sternschnuppe", "Sternschnuppe"),
            ("petit-nuage", "Petit Nuage"),
            ("pulcino", "Pulcino TV"),
            ("mishka", "Мишка"),
            ("kodomo-no-mori", "こどもの森"),
        ],
    },
    Group {
        name: "Music",
        tags: &["music"],
        stems: &[
            ("second-chorus", "Second Chorus"),
            ("klangraum", "Klangraum"),
            ("refrain", "Refrain"),
            ("ritmo-caliente", "Ritmo Caliente"),
            ("noraebang", "노래마당"),
            ("bossa-azul", "Bossa Azul"),
        ],
    },
    Group {
        name: "Documentary",
        tags: &["documentary"],
        stems: &[
            ("long-view", "Long View"),
            ("weitwinkel", "Weitwinkel"),
            ("grand-large", "Grand Large"),
            ("terra-incognita", "Terra Incognita"),
            ("svet-okolo", "Svět Okolo"),
            ("deep-field", "Deep Field"),
        ],
    },
    Group {
        name: "Shopping",
        tags: &["shopping"],
        stems: &[
            ("market-row", "Market Row"),
            ("kauflaune", "Kauflaune"),
            ("bazar-express", "Bazar Express"),
            ("carsi-tv", "Çarşı TV"),
        ],
    },
    Group {
        name: "Visual Radio",
        tags: &["radio"],
        stems: &[
            ("night-shift-fm", "Night Shift FM"),
            ("morgenwelle", "Morgenwelle"),
            ("onda-lenta", "Onda Lenta"),
            ("radio-faro", "Rádio Farol"),
        ],
    },
];
