//! Collects the metrics of this process, and writes them as Prometheus reads them.

use std::time::Duration;

use ::metrics::{Key, SharedString, Unit};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

use super::catalog::{
    ALL, BUILD_INFO, GATEWAY_STATE, Kind, LEASE_STATE, NOTICES_GIVEN_UP, PANICS, READY,
    REQUESTS_OPENED,
};
use super::gauges::{self, FRESH, known};
use super::{METADATA, count, key};
use crate::standing::{Duty, Link, Standing};

/// The content type of the text format (Prometheus's documentation, "Exposition formats").
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Why nothing is collected.
#[derive(Debug, thiserror::Error)]
#[error("metrics cannot be collected: {0}")]
pub struct NotInstalled(String);

/// The metrics of this process.
#[derive(Clone)]
pub struct Exporter {
    handle: PrometheusHandle,
    fresh: Duration,
}

impl Exporter {
    /// Starts collecting. `interval` is the longest pause between two looks at the locks.
    ///
    /// # Errors
    /// If the process collects metrics already.
    pub fn install(interval: Duration) -> Result<Self, NotInstalled> {
        let no = |error: &dyn std::fmt::Display| NotInstalled(error.to_string());
        let mut builder = PrometheusBuilder::new();
        for metric in ALL {
            if let Kind::Histogram(buckets) = metric.kind {
                let name = Matcher::Full(metric.name.to_owned());
                builder =
                    builder.set_buckets_for_metric(name, buckets).map_err(|error| no(&error))?;
            }
        }
        let recorder = builder.build_recorder();
        let handle = recorder.handle();
        ::metrics::set_global_recorder(recorder).map_err(|error| no(&error))?;
        gauges::begin();
        describe();
        Ok(Self { handle, fresh: FRESH.max(interval * 4) })
    }

    /// Compacts what was measured since the last scrape, so that it takes no memory if nobody scrapes. Call
    /// it every few seconds.
    pub fn tidy(&self) {
        self.handle.run_upkeep();
    }

    /// All metrics as text. `is_ready` is what `/readyz` says.
    #[must_use]
    pub fn render(&self, standing: &Standing, is_ready: bool) -> String {
        gauge(&key(&READY, []), is_ready);
        for (state, is_now) in duties(standing) {
            gauge(&key(&LEASE_STATE, [state.into()]), is_now);
        }
        for (state, is_now) in links(&standing.link()) {
            gauge(&key(&GATEWAY_STATE, [state.into()]), is_now);
        }
        let gauges = known(self.fresh).into_iter();
        #[cfg(target_os = "linux")]
        let gauges = gauges.chain(super::process::measured());
        for (key, value) in gauges {
            set(&key, value);
        }
        self.handle.render()
    }
}

fn duties(standing: &Standing) -> [(&'static str, bool); 4] {
    let (now, is_over) = (standing.duty(), standing.is_in_doubt());
    let is_holder = matches!(now, Duty::Holder { .. });
    [
        ("starting", now == Duty::Starting),
        ("standby", now == Duty::Standby),
        ("holder", is_holder && !is_over),
        ("lapsed", is_holder && is_over),
    ]
}

fn links(now: &Link) -> [(&'static str, bool); 3] {
    [
        ("off", *now == Link::Off),
        ("down", matches!(now, Link::Down { .. })),
        ("connected", *now == Link::Connected),
    ]
}

fn gauge(key: &Key, is_so: bool) {
    set(key, f64::from(u8::from(is_so)));
}

fn set(key: &Key, value: f64) {
    ::metrics::with_recorder(|recorder| recorder.register_gauge(key, &METADATA).set(value));
}

/// Tells the recorder what each metric says. What can be counted without labels is there from the start, so that
/// its first increase shows.
fn describe() {
    ::metrics::with_recorder(|recorder| {
        for metric in ALL {
            let (name, help) = (metric.name.into(), SharedString::const_str(metric.help));
            let unit = metric.name.ends_with("_seconds").then_some(Unit::Seconds);
            match metric.kind {
                Kind::Counter => recorder.describe_counter(name, unit, help),
                Kind::Gauge => recorder.describe_gauge(name, unit, help),
                Kind::Histogram(_) => recorder.describe_histogram(name, unit, help),
            }
        }
    });
    for metric in [&PANICS, &REQUESTS_OPENED, &NOTICES_GIVEN_UP] {
        count(metric, [], 0);
    }
    gauge(&key(&BUILD_INFO, [env!("CARGO_PKG_VERSION").into()]), true);
}
