//! Git's conflict markers: a text that two branches changed, taken apart into what each of them wrote.

/// What one branch wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Side {
    /// The name beside the marker: `HEAD`, a branch, a commit.
    pub(crate) label: String,
    /// The whole text as this branch has it.
    pub(crate) text: String,
}

/// Both branches' texts, where the text holds conflict markers: first the one that stood, then the one that came in.
pub(crate) fn sides(text: &str) -> Option<(Side, Side)> {
    enum Part {
        Both,
        Ours,
        Base,
        Theirs,
    }
    let mut part = Part::Both;
    let mut found = false;
    let empty = || Side { label: String::new(), text: String::new() };
    let (mut ours, mut theirs) = (empty(), empty());
    for line in text.lines() {
        if let Some(label) = marker(line, '<') {
            found = true;
            part = Part::Ours;
            ours.label = label;
        } else if found && marker(line, '|').is_some() {
            part = Part::Base;
        } else if found && marker(line, '=').is_some() {
            part = Part::Theirs;
        } else if let Some(label) = marker(line, '>').filter(|_| found) {
            part = Part::Both;
            theirs.label = label;
        } else {
            let into: &mut [&mut Side] = match part {
                Part::Both => &mut [&mut ours, &mut theirs],
                Part::Ours => &mut [&mut ours],
                Part::Theirs => &mut [&mut theirs],
                Part::Base => &mut [],
            };
            for side in into {
                side.text.push_str(line);
                side.text.push('\n');
            }
        }
    }
    found.then_some((ours, theirs))
}

/// Whether a line is the beginning of a conflict.
pub(crate) fn begins(line: &str) -> bool {
    marker(line, '<').is_some()
}

/// The words beside a marker of seven such signs.
fn marker(line: &str, sign: char) -> Option<String> {
    let rest = line.trim_end().strip_prefix(&sign.to_string().repeat(7))?;
    (rest.is_empty() || rest.starts_with(' ')).then(|| rest.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_side_is_the_whole_text_of_its_branch() {
        let text = "a\n<<<<<<< HEAD\nb\n||||||| base\nx\n=======\nc\nd\n>>>>>>> feature/one\ne\n";
        let (ours, theirs) = sides(text).unwrap();
        assert_eq!((ours.label.as_str(), ours.text.as_str()), ("HEAD", "a\nb\ne\n"));
        assert_eq!((theirs.label.as_str(), theirs.text.as_str()), ("feature/one", "a\nc\nd\ne\n"));
        assert_eq!(sides("a\n=======\nb\n"), None);
    }
}
