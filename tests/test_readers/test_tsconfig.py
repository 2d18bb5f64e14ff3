"""tsconfig.json: comments, trailing commas, and what names are resolved with."""

from pooltlint.readers.tsconfig import read

TEXT = """{
  // pooltlint: a comment
  "extends": ["./base.json", "@tsconfig/node22/tsconfig.json",],
  "compilerOptions": {
    /* "baseUrl": "no", */
    "baseUrl": ".",
    "paths": {
      "@/*": ["./src/*", "./gen/*"],
      "db": ["./packages/db/src/index.ts"], // "x": ["y"]
    },
  },
}
"""


def test_with_comments_and_trailing_commas() -> None:
    found = read("tsconfig.json", TEXT.encode())
    assert found.extends == ("./base.json", "@tsconfig/node22/tsconfig.json")
    assert found.base_url == "."
    assert found.paths == {"@/*": ("./src/*", "./gen/*"), "db": ("./packages/db/src/index.ts",)}
    assert [(each.text, TEXT.encode()[slice(*each.span)]) for each in found.comments] == [
        ("pooltlint: a comment", b"// pooltlint: a comment")
    ]
    assert found.problems == ()


def test_extends_as_a_text_and_nothing_else() -> None:
    found = read("jsconfig.json", b'\xef\xbb\xbf{"extends": "../tsconfig.json"}')
    assert (found.extends, found.base_url, found.paths) == (("../tsconfig.json",), "", {})


def test_urls_are_no_comments() -> None:
    assert read("t", b'{"extends": "https://x/*a*/y"}').extends == ("https://x/*a*/y",)


def test_broken_input_is_a_problem_and_the_rest_is_read() -> None:
    found = read("tsconfig.json", b'{\n "compilerOptions": {\n  "baseUrl": ,\n  "paths": {"a": ["b"]}\n }\n')
    assert found.paths == {"a": ("b",)}
    assert [(each.line, each.message.partition(":")[0]) for each in found.problems] == [(3, "not valid JSON")]


def test_wrong_types_are_left_out() -> None:
    found = read(
        "tsconfig.json", b'{"extends": 1, "compilerOptions": {"baseUrl": null, "paths": {"a": "b", "c": [1, "d"]}}}'
    )
    assert (found.extends, found.base_url, found.paths) == ((), "", {"c": ("d",)})
    assert read("tsconfig.json", b"[]").paths == {}
    assert read("tsconfig.json", b"").paths == {}
