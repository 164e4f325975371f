use std::fs;

use serde_json::value::RawValue;
use tempfile::TempDir;

use super::*;
use crate::cli::embed::record::Place;

fn record(index: u64, text: &str) -> Record {
    Record {
        index,
        text: text.to_owned(),
        id: Some(RawValue::from_string(format!("\"n{index}\"")).unwrap()),
        place: Place {
            source: "in.txt".into(),
            number: Some(("line", index + 1)),
        },
        bytes: 0,
    }
}

const TEXTS: [&str; 4] = ["plain", "a, \"b\"\nc", "\"", "ü\r\n,"];

fn vector(index: usize) -> [f32; 3] {
    [0.5, -1.0, index as f32 / 10.0]
}

fn target(folder: &TempDir, format: OutputFormat) -> Target {
    Target {
        file: Some(folder.path().join("out")),
        format,
        with_text: true,
        with_id: true,
    }
}

fn model() -> ModelRef {
    "p/m".parse().unwrap()
}

/// Writes the inputs from `done` on.
fn write(target: &Target, done: Option<&Done>) {
    let mut output = target.open(&model(), done).unwrap();
    let from = done.map_or(0, |done| done.inputs as usize);
    for (index, text) in TEXTS.iter().enumerate().skip(from) {
        output
            .write(&record(index as u64, text), &vector(index))
            .unwrap();
        output.flush().unwrap();
    }
    let usage = Some(EmbedUsage {
        prompt_tokens: 4,
        total_tokens: 6,
    });
    output
        .finish(&Totals {
            model: Some(model()),
            usage,
        })
        .unwrap();
}

fn written(format: OutputFormat) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let target = target(&folder, format);
    write(&target, None);
    fs::read(target.file.unwrap()).unwrap()
}

fn text_of(format: OutputFormat) -> String {
    String::from_utf8(written(format)).unwrap()
}

#[test]
fn a_line_holds_index_id_text_and_embedding() {
    let lines = text_of(OutputFormat::Jsonl);
    let mut lines = lines.lines();
    assert_eq!(
        lines.next().unwrap(),
        r#"{"index":0,"id":"n0","text":"plain","embedding":[0.5,-1.0,0.0]}"#
    );
    assert_eq!(
        lines.next().unwrap(),
        r#"{"index":1,"id":"n1","text":"a, \"b\"\nc","embedding":[0.5,-1.0,0.1]}"#
    );
    assert_eq!(lines.count(), 2);
}

#[test]
fn a_list_is_what_the_openai_api_answers() {
    let list: serde_json::Value = serde_json::from_slice(&written(OutputFormat::Json)).unwrap();
    assert_eq!(
        list["data"][1],
        serde_json::json!({ "object": "embedding", "index": 1, "embedding": [0.5, -1.0, 0.1] })
    );
    assert_eq!(list["object"], "list");
    assert_eq!(list["model"], "p/m");
    assert_eq!(
        list["usage"],
        serde_json::json!({ "prompt_tokens": 4, "total_tokens": 6 })
    );
}

#[test]
fn a_table_has_a_header_and_quotes_what_needs_it() {
    let expected = "index,id,text,e0,e1,e2\n\
                    0,n0,plain,0.5,-1.0,0.0\n\
                    1,n1,\"a, \"\"b\"\"\nc\",0.5,-1.0,0.1\n\
                    2,n2,\"\"\"\",0.5,-1.0,0.2\n\
                    3,n3,\"ü\r\n,\",0.5,-1.0,0.3\n";
    assert_eq!(text_of(OutputFormat::Csv), expected);
}

#[test]
fn bare_numbers_are_little_endian() {
    let bytes: Vec<u8> = (0..TEXTS.len())
        .flat_map(vector)
        .flat_map(f32::to_le_bytes)
        .collect();
    assert_eq!(written(OutputFormat::F32), bytes);
    assert_eq!(text_of(OutputFormat::Base64).lines().count(), 4);
    let npy = written(OutputFormat::Npy);
    assert_eq!(npy[..128], npy::header(4, 3));
    assert_eq!(npy[128..], bytes);
    assert!(npy[..128].ends_with(b" \n"));
}

#[test]
fn no_inputs_are_an_empty_list_and_an_empty_array() {
    let empty = |format| {
        let folder = tempfile::tempdir().unwrap();
        let target = target(&folder, format);
        let mut output = target.open(&model(), None).unwrap();
        output.finish(&Totals::default()).unwrap();
        fs::read(target.file.unwrap()).unwrap()
    };
    assert_eq!(
        empty(OutputFormat::Json),
        b"{\"object\":\"list\",\"data\":[]}\n"
    );
    assert_eq!(empty(OutputFormat::Jsonl), b"");
    assert_eq!(empty(OutputFormat::Csv), b"");
    assert_eq!(empty(OutputFormat::Npy), npy::header(0, 0));
}

#[test]
fn a_file_cut_anywhere_is_completed_to_the_same_bytes() {
    for format in [
        OutputFormat::Jsonl,
        OutputFormat::Csv,
        OutputFormat::Npy,
        OutputFormat::F32,
        OutputFormat::Base64,
    ] {
        let whole = written(format);
        let folder = tempfile::tempdir().unwrap();
        let target = target(&folder, format);
        let file = target.file.clone().unwrap();
        for cut in 0..=whole.len() {
            fs::write(&file, &whole[..cut]).unwrap();
            let done = target.done(Some(3)).unwrap();
            let inputs = done.as_ref().map_or(0, |done| done.inputs);
            assert!(inputs <= 4, "{format:?}, {cut}");
            if cut == whole.len() {
                assert_eq!(inputs, 4, "{format:?}");
            }
            if let Some(done) = done.as_ref().filter(|done| done.inputs > 0) {
                assert!(done.last.is_of(TEXTS[done.inputs as usize - 1]));
            }
            write(&target, done.as_ref());
            assert_eq!(fs::read(&file).unwrap(), whole, "{format:?}, {cut}");
        }
    }
}

#[test]
fn a_database_is_completed_from_any_row() {
    let rows = |file: &Path| -> Vec<(i64, String, String, String, Vec<u8>, String)> {
        let database = rusqlite::Connection::open(file).unwrap();
        let query = "SELECT rowid, id, content_hash, text, vector, model FROM embeddings";
        let mut statement = database.prepare(query).unwrap();
        let rows = statement.query_map((), |row| {
            Ok((
                row.get(0)?,
                row.get(1)?,
                row.get(2)?,
                row.get(3)?,
                row.get(4)?,
                row.get(5)?,
            ))
        });
        rows.unwrap().map(Result::unwrap).collect()
    };
    let folder = tempfile::tempdir().unwrap();
    let target = target(&folder, OutputFormat::Sqlite);
    let file = target.file.clone().unwrap();
    write(&target, None);
    let whole = rows(&file);
    let hash = sqlite::hash("plain");
    let floats: Vec<u8> = vector(0).into_iter().flat_map(f32::to_le_bytes).collect();
    let first = (1, "n0".into(), hash, "plain".into(), floats, "p/m".into());
    assert_eq!((whole.len(), &whole[0]), (4, &first));
    for kept in 0..=4 {
        let database = rusqlite::Connection::open(&file).unwrap();
        let cut = "DELETE FROM embeddings WHERE rowid > ?1";
        database.execute(cut, [kept]).unwrap();
        drop(database);
        let done = target.done(None).unwrap().unwrap();
        assert_eq!(done.inputs, kept as u64);
        write(&target, Some(&done));
        assert_eq!(rows(&file), whole);
    }
    let again = target.open(&model(), None).err().unwrap().to_string();
    assert!(again.contains("--resume"), "{again}");
    let done = target.done(None).unwrap();
    let other = target.open(&"p/other".parse().unwrap(), done.as_ref());
    let other = other.err().unwrap().to_string();
    assert!(other.contains("vectors of p/m, not of p/other"), "{other}");
}

#[test]
fn a_file_of_other_columns_or_of_something_else_is_left_as_it_is() {
    let refused = |format, text: &str| {
        let folder = tempfile::tempdir().unwrap();
        let target = target(&folder, format);
        fs::write(target.file.as_ref().unwrap(), text).unwrap();
        target.done(None).unwrap_err().to_string()
    };
    let columns = refused(OutputFormat::Jsonl, "{\"index\":0,\"embedding\":[1.0]}\n");
    assert!(columns.contains("other columns"), "{columns}");
    let columns = refused(OutputFormat::Csv, "index,text,e0\n0,a,1.0\n");
    assert!(columns.contains("other columns"), "{columns}");
    let letter = format!("Dear reader,\n{}", "words ".repeat(40)) + "\nYours\n";
    for format in [
        OutputFormat::Jsonl,
        OutputFormat::Csv,
        OutputFormat::Base64,
        OutputFormat::Npy,
    ] {
        for text in [letter.as_str(), "Dear reader", "D!"] {
            let other = refused(format, text);
            assert!(
                other.contains("not what this format writes"),
                "{format:?}, {text}: {other}"
            );
        }
    }
}

#[test]
fn a_vector_of_another_length_is_never_written() {
    let folder = tempfile::tempdir().unwrap();
    let target = target(&folder, OutputFormat::F32);
    let mut output = target.open(&model(), None).unwrap();
    output.write(&record(0, "a"), &[1.0, 2.0]).unwrap();
    let error = output.write(&record(1, "b"), &[1.0]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "in.txt, line 2: a vector of 1 numbers, after vectors of 2"
    );
}
