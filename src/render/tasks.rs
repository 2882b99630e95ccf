//! Task lists: the box of each item is labelled by the item's own text, so that it has a name for whoever
//! cannot see where it stands.

use pulldown_cmark::{CowStr, Event, Tag, TagEnd};

/// The events with every task's box, and the text up to the end of its line of thought, in a label.
pub fn labelled(events: Vec<Event<'_>>) -> Vec<Event<'_>> {
    if !events.iter().any(|event| matches!(event, Event::TaskListMarker(_))) {
        return events;
    }
    let mut out = Vec::with_capacity(events.len() + 8);
    // Whether a label is open, and whether it says anything yet.
    let mut open: Option<Task> = None;
    for event in events {
        match &event {
            Event::TaskListMarker(checked) => {
                out.push(Event::InlineHtml(CowStr::Borrowed("<label>")));
                open = Some(Task { at: out.len(), is_checked: *checked, says_something: false });
            }
            Event::Text(text) | Event::Code(text) => {
                if let Some(task) = &mut open {
                    task.says_something |= !text.trim().is_empty();
                }
            }
            event if ends_label(event) => close(&mut out, open.take()),
            _ => {}
        }
        out.push(event);
    }
    close(&mut out, open);
    out
}

/// A box whose label is open.
struct Task {
    /// Where it stands among the events.
    at: usize,
    is_checked: bool,
    says_something: bool,
}

/// Ends the label of a box. One that would say nothing is named by what the box shows.
fn close(out: &mut Vec<Event<'_>>, task: Option<Task>) {
    let Some(task) = task else { return };
    if !task.says_something {
        let (checked, name) = if task.is_checked { (" checked=\"\"", "☑") } else { ("", "☐") };
        let html = format!("<input disabled=\"\" type=\"checkbox\"{checked} aria-label=\"{name}\">");
        out[task.at] = Event::InlineHtml(html.into());
    }
    out.push(Event::InlineHtml(CowStr::Borrowed("</label>")));
}

/// Whether an event is beyond the text that a box stands before: the end of its paragraph or item, or a
/// block inside the item.
fn ends_label(event: &Event<'_>) -> bool {
    match event {
        Event::End(end) => matches!(end, TagEnd::Paragraph | TagEnd::Item),
        Event::Start(tag) => !matches!(
            tag,
            Tag::Emphasis
                | Tag::Strong
                | Tag::Strikethrough
                | Tag::Link { .. }
                | Tag::Image { .. }
                | Tag::Superscript
                | Tag::Subscript
        ),
        Event::Rule => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pulldown_cmark::{Options, Parser, html};

    fn html(body: &str) -> String {
        let mut out = String::new();
        let events = Parser::new_ext(body, Options::ENABLE_TASKLISTS).collect();
        html::push_html(&mut out, labelled(events).into_iter());
        out
    }

    /// Every label holds one box and is closed before anything that may not stand in it.
    fn is_sound(html: &str) -> bool {
        let labels: Vec<&str> = html.split("<label>").skip(1).collect();
        labels.len() == html.matches("<input").count()
            && labels.iter().all(|rest| {
                let inside = rest.split("</label>").next().unwrap_or_default();
                rest.contains("</label>")
                    && inside.matches("<input").count() == 1
                    && !["<p>", "<ul>", "<li>", "<pre>", "<blockquote>"].iter().any(|block| inside.contains(block))
            })
    }

    #[test]
    fn a_task_s_text_is_the_label_of_its_box() {
        let done = html("- [x] Python **was** `closed`\n- [ ] open");
        assert!(done.contains("<li><label><input disabled=\"\" type=\"checkbox\" checked=\"\"/>\nPython <strong>was</strong> <code>closed</code></label></li>"), "{done}");
        assert!(done.contains("<li><label><input disabled=\"\" type=\"checkbox\"/>\nopen</label></li>"), "{done}");
    }

    #[test]
    fn labels_end_where_the_text_does() {
        for body in [
            "- [x] a\n  - [ ] b\n    - [ ] c\n- [ ] d",
            "- [x] a\n\n  more\n- [ ] b\n",
            "1. [ ] one\n2. [x] two [link](/x/) ~~no~~\n",
            "- [ ] a\n  > quoted\n- [x] b\n  ```\n  code\n  ```\n",
            "> - [ ] in a quote",
            "- [ ] ![picture](x.jpg)\n- [ ]   \n- [x]\n",
            "- plain\n- [ ] task\n\ntext",
        ] {
            let html = html(body);
            assert!(is_sound(&html), "{body:?} → {html}");
        }
    }

    #[test]
    fn a_box_without_a_text_has_a_name() {
        let html = html("- [x] ![](x.jpg)");
        assert!(html.contains("aria-label=\"☑\""), "{html}");
    }
}
