//! What a picture is, and how large and how many may be: the same for every door.

/// The largest picture, in bytes.
pub const MAX_IMAGE_BYTES: usize = 10_000_000;
/// All pictures of a request together, in bytes.
pub const MAX_IMAGES_BYTES: usize = 14_000_000;
/// Pictures in one message of a user.
pub const MAX_IMAGES: usize = 8;

/// The MIME type of a picture, by its first bytes (12 are enough); `None` when it is none of jpeg, png, gif and webp.
pub fn picture_type(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0xff, 0xd8, 0xff, ..] => Some("image/jpeg"),
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some("image/png"),
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some("image/gif"),
        _ if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") => Some("image/webp"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_what_its_first_bytes_say() {
        for (bytes, mime) in [
            (&b"\xff\xd8\xff\xe0rest"[..], Some("image/jpeg")),
            (b"\x89PNG\r\n\x1a\nrest of it", Some("image/png")),
            (b"GIF89a", Some("image/gif")),
            (b"RIFF\x10\0\0\0WEBPVP8 ", Some("image/webp")),
            (b"RIFF\x10\0\0\0WAVEfmt ", None),
            (b"<svg xmlns=", None),
            (b"\x89PNG", None),
            (b"", None),
        ] {
            assert_eq!(picture_type(bytes), mime, "{bytes:?}");
        }
    }
}
