//! Content streams (ISO 32000-1, 8 and 9): the operators that place text, carried out.

use std::collections::HashMap;
use std::rc::Rc;

use super::budget::Stop;
use super::file::File;
use super::font::Font;
use super::layout::{Layout, Matrix, Placed};
use super::object::{Dict, Object};
use super::parser::{Item, Parser, is_space};

/// How deep forms may draw each other.
const MAX_FORMS: usize = 8;

/// Saved states, and operands of one operator.
const MAX_STACK: usize = 512;

/// Fonts that are kept.
const MAX_FONTS: usize = 256;

/// What `q` saves and `Q` brings back.
#[derive(Clone)]
struct Graphics {
    matrix: Matrix,
    font: Option<Rc<Font>>,
    size: f64,
    char_space: f64,
    word_space: f64,
    /// 1 is as wide as the font is.
    stretch: f64,
    leading: f64,
    rise: f64,
}

impl Graphics {
    fn new() -> Self {
        Self {
            matrix: Matrix::IDENTITY,
            font: None,
            size: 0.0,
            char_space: 0.0,
            word_space: 0.0,
            stretch: 1.0,
            leading: 0.0,
            rise: 0.0,
        }
    }
}

pub struct Interpreter<'a> {
    file: &'a File<'a>,
    fonts: HashMap<u32, Rc<Font>>,
    pub layout: Layout,
    now: Graphics,
    saved: Vec<Graphics>,
    text: Matrix,
    line: Matrix,
    forms: usize,
}

impl<'a> Interpreter<'a> {
    pub fn new(file: &'a File<'a>, layout: Layout) -> Self {
        Self {
            file,
            fonts: HashMap::new(),
            layout,
            now: Graphics::new(),
            saved: Vec::new(),
            text: Matrix::IDENTITY,
            line: Matrix::IDENTITY,
            forms: 0,
        }
    }

    pub fn page(&mut self, contents: &[Object], resources: &Dict) -> Result<(), Stop> {
        self.now = Graphics::new();
        self.saved.clear();
        self.layout.new_page();
        let mut whole = Vec::new();
        for part in contents {
            if let Some(stream) = self.file.stream(part)
                && let Some(bytes) = self.file.decoded(&stream)?
            {
                match whole.is_empty() {
                    true => whole = bytes,
                    false => whole.extend(bytes),
                }
                // An operator never runs over the end of a stream.
                whole.push(b'\n');
            }
        }
        self.run(&whole, resources)
    }

    fn run(&mut self, content: &[u8], resources: &Dict) -> Result<(), Stop> {
        let mut parser = Parser::new(content, 0);
        let mut operands = Vec::new();
        while let Some(item) = parser.next() {
            self.file.budget().step()?;
            if self.layout.is_full() {
                break;
            }
            match item {
                Item::Operand(operand) if operands.len() < MAX_STACK => operands.push(operand),
                Item::Operand(_) => {}
                Item::Operator(b"ID") => {
                    skip_picture(&mut parser);
                    operands.clear();
                }
                Item::Operator(operator) => {
                    self.operate(operator, &operands, resources)?;
                    operands.clear();
                }
            }
        }
        Ok(())
    }

    fn operate(
        &mut self,
        operator: &[u8],
        operands: &[Object],
        resources: &Dict,
    ) -> Result<(), Stop> {
        let number = |at: usize| operands.get(at).and_then(Object::number).unwrap_or(0.0);
        let matrix = || Matrix(std::array::from_fn(number));
        match operator {
            b"q" if self.saved.len() < MAX_STACK => self.saved.push(self.now.clone()),
            b"Q" => self.now = self.saved.pop().unwrap_or_else(|| self.now.clone()),
            b"cm" => self.now.matrix = matrix().then(self.now.matrix),
            b"BT" => self.place(Matrix::IDENTITY),
            b"Tm" => self.place(matrix()),
            b"Td" => self.next_line(number(0), number(1)),
            b"TD" => {
                self.now.leading = -number(1);
                self.next_line(number(0), number(1));
            }
            b"T*" => self.next_line(0.0, -self.now.leading),
            b"TL" => self.now.leading = number(0),
            b"Tc" => self.now.char_space = number(0),
            b"Tw" => self.now.word_space = number(0),
            b"Tz" => self.now.stretch = number(0) / 100.0,
            b"Ts" => self.now.rise = number(0),
            b"Tf" => {
                self.now.size = number(1);
                self.now.font = self.font(operands.first(), resources)?;
            }
            b"Tj" | b"TJ" => self.show(operands)?,
            b"'" => {
                self.next_line(0.0, -self.now.leading);
                self.show(operands)?;
            }
            b"\"" => {
                (self.now.word_space, self.now.char_space) = (number(0), number(1));
                self.next_line(0.0, -self.now.leading);
                self.show(operands.get(2..).unwrap_or_default())?;
            }
            b"Do" => self.form(operands.first(), resources)?,
            _ => {}
        }
        Ok(())
    }

    fn place(&mut self, matrix: Matrix) {
        (self.text, self.line) = (matrix, matrix);
    }

    fn next_line(&mut self, x: f64, y: f64) {
        self.place(Matrix::moved(x, y).then(self.line));
    }

    fn font(&mut self, name: Option<&Object>, resources: &Dict) -> Result<Option<Rc<Font>>, Stop> {
        self.file.budget().look()?;
        let fonts = self.file.dict(resources.get(b"Font"));
        let font = fonts.get(name.and_then(Object::name).unwrap_or_default());
        let Object::Reference(number) = font else {
            let dict = self.file.dict(font);
            return Ok(Some(Rc::new(Font::read(&dict, self.file)?)));
        };
        if let Some(known) = self.fonts.get(number) {
            return Ok(Some(Rc::clone(known)));
        }
        let font = Rc::new(Font::read(&self.file.dict(font), self.file)?);
        if self.fonts.len() < MAX_FONTS {
            self.fonts.insert(*number, Rc::clone(&font));
        }
        Ok(Some(font))
    }

    /// Shows strings; a number between two of them moves the second.
    fn show(&mut self, operands: &[Object]) -> Result<(), Stop> {
        for operand in operands {
            self.file.budget().step()?;
            match operand {
                Object::Array(items) => self.show(items)?,
                Object::String(string) => self.string(string)?,
                Object::Number(number) => {
                    self.advance(-number / 1000.0 * self.now.size * self.now.stretch);
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn string(&mut self, string: &[u8]) -> Result<(), Stop> {
        let Some(font) = self.now.font.clone() else {
            return Ok(());
        };
        let begin = self.on_page();
        let mut said = String::new();
        for code in font.codes(string) {
            self.file.budget().step()?;
            font.write(code, &mut said);
            let mut advance = font.advance(code) * self.now.size + self.now.char_space;
            if font.is_space(code) {
                advance += self.now.word_space;
            }
            self.advance(advance * self.now.stretch);
        }
        let [_, _, c, d, ..] = begin.0;
        let em = (self.now.size * c.hypot(d)).abs();
        let end = self.on_page();
        self.layout.push(&said, Placed { begin, end, em });
        Ok(())
    }

    fn advance(&mut self, x: f64) {
        self.text = Matrix::moved(x, 0.0).then(self.text);
    }

    fn on_page(&self) -> Matrix {
        let raised = Matrix::moved(0.0, self.now.rise);
        raised.then(self.text).then(self.now.matrix)
    }

    fn form(&mut self, name: Option<&Object>, resources: &Dict) -> Result<(), Stop> {
        self.file.budget().look()?;
        let known = self.file.dict(resources.get(b"XObject"));
        let form = known.get(name.and_then(Object::name).unwrap_or_default());
        let Some(stream) = self.file.stream(form) else {
            return Ok(());
        };
        if self.forms == MAX_FORMS || !stream.dict.is(b"Subtype", b"Form") {
            return Ok(());
        }
        let Some(content) = self.file.decoded(&stream)? else {
            return Ok(());
        };
        let own = match stream.dict.get(b"Resources") {
            Object::Null => resources.clone(),
            own => self.file.dict(own),
        };
        let before = (
            self.now.clone(),
            self.text,
            self.line,
            std::mem::take(&mut self.saved),
        );
        if let Object::Array(matrix) = self.file.resolve(stream.dict.get(b"Matrix")) {
            let number = |at: usize| matrix.get(at).and_then(Object::number).unwrap_or(0.0);
            self.now.matrix = Matrix(std::array::from_fn(number)).then(self.now.matrix);
        }
        self.forms += 1;
        let done = self.run(&content, &own);
        self.forms -= 1;
        (self.now, self.text, self.line, self.saved) = before;
        done
    }
}

/// Passes the bytes of a picture that stands among the operators.
fn skip_picture(parser: &mut Parser) {
    let rest = parser.rest();
    let mut ends = memchr::memmem::find_iter(rest, b"EI");
    let is_alone = |at: &usize| {
        let is_blank = |byte: Option<&u8>| byte.is_none_or(|byte| is_space(*byte));
        is_blank(at.checked_sub(1).and_then(|at| rest.get(at))) && is_blank(rest.get(at + 2))
    };
    let end = ends.find(is_alone).map_or(rest.len(), |at| at + 2);
    parser.skip(end);
}
