//! Real processes on one file. The second process is this test program again, running [`child`] alone; it is told what
//! to do on its standard input and says what it did on its standard output, in lines that begin with `@`.

use std::io::{BufRead, BufReader, Lines, Write};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use futures_util::future::join_all;

use super::*;

/// How often a process is killed.
const KILLS: usize = 50;

/// Leases that end soon after their holder does. Only for processes that follow each other.
const BRIEF: Timing = Timing {
    validity: Duration::from_millis(10),
    renewal: Duration::from_secs(3600),
    look: Duration::from_millis(4),
};

struct Process {
    child: Child,
    said: Lines<BufReader<ChildStdout>>,
}

impl Process {
    fn start() -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "sessions::sqlite::tests::processes::child"])
            .args(["--ignored", "--nocapture"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let said = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, said }
    }

    fn tell(&mut self, task: &str, folder: &Path) {
        let mut input = self.child.stdin.take().unwrap();
        writeln!(input, "{task}\n{}", folder.display()).unwrap();
    }

    /// The next thing that it says; `None` when it has ended.
    fn hear(&mut self) -> Option<String> {
        let own = |line: String| line.strip_prefix('@').map(str::to_owned);
        self.said.by_ref().map_while(Result::ok).find_map(own)
    }

    fn end(mut self) -> bool {
        self.child.wait().unwrap().success()
    }
}

fn say(text: &str) {
    let mut output = std::io::stdout().lock();
    writeln!(output, "\n@{text}").unwrap();
    output.flush().unwrap();
}

/// The other process. Told nothing, it does nothing.
#[tokio::test]
#[ignore = "run by the tests below, as a process of its own"]
async fn child() {
    say("ready");
    let mut told = std::io::stdin().lock().lines().map(Result::unwrap);
    let (Some(task), Some(folder)) = (told.next(), told.next()) else {
        return;
    };
    let folder = Path::new(&folder);
    match task.as_str() {
        "write" => write_until_killed(folder).await,
        name => post_25(folder, name).await,
    }
}

/// Numbers its turns from where the last process ended.
async fn write_until_killed(folder: &Path) {
    let store = SqliteStore::with(folder, MAX_QUEUED, BRIEF).unwrap();
    let one = session("one");
    loop {
        let number = lines(&store, &one).await.len().to_string();
        post(&store, &one, &number).await.unwrap();
        say(&number);
    }
}

async fn post_25(folder: &Path, name: &str) {
    let store = SqliteStore::new(folder).unwrap();
    let one = session("one");
    let names: Vec<String> = (0..25).map(|number| format!("{name} {number}")).collect();
    let posts = names.iter().map(|name| post(&store, &one, name));
    for done in join_all(posts).await {
        done.unwrap();
    }
    store.close().await;
}

#[tokio::test]
async fn fifty_posts_from_two_processes_are_fifty_whole_turns_one_after_the_other() {
    let folder = folder();
    let mut processes = [Process::start(), Process::start()];
    for process in &mut processes {
        assert_eq!(process.hear().as_deref(), Some("ready"));
    }
    for (process, name) in processes.iter_mut().zip(["left", "right"]) {
        process.tell(name, folder.path());
    }
    assert!(
        processes
            .map(Process::end)
            .into_iter()
            .all(|ended_well| ended_well)
    );

    let turns = open(&folder).load(&session("one")).await.unwrap().turns;
    let mut said: Vec<String> = turns.iter().map(|turn| turn.input[0].text()).collect();
    let of_left = said.iter().filter(|text| text.starts_with("left"));
    let in_order: Vec<String> = (0..25).map(|number| format!("left {number}")).collect();
    assert!(
        of_left.eq(&in_order),
        "each process keeps its own order: {said:?}"
    );
    said.sort();
    said.dedup();
    assert_eq!(said.len(), 50);
    for pair in turns.windows(2) {
        assert_eq!(pair[1].parent, Some(pair[0].id));
    }
}

#[tokio::test]
async fn killing_a_writer_loses_no_acknowledged_turn() {
    let folder = folder();
    let mut acknowledged: Vec<String> = Vec::new();
    for kill in 0..KILLS {
        let mut process = Process::start();
        assert_eq!(process.hear().as_deref(), Some("ready"));
        process.tell("write", folder.path());
        // From before the first write to the midst of the sixth.
        for _ in 0..kill % 6 {
            acknowledged.push(process.hear().unwrap());
        }
        process.child.kill().unwrap();
        acknowledged.extend(std::iter::from_fn(|| process.hear()));
        assert!(!process.end());

        let store = open(&folder);
        let stored = lines(&store, &session("one")).await;
        let counted: Vec<String> = (0..stored.len()).map(|number| number.to_string()).collect();
        assert_eq!(stored, counted, "whole turns, in order");
        let lost: Vec<_> = acknowledged
            .iter()
            .filter(|turn| !stored.contains(turn))
            .collect();
        assert_eq!(lost, Vec::<&String>::new());
        store.close().await;
    }
    assert!(acknowledged.len() >= KILLS / 6 * 15);
    let connection = Connection::open(folder.path().join(FILE_NAME)).unwrap();
    let verdict: String = connection
        .pragma_query_value(None, "integrity_check", |row| row.get(0))
        .unwrap();
    assert_eq!(verdict, "ok");
}
