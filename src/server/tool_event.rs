//! What tools of the house do, as an event of a stream: an addition of ours to every dialect.

use serde::Serialize;

use crate::chat::ToolActivity;

/// What tools of the house do, as an event with a name of its own, which only callers who asked for it are sent.
pub fn write(out: &mut Vec<u8>, activity: &ToolActivity) {
    out.extend_from_slice(b"event: openclaw.tool\ndata: ");
    write_activity(out, activity);
    out.extend_from_slice(b"\n\n");
}

/// The same as one JSON object on a line: `{"type": "openclaw.tool", "activity"}`.
pub fn write_line(out: &mut Vec<u8>, activity: &ToolActivity) {
    out.extend_from_slice(b"{\"type\":\"openclaw.tool\",\"activity\":");
    write_activity(out, activity);
    out.extend_from_slice(b"}\n");
}

fn write_activity(out: &mut Vec<u8>, activity: &ToolActivity) {
    #[derive(Serialize)]
    #[serde(tag = "type", rename_all = "snake_case")]
    enum Shape<'a> {
        Called {
            id: &'a str,
            name: &'a str,
            arguments: &'a str,
        },
        Answered {
            id: &'a str,
            name: &'a str,
            is_error: bool,
            text: &'a str,
        },
    }
    let shape = match activity {
        ToolActivity::Called(call) => Shape::Called {
            id: &call.id,
            name: &call.name,
            arguments: &call.arguments,
        },
        ToolActivity::Answered {
            id,
            name,
            is_error,
            text,
        } => Shape::Answered {
            id,
            name,
            is_error: *is_error,
            text,
        },
    };
    serde_json::to_writer(out, &shape).expect("strings are written to memory");
}
