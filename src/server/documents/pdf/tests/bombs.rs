//! Files that mean harm: each ends soon, within its memory, in an error or in text.

use proptest::prelude::*;

use super::*;

const PATIENCE: PdfLimits = PdfLimits {
    time: Duration::from_millis(300),
    ..LIMITS
};

fn deflate(data: &[u8]) -> Vec<u8> {
    miniz_oxide::deflate::compress_to_vec_zlib(data, 6)
}

/// Reads it, and fails where it took much longer than it was given.
fn ends(pdf: &[u8]) -> Result<PdfText, PdfError> {
    let began = Instant::now();
    let read = text(pdf, PATIENCE);
    let took = began.elapsed();
    assert!(took < Duration::from_secs(5), "took {took:?}");
    read
}

#[test]
fn a_deflate_bomb_goes_off_within_the_limit_wherever_it_is() {
    let bomb = vec![b' '; 70 << 20];
    let in_contents = {
        let mut pdf = Pdf::default();
        let content = pdf.deflated("", &bomb);
        let page = pdf.object(&format!("<< /Type /Page /Contents {content} 0 R >>"));
        pdf.with_pages(&[page])
    };
    let in_objects = {
        let mut pdf = Pdf::default();
        pdf.deflated("/Type /ObjStm /N 1 /First 4", &bomb);
        pdf.with_page(b"", "")
    };
    let twice = {
        let mut pdf = Pdf::default();
        let filters = "/Filter [/FlateDecode /FlateDecode]";
        let content = pdf.stream(filters, &deflate(&deflate(&bomb)));
        let page = pdf.object(&format!("<< /Type /Page /Contents {content} 0 R >>"));
        pdf.with_pages(&[page])
    };
    for (name, pdf) in [
        ("contents", in_contents),
        ("objects", in_objects),
        ("twice", twice),
    ] {
        assert_eq!(text(&pdf, LIMITS), Err(PdfError::TooLarge), "{name}");
    }
}

#[test]
fn many_small_bombs_are_one_large_one() {
    let mut pdf = Pdf::default();
    let content = pdf.deflated("", &vec![b' '; 8 << 20]);
    let contents = format!("{content} 0 R ").repeat(100);
    let page = pdf.object(&format!("<< /Type /Page /Contents [{contents}] >>"));
    assert_eq!(
        text(&pdf.with_pages(&[page]), LIMITS),
        Err(PdfError::TooLarge)
    );
}

#[test]
fn a_tree_of_pages_that_bites_its_tail_ends() {
    let mut pdf = Pdf::default();
    let own = pdf.next();
    let page = own + 2;
    pdf.object(&format!(
        "<< /Type /Pages /Kids [{own} 0 R {page} 0 R {own} 0 R {page} 0 R] >>"
    ));
    assert_eq!(pdf.bare_page(b"BT /F1 9 Tf (once) Tj ET"), page);
    assert_eq!(
        ends(&pdf.with_root(own)).map(|read| read.text),
        Ok("once".to_owned())
    );
}

#[test]
fn a_huge_flat_tree_and_a_deep_one_end() {
    let mut flat = Pdf::default();
    let page = flat.bare_page(b"");
    let pages: Vec<u32> = std::iter::repeat_n(page, 150_000).collect();
    let flat = ends(&flat.with_pages(&pages));
    assert!(matches!(flat, Err(PdfError::NoText | PdfError::TooLong)));
    let mut deep = Pdf::default();
    let first = deep.next();
    for _ in 0..50_000 {
        let next = deep.next() + 1;
        deep.object(&format!("<< /Kids [{next} 0 R] >>"));
    }
    deep.bare_page(b"");
    assert!(ends(&deep.with_root(first)).is_err());
}

#[test]
fn references_lengths_and_forms_that_lead_to_themselves_end() {
    let mut pdf = Pdf::default();
    let own = pdf.next();
    pdf.object(&format!("{own} 0 R"));
    let length = pdf.next();
    pdf.object(&format!(
        "<< /Length {length} 0 R >> stream\nBT /F1 9 Tf (ok) Tj ET endstream"
    ));
    let form = pdf.next();
    let entries =
        format!("/Subtype /Form /Resources << /XObject << /X {form} 0 R >> /Font {own} 0 R >>");
    pdf.stream(&entries, &b"/X Do ".repeat(100_000));
    let file = pdf.with_page(
        b"/X Do /Y Do",
        &format!("/XObject << /X {form} 0 R /Y {own} 0 R >>"),
    );
    assert!(matches!(
        ends(&file),
        Err(PdfError::TooLarge | PdfError::TooLong)
    ));
}

#[test]
fn forms_that_multiply_run_out_of_time_or_memory() {
    let mut pdf = Pdf::default();
    let first = pdf.next();
    for _ in 0..7 {
        let next = pdf.next() + 1;
        let entries = format!("/Subtype /Form /Resources << /XObject << /X {next} 0 R >> >>");
        pdf.stream(&entries, &b"/X Do ".repeat(50));
    }
    pdf.stream("/Subtype /Form", b"q Q");
    let file = pdf.with_page(b"/X Do", &format!("/XObject << /X {first} 0 R >>"));
    assert!(matches!(
        ends(&file),
        Err(PdfError::TooLarge | PdfError::TooLong)
    ));
}

#[test]
fn nesting_repeating_and_never_closing_end() {
    for piece in [
        "[",
        "<<",
        "(",
        "<",
        "/A",
        "1 0 obj(",
        "trailer(",
        "1 0 obj<</Length 9>>stream ",
        "BI ID ",
        "%",
        "0 ",
    ] {
        let mut file = b"%PDF-1.4 trailer<</Root 1 0 R>>".to_vec();
        file.extend(piece.repeat(1_000_000 / piece.len()).bytes());
        assert!(ends(&file).is_err(), "{piece}");
        let drawn = ends(&page(&piece.repeat(50_000)));
        assert!(
            matches!(drawn, Err(PdfError::NoText | PdfError::TooLong)),
            "{piece}"
        );
    }
}

#[test]
fn maps_and_widths_that_claim_everything_end() {
    let mut pdf = Pdf::default();
    let ranges = "<00000000> <ffffffff> <0041> ".repeat(50_000);
    let map = pdf.deflated("", format!("{ranges} endbfrange").as_bytes());
    let widths = "0 4000000000 500 ".repeat(60_000);
    let font = pdf.object(&format!(
        "<< /Subtype /Type0 /ToUnicode {map} 0 R /DescendantFonts [<< /W [{widths}] >>] >>"
    ));
    let uses: String = (0..300).map(|_| "/F1 9 Tf <0041> Tj ").collect();
    let file = pdf.with_page(uses.as_bytes(), &format!("/Font << /F1 {font} 0 R >>"));
    assert!(matches!(
        ends(&file),
        Ok(_) | Err(PdfError::TooLarge | PdfError::TooLong)
    ));
}

#[test]
fn numbers_beyond_all_bounds_place_text_all_the_same() {
    let far = "9".repeat(400);
    let content = format!(
        "BT /F1 {far} Tf {far} -{far} Td 1e400 0 0 0 0 0 Tm (a) Tj {far} 0 0 {far} {far} 1 Tm [(b) -{far} (c)] TJ 0 Tf (d) Tj ET"
    );
    let read = ends(&page(&content)).unwrap();
    let letters: String = read.text.split_whitespace().collect();
    assert_eq!(letters, "abcd");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        let mut file = b"%PDF-1.7\n".to_vec();
        file.extend(bytes);
        let _ended = ends(&file);
    }

    #[test]
    fn no_change_of_a_good_file_makes_it_panic(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..40),
        end in any::<prop::sample::Index>(),
    ) {
        let mut pdf = Pdf::default();
        let map = pdf.deflated("", b"1 beginbfrange <00> <ff> <0041> endbfrange");
        let font = pdf.object(&format!("<< /Subtype /Type1 /ToUnicode {map} 0 R /Widths [500 600] /FirstChar 65 >>"));
        let content = b"q 1 0 0 1 5 5 cm BT /F1 10 Tf 72 700 Td (AB) Tj [(C) -500 (D)] TJ T* (E) ' ET Q /X Do";
        let mut file = pdf.with_page(content, &format!("/Font << /F1 {font} 0 R >>"));
        for (at, byte) in changes {
            let at = at.index(file.len());
            file[at] = byte;
        }
        let _ended = ends(&file);
        let _ended = ends(&file[..end.index(file.len())]);
    }

    #[test]
    fn no_operators_make_it_panic(content in "([-0-9. ]{0,9}|\\(a\\)|\\[\\(b\\) 9\\]|/F1|/X1)( (Tf|Tm|Td|TD|TJ|Tj|'|\"|q|Q|cm|BT|ET|Do|ID|EI|Tz|Ts|Tw) ){0,9}") {
        let _ended = ends(&page(&content.repeat(20)));
    }
}
