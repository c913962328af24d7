//! XML as a stream of elements, without document types: an entity is never expanded beyond XML's own five.

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

/// One step through a document; names are without their prefix.
pub(crate) enum Step<'a> {
    /// An element begins (an empty one ends at once, too).
    Begin(&'a str, &'a dyn Fn(&str) -> Option<String>),
    /// An element ends, with the text directly in it.
    End(&'a str, &'a str),
}

/// The longest text kept of one element, in bytes; the rest of a longer one is dropped.
const LONGEST: usize = 16 * 1024;

/// Walks through a document. Fails for a document type, too deep nesting and what is no XML.
pub(crate) fn walk(text: &str, mut step: impl FnMut(Step<'_>)) -> Result<(), String> {
    let mut reader = Reader::from_str(text);
    let mut texts: Vec<String> = Vec::new();
    loop {
        let at = reader.buffer_position();
        let event = reader
            .read_event()
            .map_err(|cause| format!("is no XML at byte {at}: {cause}"))?;
        match event {
            Event::DocType(_) => {
                return Err(
                    "declares a document type, which no feed needs and which is not read"
                        .to_owned(),
                );
            }
            Event::Start(element) => {
                if texts.len() >= 64 {
                    return Err(format!("nests deeper than 64 elements at byte {at}"));
                }
                texts.push(String::new());
                begin(&element, &mut step);
            }
            Event::Empty(element) => {
                begin(&element, &mut step);
                step(Step::End(&local(element.name().as_ref()), ""));
            }
            Event::End(element) => {
                let text = texts.pop().unwrap_or_default();
                step(Step::End(&local(element.name().as_ref()), text.trim()));
            }
            Event::Text(found) => append(&mut texts, &found),
            Event::CData(found) => append(&mut texts, &found),
            Event::GeneralRef(found) => {
                let known = match found.as_ref() {
                    "amp" => "&",
                    "lt" => "<",
                    "gt" => ">",
                    "quot" => "\"",
                    "apos" => "'",
                    // A character by number or an unknown entity: nothing that is kept needs it.
                    _ => "?",
                };
                append(&mut texts, known);
            }
            Event::Eof if texts.is_empty() => return Ok(()),
            Event::Eof => return Err("ends within an element".to_owned()),
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
        }
    }
}

fn append(texts: &mut [String], found: &str) {
    if let Some(text) = texts.last_mut() {
        let room = LONGEST.saturating_sub(text.len());
        text.extend(found.chars().take(room));
    }
}

fn local(name: &str) -> String {
    name.rsplit(':').next().unwrap_or_default().to_owned()
}

fn begin(element: &BytesStart<'_>, step: &mut impl FnMut(Step<'_>)) {
    let attribute = |name: &str| {
        let found = element
            .attributes()
            .flatten()
            .find(|attribute| attribute.key.as_ref() == name)?;
        Some(found.value.into_owned())
    };
    step(Step::Begin(&local(element.name().as_ref()), &attribute));
}
