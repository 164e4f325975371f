//! `openclaw gateway unit`: a systemd unit for the user who asks. Pure, save for printing it.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::Context as _;
use clap::Args;

use super::ServeArgs;
use crate::cli::{CliError, Context};

/// Print a systemd unit that runs the gateway for this user
///
/// The options of `gateway serve` become those of the service. Keys of providers belong into `.env` beside the
/// configuration: a service does not see the variables of a shell.
#[derive(Debug, Args)]
pub struct UnitArgs {}

pub fn run(context: &Context, serve: &ServeArgs) -> anyhow::Result<()> {
    let program = std::env::current_exe().context("cannot tell where this program is")?;
    let mut arguments = vec![text_of(&program)?];
    if let Some(file) = &context.globals.config {
        arguments.extend(["--config".to_owned(), absolute(file)?]);
    }
    if let Some(level) = &context.globals.log_level {
        arguments.extend(["--log-level".to_owned(), level.clone()]);
    }
    arguments.extend(["gateway".to_owned(), "serve".to_owned()]);
    arguments.extend(options(serve)?);
    Ok(context.printer.text(&unit(&arguments))?)
}

/// The options of `gateway serve`, as they are written.
fn options(serve: &ServeArgs) -> anyhow::Result<Vec<String>> {
    if serve.token.is_some() {
        let why = "a unit file is no place for a token: use --token-file, or the configuration";
        return Err(CliError::Usage(why.to_owned()).into());
    }
    let mut options = Vec::new();
    let mut add = |name: &str, value: String| options.extend([name.to_owned(), value]);
    if let Some(port) = serve.port {
        add("--port", port.to_string());
    }
    if let Some(bind) = serve.bind {
        add("--bind", word(bind));
    }
    if let Some(auth) = serve.auth {
        add("--auth", word(auth));
    }
    if let Some(file) = &serve.token_file {
        add("--token-file", absolute(file)?);
    }
    for endpoint in &serve.enable {
        add("--enable", word(*endpoint));
    }
    Ok(options)
}

/// A value as the command line spells it.
fn word(value: impl clap::ValueEnum) -> String {
    let possible = value.to_possible_value();
    possible.map_or_else(String::new, |value| value.get_name().to_owned())
}

/// A service has a working folder of its own.
fn absolute(file: &Path) -> anyhow::Result<String> {
    let file = std::path::absolute(file).with_context(|| format!("no file: {}", file.display()))?;
    text_of(&file)
}

fn text_of(file: &Path) -> anyhow::Result<String> {
    let text = file.to_str().map(str::to_owned);
    text.with_context(|| format!("{} is not UTF-8", file.display()))
}

/// The unit that runs this command.
fn unit(command: &[String]) -> String {
    let mut line = String::new();
    for argument in command {
        let _ = write!(line, " {}", quoted(argument));
    }
    format!(
        "\
# openclaw gateway unit > ~/.config/systemd/user/openclaw.service
# systemctl --user daemon-reload && systemctl --user enable --now openclaw
# loginctl enable-linger    # to have it run without a login
[Unit]
Description=OpenAI-compatible gateway for agents
StartLimitIntervalSec=60
StartLimitBurst=5

[Service]
Type=notify
NotifyAccess=main
ExecStart={}
ExecReload=/bin/kill -HUP $MAINPID
WatchdogSec=60
Restart=on-failure
RestartSec=2
# Usage, refused, configuration: another try would end the same.
RestartPreventExitStatus=2 77 78
# Runs in flight may finish first.
TimeoutStopSec=45
LimitNOFILE=65536
UMask=0077

# The commands of the exec tool inherit all of this. What needs a name space of its own (ProtectSystem=, PrivateTmp=)
# or breaks interpreters that compile (MemoryDenyWriteExecute=) is left to you.
LockPersonality=yes
NoNewPrivileges=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native
SystemCallErrorNumber=EPERM
SystemCallFilter=@system-service

[Install]
WantedBy=default.target
",
        line.trim_start()
    )
}

/// An argument as systemd.service(5) reads it back: its specifiers, its variables and its quotes taken literally.
fn quoted(argument: &str) -> String {
    let escaped = argument
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('%', "%%")
        .replace('$', "$$");
    let is_plain = |c: char| c.is_alphanumeric() || "/.-_,:=@+%".contains(c);
    match !escaped.is_empty() && escaped.chars().all(is_plain) {
        true => escaped,
        false => format!("\"{escaped}\""),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::{Cli, Command};

    fn serve_args(line: &str) -> ServeArgs {
        let Some(Command::Gateway(args)) = Cli::try_parse_from(line.split(' ')).unwrap().command
        else {
            panic!("{line} is a gateway command");
        };
        args.serve
    }

    #[test]
    fn what_systemd_would_change_is_escaped() {
        assert_eq!(quoted("/usr/bin/openclaw"), "/usr/bin/openclaw");
        assert_eq!(quoted("/a b/$x%h\"\\"), "\"/a b/$$x%%h\\\"\\\\\"");
        assert_eq!(quoted(""), "\"\"");
    }

    #[test]
    fn the_options_of_serve_are_those_of_the_service() {
        let serve = serve_args(
            "openclaw gateway unit --port 80 --bind lan --auth token --token-file /t --enable responses,chat-completions",
        );
        let expected = "--port 80 --bind lan --auth token --token-file /t --enable responses --enable chat-completions";
        assert_eq!(options(&serve).unwrap().join(" "), expected);
    }

    #[test]
    fn a_token_is_kept_out_of_the_unit() {
        let refused = options(&serve_args("openclaw gateway unit --token hunter2")).unwrap_err();
        assert!(refused.to_string().contains("--token-file"), "{refused}");
    }
}
