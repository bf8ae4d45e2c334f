"""Expressions: what is one, what it may use and do, and how its values reach a shell."""

import datetime as dt
import re
import subprocess
import sys
import threading
import time
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from taskflow_core.expressions import (
    Expression,
    ExpressionError,
    Names,
    Scope,
    TaskValue,
    Template,
    check,
    has_expressions,
    render_value,
)

DAY = dt.date(2026, 1, 31)
REFUSED = re.compile("cannot be (used|called)|there is no|has no|`map` takes|`format` is a filter")


class Download:
    """A result with an attribute, and a method that must not be called."""

    path = "/data/a b"

    def delete(self) -> None:
        raise AssertionError("a condition deleted the download")


def names(**params: Any) -> Names:
    """Return the names that most of these expressions use."""
    result = {"path": "/data/x", "items": 3, "parts": [1, {"a": 2}]}
    tasks = {
        "fetch": TaskValue(lambda: result, state="SUCCEEDED", attempt=2),
        "sign-off": TaskValue(Download, state="SUCCEEDED"),
        "lost": TaskValue(lambda: 1 // 0, state="FAILED"),
    }
    return Names(
        params={"day": DAY, "limit": 10, "my-mode": "full", **params},
        env={"HOME": "/home/ann"},
        tasks=tasks,
        ctx={"rows": 7},
    )


def value(source: str) -> Any:
    return Expression.parse(source).evaluate(names())


def failure(source: str) -> ExpressionError:
    with pytest.raises(ExpressionError) as caught:
        value(source)
    return caught.value


def refused_command(text: str) -> ExpressionError:
    with pytest.raises(ExpressionError) as caught:
        Template.parse_command(text)
    return caught.value


def run(command: str) -> str:
    done = subprocess.run(["sh", "-c", command], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.decode("utf-8", "surrogateescape")


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("params.day", DAY),
        ("params['day'].isoformat()", "2026-01-31"),
        ("params.limit * 2 + 1", 21),
        ("params.my_mode == 'full'", True),
        ("params['my-mode']", "full"),
        ("env.HOME ~ '/x'", "/home/ann/x"),
        ("env.NONE | default('none')", "none"),
        ("ctx.rows > 5 and not false", True),
        ("tasks.fetch.result.path", "/data/x"),
        ("tasks.fetch.result['parts'][1].a", 2),
        ("tasks.fetch.state", "SUCCEEDED"),
        ("tasks.fetch.attempt", 2),
        ("tasks.sign_off.result.path", "/data/a b"),
        ("tasks['sign-off'].state", "SUCCEEDED"),
        ("params.limit is defined and params.nothing is not defined", True),
        ("'A,B'.lower().split(',')", ["a", "b"]),
        ("range(3)", [0, 1, 2]),
        ("range(4) | select('odd') | map('string') | list", ["1", "3"]),
        ("['a', 'b'] | join('-')", "a-b"),
        ("'%05.1f' % 2.25", "002.2"),
        ("'%s!' | format(params.day)", "2026-01-31!"),
        ("params.day | string", "2026-01-31"),
        ("{'day': params.day} | tojson", '{"day": "2026-01-31"}'),
        ("'<a & b>' | tojson", '"<a & b>"'),
        ("params | length", 3),
        ("'day' in params", True),
    ],
)
def test_what_an_expression_says(source: str, found: object) -> None:
    assert value(source) == found
    assert type(value(source)) is type(found)


def test_a_key_of_a_result_goes_before_a_method_of_that_name() -> None:
    assert value("tasks.fetch.result.items") == 3
    assert value("tasks.fetch.result.keys() | list") == ["path", "items", "parts"]


@pytest.mark.parametrize("text", ["params.limit", "${{ params.limit }}", "\n ${{params.limit}} "])
def test_a_condition_is_bare_or_in_braces(text: str) -> None:
    assert value(text) == 10


def test_item_and_index_exist_for_one_item() -> None:
    inside = names().with_item({"id": 4}, 1)

    assert Expression.parse("[item.id, index, params.limit]").evaluate(inside) == [4, 1, 10]
    assert str(failure("item")) == "`item`: there is no name 'item'"


@pytest.mark.parametrize(
    ("source", "message", "hint"),
    [
        ("params.dya", "`params.dya`: there is no parameter 'dya'", "Did you mean 'day'?"),
        ("env.HOEM", "`env.HOEM`: there is no environment variable 'HOEM'", "Did you mean 'HOME'?"),
        (
            "tasks.fetsh",
            "`tasks.fetsh`: there is no task 'fetsh' upstream",
            "Did you mean 'fetch'?",
        ),
        ("ctx.row", "`ctx.row`: the context has no key 'row'", "Did you mean 'rows'?"),
        (
            "tasks.fetch.result.pth",
            "`tasks.fetch.result.pth`: there is no key 'pth'",
            "Did you mean 'path'?",
        ),
        ("[1, params.x]", "`[1, params.x]`: there is no parameter 'x'", None),
        ("params.x ~ 'y'", "`params.x ~ 'y'`: there is no parameter 'x'", None),
        (
            "tasks.fetch.result.parts[5]",
            "`tasks.fetch.result.parts[5]`: there is no item 5 among 2",
            None,
        ),
    ],
)
def test_what_is_missing_is_named(source: str, message: str, hint: str | None) -> None:
    error = failure(source)

    assert (str(error), error.hint) == (message, hint)


@pytest.mark.parametrize(
    ("source", "fact"),
    [
        ("1 / 0", "division by zero"),
        ("'a' + 1", 'can only concatenate str (not "int") to str'),
        (
            "params.day > '2026'",
            "'>' not supported between instances of 'datetime.date' and 'str'",
        ),
        ("tasks.lost.result", "the result cannot be loaded: ZeroDivisionError: "),
        ("tasks.fetch", "a task is no value"),
        ("tasks", "tasks are no value"),
    ],
)
def test_what_cannot_be_computed_says_why(source: str, fact: str) -> None:
    assert str(failure(source)).startswith(f"`{source}`: {fact}")


def test_a_result_is_loaded_only_if_it_is_asked_for_and_once() -> None:
    loaded: list[str] = []

    def load() -> list[int]:
        loaded.append("it")
        return [1, 2]

    both = Names(tasks={"big": TaskValue(load, state="SUCCEEDED")})

    assert Expression.parse("tasks.big.state").evaluate(both) == "SUCCEEDED"
    assert not loaded
    assert Expression.parse("tasks.big.result + tasks.big.result").evaluate(both) == [1, 2, 1, 2]
    assert loaded == ["it"]


@pytest.mark.parametrize(
    "source",
    [
        "''.__class__.__mro__",
        "''['__class__']",
        "tasks.__class__",
        "tasks.fetch._load",
        "params.__init__.__globals__",
        "params._values",
        "params['_values']",
        "'%s' | attr('__class__')",
        "[params] | map(attribute='__class__') | list",
        "[params] | map('attr', '__class__') | list",
        "[''] | selectattr('__class__') | list",
        "'{0.__class__}'.format(params)",
        "'{x.__class__}'.format_map({'x': params})",
        "'{}'['format'](1)",
        "tasks.sign_off.result.delete()",
        "tasks.sign_off.result.path.__len__()",
        "tasks.fetch.result.clear()",
        "tasks.fetch.result.parts.append(1)",
        "params.day.today()",
        "range.__globals__",
        "self",
        "lipsum.__globals__",
        "cycler",
        "namespace()",
        "''.join.__self__",
    ],
)
def test_no_expression_reaches_what_is_not_its_own(source: str) -> None:
    assert REFUSED.search(str(failure(source)))


@pytest.mark.parametrize(
    "source",
    [
        "'a' * 10 ** 10",
        "10 ** (10 ** 10)",
        "2 ** 4096",
        "(2 ** 4000) * (2 ** 4000)",
        "range(10 ** 9)",
        "[0] * 10 ** 9",
        "'%999999999d' % 1",
        "'%*d' % (999999999, 1)",
        "'%.999999999f' % 1.5",
        "'%999999999d' | format(1)",
        "'{:>999999999}'.format(1)",
        "'a'.ljust(10 ** 10)",
        "'a' | center(10 ** 10)",
        "'\\t'.expandtabs(10 ** 10)",
        "('a' * 9999).replace('a', 'b' * 9999)",
        "('a' * 9999) | replace('a', 'b' * 9999)",
        "('a' * 9999).join(('b' * 9999) | list)",
        "('a' * 9999) | join('b' * 9999)",
        "1.5 | round(10 ** 9, 'ceil')",
        "1 | round(0 - 10 ** 9)",
        "range(100000) | select('in', range(100000) | list) | list",
        "('0' * 999) | map('default', 'x' * 999, true) | list",
        "5 .to_bytes(10 ** 10)",
    ],
)
def test_a_short_expression_cannot_fill_the_memory(source: str) -> None:
    started = time.monotonic()

    failure(source)

    assert time.monotonic() - started < 2


def test_reading_a_file_computes_nothing() -> None:
    expression = Expression.parse("1 / 0 ~ 'a' * 10 ** 10")

    assert expression.references == ()


@pytest.mark.parametrize(
    ("text", "message", "offset"),
    [
        ("a ${{ params.x", "`${{` is never closed", 2),
        ("a ${{ 'x }}", "a text in the expression is never closed: 'x }}", 6),
        ("a ${{ }}", "an expression is missing here", 5),
        ("a ${{ 1 + }}", "the expression ends too early", 9),
        ("a ${{ 1 1 }}", "`1` is left over behind the expression", 8),
        ("a ${{ b ! c }}", "not an expression: unexpected char '!'", 8),
        ("a ${{ (1 }}", "the expression ends too early", 8),
        ("a ${{ 1) }}", "not an expression: unexpected ')'", 7),
        ("a ${{ 'x' | uper }}", "there is no filter 'uper'", 12),
        ("a ${{ 1 is od }}", "there is no test 'od'", 8),
        ("a ${{ 'a\\d' }}", "`\\d` is no escape in a text", 8),
        ("a ${{ 1[2:] }}", "1 has no parts", 7),
        ("a ${{ 1 if true }}", "`if` without `else` may have no value", 6),
    ],
)
def test_what_is_not_well_formed_is_located(text: str, message: str, offset: int) -> None:
    with pytest.raises(ExpressionError) as caught:
        Template.parse(text)

    assert (str(caught.value), caught.value.offset) == (message, offset)


def test_an_unknown_filter_gets_a_suggestion() -> None:
    assert failure("'x' | uper").hint == "Did you mean 'upper'?"


@pytest.mark.parametrize(
    "text", ["${#a[@]}", "{{ x }}", "{% if x %}", "{# c #}", "$$", "${x}", "$ {{ x }}", "}}", ""]
)
def test_everything_else_is_text(text: str) -> None:
    assert not has_expressions(text)
    assert Template.parse(text).render(names()) == text


@pytest.mark.parametrize(
    ("text", "rendered"),
    [
        ("${{ '}}' }}", "}}"),
        ('${{ "a\\"}}" }}', 'a"}}'),
        ("${{ {'a': {'b': 1}}}}", {"a": {"b": 1}}),
        ("${{ {'a': {'b': 1}}['a'] }}}}", "{'b': 1}}}"),
        ("$${{ 1 }}", "$1"),
        ("${{ params.day }}/${{ params.limit }}", "2026-01-31/10"),
        (" ${{ params.limit }}", " 10"),
        ("${{ '123' }}", "123"),
        ("${{ params.limit\n}}", 10),
    ],
)
def test_braces_and_quotes_belong_to_the_expression(text: str, rendered: object) -> None:
    assert Template.parse(text).render(names()) == rendered


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_a_text_that_is_one_expression_keeps_value_and_type(thing: object) -> None:
    rendered = Template.parse("${{ params.thing }}").render(names(thing=thing))

    assert rendered is thing


@given(st.text(st.sampled_from("${}'\"\\ab.|[]()~ \n#,:+0") | st.characters(), max_size=60))
@example("${{ " + "(" * 5_000 + " }}")
@example("${{ " + "-" * 9_000 + "1 }}")
@example("${{ " + "9" * 5_000 + " }}")
@example("${{ a" + ".a" * 500 + " }}")
@example("${{ a" + " + a" * 1_000 + " }}")
@example("${{ '\\N{no such}' }}")
@example("${{ \\u0661 }}")
@settings(max_examples=300)
def test_any_text_is_a_template_or_refused(text: str) -> None:
    for wrapped in (text, "${{" + text + "}}"):
        try:
            Template.parse_command(wrapped).render_command(names())
        except ExpressionError as error:
            offset = error.offset
        else:
            offset = 0
        assert 0 <= offset <= len(wrapped)


def test_rendering_reaches_into_lists_and_mappings() -> None:
    plain = {"a": [1, "x"]}

    assert render_value(plain, names()) is plain
    assert render_value(
        {"at-${{ params.limit }}": ["${{ params.day }}", ("y", "n=${{ params.limit }}")]}, names()
    ) == {"at-10": [DAY, ("y", "n=10")]}


def test_jinja2_is_imported_when_the_first_expression_is_parsed() -> None:
    code = "import sys, taskflow_core.expressions; sys.exit('jinja2' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_threads_share_one_expression() -> None:
    expression = Expression.parse("range(params.limit) | map('string') | join(',')")
    wrong: list[str] = []

    def evaluate(limit: int) -> None:
        for _ in range(50):
            found = expression.evaluate(names(limit=limit))
            if found != ",".join(map(str, range(limit))):
                wrong.append(found)

    threads = [threading.Thread(target=evaluate, args=(limit,)) for limit in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert not wrong


@pytest.mark.parametrize(
    ("source", "used"),
    [
        ("tasks.fetch.result.path", [("tasks", ("fetch", "result", "path"), 0)]),
        ("tasks['sign-off'].state", [("tasks", ("sign-off", "state"), 0)]),
        ("1 + item", [("item", (), 4)]),
        ("x if params.a else env.B", [("x", (), 0), ("params", ("a",), 5), ("env", ("B",), 19)]),
        ("a[b.c].d", [("a", (), 0), ("b", ("c",), 2)]),
        (
            "a.b(c, d=e) | default(f)",
            [
                (n, p, o)
                for n, p, o in [("a", ("b",), 0), ("c", (), 4), ("e", (), 9), ("f", (), 22)]
            ],
        ),
        ("range(3)", []),
        ("'${{ x }}'", []),
    ],
)
def test_the_names_an_expression_uses(source: str, used: list[Any]) -> None:
    found = Expression.parse(source).references

    assert [(one.root, one.path, one.offset) for one in found] == used


def test_names_in_a_text_are_located_in_the_text() -> None:
    found = Template.parse("a ${{ params.x }} b ${{  item }}").references

    assert [(one.root, one.offset) for one in found] == [("params", 6), ("item", 25)]


SCOPE = Scope(
    params=("day", "my-mode"),
    tasks=("fetch", "load", "sign-off", "a-b", "a.b"),
    upstream=("fetch", "sign-off", "a-b", "a.b"),
)


@pytest.mark.parametrize(
    "source",
    [
        "params.day",
        "params.my_mode",
        "params['my-mode']",
        "params | length",
        "env.ANY",
        "ctx.any",
        "tasks.fetch.result.path",
        "tasks.sign_off.attempt",
        "tasks['sign-off'].state",
        "tasks['a-b'].result",
    ],
)
def test_names_that_will_have_a_value(source: str) -> None:
    assert check(Expression.parse(source).references, SCOPE) == []


@pytest.mark.parametrize(
    ("source", "message", "hint"),
    [
        ("params.dya", "there is no parameter 'dya'", "Did you mean 'day'?"),
        ("parms.day", "there is no name 'parms'", "Did you mean 'params'?"),
        ("day", "there is no name 'day'", "Did you mean params.day?"),
        ("fetch", "there is no name 'fetch'", "Did you mean tasks.fetch.result?"),
        ("len(params)", "there is no name 'len'", "It is a filter: `x | length`."),
        ("tasks.fetsh.result", "there is no task 'fetsh'", "Did you mean 'fetch'?"),
        (
            "tasks.load.result",
            "task 'load' is not upstream, so it may not have run by then",
            "Add 'load' to `depends_on`.",
        ),
        ("tasks.fetch.reslt", "a task has no 'reslt'", "Did you mean 'result'?"),
        ("tasks.fetch.path", "a task has no 'path'", "Write tasks.fetch.result.path."),
        (
            "tasks.fetch",
            "task 'fetch' is no value",
            "Write tasks.NAME.result, .state or .attempt.",
        ),
        (
            "tasks[params.day].result",
            "the name of the task has to be written out",
            "Write tasks.NAME.result, .state or .attempt.",
        ),
        (
            "tasks.a_b.result",
            "'a_b' could be 'a-b' and 'a.b'",
            "Rename one, or write ['a-b'].",
        ),
        ("item", "`item` exists only in a task with `foreach`", None),
        ("run.state", "`run` exists only in handlers", None),
    ],
)
def test_names_that_cannot_have_a_value(source: str, message: str, hint: str | None) -> None:
    (found,) = check(Expression.parse(source).references, SCOPE)

    assert (found.message, found.hint) == (message, hint)


def test_what_a_place_allows() -> None:
    used = Expression.parse("[item, index, run.state, run.failed, run.stat, env.A, env.B]")
    scope = Scope(item=True, run=True, ctx=False, env=("A",))

    messages = [found.message for found in check(used.references, scope)]

    assert messages == ["`run` has no 'stat'", "there is no environment variable 'B'"]


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])))
@example("'; echo owned; '")
@example("$(echo owned)`echo owned`\n\\")
@example("-n")
@settings(max_examples=60)
def test_a_value_reaches_the_command_as_it_is(text: str) -> None:
    command = Template.parse_command("printf %s ${{ params.x }}").render_command(names(x=text))

    assert run(command) == text


def test_each_item_of_a_list_is_a_word() -> None:
    template = Template.parse_command("printf '<%s>' ${{ params.x }}")

    assert run(template.render_command(names(x=["a b", "", "c'd"]))) == "<a b><><c'd>"
    assert template.render_command(names(x=[])) == "printf '<%s>' "


def test_raw_is_the_code_it_is() -> None:
    template = Template.parse_command('printf %s "${{ params.x | raw }}"')

    assert run(template.render_command(names(x="$((1 + 1))"))) == "2"


def test_text_that_quotes_itself_is_quoted_like_any_other() -> None:
    class Sly(str):
        def replace(self, *_: Any) -> "Sly":
            return self

        def __str__(self) -> str:
            return self

    command = Template.parse_command("printf %s ${{ params.x }}")

    assert run(command.render_command(names(x=Sly("'; echo owned; '")))) == "'; echo owned; '"


@pytest.mark.parametrize("text", ["a\0b", "\ud800"])
def test_what_no_command_can_hold(text: str) -> None:
    for source in ("echo ${{ params.x }}", "echo ${{ params.x | raw }}"):
        with pytest.raises(ExpressionError, match="a command cannot hold"):
            Template.parse_command(source).render_command(names(x=text))


@pytest.mark.parametrize(
    "command",
    [
        "split -l 1000 ${{ item }} part- && ls part-*",
        "echo 'it' \"is\" ${{ item }}",
        "echo it\\'s ${{ item }}",
        'x=${{ item }}; echo "$x" ${#x} $# ${{ item }}',
        'echo "$(cat ${{ item }})"',
        "echo a#b ${{ item }} # that's all",
        "# it's a comment\necho ${{ item }}",
        "echo $((1 + 2)) ${{ item }}",
        "for f in ${{ item }}; do echo $f; done",
        "cat <<E | tr a b\nit's\nE\necho ${{ item }}",
        "cat <<-'E'\n\tit's \\\n\tE\necho ${{ item }}",
        "(cd ${{ item }} && ls) > ${{ item }}",
        "echo `date` ${{ item }}",
        "case ${{ item }} in a) echo ${{ item }};; esac",
        'echo "${x:-y}" "${x%.*}" ${{ item }}',
        "echo pre-${{ item }}-post",
        "echo --x=${{ item }}",
    ],
)
def test_where_a_value_is_safe(command: str) -> None:
    template = Template.parse_command(command)

    assert "'a b'" in template.render_command(names().with_item("a b", 0))


QUOTED = ("the value would be quoted twice", "Remove the quotes: the value is quoted for you.")


@pytest.mark.parametrize(
    "command",
    [
        "echo '${{ item }}'",
        'echo "${{ item }}"',
        'echo "a $(b) ${{ item }}"',
        "echo \"$(cat '${{ item }}')\"",
        "echo 'a\n${{ item }}\n'",
        'echo \\""${{ item }}"',
        "# '\necho '${{ item }}'",
    ],
)
def test_a_value_in_quotes_is_refused(command: str) -> None:
    error = refused_command(command)

    assert (str(error), error.hint) == QUOTED
    assert error.offset == command.index("${{")


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("echo `cat ${{ item }}`", "inside backticks a quoted value is not safe"),
        ('echo "`cat ${{ item }}`"', "inside backticks a quoted value is not safe"),
        ("echo ${x:-${{ item }}}", "inside `${ … }` the value would not be quoted"),
        ("echo $((${{ item }} + 1))", "in arithmetic the value would not be quoted"),
        ("((x = ${{ item }}))", "in arithmetic the value would not be quoted"),
        ("echo # ${{ item }}", "a line break in the value would end the comment"),
        ("cat <<E\n${{ item }}\nE", "inside a here-document the value would not be quoted"),
        ("cat <<'E'\n${{ item }}\nE", "inside a here-document the value would not be quoted"),
        ("cat <<-E\n\tE \n${{ item }}", "inside a here-document the value would not be quoted"),
        ("echo \\${{ item }}", "a backslash stands before the expression"),
        ("echo $${{ item }}", "a `$` stands before the expression"),
        ("echo $$${{ item }}", "a `$` stands before the expression"),
        ("cat <<${{ item }}", "the value may not be safe here: "),
        ("echo $'a\\'b' ${{ item }}", "the value may not be safe here: "),
        ("echo $[ ${{ item }} ]", "the value may not be safe here: "),
        ('echo "$(case x in a) echo "${{ item }}";; esac)"', "the value may not be safe here: "),
        ("echo ${{ [] }}#${{ item }}", "the value may not be safe here: "),
        ('echo "${x:-\'}" ${{ item }}', "the value may not be safe here: "),
    ],
)
def test_where_a_value_is_not_safe(command: str, message: str) -> None:
    error = refused_command(command)

    assert str(error).startswith(message)
    assert error.hint


def test_raw_may_stand_anywhere_but_only_at_the_end() -> None:
    template = Template.parse_command("cat <<E\n${{ item | raw }}\nE")

    assert run(template.render_command(names().with_item("a 'b'", 0))) == "a 'b'\n"
    assert str(failure("('a' | raw) ~ 'b'")) == "`raw` stands alone at the end of an expression"


@given(
    st.lists(
        st.sampled_from(
            [
                "'",
                '"',
                "`",
                "$(",
                ")",
                "(",
                "${x:-",
                "}",
                "$((",
                "))",
                " # ",
                "\n",
                " ",
                "\\",
                "$",
                "$'",
                "<<E\n",
                "\nE\n",
                "a",
                "case x in a) ",
                ";; esac",
                "; ",
                "echo ",
                "v=",
            ]
        ),
        max_size=8,
    ),
    st.sampled_from(["'{}'", "\n{}\n", "$({})", "`{}`", "\"; {}; '", "'\n{}\n'", ")\n{}\n("]),
)
@settings(max_examples=150, deadline=None)
def test_no_value_is_ever_executed(before: list[str], attack: str) -> None:
    text = "".join(before) + "${{ item }}"
    try:
        template = Template.parse_command(text)
    except ExpressionError:
        return
    attacked = template.render_command(names().with_item(attack.format("echo owned >&9"), 0))

    done = subprocess.run(
        ["sh", "-c", f"exec 9>&1 >/dev/null 2>&1 </dev/null\n{attacked}"],
        capture_output=True,
        check=False,
    )

    assert done.stdout == b""
