//! Prices of instance types, as the API shows and takes them.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// What an instance type costs in a region, on demand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Price {
    /// Such as `us-east-1`.
    pub region: String,
    /// Such as `c5.xlarge`.
    pub instance_type: String,
    /// The system whose licence it includes: `linux` (none), `rhel`, `suse` or `windows`.
    #[serde(default = "linux")]
    pub os: String,
    /// US dollars as text, exact to six decimals.
    pub usd_per_hour: String,
    /// The date the figure is of.
    pub as_of: String,
    /// Where it is from.
    pub source: String,
    /// Whether there is no figure of its own: then it is half as much again as us-east-1's, or Linux's with the surcharge of the
    /// system.
    pub assumed: bool,
}

/// Which price.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct PriceFilter {
    /// Of this type; all that are known in the region when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance_type: Option<String>,
    /// In this region; us-east-1 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// With this system: `linux`, `rhel`, `suse` or `windows`; linux when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub os: Option<String>,
}

/// A figure to be loaded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PriceFigure {
    /// Such as `eu-central-1`.
    pub region: String,
    /// Such as `c5.xlarge`.
    pub instance_type: String,
    /// US dollars as text, above 0, at most six decimals.
    pub usd_per_hour: String,
    /// The system whose licence it includes: `linux`, `rhel`, `suse` or `windows`; linux when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub os: Option<String>,
}

fn linux() -> String {
    "linux".to_owned()
}

/// Figures with where they are from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PriceLoad {
    /// Such as the file's name or the page's address, in 1 to 500 characters.
    #[schema(min_length = 1, max_length = 500)]
    pub source: String,
    /// The date they are of, `YYYY-MM-DD`.
    pub as_of: String,
    /// 1 to 10,000 of them; one replaces the figure of its type, region and system.
    #[schema(min_items = 1, max_items = 10000)]
    pub prices: Vec<PriceFigure>,
}

/// What was loaded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PricesLoaded {
    /// How many figures.
    pub loaded: usize,
    /// How many of them are the first of their type, region and system.
    #[serde(default)]
    pub new: usize,
    /// How many are another amount than before; the story of prices tells from what.
    #[serde(default)]
    pub changed: usize,
}
