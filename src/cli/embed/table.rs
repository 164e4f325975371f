//! Rows of comma- or tab-separated values (RFC 4180), however their bytes arrive. Pure.

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};

use super::frame::{BYTE_ORDER_MARK, Body, Frame, MAX_RECORD_BYTES, Take, Unreadable, too_long};
use super::record::Fields;

/// The most columns of a table.
const MAX_COLUMNS: usize = 16 * 1024;

/// The rows of one source. The first one names the columns.
pub struct Table {
    reader: Reader,
    fields: Fields,
    columns: Option<Columns>,
    row: Row,
    /// The line at which the reader stands, from 1.
    line: u64,
    /// Bytes since the last row that was handed out.
    bytes: u64,
}

/// Where the chosen columns are.
struct Columns {
    text: usize,
    id: Option<usize>,
}

/// The row that is being read.
struct Row {
    /// Its cells, one behind the other, and room for more.
    bytes: Vec<u8>,
    filled: usize,
    /// Where each cell ends in `bytes`.
    ends: Vec<usize>,
    cells: usize,
    /// The line where it begins; `None` before its first byte.
    line: Option<u64>,
}

impl Table {
    pub fn new(delimiter: u8, fields: Fields) -> Self {
        const ROOM: usize = 4096;
        Self {
            reader: ReaderBuilder::new().delimiter(delimiter).build(),
            fields,
            columns: None,
            row: Row {
                bytes: vec![0; ROOM],
                filled: 0,
                ends: vec![0; ROOM],
                cells: 0,
                line: None,
            },
            line: 1,
            bytes: 0,
        }
    }

    pub fn push(&mut self, bytes: &[u8], take: &mut Take<'_>) -> anyhow::Result<()> {
        let mut rest = bytes;
        loop {
            if self.row.line.is_none() {
                // The end of the last row, and empty lines.
                let text = rest.iter().position(|byte| !matches!(byte, b'\r' | b'\n'));
                let (ends, row) = rest.split_at(text.unwrap_or(rest.len()));
                self.count(ends);
                rest = row;
            }
            // To the reader, no bytes would mean that there will be no more.
            if rest.is_empty() {
                return Ok(());
            }
            self.row.line.get_or_insert(self.line);
            rest = &rest[self.read(rest, take)?..];
        }
    }

    /// The end of a line ends a row, save within a quote.
    pub fn finish(mut self, take: &mut Take<'_>) -> anyhow::Result<()> {
        if self.row.line.is_none() {
            return Ok(());
        }
        // This one is no byte of the source.
        self.bytes -= 1;
        while self.read(b"\n", take)? == 0 {}
        match self.row.line {
            Some(_) => self.refuse_open_quote(take),
            None => Ok(()),
        }
    }

    /// The whole rest of a table stands in a quote that does not end: it is no text that anybody wrote.
    fn refuse_open_quote(&self, take: &mut Take<'_>) -> anyhow::Result<()> {
        let cell = self.row.open_cell();
        let line = self.line - memchr::memchr_iter(b'\n', cell).count() as u64;
        let what = "the quote that opens here is never closed";
        if self.columns.is_none() {
            return Err(Unreadable(format!("line {line}: {what}")).into());
        }
        take(Frame {
            number: Some(("line", line)),
            bytes: self.bytes,
            body: Body::Bad(what.to_owned()),
        })
    }

    /// One step of the reader. How many bytes it has used.
    fn read(&mut self, bytes: &[u8], take: &mut Take<'_>) -> anyhow::Result<usize> {
        let row = &mut self.row;
        let (result, used, filled, cells) = self.reader.read_record(
            bytes,
            &mut row.bytes[row.filled..],
            &mut row.ends[row.cells..],
        );
        row.filled += filled;
        row.cells += cells;
        self.count(&bytes[..used]);
        let row = &mut self.row;
        match result {
            ReadRecordResult::InputEmpty => {}
            ReadRecordResult::OutputFull if row.bytes.len() > MAX_RECORD_BYTES => {
                return Err(self.unreadable(&too_long()));
            }
            ReadRecordResult::OutputFull => row.bytes.resize(row.bytes.len() * 2, 0),
            ReadRecordResult::OutputEndsFull if row.ends.len() > MAX_COLUMNS => {
                return Err(self.unreadable(&format!("more than {MAX_COLUMNS} columns")));
            }
            ReadRecordResult::OutputEndsFull => row.ends.resize(row.ends.len() * 2, 0),
            ReadRecordResult::Record => self.end_row(take)?,
            ReadRecordResult::End => row.line = None,
        }
        Ok(used)
    }

    fn end_row(&mut self, take: &mut Take<'_>) -> anyhow::Result<()> {
        let row = &self.row;
        match &self.columns {
            None => self.columns = Some(self.header()?),
            Some(columns) => {
                take(Frame {
                    number: row.line.map(|line| ("line", line)),
                    bytes: self.bytes,
                    body: row.body(columns, &self.fields),
                })?;
                self.bytes = 0;
            }
        }
        self.row.filled = 0;
        self.row.cells = 0;
        self.row.line = None;
        Ok(())
    }

    fn header(&self) -> anyhow::Result<Columns> {
        let find = |name: &String| {
            let cell = |index: &usize| {
                let cell = self.row.cell(*index).unwrap_or_default();
                let marked = (*index == 0).then(|| cell.strip_prefix(BYTE_ORDER_MARK));
                marked.flatten().unwrap_or(cell) == name.as_bytes()
            };
            let found = (0..self.row.cells).find(cell);
            found.ok_or_else(|| {
                self.unreadable(&format!(
                    "the header has no column `{name}` (name one with --field)"
                ))
            })
        };
        Ok(Columns {
            text: find(&self.fields.text)?,
            id: self.fields.id.as_ref().map(find).transpose()?,
        })
    }

    fn unreadable(&self, what: &str) -> anyhow::Error {
        let line = self.row.line.unwrap_or(self.line);
        Unreadable(format!("line {line}: {what}")).into()
    }

    fn count(&mut self, bytes: &[u8]) {
        self.bytes += bytes.len() as u64;
        self.line += memchr::memchr_iter(b'\n', bytes).count() as u64;
    }
}

impl Row {
    fn cell(&self, index: usize) -> Option<&[u8]> {
        let ends = &self.ends[..self.cells];
        let end = *ends.get(index)?;
        let start = index.checked_sub(1).map_or(0, |before| ends[before]);
        Some(&self.bytes[start..end])
    }

    /// What has been read of a cell that has not ended.
    fn open_cell(&self) -> &[u8] {
        let start = self.cells.checked_sub(1).map_or(0, |last| self.ends[last]);
        &self.bytes[start..self.filled]
    }

    fn body(&self, columns: &Columns, fields: &Fields) -> Body<'_> {
        let missing = |name: &str| {
            let cells = self.cells;
            Body::Bad(format!("no `{name}`: the row ends after {cells} cells"))
        };
        let Some(text) = self.cell(columns.text) else {
            return missing(&fields.text);
        };
        let id = columns.id.map(|column| self.cell(column));
        match id {
            Some(None) => missing(fields.id.as_deref().unwrap_or_default()),
            None | Some(Some(_)) => Body::Row {
                text,
                id: id.flatten(),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Line, text and id of each row, of a table whose bytes arrive `step` at a time.
    fn rows(delimiter: u8, table: &[u8], step: usize) -> Result<Vec<String>, String> {
        let fields = Fields {
            text: "text".to_owned(),
            id: Some("id".to_owned()),
        };
        let mut reader = Table::new(delimiter, fields);
        let mut found = Vec::new();
        let mut take = |frame: Frame<'_>| {
            let line = frame.number.map_or(0, |(_, line)| line);
            let said = match frame.body {
                Body::Row { text, id } => {
                    let show = String::from_utf8_lossy;
                    format!("{}={}", show(id.unwrap_or_default()), show(text))
                }
                Body::Bad(what) => what,
                Body::Bytes(_) => "bytes".to_owned(),
            };
            found.push(format!("{line}: {said}"));
            Ok(())
        };
        let read = table
            .chunks(step)
            .try_for_each(|piece| reader.push(piece, &mut take))
            .and_then(|()| reader.finish(&mut take));
        read.map(|()| found).map_err(|error| error.to_string())
    }

    #[test]
    fn rows_are_whole_however_they_arrive() {
        let table = b"\xef\xbb\xbfid,x,text\r\n1,,\"a, \"\"b\"\"\nc\"\r\n\r\n2,,d\r\n3,,\xc3\xbc";
        let expected = ["2: 1=a, \"b\"\nc", "5: 2=d", "6: 3=ü"].map(str::to_owned);
        for step in [1, 2, 3, 7, 1000] {
            assert_eq!(rows(b',', table, step), Ok(expected.to_vec()), "{step}");
        }
    }

    #[test]
    fn tabs_separate_cells_as_well() {
        assert_eq!(
            rows(b'\t', b"text\tid\na, b\t1\n", 100),
            Ok(vec!["2: 1=a, b".to_owned()])
        );
    }

    #[test]
    fn a_short_row_is_bad_and_the_next_is_fine() {
        let expected = [
            "2: no `text`: the row ends after 1 cells".to_owned(),
            "3: 2=b".to_owned(),
        ];
        assert_eq!(rows(b',', b"id,text\n1\n2,b\n", 100), Ok(expected.to_vec()));
    }

    #[test]
    fn a_table_without_the_column_is_not_read() {
        assert_eq!(
            rows(b',', b"id,body\n1,a\n", 100),
            Err("line 1: the header has no column `text` (name one with --field)".to_owned())
        );
    }

    #[test]
    fn a_quote_that_is_never_closed_is_told_by_the_line_where_it_opens() {
        let table = b"id,text\n1,a\n\"2\n\",\"b\r\nand \"\"more\"\"\n3,c\n";
        for step in [1, 2, 7, 1000] {
            let expected = [
                "2: 1=a".to_owned(),
                "4: the quote that opens here is never closed".to_owned(),
            ];
            assert_eq!(rows(b',', table, step), Ok(expected.to_vec()), "{step}");
            assert_eq!(
                rows(b'\t', b"id\t\"text\n1\ta\n", step),
                Err("line 1: the quote that opens here is never closed".to_owned())
            );
        }
        let closed = Ok(vec!["2: 1=a".to_owned()]);
        for table in [
            &b"id,text\n1,\"a\""[..],
            b"id,text\n1,\"a\"\r",
            b"id,text\n1,a\r\n",
        ] {
            assert_eq!(rows(b',', table, 1), closed);
        }
    }

    #[test]
    fn a_quote_without_an_end_is_an_error_and_not_a_memory_leak() {
        let mut table = b"id,text\n1,\"".to_vec();
        table.resize(3 * MAX_RECORD_BYTES, b'x');
        assert_eq!(
            rows(b',', &table, 1 << 20),
            Err("line 2: longer than 8388608 bytes".to_owned())
        );
    }
}
