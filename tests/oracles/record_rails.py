"""Records what Ruby's ERB and Psych make of database.yml files.

    python tests/oracles/record_rails.py RUBY > tests/test_readers/rails_oracle.json

RUBY is a ruby executable (recorded with ruby 3.1.2, psych 4.0.3). ERB runs with no variable set;
``Rails.application.credentials`` gives the text ``CREDENTIAL`` whatever is asked of it. An entry holds
the file and either the loaded data (first document, aliases allowed) or the class of the error.
"""

from __future__ import annotations

import itertools
import json
import subprocess
import sys

RUBY = r"""
require "erb"; require "yaml"; require "json"
class Anything < BasicObject
  def method_missing(*) = self
  def respond_to_missing?(*) = true
  def to_s = "CREDENTIAL"
end
module Rails
  def self.application = Anything.new
  def self.env = "production"
  def self.root = "/app"
end
ENV.clear
texts = JSON.parse(STDIN.read)
answers = texts.map do |text|
  begin
    data = YAML.load(ERB.new(text, trim_mode: "-").result, aliases: true, permitted_classes: [Symbol])
    JSON.generate(data)
    {file: text, data: data}
  rescue ScriptError, StandardError => error
    {file: text, error: error.class.name}
  end
end
STDERR.puts "ruby #{RUBY_VERSION} psych #{Psych::VERSION}"
STDOUT.puts JSON.pretty_generate(answers)
"""

DEFAULT = """\
default: &default
  adapter: postgresql
  encoding: unicode
  pool: <%= ENV.fetch("RAILS_MAX_THREADS") { 5 } %>
"""

VALUES = (
    "5",
    '"5"',
    "'5'",
    "010",
    "1_000",
    "0x1F",
    "5.5",
    "yes",
    "Off",
    "TRUE",
    "~",
    "",
    "null",
    "1:30",
    "08",
    "text # comment",
    "'it''s'",
    '"a\\tb"',
    "postgres://localhost/app",
    ":symbol",
    "!ruby/symbol x",
    "[1, two, '3']",
    "{statement_timeout: 5000, lock_timeout: 1s}",
    "|\n    block\n    text",
    ">-\n    folded\n    text",
    "two\n    lines",
    '<%= ENV["POOL"] %>',
    '<%= ENV["POOL"] || 5 %>',
    "<%= ENV['POOL'] || 'a' %>",
    '<%= ENV["POOL"].to_i %>',
    '<%= ENV.fetch("POOL", 7) %>',
    '<%= ENV.fetch("POOL", "7") %>',
    "<%= ENV.fetch('POOL') { 7 } %>",
    "<%= ENV.fetch 'POOL', 7 %>",
    '<%= ENV.fetch("POOL") do 7 end %>',
    '"<%= ENV.fetch("POOL", 7) %>"',
    '<%= ENV.fetch("POOL") %>',
    '<%= ENV.fetch("A") { ENV.fetch("B", 9) } %>',
    '<%= ENV["A"] || ENV["B"] || 3 %>',
    '<%= ENV["A"].presence %>',
    '<%= Integer(ENV.fetch("POOL", "12")) %>',
    '<%= (ENV["POOL"] || 4).to_i %>',
    '<%= ENV.fetch("POOL", 5).to_i * 2 %>',
    '<%= ENV["A"] ? 1 : 2 %>',
    "<%= Rails.application.credentials.db[:pool] %>",
    "<%= Rails.application.credentials.dig(:a, :b) %>",
    "<%= 5 %>",
    "<%= true %>",
    "<%= nil %>",
    "<%= 'x' %>",
    '<%= "a#{1 + 1}" %>',
    'app_<%= ENV.fetch("SUFFIX", "one") %>',
    '<%= ENV["A"] %>_<%= ENV.fetch("B", "b") %>',
    '"<%= ENV.fetch("A", "x") %>:<%= 1 %>"',
    "<%# nothing %> 5",
    "<%%= x %>",
    '<%=\n    ENV.fetch("POOL",\n      6)\n  %>',
    '<%= ENV.fetch("POOL", nil) %>',
    '<%= ENV.fetch("A", ENV["B"]) || 8 %>',
    "<%= false || 3 %>",
    "<%- x = 1 -%> 4",
    '<%= ENV["POOL"].to_i.nonzero? || 5 %>',
    '<%= [ENV.fetch("POOL", 5).to_i, 3].max %>',
    "<%= 1_000 %>",
    "<%= -1 %>",
    '<%= ENV.fetch("URL", "postgres://localhost/a") %>',
    "<%= 'true' %>",
    '<%= ENV["X"] or 5 %>',
    "<%= %w(a b).first %>",
)

SHAPES = (
    DEFAULT
    + "development:\n  <<: *default\n  database: app_development\ntest:\n  <<: *default\n  database: app_test\n",
    DEFAULT + "production:\n  primary: &primary\n    <<: *default\n    database: app\n"
    "  cache:\n    <<: *primary\n    database: app_cache\n    migrations_paths: db/cache_migrate\n",
    DEFAULT + "other: &other\n  pool: 9\n  host: h\nproduction:\n  <<: [*default, *other]\n  database: a\n",
    DEFAULT + "production:\n  pool: 1\n  <<: *default\n",
    DEFAULT + "production:\n  pool: 1\n  <<: *default\n  pool: 2\n",
    DEFAULT + "middle: &middle\n  <<: *default\n  pool: 8\nproduction:\n  <<: *middle\n  encoding: utf8\n",
    "production:\n  pool: 1\n  pool: 2\n  adapter: postgresql\n",
    "production: postgres://localhost/app\n",
    "production:\n  url: <%= ENV['DATABASE_URL'] %>\n",
    'production: <%= ENV["DATABASE_URL"] %>\n',
    "production:\n  primary:\n    adapter: postgresql\n  pool: 5\n",
    "production: {}\n",
    "production:\n",
    "production:\n  adapter: postgresql\n  variables:\n    statement_timeout: 5000\n    search_path: a,b\n",
    "---\nproduction:\n  adapter: mysql2\n---\ntest:\n  adapter: sqlite3\n",
    "production: &production\n  adapter: postgresql\nstaging: *production\n",
    "production: &production\n  adapter: postgresql\nstaging:\n  <<: *production\n  <<: {pool: 3}\n",
    "<% if ENV['A'] %>\nproduction:\n  pool: 1\n<% end %>\ntest:\n  pool: 2\n",
    "production:\n  adapter: postgresql\n<% if ENV['A'] %>\n  pool: 1\n<% else %>\n  pool: 2\n<% end %>\n  host: h\n",
    "production:\n  adapter: postgresql\n  <% if ENV['A'] -%>\n  host: h\n  <% end -%>\n  pool: 3\n",
    "<% pool = 5 %>\nproduction:\n  pool: <%= pool %>\n  host: h\n",
    "<% %w(development test).each do |env| %>\n<%= env %>:\n  pool: 4\n<% end %>\n",
    "production:\r\n  adapter: postgresql\r\n  pool: <%= ENV.fetch('P') { 2 } %>\r\n",
    "\ufeffproduction:\n  adapter: postgresql\n",
    "# é ü\nproduction:\n  database: übung\n  pool: 3 # ñ\n",
    "production:\n  adapter: postgresql\n  password: [\n  pool: 5\ntest:\n  pool: 1\n",
    "production:\n\tadapter: postgresql\n",
    "production:\n  adapter: postgresql\n  password: %abc\n",
    "production:\n  <<: *missing\n  pool: 2\n",
    "production:\n  adapter: 'postgresql\ntest:\n  pool: 1\n",
    "production: &p\n  self: *p\n  pool: 1\n",
    "- 1\n- 2\n",
    "",
    "# nothing\n",
    "production:\n  pool: <%= ENV['A'\n  host: h\n",
    "production:\n  host: h\n  # <%# boom( %>\n",
    "production: {adapter: postgresql, pool: <%= ENV['P'] || 6 %>, host: 'h'}\n",
    '"production":\n  "adapter": "postgresql"\n  ? pool\n  : 5\n',
    "production:\n  hosts: [a, b]\n  pool: 5\n",
    "production:\n  primary:\n    <<: &shared\n      adapter: postgresql\n      pool: 3\n    database: a\n"
    "  replica:\n    <<: *shared\n    replica: true\n",
)


def main() -> None:
    """Write the record to standard output."""
    texts = list(SHAPES)
    texts += [f"production:\n  adapter: postgresql\n  value: {value}\n  pool: 1\n" for value in VALUES]
    for default, value in itertools.product((DEFAULT,), VALUES[26:36]):
        texts.append(f"{default}  checkout_timeout: {value}\nproduction:\n  <<: *default\n  database: a\n")
    ruby = subprocess.run(
        [sys.argv[1], "-e", RUBY], input=json.dumps(texts), stdout=subprocess.PIPE, text=True, check=True
    )
    sys.stdout.write(ruby.stdout)


if __name__ == "__main__":
    main()
