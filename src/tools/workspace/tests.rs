//! Whatever is named, nothing outside of the workspace is read, written or waited for.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::fs::{CWD, FileType as NodeType, Mode, RenameFlags, mknodat, renameat_with};
use tempfile::TempDir;

use super::*;

/// A workspace beside a file that is nobody's business.
struct House {
    outer: TempDir,
    workspace: Workspace,
}

impl House {
    fn new() -> Self {
        let outer = tempfile::tempdir().unwrap();
        let root = outer.path().join("work");
        fs::create_dir(&root).unwrap();
        fs::write(outer.path().join("secret"), "secret").unwrap();
        fs::create_dir(outer.path().join("other")).unwrap();
        fs::write(outer.path().join("other/file"), "secret").unwrap();
        let workspace = Workspace { root };
        Self { outer, workspace }
    }

    fn inner(&self, path: &str) -> PathBuf {
        self.workspace.root.join(path)
    }

    fn secret(&self) -> String {
        fs::read_to_string(self.outer.path().join("secret")).unwrap()
    }

    fn read(&self, path: &str) -> Result<String, String> {
        let bytes = self.workspace.read(path, 1000)?;
        Ok(String::from_utf8(bytes).unwrap())
    }
}

#[test]
fn a_path_may_begin_at_the_workspace_or_at_the_root_of_the_machine() {
    let house = House::new();
    fs::create_dir(house.inner("a")).unwrap();
    fs::write(house.inner("a/b"), "here").unwrap();
    let absolute = house.inner("a/b");
    for path in [
        "a/b",
        "./a/b",
        "a/../a/b",
        " a/b ",
        absolute.to_str().unwrap(),
    ] {
        assert_eq!(house.read(path), Ok("here".to_owned()), "{path}");
    }
}

#[test]
fn no_path_leads_out() {
    let house = House::new();
    fs::create_dir(house.inner("a")).unwrap();
    symlink("../secret", house.inner("link")).unwrap();
    symlink(house.outer.path().join("secret"), house.inner("absolute")).unwrap();
    symlink("../other", house.inner("folder")).unwrap();
    symlink("link", house.inner("chain")).unwrap();
    let outside = house.outer.path().join("secret");
    for path in [
        "../secret",
        "a/../../secret",
        "../work/../secret",
        "/etc/passwd",
        "link",
        "absolute",
        "folder/file",
        "chain",
        outside.to_str().unwrap(),
    ] {
        assert!(house.read(path).is_err(), "read {path}");
        assert!(house.workspace.replace(path, b"x").is_err(), "write {path}");
        assert!(house.workspace.entries(path).is_err(), "list {path}");
    }
    assert!(house.workspace.replace("folder/new", b"x").is_err());
    assert_eq!(house.secret(), "secret");
    assert!(!house.outer.path().join("other/new").exists());
    assert_eq!(
        house.read("../secret"),
        Err("`../secret` leads out of the workspace, or may not be used".to_owned())
    );
    assert_eq!(
        house.read("/etc/passwd"),
        Err("`/etc/passwd` is outside of the workspace; paths begin at the workspace".to_owned())
    );
}

#[test]
fn a_folder_that_is_swapped_for_a_link_meanwhile_leads_nowhere_else() {
    const EACH_SEEN: usize = 200;
    let house = House::new();
    let (folder, link) = (house.inner("folder"), house.inner("link"));
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("file"), "mine").unwrap();
    symlink("../other", &link).unwrap();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                renameat_with(CWD, &folder, CWD, &link, RenameFlags::EXCHANGE).unwrap();
            }
        });
        let (mut read, mut refused, mut foreign) = (0, 0, false);
        while read < EACH_SEEN || refused < EACH_SEEN {
            match house.read("folder/file") {
                Ok(text) => {
                    foreign |= text != "mine";
                    read += 1;
                }
                Err(_) => refused += 1,
            }
            let _ = house.workspace.replace("folder/file", b"mine");
        }
        done.store(true, Ordering::Relaxed);
        assert!(!foreign, "something outside was read");
    });
    let outside = fs::read_to_string(house.outer.path().join("other/file")).unwrap();
    assert_eq!(outside, "secret");
    let there = fs::read_dir(house.outer.path().join("other")).unwrap();
    assert_eq!(there.count(), 1);
}

#[test]
fn what_is_no_regular_file_is_neither_read_nor_written_nor_waited_for() {
    let house = House::new();
    mknodat(CWD, house.inner("pipe"), NodeType::Fifo, Mode::RWXU, 0).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(house.inner("socket")).unwrap();
    fs::create_dir(house.inner("folder")).unwrap();
    symlink("/dev/zero", house.inner("zero")).unwrap();
    assert_eq!(
        house.read("pipe"),
        Err("`pipe` is not a regular file".to_owned())
    );
    assert_eq!(house.read("folder"), Err("`folder` is a folder".to_owned()));
    assert!(house.read("socket").is_err());
    assert!(house.read("zero").is_err());
    for path in ["pipe", "socket", "folder", "zero", ".", ""] {
        assert!(house.workspace.replace(path, b"x").is_err(), "{path}");
    }
}

#[test]
fn a_large_file_is_not_read_whole() {
    let house = House::new();
    let file = fs::File::create(house.inner("large")).unwrap();
    file.set_len(1 << 40).unwrap();
    assert_eq!(
        house.read("large"),
        Err("`large` is larger than 1000 bytes".to_owned())
    );
}

#[test]
fn a_file_is_replaced_whole_and_keeps_its_permissions_and_its_links() {
    let house = House::new();
    fs::write(house.inner("script"), "old").unwrap();
    fs::set_permissions(house.inner("script"), fs::Permissions::from_mode(0o750)).unwrap();
    symlink("script", house.inner("link")).unwrap();
    house.workspace.replace("link", b"new").unwrap();
    assert_eq!(house.read("script"), Ok("new".to_owned()));
    let mode = fs::metadata(house.inner("script"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o750);
    assert!(
        fs::symlink_metadata(house.inner("link"))
            .unwrap()
            .is_symlink()
    );
    house.workspace.replace("new/folder/file", b"x").unwrap();
    assert_eq!(house.read("new/folder/file"), Ok("x".to_owned()));
    assert_eq!(fs::read_dir(house.inner("new/folder")).unwrap().count(), 1);
}

#[test]
fn a_workspace_is_made_when_it_is_first_used() {
    let outer = tempfile::tempdir().unwrap();
    let home = outer.path().to_str().unwrap();
    let workspace = Workspace::locate("~/a/b", Some(home));
    assert_eq!(workspace.root(), outer.path().join("a/b"));
    assert!(workspace.existing().is_err());
    assert_eq!(workspace.entries("."), Ok(Vec::new()));
    assert!(workspace.root().is_dir());
}

#[test]
fn a_walk_enters_neither_hidden_folders_nor_linked_ones() {
    let house = House::new();
    for path in ["b/c", ".git", "a"] {
        fs::create_dir_all(house.inner(path)).unwrap();
    }
    for path in ["b/c/1", "b/2", ".git/3", ".4", "a/5"] {
        fs::write(house.inner(path), "").unwrap();
    }
    symlink("..", house.inner("b/up")).unwrap();
    let files = house.workspace.files("", &Stop::default()).unwrap();
    let paths: Vec<_> = files
        .paths
        .iter()
        .map(|path| path.to_str().unwrap())
        .collect();
    assert_eq!(paths, [".4", "a/5", "b/2", "b/c/1"]);
    assert!(!files.cut);
}
