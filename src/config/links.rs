//! The settings that say what is done about links that lead nowhere: `[links]`. Knows nothing of
//! pages.

use crate::diagnostics::suggestion;
use crate::fields::{Fields, Findings};

/// What is done about links that lead nowhere.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct LinkSettings {
    /// How much they matter.
    pub check: LinkCheck,
    /// URL paths, in which `*` stands for anything, that somebody else answers.
    pub ignore: Vec<String>,
}

/// How much a link that leads nowhere matters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum LinkCheck {
    /// It is a mistake: the build ends with exit code 1, though everything is written.
    Error,
    /// It is told. The default: a site that has one is better published than not, and what
    /// answers below a path may be another server, of which we cannot know.
    #[default]
    Warn,
    /// Nobody looks.
    Off,
}

impl LinkCheck {
    const WORDS: [&str; 3] = ["error", "warn", "off"];

    fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "error" => Self::Error,
            "warn" => Self::Warn,
            "off" => Self::Off,
            _ => return None,
        })
    }
}

impl LinkSettings {
    /// Takes its table out of the settings file's.
    pub fn read(&mut self, fields: &mut Fields, findings: &mut Findings<'_>) {
        let Some(node) = fields.take("links") else { return };
        let mut links = Fields::of(node, findings);
        if let Some((word, place)) = links.text_at("check", findings) {
            match LinkCheck::parse(&word) {
                Some(check) => self.check = check,
                None => {
                    let help = suggestion(&word, LinkCheck::WORDS);
                    findings.note(place, format!("`{word}` is no way to check links"), help);
                }
            }
        }
        for (pattern, place) in links.texts_at("ignore", findings) {
            if pattern.starts_with('/') && !pattern.contains(|c: char| c.is_control() || c.is_whitespace()) {
                self.ignore.push(pattern);
            } else {
                let help = Some("for instance \"/shop/*\"".to_owned());
                findings.note(place, format!("`{pattern}` is not a pattern of URL paths"), help);
            }
        }
        links.finish(findings);
    }
}
