//! The console's own files, inside the binary: nothing is fetched from elsewhere, and no file can be missing.

/// The content type and the bytes of a file under `/assets/`, by its name.
pub fn asset(path: &str) -> Option<(&'static str, &'static [u8])> {
    match path {
        "ingot.css" => Some((
            "text/css; charset=utf-8",
            include_bytes!("../../assets/ingot.css"),
        )),
        "live.js" => Some((
            "text/javascript; charset=utf-8",
            include_bytes!("../../assets/live.js"),
        )),
        "order.js" => Some((
            "text/javascript; charset=utf-8",
            include_bytes!("../../assets/order.js"),
        )),
        "favicon.svg" => Some(("image/svg+xml", include_bytes!("../../assets/favicon.svg"))),
        _ => None,
    }
}
