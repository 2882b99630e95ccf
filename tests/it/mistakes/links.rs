//! Symbolic links out of the site: nothing is read or written through them.

use std::fs;
use std::os::unix::fs::symlink;

use insta::assert_snapshot;

use super::*;
use crate::site::{Site, markdown};

#[test]
fn a_link_out_of_the_content() {
    let site = small();
    fs::write(site.outside().join("secret.md"), markdown("title = 'Secret'\ndate = 2024-01-01")).unwrap();
    symlink("../../../secret.md", site.path("content/articles/secret.md")).unwrap();
    symlink("../../..", site.path("content/parks/everything")).unwrap();
    assert_snapshot!(said(&site), @r"
    error: is a symbolic link, which is not followed
      --> content/articles/secret.md
      = help: copy the file here, or give it a name that begins with `_`

    error: is a symbolic link, which is not followed
      --> content/parks/everything
      = help: copy the file here, or give it a name that begins with `_`
    ");
    assert!(!site.has("/articles/secret/"));
}

#[test]
fn a_link_out_of_the_templates_assets_and_photos() {
    let site = small();
    fs::write(site.outside().join("secret"), "a secret").unwrap();
    for folder in ["templates", "assets", "content/parks/efteling/photos"] {
        fs::create_dir_all(site.path(folder)).unwrap();
        symlink(site.outside().join("secret"), site.path(folder).join("secret.txt")).unwrap();
    }
    assert_snapshot!(said(&site), @r"
    error: is a symbolic link, which is not followed
      --> assets/secret.txt

    error: is a symbolic link, which is not followed
      --> content/parks/efteling/photos/secret.txt
      = help: copy the file here, or give it a name that begins with `_`

    error: is a symbolic link, which is not followed
      --> templates/secret.txt
    ");
}

/// A folder outside the site, with a file of each kind that the site could use.
fn elsewhere(site: &Site, name: &str) {
    let folder = site.outside().join("elsewhere").join(name);
    fs::create_dir_all(folder.join("articles")).unwrap();
    fs::write(folder.join("articles/secret.md"), markdown("title = 'Secret'\ndate = 2024-01-01")).unwrap();
    fs::write(folder.join("404.html"), "A secret.").unwrap();
}

#[test]
fn a_folder_of_the_site_that_is_a_link_out_of_it() {
    for folder in ["templates", "assets", "content"] {
        let site = small();
        elsewhere(&site, folder);
        if site.path(folder).exists() {
            site.remove(folder);
        }
        symlink(site.outside().join("elsewhere").join(folder), site.path(folder)).unwrap();
        let built = site.run(&[]);
        assert_ne!(built.code(), 0, "{folder}/ leads out of the site, and nobody minds");
        assert!(!site.output().files().any(|file| site.page(file).contains("ecret")), "{folder}");
    }
}

#[test]
fn an_output_folder_that_is_a_link_is_refused() {
    let site = small();
    fs::create_dir_all(site.outside().join("elsewhere")).unwrap();
    symlink(site.outside().join("elsewhere"), site.path("output")).unwrap();
    let built = site.run(&[]);
    built.exit(3).says("symbolic link");
    assert_eq!(fs::read_dir(site.outside().join("elsewhere")).unwrap().count(), 0);
}

#[test]
fn a_folder_in_the_output_that_is_a_link_is_set_aside() {
    let site = small();
    fs::create_dir_all(site.outside().join("elsewhere")).unwrap();
    fs::create_dir_all(site.path("output")).unwrap();
    symlink(site.outside().join("elsewhere"), site.path("output/parks")).unwrap();
    site.run(&[]).exit(0).says("output/parks").says(".lifthill/aside/");
    assert_eq!(fs::read_dir(site.outside().join("elsewhere")).unwrap().count(), 0);
    assert!(site.path("output/parks/index.html").is_file() && !site.path("output/parks").is_symlink());

    // Later as well, when something there is to be written or removed.
    let site = small();
    site.build();
    site.rename("output/parks", "output/was");
    fs::rename(site.path("output/was"), site.outside().join("elsewhere")).unwrap();
    symlink(site.outside().join("elsewhere"), site.path("output/parks")).unwrap();
    site.remove(BARON);
    site.run(&[]).exit(0).says(".lifthill/aside/");
    assert!(site.outside().join("elsewhere/efteling/rides/baron-1898/index.html").exists());
    assert!(!site.path("output/parks/efteling/rides/baron-1898/index.html").exists());
}

#[test]
fn a_file_in_the_output_that_is_a_link_is_replaced() {
    let site = small();
    site.build();
    let page = site.page("/articles/loops/");
    let outside = site.outside().join("precious");
    fs::write(&outside, &page).unwrap();
    site.remove("output/articles/loops/index.html");
    symlink(&outside, site.path("output/articles/loops/index.html")).unwrap();
    site.edit("content/articles/loops.md", "Round", "Round, round");
    site.build();
    assert!(site.path("output/articles/loops/index.html").symlink_metadata().unwrap().is_file());
    assert_eq!(fs::read_to_string(outside).unwrap(), page);
}

#[test]
fn a_state_folder_that_is_a_link_is_refused() {
    let site = small();
    fs::create_dir_all(site.outside().join("elsewhere")).unwrap();
    symlink(site.outside().join("elsewhere"), site.path(".lifthill")).unwrap();
    site.run(&[]).exit(3).says(".lifthill");
}
