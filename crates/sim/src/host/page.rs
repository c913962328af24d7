//! The pages instances serve.

/// The login page of an installed instance.
pub(crate) fn login(title: &str) -> String {
    let title = title
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;");
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <title>{title} - Kamiwaza login</title></head>\n<body id=\"kamiwaza\">\
         <h1>{title}</h1>\n<form class=\"login\" method=\"post\" action=\"/login\">\
         <label>User <input name=\"username\"></label> \
         <label>Password <input name=\"password\" type=\"password\"></label> \
         <button>Log in</button></form>\n<p>kamiwaza login</p></body></html>\n"
    )
}

/// What a proxy says while its application is being installed.
pub(crate) fn bad_gateway() -> String {
    plain("502 Bad Gateway")
}

/// What an application says that is broken.
pub(crate) fn internal_error() -> String {
    plain("500 Internal Server Error")
}

/// A page that answers 200 and is not the product: the proxy's own.
pub(crate) fn welcome() -> String {
    plain("Welcome to nginx!")
}

fn plain(text: &str) -> String {
    format!(
        "<html>\n<head><title>{text}</title></head>\n<body>\n<center><h1>{text}</h1></center>\n\
         <hr><center>nginx</center>\n</body>\n</html>\n"
    )
}
