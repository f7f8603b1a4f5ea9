//! Icons: 16-pixel line drawings of our own, with the silhouettes of the status vocabulary.

use leptos::prelude::*;

/// How a stroke of an icon is painted.
#[derive(Clone, Copy)]
enum Ink {
    /// Outlined in the text's colour.
    Line,
    /// Filled with it.
    Solid,
    /// Cut out of what is filled.
    Knock,
    /// Outlined and dashed.
    Dashed,
}

macro_rules! icons {
    ($($name:ident: $([$ink:ident $path:literal])+;)*) => {
        /// The icons there are.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum IconName { $($name),* }

        impl IconName {
            fn strokes(self) -> &'static [(Ink, &'static str)] {
                match self { $(Self::$name => &[$((Ink::$ink, $path)),+]),* }
            }
        }
    };
}

icons! {
    Home: [Line "M2.5 7.5 8 3l5.5 4.5V13h-11z"] [Line "M6.5 13V9.5h3V13"];
    Nodes: [Line "M3.2 2.5h9.6a1 1 0 0 1 1 1V6a1 1 0 0 1-1 1H3.2a1 1 0 0 1-1-1V3.500a1 1 0 0 1 1-1zM3.2 9h9.6a1 1 0 0 1 1 1v2.5a1 1 0 0 1-1 1H3.2a1 1 0 0 1-1-1V10a1 1 0 0 1 1-1z"] [Line "M4.7 4.75h.1M4.7 11.250h.1"];
    Pods: [Line "M8 1.800 13.500 4.900v6.200L8 14.200 2.500 11.100V4.900z"] [Line "M2.700 5 8 8l5.300-3M8 8v6"];
    Namespaces: [Line "M5.500 2.500H3.700a1.200 1.200 0 0 0-1.200 1.200v1.800M10.500 2.500h1.800a1.200 1.200 0 0 1 1.200 1.200v1.800M5.500 13.500H3.700a1.200 1.200 0 0 1-1.200-1.200v-1.800M10.500 13.500h1.800a1.200 1.200 0 0 0 1.200-1.200v-1.800"] [Line "M6 6h4v4H6z"];
    Service: [Line "M8 6a2 2 0 1 0 0 4 2 2 0 0 0 0-4z"] [Line "M8 1.800V6M8 10v4.200M1.800 8H6M10 8h4.200"];
    Ingress: [Line "M2 8h8M7 4.800 10.200 8 7 11.200"] [Line "M13.500 2.500v11"];
    Events: [Line "M9 1.800 3.500 9h4L7 14.200 12.500 7h-4z"];
    Explore: [Line "M2 13.5h12"] [Line "m2.5 10.5 3.3-4 2.7 2.3 5-6.3"];
    Moon: [Line "M13 9.5A5.5 5.5 0 0 1 6.5 3 5.5 5.5 0 1 0 13 9.5z"];
    Sun: [Line "M8 5a3 3 0 1 0 0 6 3 3 0 0 0 0-6z"] [Line "M8 1.6v1.1M8 13.300v1.1M1.6 8h1.1M13.3 8h1.1M3.5 3.5l.8.8M11.7 11.7l.8.8M12.5 3.5l-.8.8M4.3 11.7l-.8.8"];
    System: [Line "M3 2.800h10a1 1 0 0 1 1 1v6.4a1 1 0 0 1-1 1H3a1 1 0 0 1-1-1V3.800a1 1 0 0 1 1-1z"] [Line "M5.5 13.600h5M8 11.200v2.4"];
    Help: [Line "M8 2.300a5.7 5.7 0 1 0 0 11.4A5.7 5.7 0 0 0 8 2.300z"] [Line "M6.3 6.3A1.7 1.7 0 1 1 8.6 8c-.4.2-.6.5-.6 1M8 11.2v.1"];
    Clock: [Line "M8 2.300a5.7 5.7 0 1 0 0 11.4A5.7 5.7 0 0 0 8 2.300z"] [Line "M8 4.8V8l2.2 1.3"];
    Down: [Line "m4.500 6.300 3.500 3.500 3.500-3.500"];
    Left: [Line "M9.700 4.500 6.200 8l3.500 3.500"];
    Right: [Line "M6.300 4.500 9.800 8l-3.500 3.500"];
    SortDown: [Line "M8 3v10M4.500 9.500 8 13l3.500-3.500"];
    SortUp: [Line "M8 13V3M4.500 6.500 8 3l3.500 3.500"];
    ZoomOut: [Line "M7 2.800a4.200 4.200 0 1 0 0 8.400 4.200 4.200 0 0 0 0-8.400z"] [Line "m10.200 10.200 3.300 3.300M5.200 7h3.600"];
    Search: [Line "M7 2.800a4.200 4.200 0 1 0 0 8.400 4.200 4.200 0 0 0 0-8.400z"] [Line "m10.200 10.200 3.300 3.300"];
    Pause: [Line "M6 4v8M10 4v8"];
    Play: [Line "M5 3.500v9L12.500 8z"];
    Lock: [Line "M4.400 7h7.200a1.200 1.200 0 0 1 1.200 1.200v4.100a1.200 1.200 0 0 1-1.200 1.200H4.400a1.200 1.200 0 0 1-1.200-1.200V8.200A1.200 1.200 0 0 1 4.400 7z"] [Line "M5.200 7V5a2.800 2.800 0 0 1 5.600 0v2"];
    Unlock: [Line "M4.400 7h7.200a1.200 1.200 0 0 1 1.200 1.200v4.100a1.200 1.200 0 0 1-1.200 1.200H4.400a1.200 1.200 0 0 1-1.200-1.200V8.200A1.200 1.200 0 0 1 4.400 7z"] [Line "M5.200 7V5a2.800 2.800 0 0 1 5.400-1"];
    Eye: [Line "M1.800 8S4 3.800 8 3.800 14.200 8 14.200 8 12 12.200 8 12.200 1.800 8 1.800 8z"] [Line "M8 6.200a1.800 1.800 0 1 0 0 3.600 1.800 1.800 0 0 0 0-3.600z"];
    EyeOff: [Line "M3.500 5.400C2.400 6.600 1.800 8 1.800 8S4 12.200 8 12.200c1 0 1.900-.3 2.700-.7M6.600 4A5.700 5.700 0 0 1 8 3.800c4 0 6.200 4.200 6.200 4.200a9 9 0 0 1-1.500 2.100M2.500 2.500l11 11"];
    Copy: [Line "M6.700 5.500h5.600a1.200 1.200 0 0 1 1.200 1.200v5.600a1.200 1.200 0 0 1-1.200 1.200H6.700a1.200 1.200 0 0 1-1.200-1.200V6.700a1.200 1.200 0 0 1 1.200-1.200z"] [Line "M3.500 10.500h-.3A1.200 1.200 0 0 1 2 9.300V3.200A1.200 1.200 0 0 1 3.200 2h6.100a1.200 1.200 0 0 1 1.200 1.200v.3"];
    Download: [Line "M8 2.800v7.500M4.800 7.300 8 10.500l3.200-3.200"] [Line "M2.500 10.500v1.800a1.200 1.200 0 0 0 1.200 1.200h8.600a1.200 1.200 0 0 0 1.200-1.200v-1.800"];
    Certificate: [Line "M8 2.300a3.700 3.700 0 1 0 0 7.400 3.700 3.700 0 0 0 0-7.400z"] [Line "m5.800 9-1.300 4.900L8 12.300l3.500 1.600L10.200 9"];
    Upload: [Line "M8 10.500V3M4.800 6 8 2.800 11.200 6"] [Line "M2.500 10.500v1.800a1.200 1.200 0 0 0 1.200 1.200h8.600a1.200 1.200 0 0 0 1.200-1.200v-1.800"];
    Metrics: [Line "M3 3h4v4H3zM9 3h4v4H9zM3 9h4v4H3z"] [Line "M11 9.200v4M9 11.200h4"];
    Lines: [Line "M2.500 3.500h11M5.500 6.500h8M5.500 9.500h5M2.500 12.500h11"];
    Tree: [Line "M3 2.500v9a1.500 1.500 0 0 0 1.500 1.500H6M3 7h3"] [Line "M8 5h5.500v4H8zM8 11.200h5.500v2.600H8zM2 2.500h2"];
    Close: [Line "m4 4 8 8M12 4l-8 8"];
    Leave: [Line "M6.500 2.500H3.700a1.200 1.200 0 0 0-1.200 1.200v8.600a1.200 1.200 0 0 0 1.200 1.200h2.800"] [Line "M10.500 5 13.500 8l-3 3M13.300 8H6.500"];
    Compass: [Line "M8 2.300a5.7 5.7 0 1 0 0 11.4A5.7 5.7 0 0 0 8 2.300z"] [Line "m10.400 5.600-1.500 3.300-3.300 1.500 1.500-3.300z"];
    Unplugged: [Line "M6 2.500v2.800M10 2.500v2.800M4.300 5.300h7.400v2.200A3.700 3.700 0 0 1 8 11.200a3.700 3.700 0 0 1-3.700-3.700zM8 11.200v2.300"];
    Ok: [Solid "M8 1.500a6.500 6.500 0 1 0 0 13 6.500 6.500 0 0 0 0-13z"] [Knock "m5 8.200 2.100 2.100L11 6"];
    Warning: [Solid "M8 1.500c.5 0 .9.3 1.200.7l5.600 10c.5.9-.1 2-1.200 2H2.400c-1.100 0-1.700-1.100-1.200-2l5.600-10c.3-.4.7-.7 1.200-.7z"] [Knock "M8 6v3.300M8 11.700v.1"];
    Critical: [Solid "M5.300 1.500h5.400l3.800 3.800v5.400l-3.800 3.800H5.300l-3.800-3.800V5.300z"] [Knock "m5.900 5.900 4.200 4.200M10.100 5.900l-4.200 4.200"];
    Progress: [Dashed "M8 2.400a5.600 5.600 0 1 0 0 11.200A5.600 5.600 0 0 0 8 2.400z"] [Solid "M8 4.700a3.300 3.300 0 0 1 0 6.600z"];
    Done: [Line "M8 2.400a5.600 5.600 0 1 0 0 11.200A5.600 5.600 0 0 0 8 2.400z"] [Line "m5.600 8.200 1.700 1.700 3.200-3.600"];
    Unknown: [Dashed "M8 2.400a5.600 5.600 0 1 0 0 11.200A5.600 5.600 0 0 0 8 2.400z"] [Line "M6.700 6.700A1.400 1.400 0 1 1 8.500 8c-.3.2-.5.400-.5.800M8 10.700v.1"];
}

/// An icon of the size of its text. It says nothing to screen readers: the words beside it do.
#[component]
pub(crate) fn Icon(#[prop(into)] name: Signal<IconName>) -> impl IntoView {
    view! {
        <svg class="icon" viewBox="0 0 16 16" aria-hidden="true" focusable="false">
            {move || {
                name.get()
                    .strokes()
                    .iter()
                    .map(|(ink, path)| {
                        let class = match ink {
                            Ink::Line => "icon__line",
                            Ink::Solid => "icon__solid",
                            Ink::Knock => "icon__knock",
                            Ink::Dashed => "icon__dashed",
                        };
                        view! { <path class=class d=*path></path> }
                    })
                    .collect_view()
            }}
        </svg>
    }
}
