//! Lifthill: a static site generator for encyclopedias of theme parks, whose incremental build
//! equals a clean one.
//!
//! # From files to pages
//!
//! ```text
//!  content/ ──sync──▶ state ──catalog──▶ views ──render──▶ bytes ──▶ output/
//!  templates/         records   notes     plain    Tera,            written if
//!  assets/            cards     every     values   minified         changed
//!  lifthill.toml      groups    reading
//! ```
//!
//! 1. **Look.** Walk `content/` and stat every output, both at once, by more threads than there are
//!    processors: they wait for the disk. A file whose stamp (size, times, inode) is as it was
//!    left, and old enough to be believed, is not read. A database is asked what has changed since
//!    the last build ([`source::postgres`]).
//! 2. **Sync.** Parse what changed into *records*; derive their *cards* (what other pages show)
//!    and their places in *groups* (rides of a park, parks of a country). Everything that changed
//!    is a *cell*.
//! 3. **Plan.** A page is due if its *trace* holds a changed cell, if it is new, if its file is
//!    missing or altered, or if it failed before.
//! 4. **Work.** In parallel: build the page's *view* through a reader that notes every *reading*;
//!    the same view as before → done; else render; the same bytes → done; else write.
//! 5. **Sweep.** Remove the files of pages that are no more, and only those that we wrote.
//! 6. **Commit.** The state is made durable once, after the outputs.
//!
//! # What holds, and what is absent
//!
//! * A page can be read into existence only through [`catalog::Reader`], which notes each
//!   reading. There is no other way from the state to a template; no template is handed a
//!   whole collection.
//! * Times never decide, they only spare reading: bytes are compared by digest.
//! * A mistake in content stops the build before anything is written, and the state stays as it
//!   was. A mistake in a template fails the pages that meet it; they keep what they showed and
//!   stay due.
//! * No clock, environment, hash order, thread or absolute path reaches a page. The one clock is
//!   [`engine::Options::now`], which decides only what is published.
//! * A state that cannot be used costs a clean build, never an error. A build that did not come
//!   to its end is one.
//! * Every file is in the journal before it is made, so that what a killed build has left, and
//!   what is ours where the state is lost, is known. The journal and the state must be of one
//!   build, or neither is believed.
//! * Whatever changes output or state does so through a [`disk::Disk`], which can be told to fail
//!   at any change; tests try each.
//! * A dry run, [`engine::why`] and [`engine::impact`] read the state under changes that only they
//!   see; there is no second way to decide what is due.
//! * A path of the site names a page and its file; what the outside is told of it, below the path of `base_url`, is
//!   said at one door, [`catalog::Reader::public`], and written into the texts of bodies, templates and assets.
//! * What configures a server is an output like every other, but lies in `.lifthill/hosting/`.
//! * Nothing is written outside `output/` and `.lifthill/`; nothing is removed that we did not
//!   write. No symbolic link is followed, and no file that has a second name is written to.
//! * What lies in `.lifthill/` may be anybody's: a name is believed to be ours once it was looked at
//!   ([`disk::Disk::own`]), an entry of the store if it says what it answers, and rows that make no
//!   sense cost a rebuild. Verifying takes nothing from the store.
//!
//! # The floors
//!
//! A file imports only from floors below its own; a test enforces it.
//!
//! ```text
//! 7  main.rs, lib.rs
//! 6  cli        what was typed → what is meant; one file a verb
//! 5  serve      a running site: what was built, and with --watch every change as it happens
//!    publish    from output/ to where visitors are: plan, guard, deploy, purge
//!    metrics    the build's numbers as files
//! 4  engine     one build from end to end; why
//! 3  site       which pages exist (routes) and what each shows (views)
//!    catalog    the only way to read; groups
//! 2  source, state, render, media, assets, compress, hosting, output   these never import each other
//! 1  model      plain records, dates with precision, slugs
//! 0  digest, paths, stamp, door, disk, stop, room, secrets, diagnostics, fields, config, report
//!    headers    what a server says of a file
//!    text       text from files, and what may stand in it
//!    leftovers  what lies among a site's files and is none of it
//!    overrides  the site's own files that lie over the theme's
//!    cas        what was made once, by digest
//!    tags       how deep the tags of a text lie within each other
//!    workshop   work that may die, done by another process
//! ```
//!
//! To add a kind of page: a variant of [`site::Route`], a file in `site/views/`, a template.

pub mod cas;
pub mod config;
pub mod diagnostics;
pub mod digest;
pub mod disk;
pub mod door;
pub mod fields;
pub mod headers;
pub mod leftovers;
pub mod overrides;
pub mod paths;
pub mod report;
pub mod room;
pub mod secrets;
pub mod stamp;
pub mod stop;
pub mod tags;
pub mod text;
pub mod workshop;

pub mod model;

pub mod assets;
pub mod compress;
pub mod hosting;
pub mod media;
pub mod output;
pub mod render;
pub mod source;
pub mod state;

pub mod catalog;
pub mod site;

pub mod engine;

pub mod metrics;
pub mod publish;
pub mod serve;

pub mod cli;
