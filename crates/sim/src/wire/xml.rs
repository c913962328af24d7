//! A small XML writer: elements, text, escaping; nothing else is needed to answer.

/// XML text being written.
#[derive(Debug, Default)]
pub(crate) struct Xml(String);

impl Xml {
    /// `<name>` … `</name>` around what `inside` writes.
    pub(crate) fn el(&mut self, name: &str, inside: impl FnOnce(&mut Xml)) {
        self.0.push_str(&format!("<{name}>"));
        inside(self);
        self.0.push_str(&format!("</{name}>"));
    }

    /// An element holding text.
    pub(crate) fn text(&mut self, name: &str, value: impl AsRef<str>) {
        self.el(name, |xml| escape(value.as_ref(), &mut xml.0));
    }

    /// An element holding a number or a flag.
    pub(crate) fn value(&mut self, name: &str, value: impl std::fmt::Display) {
        self.text(name, value.to_string());
    }

    /// An element only if there is something to hold.
    pub(crate) fn maybe(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.text(name, value);
        }
    }

    /// `<name><item>…</item>…</name>`, EC2's form of a list.
    pub(crate) fn items<T>(
        &mut self,
        name: &str,
        items: impl IntoIterator<Item = T>,
        mut each: impl FnMut(&mut Xml, T),
    ) {
        self.el(name, |xml| {
            for item in items {
                xml.el("item", |xml| each(xml, item));
            }
        });
    }

    pub(crate) fn into_string(self) -> String {
        self.0
    }
}

fn escape(text: &str, out: &mut String) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            // XML 1.0 has no way to write these, not even escaped.
            c if c.is_control() && !matches!(c, '\n' | '\r' | '\t') => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_escaped_and_lists_have_items() {
        let mut xml = Xml::default();
        xml.text("name", "a<b>&\"c\"\u{1}");
        xml.items("set", [1, 2], |xml, n| xml.value("n", n));
        xml.maybe("none", None);
        let want = "<name>a&lt;b&gt;&amp;&quot;c&quot;\u{fffd}</name>\
                    <set><item><n>1</n></item><item><n>2</n></item></set>";
        assert_eq!(xml.into_string(), want);
    }
}
