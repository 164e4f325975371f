//! What is kept, for whom, and how much of it.

use tempfile::TempDir;

use super::*;

fn owner(agent: &str, model: &str) -> Owner {
    Owner {
        agent: agent.to_owned(),
        model: model.to_owned(),
    }
}

fn entry(file: &str, text: u8, number: f32) -> Entry {
    Entry {
        file: file.to_owned(),
        digest: [text; 32],
        vector: Arc::new([number, -0.5]),
    }
}

fn folder() -> (TempDir, Index) {
    let folder = tempfile::tempdir().unwrap();
    let index = Index::new(folder.path());
    (folder, index)
}

/// The first number of the vector of each of these texts, where it is kept.
fn read(index: &Index, owner: &Owner, texts: &[u8]) -> Vec<(u8, f32)> {
    let wanted = texts.iter().map(|text| [*text; 32]).collect();
    let found = index.read(owner, &wanted).unwrap();
    let mut found: Vec<_> = found
        .into_iter()
        .map(|(digest, vector)| (digest[0], vector[0]))
        .collect();
    found.sort_by_key(|(text, _)| *text);
    found
}

#[test]
fn an_owner_reads_what_it_wrote_last_and_nobody_elses() {
    let (_folder, index) = folder();
    let [ann, bob] = [owner("ann", "p/e"), owner("bob", "p/e")];
    let other_model = owner("ann", "p/f");
    index
        .write(
            &ann,
            &[entry("a", 1, 1.0), entry("a", 1, 1.0), entry("b", 2, 2.0)],
        )
        .unwrap();
    index.write(&other_model, &[entry("a", 1, 9.0)]).unwrap();
    assert_eq!(read(&index, &ann, &[1, 2, 3]), [(1, 1.0), (2, 2.0)]);
    assert_eq!(read(&index, &ann, &[2]), [(2, 2.0)]);
    assert_eq!(read(&index, &other_model, &[1, 2]), [(1, 9.0)]);
    assert_eq!(read(&index, &bob, &[1, 2]), []);

    index
        .write(&ann, &[entry("b", 2, 2.0), entry("b", 3, 3.0)])
        .unwrap();
    assert_eq!(read(&index, &ann, &[1, 2, 3]), [(2, 2.0), (3, 3.0)]);
    assert_eq!(read(&index, &other_model, &[1]), [(1, 9.0)]);
    index.write(&ann, &[]).unwrap();
    assert_eq!(read(&index, &ann, &[1, 2, 3]), []);
}

#[test]
fn nothing_is_on_the_disk_before_there_is_something_to_keep() {
    let (folder, index) = folder();
    assert_eq!(read(&index, &owner("ann", "p/e"), &[1]), []);
    index.write(&owner("ann", "p/e"), &[]).unwrap();
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn over_the_limit_what_was_written_first_goes() {
    let (_folder, index) = folder();
    let [old, new] = [owner("old", "p/e"), owner("new", "p/e")];
    index
        .write(&old, &[entry("a", 1, 1.0), entry("a", 2, 2.0)])
        .unwrap();
    let many: Vec<Entry> = (1..MAX_ROWS)
        .map(|number| entry(&number.to_string(), 3, 3.0))
        .collect();
    index.write(&new, &many).unwrap();
    assert_eq!(read(&index, &old, &[1, 2]), [(2, 2.0)]);
    let connection = Connection::open(&index.0).unwrap();
    let rows = connection.query_row("SELECT count(*) FROM chunk", [], |row| row.get(0));
    assert_eq!(rows, Ok(MAX_ROWS));
}

#[test]
fn what_is_no_index_of_this_version_is_refused_and_left_as_it_is() {
    let (_folder, index) = folder();
    let ann = owner("ann", "p/e");
    index.write(&ann, &[entry("a", 1, 1.0)]).unwrap();
    let newer = Connection::open(&index.0).unwrap();
    newer
        .pragma_update(None, "user_version", VERSION + 1)
        .unwrap();
    drop(newer);
    assert!(matches!(index.write(&ann, &[]), Err(IndexError::Version)));
    assert!(index.read(&ann, &HashSet::new()).is_err());

    let text = "a letter, not a database; long enough to be looked at. ".repeat(20);
    std::fs::write(&index.0, &text).unwrap();
    assert!(index.write(&ann, &[entry("a", 1, 1.0)]).is_err());
    assert_eq!(std::fs::read_to_string(&index.0).unwrap(), text);
}

#[cfg(unix)]
#[test]
fn the_file_and_its_folder_are_for_this_person_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let index = Index::new(&folder.path().join("state"));
    index
        .write(&owner("ann", "p/e"), &[entry("a", 1, 1.0)])
        .unwrap();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(index.0.parent().unwrap()), 0o700);
    assert_eq!(mode(&index.0), 0o600);
}
