//! The steps of a history: edits that an editor could make, good and bad. None builds.

use std::fs;

use super::History;
use crate::site::{self, markdown};

/// Edits something, and says so.
type Step = fn(&mut History);

/// A step that a history can take, and how often among all.
pub const STEPS: [(u32, Step); 27] = [
    (8, History::edit_prose),
    (6, History::link_somewhere),
    (8, History::edit_figure),
    (6, History::rename_record),
    (5, History::new_ride),
    (3, History::new_park),
    (2, History::new_company),
    (2, History::new_article),
    (6, History::delete_ride),
    (2, History::delete_anything),
    (4, History::move_ride),
    (4, History::edit_reviews),
    (2, History::delete_reviews),
    (4, History::edit_areas),
    (3, History::change_country),
    (3, History::former_slug),
    (3, History::schedule),
    (5, History::override_template),
    (3, History::restore_template),
    (5, History::edit_settings),
    (3, History::edit_asset),
    (3, History::edit_photo),
    (3, History::spoil_output),
    (3, History::rename_folder),
    (3, History::other_letters),
    (4, History::restore_older),
    (2, History::take_photos_away),
];

impl History {
    fn edit_prose(&mut self) {
        let Some(path) = self.pick("content/", ".md") else { return };
        let target = self.pick("/rides/", ".md").unwrap_or_default();
        let key = target.trim_start_matches("content/parks/").trim_end_matches(".md").replace("/rides/", "/");
        let more = match self.dice.below(4) {
            0 => format!("See <ride:{key}>.\n"),
            1 => "Is it [there](park:nowhere-at-all)?\n".to_owned(),
            _ => format!("More *prose* {}.\n", self.dice.below(1000)),
        };
        self.say(format!("{path}: add {more:?}"));
        let text = self.read(&path) + "\n" + &more;
        self.write(&path, text);
    }

    fn link_somewhere(&mut self) {
        let part = ["/rides/", "content/articles/", "/index.md"][self.dice.below(3)];
        let Some(path) = self.pick(part, ".md") else {
            return;
        };
        let (park, ride) = (self.pick_park(), self.pick("/rides/", ".md").unwrap_or_default());
        let page = ride.trim_start_matches("content").trim_end_matches(".md");
        let from_here = "../".repeat(path.matches('/').count() - 1);
        let photo = self.pick("/photos/", ".jpg").unwrap_or_default();
        let address = match self.dice.below(10) {
            0 => format!("/nowhere/{}/", self.dice.below(5)),
            1 | 2 => format!("{page}/"),
            3 => format!("/parks/{park}/#rides"),
            4 => format!("/parks/{park}/#more-{}", self.dice.below(3)),
            5 | 6 => format!("{from_here}{}#facts", ride.trim_start_matches("content/")),
            7 => format!("#more-{}", self.dice.below(3)),
            8 => format!("{from_here}{}", photo.trim_start_matches("content/")),
            _ => format!("https://parks.example/parks/{park}"),
        };
        self.say(format!("{path}: link to {address}"));
        let text = self.read(&path) + &format!("\n## More {}\n[more]({address})\n", self.dice.below(3));
        self.write(&path, text);
    }

    fn edit_figure(&mut self) {
        let Some(path) = self.pick("/rides/", ".md") else { return };
        let number = self.dice.below(90) + 1;
        let line = match self.dice.below(8) {
            0 => format!("speed_kmh = {number}"),
            1 => format!("height_m = {number}.5"),
            2 => format!("drop_m = {number}"),
            3 => format!("opened = '19{:02}'", number.min(99)),
            4 => "status = 'closed'".to_owned(),
            5 => "category = 'dark_ride'".to_owned(),
            6 => format!("updated = '2025-01-{:02}'", number % 28 + 1),
            _ => format!("theme = 'Number {number}'"),
        };
        self.set(&path, &line);
    }

    fn rename_record(&mut self) {
        let name = self.new_name();
        let part = ["/rides/", "/index.md", "/companies/", "/models/"][self.dice.below(4)];
        if let Some(path) = self.pick(part, ".md") {
            self.set(&path, &format!("name = '{name}'"));
        }
    }

    fn new_ride(&mut self) {
        let (park, name) = (self.pick_park(), self.new_name());
        let company = self.pick("/companies/", ".md").unwrap_or_default();
        let company = company.trim_start_matches("content/companies/").trim_end_matches(".md").to_owned();
        let path = format!("content/parks/{park}/rides/new-{}.md", self.serial);
        let speed = self.dice.below(100);
        self.say(format!("{path}: new, by {company}"));
        let front = format!(
            "name = '{name}'\ncategory = 'roller_coaster'\nspeed_kmh = {speed}\nmanufacturers = ['{company}']\nopened = '2020'\nstatus = 'operating'"
        );
        self.write(&path, markdown(&front));
    }

    fn new_park(&mut self) {
        let name = self.new_name();
        let country = ["NL", "SE", "IS", "AQ"][self.dice.below(4)];
        let path = format!("content/parks/new-{}/index.md", self.serial);
        self.say(format!("{path}: new, in {country}"));
        self.write(&path, markdown(&format!("name = '{name}'\ncountry = '{country}'")));
    }

    fn new_company(&mut self) {
        let name = self.new_name();
        let path = format!("content/companies/new-{}.md", self.serial);
        self.say(format!("{path}: new"));
        self.write(&path, markdown(&format!("name = '{name}'\nroles = ['manufacturer']")));
    }

    fn new_article(&mut self) {
        let (name, park) = (self.new_name(), self.pick_park());
        let path = format!("content/articles/new-{}.md", self.serial);
        self.say(format!("{path}: new, about {park}"));
        self.write(
            &path,
            markdown(&format!("title = '{name}'\ndate = '2024-{:02}'\n+++\n<park:{park}>", self.serial % 12 + 1)),
        );
    }

    /// Removes a ride and, mostly, the reviews of it.
    fn delete_ride(&mut self) {
        let Some(path) = self.pick("/rides/", ".md") else { return };
        self.say(format!("{path}: delete"));
        self.remove(&path);
        let (folder, ride) = path.trim_end_matches(".md").split_once("/rides/").expect("the path of a ride");
        let reviews = format!("{folder}/reviews.jsonl");
        if self.site.path(&reviews).exists() && self.dice.below(5) > 0 {
            let text = self.read(&reviews);
            let mine = format!("\"{ride}\"");
            let kept: Vec<&str> = text.lines().filter(|line| !line.contains(&mine)).collect();
            self.write(&reviews, kept.join("\n") + "\n");
        }
    }

    /// Removes anything at all, which often leaves something that names it.
    fn delete_anything(&mut self) {
        if let Some(path) = self.pick("content/", "") {
            self.say(format!("{path}: delete"));
            self.remove(&path);
        }
    }

    fn move_ride(&mut self) {
        let Some(path) = self.pick("/rides/", ".md") else { return };
        let park = match self.dice.below(2) {
            0 => self.pick_park(),
            _ => path.split('/').nth(2).expect("its park").to_owned(),
        };
        self.serial += 1;
        let to = format!("content/parks/{park}/rides/moved-{}.md", self.serial);
        self.say(format!("{path}: move to {to}"));
        let text = self.read(&path);
        self.remove(&path);
        self.write(&to, text);
        // Reviews and areas know it by its old name; without them it can go.
        if self.dice.below(3) > 0 {
            let folder = path.split("/rides/").next().expect("a folder").to_owned();
            let reviews = format!("{folder}/reviews.jsonl");
            if self.site.path(&reviews).exists() {
                self.remove(&reviews);
            }
            let text = self.read(&to);
            let kept: Vec<&str> = text.lines().filter(|line| !line.starts_with("area ")).collect();
            self.write(&to, kept.join("\n") + "\n");
        }
    }

    fn edit_reviews(&mut self) {
        let Some(ride) = self.pick("/rides/", ".md") else { return };
        let (folder, slug) = ride.trim_end_matches(".md").split_once("/rides/").expect("the path of a ride");
        let path = format!("{folder}/reviews.jsonl");
        let old = if self.site.path(&path).exists() { self.read(&path) } else { String::new() };
        let (rating, day) = (self.dice.below(10) + 1, self.dice.below(28) + 1);
        let state = ["approved", "approved", "pending", "rejected"][self.dice.below(4)];
        let target = if self.dice.below(4) == 0 { String::new() } else { format!("\"ride\":\"{slug}\",") };
        let line = format!(
            "{{{target}\"author\":\"Mia\",\"rating\":{rating},\"text\":\"So so.\",\"created\":\"2025-02-{day:02}\",\"state\":\"{state}\"}}"
        );
        self.say(format!("{path}: add {line}"));
        let mut lines: Vec<&str> = old.lines().collect();
        if lines.len() > 1 && self.dice.below(3) == 0 {
            lines.remove(self.dice.below(lines.len()));
            self.lines.push("  and take one away".to_owned());
        }
        lines.push(&line);
        let text = lines.join("\n") + "\n";
        self.write(&path, text);
    }

    fn delete_reviews(&mut self) {
        if let Some(path) = self.pick("/parks/", "/reviews.jsonl") {
            self.say(format!("{path}: delete"));
            self.remove(&path);
        }
    }

    fn edit_areas(&mut self) {
        let path = format!("content/parks/{}/areas.toml", self.pick_park());
        let old = if self.site.path(&path).exists() { self.read(&path) } else { String::new() };
        let name = self.new_name();
        match self.dice.below(3) {
            0 if !old.is_empty() => {
                self.say(format!("{path}: reorder"));
                let mut parts: Vec<&str> = old.split("[[area]]").filter(|part| !part.trim().is_empty()).collect();
                parts.reverse();
                let text: String = parts.iter().map(|part| format!("[[area]]{part}")).collect();
                self.write(&path, text);
            }
            1 if !old.is_empty() => {
                self.say(format!("{path}: drop the last"));
                let text = old.rsplit_once("[[area]]").map_or(String::new(), |(before, _)| before.to_owned());
                self.write(&path, text);
            }
            _ => {
                self.say(format!("{path}: add {name}"));
                self.write(&path, format!("[[area]]\nname = '{name}'\n{old}"));
            }
        }
    }

    fn change_country(&mut self) {
        let path = format!("content/parks/{}/index.md", self.pick_park());
        let country = ["NL", "SE", "IS", "AQ"][self.dice.below(4)];
        self.set(&path, &format!("country = '{country}'"));
    }

    fn former_slug(&mut self) {
        let Some(path) = self.pick("content/", ".md") else { return };
        let line = match self.dice.below(3) {
            0 => "former_slugs = ['was-something']".to_owned(),
            1 => format!("aliases = ['/old/{}/', '/older/']", self.dice.below(3)),
            _ => "aliases = []".to_owned(),
        };
        self.set(&path, &line);
    }

    fn schedule(&mut self) {
        let Some(path) = self.pick("content/", ".md") else { return };
        let line = ["draft = true", "draft = false", "publish_on = '2025-01-01'", "expires_on = '2027-01-01'"];
        let line = line[self.dice.below(4)];
        self.set(&path, line);
    }

    fn override_template(&mut self) {
        let ours = |name: &str| format!("{}/templates/{name}", env!("CARGO_MANIFEST_DIR"));
        let names = ["ride.html", "park.html", "base.html", "components.html", "home.html", "company.html", "feed.xml"];
        let name = names[self.dice.below(names.len())];
        let path = format!("templates/{name}");
        let text = fs::read_to_string(ours(name)).expect("a template of the theme");
        let number = self.dice.below(1000);
        let addition = match self.dice.below(6) {
            0 => "{{ asset(path='missing.png') }}",
            1 => "{{ setting(name='extra.mood') }}",
            2 => "{% for r in rides(limit=2, sort='speed') %}{{ r.name }}{% endfor %}",
            _ => "",
        };
        self.say(format!("{path}: edition {number} {addition}"));
        let edited = match name {
            "base.html" => text.replace("</body>", &format!("<p>{number}{addition}</p></body>")),
            "components.html" => text.replace("<table>", &format!("<table data-edition=\"{number}\">")),
            "feed.xml" => {
                text.replace("<id>{{ feed.id }}", &format!("<rights>{number}{addition}</rights><id>{{{{ feed.id }}}}"))
            }
            _ => text.replace("<header class=", &format!("<p>{number}{addition}</p><header class=")),
        };
        assert_ne!(edited, text, "the theme's {name} changed; the test must too");
        self.write(&path, edited);
    }

    fn restore_template(&mut self) {
        let root = self.site.path("templates");
        let names =
            fs::read_dir(root).map(|entries| entries.map(|entry| entry.expect("an entry").file_name()).collect());
        let mut names: Vec<_> = names.unwrap_or_default();
        names.sort();
        if !names.is_empty() {
            let path = format!("templates/{}", names[self.dice.below(names.len())].to_string_lossy());
            self.say(format!("{path}: delete"));
            self.remove(&path);
        }
    }

    fn edit_settings(&mut self) {
        let number = self.dice.below(9) + 1;
        let line = match self.dice.below(9) {
            0 => format!("title = 'Guide {number}'"),
            1 => format!("lists.rides = {}", number * 3),
            2 => format!("lists.parks = {number}"),
            3 => format!("lists.companies = {number}"),
            4 => format!("content.rating_scale = {}", 10 + number),
            5 => format!("extra.mood = '{number}'"),
            6 => format!("countries.NL = 'Holland {number}'"),
            7 => format!("content.smart_punctuation = {}", number.is_multiple_of(2)),
            _ => format!("output.minify = {}", number.is_multiple_of(2)),
        };
        let key = format!("{} ", line.split(' ').next().unwrap_or_default());
        let text = self.read("lifthill.toml");
        let kept = text.lines().filter(|old| !old.starts_with(&key));
        let text: Vec<&str> = std::iter::once(line.as_str()).chain(kept).collect();
        self.say(format!("lifthill.toml: {line}"));
        self.write("lifthill.toml", text.join("\n") + "\n");
    }

    fn edit_asset(&mut self) {
        let path = ["assets/css/site.css", "assets/extra.js", "assets/missing.png"][self.dice.below(3)];
        if self.site.path(path).exists() && self.dice.below(2) == 0 {
            self.say(format!("{path}: delete"));
            self.remove(path);
            return;
        }
        let number = self.dice.below(1000);
        self.say(format!("{path}: edition {number}"));
        self.write(path, format!("/* {number} */"));
    }

    fn edit_photo(&mut self) {
        let folder = format!("content/parks/{}", self.pick_park());
        let picture = format!("{folder}/photos/view.jpg");
        let number = self.dice.below(5);
        self.say(format!("{picture}: edition {number}"));
        let bytes = if number == 4 { b"no picture at all".to_vec() } else { site::picture(number as u32) };
        self.write(&picture, bytes);
        let alt = self.dice.below(100);
        self.write(&format!("{folder}/photos.toml"), format!("[[photo]]\nfile = 'view.jpg'\nalt = 'View {alt}'\n"));
    }

    /// Renames the folder of a park, and with it all of its rides.
    fn rename_folder(&mut self) {
        let park = self.pick_park();
        self.serial += 1;
        let (from, to) = (format!("content/parks/{park}"), format!("content/parks/moved-{}", self.serial));
        self.say(format!("{from}: rename to {to}"));
        for path in self.files(&format!("{from}/"), "") {
            let bytes = fs::read(self.site.path(&path)).expect("a file of the park");
            self.write(&path.replacen(&from, &to, 1), bytes);
            self.remove(&path);
        }
    }

    /// The same name in other letters: the slug stays as it is, the file is another.
    fn other_letters(&mut self) {
        let Some(path) = self.pick("/rides/", ".md") else { return };
        let (folder, name) = path.rsplit_once('/').expect("a file in a folder");
        let stem = name.trim_end_matches(".md");
        let stem = if stem.to_uppercase() == stem { stem.to_lowercase() } else { stem.to_uppercase() };
        let to = format!("{folder}/{stem}.md");
        if self.site.path(&to).exists() {
            return;
        }
        self.say(format!("{path}: rename to {to}"));
        let text = self.read(&path);
        self.remove(&path);
        self.write(&to, text);
    }

    /// An earlier version of a file comes back with an older time, as from a backup.
    fn restore_older(&mut self) {
        if self.kept.is_empty() {
            return;
        }
        let (path, bytes) = self.kept[self.dice.below(self.kept.len())].clone();
        self.say(format!("{path}: restore what it once was"));
        self.write(&path, bytes);
        let days = std::time::Duration::from_secs(24 * 3600 * (1 + self.dice.below(900) as u64));
        let file = fs::File::options().write(true).open(self.site.path(&path)).expect("the file");
        file.set_modified(std::time::SystemTime::now() - days).expect("an older time");
    }

    fn take_photos_away(&mut self) {
        let Some(path) = self.pick("/photos", "") else { return };
        self.say(format!("{path}: delete"));
        self.remove(&path);
    }

    /// Alters or removes a file that the program wrote.
    fn spoil_output(&mut self) {
        let files: Vec<String> = self.site.output().files().map(str::to_owned).collect();
        let file = format!("output/{}", files[self.dice.below(files.len())]);
        if self.dice.below(2) == 0 {
            self.say(format!("{file}: delete"));
            self.site.remove(&file);
        } else {
            self.say(format!("{file}: spoil"));
            let mut bytes = fs::read(self.site.path(&file)).expect("an output");
            if let Some(byte) = bytes.last_mut() {
                *byte ^= 1;
            }
            self.site.write(&file, bytes);
        }
    }
}
