//! What is said of a site with mistakes, and that it leaves everything as it was.
