//! What the highlighter knows of each language: its comments, its strings, its words. One row a language.

/// The lexical shape of a language, as far as colours need it.
#[derive(Debug)]
pub struct Language {
    /// What stands behind the opening fence, in lower case.
    pub names: &'static [&'static str],
    /// What begins a comment that ends with its line.
    pub line_comments: &'static [&'static str],
    /// Where a comment or string may hold several lines.
    pub blocks: &'static [Block],
    /// Characters that begin and end a string on one line.
    pub quotes: &'static str,
    /// Words that mean something to the language, between spaces.
    pub words: &'static str,
}

/// A stretch that ends where its end stands, be it lines below.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Block {
    pub begin: &'static str,
    pub end: &'static str,
    pub is_comment: bool,
}

const fn comment(begin: &'static str, end: &'static str) -> Block {
    Block {
        begin,
        end,
        is_comment: true,
    }
}

const fn string(mark: &'static str) -> Block {
    Block {
        begin: mark,
        end: mark,
        is_comment: false,
    }
}

const C_COMMENT: Block = comment("/*", "*/");

/// The language of a fence; `None` for one that is not known.
pub fn named(name: &str) -> Option<&'static Language> {
    let name = name.to_ascii_lowercase();
    LANGUAGES
        .iter()
        .find(|language| language.names.contains(&name.as_str()))
}

impl Language {
    pub fn has_word(&self, word: &str) -> bool {
        self.words.split(' ').any(|known| known == word)
    }
}

const LANGUAGES: &[Language] = &[
    Language {
        names: &[
            "bash",
            "sh",
            "shell",
            "zsh",
            "fish",
            "dockerfile",
            "make",
            "makefile",
        ],
        line_comments: &["#"],
        blocks: &[],
        quotes: "\"'",
        words: "if then else elif fi for in do done while until case esac function return export local set unset source \
            exit break continue trap FROM RUN COPY ENV CMD ENTRYPOINT WORKDIR ARG EXPOSE",
    },
    Language {
        names: &[
            "c", "h", "cpp", "c++", "cc", "hpp", "csharp", "cs", "java", "kotlin", "kt", "swift",
            "dart", "scala",
        ],
        line_comments: &["//"],
        blocks: &[C_COMMENT, string("\"\"\"")],
        quotes: "\"'",
        words: "abstract async auto await bool boolean break case catch char class const constexpr continue data default \
            delete do double else enum explicit extends extern false final finally float for foreach fun func goto guard if \
            implements import in init inline int interface internal is let long namespace new nil null nullptr object open \
            operator override package private protected public readonly record ref return sealed self short signed sizeof \
            static struct super switch template this throw throws trait true try typedef typename union unsigned using val \
            var virtual void volatile when where while yield #include #define #if #ifdef #ifndef #endif #else #pragma",
    },
    Language {
        names: &["css", "scss", "less"],
        line_comments: &[],
        blocks: &[C_COMMENT],
        quotes: "\"'",
        words: "important inherit initial none auto",
    },
    Language {
        names: &["go", "golang"],
        line_comments: &["//"],
        blocks: &[C_COMMENT, string("`")],
        quotes: "\"'",
        words: "break case chan const continue default defer else fallthrough false for func go goto if import interface iota \
            map nil package range return select struct switch true type var any bool byte error float64 int int64 rune string",
    },
    Language {
        names: &["html", "xml", "svg", "vue"],
        line_comments: &[],
        blocks: &[comment("<!--", "-->")],
        quotes: "\"",
        words: "",
    },
    Language {
        names: &[
            "ini",
            "toml",
            "yaml",
            "yml",
            "conf",
            "properties",
            "hcl",
            "terraform",
            "nix",
        ],
        line_comments: &["#"],
        blocks: &[string("\"\"\"")],
        // An apostrophe may stand in a plain value.
        quotes: "\"",
        words: "true false null yes no on off",
    },
    Language {
        names: &[
            "javascript",
            "js",
            "jsx",
            "typescript",
            "ts",
            "tsx",
            "mjs",
            "json",
            "json5",
            "jsonc",
        ],
        line_comments: &["//"],
        blocks: &[C_COMMENT, string("`")],
        quotes: "\"'",
        words: "abstract any as async await boolean break case catch class const continue debugger declare default delete do \
            else enum export extends false finally for from function get if implements import in instanceof interface keyof \
            let namespace never new null number of private protected public readonly return satisfies set static string super \
            switch this throw true try type typeof undefined unknown var void while yield",
    },
    Language {
        names: &["lua"],
        line_comments: &["--"],
        blocks: &[],
        quotes: "\"'",
        words: "and break do else elseif end false for function goto if in local nil not or repeat return then true until while",
    },
    Language {
        names: &["php"],
        line_comments: &["//", "#"],
        blocks: &[C_COMMENT],
        quotes: "\"'",
        words: "abstract and array as break case catch class const continue default do echo else elseif extends false final \
            finally fn for foreach function if implements interface match namespace new null or private protected public \
            readonly return static switch this throw trait true try use var while yield",
    },
    Language {
        names: &["python", "py", "python3", "pycon"],
        line_comments: &["#"],
        blocks: &[string("\"\"\""), string("'''")],
        quotes: "\"'",
        words: "False None True and as assert async await break case class continue def del elif else except finally for from \
            global if import in is lambda match nonlocal not or pass raise return self try while with yield",
    },
    Language {
        names: &["ruby", "rb", "elixir", "ex", "perl", "pl", "r"],
        line_comments: &["#"],
        blocks: &[],
        quotes: "\"'",
        words: "alias and begin break case class def defmodule defp do else elsif end ensure false fn for foreach function if \
            in module my next nil not or our package rescue return self sub super then true unless until use when while yield \
            TRUE FALSE NULL",
    },
    Language {
        names: &["rust", "rs"],
        line_comments: &["//"],
        blocks: &[C_COMMENT],
        // A quote alone may be a lifetime.
        quotes: "\"",
        words: "as async await break const continue crate dyn else enum extern false fn for if impl in let loop match mod move \
            mut pub ref return self Self static struct super trait true type unsafe use where while bool char f32 f64 i8 i16 \
            i32 i64 i128 isize str u8 u16 u32 u64 u128 usize",
    },
    Language {
        names: &["sql", "postgresql", "mysql", "sqlite"],
        line_comments: &["--"],
        blocks: &[C_COMMENT],
        quotes: "\"'",
        words: "ADD ALL ALTER AND AS ASC BEGIN BETWEEN BY CASE COLUMN COMMIT CREATE CROSS DEFAULT DELETE DESC DISTINCT DROP ELSE \
            END EXISTS FALSE FOREIGN FROM FULL GROUP HAVING IF IN INDEX INNER INSERT INTO IS JOIN KEY LEFT LIKE LIMIT NOT NULL \
            OFFSET ON OR ORDER OUTER PRIMARY REFERENCES RETURNING RIGHT ROLLBACK SELECT SET TABLE THEN TRUE UNION UNIQUE UPDATE \
            USING VALUES VIEW WHEN WHERE WITH add all alter and as asc begin between by case column commit create cross default \
            delete desc distinct drop else end exists false foreign from full group having if in index inner insert into is \
            join key left like limit not null offset on or order outer primary references returning right rollback select set \
            table then true union unique update using values view when where with",
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_language_goes_by_all_its_names() {
        assert!(named("RS").unwrap().has_word("fn"));
        assert!(named("tsx").unwrap().has_word("await"));
        assert!(named("brainfuck").is_none());
    }

    #[test]
    fn no_name_means_two_languages() {
        let mut names: Vec<&str> = LANGUAGES
            .iter()
            .flat_map(|one| one.names)
            .copied()
            .collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
    }
}
