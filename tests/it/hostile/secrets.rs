//! Passwords and keys that were written where they do not belong: refused, and not told on.

use super::{run, small};

const PASSWORD: &str = "hunter2";

#[test]
fn no_excerpt_holds_one() {
    for settings in [
        "[postgres]\nurl = 'postgres://u:hunter2@h/db'",
        "[postgres]\nurl = \"postgres://u:p%40hunter2@h\"",
        "[postgres]\nurl = \"postgres://u:hunter2",
        "[postgres]\nurl = postgres://u:hunter2@h",
        "[postgres]\nurl = \"\"\"\npostgres://u:\\\n  hunter2@h\"\"\"",
        "[postgres]\nurl = 'host=h password=hunter2'",
        "[postgres]\nurl = 'postgres://h/db?user=u&password=hunter2'",
        "[postgres]\nreplicas = ['env:A', 'postgres://u:hunter2@h']",
        "[postgres]\nreplicas = [\n  'env:A',\n  'postgres://u:hunter2@h',\n]",
        "[postgres]\npassword = 'hunter2'",
        "[postgres]\npassword = hunter2",
        "[postgres]\npassword = 'hunter2",
        "[publish.live]\nto = 's3://bucket'\nendpoint = 'http://u:hunter2@h'",
        "[publish.live]\nto = 's3://AKIA:hunter2@bucket'",
        "[publish.live]\nto = 's3://bucket'\nsecret_access_key = 'hunter2'",
        "[publish.live]\nto = 's3://bucket'\nurl = 'https://u:hunter2@parks.example'",
        "[publish.live.purge]\nservice = 'fastly'\nid = 'x'\ntoken = 'hunter2'",
        "source = 'postgres://u:hunter2@h'",
        "base_url = 'https://u:hunter2@parks.example'",
        "proxy = 'http://u:hunter2@proxy:3128'",
        "[extra]\napi_key = 'hunter2'\n[lists]\nparks = 'x' # token: hunter2",
        "password = '''\nhunter2\n''' x",
    ] {
        let site = small().file("lifthill.toml", settings);
        for arguments in [&["build", "--json"][..], &["check", "--json"], &["why", "/"]] {
            let ended = run(&site, arguments);
            assert!(ended.code == 2, "{settings} gave {}: {}", ended.code, ended.said);
            assert!(
                !ended.said.contains(PASSWORD) && !ended.data.contains(PASSWORD),
                "{settings}\n{}{}",
                ended.said,
                ended.data
            );
            assert!(ended.said.contains("lifthill.toml:"), "{}", ended.said);
        }
    }
}

#[test]
fn a_reason_does_not_hold_one_either() {
    let site = small();
    let settings =
        |value: &str| format!("base_url = 'https://parks.example'\n[extra]\napi_key = '{value}'\nmail = 'x@{value}'\n");
    let theme =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/templates/base.html")).expect("the theme");
    let shown = theme.replace("</body>", "{{ setting(name='extra.api_key') }}</body>");
    site.write("templates/base.html", shown);
    site.write("lifthill.toml", settings("hunter1"));
    let first = run(&site, &["build", "--json"]);
    site.write("lifthill.toml", settings(PASSWORD));
    for arguments in [&["build", "--dry-run", "--json"][..], &["build", "--verbose"], &["why", "/"]] {
        let ended = run(&site, arguments);
        assert!(
            !ended.said.contains(PASSWORD) && !ended.data.contains(&format!("→ {PASSWORD}")),
            "{}{}",
            ended.said,
            ended.data
        );
    }
    assert_eq!(first.code, 0, "{}", first.said);
}
