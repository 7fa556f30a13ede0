//! `output.file`: the story of a run in a file of its own.
//!
//! A thread writes it, so that a slow disk slows nobody down.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

use lifecycle::{Event, Events};

use super::errors::class;
use super::lines::lines;
use crate::console::say;

/// Writes down what it is told; the file is whole when it is dropped.
pub struct FileLogger {
    texts: Option<Sender<String>>,
    writer: Option<JoinHandle<()>>,
    /// The file as the configuration names its folder.
    name: String,
    quiet: bool,
}

impl FileLogger {
    /// Makes the folder and a file in it. `name` is the path that people are told.
    pub fn create(path: &Path, name: String, quiet: bool) -> std::io::Result<Self> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let file = File::create(path)?;
        let (texts, arriving) = channel();
        let writer = std::thread::Builder::new().name("log file".to_string()).spawn(move || write(file, &arriving))?;
        Ok(Self { texts: Some(texts), writer: Some(writer), name, quiet })
    }

    fn line(&self, text: String) {
        if let Some(texts) = &self.texts {
            let _ = texts.send(text);
        }
    }
}

impl Events for FileLogger {
    fn tell(&self, event: Event<'_>) {
        for line in lines(event) {
            self.line(format!("{:>6} {}", line.level.name(), line.text));
        }
        match event {
            Event::Finished { took } => self.line(format!("# Completed in {:.1}s", took.as_secs_f64())),
            Event::Failed { error, took } => {
                self.line(format!("# FAILED: {}: {error} ({:.1}s)", class(error), took.as_secs_f64()));
            }
            _ => {}
        }
    }
}

impl Drop for FileLogger {
    fn drop(&mut self) {
        drop(self.texts.take());
        if let Some(writer) = self.writer.take() {
            let _ = writer.join();
        }
        if !self.quiet {
            say(&format!("Logs written to {}", self.name));
        }
    }
}

fn write(file: File, arriving: &Receiver<String>) {
    let mut file = BufWriter::new(file);
    let mut wrong = None;
    for text in arriving {
        wrong = wrong.or(writeln!(file, "{text}").err());
    }
    if let Some(error) = wrong.or(file.flush().err()) {
        say(&format!("warning: the log file is not whole: {error}"));
    }
}

/// `2026-01-31T10-00-00[_staging]_app_boot.log`
pub fn file_name(time: &jiff::Zoned, destination: Option<&str>, words: &[String]) -> String {
    let time = time.strftime("%Y-%m-%dT%H-%M-%S").to_string();
    let parts = [time.as_str()].into_iter().chain(destination).chain(words.iter().map(String::as_str));
    parts.collect::<Vec<_>>().join("_") + ".log"
}

#[cfg(test)]
mod tests {
    use super::super::story;
    use super::*;

    #[test]
    fn a_run_is_written_down_from_its_first_line_to_its_last() {
        let check = |expected_last: &str, ends: fn(&dyn Events)| {
            let folder = std::env::temp_dir().join(format!("sextant-log-{}", std::process::id()));
            let path = folder.join("deep").join("run.log");
            let logger = FileLogger::create(&path, "log/run.log".to_string(), true).unwrap();
            story::tell(&logger);
            ends(&logger);
            drop(logger);
            let written = std::fs::read_to_string(&path).unwrap();
            std::fs::remove_dir_all(folder).unwrap();
            let expected = "  INFO Looking at 10.0.0.1
  INFO Stage of the story
  INFO [3] web: pull shop:v1 on 10.0.0.1
 DEBUG [3] Command: docker pull shop:v1
 DEBUG [3] \tpulling
 ERROR [3] Finished in 1.500 seconds with exit status 1 (failed)
";
            assert_eq!(written, format!("{expected}{expected_last}\n"));
        };
        check("# Completed in 12.3s", story::ends_well);
        check("# FAILED: Interrupt: interrupted (2.0s)", story::ends_early);
    }

    #[test]
    fn files_are_named_by_time_destination_and_words() {
        let time = jiff::civil::date(2026, 1, 31).at(10, 2, 3, 0).to_zoned(jiff::tz::TimeZone::UTC).unwrap();
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_string()).collect::<Vec<_>>();
        assert_eq!(file_name(&time, None, &words(&["deploy"])), "2026-01-31T10-02-03_deploy.log");
        assert_eq!(
            file_name(&time, Some("staging"), &words(&["app", "boot"])),
            "2026-01-31T10-02-03_staging_app_boot.log"
        );
    }
}
