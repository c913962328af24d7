//! Two small things of the wire: path segments that cannot climb, and server-sent events cut anywhere.

use crate::event::Event;

/// One path segment, percent-encoded where it must be.
pub(crate) fn segment(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                char::from(byte).to_string()
            }
            other => format!("%{other:02X}"),
        })
        .collect()
}

/// Takes whole server-sent events off the buffer; comments and unknown events are skipped.
pub(crate) fn sse_events(buffer: &mut Vec<u8>) -> Vec<Event> {
    let mut events = Vec::new();
    while let Some(end) = buffer.windows(2).position(|pair| pair == b"\n\n") {
        let block: Vec<u8> = buffer.drain(..end + 2).collect();
        let text = String::from_utf8_lossy(&block);
        let data: Vec<&str> = text
            .lines()
            .filter_map(|line| line.strip_prefix("data:"))
            .map(str::trim_start)
            .collect();
        events.extend(serde_json::from_str::<Event>(&data.join("\n")).ok());
    }
    events
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn server_sent_events_survive_any_cut() {
        let line = |seq: i64| {
            format!(
                "id: {seq}\ndata: {{\"seq\":{seq},\"at\":\"2026-01-01T00:00:00Z\",\"kind\":\"k\",\"source\":\"s\",\"level\":\"info\",\"message\":\"✓ m\"}}\n\n"
            )
        };
        let whole = format!(
            ": keep-alive\n\n{}{}event: end\ndata: {{}}\n\n",
            line(1),
            line(2)
        );
        for cut in 0..whole.len() {
            let mut buffer = whole.as_bytes()[..cut].to_vec();
            let mut seen = sse_events(&mut buffer);
            buffer.extend_from_slice(&whole.as_bytes()[cut..]);
            seen.extend(sse_events(&mut buffer));
            assert_eq!(
                seen.iter().map(|event| event.seq).collect::<Vec<_>>(),
                [1, 2],
                "cut at {cut}"
            );
        }
    }

    #[test]
    fn path_segments_cannot_climb() {
        assert_eq!(segment("../x?y"), "..%2Fx%3Fy");
    }
}
