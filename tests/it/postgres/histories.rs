//! Random histories in SQL: whatever is written, in whatever order transactions commit, no change is
//! lost: not on the primary, not on a standby, not through a pooler.

use super::cluster::{Server, Session};
use super::{fill, site_on};
use crate::dice::{Dice, asked};

/// A statement that an application could run. `lane` keeps two open transactions from waiting for
/// each other.
fn statement(dice: &mut Dice, lane: usize, serial: usize) -> String {
    let park = ["efteling", "toverland"][lane];
    let any = format!("(SELECT slug FROM lifthill.rides WHERE park = '{park}' ORDER BY md5(slug || {serial}) LIMIT 1)");
    match dice.below(12) {
        0..=2 => format!(
            "INSERT INTO lifthill.rides (park, slug, name, category, body) VALUES ('{park}', 'new-{serial}', 'New {serial}', 'other', 'Text')"
        ),
        3 | 4 => format!(
            "UPDATE lifthill.rides SET name = 'Renamed {serial}', speed_kmh = {} WHERE park = '{park}' AND slug = {any}",
            dice.below(99)
        ),
        5 => format!("DELETE FROM lifthill.rides WHERE park = '{park}' AND slug LIKE 'new-%' AND slug = {any}"),
        6 => format!(
            "UPDATE lifthill.rides SET slug = 'moved-{serial}' WHERE park = '{park}' AND slug LIKE 'new-%' AND slug = {any}"
        ),
        7 | 8 => format!(
            "INSERT INTO lifthill.reviews (park, ride, id, author, rating, created, state) SELECT '{park}', slug, 'r{serial}', 'Ann', {}, '2024-01-01', 'approved' \
             FROM (SELECT {any} AS slug) AS s WHERE slug IS NOT NULL",
            dice.below(9) + 1
        ),
        9 => format!(
            "UPDATE lifthill.reviews SET state = CASE state WHEN 'approved' THEN 'rejected' ELSE 'approved' END WHERE park = '{park}'"
        ),
        10 => format!("UPDATE lifthill.parks SET description = 'Number {serial}' WHERE slug = '{park}'"),
        _ => format!(
            "SAVEPOINT a; UPDATE lifthill.rides SET description = 'Gone' WHERE park = '{park}'; ROLLBACK TO a; \
                      SAVEPOINT b; UPDATE lifthill.rides SET description = 'Kept {serial}' WHERE park = '{park}' AND slug = {any}; RELEASE b"
        ),
    }
}

#[test]
fn no_change_is_lost_whatever_the_order_of_commits() {
    let seed = asked("LIFTHILL_SEED", 1981);
    let rounds = asked("LIFTHILL_EDITS", 10);
    let mut dice = Dice(seed);
    let server = Server::primary();
    let standby = server.standby();
    let pooler = server.pooler();
    let sites = [("primary", site_on(&server)), ("standby", site_on(&standby)), ("pooler", site_on(&pooler))];
    fill(&sites[0].1, &server);
    let mut story = vec![format!("LIFTHILL_SEED={seed}")];
    let mut sessions: Vec<Session> = (0..2).map(|_| server.session()).collect();
    let mut open = [false; 2];
    let mut idle = server.session();
    idle.run("BEGIN; INSERT INTO lifthill.articles (slug, title, date) VALUES ('slow', 'Slow', '2024-01-01')");
    for round in 0..rounds {
        for step in 0..6 {
            let lane = dice.below(2);
            if !open[lane] {
                sessions[lane].run("BEGIN");
                open[lane] = true;
            }
            let sql = statement(&mut dice, lane, round * 10 + step);
            story.push(format!("{lane}: {sql}"));
            sessions[lane].run(&sql);
            if dice.below(3) == 0 {
                let end = if dice.below(4) == 0 { "ROLLBACK" } else { "COMMIT" };
                story.push(format!("{lane}: {end}"));
                sessions[lane].run(end);
                open[lane] = false;
            }
        }
        if round == rounds / 2 {
            for (lane, session) in sessions.iter_mut().enumerate().filter(|(lane, _)| open[*lane]) {
                session.run("COMMIT");
                story.push(format!("{lane}: COMMIT"));
            }
            open = [false; 2];
            story.push("TRUNCATE reviews; the slow transaction commits".to_owned());
            server.sql("TRUNCATE lifthill.reviews");
            idle.run("COMMIT");
        }
        standby.catch_up(&server);
        story.push(format!("build {round}"));
        let told = story.join("\n");
        for (name, site) in &sites {
            let built = site.run(&[]);
            assert_eq!(built.code(), 0, "{name} fails:\n{}\n{told}", built.stderr());
        }
        let (clean, expected) = sites[0].1.build_elsewhere(&[]);
        assert_eq!(clean.code(), 0, "{}\n{told}", clean.stderr());
        for (name, site) in &sites {
            let differences = site.output().differences(&expected);
            assert!(
                differences.is_empty(),
                "{name} (left) is not as a clean build:\n{}\n{told}",
                differences.join("\n")
            );
        }
    }
}
