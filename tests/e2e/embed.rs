//! `openclaw embed` as a process: what goes in, what comes out, and what happens when something goes wrong midway.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use super::support::{Answer, Ran, Scripted, Shell, Terminal, config_for, embedding_of};

fn vectors(out: &str) -> Vec<Value> {
    out.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// The provider's embeddings, in requests of at most `cap` inputs.
fn capped(cap: usize, refusal: &'static str) -> Answer {
    Answer::from_fn(move |request| {
        let count = request.json()["input"].as_array().unwrap().len();
        match count > cap {
            true => Answer::error(400, refusal, "x"),
            false => Answer::embeddings_of(2),
        }
    })
}

/// The provider's embeddings, but for requests that hold this text.
fn picky(bad: &'static str) -> Answer {
    Answer::from_fn(move |request| {
        let inputs = request.json()["input"].as_array().unwrap().clone();
        match inputs.contains(&json!(bad)) {
            true => Answer::error(400, "this text is not allowed", "x"),
            false => Answer::embeddings_of(2),
        }
    })
}

fn lines(count: usize) -> String {
    (0..count)
        .map(|number| format!("line {number}\n"))
        .collect()
}

async fn scripted(answer: Answer) -> (Scripted, Shell) {
    let provider = Scripted::start().await;
    provider.always(answer);
    let shell = Shell::with(&config_for(&provider));
    (provider, shell)
}

#[tokio::test]
async fn tables_and_patterns_of_files_are_inputs() {
    let (_provider, shell) = scripted(Answer::embeddings_of(2)).await;
    let table = "id,body\r\n7,\"a, \"\"b\"\"\nc\"\r\n8,d\r\n";
    let named = ["--field", "body", "--id-field", "id"];
    let mut arguments = vec!["embed", "--input-format", "csv"];
    arguments.extend(named);
    let ran = shell.pipe(table.as_bytes(), &arguments);
    let text = "a, \"b\"\nc";
    assert_eq!(
        vectors(&ran.out),
        [
            json!({ "index": 0, "id": "7", "text": text, "embedding": embedding_of(text, 2) }),
            json!({ "index": 1, "id": "8", "text": "d", "embedding": embedding_of("d", 2) }),
        ]
    );

    for name in ["b.md", "a.md", "c.txt"] {
        std::fs::write(shell.home.path().join(name), name).unwrap();
    }
    let mut whole = shell.command(&["embed", "--input-format", "whole", "--no-text", "*.md"]);
    let ran = Ran::of(&whole.current_dir(shell.home.path()).output().unwrap());
    assert_eq!(
        vectors(&ran.out),
        [
            json!({ "index": 0, "id": "a.md", "embedding": embedding_of("a.md", 2) }),
            json!({ "index": 1, "id": "b.md", "embedding": embedding_of("b.md", 2) }),
        ]
    );
}

#[tokio::test]
async fn a_vector_is_there_before_the_input_ends() {
    let (_provider, shell) = scripted(Answer::embeddings_of(2)).await;
    let mut command = shell.command(&["embed"]);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    for text in ["a", "b"] {
        writeln!(stdin, "{text}").unwrap();
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        assert_eq!(vectors(&line)[0]["text"], text);
    }
    drop(stdin);
    assert!(child.wait().unwrap().success());
}

#[tokio::test]
async fn a_cap_of_the_provider_is_found_and_kept_to() {
    for refusal in ["at most 10 inputs", "too many tokens in this request"] {
        let (provider, shell) = scripted(capped(10, refusal)).await;
        let ran = shell.pipe(lines(300).as_bytes(), &["embed", "--concurrency", "1"]);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        let texts: Vec<Value> = vectors(&ran.out)
            .iter()
            .map(|line| line["text"].clone())
            .collect();
        let expected: Vec<String> = lines(300).lines().map(str::to_owned).collect();
        assert_eq!(json!(texts), json!(expected));
        let calls = provider.requests().len();
        assert!(calls < 70, "{calls} calls for 300 lines, ten a call");
    }
}

#[tokio::test]
async fn a_text_that_the_provider_refuses_is_named_and_may_be_skipped() {
    let (_provider, shell) = scripted(picky("line 3")).await;
    let input = lines(6) + "line 3\n\nlast\n";
    let ran = shell.pipe(input.as_bytes(), &["embed"]);
    assert_eq!(ran.code, Some(65), "{ran:?}");
    assert_eq!(
        ran.err, "error: stdin, line 4: this text is not allowed\n",
        "{ran:?}"
    );
    assert_eq!(vectors(&ran.out).len(), 3, "what came before it is kept");

    let ran = shell.pipe(input.as_bytes(), &["embed", "--skip-errors"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let indices: Vec<Value> = vectors(&ran.out)
        .iter()
        .map(|line| line["index"].clone())
        .collect();
    assert_eq!(indices, [0, 1, 2, 4, 5, 8]);
    for told in [
        "skipped: stdin, line 4: this text is not allowed\n",
        "skipped: stdin, line 7: this text is not allowed\n",
        "skipped: stdin, line 8: blank",
        "6 vectors",
        ", 3 skipped\n",
    ] {
        assert!(ran.err.contains(told), "{}", ran.err);
    }
}

#[tokio::test]
async fn a_provider_that_refuses_every_text_is_not_asked_for_each() {
    let (provider, shell) = scripted(Answer::error(400, "no such dimension", "x")).await;
    let ran = shell.pipe(lines(5_000).as_bytes(), &["embed", "--concurrency", "1"]);
    assert_eq!((ran.code, ran.out.as_str()), (Some(1), ""), "{ran:?}");
    assert!(ran.err.contains("no such dimension"), "{}", ran.err);
    let skipping = ["embed", "--concurrency", "1", "--skip-errors"];
    let ran = shell.pipe(lines(5_000).as_bytes(), &skipping);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let calls = provider.requests().len();
    assert!(calls < 100, "{calls} calls");
}

#[tokio::test]
async fn a_rate_limit_is_waited_out_as_long_as_patience_lasts() {
    let (provider, shell) = scripted(Answer::embeddings_of(2)).await;
    for _ in 0..8 {
        provider.push(Answer::error(429, "slow down", "x").header("retry-after", "0.01"));
    }
    let ran = shell.pipe(b"a\nb\n", &["embed"]);
    assert_eq!((ran.code, vectors(&ran.out).len()), (Some(0), 2), "{ran:?}");

    provider.always(Answer::error(429, "slow down", "x").header("retry-after", "60"));
    let ran = shell.pipe(b"a\n", &["embed", "--patience", "59"]);
    assert_eq!(ran.code, Some(75));
    assert!(ran.err.contains("retry after 60 s"), "{}", ran.err);
}

#[tokio::test]
async fn vectors_of_another_length_or_of_no_numbers_end_the_job() {
    let (provider, shell) = scripted(Answer::embeddings_of(3)).await;
    provider.push(Answer::embeddings_of(2));
    let input = ["embed", "--batch-size", "1", "--concurrency", "1"];
    let ran = shell.pipe(b"a\nb\n", &input);
    assert_eq!((ran.code, vectors(&ran.out).len()), (Some(1), 1));
    assert_eq!(
        ran.err,
        "error: stdin, line 2: a vector of 3 numbers, after vectors of 2\n"
    );

    provider.always(Answer::from_fn(|request| {
        let count = request.json()["input"].as_array().unwrap().len();
        // Of 32-bit floats, this is beyond the largest.
        let item = |index: usize| json!({ "index": index, "embedding": [1.0, 1e39] });
        Answer::json(
            200,
            json!({ "data": (0..count).map(item).collect::<Vec<_>>() }),
        )
    }));
    let ran = shell.pipe(b"a\n", &["embed"]);
    assert_eq!((ran.code, ran.out.as_str()), (Some(1), ""));
    assert!(
        ran.err.contains("an answer that cannot be used"),
        "{}",
        ran.err
    );
}

#[tokio::test]
async fn vectors_of_another_length_than_asked_for_are_never_written() {
    let item = |index: usize| json!({ "index": index, "embedding": [0.5, 0.5, 0.5] });
    let list = json!({ "data": [item(0)] });
    let (_provider, shell) = scripted(Answer::json(200, list)).await;
    let ran = shell.pipe(b"a\n", &["embed", "--dimensions", "2"]);
    assert_eq!((ran.code, ran.out.as_str()), (Some(1), ""), "{ran:?}");
    let reason = "vectors of 3 numbers, not of 2";
    assert!(ran.err.contains(reason), "{}", ran.err);
    assert_eq!(shell.pipe(b"a\n", &["embed"]).code, Some(0));
}

#[tokio::test]
async fn a_quote_that_is_never_closed_is_65_and_may_be_skipped() {
    let (_provider, shell) = scripted(Answer::embeddings_of(2)).await;
    let table = b"text,n\nx,0\n\"a,1\nb,2\nc,3\n";
    let input = ["embed", "--input-format", "csv"];
    let ran = shell.pipe(table, &input);
    assert_eq!(
        (ran.code, vectors(&ran.out).len()),
        (Some(65), 1),
        "{ran:?}"
    );
    let told = "stdin, line 3: the quote that opens here is never closed\n";
    assert_eq!(ran.err, format!("error: {told}"));

    let ran = shell.pipe(table, &[&input[..], &["--skip-errors"]].concat());
    assert_eq!((ran.code, vectors(&ran.out).len()), (Some(0), 1), "{ran:?}");
    assert!(ran.err.starts_with(&format!("skipped: {told}")), "{ran:?}");
    assert!(ran.err.ends_with(", 1 skipped\n"), "{ran:?}");
}

#[test]
fn an_output_named_with_a_dash_is_stdout() {
    let shell = Shell::new();
    let job = ["embed", "--model", "offline/hash-384", "--text", "a"];
    let mut command = shell.command(&[&job[..], &["-o", "-"]].concat());
    let ran = Ran::of(&command.current_dir(shell.home.path()).output().unwrap());
    assert_eq!((ran.code, vectors(&ran.out).len()), (Some(0), 1), "{ran:?}");
    assert!(!shell.home.path().join("-").exists());
}

#[tokio::test]
async fn the_bar_shows_what_has_been_embedded_and_not_what_has_been_read() {
    let (provider, shell) = scripted(Answer::hang()).await;
    provider.push(Answer::embeddings_of(2));
    let lines: String = (100..200)
        .map(|number| format!("line {number}\n"))
        .collect();
    std::fs::write(shell.home.path().join("in.txt"), lines).unwrap();
    let job = "embed in.txt -o out --batch-size 20 --concurrency 1";
    let arguments: Vec<&str> = job.split(' ').collect();
    let mut command = shell.command(&arguments);
    command.current_dir(shell.home.path());
    let mut terminal = Terminal::open(&command, 80);
    let shown = terminal.until("20 vectors");
    assert!(shown.ends_with(" 20% 20 vectors"), "{shown:?}");
}

#[test]
fn a_full_disk_ends_the_job() {
    let shell = Shell::new();
    let ran = shell.pipe(
        b"a\n",
        &["embed", "--model", "offline/hash-384", "-o", "/dev/full"],
    );
    assert_eq!(ran.code, Some(1));
    assert!(
        ran.err.starts_with("error: cannot write to /dev/full\n"),
        "{}",
        ran.err
    );
}

#[test]
fn options_that_contradict_each_other_are_usage() {
    let shell = Shell::new();
    for arguments in [
        &["--format", "sqlite"][..],
        &["--resume"],
        &["--resume", "-o", "x", "--format", "json"],
        &["--resume", "-o", "-"],
        &["--format", "sqlite", "-o", "-"],
        &["--resume", "-o", "x", "--format", "npy", "--skip-errors"],
        &["--field", "x"],
        &["*.nothing"],
    ] {
        let mut all = vec!["embed", "--model", "offline/hash-384"];
        all.extend(arguments);
        let ran = shell.pipe(b"a\n", &all);
        assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""), "{arguments:?}");
        assert!(!shell.home.path().join("x").exists());
    }
}

/// A job of fifty lines in small requests, with its output in the file `out`.
struct Job {
    provider: Scripted,
    shell: Shell,
    format: &'static str,
}

impl Job {
    /// Its provider falls silent after so many answers.
    async fn of(format: &'static str, answers: usize) -> Self {
        let (provider, shell) = scripted(Answer::hang()).await;
        for _ in 0..answers {
            provider.push(Answer::embeddings_of(3));
        }
        std::fs::write(shell.home.path().join("in.txt"), lines(50)).unwrap();
        Self {
            provider,
            shell,
            format,
        }
    }

    fn command(&self) -> Command {
        let mut command = self.shell.command(&["embed", "in.txt", "-o", "out"]);
        command.args(["--batch-size", "6", "--concurrency", "2"]);
        command.args(["--format", self.format]);
        command.current_dir(self.shell.home.path());
        command
    }

    /// Starts it, ends it with this signal when its provider has fallen silent, and says how it ended.
    async fn broken_off(&self, answers: usize, signal: &str) -> Option<i32> {
        let mut child: Child = self.command().spawn().unwrap();
        for _ in 0..=answers {
            self.provider.next_request().await;
        }
        let mut kill = Command::new("kill");
        assert!(
            kill.args([signal, &child.id().to_string()])
                .status()
                .unwrap()
                .success()
        );
        child.wait().unwrap().code()
    }

    /// Runs it to its end, and returns what it has written.
    fn completed(&self, more: &[&str]) -> Vec<u8> {
        self.provider.always(Answer::embeddings_of(3));
        let ran = Ran::of(&self.command().args(more).output().unwrap());
        assert_eq!(ran.code, Some(0), "{} {ran:?}", self.format);
        let file = self.shell.home.path().join("out");
        match self.format {
            // A database counts its changes: what is the same are its rows.
            "sqlite" => table(&file).into_bytes(),
            _ => std::fs::read(file).unwrap(),
        }
    }
}

fn table(file: &Path) -> String {
    let database = rusqlite::Connection::open(file).unwrap();
    let query = "SELECT group_concat(rowid || id || content_hash || text || hex(vector) || model) FROM embeddings";
    database.query_row(query, (), |row| row.get(0)).unwrap()
}

#[tokio::test]
async fn a_job_that_was_killed_goes_on_to_the_same_bytes() {
    for format in ["jsonl", "csv", "npy", "f32", "base64", "sqlite"] {
        let whole = Job::of(format, 0).await.completed(&[]);
        for answers in [0, 1, 4, 8] {
            let job = Job::of(format, answers).await;
            assert_eq!(job.broken_off(answers, "-KILL").await, None);
            assert!(
                job.completed(&["--resume"]) == whole,
                "{format} after {answers} answers"
            );
        }
    }
}

#[tokio::test]
async fn an_interrupted_job_is_130_and_goes_on_to_the_same_bytes() {
    for format in ["jsonl", "sqlite"] {
        let whole = Job::of(format, 0).await.completed(&[]);
        let job = Job::of(format, 3).await;
        assert_eq!(job.broken_off(3, "-INT").await, Some(130));
        assert!(job.completed(&["--resume"]) == whole, "{format}");
    }
}

#[tokio::test]
async fn what_is_done_already_is_not_embedded_again() {
    let job = Job::of("jsonl", 0).await;
    let whole = job.completed(&[]);
    let calls = job.provider.requests().len();
    assert!(job.completed(&["--resume"]) == whole);
    assert_eq!(job.provider.requests().len(), calls);

    std::fs::write(job.shell.home.path().join("in.txt"), "other\n".repeat(60)).unwrap();
    let ran = Ran::of(&job.command().arg("--resume").output().unwrap());
    assert_eq!(ran.code, Some(65), "{ran:?}");
    assert!(
        ran.err.contains("in.txt, line 50: not the input"),
        "{ran:?}"
    );
    assert!(std::fs::read(job.shell.home.path().join("out")).unwrap() == whole);
}
