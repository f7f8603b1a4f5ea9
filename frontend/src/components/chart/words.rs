//! What charts say.

use crate::i18n::Lang;

macro_rules! words {
    ($($key:ident: $english:literal, $korean:literal;)*) => {
        /// One message of a chart.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Word { $($key),* }

        impl Word {
            /// Its words in `lang`.
            pub(super) fn text(self, lang: Lang) -> &'static str {
                match (self, lang) {
                    $((Self::$key, Lang::English) => $english, (Self::$key, Lang::Korean) => $korean,)*
                }
            }
        }
    };
}

words! {
    NoSamples: "No samples in this range", "이 기간에 샘플이 없습니다";
    NoSamplesSince: "No samples since {time}", "{time} 이후 샘플이 없습니다";
    NoSamplesBetween: "No samples from {from} to {to}", "{from}부터 {to}까지 샘플이 없습니다";
    MoreSeries: "{n} more", "{n}개 더";
    SeriesShown: "The first {n} of {total} series", "시계열 {total}개 중 처음 {n}개";
    ShowAll: "Show all", "모두 표시";
    ShowFewer: "Show fewer", "간단히 표시";
    ShowTable: "Show as table", "표로 보기";
    HideTable: "Hide table", "표 숨기기";
    Time: "Time", "시각";
    Series: "Series", "시계열";
    Mean: "Mean", "평균";
    Max: "Max", "최대";
    Last: "Last", "현재";
    LegendHint: "Click shows only this series, Ctrl and click hides it or shows it again", "클릭하면 이 시계열만 표시하고, Ctrl+클릭하면 숨기거나 다시 표시합니다";
    Summary: "{title}, {from} to {to}: {series}", "{title}, {from}부터 {to}까지: {series}";
    SummarySeries: "{name} is {last}, between {min} and {max}", "{name} 현재 {last}, 최소 {min}, 최대 {max}";
    KeysHint: "Arrow keys move along the samples, plus and minus zoom", "화살표 키로 샘플을 이동하고, 더하기와 빼기 키로 확대하거나 축소합니다";
}
