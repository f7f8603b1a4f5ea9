//! A time axis that slides to where it is to be.

use crowsnest_chart::TimeRange;
use leptos::prelude::*;

/// How long a slide takes, in milliseconds: `--motion-slow`.
const DURATION: f64 = 220.0;
/// A range that moves by more than this share of itself jumps.
const FURTHEST: i64 = 8;

/// `range`, but where it moves on by a little, as live charts do, in small steps that the eye takes for movement.
/// Jumps, changes of length and reduced motion are followed at once.
pub(super) fn sliding(range: Signal<TimeRange>) -> Signal<TimeRange> {
    let shown = RwSignal::new(range.get_untracked());
    // Counts the slides, so that one that is overtaken by the next stops.
    let slide = StoredValue::new(0u32);
    Effect::new(move |_| {
        let to = range.get();
        let from = shown.get_untracked();
        slide.update_value(|slide| *slide = slide.wrapping_add(1));
        let moved = to.start_ms - from.start_ms;
        let same_length = (to.span_ms() - from.span_ms()).abs() <= to.span_ms() / 100;
        if !same_length || moved <= 0 || moved > to.span_ms() / FURTHEST || wants_no_motion() {
            if from != to {
                shown.set(to);
            }
            return;
        }
        step(Slide { shown, from, to, began: now(), slide, number: slide.get_value() });
    });
    shown.into()
}

#[derive(Clone, Copy)]
struct Slide {
    shown: RwSignal<TimeRange>,
    from: TimeRange,
    to: TimeRange,
    began: f64,
    slide: StoredValue<u32>,
    number: u32,
}

/// Shows the next picture of the slide and asks for the one after it.
fn step(slide: Slide) {
    request_animation_frame(move || {
        // The chart may be gone, or a newer slide under way.
        if slide.slide.try_get_value() != Some(slide.number) {
            return;
        }
        let done = ((now() - slide.began) / DURATION).clamp(0.0, 1.0);
        let eased = 1.0 - (1.0 - done).powi(3);
        let between = |from: i64, to: i64| from + ((to - from) as f64 * eased).round() as i64;
        slide.shown.try_set(TimeRange {
            start_ms: between(slide.from.start_ms, slide.to.start_ms),
            end_ms: between(slide.from.end_ms, slide.to.end_ms),
        });
        if done < 1.0 {
            step(slide);
        }
    });
}

fn now() -> f64 {
    window().performance().map_or(0.0, |clock| clock.now())
}

fn wants_no_motion() -> bool {
    let query = window().match_media("(prefers-reduced-motion: reduce)").ok().flatten();
    query.is_some_and(|query| query.matches()) || document().hidden()
}
