//! Plays the bytes of a streamed answer to a reader, cut where a test says.

use bytes::Bytes;
use futures_util::{FutureExt, StreamExt, stream};

use super::ProviderError;
use super::answer::{Events, Reader};
use crate::sse;

/// What is read of `pieces`, an error as its last item, each in its `Debug` form.
pub fn replay(pieces: Vec<&[u8]>, reader: impl Reader) -> Vec<String> {
    let pieces = pieces.into_iter().map(Bytes::copy_from_slice);
    let bytes = stream::iter(pieces.map(Ok::<_, ProviderError>).collect::<Vec<_>>());
    let events = Events::new("p", sse::events(bytes), reader).map(|event| match event {
        Ok(event) => format!("{event:?}"),
        Err(error) => format!("error: {error}"),
    });
    let events = events.collect::<Vec<_>>().now_or_never();
    events.expect("nothing to wait for")
}

/// What is read is the same wherever the stream is cut in two, and cut into single bytes.
pub fn assert_the_same_wherever_it_is_cut<R: Reader>(stream: &str, reader: impl Fn() -> R) {
    let bytes = stream.as_bytes();
    let whole = replay(vec![bytes], reader());
    for cut in 1..bytes.len() {
        let (head, tail) = bytes.split_at(cut);
        assert_eq!(replay(vec![head, tail], reader()), whole, "cut at {cut}");
    }
    let single = bytes.chunks(1).collect();
    assert_eq!(replay(single, reader()), whole, "cut everywhere");
}
