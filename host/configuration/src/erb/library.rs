//! Ruby's library as far as templates use it: `ENV`, `File`, `Dir`, `Dotenv`, `YAML`, `JSON`, Kamal's own helpers.

use super::Wrong;
use super::evaluate::{Evaluated, Evaluator, Stop};
use super::methods;
use super::strings::shell_escaped;
use super::surroundings::Standing;
use super::syntax::Block;
use super::value::{Value, lookup};
use crate::dotenv::{self, SecretCommand};
use crate::load::Source;
use crate::model::Text;
use crate::version::KAMAL_VERSION;
use crate::yaml;

/// The Ruby that templates are told about; Kamal's own template prints it in a comment.
const RUBY_VERSION: &str = "3.4.7";

/// Modules and classes that templates may name.
const MODULES: [&str; 24] = [
    "ENV",
    "File",
    "IO",
    "Dir",
    "Dotenv",
    "YAML",
    "Psych",
    "JSON",
    "Shellwords",
    "Kamal",
    "Kamal::Utils",
    "String",
    "Integer",
    "Float",
    "Array",
    "Hash",
    "Symbol",
    "NilClass",
    "StandardError",
    "RuntimeError",
    "ArgumentError",
    "KeyError",
    "LoadError",
    "Kernel",
];

/// Libraries that change nothing here when they are required.
const LIBRARIES: [&str; 14] = [
    "dotenv",
    "json",
    "yaml",
    "psych",
    "erb",
    "date",
    "time",
    "shellwords",
    "pathname",
    "uri",
    "fileutils",
    "set",
    "kamal",
    "bundler/setup",
];

/// The value of a constant.
pub(super) fn constant(path: &str, at: usize) -> Result<Value, Wrong> {
    match path {
        "RUBY_ENGINE" => Ok(Value::text("ruby")),
        "RUBY_VERSION" | "RUBY_ENGINE_VERSION" => Ok(Value::text(RUBY_VERSION)),
        "Kamal::VERSION" => Ok(Value::text(KAMAL_VERSION)),
        "Rails" | "Rails::Application" => Err(Wrong::raised(at, "NameError", format!("uninitialized constant {path}"))
            .with_hint("Kamal reads its configuration without loading the app, so Rails is not there")),
        _ if MODULES.contains(&path) => Ok(Value::Module(path.to_owned())),
        _ => Err(Wrong::not_understood(at, &format!("`{path}`"))),
    }
}

/// Whether `rescue` with these classes takes an exception.
pub(super) fn rescues(classes: &[String], class: &str) -> bool {
    let parents: &[&str] = match class {
        "LoadError" => &["ScriptError", "Exception"],
        "SystemExit" => &["Exception"],
        "KeyError" => &["IndexError", "StandardError", "Exception"],
        "NoMethodError" => &["NameError", "StandardError", "Exception"],
        "Errno::ENOENT" => &["SystemCallError", "StandardError", "Exception"],
        _ => &["StandardError", "Exception"],
    };
    if classes.is_empty() {
        return parents.contains(&"StandardError");
    }
    classes.iter().any(|taken| taken == class || parents.contains(&taken.as_str()))
}

/// A method that is called on nothing.
pub(super) fn function(
    evaluator: &mut Evaluator<'_>,
    name: &str,
    arguments: Vec<Value>,
    block: Option<&Block>,
    at: usize,
) -> Evaluated {
    match (name, arguments.as_slice()) {
        ("__dir__", []) => Ok(Value::text(".")),
        ("__FILE__", []) => Ok(Value::text("(erb)")),
        ("require", [Value::String(library)]) => require(evaluator, library, at),
        ("raise" | "fail", given) => Err(raised(given, at).into()),
        ("abort", given) => {
            let message = given.first().map(Value::to_s).unwrap_or_default();
            Err(Wrong::raised(at, "SystemExit", message).into())
        }
        ("puts" | "print" | "p" | "warn", given) => {
            for value in given {
                evaluator.surroundings.say(&if name == "p" { value.inspect() } else { value.to_s() });
            }
            Ok(Value::Nil)
        }
        ("format" | "sprintf", [first, rest @ ..]) => {
            methods::call(evaluator, first, "%", vec![Value::List(rest.to_vec())], None, at)
        }
        ("String", [value]) => methods::call(evaluator, value, "to_s", Vec::new(), None, at),
        ("Array", [value]) => Ok(match value {
            Value::Nil => Value::List(Vec::new()),
            Value::List(_) => value.clone(),
            Value::Hash(_) => Value::List(methods::items(value, at)?),
            other => Value::List(vec![other.clone()]),
        }),
        ("Integer", [Value::Integer(number)]) => Ok(Value::Integer(*number)),
        ("Integer", [Value::String(text), ..]) => {
            text.trim().replace('_', "").parse().map(Value::Integer).map_err(|_| {
                let message = format!("invalid value for Integer(): {}", Value::text(text.as_str()).inspect());
                Wrong::raised(at, "ArgumentError", message).into()
            })
        }
        ("Float", [Value::String(text)]) => text.trim().parse().map(Value::Float).map_err(|_| {
            let message = format!("invalid value for Float(): {}", Value::text(text.as_str()).inspect());
            Wrong::raised(at, "ArgumentError", message).into()
        }),
        ("lambda" | "proc", _) if block.is_some() => Err(Wrong::not_understood(at, &format!("`{name}`")).into()),
        ("`", _) => Err(Wrong::not_understood(at, "this command").into()),
        _ => Err(Wrong::not_understood(at, &format!("`{name}`")).into()),
    }
}

/// A method of a module or class.
pub(super) fn call(
    evaluator: &mut Evaluator<'_>,
    module: &str,
    name: &str,
    arguments: &[Value],
    block: Option<&Block>,
    at: usize,
) -> Evaluated {
    match (module, name, arguments) {
        ("ENV", ..) => environment(evaluator, name, arguments, block, at),
        ("File" | "IO" | "Dir", ..) => files(evaluator, module, name, arguments, at),
        ("Dotenv", ..) => load_dotenv(evaluator, name, arguments, at),
        ("YAML" | "Psych" | "JSON", ..) => documents(evaluator, module, name, arguments, at),
        ("Kamal::Utils", "docker_arch", []) => match evaluator.surroundings.docker_architecture() {
            Some(architecture) => Ok(Value::String(architecture)),
            None => Err(Wrong::raised(at, "RuntimeError", "docker did not say what it builds for").into()),
        },
        ("Kamal::Utils" | "Shellwords", "escape_shell_value" | "escape" | "shellescape", [Value::String(text)])
            if module == "Shellwords" =>
        {
            Ok(Value::String(shell_escaped(text)))
        }
        ("Array" | "Hash" | "String", "new", []) => Ok(match module {
            "Array" => Value::List(Vec::new()),
            "Hash" => Value::Hash(Vec::new()),
            _ => Value::text(""),
        }),
        (_, "==" | "nil?" | "to_s" | "inspect" | "name" | "===", _) => {
            let receiver = Value::Module(module.to_owned());
            let name = if name == "name" { "to_s" } else { name };
            methods::call(evaluator, &receiver, name, arguments.to_vec(), None, at)
        }
        _ => Err(Wrong::not_understood(at, &format!("`{module}.{name}`")).into()),
    }
}

/// Sets or deletes a variable of the environment.
pub(super) fn set_variable(evaluator: &mut Evaluator<'_>, name: &Value, value: Value, at: usize) -> Result<(), Stop> {
    let Value::String(name) = name else { return Err(no_conversion(name, at).into()) };
    let value = match value {
        Value::Nil => None,
        Value::String(text) => Some(Text::Clear(text)),
        Value::Secret(parts) => match parts.as_slice() {
            [Text::Secret(secret)] => Some(Text::Secret(secret.clone())),
            _ => return Err(Wrong::not_understood(at, "a variable that holds a part of a secret").into()),
        },
        other => return Err(no_conversion(&other, at).into()),
    };
    evaluator.variables.insert(name.clone(), value);
    Ok(())
}

fn no_conversion(value: &Value, at: usize) -> Wrong {
    let class = if matches!(value, Value::Nil) { "nil" } else { value.class() };
    Wrong::raised(at, "TypeError", format!("no implicit conversion of {class} into String"))
}

fn environment(
    evaluator: &mut Evaluator<'_>,
    name: &str,
    arguments: &[Value],
    block: Option<&Block>,
    at: usize,
) -> Evaluated {
    let of = |text: Option<Text>| text.map(|text| Value::of_parts(vec![text]));
    match (name, arguments) {
        ("[]", [Value::String(variable)]) => Ok(of(evaluator.environment(variable)).unwrap_or_else(|| {
            evaluator.unset.push((at, variable.clone()));
            Value::Nil
        })),
        ("fetch", [Value::String(variable), rest @ ..]) => {
            match (of(evaluator.environment(variable)), block, rest.first()) {
                (Some(value), ..) => Ok(value),
                (None, Some(block), _) => evaluator.yields(block, Value::text(variable.as_str()), at),
                (None, None, Some(default)) => Ok(default.clone()),
                (None, None, None) => {
                    let message = format!("key not found: {}", Value::text(variable.as_str()).inspect());
                    let hint =
                        format!("set {variable} in the environment, or give a default: ENV.fetch(\"{variable}\", …)");
                    Err(Wrong::raised(at, "KeyError", message).with_hint(hint).into())
                }
            }
        }
        ("key?" | "has_key?" | "include?" | "member?", [Value::String(variable)]) => {
            Ok(Value::Bool(evaluator.environment(variable).is_some()))
        }
        ("[]=" | "store", [variable, value]) => {
            set_variable(evaluator, variable, value.clone(), at)?;
            Ok(value.clone())
        }
        ("delete", [Value::String(variable)]) => {
            let present = of(evaluator.environment(variable)).unwrap_or(Value::Nil);
            evaluator.variables.insert(variable.clone(), None);
            Ok(present)
        }
        ("values_at", variables) => {
            let value = |variable: &Value| of(evaluator.environment(&variable.to_s())).unwrap_or(Value::Nil);
            Ok(Value::List(variables.iter().map(value).collect()))
        }
        ("update" | "merge!", [Value::Hash(pairs)]) => {
            for (variable, value) in pairs {
                set_variable(evaluator, variable, value.clone(), at)?;
            }
            Ok(Value::Module("ENV".to_owned()))
        }
        ("[]" | "fetch", [other, ..]) => Err(no_conversion(other, at).into()),
        _ => {
            let clear = evaluator.clear_environment().into_iter();
            let pairs = clear.map(|(name, value)| (Value::String(name), Value::String(value))).collect();
            methods::call(evaluator, &Value::Hash(pairs), name, arguments.to_vec(), block, at)
        }
    }
}

fn require(evaluator: &mut Evaluator<'_>, library: &str, at: usize) -> Evaluated {
    match library {
        "dotenv/load" => load_dotenv(evaluator, "load", &[], at),
        _ if LIBRARIES.contains(&library) || library.starts_with("active_support") => Ok(Value::Bool(true)),
        _ => Err(Wrong::not_understood(at, &format!("the library `{library}`")).into()),
    }
}

fn raised(arguments: &[Value], at: usize) -> Wrong {
    match arguments {
        [Value::Module(class), message, ..] => Wrong::raised(at, class, message.to_s()),
        [Value::Module(class)] => Wrong::raised(at, class, class.clone()),
        [Value::Exception(class, message)] => Wrong::raised(at, class, message.clone()),
        [message, ..] => Wrong::raised(at, "RuntimeError", message.to_s()),
        [] => Wrong::raised(at, "RuntimeError", "unhandled exception"),
    }
}

fn files(evaluator: &mut Evaluator<'_>, module: &str, name: &str, arguments: &[Value], at: usize) -> Evaluated {
    let surroundings = evaluator.surroundings;
    let read = |path: &str| {
        surroundings.read(path).ok_or_else(|| {
            Wrong::raised(at, "Errno::ENOENT", format!("No such file or directory @ rb_sysopen - {path}"))
        })
    };
    match (name, arguments) {
        ("pwd" | "getwd", []) if module == "Dir" => Ok(Value::String(surroundings.folder())),
        ("home", []) if module == "Dir" => Ok(Value::String(expanded(evaluator, "~", "."))),
        ("exist?", [Value::String(path)]) if module == "Dir" => {
            Ok(Value::Bool(surroundings.look(path) == Some(Standing::Folder)))
        }
        ("exist?" | "readable?", [Value::String(path)]) => Ok(Value::Bool(surroundings.look(path).is_some())),
        ("file?", [Value::String(path)]) => Ok(Value::Bool(surroundings.look(path) == Some(Standing::File))),
        ("directory?", [Value::String(path)]) => Ok(Value::Bool(surroundings.look(path) == Some(Standing::Folder))),
        ("read" | "binread", [Value::String(path), ..]) => Ok(Value::String(read(path)?)),
        ("readlines" | "foreach", [Value::String(path), rest @ ..]) => {
            let text = read(path)?;
            let chomps = rest.iter().any(|option| match option {
                Value::Hash(pairs) => lookup(pairs, &Value::Symbol("chomp".to_owned())).is_some_and(Value::is_truthy),
                _ => false,
            });
            let lines = text.split_inclusive('\n').map(|line| if chomps { line.trim_end_matches('\n') } else { line });
            Ok(Value::List(lines.map(Value::text).collect()))
        }
        ("join", parts) => {
            let mut joined = String::new();
            for (index, part) in parts.iter().enumerate() {
                let Value::String(part) = part else { return Err(no_conversion(part, at).into()) };
                if index > 0 {
                    joined.truncate(joined.trim_end_matches('/').len());
                    joined.push('/');
                    joined.push_str(part.trim_start_matches('/'));
                } else {
                    joined.push_str(part);
                }
            }
            Ok(Value::String(joined))
        }
        ("expand_path" | "absolute_path" | "realpath", [Value::String(path)]) => {
            Ok(Value::String(expanded(evaluator, path, ".")))
        }
        ("expand_path" | "absolute_path", [Value::String(path), Value::String(base)]) => {
            Ok(Value::String(expanded(evaluator, path, base)))
        }
        ("dirname", [Value::String(path)]) => Ok(Value::text(match path.trim_end_matches('/').rsplit_once('/') {
            Some(("", _)) => "/",
            Some((folder, _)) => folder.trim_end_matches('/'),
            None if path.starts_with('/') => "/",
            None => ".",
        })),
        ("basename", [Value::String(path), rest @ ..]) => {
            let base = path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
            let base = match rest {
                [Value::String(end)] if end == ".*" => base.rsplit_once('.').map_or(base, |(stem, _)| stem),
                [Value::String(end)] => base.strip_suffix(end.as_str()).unwrap_or(base),
                _ => base,
            };
            Ok(Value::text(base))
        }
        ("extname", [Value::String(path)]) => {
            let base = path.rsplit('/').next().unwrap_or_default();
            let dot = base.rfind('.').filter(|dot| *dot > 0 && *dot + 1 < base.len());
            Ok(Value::text(dot.map_or("", |dot| &base[dot..])))
        }
        (_, [Value::Nil, ..]) => Err(no_conversion(&Value::Nil, at).into()),
        _ => Err(Wrong::not_understood(at, &format!("`{module}.{name}`")).into()),
    }
}

/// `File.expand_path`: absolute, without `.` and `..`, with `~` for the home folder.
fn expanded(evaluator: &Evaluator<'_>, path: &str, base: &str) -> String {
    let home = || match evaluator.environment("HOME") {
        Some(Text::Clear(home)) => home,
        _ => "/".to_owned(),
    };
    let rooted = |path: &str| match path.strip_prefix('~') {
        Some(rest) if rest.is_empty() || rest.starts_with('/') => format!("{}{rest}", home()),
        _ => path.to_owned(),
    };
    let mut full = rooted(path);
    if !full.starts_with('/') {
        full = format!("{}/{full}", rooted(base));
    }
    if !full.starts_with('/') {
        full = format!("{}/{full}", evaluator.surroundings.folder());
    }
    let mut steps: Vec<&str> = Vec::new();
    for step in full.split('/') {
        match step {
            "" | "." => {}
            ".." => drop(steps.pop()),
            step => steps.push(step),
        }
    }
    format!("/{}", steps.join("/"))
}

/// `Dotenv.load` keeps what is set, `Dotenv.overload` replaces it. Files that are not there are passed over, unless the name of the
/// method ends with `!`.
fn load_dotenv(evaluator: &mut Evaluator<'_>, name: &str, arguments: &[Value], at: usize) -> Evaluated {
    let replaces = matches!(name, "overload" | "overload!" | "overwrite" | "overwrite!");
    if !replaces && !matches!(name, "load" | "load!" | "parse") {
        return Err(Wrong::not_understood(at, &format!("`Dotenv.{name}`")).into());
    }
    let named: Vec<&Value> = arguments.iter().filter(|argument| !matches!(argument, Value::Hash(_))).collect();
    let default = Value::text(".env");
    let paths = if named.is_empty() { vec![&default] } else { named };
    let mut loaded = Vec::new();
    for path in paths {
        let Value::String(path) = path else { return Err(no_conversion(path, at).into()) };
        let Some(text) = evaluator.surroundings.read(path) else {
            if name.ends_with('!') {
                let message = format!("No such file or directory @ rb_sysopen - {path}");
                return Err(Wrong::raised(at, "Errno::ENOENT", message).into());
            }
            continue;
        };
        for (variable, value) in dotenv_values(evaluator, path, text, at)? {
            let is_set = evaluator.environment(&variable).is_some();
            loaded.push((Value::text(variable.as_str()), Value::text(value.as_str())));
            if name != "parse" && (replaces || !is_set) {
                evaluator.variables.insert(variable, Some(Text::Clear(value)));
            }
        }
    }
    Ok(Value::Hash(loaded))
}

fn dotenv_values(
    evaluator: &mut Evaluator<'_>,
    path: &str,
    text: String,
    at: usize,
) -> Result<Vec<(String, String)>, Wrong> {
    let source = Source { path: path.to_owned(), text };
    let environment = evaluator.clear_environment();
    let surroundings = evaluator.surroundings;
    let mut is_refused = false;
    // A file that is read for the configuration has no secrets at hand: whatever command it names is for a shell.
    let mut run = |(SecretCommand::Shell(command) | SecretCommand::Own(command)): SecretCommand<'_>| {
        Ok(match surroundings.run(command) {
            super::surroundings::Ran::Printed(text) => Some(text),
            super::surroundings::Ran::NotAllowed => {
                is_refused = true;
                None
            }
            super::surroundings::Ran::NotFound => Some(String::new()),
        })
    };
    let values = dotenv::parse(&source, &environment, &mut run);
    if is_refused {
        return Err(Wrong::command(at));
    }
    match values {
        Ok(values) => Ok(values.into_iter().map(|(name, value)| (name, value.unwrap_or_default())).collect()),
        Err(error) => Err(Wrong::raised(at, "Dotenv::FormatError", error.message)),
    }
}

fn documents(evaluator: &mut Evaluator<'_>, module: &str, name: &str, arguments: &[Value], at: usize) -> Evaluated {
    let (path, text) = match (name, arguments) {
        ("load_file" | "safe_load_file" | "unsafe_load_file", [Value::String(path), ..]) => {
            match evaluator.surroundings.read(path) {
                Some(text) => (path.clone(), text),
                None => {
                    let message = format!("No such file or directory @ rb_sysopen - {path}");
                    return Err(Wrong::raised(at, "Errno::ENOENT", message).into());
                }
            }
        }
        ("load" | "safe_load" | "unsafe_load" | "parse", [Value::String(text), ..])
            if (name == "parse") == (module == "JSON") =>
        {
            (module.to_owned(), text.clone())
        }
        ("generate" | "dump", [value]) if module == "JSON" => return Ok(Value::String(value.to_json())),
        _ => return Err(Wrong::not_understood(at, &format!("`{module}.{name}`")).into()),
    };
    let symbols = arguments.iter().any(|option| match option {
        Value::Hash(pairs) => ["symbolize_names", "symbolize_keys"]
            .iter()
            .any(|name| lookup(pairs, &Value::Symbol((*name).to_owned())).is_some_and(Value::is_truthy)),
        _ => false,
    });
    match yaml::parse(&path, &text) {
        Ok(node) => Ok(Value::of_node(&node, symbols)),
        Err(error) => {
            let class = if module == "JSON" { "JSON::ParserError" } else { "Psych::SyntaxError" };
            Err(Wrong::raised(at, class, error.message).into())
        }
    }
}
