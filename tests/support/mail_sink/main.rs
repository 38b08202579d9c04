//! `mail_sink`: a mail server to look at what headend mails, with faults on request.
//!
//! `cargo run --example mail_sink -- --listen 127.0.0.1:2525 --into mails --misbehave 'end:451 later*3'`
//!
//! Each mail becomes a file `0001.eml` in the folder, and a line on the screen. Any mail program opens these
//! files. `--user NAME:PASSWORD` asks clients to sign in; `--tls FOLDER` has `cert.pem` and `key.pem`, for
//! STARTTLS. Ends when it is killed.

#![allow(dead_code, reason = "the server has tools for tests too")]
#![allow(clippy::expect_used, clippy::print_stderr, reason = "a tool of the tests")]

#[path = "../smtp.rs"]
mod smtp;

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use smtp::{Abilities, Server, Tls, certificate};

const LOOK: Duration = Duration::from_millis(100);

struct Wanted {
    listen: SocketAddr,
    into: Option<PathBuf>,
    faults: Vec<String>,
    abilities: Abilities,
}

fn wanted(mut args: impl Iterator<Item = String>) -> Result<Wanted, String> {
    let mut wanted = Wanted {
        listen: SocketAddr::from(([127, 0, 0, 1], 2_525)),
        into: None,
        faults: Vec::new(),
        abilities: Abilities { eight_bit: true, ..Abilities::default() },
    };
    while let Some(arg) = args.next() {
        let mut value = || args.next().ok_or_else(|| format!("{arg} wants a value"));
        match arg.as_str() {
            "--listen" => wanted.listen = value()?.parse().map_err(|e| format!("--listen: {e}"))?,
            "--into" => wanted.into = Some(value()?.into()),
            "--misbehave" => {
                let fault = value()?;
                fault.parse::<smtp::Fault>()?;
                wanted.faults.push(fault);
            }
            "--user" => {
                let given = value()?;
                let (user, password) = given.split_once(':').ok_or("--user wants NAME:PASSWORD")?;
                wanted.abilities.user = Some((user.to_owned(), password.to_owned()));
            }
            "--tls" => {
                let folder = PathBuf::from(value()?);
                let config = certificate(&folder.join("cert.pem"), &folder.join("key.pem"))?;
                wanted.abilities.certificate = Some(config);
                wanted.abilities.tls = Tls::Later;
            }
            other => return Err(format!("{other} is not known; see the top of {}", file!())),
        }
    }
    Ok(wanted)
}

fn run() -> Result<(), String> {
    let wanted = wanted(std::env::args().skip(1))?;
    if let Some(into) = &wanted.into {
        fs::create_dir_all(into).map_err(|e| format!("{}: {e}", into.display()))?;
    }
    let server = Server::on(wanted.listen, wanted.abilities).map_err(|e| format!("listening: {e}"))?;
    wanted.faults.iter().for_each(|fault| server.misbehave(fault));
    println!("mail to {}", server.address);
    let mut told = 0;
    loop {
        let accepted = server.accepted();
        for mail in &accepted[told..] {
            told += 1;
            let subject = mail.header("Subject").unwrap_or_default();
            println!("{told:04} to {}: {subject}", mail.to.join(", "));
            if let Some(into) = &wanted.into {
                keep(into, told, &mail.bytes)?;
            }
        }
        std::thread::sleep(LOOK);
    }
}

fn keep(into: &Path, number: usize, bytes: &[u8]) -> Result<(), String> {
    let path = into.join(format!("{number:04}.eml"));
    fs::write(&path, bytes).map_err(|e| format!("{}: {e}", path.display()))
}

fn main() {
    if let Err(why) = run() {
        eprintln!("mail_sink: {why}");
        std::process::exit(1);
    }
}
