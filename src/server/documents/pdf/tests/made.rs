//! Makes PDFs, whole and wrong.

/// The number of the content stream that [`page`] makes.
pub const PAGE_CONTENTS: u32 = 2;

pub struct Pdf {
    bytes: Vec<u8>,
    count: u32,
}

impl Default for Pdf {
    /// With a font, the first object.
    fn default() -> Self {
        let mut pdf = Self {
            bytes: b"%PDF-1.7\n".to_vec(),
            count: 0,
        };
        pdf.object("<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>");
        pdf
    }
}

/// A file of one page.
pub fn page(content: &str) -> Vec<u8> {
    Pdf::default().with_page(content.as_bytes(), "")
}

impl Pdf {
    /// The number that the next object has.
    pub fn next(&self) -> u32 {
        self.count + 1
    }

    pub fn object(&mut self, source: &str) -> u32 {
        self.count += 1;
        let object = format!("{} 0 obj\n{source}\nendobj\n", self.count);
        self.bytes.extend(object.bytes());
        self.count
    }

    pub fn stream(&mut self, entries: &str, data: &[u8]) -> u32 {
        self.count += 1;
        let head = format!(
            "{} 0 obj\n<< {entries} /Length {} >>\nstream\n",
            self.count,
            data.len()
        );
        self.bytes.extend(head.bytes());
        self.bytes.extend(data);
        self.bytes.extend(b"\nendstream\nendobj\n");
        self.count
    }

    pub fn deflated(&mut self, entries: &str, data: &[u8]) -> u32 {
        let data = miniz_oxide::deflate::compress_to_vec_zlib(data, 6);
        self.stream(&format!("{entries} /Filter /FlateDecode"), &data)
    }

    /// An object stream.
    pub fn packed(&mut self, objects: &[(u32, String)]) {
        let (mut numbers, mut data) = (String::new(), String::new());
        for (number, source) in objects {
            numbers += &format!("{number} {} ", data.len());
            data += &format!("{source} ");
        }
        let entries = format!(
            "/Type /ObjStm /N {} /First {}",
            objects.len(),
            numbers.len()
        );
        self.deflated(&entries, format!("{numbers}{data}").as_bytes());
    }

    /// A page that takes its resources from its parent.
    pub fn bare_page(&mut self, content: &[u8]) -> u32 {
        let content = self.stream("", content);
        self.object(&format!("<< /Type /Page /Contents {content} 0 R >>"))
    }

    pub fn with_page(mut self, content: &[u8], resources: &str) -> Vec<u8> {
        let content = self.stream("", content);
        let fonts = match resources.contains("/Font") {
            true => "",
            false => "/Font << /F1 1 0 R >>",
        };
        let page = self.object(&format!(
            "<< /Type /Page /Contents {content} 0 R /Resources << {fonts} {resources} >> >>"
        ));
        self.with_pages(&[page])
    }

    pub fn with_pages(mut self, pages: &[u32]) -> Vec<u8> {
        let kids: String = pages.iter().map(|page| format!("{page} 0 R ")).collect();
        let count = pages.len();
        let pages = self.object(&format!(
            "<< /Type /Pages /Kids [{kids}] /Count {count} /Resources << /Font << /F1 1 0 R >> >> >>"
        ));
        self.with_root(pages)
    }

    pub fn with_root(mut self, pages: u32) -> Vec<u8> {
        let root = self.object(&format!("<< /Type /Catalog /Pages {pages} 0 R >>"));
        self.ending(&format!("/Root {root} 0 R"))
    }

    pub fn with_trailer(self, entries: &str) -> Vec<u8> {
        self.ending(&format!("/Root 1 0 R {entries}"))
    }

    pub fn ending(mut self, entries: &str) -> Vec<u8> {
        let end = format!("trailer\n<< {entries} >>\nstartxref\n0\n%%EOF\n");
        self.bytes.extend(end.bytes());
        self.bytes
    }
}
