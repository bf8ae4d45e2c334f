"""What the messages say: the fact, and as a hint what to do next."""

from pathlib import Path

import pytest

from taskflow_core.errors import FlowFileError, Problem
from taskflow_core.loader import load_plan


def problem_in(text: str, folder: Path, name: str = "flow.yaml") -> Problem:
    """Return the first problem of a file with this text."""
    file = folder / name
    file.write_text(text)
    try:
        return load_plan(file).warnings[0]
    except FlowFileError as error:
        return error.problems[0]


TASK = "tasks:\n  - name: a\n    command: x\n"


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("", "the file is empty", "A flow needs at least `tasks:`."),
        ("# x", "the file holds only comments", "A flow needs at least `tasks:`."),
        ("a: \tb\n\tc: d\n", "a tab cannot indent a line", "Indent with spaces."),
        ("a: 'b\n", "this quote is never closed", "Add a closing ' at the end of the text."),
        ("a: [b\n", "`[` is never closed", "Add `]`."),
        ("a: [b\nc: d\n", "`[` is never closed", "Add `]`."),
        ("a: ['b' 'c']\n", "a comma or `]` is missing here", None),
        (
            "tasks: x: y\n",
            "a text with `: ` in it needs quotes",
            'Write "x: y".',
        ),
        (
            'tasks: say "x": y\n',
            "a text with `: ` in it needs quotes",
            "Write 'say \"x\": y'.",
        ),
        ("a: @b\n", "a text without quotes cannot start with '@'", 'Quote it: "@b".'),
        (
            "a: *.csv\n",
            "'*' at the start of a value means a YAML alias",
            'Quote it if it is text: "*.csv".',
        ),
        (
            "tasks: *b\n",
            "there is no anchor '&b' before this alias",
            'Quote it if it is text: "*b".',
        ),
        (
            'a: "\\d"\n',
            "this is no escape sequence",
            r"In double quotes a backslash is written `\\`; single quotes keep it as it is.",
        ),
        (
            "a: {b: ${{ c }}}\n",
            "inside `{…}` and `[…]` an expression needs quotes",
            'Write "${{ c }}".',
        ),
        (
            "a:\n  b: c\n d: e\n",
            "this line is indented by 1, unlike the lines it belongs to",
            "Indent it by 0, like line 1.",
        ),
        (
            f"{TASK}    {{{{ x }}}}: 1\n",
            "`{{` opens a mapping in a mapping, not a text",
            'Quote it if it is text: "{{ x }}".',
        ),
        (
            f"{TASK}    command: y\n",
            "'command' is given twice",
            "The first is at 3:5: keep one.",
        ),
        (
            "tasks: []\n1: x\n",
            "a key is text, but 1 is a number",
            'Quote it if it is meant: "1".',
        ),
        (": x\n", "a key is missing before the `:`", None),
        (
            f"{TASK}    <<: {{}}\n",
            "merge keys (`<<`) are not read",
            "Write the keys out, or use an alias for a whole value.",
        ),
        ("- x\n", "a flow file must be a mapping, not a list", "Begin with `tasks:`."),
        ("name: x\n", "the flow has no `tasks`", "Begin with `tasks:`."),
        (
            "tasks: {a: {command: x}}\n",
            "`tasks` must be a list, not a mapping",
            "Each task is an item: `- name: …`.",
        ),
        (f"{TASK}    comand: x\n", "unknown key 'comand' in a task", "Did you mean 'command'?"),
        (
            f"{TASK}    needs: x\n",
            "unknown key 'needs' in a task",
            "It is called `depends_on` here.",
        ),
        (
            f"{TASK}    tasks: x\n",
            "unknown key 'tasks' in a task",
            "`tasks` belongs at the top of the file.",
        ),
        (
            f"depends_on: x\n{TASK}",
            "unknown key 'depends_on' at the top of the file",
            "`depends_on` belongs inside a task.",
        ),
        (
            f"{TASK}    retry: {{retires: 1}}\n",
            "`retry` without `retries` never tries again",
            "Add `retries: 3`.",
        ),
        (f"zzz: x\n{TASK}", "unknown key 'zzz' at the top of the file", None),
        (f"{TASK}    on_lost: hold\n", "`on_lost` is not built yet", None),
        (
            "tasks:\n  - {name: a, function: m.f, executor: dask}\n",
            "executor `dask` is not built yet",
            "There is thread, async, process, inline.",
        ),
        (
            "tasks:\n  - {name: a, function: m.f, executor: proces}\n",
            "`executor` cannot be 'proces'",
            "Did you mean 'process'?",
        ),
        ("name: 7\ntasks: []\n", "`name` must be text, not a number", 'Quote it: "7".'),
        (
            f'{TASK}    retry: "3"\n',
            "`retry` must be a whole number, not text",
            "Drop the quotes.",
        ),
        (f"{TASK}    retry: -1\n", "`retry` must be 0 or more", None),
        (
            f"{TASK}    timeout: soon\n",
            "`timeout` is no duration: 'soon'",
            "Write 90, 90s, 1h30m or 250ms.",
        ),
        (f"{TASK}    timeout: -5s\n", "`timeout` must not be negative", None),
        (f"{TASK}    timeout:\n", "`timeout` has no value", "Give it one, or leave the key out."),
        (
            f"{TASK}    depends_on: [b]\n  - {{name: bb, command: x}}\n",
            "there is no task 'b'",
            "Did you mean 'bb'?",
        ),
        (
            f"{TASK}  - {{name: b, command: x}}\n  - {{name: c, command: x, depends_on: 'a, b'}}\n",
            "there is no task 'a, b'",
            "Write [a, b].",
        ),
        (f"{TASK}    depends_on: a\n", "task 'a' depends on itself", "Drop the dependency."),
        (
            f"{TASK}    depends_on: b\n  - {{name: b, command: x, depends_on: a}}\n",
            "the tasks form a cycle: a → b → a",
            "Each one waits for the one before it: remove one of these dependencies.",
        ),
        (
            f"{TASK}  - {{name: A, command: x}}\n",
            "two tasks are called 'A' (differs from 'a' only by case)",
            "The first is at 2:11: rename one of them.",
        ),
        (
            "tasks:\n  - {name: a, function: m.f()}\n",
            "'m.f()' is a call",
            "Write 'm.f'; arguments go into `args` and `kwargs`.",
        ),
        (
            "tasks:\n  - {name: a, function: f}\n",
            "'f' is not the dotted name of a function",
            "Write `module.function` or `module:function`.",
        ),
        (
            f"{TASK}    function: m.f\n",
            "a task does one thing, not `command` and `function`",
            "Keep one.",
        ),
        (
            "tasks: [{name: a}]\n",
            "a task needs one of `function`, `command`, `script`, `flow`, `approve` and `wait`",
            "Say what it should do.",
        ),
        (
            f"{TASK}    if: x\n",
            "unknown key 'if' in a task",
            "It is called `when` here.",
        ),
        (
            f"defaults: {{command: x}}\n{TASK}",
            "unknown key 'command' in `defaults`",
            "`command` belongs inside a task.",
        ),
        (
            f"{TASK}    shell: bash\n",
            "`shell` does not go with `command`: that is for scripts; `sh` runs a command line",
            "Drop it.",
        ),
        (
            f"{TASK}    trigger_rule: all-done\n",
            "`trigger_rule` cannot be 'all-done'",
            "Did you mean 'all_done'?",
        ),
        (
            f"{TASK}    breakpoint: {{at: start}}\n",
            "`at` cannot be 'start'",
            "There is before, after, on_failure, on_retry.",
        ),
        (
            f"pools: {{database: 2}}\n{TASK}    pool: databse\n",
            "there is no pool 'databse'",
            "Did you mean 'database'?",
        ),
        (
            f"{TASK}    pool: db\n",
            "there is no pool 'db'",
            "Declare it: pools: { db: 2 }.",
        ),
        (
            f"params: {{limit: {{type: int, default: many}}}}\n{TASK}",
            "parameter 'limit': the default must be a whole number, not 'many'",
            "Write digits, such as 42.",
        ),
        (
            f"params: {{limit: 1000}}\n{TASK}",
            "nothing uses parameter 'limit'",
            "Write ${{ params.limit }} where it belongs, or drop it.",
        ),
        (
            f"{TASK}    rollback: {{timeout: 5}}\n",
            "a rollback needs a `function` or a `command`",
            "Say what undoes the task.",
        ),
        (
            f"{TASK}    rollback: {{function: m.undo, command: x}}\n",
            "a rollback does one thing, not `function` and `command`",
            "Keep one.",
        ),
        (
            f"handlers: {{failure: {{timeout: 5}}}}\n{TASK}",
            "a handler needs a `function` or a `command`",
            "Say what is to be done.",
        ),
        (
            f"handlers: {{failed: m.f}}\n{TASK}",
            "unknown key 'failed' in `handlers`",
            "Did you mean 'failure'?",
        ),
        (
            f"handlers: {{failure: {{command: x, retry: 2}}}}\n{TASK}",
            "unknown key 'retry' in a handler",
            None,
        ),
        (
            f"handlers: {{failure: 5}}\n{TASK}",
            "`failure` must be the dotted name of a function, or a mapping, not a number",
            "Write `module.function`.",
        ),
        (
            f"handlers: m.f\n{TASK}",
            "`handlers` must be a mapping, not text",
            "Write `failure: module.function`.",
        ),
        (
            f'handlers: {{failure: {{command: "x ${{{{ run.status }}}}"}}}}\n{TASK}',
            "`run` has no 'status'",
            "It has state, reason and failed.",
        ),
        (
            f'handlers: {{failure: {{command: "x ${{{{ tasks.zzz.result }}}}"}}}}\n{TASK}',
            "there is no task 'zzz'",
            None,
        ),
        (
            f'handlers: {{failure: {{command: x, env: {{A: "${{{{ ctx.a }}}}"}}}}}}\n{TASK}',
            "there is no name 'ctx'",
            "There is params, env, tasks, run.",
        ),
        (
            f"{TASK}    rollback: 5\n",
            "`rollback` must be the dotted name of a function, or a mapping, not a number",
            "Write `module.function`.",
        ),
        (
            f"{TASK}    rollback: {{function: m.undo, retries: 3}}\n",
            "unknown key 'retries' in `rollback`",
            "It is called `retry` here.",
        ),
        (
            f"defaults: {{rollback: m.undo}}\n{TASK}",
            "unknown key 'rollback' in `defaults`",
            "`rollback` belongs inside a task.",
        ),
        (
            f"{TASK}    when: params.mdoe\nparams: {{mode: fast}}\n",
            "there is no parameter 'mdoe'",
            "Did you mean 'mode'?",
        ),
        (
            f"{TASK}    when: tasks.a.result\n",
            "a task cannot use what it has yet to do",
            None,
        ),
        (
            f"{TASK}    when: tasks.b.result\n  - {{name: b, command: x}}\n",
            "task 'b' is not upstream, so it may not have run by then",
            "Add 'b' to `depends_on`.",
        ),
        (
            f"{TASK}    when: item == 1\n",
            "`item` exists only in a task with `foreach`",
            None,
        ),
        (
            f'{TASK}    env: {{A: "${{{{ x"}}\n',
            "`${{` is never closed",
            "Add `}}`.",
        ),
        (
            "tasks:\n  - {name: a, script: 'echo \"${{ env.A }}\"'}\n",
            "the value would be quoted twice",
            "Remove the quotes: the value is quoted for you.",
        ),
        (
            "tasks:\n  - {name: a, shell: python, script: 'print(${{ env.A }})'}\n",
            "an expression cannot stand in a script that `sh` does not run: nothing quotes it",
            "Put the value into `env`, and read that variable.",
        ),
        (
            f"{TASK}    timeout: ${{{{ params.t }}}}\n",
            "`timeout` cannot hold an expression: it is settled before anything runs",
            "Expressions can stand in `args`, `kwargs`, `params`, `env`, `command`, `script`, "
            "`when`, `foreach`, `approve`, `wait`, `inputs`, `outputs`, the `key` of `cache`, the "
            "probe of a `service`, and the condition of a breakpoint.",
        ),
        (
            f"{TASK}    service: {{ready: {{tcp: 0}}}}\n",
            "`tcp` is not an address: '0'",
            "Write a port, or host:port.",
        ),
        (
            f"{TASK}    service: {{ready: {{http: 'https://db'}}}}\n",
            "`http` is not for TLS: 'https://db'",
            "Use `command` with a program that speaks it.",
        ),
        (
            f"{TASK}    service: {{ready: {{log: '('}}}}\n",
            "`log` is no regular expression: missing ), unterminated subpattern at position 0",
            None,
        ),
        (
            f"{TASK}    service: {{stop: KILL}}\n",
            "`stop` cannot be 'KILL'",
            "There is TERM, INT, QUIT, HUP, USR1, USR2.",
        ),
        (
            f"{TASK}  - {{name: b, command: x, depends_on: {{task: a, when: started}}}}\n",
            "`started` is for services, and 'a' is none",
            "Give it a `service`, or wait until it has `completed` or `succeeded`.",
        ),
        (
            f"{TASK}    service: true\n"
            "  - {name: b, command: x, depends_on: {task: a, when: healthy}}\n",
            "'a' has no probe, so nobody can tell when it is healthy",
            "Say how to tell: service: {ready: …}. Or wait until it has `started`.",
        ),
        (
            "tasks:\n  - {name: a, command: x, when: ${{ y }}}\n",
            "inside `{…}` and `[…]` an expression needs quotes",
            'Write "${{ y }}".',
        ),
        (
            f"{TASK}    env: {{A: 8080}}\n",
            "variable 'A' must be text, not a number",
            'Quote it: "8080".',
        ),
        (
            f"{TASK}    foreach: 5\n",
            "`foreach` must be an expression or a list, not a number",
            "Write an expression such as tasks.split.result, or a list.",
        ),
        (
            f"{TASK}    foreach: [1]\n    when: item\n",
            "`item` does not exist here: this is computed once, not for each item",
            "`item` and `index` can stand in `args`, `kwargs`, `command`, `script`, `env`, "
            "`params`, `approve`, `wait` and `rollback` of the task.",
        ),
        (
            f"{TASK}    foreach: [1]\n    env: {{A: '${{{{ itm }}}}'}}\n",
            "there is no name 'itm'",
            "Did you mean 'item'?",
        ),
        (
            f"{TASK}    max_parallel: 2\n",
            "`max_parallel` does not go with `command`: that is for tasks with `foreach` or `flow`",
            "A single task runs once; `pool` limits several tasks together.",
        ),
        (
            f"{TASK}    params: {{a: 1}}\n",
            "`params` does not go with `command`: that is for sub-flows",
            "Drop it.",
        ),
        (
            "tasks: [{name: a, function: m.f, params: {a: 1}}]\n",
            "`params` does not go with `function`: that is for sub-flows; a function's arguments "
            "go into `kwargs`",
            "Drop it.",
        ),
        (
            "tasks: [{name: a, approve: [x]}]\n",
            "`approve` must be a question or a mapping, not a list",
            "Write `{prompt: Ship it?}`.",
        ),
        (
            "tasks: [{name: a, approve: {fields: {note: str}}}]\n",
            "`approve` has no `prompt`",
            "Say what to ask.",
        ),
        (
            "tasks: [{name: a, approve: {prompt: x, fields: {note: text}}}]\n",
            "the type of field 'note' cannot be 'text'",
            "There is str, int, float, bool, date, path, choice, list.",
        ),
        (
            "tasks: [{name: a, approve: {prompt: x, fields: {n: {type: int, max: x}}}}]\n",
            "field 'n': `max` must be a whole number, not 'x'",
            "Write digits, such as 42.",
        ),
        (
            "tasks: [{name: a, approve: x, retry: 3}]\n",
            "`retry` does not go with `approve`: nothing is run",
            "Drop it.",
        ),
        (
            "tasks: [{name: a, wait: 30s}]\n",
            "`wait` must be a mapping, not text",
            "Write `{for: 30s}`.",
        ),
        (
            "tasks: [{name: a, wait: {}}]\n",
            "`wait` needs `for`, `until` or `file`",
            "Say what it waits for.",
        ),
        (
            "tasks: [{name: a, wait: {for: 5s, file: x}}]\n",
            "a task waits for one thing, not `for` and `file`",
            "Keep one.",
        ),
        (
            "tasks: [{name: a, wait: {until: soon}}]\n",
            "`until` is no moment: 'soon'",
            "Write a time of day such as 18:30, or 2026-01-31, or 2026-01-31T18:30.",
        ),
        (
            "tasks: [{name: a, wait: {for: 5s}, rollback: m.undo}]\n",
            "`rollback` does not go with `wait`: there is nothing to undo",
            "Drop it.",
        ),
        (
            "tasks: [{name: a, flow: flow.yaml}]\n",
            "the flows form a cycle: flow.yaml → flow.yaml",
            "A flow cannot be a part of itself.",
        ),
        (
            "tasks: [{name: a, flow: x.yaml, env: {A: b}}]\n",
            "there is no file '{folder}/x.yaml'",
            "Did you mean 'flow.yaml'?",
        ),
        (
            "tasks: [{name: a, env: {A: b}, flow: x.yaml}]\n",
            "`env` does not go with `flow`: its tasks have their own; pass a value by `params`",
            "Drop it.",
        ),
    ],
)
def test_yaml(text: str, message: str, hint: str | None, tmp_path: Path) -> None:
    problem = problem_in(text, tmp_path)

    shown = message.replace("{folder}", str(tmp_path))
    assert (problem.message, problem.hint) == (shown, hint)


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("", "the file is empty", 'A flow needs at least {"tasks": []}.'),
        ("tasks: []", "this is YAML, not JSON", "Name it .yaml."),
        ("[1,]", "a comma before a closing bracket is not JSON", "Drop it."),
        ("[1 /* x */]", "JSON has no comments", "Name the file .yaml to use comments."),
        ("{'a': 1}", "a key is text in double quotes", 'Write "a".'),
        ("['a']", "JSON text is written in double quotes", 'Write "a".'),
        ("[True]", "JSON writes `true`, not `True`", None),
        ("[None]", "JSON writes `null`, not `None`", None),
        ("[.5]", ".5 is not a number of JSON", None),
        ("[1 2]", "a comma or `]` is missing here", None),
        ('{"a" 1}', "`:` is missing after the key", None),
        ("{} x", "there is text after the end of the JSON value", None),
        ("[", "`[` is never closed", "Add `]`."),
        ('{"tasks": NaN}', "NaN is not JSON", None),
    ],
)
def test_json(text: str, message: str, hint: str | None, tmp_path: Path) -> None:
    problem = problem_in(text, tmp_path, "flow.json")

    assert (problem.message, problem.hint) == (message, hint)


def test_a_key_that_only_looks_right_is_told_apart_by_number(tmp_path: Path) -> None:
    problem = problem_in("tasks: []\nn\u0430me: x\n", tmp_path)

    assert problem.message == "unknown key 'n\u0430me' (with U+0430) at the top of the file"
    assert problem.hint == "Did you mean 'name'?"


def test_an_invisible_character_in_a_key_is_shown(tmp_path: Path) -> None:
    problem = problem_in("tasks: []\nna\u200bme: x\n", tmp_path)

    assert problem.message == r"unknown key 'na\u200bme' (with U+200B) at the top of the file"
    assert problem.hint == "Did you mean 'name'?"
