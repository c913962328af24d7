"""Runs what a document shows for continuous integration and Terraform, as these systems would.

No such system runs here: files are read as they read them, expressions get their values, and each script runs in a shell
of its own with the variables these systems give.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

import hcl2
import yaml


def script(text, folder, environment, stdin=""):
    """One script, as its system runs it: it ends at the first command that fails."""
    run = subprocess.run(
        ["bash", "-eo", "pipefail", "-c", text],
        cwd=folder,
        env=environment,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert run.returncode == 0, (text, run.stdout, run.stderr)
    return run.stdout


def github(text, folder, environment, version):
    """The jobs of a workflow; gives the outputs of its steps."""
    known = {"github.ref_name": version}

    def value(found):
        name = found.group(1)
        return known.get(name) or environment[name.removeprefix("vars.").removeprefix("secrets.")]

    outputs = folder / "github-output"
    outputs.write_text("")
    workflow = yaml.safe_load(text)
    assert set(workflow) >= {True, "jobs"}, workflow  # YAML reads `on` as true.
    for job in workflow["jobs"].values():
        assert job["runs-on"]
        given = {k: re.sub(r"\$\{\{ (\S+) \}\}", value, v) for k, v in job.get("env", {}).items()}
        for step in job["steps"]:
            assert "uses" in step or "run" in step, step
            if "run" in step:
                more = {**given, "GITHUB_OUTPUT": str(outputs)}
                script(step["run"], folder, {**environment, **more})
        steps = {step.get("id") for step in job["steps"]}
        for output in job.get("outputs", {}).values():
            step, _, name = re.fullmatch(r"\$\{\{ steps\.(\w+)\.(outputs)\.(\w+) \}\}", output).groups()
            assert step in steps and f"{name}=" in outputs.read_text(), output
    return outputs.read_text()


def gitlab(text, folder, environment, version):
    """The jobs of a pipeline; gives the variables they leave for later jobs."""
    left = ""
    for job in yaml.safe_load(text).values():
        lines = "\n".join(job["script"])
        script(lines, folder, {**environment, "CI_COMMIT_TAG": version})
        left += (folder / job["artifacts"]["reports"]["dotenv"]).read_text()
    return left


def terraform(text, folder, environment):
    """The configuration must be one; external programs run as Terraform runs them. Gives their results."""
    results = []
    for data in hcl2.loads(text).get("data", []):
        for external in data.get('"external"', data.get("external", {})).values():
            program = [re.sub(r'^"(.*)"$', r"\1", word, flags=re.S) for word in external["program"]]
            program = [heredoc(word) for word in program]
            assert program[:2] == ["sh", "-c"], program
            query = {key: "v1.0.0" for key in external.get("query", {}) if not key.startswith("__")}
            out = json.loads(script(program[2], folder, environment, stdin=json.dumps(query)))
            assert all(isinstance(value, str) for value in out.values()), out
            results.append(out)
    return results


def cloudformation(path):
    """A template must be one, as far as can be known without AWS."""
    lint = Path(sys.executable).with_name("cfn-lint")
    run = subprocess.run([str(lint), str(path)], capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == 0, run.stdout + run.stderr


def heredoc(word):
    """The text of a here document, as HCL reads it."""
    found = re.fullmatch(r"<<-?(\w+)\n(.*)\n\s*\1", word.strip(), flags=re.S)
    return found.group(2) if found else word
