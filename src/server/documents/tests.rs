//! Files of each kind, read; and what is refused.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::*;

fn limits() -> Limits {
    Limits::of(&FetchConfig::default())
}

fn text_of(bytes: &[u8], declared: Option<&str>, filename: Option<&str>) -> Result<String, String> {
    let read = read(bytes, declared, filename, &limits());
    read.map(|read| format!("{}: {}", read.mime, read.text))
        .map_err(|error| error.to_string())
}

#[test]
fn each_kind_is_read_as_what_it_is() {
    type Case = (
        &'static [u8],
        Option<&'static str>,
        Option<&'static str>,
        &'static str,
    );
    let cases: [Case; 10] = [
        (b"a\r\nb", Some("text/plain"), None, "text/plain: a\nb"),
        (
            b"# T",
            Some("TEXT/Markdown; charset=utf-8"),
            None,
            "text/markdown: # T",
        ),
        (
            b"<h1>T</h1><script>x</script><p>a &amp; b",
            Some("text/html"),
            None,
            "text/html: # T\n\na & b",
        ),
        (b"a,b\n1,2\n", None, Some("t.CSV"), "text/csv: a,b\n1,2\n"),
        (
            b"{}",
            Some("application/octet-stream"),
            Some("x.json"),
            "application/json: {}",
        ),
        (
            b"\xef\xbb\xbfplain\x1b[31m",
            None,
            None,
            "text/plain: plain[31m",
        ),
        (
            b"gr\xfc\xdfe \x80",
            Some("text/plain;charset=ISO-8859-1"),
            None,
            "text/plain: grüße €",
        ),
        (
            b"\xff\xfeh\0i\0",
            Some("text/plain"),
            None,
            "text/plain: hi",
        ),
        (b"x", Some("text/csv"), Some("x.pdf"), "text/csv: x"),
        (
            b"<meta charset='ISO-8859-1'><p>gr\xfc\xdfe",
            Some("text/html"),
            None,
            "text/html: gr\u{fc}\u{df}e",
        ),
    ];
    for (bytes, declared, filename, expected) in cases {
        assert_eq!(text_of(bytes, declared, filename), Ok(expected.to_owned()));
    }
}

#[test]
fn what_cannot_be_used_is_refused_with_the_reason() {
    let accepted =
        "text/plain, text/markdown, text/html, text/csv, application/json, application/pdf";
    let cases: [(&[u8], Option<&str>, String); 7] = [
        (b"", None, "is empty".to_owned()),
        (b" \n ", Some("text/plain"), "is empty".to_owned()),
        (b"x", Some("image/png"), format!("is of type `image/png`; accepted here: {accepted}")),
        (b"PK\x03\x04\0", None, format!("is of type `application/octet-stream`; accepted here: {accepted}")),
        (
            b"gr\xfc\xdfe",
            Some("text/plain"),
            "is not text in utf-8; name its charset (`data:text/plain;charset=windows-1252;base64,…`)".to_owned(),
        ),
        (b"x", Some("application/pdf"), "is not a PDF".to_owned()),
        (&[b'x'; 5_000_001], Some("text/plain"), "is larger than 5000000 bytes".to_owned()),
    ];
    for (bytes, declared, expected) in cases {
        assert_eq!(text_of(bytes, declared, None), Err(expected));
    }
}

#[test]
fn a_longer_text_is_cut_at_a_character_and_says_so() {
    let limits = Limits {
        chars: 3,
        ..limits()
    };
    let read = |text: &str| {
        let read = read(text.as_bytes(), Some("text/plain"), None, &limits).unwrap();
        (read.text, read.is_cut)
    };
    assert_eq!(read("äöü"), ("äöü".to_owned(), false));
    assert_eq!(read("äöüß"), ("äöü".to_owned(), true));
}

#[test]
fn a_file_may_be_given_in_four_ways_and_no_other() {
    let given = |part: serde_json::Value| {
        let file: InputFile = serde_json::from_value(part).unwrap();
        Given::try_from(file).map_err(|error| error.to_string())
    };
    let base64 = STANDARD.encode("hi");
    let url = format!("data:text/plain;charset=utf-8;base64,{base64}");
    let by_url = given(json!({ "file_data": url, "filename": "a.txt" })).unwrap();
    let by_source = given(
        json!({ "source": { "type": "base64", "media_type": "text/plain;charset=utf-8", "data": base64, "filename": "a.txt" } }),
    );
    assert_eq!(Ok(by_url), by_source);
    assert!(!given(json!({ "file_data": base64 })).unwrap().is_url());
    for part in [
        json!({ "file_url": "https://example.com/a" }),
        json!({ "source": { "type": "url", "url": "https://example.com/a" } }),
    ] {
        assert!(given(part).unwrap().is_url());
    }
    let needs = "needs one of `file_data`, `file_url` and `source`";
    let source =
        "has a `source` that is neither `{type: \"base64\", data}` nor `{type: \"url\", url}`";
    let data_url = "must be a data URL in base64 (`data:<type>;base64,…`)";
    for (part, reason) in [
        (
            json!({ "file_id": "file-1" }),
            "names a `file_id`, but no files are stored here; send `file_data`",
        ),
        (json!({}), needs),
        (
            json!({ "file_data": "aGk=", "file_url": "https://example.com" }),
            needs,
        ),
        (
            json!({ "source": { "type": "file", "data": "aGk=" } }),
            source,
        ),
        (
            json!({ "source": { "type": "url", "data": "aGk=" } }),
            source,
        ),
        (json!({ "file_data": "data:text/plain,hi" }), data_url),
        (
            json!({ "file_data": "data:text/plain;charset=utf-8,hi" }),
            data_url,
        ),
        (
            json!({ "file_data": "data:" }),
            "is a data URL without a comma",
        ),
    ] {
        assert_eq!(given(part), Err(reason.to_owned()));
    }
}
