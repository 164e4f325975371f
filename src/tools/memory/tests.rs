//! What is found, and how little is embedded for it.

use std::sync::{Arc, Mutex};

use futures_util::FutureExt;
use serde_json::json;

use super::*;
use crate::tools::tests::{Bench, embedder_of};
use crate::tools::{Embed, ToolResult, call};

/// Embeds a text as how often each of three words stands in it, and keeps what it was asked.
fn counting() -> (Embedder, Arc<Mutex<Vec<String>>>) {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&asked);
    let embedder = embedder_of(Arc::new(move |texts: Vec<String>| {
        let count = |text: &String, word| text.matches(word).count() as f32;
        let vectors = texts.iter();
        let vectors = vectors.map(|text| vec![count(text, "tea"), count(text, "cat"), 0.1]);
        let vectors = vectors.collect();
        seen.lock().unwrap().extend(texts.clone());
        async move { Ok(vectors) }.boxed()
    }));
    (embedder, asked)
}

fn taken(asked: &Mutex<Vec<String>>) -> Vec<String> {
    let mut texts = std::mem::take(&mut *asked.lock().unwrap());
    texts.sort();
    texts
}

async fn search(memory: &Memory, bench: &Bench, embed: &Embedder) -> Vec<(String, usize)> {
    let context = bench.context();
    let workspace = context.workbench.workspace().unwrap();
    let found = memory.search(workspace, embed, "tea", 3).await.unwrap();
    let place = |found: Found| (found.path.display().to_string(), found.chunk.first_line);
    found.into_iter().map(place).collect()
}

#[tokio::test]
async fn what_is_nearest_in_meaning_comes_first_and_only_changes_are_embedded() {
    let bench = Bench::new();
    bench.write("MEMORY.md", "# Cats\ncat cat\n# Tea\ntea\n");
    bench.write("memory/a.md", "cat tea\n");
    bench.write("memory/deep/b.md", "nothing\n");
    bench.write("memory/c.txt", "tea\n");
    bench.write("OTHER.md", "tea\n");
    let (embed, asked) = counting();
    let memory = Memory::new("main".parse().unwrap(), None);
    let expected =
        [("MEMORY.md", 3), ("memory/a.md", 1)].map(|(path, line)| (path.to_owned(), line));
    assert_eq!(search(&memory, &bench, &embed).await[..2], expected);
    assert_eq!(
        taken(&asked),
        [
            "# Cats\ncat cat\n",
            "# Tea\ntea\n",
            "cat tea\n",
            "nothing\n",
            "tea"
        ]
    );

    assert_eq!(search(&memory, &bench, &embed).await[..2], expected);
    assert_eq!(taken(&asked), ["tea"]);

    bench.write("MEMORY.md", "# Cats\ncat cat\n# Tea\ntea tea tea\n");
    std::fs::remove_file(bench.path("memory/a.md")).unwrap();
    let found = search(&memory, &bench, &embed).await;
    assert_eq!(found[0], ("MEMORY.md".to_owned(), 3));
    assert!(!found.contains(&("memory/a.md".to_owned(), 1)));
    assert_eq!(taken(&asked), ["# Tea\ntea tea tea\n", "tea"]);
}

#[tokio::test]
async fn what_was_embedded_is_known_to_the_next_process_by_model_and_text() {
    let bench = Bench::new();
    let state = tempfile::tempdir().unwrap();
    let index = Some(Index::new(state.path()));
    let started = || Memory::new("main".parse().unwrap(), index.clone());
    let (mut embed, asked) = counting();
    bench.write("MEMORY.md", "# Cats\ncat\n# Tea\ntea\n");
    let expected = search(&started(), &bench, &embed).await;
    assert_eq!(expected[0], ("MEMORY.md".to_owned(), 3));
    assert_eq!(taken(&asked).len(), 3);

    assert_eq!(search(&started(), &bench, &embed).await, expected);
    assert_eq!(taken(&asked), ["tea"]);

    bench.write("MEMORY.md", "# Cats\ncat\n# Tea\nmuch tea\n");
    search(&started(), &bench, &embed).await;
    assert_eq!(taken(&asked), ["# Tea\nmuch tea\n", "tea"]);

    embed.model = "p/other".to_owned();
    search(&started(), &bench, &embed).await;
    assert_eq!(taken(&asked).len(), 3);
}

#[tokio::test]
async fn an_index_that_cannot_be_used_takes_no_search_away() {
    let bench = Bench::new();
    let state = tempfile::tempdir().unwrap();
    std::fs::create_dir(state.path().join("memory.sqlite")).unwrap();
    let (embed, _) = counting();
    bench.write("MEMORY.md", "tea\n");
    let memory = Memory::new("main".parse().unwrap(), Some(Index::new(state.path())));
    let found = search(&memory, &bench, &embed).await;
    assert_eq!(found, [("MEMORY.md".to_owned(), 1)]);
}

#[tokio::test]
async fn the_tool_tells_places_and_to_strangers_only_texts() {
    let (embed, _) = counting();
    let bench = Bench::new().embedder(embed);
    let mut context = bench.context();
    let tools = crate::tools::builtin();
    let arguments = json!({ "query": "tea", "max_results": 1 }).to_string();
    let nothing = call(&tools, &context, "memory_search", &arguments).await;
    assert_eq!(nothing, ToolResult::done("[nothing is written down]"));
    bench.write("memory/a.md", "x\n\ntea tea\n\n");
    let found = call(&tools, &context, "memory_search", &arguments).await;
    assert_eq!(
        found,
        ToolResult::done("memory/a.md:1-4 (score 1.00)\nx\n\ntea tea")
    );
    context.public = true;
    let found = call(&tools, &context, "memory_search", &arguments).await;
    assert_eq!(found, ToolResult::done("(score 1.00)\nx\n\ntea tea"));
}

#[tokio::test]
async fn a_failing_embedding_is_told_to_the_model() {
    let embed: Embed = Arc::new(|_| async { Err("no embeddings today".to_owned()) }.boxed());
    let bench = Bench::new().embedder(embedder_of(embed));
    bench.write("MEMORY.md", "tea");
    let found = bench.call("memory_search", json!({ "query": "tea" })).await;
    assert_eq!(found, Err("no embeddings today".to_owned()));
}

#[tokio::test]
async fn only_memory_can_be_got() {
    let bench = Bench::new();
    bench.write("memory/a.md", "one\ntwo\nthree\n");
    bench.write("notes.md", "no");
    bench.write("memory/a.txt", "no");
    let two = json!({ "path": "memory/a.md", "from": 2, "lines": 1 });
    assert_eq!(
        bench.call("memory_get", two).await,
        Ok("two\n[lines 2 to 2 of more; go on with offset 3]".to_owned())
    );
    for path in [
        "notes.md",
        "memory/a.txt",
        "memory/../notes.md",
        "memory",
        "/etc/passwd",
    ] {
        let got = bench.call("memory_get", json!({ "path": path })).await;
        assert!(got.is_err(), "{path}");
    }
}

#[test]
fn vectors_that_cannot_be_compared_are_not_alike() {
    assert_eq!(cosine(&[3.0, 4.0], &[6.0, 8.0]), 1.0);
    assert_eq!(cosine(&[1.0, 0.0], &[0.0, 1.0]), 0.0);
    assert_eq!(cosine(&[1.0], &[1.0, 2.0]), 0.0);
    assert_eq!(cosine(&[0.0], &[0.0]), 0.0);
}
