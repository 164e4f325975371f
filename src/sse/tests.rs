use super::*;
use futures_util::{FutureExt, stream};
use proptest::prelude::*;

type Read = Vec<Result<Event, ReadError<&'static str>>>;

fn read(pieces: Vec<Vec<u8>>) -> Read {
    let pieces = pieces.into_iter().map(|piece| Ok(Bytes::from(piece)));
    let events = events(stream::iter(pieces)).collect::<Vec<_>>();
    events.now_or_never().expect("nothing to wait for")
}

fn data(texts: &[&str]) -> Read {
    let event = |text: &&str| Event {
        kind: "message".into(),
        data: (*text).into(),
    };
    texts.iter().map(event).map(Ok).collect()
}

#[test]
fn line_ends_of_every_kind_and_comments_are_understood() {
    let stream = ": hello\n\ndata: a\n\ndata:b\r\n\r\n:x\r\ndata: c\r\rdata: d1\ndata: d2\n\n";
    assert_eq!(read(vec![stream.into()]), data(&["a", "b", "c", "d1\nd2"]));
}

#[test]
fn an_event_without_its_blank_line_counts_at_the_end() {
    assert_eq!(
        read(vec![b"data: a\n\ndata: [DONE]".to_vec()]),
        data(&["a", "[DONE]"])
    );
}

#[test]
fn a_byte_order_mark_at_the_beginning_means_nothing() {
    let stream = "\u{feff}data: \u{feff}a\n\n\u{feff}data: b\n\ndata: c\n\n";
    let wanted = data(&["\u{feff}a", "c"]);
    assert_eq!(read(vec![stream.into()]), wanted);
    let single = stream.bytes().map(|byte| vec![byte]).collect();
    assert_eq!(read(single), wanted);
    assert_eq!(read(vec!["\u{feff}\u{feff}data: a\n\n".into()]), []);
}

#[test]
fn an_event_has_its_type() {
    let events = read(vec![b"event: ping\ndata: {}\n\n".to_vec()]);
    let ping = Event {
        kind: "ping".into(),
        data: "{}".into(),
    };
    assert_eq!(events, [Ok(ping)]);
}

#[test]
fn fields_are_read_as_the_format_has_them() {
    let stream =
        "data\ndata:\ndata:  x\nid: 7\nretry: 1\nevent:\nnot data: y\n\n\nevent: e\n\ndata:\n\n";
    assert_eq!(read(vec![stream.into()]), data(&["\n\n x"]));
}

#[test]
fn bytes_that_are_not_utf8_are_an_error_at_their_event_and_the_last() {
    let events = read(vec![b"data: a\n\ndata: \xff\n\ndata: b\n\n".to_vec()]);
    assert_eq!(events[0], data(&["a"])[0]);
    assert_eq!(events[1..], [Err(ReadError::NotUtf8)]);
}

#[test]
fn an_event_that_never_ends_is_refused_at_the_cap() {
    let piece = vec![b'x'; 1024 * 1024];
    let events = read(vec![piece; 10]);
    assert_eq!(events.last(), Some(&Err(ReadError::TooLong)));
}

proptest! {
    #[test]
    fn no_order_of_marks_line_ends_and_bytes_makes_it_panic(
        pieces in prop::collection::vec(
            prop::sample::select(vec![
                "\u{feff}".as_bytes(), b"\n", b"\r", b"\r\n", b"data", b":", b" ", b"\xff", b"\0",
            ]),
            0..24,
        ),
    ) {
        fuzzing::stream(&pieces.concat());
    }

    #[test]
    fn events_do_not_depend_on_where_the_bytes_are_cut(
        texts in prop::collection::vec("[a-zäß€😀 :]{0,20}", 1..8),
        line_end in prop::sample::select(vec!["\n", "\r\n", "\r"]),
        cuts in prop::collection::vec(1usize..9, 1..200),
    ) {
        let mut stream = Vec::new();
        for text in &texts {
            stream.extend_from_slice(format!("data: x{text}{line_end}{line_end}").as_bytes());
        }
        let mut pieces = Vec::new();
        let mut cuts = cuts.into_iter().cycle();
        while !stream.is_empty() {
            let cut = cuts.next().unwrap_or(1).min(stream.len());
            let rest = stream.split_off(cut);
            pieces.push(std::mem::replace(&mut stream, rest));
        }
        let wanted: Vec<String> = texts.iter().map(|text| format!("x{text}")).collect();
        let wanted: Vec<&str> = wanted.iter().map(String::as_str).collect();
        prop_assert_eq!(read(pieces), data(&wanted));
    }
}
