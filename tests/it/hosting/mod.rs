//! The files for servers and hosts: what stands in them, and what Debian's nginx and Caddy, started by
//! the tests with them, make of it. What they are held to is what `lifthill serve` answers.

mod balancer;
mod files;
mod folder;
mod hostile;
mod policy;
mod servers;

pub use servers::{Daemon, free_port};

use crate::site::{Site, picture};

/// A site with something of every kind: records, redirects, photos, assets large and small, copies,
/// variants of all, headers of its own and a policy.
fn site(settings: &str) -> Site {
    let words = "Up the chain, down the drop, and round again. ".repeat(60);
    let sheet: String = (0..300).map(|number| format!(".ride-{number} {{ width: {number}px }}\n")).collect();
    Site::new()
        .file("lifthill.toml", format!("title = 'Parks'\nbase_url = 'https://parks.example'\n{settings}"))
        .park("efteling", "name = 'Efteling'\ncountry = 'NL'\nformer_slugs = ['sprookjesbos']")
        .ride(
            "efteling/python",
            &format!("name = 'Python'\ncategory = 'roller_coaster'\nspeed_kmh = 85.0\n+++\n{words}"),
        )
        .ride("efteling/baron", "name = 'Baron 1898'\ncategory = 'roller_coaster'\naliases = ['/Baron/', '/mine.html']")
        .company("vekoma", "name = 'Vekoma'")
        .article("opening", "title = 'Opening'\ndate = 2026-01-01\n+++\n| a | b |\n|---|--:|\n| 1 | 2 |")
        .file("content/parks/efteling/photos/gate.png", picture(7))
        .file("content/parks/efteling/photos.toml", "[[photo]]\nfile = 'gate.png'\nalt = 'The gate.'\n")
        .file("assets/css/large.css", sheet)
        .file("assets/js/menu.js", "document.title += '.';\n")
        .file("assets/img/loop.svg", "<svg xmlns='http://www.w3.org/2000/svg'></svg>")
        .file("assets/favicon.ico", "icon")
        .file("assets/data/notes.unknown", "notes")
}

/// Settings in which nothing is left out.
const EVERYTHING: &str = "
[hosting]
files = ['nginx', 'caddy', 'netlify']
brotli = true
[assets]
copies = ['favicon.ico']
[compress]
pages = true
[security]
policy = 'strict'
[headers]
'/feed.xml' = 'public, max-age=60'
'*.json' = { X-Robots-Tag = 'noindex', Content-Type = 'application/x-list' }
'/parks/*' = { X-Park = 'yes', Referrer-Policy = 'no-referrer' }
'/parks/efteling/' = { X-Park = 'this one is too late' }
'*/' = { X-Folder = '1' }
";
