//! The words of ours that stand where AWS gave no code.

/// Words of ours, where there was no answer with a code, and what they say.
pub const OURS: &[(&str, &str)] = &[
    ("no_code", "AWS answered without a code"),
    (
        "held_back",
        "Ingot holds calls back to stay within AWS's rates",
    ),
    ("not_sent", "AWS cannot be reached"),
    (
        "credentials_unreachable",
        "where the credentials come from cannot be reached",
    ),
    ("timeout", "AWS did not answer in time"),
    ("connection_lost", "the connection to AWS broke"),
    ("unreadable_answer", "AWS's answer could not be read"),
    ("incomplete_answer", "AWS's answer lacks what was asked for"),
    ("unknown", "the call to AWS failed"),
    ("construction", "the request could not be made"),
    ("no_region", "no region is named"),
    (
        super::WRONG_ACCOUNT,
        "the worker has credentials of another AWS account",
    ),
    ("ca_bundle", "the certificates to trust cannot be read"),
    ("tls", "TLS could not be set up"),
    ("ingress", "the rules are wrong"),
    ("parameter_value", "the parameter names no image"),
    (
        "architecture",
        "the image has an architecture Ingot does not know",
    ),
    ("clock", "this machine's clock is wrong"),
];
