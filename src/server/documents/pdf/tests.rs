//! PDFs made here: ordinary ones, broken ones, and such as mean harm.

mod bombs;
mod made;

use super::*;
use made::{Pdf, page};

const LIMITS: PdfLimits = PdfLimits {
    pages: 10,
    chars: 60_000,
    time: Duration::from_secs(10),
};

fn text_of(pdf: &[u8]) -> Result<String, PdfError> {
    text(pdf, LIMITS).map(|read| read.text)
}

fn drawn(content: &str) -> String {
    text_of(&page(content)).unwrap()
}

#[test]
fn words_lines_and_paragraphs_come_from_where_strings_are_placed() {
    let content = "BT /F1 10 Tf 72 700 Td (Hello) Tj 30 0 Td (world.) Tj
        0 -12 Td [(T) 20 (wo) -300 (lines) 10 (.)] TJ 0 -40 Td (Apart) Tj T* ET";
    assert_eq!(drawn(content), "Hello world.\nTwo lines.\n\nApart");
}

#[test]
fn every_way_to_show_a_string_is_read() {
    let content = r#"BT /F1 10 Tf 12 TL 72 700 Td (a\(b\)\101) Tj (next) ' 1 2 (third) " <666F75727468> Tj T* (x\
y) Tj ET q 1 0 0 1 0 -300 cm BT /F1 10 Tf 72 500 Td (below) Tj ET Q"#;
    assert_eq!(drawn(content), "a(b)A\nnext\nthirdfourth\nxy\n\nbelow");
}

#[test]
fn pictures_among_operators_and_text_of_forms_do_not_hide_text() {
    let mut pdf = Pdf::default();
    let form = pdf.stream(
        "/Type /XObject /Subtype /Form /Matrix [1 0 0 1 0 -50]",
        b"BT /F1 10 Tf 72 700 Td (inside a form) Tj ET",
    );
    let content =
        b"BI /W 1 /H 1 ID (\xff EIx ) Tj EI BT /F1 10 Tf 72 700 Td (before) Tj ET /X1 Do /F1 Do";
    let file = pdf.with_page(content, &format!("/XObject << /X1 {form} 0 R >>"));
    assert_eq!(text_of(&file), Ok("before\n\ninside a form".to_owned()));
}

#[test]
fn a_font_says_what_its_map_its_differences_or_its_encoding_say() {
    let mut pdf = Pdf::default();
    let map = pdf.stream("", b"1 beginbfchar <0001> <00480069> endbfchar");
    let composite = pdf.object(&format!(
        "<< /Type /Font /Subtype /Type0 /Encoding /Identity-H /ToUnicode {map} 0 R /DescendantFonts [<< /W [1 [600]] >>] >>"
    ));
    let simple = pdf.object(
        "<< /Type /Font /Subtype /Type1 /Encoding << /BaseEncoding /WinAnsiEncoding /Differences [65 /eacute /g7 /ffi] >> >>",
    );
    let content =
        b"BT /F2 10 Tf 72 700 Td <0001> Tj <0002> Tj /F3 10 Tf 20 0 Td (ABC\x80\x93) Tj ET";
    let fonts = format!("/Font << /F2 {composite} 0 R /F3 {simple} 0 R >>");
    let file = pdf.with_page(content, &fonts);
    assert_eq!(text_of(&file), Ok("Hi éffi€“".to_owned()));
}

#[test]
fn objects_in_object_streams_and_compressed_contents_are_found() {
    let mut pdf = Pdf::default();
    let content = pdf.deflated("", b"BT /F1 12 Tf 72 700 Td (packed) Tj ET");
    let objects = [
        (100, "<< /Type /Catalog /Pages 101 0 R >>".to_owned()),
        (
            101,
            "<< /Type /Pages /Kids [102 0 R] /Count 1 >>".to_owned(),
        ),
        (
            102,
            format!(
                "<< /Type /Page /Contents {content} 0 R /Resources << /Font << /F1 103 0 R >> >> >>"
            ),
        ),
        (
            103,
            "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_owned(),
        ),
    ];
    pdf.packed(&objects);
    assert_eq!(
        text_of(&pdf.ending("/Root 100 0 R")),
        Ok("packed".to_owned())
    );
}

#[test]
fn a_later_object_of_the_same_number_counts() {
    let mut file = page("BT /F1 10 Tf 0 0 Td (old) Tj ET");
    let contents = made::PAGE_CONTENTS;
    file.extend(
        format!("\n{contents} 0 obj << >> stream\nBT /F1 10 Tf (new) Tj ET\nendstream endobj")
            .bytes(),
    );
    assert_eq!(text_of(&file), Ok("new".to_owned()));
}

#[test]
fn more_pages_and_more_characters_than_wanted_are_cut_and_said_to_be() {
    let mut pdf = Pdf::default();
    let pages: Vec<u32> = ["one", "two", "three"]
        .iter()
        .map(|word| pdf.bare_page(format!("BT /F1 9 Tf 9 9 Td ({word}) Tj ET").as_bytes()))
        .collect();
    let file = pdf.with_pages(&pages);
    let read = |pages: usize, chars: usize| {
        let read = text(
            &file,
            PdfLimits {
                pages,
                chars,
                ..LIMITS
            },
        )
        .unwrap();
        (read.text, read.is_cut)
    };
    assert_eq!(read(3, 100), ("one\n\ntwo\n\nthree".to_owned(), false));
    assert_eq!(read(2, 100), ("one\n\ntwo".to_owned(), true));
    assert_eq!(read(3, 6), ("one\n\nt".to_owned(), true));
    assert_eq!(read(3, 15), ("one\n\ntwo\n\nthree".to_owned(), false));
}

#[test]
fn what_cannot_be_read_is_refused_with_the_reason() {
    let encrypted = Pdf::default().with_trailer("/Encrypt << /Filter /Standard >>");
    assert_eq!(text_of(&encrypted), Err(PdfError::Encrypted));
    assert_eq!(
        text_of(&page("0 0 1 rg 0 0 9 9 re f")),
        Err(PdfError::NoText)
    );
    assert_eq!(
        text_of(&page("BT /F1 9 Tf ( ) Tj ET")),
        Err(PdfError::NoText)
    );
    assert_eq!(
        text_of(&Pdf::default().with_pages(&[])),
        Err(PdfError::NoPages)
    );
    assert_eq!(text_of(b"%PDF-1.7\n"), Err(PdfError::Damaged));
    assert_eq!(text_of(b"PK\x03\x04"), Err(PdfError::NotPdf));
}
