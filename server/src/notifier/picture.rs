//! The chart that goes along with a notification where its integration says `chart: true`. Whatever goes wrong with it, the notification goes out, without one.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use crowsnest_alerting::alertmanager::Integration;
use crowsnest_alerting::dispatch::{Alert, Notification};
use crowsnest_api::Timestamp;
use crowsnest_promql::Control;
use tokio::sync::Semaphore;
use tracing::warn;

use crate::render::alert::ChartError;

/// How many are drawn at once.
const AT_ONCE: usize = 2;
/// How long a notification waits for its chart, waiting for its turn included.
const PATIENCE: Duration = Duration::from_secs(10);

/// Draws alerts.
pub(crate) trait Illustrate: Send + Sync {
    /// A chart of these alerts as PNG; nothing where there is nothing of them to draw.
    ///
    /// # Errors
    /// Why it cannot be drawn.
    fn draw(
        &self,
        alerts: &[Alert],
        now: Timestamp,
        control: &Control,
    ) -> Result<Option<Vec<u8>>, ChartError>;
}

/// Where charts are drawn, few at a time.
pub(crate) struct Studio {
    illustrator: OnceLock<Arc<dyn Illustrate>>,
    places: Semaphore,
}

impl Default for Studio {
    fn default() -> Self {
        Self { illustrator: OnceLock::new(), places: Semaphore::new(AT_ONCE) }
    }
}

impl Studio {
    /// Has charts drawn by this one from now on.
    pub(crate) fn engage(&self, illustrator: impl Illustrate + 'static) {
        // There is one, made when the server starts.
        drop(self.illustrator.set(Arc::new(illustrator)));
    }

    /// The chart of a notification, where the integration wants one and it can be drawn in time.
    pub(super) async fn chart(
        &self,
        integration: &Integration,
        notification: &Notification,
    ) -> Option<Vec<u8>> {
        if !integration.text("chart").is_some_and(|text| text.eq_ignore_ascii_case("true")) {
            return None;
        }
        let illustrator = Arc::clone(self.illustrator.get()?);
        let (alerts, now) = (notification.alerts.clone(), notification.at);
        let stop = Arc::new(AtomicBool::new(false));
        let control = control(Arc::clone(&stop));
        let drawn = tokio::time::timeout(PATIENCE, async {
            let place = self.places.acquire().await;
            let drawing = tokio::task::spawn_blocking(move || illustrator.draw(&alerts, now, &control)).await;
            drop(place);
            drawing
        });
        let why = match drawn.await {
            Ok(Ok(Ok(png))) => return png,
            Ok(Ok(Err(error))) => format!("{:#}", anyhow::Error::new(error)),
            Ok(Err(error)) => error.to_string(),
            Err(_) => {
                stop.store(true, std::sync::atomic::Ordering::Relaxed);
                format!("it is not drawn after {} s", PATIENCE.as_secs())
            }
        };
        let group = &notification.group_key;
        warn!(group, why, "a notification goes out without its chart");
        None
    }
}

/// Ends a query when it is told to, or when the time is up.
fn control(stop: Arc<AtomicBool>) -> Control {
    let began = Instant::now();
    Control::new(stop, move || began.elapsed())
}
