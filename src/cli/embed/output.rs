//! Writes vectors as JSON, straight from the numbers into one buffer that is used again and again.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use anyhow::Context as _;
use clap::ValueEnum;

use super::record::Record;
use crate::chat::{EmbedUsage, Embeddings, ModelRef};

/// What is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum OutputFormat {
    /// An object a line: index, id where asked for, text, embedding
    Jsonl,
    /// One list object, as the OpenAI API answers
    Json,
}

/// A buffer that holds more than this is written out.
const BUFFER_BYTES: usize = 256 * 1024;

pub struct Output {
    out: Box<dyn Write + Send>,
    format: OutputFormat,
    with_text: bool,
    buffer: Vec<u8>,
    /// How many vectors have been written; the next one's `index`.
    count: u64,
    model: Option<ModelRef>,
    /// Summed over all requests; `None` from the first on whose provider reported none.
    usage: Option<EmbedUsage>,
}

impl Output {
    /// To a file, which is emptied, or to stdout.
    pub fn open(
        file: Option<&Path>,
        format: OutputFormat,
        with_text: bool,
    ) -> anyhow::Result<Self> {
        let out: Box<dyn Write + Send> = match file {
            Some(path) => Box::new(
                File::create(path).with_context(|| format!("cannot write `{}`", path.display()))?,
            ),
            None => Box::new(io::stdout()),
        };
        Ok(Self::to(out, format, with_text))
    }

    fn to(out: Box<dyn Write + Send>, format: OutputFormat, with_text: bool) -> Self {
        Self {
            out,
            format,
            with_text,
            buffer: Vec::new(),
            count: 0,
            model: None,
            usage: Some(EmbedUsage::default()),
        }
    }

    /// Counts a request's usage and keeps its model. True when it is the first.
    pub fn account(&mut self, embeddings: &Embeddings) -> bool {
        self.usage = match (self.usage, embeddings.usage) {
            (Some(a), Some(b)) => Some(EmbedUsage {
                prompt_tokens: a.prompt_tokens + b.prompt_tokens,
                total_tokens: a.total_tokens + b.total_tokens,
            }),
            // A sum that leaves a part out would be no sum.
            _ => None,
        };
        self.model.replace(embeddings.model.clone()).is_none()
    }

    pub fn write(&mut self, record: &Record, vector: &[f32]) -> anyhow::Result<()> {
        match self.format {
            OutputFormat::Jsonl => self.write_line(record, vector)?,
            OutputFormat::Json => self.write_item(vector)?,
        }
        self.count += 1;
        if self.buffer.len() > BUFFER_BYTES {
            self.flush()?;
        }
        Ok(())
    }

    fn write_line(&mut self, record: &Record, vector: &[f32]) -> anyhow::Result<()> {
        let buffer = &mut self.buffer;
        write!(buffer, r#"{{"index":{}"#, self.count)?;
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

    fn write_item(&mut self, vector: &[f32]) -> anyhow::Result<()> {
        let before = if self.count == 0 {
            r#"{"object":"list","data":["#
        } else {
            ","
        };
        let buffer = &mut self.buffer;
        write!(
            buffer,
            r#"{before}{{"object":"embedding","index":{},"embedding":"#,
            self.count
        )?;
        serde_json::to_writer(&mut *buffer, vector)?;
        buffer.push(b'}');
        Ok(())
    }

    /// Passes on what has been written.
    pub fn flush(&mut self) -> io::Result<()> {
        self.out.write_all(&self.buffer)?;
        self.buffer.clear();
        self.out.flush()
    }

    /// Writes the end of the format.
    pub fn finish(mut self) -> anyhow::Result<()> {
        if self.format == OutputFormat::Json {
            let start = if self.count == 0 {
                r#"{"object":"list","data":["#
            } else {
                ""
            };
            write!(self.buffer, "{start}]")?;
            if let Some(model) = &self.model {
                write!(self.buffer, r#","model":{}"#, serde_json::to_string(model)?)?;
            }
            if let Some(EmbedUsage {
                prompt_tokens,
                total_tokens,
            }) = self.usage
            {
                write!(
                    self.buffer,
                    r#","usage":{{"prompt_tokens":{prompt_tokens},"total_tokens":{total_tokens}}}"#
                )?;
            }
            self.buffer.extend_from_slice(b"}\n");
        }
        Ok(self.flush()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::embed::record::Place;
    use serde_json::value::RawValue;
    use std::sync::{Arc, Mutex};

    /// Keeps what is written to it.
    #[derive(Clone, Default)]
    struct Paper(Arc<Mutex<Vec<u8>>>);

    impl Write for Paper {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn record(text: &str, id: Option<&str>) -> Record {
        Record {
            text: text.to_owned(),
            id: id.map(|id| RawValue::from_string(id.to_owned()).unwrap()),
            place: Place {
                source: "in.txt".into(),
                number: None,
            },
            bytes: 0,
        }
    }

    fn written(format: OutputFormat, with_text: bool, records: &[Record]) -> String {
        let paper = Paper::default();
        let mut output = Output::to(Box::new(paper.clone()), format, with_text);
        for record in records {
            output.account(&Embeddings {
                model: "p/m".parse().unwrap(),
                vectors: Vec::new(),
                usage: Some(EmbedUsage {
                    prompt_tokens: 2,
                    total_tokens: 3,
                }),
            });
            output.write(record, &[0.5, -1.0, 0.1]).unwrap();
        }
        output.finish().unwrap();
        String::from_utf8(paper.0.lock().unwrap().clone()).unwrap()
    }

    #[test]
    fn a_line_holds_index_id_text_and_embedding() {
        let records = [record("say \"a\"", Some("7")), record("b", None)];
        assert_eq!(
            written(OutputFormat::Jsonl, true, &records),
            "{\"index\":0,\"id\":7,\"text\":\"say \\\"a\\\"\",\"embedding\":[0.5,-1.0,0.1]}\n\
             {\"index\":1,\"text\":\"b\",\"embedding\":[0.5,-1.0,0.1]}\n"
        );
        assert_eq!(
            written(OutputFormat::Jsonl, false, &records[1..]),
            "{\"index\":0,\"embedding\":[0.5,-1.0,0.1]}\n"
        );
    }

    #[test]
    fn a_list_is_what_the_openai_api_answers() {
        let list = written(
            OutputFormat::Json,
            true,
            &[record("a", None), record("b", None)],
        );
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(&list).unwrap(),
            serde_json::json!({
                "object": "list",
                "data": [
                    { "object": "embedding", "index": 0, "embedding": [0.5, -1.0, 0.1] },
                    { "object": "embedding", "index": 1, "embedding": [0.5, -1.0, 0.1] },
                ],
                "model": "p/m",
                "usage": { "prompt_tokens": 4, "total_tokens": 6 },
            })
        );
    }

    #[test]
    fn no_inputs_are_an_empty_list() {
        assert_eq!(
            written(OutputFormat::Json, true, &[]),
            "{\"object\":\"list\",\"data\":[],\"usage\":{\"prompt_tokens\":0,\"total_tokens\":0}}\n"
        );
        assert_eq!(written(OutputFormat::Jsonl, true, &[]), "");
    }
}
