//! Splitting a script into commands; anything with syntax of its own is not understood.

/// How a part follows the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Join {
    Then,
    And,
    Or,
}

/// One pipe of commands.
#[derive(Clone, Debug)]
pub(super) struct Part {
    pub(super) join: Join,
    pub(super) negated: bool,
    pub(super) pipe: Vec<Command>,
}

/// One command without its redirections.
#[derive(Clone, Debug, Default)]
pub(super) struct Command {
    pub(super) words: Vec<String>,
    pub(super) quiet_out: bool,
    pub(super) quiet_err: bool,
}

impl Part {
    pub(super) fn first_words(&self) -> Vec<&str> {
        let first = self.pipe.first();
        first.map_or_else(Vec::new, |command| {
            command.words.iter().map(String::as_str).collect()
        })
    }
}

/// A word or an operator of the script.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Word(String),
    Operator(&'static str),
}

const OPERATORS: &[&str] = &["&&", "||", "|", ";", "\n"];

/// Redirections that only silence, and what they silence: output, errors.
const SILENCING: &[(&str, bool, bool)] = &[
    (">/dev/null", true, false),
    ("1>/dev/null", true, false),
    ("2>/dev/null", false, true),
    ("&>/dev/null", true, true),
    ("2>&1", false, true),
];

/// The parts of a script in order; `None` if it has syntax this shell does not know.
pub(super) fn read(script: &str) -> Option<Vec<Part>> {
    let tokens = tokens(script)?;
    let mut parts: Vec<Part> = Vec::new();
    let mut join = Join::Then;
    let mut piped = false;
    let mut words: Vec<String> = Vec::new();
    for token in tokens.into_iter().chain([Token::Operator("\n")]) {
        let operator = match token {
            Token::Word(word) => {
                words.push(word);
                continue;
            }
            Token::Operator(operator) => operator,
        };
        if words.is_empty() {
            // Empty lines, also after an operator that goes on in the next line.
            if operator == "\n" || operator == ";" {
                continue;
            }
            return None;
        }
        let negated = words.first().is_some_and(|word| word == "!");
        let command = command(words.split_off(usize::from(negated)))?;
        words.clear();
        match parts.last_mut().filter(|_| piped) {
            Some(part) => part.pipe.push(command),
            None => parts.push(Part {
                join,
                negated,
                pipe: vec![command],
            }),
        }
        piped = operator == "|";
        join = match operator {
            "&&" => Join::And,
            "||" => Join::Or,
            _ => Join::Then,
        };
    }
    (!piped && join == Join::Then).then_some(parts)
}

fn command(words: Vec<String>) -> Option<Command> {
    let mut command = Command::default();
    let mut words = words.into_iter();
    while let Some(word) = words.next() {
        let (word, spaced) = match word.as_str() {
            ">" | "1>" | "2>" | "&>" => (format!("{word}{}", words.next()?), true),
            _ => (word, false),
        };
        let silencing = SILENCING.iter().find(|(known, _, _)| *known == word);
        match silencing {
            Some((_, out, err)) => {
                command.quiet_out |= out;
                command.quiet_err |= err;
            }
            None if spaced => return None,
            None => command.words.push(word),
        }
    }
    (!command.words.is_empty()).then_some(command)
}

fn tokens(script: &str) -> Option<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut word: Option<String> = None;
    let mut rest = script;
    while let Some(c) = rest.chars().next() {
        let operator = OPERATORS.iter().find(|known| rest.starts_with(**known));
        if let Some(operator) = operator {
            tokens.extend(word.take().map(Token::Word));
            tokens.push(Token::Operator(operator));
            rest = &rest[operator.len()..];
            continue;
        }
        rest = &rest[c.len_utf8()..];
        match c {
            '\'' | '"' => {
                let (inside, after) = rest.split_once(c)?;
                if c == '"' && inside.contains(['$', '`', '\\']) {
                    return None;
                }
                word.get_or_insert_default().push_str(inside);
                rest = after;
            }
            '\\' => {
                let next = rest.chars().next()?;
                rest = &rest[next.len_utf8()..];
                // A line that goes on in the next.
                if next != '\n' {
                    word.get_or_insert_default().push(next);
                }
            }
            '#' if word.is_none() => rest = rest.find('\n').map_or("", |end| &rest[end..]),
            '$' | '`' | '(' | ')' | '{' | '}' | '<' | '*' => return None,
            c if c.is_whitespace() => tokens.extend(word.take().map(Token::Word)),
            c => word.get_or_insert_default().push(c),
        }
    }
    tokens.extend(word.map(Token::Word));
    Some(tokens)
}
