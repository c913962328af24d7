"""Runs `ingot` as people and scripts do, with the data directory of a running one."""

import json
import subprocess

from ingot_up import ingot_binary, own_environment

NOBODY = "dep_01a201362b9b73de80d32bab6d50fa69"


class Cli:
    """Runs `ingot` with the data directory of a running one, and nothing of this environment."""

    def __init__(self, home, data):
        self.environment = own_environment(HOME=str(home), INGOT_DATA_DIR=str(data))

    def __call__(self, *words, code=0, stdin=None, **environment):
        run = subprocess.run(
            [ingot_binary(), *words],
            env={**self.environment, **environment},
            input=stdin or "",
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )
        assert run.returncode == code, (words, run.returncode, run.stdout, run.stderr)
        assert "\x1b" not in run.stdout, "no colours where no terminal is"
        as_json = {"--json", "-o"} & set(words)
        if words and code not in (0, 1) and not as_json:
            assert run.stderr.startswith(("error: ", "Usage")) or "\nerror: " in run.stderr, run
        return run

    def json(self, *words, **more):
        return json.loads(self(*words, "--json", **more).stdout)
