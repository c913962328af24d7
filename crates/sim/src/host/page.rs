//! The pages instances serve.

/// The page of an installed instance: under its name the words its script says, which may be markup.
pub(crate) fn own(title: &str, body: &str) -> String {
    let title = title
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;");
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title></head>\n\
         <body><h1>{title}</h1>\n<p>{body}</p></body></html>\n"
    )
}

/// What is said at every path but the script's.
pub(crate) fn not_found() -> String {
    plain("404 Not Found")
}

/// What a proxy says while its application is being installed.
pub(crate) fn bad_gateway() -> String {
    plain("502 Bad Gateway")
}

/// What an application says that is broken.
pub(crate) fn internal_error() -> String {
    plain("500 Internal Server Error")
}

/// A page that answers as expected and is not the product: the proxy's own.
pub(crate) fn welcome() -> String {
    plain("Welcome to nginx!")
}

fn plain(text: &str) -> String {
    format!(
        "<html>\n<head><title>{text}</title></head>\n<body>\n<center><h1>{text}</h1></center>\n\
         <hr><center>nginx</center>\n</body>\n</html>\n"
    )
}
