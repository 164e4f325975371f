//! nginx before several gateways, with the configuration of the README; ended when dropped.

use std::io::Write as _;
use std::net::{SocketAddr, TcpListener};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

/// The variable with which nothing may be skipped.
const REQUIRED: &str = "REQUIRE_CLIENTS";

pub struct Nginx {
    child: Child,
    address: SocketAddr,
    _folder: TempDir,
}

impl Nginx {
    /// Before these; `None`, said aloud, where nginx is not installed.
    pub fn before(upstreams: &[SocketAddr]) -> Option<Self> {
        let program = ["/usr/sbin/nginx", "/usr/local/sbin/nginx", "/usr/bin/nginx"];
        let Some(program) = program
            .iter()
            .find(|path| std::path::Path::new(path).is_file())
        else {
            skipped();
            return None;
        };
        let folder = tempfile::tempdir().unwrap();
        // Taken and let go: nginx takes it again, for it cannot say which one it found.
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = free.local_addr().unwrap();
        drop(free);
        let file = folder.path().join("nginx.conf");
        std::fs::write(&file, configuration(&folder, address, upstreams)).unwrap();
        let child = Command::new(program)
            .arg("-c")
            .arg(&file)
            .arg("-p")
            .arg(folder.path())
            .args(["-e", "error.log"])
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        Some(Self {
            child,
            address,
            _folder: folder,
        })
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        use rustix::process::{Pid, Signal, kill_process};
        // Its workers end with it.
        let _ended = kill_process(Pid::from_child(&self.child), Signal::TERM);
        drop(self.child.wait());
    }
}

fn configuration(folder: &TempDir, address: SocketAddr, upstreams: &[SocketAddr]) -> String {
    let servers: String = upstreams
        .iter()
        .map(|upstream| format!("server {upstream} max_fails=1 fail_timeout=2s;"))
        .collect();
    let folder = folder.path().display();
    // Workers of the same user: a temporary folder is for nobody else.
    let user = match rustix::process::getuid().is_root() {
        true => "user root;",
        false => "",
    };
    format!(
        "{user} worker_processes 1; daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log;
        events {{ worker_connections 2048; }}
        http {{
            access_log off;
            client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/f;
            uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
            upstream openclaw {{ {servers} keepalive 64; }}
            server {{
                listen {address};
                location / {{
                    proxy_pass http://openclaw;
                    proxy_http_version 1.1;
                    proxy_set_header Connection \"\";
                    proxy_buffering off;
                    proxy_read_timeout 660s;
                    proxy_next_upstream error;
                }}
            }}
        }}"
    )
}

/// Says on the terminal that a test proved nothing.
///
/// # Panics
/// Where [`REQUIRED`] is set.
fn skipped() {
    const NEEDED: &str = "nginx is not installed here";
    assert!(
        std::env::var_os(REQUIRED).is_none(),
        "{NEEDED}, and {REQUIRED} is set"
    );
    let mut terminal = std::io::stderr();
    writeln!(terminal, "\n*** SKIPPED: {NEEDED} ***").unwrap();
}
