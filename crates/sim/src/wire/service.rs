//! Which AWS service a call is for.

/// The APIs; which one is meant is told by target header and version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Service {
    Ec2,
    Sts,
    Ssm,
    Quotas,
    /// A service this region does not have, that speaks JSON.
    Other,
}

impl Service {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Ec2 => "ec2",
            Self::Sts => "sts",
            Self::Ssm => "ssm",
            Self::Quotas => "servicequotas",
            Self::Other => "other",
        }
    }

    /// Whether requests and answers are JSON.
    pub(crate) fn speaks_json(self) -> bool {
        matches!(self, Self::Ssm | Self::Quotas | Self::Other)
    }

    /// The service a target header names.
    pub(super) fn of_target(prefix: &str) -> Self {
        match prefix {
            "AmazonSSM" => Self::Ssm,
            "ServiceQuotasV20190624" => Self::Quotas,
            _ => Self::Other,
        }
    }
}
