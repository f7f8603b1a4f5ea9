//! Parts that views are made of. They know messages and preferences, but no routes and no requests.
//!
//! One component a file; its looks are in `style/components/` under the same name.

mod brand;
mod chart;
mod code;
mod copy_button;
mod crumbs;
mod dialog;
mod diff_view;
mod editor;
mod face;
mod file_field;
mod gated;
mod icon;
mod kbd;
mod language_select;
mod live;
mod meter;
mod panel;
mod popover;
mod segmented;
mod select;
mod sparkline;
mod stat;
mod status;
mod text_input;
mod theme_button;
mod time_picker;
mod window;

pub(crate) use brand::{Brand, BrandMark};
pub(crate) use chart::{
    ChartData, ChartHeight, ChartLink, ChartSeries, LegendForm, PageText, PlotCanvas, SeriesButton,
    TimeRange, TimeSeriesChart, element_size, provide_chart_link, swatch_class, use_chart_link,
    use_chart_theme,
};
pub(crate) use code::Code;
pub(crate) use copy_button::CopyButton;
pub(crate) use crumbs::{Crumb, Crumbs};
pub(crate) use dialog::Dialog;
pub(crate) use diff_view::DiffView;
pub(crate) use editor::{Editor, EditorState};
pub(crate) use face::{Blank, BoneLines, BoneRows, Faced, FailureFace};
pub(crate) use file_field::{ChosenFile, FileField};
pub(crate) use gated::{GatedButton, Missing};
pub(crate) use icon::{Icon, IconName};
pub(crate) use kbd::Kbd;
pub(crate) use language_select::LanguageSelect;
pub(crate) use live::Live;
pub(crate) use meter::Meter;
pub(crate) use panel::Panel;
pub(crate) use popover::Popover;
pub(crate) use segmented::Segmented;
pub(crate) use select::Select;
pub(crate) use sparkline::{SparkTone, Sparkline};
pub(crate) use stat::Stat;
pub(crate) use status::{Badge, Status, Tone};
pub(crate) use text_input::TextInput;
pub(crate) use theme_button::{ThemeButton, theme_name};
pub(crate) use time_picker::TimePicker;
pub(crate) use window::rows_near;
