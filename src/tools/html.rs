//! The text of an HTML page, for reading: no markup, no scripts, no styles. Pure, and linear in the page's length
//! whatever the page is.

mod entities;

use memchr::memchr;

/// Elements of which nothing is for reading.
const UNREAD: [&str; 5] = ["iframe", "script", "style", "svg", "template"];

/// Elements that stand in lines of their own.
const LINES: [&str; 15] = [
    "address",
    "aside",
    "br",
    "dd",
    "div",
    "dt",
    "figcaption",
    "footer",
    "form",
    "header",
    "li",
    "main",
    "nav",
    "option",
    "tr",
];

/// Elements that stand apart from what is around them.
const PARAGRAPHS: [&str; 18] = [
    "article",
    "blockquote",
    "dl",
    "figure",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "ol",
    "p",
    "pre",
    "section",
    "table",
    "title",
    "ul",
];

/// What stands between two pieces of text; a greater one swallows a smaller one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Gap {
    None,
    Space,
    Line,
    Paragraph,
}

/// The text of a page: headings begin with `#`, items of lists with `-`.
pub fn text(html: &str) -> String {
    let mut page = Page {
        text: String::new(),
        gap: Gap::None,
        mark: "",
        is_pre: false,
    };
    let mut rest = html;
    while let Some(at) = memchr(b'<', rest.as_bytes()) {
        page.say(&rest[..at]);
        let markup = &rest[at..];
        rest = if let Some(comment) = markup.strip_prefix("<!--") {
            comment.find("-->").map_or("", |end| &comment[end + 3..])
        } else if let Some((tag, after)) = tag(markup) {
            page.tag(tag);
            let is_unread = UNREAD.iter().any(|name| tag.is(name));
            match is_unread && !tag.is_end && !tag.is_whole {
                true => after_end(after, tag.name),
                false => after,
            }
        } else {
            page.say("<");
            &markup[1..]
        };
    }
    page.say(rest);
    page.text
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Tag<'a> {
    name: &'a str,
    is_end: bool,
    /// Whether it is an element without content, as in `<svg/>`.
    is_whole: bool,
}

impl Tag<'_> {
    fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }
}

/// The tag, or the declaration, at the beginning of `markup`, and what follows it; one without an end takes all.
/// `None` where the `<` is only a character.
fn tag(markup: &str) -> Option<(Tag<'_>, &str)> {
    let inner = markup.strip_prefix('<')?;
    let is_end = inner.starts_with('/');
    let inner = inner.strip_prefix('/').unwrap_or(inner);
    let first = inner.chars().next()?;
    if !(first.is_ascii_alphabetic() || matches!(first, '!' | '?')) {
        return None;
    }
    let ends = |c: char| c.is_ascii_whitespace() || matches!(c, '/' | '>');
    let name = &inner[..inner.find(ends).unwrap_or(inner.len())];
    let (attributes, after) = match end_of_tag(inner) {
        Some(end) => (&inner[..end], &inner[end + 1..]),
        None => (inner, ""),
    };
    let is_whole = attributes.ends_with('/');
    let tag = Tag {
        name,
        is_end,
        is_whole,
    };
    Some((tag, after))
}

/// Where the `>` of a tag is: not within a quoted value.
fn end_of_tag(inner: &str) -> Option<usize> {
    let mut quote = None;
    // A quote opens a value only after `=`.
    let mut is_value = false;
    for (at, byte) in inner.bytes().enumerate() {
        match (quote, byte) {
            (None, b'>') => return Some(at),
            (None, b'"' | b'\'') if is_value => quote = Some(byte),
            (Some(open), byte) if open == byte => quote = None,
            _ => {}
        }
        is_value = byte == b'=' || (is_value && byte.is_ascii_whitespace());
    }
    None
}

/// What follows the end tag of this name; nothing where it is missing.
fn after_end<'a>(mut html: &'a str, name: &str) -> &'a str {
    while let Some(at) = memchr(b'<', html.as_bytes()) {
        html = &html[at + 1..];
        let end = html
            .strip_prefix('/')
            .and_then(|end| end.get(..name.len()))
            .is_some_and(|end| end.eq_ignore_ascii_case(name));
        if end {
            return memchr(b'>', html.as_bytes()).map_or("", |end| &html[end + 1..]);
        }
    }
    ""
}

struct Page {
    text: String,
    /// What comes before the next piece.
    gap: Gap,
    /// What the next line begins with.
    mark: &'static str,
    /// Whether white space is kept.
    is_pre: bool,
}

impl Page {
    fn tag(&mut self, tag: Tag<'_>) {
        if tag.is("pre") {
            self.is_pre = !tag.is_end;
        }
        let gap = if PARAGRAPHS.iter().any(|name| tag.is(name)) {
            Gap::Paragraph
        } else if LINES.iter().any(|name| tag.is(name)) {
            Gap::Line
        } else if tag.is("td") || tag.is("th") {
            Gap::Space
        } else {
            return;
        };
        self.gap = self.gap.max(gap);
        self.mark = match tag.name.as_bytes() {
            _ if tag.is_end => "",
            [b'h' | b'H', b'1'] => "# ",
            [b'h' | b'H', b'2'] => "## ",
            [b'h' | b'H', b'3'..=b'6'] => "### ",
            _ if tag.is("li") => "- ",
            _ => self.mark,
        };
    }

    fn say(&mut self, text: &str) {
        let text = entities::decode(text);
        if self.is_pre {
            if !text.is_empty() {
                self.open();
                self.text.push_str(&text);
            }
            return;
        }
        for word in text.split_inclusive(|c: char| c.is_whitespace()) {
            let bare = word.trim_end();
            if !bare.is_empty() {
                self.open();
                self.text.push_str(bare);
            }
            if bare.len() < word.len() {
                self.gap = self.gap.max(Gap::Space);
            }
        }
    }

    fn open(&mut self) {
        let gap = match self.gap {
            _ if self.text.is_empty() => "",
            Gap::None => "",
            Gap::Space => " ",
            Gap::Line => "\n",
            Gap::Paragraph => "\n\n",
        };
        self.text.push_str(gap);
        self.text.push_str(std::mem::take(&mut self.mark));
        self.gap = Gap::None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_becomes_lines_paragraphs_headings_and_lists() {
        let page = "<!doctype html><html><head><title>A  page</title>\
            <style>p { color: red }</style></head><body class='x > y'>\n<h1>Top</h1>\
            <p>One <b>bold</b>\n word.<br>Next&nbsp;line</p><ul><li>a</li><li><p>b</p></ul>\
            <script>if (a < b) { document.write('</p>') }</SCRIPT >\
            <table><tr><td>1<td>2<tr><td>3</table><pre>x\n  y</pre></body></html>";
        assert_eq!(
            text(page),
            "A page\n\n# Top\n\nOne bold word.\nNext line\n\n- a\n\n- b\n\n1 2\n3\n\nx\n  y"
        );
    }

    #[test]
    fn what_is_no_markup_stays() {
        assert_eq!(text("1 < 2 & 3 > 2 <3"), "1 < 2 & 3 > 2 <3");
        assert_eq!(text("a<!-- <p>no</p> -->b"), "ab");
        assert_eq!(text("<p title=\"a>b\">c</p>"), "c");
        assert_eq!(text("<p title=it's>c</p>d"), "c\n\nd");
        assert_eq!(text(""), "");
    }

    #[test]
    fn markup_without_an_end_takes_the_rest() {
        for page in ["a<!-- b", "a<script>b", "a<p title=\"b>c", "a<b", "a</"] {
            assert!(text(page).starts_with('a'), "{page}");
            assert!(!text(page).contains('b'), "{page}");
        }
    }

    #[test]
    fn a_hostile_page_is_read_in_one_pass() {
        for piece in ["<a title=\"", "<!--", "<script>", "</", "<svg>", "&", "<<"] {
            let page = piece.repeat(200_000 / piece.len());
            assert!(text(&page).len() <= page.len());
        }
    }
}
