//! What a process tells about itself: metrics in the Prometheus format with closed label sets (OPERATIONS section 3),
//! health, and structured logs.

pub mod logs;
pub mod metrics;
pub mod server;

pub use logs::LogFormat;
pub use metrics::Metrics;
pub use server::{Health, HealthCheck, router, serve};
