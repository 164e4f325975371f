//! The formats that are written from front to back, straight from the numbers into one buffer that is used again and
//! again.

use std::io::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::value::RawValue;

use super::{BUFFER_BYTES, OutputFormat, Sink, Target, Totals, drain, put_floats};
use crate::cli::embed::record::Record;

pub struct Stream {
    out: Box<dyn Write + Send>,
    format: OutputFormat,
    with_text: bool,
    with_id: bool,
    buffer: Vec<u8>,
    /// Whether something stands before the next vector.
    begun: bool,
}

impl Stream {
    pub fn new(target: &Target, out: Box<dyn Write + Send>, begun: bool) -> Self {
        Self {
            out,
            format: target.format,
            with_text: target.with_text,
            with_id: target.with_id,
            buffer: Vec::new(),
            begun,
        }
    }

    fn jsonl(&mut self, record: &Record, vector: &[f32]) -> anyhow::Result<()> {
        let buffer = &mut self.buffer;
        buffer.extend_from_slice(LINE_START);
        write!(buffer, "{}", record.index)?;
        if let Some(id) = &record.id {
            write!(buffer, r#","id":{id}"#)?;
        }
        if self.with_text {
            buffer.extend_from_slice(br#","text":"#);
            serde_json::to_writer(&mut *buffer, &record.text)?;
        }
        buffer.extend_from_slice(br#","embedding":"#);
        serde_json::to_writer(&mut *buffer, vector)?;
        buffer.extend_from_slice(b"}\n");
        Ok(())
    }

    fn json(&mut self, record: &Record, vector: &[f32]) -> anyhow::Result<()> {
        let before = if self.begun { "," } else { LIST };
        let index = record.index;
        let buffer = &mut self.buffer;
        write!(
            buffer,
            r#"{before}{{"object":"embedding","index":{index},"embedding":"#
        )?;
        serde_json::to_writer(&mut *buffer, vector)?;
        buffer.push(b'}');
        Ok(())
    }

    fn csv(&mut self, record: &Record, vector: &[f32]) -> anyhow::Result<()> {
        if !self.begun {
            let header = header(self.with_id, self.with_text, vector.len());
            self.buffer.extend_from_slice(header.as_bytes());
        }
        let buffer = &mut self.buffer;
        write!(buffer, "{}", record.index)?;
        if self.with_id {
            buffer.push(b',');
            put_cell(buffer, &record.id.as_deref().map(plain).unwrap_or_default());
        }
        if self.with_text {
            buffer.push(b',');
            put_cell(buffer, &record.text);
        }
        for number in vector {
            buffer.push(b',');
            serde_json::to_writer(&mut *buffer, number)?;
        }
        buffer.push(b'\n');
        Ok(())
    }

    fn base64(&mut self, vector: &[f32]) {
        let mut bytes = Vec::with_capacity(size_of_val(vector));
        put_floats(&mut bytes, vector);
        self.buffer
            .extend_from_slice(STANDARD.encode(bytes).as_bytes());
        self.buffer.push(b'\n');
    }
}

/// With this every line of `jsonl` begins.
pub const LINE_START: &[u8] = br#"{"index":"#;

const LIST: &str = r#"{"object":"list","data":["#;

/// The first row of a table, its end included.
pub fn header(with_id: bool, with_text: bool, dimension: usize) -> String {
    let names = [("index", true), ("id", with_id), ("text", with_text)];
    let names = names.iter().filter(|(_, there)| *there);
    let mut header: Vec<String> = names.map(|(name, _)| (*name).to_owned()).collect();
    header.extend((0..dimension).map(|number| format!("e{number}")));
    header.join(",") + "\n"
}

/// The text of a JSON string; of any other JSON, itself.
pub fn plain(json: &RawValue) -> String {
    serde_json::from_str(json.get()).unwrap_or_else(|_| json.get().to_owned())
}

fn put_cell(buffer: &mut Vec<u8>, text: &str) {
    if !text.contains([',', '"', '\n', '\r']) {
        return buffer.extend_from_slice(text.as_bytes());
    }
    buffer.push(b'"');
    buffer.extend_from_slice(text.replace('"', "\"\"").as_bytes());
    buffer.push(b'"');
}

impl Sink for Stream {
    fn write(&mut self, record: &Record, vector: &[f32]) -> anyhow::Result<()> {
        match self.format {
            OutputFormat::Jsonl => self.jsonl(record, vector)?,
            OutputFormat::Json => self.json(record, vector)?,
            OutputFormat::Csv => self.csv(record, vector)?,
            OutputFormat::Base64 => self.base64(vector),
            OutputFormat::F32 | OutputFormat::Npy | OutputFormat::Sqlite => {
                put_floats(&mut self.buffer, vector);
            }
        }
        self.begun = true;
        if self.buffer.len() > BUFFER_BYTES {
            self.flush()?;
        }
        Ok(())
    }

    fn flush(&mut self) -> anyhow::Result<()> {
        Ok(drain(&mut self.buffer, &mut self.out)?)
    }

    fn finish(&mut self, totals: &Totals) -> anyhow::Result<()> {
        if self.format == OutputFormat::Json {
            let start = if self.begun { "" } else { LIST };
            write!(self.buffer, "{start}]")?;
            if let Some(model) = &totals.model {
                write!(self.buffer, r#","model":{}"#, serde_json::to_string(model)?)?;
            }
            if let Some(usage) = totals.usage {
                let (prompt, total) = (usage.prompt_tokens, usage.total_tokens);
                write!(
                    self.buffer,
                    r#","usage":{{"prompt_tokens":{prompt},"total_tokens":{total}}}"#
                )?;
            }
            self.buffer.extend_from_slice(b"}\n");
        }
        self.flush()
    }
}
