"""Reference pages are whole: every key of a template, option, variable, command, endpoint and metric stands in docs/, no
other does, and links lead somewhere."""

import re
import shutil
import subprocess
from pathlib import Path

import pages
from region import wait_until

ROOT = Path(__file__).parents[2]
DOCS = sorted((ROOT / "docs").glob("*.md"))
# Types of the template, their keys' prefix, and the files they are in.
TYPES = {
    "Template": ("", "template.rs"),
    "Network": ("network.", "template.rs"),
    "Step": ("steps[].", "template.rs"),
    "Validate": ("steps[].validate.", "template/validate.rs"),
    "Packages": ("packages.", "template/packages.rs"),
    "Parameter": ("parameters[].", "template/parameter.rs"),
    "ImagePolicy": ("images.", "template.rs"),
    "Volume": ("volume.", "template/volume.rs"),
    "ProbeSpec": ("probe.", "probe.rs"),
    "IngressRule": ("ingress[].", "network.rs"),
}
# Keys whose value is one key of several.
CHOICES = {"BaseImage": "base_image.", "InstallFinished": "install_finished."}
# Commands that run without the API, beside those that a page of their own would not call clients.
PROCESSES = ("up", "api", "worker", "sim", "migrate", "token", "keys")


def rows(page):
    """First cells of the tables of a page, and their rows."""
    found = {}
    for line in (ROOT / "docs" / page).read_text().splitlines():
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        if cells and cells[0].startswith("`"):
            found.setdefault(cells[0], cells)
    return found


def source(file):
    return (ROOT / "crates/domain/src" / file).read_text()


def braces(text, head):
    """What stands between the braces after `head`."""
    start = text.index(head + " {") + len(head) + 2
    depth, at = 1, start
    while depth:
        depth += {"{": 1, "}": -1}.get(text[at], 0)
        at += 1
    return text[start : at - 1]


def schema():
    """Every key that the reader of templates takes."""
    keys = set()
    for name, (prefix, file) in TYPES.items():
        body = braces(source(file), f"pub struct {name}")
        for renamed, field in re.findall(r'(?:rename = "(\w+)"\)\]\s+)?pub (\w+):', body):
            keys.add(prefix + (renamed or field))
    for name, prefix in CHOICES.items():
        body = re.sub(r"///.*", "", braces(source("template.rs"), f"pub enum {name}"))
        for variant, rest in re.findall(r"^    (\w+)(\(|\s*\{)", body, re.M):
            word = re.sub(r"(?<!^)(?=[A-Z])", "_", variant).lower()
            keys.add(prefix + word)
            if "{" in rest:
                inner = braces(body, variant)
                keys.update(f"{prefix}{word}.{key}" for key in re.findall(r"(\w+):", inner))
    return keys


def test_every_key_of_a_template_is_documented_and_no_other():
    told = {key.strip("`") for key in rows("templates.md") if "{{" not in key}
    known = schema()
    assert len(known) > 50 and {"volume.type", "base_image.newest.owner"} <= known, sorted(known)
    assert (sorted(known - told), sorted(told - known)) == ([], [])


def test_every_word_that_scripts_may_use_is_documented():
    listed = braces(source("render.rs").replace("= &[", "{").replace("];", "}"), "PLACEHOLDERS: &[&str]")
    told = {key.strip("`{}") for key in rows("templates.md") if "{{" in key}
    assert told == set(re.findall(r'"(\w+)"', listed)) and len(told) > 5


def test_documented_defaults_of_numbers_and_flags_are_the_sources():
    table, seen = rows("templates.md"), 0
    for name in ("ImagePolicy", "Volume", "ProbeSpec"):
        prefix, file = TYPES[name]
        body = braces(source(file), f"impl Default for {name}")
        for field, value in re.findall(r"(\w+): (\d+|true|false),", body):
            seen += 1
            assert table[f"`{prefix}{field}`"][2] == f"`{value}`", (prefix, field, value)
    assert seen > 10


def of_help(command):
    """Options with their variables, as `--help` tells them."""
    for shown, text in [*command.options, *command.shared]:
        name = re.match(r"--[\w-]+", shown).group()
        variable = re.search(r"\[env: (\w+)", text)
        yield name, variable and variable.group(1)


def test_every_option_of_a_process_and_every_variable_is_documented():
    told, variables = {}, set()
    for line in (ROOT / "docs/configuration.md").read_text().splitlines():
        cells = [cell.strip() for cell in line.split("|")[1:-1]]
        variables |= set(re.findall(r"`([A-Z][A-Z0-9_]+)`", line))
        if len(cells) == 5 and cells[0].startswith("`--"):
            for option in re.findall(r"`(--[\w-]+)`", cells[0]):
                told.setdefault(option, []).append((cells[1], cells[2]))
    missing, known = [], set()
    for command in pages.tree():
        process = command.words[0] in PROCESSES
        for option, variable in of_help(command):
            known.add(variable)
            own = option in ("--help", "--json", "--output", "--version") or len(command.words) > 1 and option != "--database-url"
            reader = f"`{command.words[0]}`" if process else "client commands"
            if process and not own:
                named = [row for row in told.get(option, []) if reader in row[1] or "client" in row[1]]
                if not any(variable is None or f"`{variable}`" in row[0] for row in named):
                    missing.append((" ".join(command.words), option, variable))
            if variable and variable not in variables:
                missing.append((" ".join(command.words), option, variable))
    assert not missing, missing
    assert {"DATABASE_URL", "INGOT_PACE", "INGOT_TOKEN"} <= known
    code = "\n".join(path.read_text() for path in ROOT.glob("crates/*/src/**/*.rs"))
    read = set(re.findall(r'variable\("(INGOT_\w+)"\)', code)) | {name for name in known if name}
    of_ours = {name for name in variables if name.startswith("INGOT_")}
    assert of_ours <= read <= variables, (of_ours - read, read - variables)


def test_what_the_pages_list_is_what_there_is():
    for page, part in pages.PARTS.items():
        _, within, _ = pages.parted((ROOT / page).read_text())
        assert within.strip() == part().strip(), f"{page}: run tests/python/pages.py"
    assert len(pages.tree()) > 30 and len(pages.metric_rows()) > 40


def test_every_command_that_a_page_or_a_message_names_is_there():
    """Those that a test runs stand in blocks; this holds the ones in a sentence, in pages and in the product's own words."""
    groups = {(): set()}
    for command in pages.tree():
        groups.setdefault(tuple(command.words[:-1]), set()).add(command.words[-1])
    texts = [ROOT / "README.md", *DOCS]
    for room in ("api", "worker", "entity", "crates/domain", "crates/cli"):
        texts += sorted((ROOT / room / "src").rglob("*.rs"))
    seen, wrong = 0, []
    for file in texts:
        for named in re.findall(r"`ingot ([a-z][^`\n]*)`", file.read_text()):
            words, before = named.split(), ()
            # A word of a group must be one of its commands; what follows a command is its own.
            while before in groups and words and re.fullmatch(r"[a-z][a-z-]*", words[0]):
                seen += 1
                if words[0] not in groups[before] | {"help", "failpoints"}:
                    wrong.append((str(file.relative_to(ROOT)), named))
                    break
                before = (*before, words.pop(0))
    assert seen > 300, seen
    assert wrong == []


def test_every_link_leads_somewhere_and_every_page_is_linked():
    wrong, linked = [], set()
    for page in [*DOCS, *ROOT.glob("*.md")]:
        text = re.sub(r"```.*?```", "", page.read_text(), flags=re.S)
        for target in re.findall(r"\]\(([^)#]+)[^)]*\)", text):
            if target.startswith("http"):
                continue
            path = (page.parent / target).resolve()
            if not path.exists():
                wrong.append(f"{page.name}: {target}")
            if page.name == "README.md":
                linked.add(path)
    assert not wrong, wrong
    assert not [page.name for page in DOCS if page not in linked]


def test_pages_for_users_speak_no_words_of_the_house():
    """What the sources call a doorbell is Redis to its users, and none of them has read the document Ingot was built from."""
    house = re.compile(r"doorbell|\bbells?\b|\bhands\b|kamiwaza document|\bvisits?\b", re.I)
    told = ["README.md", "CHANGELOG.md", "docs/aws.md", "docs/operations.md", "docs/templates.md", "docs/api.md"]
    told += ["docs/cli.md", "docs/configuration.md", "docs/exit-codes.md"]
    found = []
    for page in told:
        for number, line in enumerate((ROOT / page).read_text().splitlines(), 1):
            found += [f"{page}:{number}: {word}" for word in house.findall(line)]
    assert not found, found


def test_every_documented_metric_is_there_after_a_deployment(ingot):
    """Names and kinds as documented; what counts rare things begins at 0."""
    documented = {name: kind for name, kind, _, _ in pages.metric_rows()}
    ingot.finished(ingot.create(version="v8.8.0")["id"])

    def scraped():
        text = ingot.call("GET", "/metrics").text
        return dict(re.findall(r"(?m)^# TYPE (\w+) (\w+)$", text)), text

    wait_until(lambda: 'ingot_amis{state="available"} 1' in scraped()[1], "the image is counted", 30)
    kinds, text = scraped()
    ours = {name: kind for name, kind in kinds.items() if name.startswith("ingot_")}
    assert sorted(ours) == sorted(documented)
    for name, kind in ours.items():
        assert kind in documented[name].lower(), name
        assert name.endswith("_total") == (kind == "counter"), name
    if shutil.which("promtool"):
        run = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True, check=False)
        assert run.returncode == 0, run.stdout + run.stderr
