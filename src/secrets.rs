//! What nobody may read over a shoulder: passwords and keys in a text that somebody wrote, found so that
//! they can be left out of what is shown of it. Finds rather too much than too little, and in texts that
//! no parser would take. Knows nothing of where the text stands.

use std::borrow::Cow;
use std::ops::Range;

/// What stands in place of a secret.
const MASK: &str = "…";

/// Names whose values are secrets wherever they are part of a longer name.
const STRONG: [&str; 11] = [
    "password",
    "passwd",
    "passphrase",
    "secret",
    "token",
    "apikey",
    "accesskey",
    "accountkey",
    "privatekey",
    "credential",
    "authorization",
];

/// Names whose values are secrets only in settings and in queries of addresses: elsewhere they are words.
const WEAK: [&str; 8] = ["key", "keys", "pass", "pwd", "auth", "sig", "signature", "sas"];

/// Schemes whose addresses hold passwords by custom, often unescaped ones.
const DATABASES: [&str; 8] = ["postgres", "postgresql", "mysql", "mariadb", "mongodb", "redis", "rediss", "amqp"];

/// Whether the value of a setting called `name` is a secret.
pub fn is_secret_name(name: &str) -> bool {
    is_strong(name) || is_weak(name)
}

fn is_strong(name: &str) -> bool {
    let letters: String = name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    STRONG.iter().any(|strong| letters.contains(strong))
}

fn is_weak(name: &str) -> bool {
    name.split(['_', '-', '.']).any(|word| WEAK.iter().any(|weak| word.eq_ignore_ascii_case(weak)))
}

/// `text` with what may be a secret left out; a text of several lines is taken line by line.
pub fn masked(text: &str) -> Cow<'_, str> {
    let mut found = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let here = in_line(line.trim_end_matches(['\n', '\r']));
        found.extend(here.into_iter().map(|range| range.start + start..range.end + start));
        start += line.len();
    }
    if found.is_empty() { Cow::Borrowed(text) } else { Cow::Owned(without(text, &found)) }
}

/// `text` without some of its bytes, each range of which one mark stands for.
pub fn without(text: &str, ranges: &[Range<usize>]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut done = 0;
    for range in ranges {
        out.push_str(&text[done..range.start]);
        out.push_str(MASK);
        done = range.end;
    }
    out.push_str(&text[done..]);
    out
}

/// Whose names are taken for those of secrets.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Of {
    Settings,
    AnyText,
}

/// The bytes of one line of any text that may be secrets, in order and apart.
pub fn in_line(line: &str) -> Vec<Range<usize>> {
    in_line_of(line, Of::AnyText)
}

fn in_line_of(line: &str, of: Of) -> Vec<Range<usize>> {
    // Most lines hold neither.
    if !line.contains(['=', ':']) {
        return Vec::new();
    }
    apart([in_addresses(line), in_values(line, of), after_bearer(line)].concat())
}

/// Ranges in order, those that touch as one, without empty ones.
pub fn apart(mut ranges: Vec<Range<usize>>) -> Vec<Range<usize>> {
    ranges.retain(|range| !range.is_empty());
    ranges.sort_by_key(|range| range.start);
    let mut merged: Vec<Range<usize>> = Vec::with_capacity(ranges.len());
    for range in ranges {
        match merged.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => merged.push(range),
        }
    }
    merged
}

/// Who is named in an address, and by which password: `scheme://user:password@host`.
fn in_addresses(line: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    for (at, _) in line.match_indices("://") {
        let start = at + 3;
        let scheme = line[..at].rsplit(|c: char| !c.is_ascii_alphanumeric() && c != '+').next().unwrap_or_default();
        let is_database = DATABASES.iter().any(|database| scheme.eq_ignore_ascii_case(database));
        let rest = &line[start..];
        let authority = rest.find(['/', '?', '#', '"', '\'', '`', ' ', '\t', '<', '>', ',']).unwrap_or(rest.len());
        let authority = &rest[..authority];
        let host = authority.rsplit('@').next().unwrap_or_default();
        let port = host.rsplit_once(']').map_or(host, |(_, port)| port).rsplit_once(':').map(|(_, port)| port);
        let is_port = port.is_none_or(|port| port.bytes().all(|b| b.is_ascii_digit()));
        let in_authority = authority.rfind('@');
        // A password with a slash, a quote or a space in it goes on beyond what looks like the host.
        let in_line = rest.rfind('@').filter(|_| is_database || !is_port || in_authority.is_some_and(|_| !is_port));
        match in_line.max(in_authority) {
            Some(end) => found.push(start..start + end),
            None if !is_port => found.push(start + authority.find(':').map_or(0, |at| at + 1)..line.len()),
            None => {}
        }
    }
    found
}

/// The values of what is called a password, a token, a key.
fn in_values(line: &str, of: Of) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    for (at, sign) in line.match_indices(['=', ':']) {
        if found.last().is_some_and(|last| at < last.end) {
            continue;
        }
        let before = line[..at].trim_end().trim_end_matches(['"', '\'']);
        let name_at = before
            .rfind(|c: char| !is_of_name(c))
            .map_or(0, |at| at + before[at..].chars().next().map_or(1, char::len_utf8));
        let name = &before[name_at..];
        let in_query = before[..name_at].ends_with(['?', '&', ';']);
        let is_secret = is_strong(name) || (sign == "=" && (of == Of::Settings || in_query) && is_weak(name));
        // `https://…` is an address, and no value of something called so.
        if name.is_empty() || !is_secret || line[at..].starts_with("://") {
            continue;
        }
        let begins =
            line[..name_at].trim_start().chars().all(|c| is_of_name(c) || matches!(c, '"' | '\'' | '{' | '-' | ' '));
        let value = at + 1 + (line[at + 1..].len() - line[at + 1..].trim_start_matches([' ', '\t']).len());
        found
            .push(value..value + length_of_value(&line[value..], begins || name.eq_ignore_ascii_case("authorization")));
    }
    found
}

fn is_of_name(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-' | '.')
}

/// How far a value goes, at whose beginning `text` is: to its closing quote; without quotes to the end of the
/// line where its name `begins` the line, and else to what ends a parameter.
fn length_of_value(text: &str, begins: bool) -> usize {
    let Some(first) = text.chars().next() else { return 0 };
    if matches!(first, '"' | '\'') && !text.starts_with("\"\"\"") && !text.starts_with("'''") {
        let mut escaped = false;
        for (at, c) in text.char_indices().skip(1) {
            match c {
                _ if escaped => escaped = false,
                '\\' if first == '"' => escaped = true,
                c if c == first => return at + 1,
                _ => {}
            }
        }
        return text.len();
    }
    if begins || matches!(first, '\\' | '"' | '\'' | '[' | '{') {
        return text.len();
    }
    text.find(|c: char| c.is_whitespace() || "&;,\"'`}])#<>".contains(c)).unwrap_or(text.len())
}

/// What follows `Bearer` or `Basic` in a header.
fn after_bearer(line: &str) -> Vec<Range<usize>> {
    let lower = line.to_ascii_lowercase();
    let words = ["bearer ", "basic "]
        .into_iter()
        .flat_map(|word| lower.match_indices(word).map(move |(at, _)| at + word.len()));
    let has_header = lower.contains("authorization");
    let ends = |at: usize| line[at..].find(['"', '\'', ' ']).map_or(line.len(), |end| at + end);
    words.filter(|_| has_header).map(|at| at..ends(at)).collect()
}

/// The bytes of a settings file that may be secrets: those of its lines, and what goes on over several lines
/// or belongs to a table that is called so. The text need not be TOML.
pub fn in_settings(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut start = 0;
    let mut secret_table = false;
    for line in text.split_inclusive('\n') {
        let bare = line.trim_end_matches(['\n', '\r']);
        found.extend(in_line_of(bare, Of::Settings).into_iter().map(|range| range.start + start..range.end + start));
        let trimmed = bare.trim();
        if trimmed.starts_with('[') && !bare.contains('=') {
            secret_table = is_secret_name(trimmed.trim_matches(['[', ']']));
        } else if let Some(at) = bare.find('=').filter(|_| secret_table) {
            found.push(start + at + 1..start + bare.len());
        }
        let opens = bare.split_once('=').filter(|(name, _)| secret_table || is_secret_name(name.trim()));
        if let Some(("[" | "{", at)) = opens.and_then(|(name, value)| Some((value.trim().get(..1)?, name.len() + 1))) {
            found.push(start + at..closed(text, start + at));
        }
        start += line.len();
    }
    found.extend(strings_of_lines(text));
    apart(found)
}

/// Where the bracket that opens after `from` closes; the end where it does not.
fn closed(text: &str, from: usize) -> usize {
    let mut depth = 0_usize;
    for (at, c) in text[from..].char_indices() {
        match c {
            '[' | '{' => depth += 1,
            ']' | '}' if depth <= 1 => return from + at + 1,
            ']' | '}' => depth -= 1,
            _ => {}
        }
    }
    text.len()
}

/// What stands in strings of several lines, where it would be a secret on one.
fn strings_of_lines(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(open) = ["\"\"\"", "'''"].iter().filter_map(|quote| text[at..].find(quote)).min() {
        let (open, inside) = (at + open, at + open + 3);
        let end = text[inside..].find(&text[open..inside]).map_or(text.len(), |end| inside + end);
        let line_start = text[..open].rfind('\n').map_or(0, |at| at + 1);
        let joined: String = text[inside..end].split('\n').map(|line| line.trim().trim_end_matches('\\')).collect();
        let name = text[line_start..open].split('=').next().unwrap_or_default().trim();
        if is_secret_name(name) || !in_line_of(&joined, Of::Settings).is_empty() {
            found.push(inside..end);
        }
        at = (end + 3).min(text.len());
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_password_is_left_of_a_line() {
        for line in [
            "url = \"postgres://u:hunter2@h/db\"",
            "url = 'postgres://u:p%40hunter2@h'",
            "url = 'postgres://u:p/hunter2@h'",
            "url = 'postgres://u:p'hunter2@h'",
            "url = \"postgres://u:hunter2",
            "url = postgres://u:hunter2@h",
            "url = \"postgres://h/db?user=u&password=hunter2&sslmode=require\"",
            "url = \"host=h password=hunter2 user=u\"",
            "url = \"host=h password='my hunter2' user=u\"",
            "url = 'host=h password=\"my hunter2\" user=u'",
            "replicas = ['postgres://u:hunter2@a', \"postgres://u:hunter2@b\"]",
            "endpoint = \"http://u:hunter2@h\"",
            "endpoint = \"https://hunter2@h:8080/x\"",
            "endpoint = \"http://u:hunter2",
            "endpoint = \"http://u:a/hunter2@h\"",
            "proxy = 'socks5://u:hunter2@h:1080'",
            "to = \"s3://AKIA:hunter2@bucket\"",
            "password = hunter2",
            "password = my hunter2 word",
            "  \"password\" : \"hunter2\",",
            "{ api_key = \"hunter2\", x = 1 }",
            "api-key = 'hunter2'",
            "key = \"hunter2\"",
            "aws.secretAccessKey=hunter2",
            "connection = 'DefaultEndpointsProtocol=https;AccountKey=hunter2;EndpointSuffix=x'",
            "url = 'https://x/y?sig=hunter2&se=1'",
            "command = [\"curl\", \"-H\", \"Authorization: Bearer hunter2\"]",
            "tokens = [\"hunter2\", \"b\"]",
            "password: my hunter2",
            "PGPASSWORD=hunter2 lifthill build",
            "`password` must be text: write `password = \"hunter2\"`",
        ] {
            let shown = without(line, &in_settings(line));
            assert!(!shown.contains("hunter2") && shown.contains(MASK), "{line} became {shown}");
        }
    }

    #[test]
    fn what_is_no_secret_is_shown() {
        for line in [
            "base_url = \"https://parks.example/a:b\"",
            "endpoint = \"http://127.0.0.1:9000/x\"",
            "url = \"env:DATABASE_URL\"",
            "url = \"file:secrets/db\"",
            "see https://mastodon.example/@user and [x](https://a.example/b@c)",
            "url = \"http://[::1]:9000\"",
            "title = \"The key to: everything\"",
            "keywords = \"a\"",
            "unknown key `manufacturer`",
            "did not find expected key: here",
            "{{ park(key=\"eftelin\") }}",
        ] {
            assert_eq!(masked(line), line);
        }
    }

    #[test]
    fn what_goes_on_over_lines_is_left_out() {
        for text in [
            "[postgres]\nurl = \"\"\"\npostgres://u:\\\n   hunter2@h\"\"\"\nx = 1\n",
            "password = '''\nhunter2\n'''\n",
            "[extra]\ntokens = [\n  \"a\",\n  \"hunter2\",\n]\ny = 2\n",
            "[extra.secrets]\nmail = \"hunter2\"\n",
            "password = \"\"\"\nhunter2\n",
        ] {
            let shown = without(text, &in_settings(text));
            assert!(!shown.contains("hunter2"), "{shown}");
        }
        let text = "[postgres]\npassword = 'x'\n[lists]\nparks = 'hunter2'\n";
        assert!(without(text, &in_settings(text)).contains("parks = 'hunter2'"));
    }
}
