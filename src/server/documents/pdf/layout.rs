//! From glyphs at places to lines of text: where one string ends and the next begins says whether a space, a line or a
//! paragraph lies between.

/// A gap along the line that is a space, in ems.
const SPACE: f64 = 0.17;

/// A gap back along the line that is another line, in ems: another column, or a table's cell.
const BACK: f64 = -1.0;

/// A gap across the line that is another line, in ems: more than the height of an exponent.
const LINE: f64 = 0.6;

/// A gap across the line that is another paragraph, in ems.
const PARAGRAPH: f64 = 2.2;

/// `[a b c d e f]` of ISO 32000-1, 8.3.3.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Matrix(pub [f64; 6]);

impl Matrix {
    pub const IDENTITY: Self = Self([1.0, 0.0, 0.0, 1.0, 0.0, 0.0]);

    pub fn moved(x: f64, y: f64) -> Self {
        Self([1.0, 0.0, 0.0, 1.0, x, y])
    }

    /// First this one, then the other.
    pub fn then(self, other: Self) -> Self {
        let ([a, b, c, d, e, f], [g, h, i, j, k, l]) = (self.0, other.0);
        Self([
            a * g + b * i,
            a * h + b * j,
            c * g + d * i,
            c * h + d * j,
            e * g + f * i + k,
            e * h + f * j + l,
        ])
    }
}

/// A string on the page: the matrix of its beginning and of its end, and its em, all in the space of the page.
#[derive(Debug, Clone, Copy)]
pub struct Placed {
    pub begin: Matrix,
    pub end: Matrix,
    pub em: f64,
}

/// The text of a file, page by page.
#[derive(Debug, Default)]
pub struct Layout {
    text: String,
    last: Option<Placed>,
    is_full: bool,
    chars: usize,
    most: usize,
}

impl Layout {
    /// Takes at most so many characters.
    pub fn new(most: usize) -> Self {
        Self {
            most,
            ..Self::default()
        }
    }

    /// Whether there was more than it takes.
    pub fn is_full(&self) -> bool {
        self.is_full
    }

    pub fn into_text(mut self) -> String {
        self.text.truncate(self.text.trim_end().len());
        self.text
    }

    pub fn new_page(&mut self) {
        self.last = None;
        if !self.text.is_empty() {
            self.gap("\n\n");
        }
    }

    pub fn push(&mut self, said: &str, placed: Placed) {
        if said.is_empty() {
            return;
        }
        if let Some(last) = self.last.replace(placed) {
            self.gap(between(last, placed));
        }
        for char in said.chars() {
            match char {
                '\u{fb00}' => self.write("ff"),
                '\u{fb01}' => self.write("fi"),
                '\u{fb02}' => self.write("fl"),
                '\u{fb03}' => self.write("ffi"),
                '\u{fb04}' => self.write("ffl"),
                char if char.is_whitespace() => self.gap(" "),
                char if char.is_control() => {}
                char => self.write(char.encode_utf8(&mut [0; 4])),
            }
        }
    }

    /// A greater gap swallows a smaller one.
    fn gap(&mut self, gap: &str) {
        let there = &self.text[self.text.trim_end_matches([' ', '\n']).len()..];
        if self.text.is_empty()
            || (gap == " " && !there.is_empty())
            || there.len() >= gap.len() && there.contains('\n')
        {
            return;
        }
        let lost = there.len();
        self.text.truncate(self.text.len() - lost);
        self.chars -= lost;
        self.write(gap);
    }

    fn write(&mut self, text: &str) {
        let chars = text.chars().count();
        self.is_full |= self.chars + chars > self.most;
        if !self.is_full {
            self.text.push_str(text);
            self.chars += chars;
        }
    }
}

fn between(last: Placed, next: Placed) -> &'static str {
    let [a, b, _, _, x, y] = last.end.0;
    let [c, d, _, _, to_x, to_y] = next.begin.0;
    let (length, em) = (a.hypot(b), last.em.max(next.em));
    if length == 0.0 || em == 0.0 {
        return " ";
    }
    let (dx, dy) = ((to_x - x) / em, (to_y - y) / em);
    let (along, across) = ((dx * a + dy * b) / length, (dy * a - dx * b).abs() / length);
    // Text that runs another way.
    let turned = (a * d - b * c).abs() > 0.1 * length * c.hypot(d);
    match (along, across) {
        (_, PARAGRAPH..) => "\n\n",
        (_, LINE..) => "\n",
        _ if turned => "\n",
        (..=BACK, _) => "\n",
        (SPACE.., _) => " ",
        _ => "",
    }
}
