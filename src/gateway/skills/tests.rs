//! Lists of skills, whole.

use std::fs;

use super::*;
use crate::gateway::watched::LOOK_EVERY;

fn skills(folder: &Path) -> Skills {
    Skills::new(Workspace::locate(folder.to_str().unwrap(), None), None)
}

fn write(folder: &Path, place: &str, text: &str) {
    let at = folder.join(FOLDER).join(place);
    fs::create_dir_all(&at).unwrap();
    fs::write(at.join(FILE), text).unwrap();
}

fn skill(name: &str, description: &str) -> String {
    format!("---\nname: {name}\ndescription: {description}\n---\n\nThe text.\n")
}

fn names(text: &str) -> Vec<&str> {
    let names = text.split("<name>").skip(1);
    names.map(|rest| rest.split('<').next().unwrap()).collect()
}

#[tokio::test]
async fn a_skill_is_listed_by_its_name_its_description_and_where_it_is() {
    let folder = tempfile::tempdir().unwrap();
    write(
        folder.path(),
        "b",
        &skill("weather", "Tells & foretells <it>."),
    );
    write(
        folder.path(),
        "a",
        "---\ndescription: Has the name of its folder.\n---",
    );
    assert_eq!(
        &*skills(folder.path()).text().await,
        format!(
            "{INTRODUCTION}\n\n<available_skills>\n  \
             <skill>\n    <name>a</name>\n    <description>Has the name of its folder.</description>\n    \
             <location>skills/a/SKILL.md</location>\n  </skill>\n  \
             <skill>\n    <name>weather</name>\n    <description>Tells &amp; foretells &lt;it&gt;.</description>\n    \
             <location>skills/b/SKILL.md</location>\n  </skill>\n\
             </available_skills>"
        )
    );
}

#[tokio::test]
async fn without_skills_there_is_nothing_to_list() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(&*skills(folder.path()).text().await, "");
    assert_eq!(&*skills(&folder.path().join("none")).text().await, "");
    fs::write(folder.path().join(FOLDER), "a file").unwrap();
    assert_eq!(&*skills(folder.path()).text().await, "");
}

#[tokio::test]
async fn what_is_no_skill_is_left_out_and_the_others_are_there() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "good", &skill("good", "Good."));
    write(folder.path(), "other", &skill("good", "Has its name."));
    write(folder.path(), "plain", "# No front matter\n");
    write(folder.path(), "endless", "---\nname: endless\n");
    write(folder.path(), "silent", "---\nname: silent\n---\n");
    write(folder.path(), "long", &skill(&"x".repeat(65), "Long."));
    write(folder.path(), ".git", &skill("hidden", "Hidden."));
    write(folder.path(), "two\nlines", &skill("lines", "Lines."));
    write(
        folder.path(),
        "people",
        "---\ndescription: For people.\ndisable-model-invocation: true\n---",
    );
    fs::create_dir_all(folder.path().join("skills/empty")).unwrap();
    fs::create_dir_all(folder.path().join("skills/folder/SKILL.md")).unwrap();
    fs::write(folder.path().join("skills/README.md"), "no").unwrap();
    let mut bytes = skill("bytes", "Not all ").into_bytes();
    bytes.extend([0xff, 0xfe]);
    fs::create_dir(folder.path().join("skills/bytes")).unwrap();
    fs::write(folder.path().join("skills/bytes/SKILL.md"), bytes).unwrap();
    assert_eq!(
        names(&skills(folder.path()).text().await),
        ["bytes", "good"]
    );
}

#[cfg(unix)]
#[tokio::test]
async fn nothing_outside_of_the_workspace_is_listed() {
    let (outside, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    write(outside.path(), "out", &skill("out", "Outside."));
    write(folder.path(), "in", &skill("in", "Inside."));
    let link = |to: &Path, from: &str| {
        std::os::unix::fs::symlink(to, folder.path().join(FOLDER).join(from)).unwrap();
    };
    link(&outside.path().join("skills/out"), "linked");
    link(Path::new("in"), "same");
    fs::create_dir(folder.path().join("skills/file")).unwrap();
    link(&outside.path().join("skills/out/SKILL.md"), "file/SKILL.md");
    assert_eq!(names(&skills(folder.path()).text().await), ["in"]);

    let other = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(outside.path().join(FOLDER), other.path().join(FOLDER)).unwrap();
    assert_eq!(&*skills(other.path()).text().await, "");
}

#[tokio::test]
async fn the_list_is_bounded_and_says_what_is_not_in_it() {
    let folder = tempfile::tempdir().unwrap();
    for number in 0..MAX_SKILLS + 3 {
        write(
            folder.path(),
            &format!("{number:03}"),
            &skill(&format!("s{number}"), "x"),
        );
    }
    let text = skills(folder.path()).text().await;
    assert_eq!(names(&text).len(), MAX_SKILLS);
    assert!(
        text.ends_with("</available_skills>\n[3 more are in `skills`]"),
        "{text}"
    );

    let folder = tempfile::tempdir().unwrap();
    for number in 0..100 {
        write(
            folder.path(),
            &format!("{number:03}"),
            &skill(&format!("s{number}"), &"ü".repeat(2000)),
        );
    }
    let text = skills(folder.path()).text().await;
    assert!(
        text.len() < MAX_LIST_BYTES + 1024 && names(&text).len() > 10,
        "{}",
        text.len()
    );
    assert!(text.contains(&format!(">{}…<", "ü".repeat(MAX_DESCRIPTION_CHARS))));
}

#[tokio::test]
async fn of_too_many_folders_the_first_by_name_are_looked_at_and_the_others_counted() {
    let folder = tempfile::tempdir().unwrap();
    for number in (0..MAX_ENTRIES + 7).rev() {
        fs::create_dir_all(folder.path().join(format!("skills/f{number:04}"))).unwrap();
    }
    fs::write(folder.path().join("skills/README.md"), "no folder").unwrap();
    write(folder.path(), "f0999", &skill("last", "x"));
    write(folder.path(), "f1000", &skill("beyond", "x"));
    let text = skills(folder.path()).text().await;
    assert_eq!(names(&text), ["last"]);
    assert!(
        text.ends_with("</available_skills>\n[7 more folders of `skills` were not looked at]"),
        "{text}"
    );
}

#[tokio::test]
async fn an_agent_may_be_given_some_of_them() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["one", "two", "three"] {
        write(folder.path(), name, &skill(name, "x"));
    }
    let workspace = Workspace::locate(folder.path().to_str().unwrap(), None);
    let allowed = ["two".to_owned(), "four".to_owned()];
    let skills = Skills::new(workspace, Some(&allowed));
    assert_eq!(names(&skills.text().await), ["two"]);
}

#[tokio::test(start_paused = true)]
async fn a_change_is_seen_after_a_second_and_without_one_nothing_is_read_again() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "a", &skill("one", "x"));
    let skills = skills(folder.path());
    let first = skills.text().await;
    write(folder.path(), "b", &skill("two", "x"));
    assert!(Arc::ptr_eq(&skills.text().await, &first));
    tokio::time::advance(LOOK_EVERY).await;
    let second = skills.text().await;
    assert_eq!(names(&second), ["one", "two"]);
    tokio::time::advance(LOOK_EVERY).await;
    assert!(Arc::ptr_eq(&skills.text().await, &second));
    fs::remove_dir_all(folder.path().join(FOLDER)).unwrap();
    tokio::time::advance(LOOK_EVERY).await;
    assert_eq!(&*skills.text().await, "");
}
